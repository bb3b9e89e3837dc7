/* Loop nests in functions of their own, each text once.
 *
 * A nest is printed in a scope of its own, in which arrays and scalars from
 * around it are named in the order in which it uses them. So nests that do the
 * same with other memory have one text, and are calls of one function, wherever
 * they stand: layers that are alike, parameters of one shape, what forward and
 * back have in common.
 */
#include "emit/c/c_nest.h"

#include "base/map.h"

#include <string.h>

enum { NESTS_FROM = 8 }; /* nests of a body that are functions */

/* A function that there is. */
typedef struct {
    const char *key; /* its text without comments */
    const char *wish;
    const char *name;
} Nest;

struct Nests {
    Arena *arena;
    const char *prefix; /* of their names */
    Map known;          /* by key */
    VEC(Nest) nest;
};

/* What nests can be told apart by: their text without comments. */
static const char *
key_of(Arena *arena, const PartText *part)
{
    char *key = arena_printf(arena, "%s\n%s", part->formal, part->body);
    char *to = key;
    for (const char *p = key; *p != 0;) {
        size_t length = strcspn(p, "\n") + 1;
        const char *line = p + strspn(p, " ");
        if (line[0] == '/' && line[1] == '*') {
            p = strstr(p, "*/\n") + 3;
            continue;
        }
        if (*line != '#' && *line != '\n') {
            memmove(to, p, length);
            to += length;
        }
        p += length;
    }
    *to = 0;
    return key;
}

Nests *
nests_new(Arena *arena, const char *prefix)
{
    Nests *nests = ARENA_NEW(arena, Nests);
    *nests = (Nests){.arena = arena, .prefix = prefix, .known.arena = arena};
    return nests;
}

size_t
nests_mark(const Nests *nests)
{
    return nests != NULL ? nests->nest.count : 0;
}

void
nests_leave(Nests *nests, size_t mark)
{
    while (nests != NULL && nests->nest.count > mark)
        map_put(&nests->known, nests->nest.item[--nests->nest.count].key, -1);
}

/* The function of this text, by the wished name where there is none yet. */
static const Nest *
nest_of(Nests *nests, const PartText *part, const char *wish, bool *is_new)
{
    Arena *arena = nests->arena;
    const char *key = key_of(arena, part);
    int known = map_get(&nests->known, key);
    *is_new = known < 0;
    if (known >= 0)
        return &nests->nest.item[known];
    int number = 1;
    for (size_t i = 0; i < nests->nest.count; i++)
        number += strcmp(nests->nest.item[i].wish, wish) == 0;
    Nest nest = {.key = key, .wish = arena_printf(arena, "%s", wish)};
    nest.name = arena_printf(arena, number > 1 ? "%s_%s%d" : "%s_%s",
                             nests->prefix, wish, number);
    map_put(&nests->known, key, (int)nests->nest.count);
    VEC_PUSH(arena, &nests->nest, nest);
    return &nests->nest.item[nests->nest.count - 1];
}

bool
nest_define(Printer *printer, const Stmt *stmt, NestPrint *print,
            const char *wish, PartText *part)
{
    NestParams params = {.rooms = print != printer_stmt};
    Writer body;
    Printer own;
    bool is_new;
    nest_begin(&params, &own, printer, stmt, &body);
    size_t mark = c_scope_mark(&own.scope);
    print(&own, stmt);
    c_scope_leave(&own.scope, mark);
    part->body = body.text;
    part_names(&own, part);
    part->given = nest_arguments(&params, printer);
    nest_end(&params);
    printer->again = own.again;
    printer->thread = own.thread;
    printer->threads = own.threads;
    part->name = nest_of(printer->nests, part, wish, &is_new)->name;
    return is_new;
}

/* Whether threads share a loop in it. */
static bool
has_shared(const Stmt *stmt)
{
    bool shared = stmt->kind == STMT_loop && stmt->shared;
    for (size_t i = 0; stmt->kind == STMT_loop && i < stmt->body.count; i++)
        shared = shared || has_shared(stmt->body.item[i]);
    return shared;
}

/* Whether it runs over blocks, whose nests are functions. */
static bool
is_block(const Printer *printer, const Stmt *loop)
{
    const Schedule *s = printer->s;
    return loop->kind == STMT_loop &&
           s->var.item[schedule_var(s, loop->var)].kind == VAR_block;
}

/* Whether all loops of a block can be functions, and how many these are. */
static bool
are_nests(const Printer *printer, const Block *block, size_t *count)
{
    bool are = true;
    for (size_t i = 0; i < block->count && are; i++) {
        const Stmt *stmt = block->item[i];
        if (stmt->kind != STMT_loop)
            continue;
        if (is_block(printer, stmt)) {
            are = are_nests(printer, &stmt->body, count);
            continue;
        }
        bool shared = printer->pool != NULL && has_shared(stmt);
        are = shared ? stmt->shared : schedule_is_closed(printer->s, stmt);
        ++*count;
    }
    return are;
}

bool
nests_alone(const Printer *printer, const Stmt *loop)
{
    bool alone = printer->nested && is_block(printer, loop);
    for (size_t i = 0; i < loop->body.count && alone; i++) {
        const Stmt *stmt = loop->body.item[i];
        alone = stmt->kind == STMT_loop
                    ? !is_block(printer, stmt)
                    : stmt->kind == STMT_call || stmt->kind == STMT_derive;
    }
    return alone;
}

bool
nests_needed(const Printer *printer, const Block *block)
{
    size_t count = 0;
    return printer->nests != NULL && printer->isa != NULL &&
           printer->parts != NULL && are_nests(printer, block, &count) &&
           count >= NESTS_FROM;
}

/* The name of a nest behind the model's, which says it once. */
static const char *
nest_wish(Printer *printer, const Stmt *stmt)
{
    const char *wish = c_nest_wish(printer, stmt);
    size_t own = strlen(printer->nests->prefix);
    bool twice =
        strncmp(wish, printer->nests->prefix, own) == 0 && wish[own] == '_';
    return twice ? &wish[own + 1] : wish;
}

bool
nest_print(Printer *printer, const Stmt *stmt)
{
    bool shared = stmt->shared && printer->block != NULL;
    bool inside = stmt->parent != NULL && !is_block(printer, stmt->parent);
    if (!printer->nested || is_block(printer, stmt) || shared || inside)
        return false;
    PartText part = {.narrow = c_narrow(printer->s, stmt),
                     .lines = c_comment_lines(printer, stmt)};
    if (nest_define(printer, stmt, printer_stmt, nest_wish(printer, stmt),
                    &part))
        part_for_each_isa(printer->parts, &part, "isa");
    writer_line(printer->writer, "%s_isa(%s, %s);", part.name, printer->isa,
                part.given);
    return true;
}
