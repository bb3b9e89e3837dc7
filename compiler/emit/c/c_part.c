/* Statements in functions of their own. What such a function names of what is
 * in scope around it becomes its parameters. The body of a function is one, for
 * flux_isa.h to compile it for several instruction sets.
 */
#include "emit/c/c_print.h"

#include <string.h>

size_t
part_nests(const Block *block)
{
    size_t nests = 0;
    for (size_t i = 0; i < block->count; i++)
        nests += block->item[i]->kind == STMT_loop ||
                 block->item[i]->kind == STMT_call;
    return nests;
}

static bool
is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_';
}

/* Behind a comment, a string or a directive that begins here, else `text`. */
static const char *
skip_words(const char *text)
{
    if (text[0] == '/' && text[1] == '*') {
        const char *end = strstr(text, "*/");
        return end != NULL ? end + 2 : text + strlen(text);
    }
    if (*text == '#')
        return text + strcspn(text, "\n");
    if (*text != '"')
        return text;
    for (text++; *text != 0 && *text != '"'; text++)
        text += *text == '\\' && text[1] != 0;
    return text + (*text != 0);
}

/* Marks the names of `text` that were in scope before it, by their places. */
static void
find_names(const CScope *scope, size_t mark, const char *text, bool *used)
{
    bool member = false;
    while (*text != 0) {
        const char *behind = skip_words(text);
        if (behind != text) {
            text = behind;
            continue;
        }
        size_t length = 0;
        while (is_word(text[length]))
            length++;
        size_t at = length > 0 ? c_scope_find(scope, text, length) : mark;
        if (at < mark && !member)
            used[at] = true;
        member =
            length == 0 && (*text == '.' || (*text == '>' && text[-1] == '-'));
        text += length > 0 ? length : 1;
    }
}

/* What a body names and has a type, but for the instruction set. */
void
part_names(const Printer *printer, PartText *part)
{
    Arena *arena = printer->arena;
    size_t mark = c_scope_mark(&printer->scope);
    bool *used = ARENA_ARRAY(arena, bool, mark + 1);
    find_names(&printer->scope, mark, part->body, used);
    size_t size = 1;
    for (size_t i = 0; i < mark; i++) {
        const CScopeName *own = &printer->scope.name.item[i];
        if (used[i] && own->type != NULL)
            size += strlen(own->type) + strlen(own->text) + 2;
    }
    char *formal = arena_alloc(arena, size);
    char *actual = arena_alloc(arena, size);
    part->formal = formal;
    part->actual = actual;
    for (size_t i = 0; i < mark; i++) {
        CScopeName *own = &printer->scope.name.item[i];
        own->used = used[i] && own->type != NULL;
        if (!own->used)
            continue;
        if (own->text == printer->isa) {
            part->uses_isa = true;
            continue;
        }
        const char *comma = *part->formal != 0 ? ", " : "";
        formal += sprintf(formal, "%s%s%s", comma, own->type, own->text);
        actual += sprintf(actual, "%s%s", comma, own->text);
    }
}

/* Whether a name is followed by an operator, and that by a space or, in a long
 * statement, by a line's end.
 */
static bool
goes_on_with(const char *p, const char *operator)
{
    size_t length = strlen(operator);
    return strncmp(p, operator, length) == 0 &&
           (p[length] == ' ' || p[length] == '\n');
}

/* What a line declares as a pointer, or moves; its length, or 0. */
static size_t
pointer_of(const char *line, const char **name)
{
    const char *p = line + strspn(line, " ");
    *name = p;
    size_t length = 0;
    while (is_word(p[length]))
        length++;
    if (goes_on_with(p + length, " +="))
        return length;
    p += strcspn(p, "*=(;\n");
    *name = ++p;
    for (length = 0; is_word(p[length]);)
        length++;
    return p[-1] == '*' && goes_on_with(p + length, " =") ? length : 0;
}

const char *
part_pointers(const Printer *printer, const char *text, const char *behind)
{
    Arena *arena = printer->arena;
    const CScope *scope = &printer->scope;
    size_t mark = c_scope_mark(scope);
    bool *used = ARENA_ARRAY(arena, bool, mark + 1);
    find_names(scope, mark, behind, used);
    size_t end = strlen(text);
    char *kept = arena_alloc(arena, end + 1);
    size_t to = end;
    kept[to] = 0;
    while (end > 0) {
        size_t from = end - 1;
        while (from > 0 &&
               (from < 2 || strncmp(text + from - 2, ";\n", 2) != 0))
            from--;
        const char *line = arena_string(arena, text + from, end - from);
        const char *name;
        size_t length = pointer_of(line, &name);
        if (length == 0 || used[c_scope_find(scope, name, length)]) {
            find_names(scope, mark, line, used);
            to -= end - from;
            memcpy(kept + to, line, end - from);
        }
        end = from;
    }
    return kept + to;
}

/* A function that does no more than call others, for all instruction sets. */
static void
part_calls(Writer *to, const PartText *part, const char *isa)
{
    writer_raw(to, "\n");
    if (part->comment != NULL)
        writer_comment(to, part->comment);
    writer_raw(to, "static FLUX_CALLS void\n");
    writer_line(to, "%s_calls(flux_isa %s, %s)", part->name, isa, part->formal);
    writer_line(to, "{");
    if (!part->uses_isa)
        writer_line(to, "(void)%s;", isa);
    writer_raw(to, part->body);
    writer_line(to, "}");
}

void
part_for_each_isa(Writer *to, const PartText *part, const char *isa)
{
    Arena *arena = to->arena;
    if (part->calls) {
        part_calls(to, part, isa);
        return;
    }
    const char *formal =
        arena_printf(arena, "flux_isa %s, %s", isa, part->formal);
    writer_raw(to, "\n");
    if (part->comment != NULL)
        writer_comment(to, part->comment);
    if (part->lines != NULL)
        writer_raw(to, part->lines);
    writer_raw(to, "FLUX_BODY void\n");
    writer_line(to, "%s_body(%s)", part->name, formal);
    writer_line(to, "{");
    if (!part->uses_isa)
        writer_line(to, "(void)%s;", isa);
    writer_raw(to, part->body);
    writer_line(to, "}");
    writer_raw(to, "\n");
    const char *each = part->narrow ? "FLUX_FOR_NARROW" : "FLUX_FOR_EACH_ISA";
    writer_line(to, "%s(%s, (%s), %s, %s)", each, part->name, formal, isa,
                part->actual);
}

const char *
part_function(const Printer *printer, Writer *to, const char *name,
              const char *body, const char *isa)
{
    PartText part = {.name = name, .body = body};
    part_names(printer, &part);
    if (printer->calls) {
        part_calls(to, &part, printer->isa);
        return arena_printf(printer->arena, "%s_calls(%s, %s);", name, isa,
                            part.actual);
    }
    if (printer->isa != NULL) {
        part_for_each_isa(to, &part, printer->isa);
        return arena_printf(printer->arena, "%s_isa(%s, %s);", name, isa,
                            part.actual);
    }
    writer_raw(to, "\nstatic FLUX_NOINLINE void\n");
    writer_line(to, "%s(%s)", name, part.formal);
    writer_raw(to, "{\n");
    writer_raw(to, body);
    writer_raw(to, "}\n");
    return arena_printf(printer->arena, "%s(%s);", name, part.actual);
}

const char *
part_status(const Printer *printer, Writer *to, const char *name,
            const char *body)
{
    PartText part = {.name = name, .body = body};
    part_names(printer, &part);
    writer_raw(to, "\nstatic flux_status\n");
    writer_line(to, "%s_body(%s)", name, part.formal);
    writer_raw(to, "{\n");
    writer_raw(to, body);
    writer_raw(to, "}\n");
    return arena_printf(printer->arena, "return %s_body(%s);", name,
                        part.actual);
}
