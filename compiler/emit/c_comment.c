/* The comment above a loop nest or call: what the source says there, and where.
 *
 * Of the places that the operations of a nest come from, those are shown that
 * lie in no other of them, three at most.
 */
#include "emit/c_emit.h"

#include <string.h>

enum { COMMENT_LINES = 3, COMMENT_TEXT = 44 };

typedef struct {
    const Source *source;
    Span span;
    bool derivative;
} Origin;

typedef struct {
    Printer *printer;
    VEC(Origin) origin;
} Origins;

static bool
inside(Span a, Span b)
{
    return a.source == b.source && a.begin >= b.begin && a.end <= b.end;
}

/* Whether a node is part of a derivative: it depends on a gradient that came
 * in, or, in a step, the loss does not need it.
 */
static bool
is_derivative(const Graph *g, Ref ref)
{
    for (size_t o = 0; o < g->output.count; o++) {
        const Output *output = &g->output.item[o];
        if (output->next == REF_NONE && strcmp(output->name, "loss") == 0)
            return ref > output->ref;
    }
    for (size_t i = 0; i < g->leaf.count; i++) {
        const Node *leaf = ir_node(g, g->leaf.item[i]);
        if (leaf->op == OP_input && leaf->as.leaf.name[0] == 'd' &&
            leaf->as.leaf.name[1] != 0)
            return ref > g->leaf.item[i];
    }
    return false;
}

static void
origin_add(Origins *origins, Ref ref)
{
    const Graph *g = origins->printer->s->graph;
    const Node *node = ir_node(g, ref);
    if (!span_known(node->span))
        return;
    Origin origin = {source_get(&g->context->sources, node->span.source),
                     node->span, is_derivative(g, ref)};
    size_t kept = 0;
    for (size_t i = 0; i < origins->origin.count; i++) {
        const Origin *old = &origins->origin.item[i];
        bool same = old->derivative == origin.derivative;
        if (same && inside(origin.span, old->span))
            return;
        if (!same || !inside(old->span, origin.span))
            origins->origin.item[kept++] = *old;
    }
    origins->origin.count = kept;
    VEC_PUSH(origins->printer->arena, &origins->origin, origin);
}

static void
origins_of(Origins *origins, const Stmt *stmt)
{
    if (stmt->node != REF_NONE && stmt->kind != STMT_store)
        origin_add(origins, stmt->node);
    for (size_t i = 0; stmt->kind == STMT_loop && i < stmt->body.count; i++)
        origins_of(origins, stmt->body.item[i]);
}

/* The source's text on one line, without what would end the comment. */
static const char *
formula(Arena *arena, const Origin *origin)
{
    size_t length = origin->span.end - origin->span.begin;
    char *text =
        arena_string(arena, origin->source->text + origin->span.begin, length);
    size_t kept = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n' || text[i] == '\r')
            break;
        if (text[i] == '\t')
            text[i] = ' ';
        if (kept > 0 && ((text[kept - 1] == '*' && text[i] == '/') ||
                         (text[kept - 1] == '/' && text[i] == '*')))
            continue;
        text[kept++] = text[i];
    }
    while (kept > 0 && text[kept - 1] == ' ')
        kept--;
    text[kept] = 0;
    if (writer_width(text) <= COMMENT_TEXT)
        return text;
    size_t cut = 0;
    for (int width = 0; width < COMMENT_TEXT - 4; width++) {
        cut++;
        while (((unsigned char)text[cut] & 0xc0) == 0x80)
            cut++;
    }
    while (cut > 0 && text[cut - 1] == ' ')
        cut--;
    return arena_printf(arena, "%s ...", arena_string(arena, text, cut));
}

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* What shape a product has: its comment is for who looks for the time. */
static const char *
origin_text(Arena *arena, const Origin *origin)
{
    Place place = source_place(origin->source, origin->span.begin);
    return arena_printf(arena, "%s%s  %s:%u:%u", origin->derivative ? "d " : "",
                        formula(arena, origin), base_name(origin->source->path),
                        (unsigned)place.line, (unsigned)place.column);
}

const char *
c_origin(Printer *printer, Ref node)
{
    const Graph *g = printer->s->graph;
    Span span = ir_node(g, node)->span;
    if (!span_known(span))
        return NULL;
    Origin origin = {source_get(&g->context->sources, span.source), span,
                     is_derivative(g, node)};
    return origin_text(printer->arena, &origin);
}

/* Whether a statement begins something a reader looks for: a nest or call, but
 * not those inside of one that a comment stands above already.
 */
static bool
is_headed(const Printer *printer, const Stmt *stmt)
{
    int depth = printer->writer->depth;
    if (stmt->kind != STMT_loop && stmt->kind != STMT_call)
        return false;
    if (stmt->kind == STMT_loop) {
        const LoopVar *var =
            &printer->s->var.item[schedule_var(printer->s, stmt->var)];
        if (var->kind == VAR_block && var->step == SCHEDULE_BLOCK)
            return false;
        if (var->kind == VAR_within)
            return printer->s->var.item[schedule_var(printer->s, var->parent)]
                       .step == SCHEDULE_BLOCK;
    }
    return stmt->kind == STMT_call || depth <= 1 ||
           (depth == 2 && stmt->tag != 0);
}

void
c_comment(Printer *printer, const Stmt *stmt)
{
    const Emit *emit = printer->user;
    if (!is_headed(printer, stmt))
        return;
    Origins origins = {.printer = printer};
    origins_of(&origins, stmt);
    if (origins.origin.count == 0)
        return;
    Writer *writer = printer->writer;
    if (writer->size > 2 && writer->text[writer->size - 2] != '{' &&
        writer->text[writer->size - 2] != '\n')
        writer_raw(writer, "\n");
    size_t count = origins.origin.count < COMMENT_LINES ? origins.origin.count
                                                        : COMMENT_LINES;
    for (size_t i = 0; i < count; i++) {
        const char *text = origin_text(printer->arena, &origins.origin.item[i]);
        writer_line(writer, "%s%s%s", i == 0 ? "/* " : " * ", text,
                    count == 1 ? " */" : "");
    }
    if (count > 1)
        writer_line(writer, " */");
    if (emit->options->debug_lines) {
        const Origin *first = &origins.origin.item[0];
        Place place = source_place(first->source, first->span.begin);
        writer_raw(writer, arena_printf(printer->arena, "#line %u \"%s\"\n",
                                        (unsigned)place.line,
                                        base_name(first->source->path)));
    }
}
