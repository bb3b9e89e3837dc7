/* The comment above a loop nest or call: what the source says there, and where.
 *
 * Of the places that the operations of a nest come from, those are shown that
 * lie in no other of them, three at most.
 */
#include "emit/c/c_emit.h"
#include "emit/c/c_layers.h"

#include <string.h>

enum { COMMENT_TEXT = 44 };

/* Where a node comes from: the formula, which may stand in the library, the
 * place in the user's own source that led there, and the layer whose parameter
 * it takes.
 */
typedef struct {
    const Source *source;
    Span span;
    Span place;
    const char *layer; /* "layer1", or NULL */
    const char *model; /* the function that computes it; NULL: it has no name */
    bool derivative;
} Origin;

typedef struct {
    Printer *printer;
    VEC(Origin) origin;
    const char *target; /* the layer whose memory is written, or NULL */
    bool targets;       /* several are */
} Origins;

static bool
inside(Span a, Span b)
{
    return a.source == b.source && a.begin >= b.begin && a.end <= b.end;
}

static bool
in_library(const Graph *g, Span span)
{
    const Source *source = source_get(&g->context->sources, span.source);
    return source != NULL && strncmp(source->path, "stdlib/", 7) == 0;
}

/* The call in the user's source that led to a node of the library, or where it
 * makes the layer that the library calls.
 */
static Span
user_place(const Graph *g, const Node *n)
{
    Span place = n->span;
    for (const Frame *f = n->frame; f != NULL && in_library(g, place);
         f = f->caller) {
        place = span_known(f->span) ? f->span : place;
        if (in_library(g, place) && span_known(f->made))
            place = f->made;
    }
    return place;
}

/* The name of the model a node was traced in; NULL: it has none. */
static const char *
named_model(const Frame *frame)
{
    bool named = frame != NULL && strcmp(frame->model, "function") != 0;
    return named ? frame->model : NULL;
}

static Origin
origin_of(Printer *printer, Ref ref)
{
    const Layers *c = layers_of(printer);
    const Graph *g = printer->s->graph;
    const Node *n = ir_node(g, ref);
    Origin origin = {.source = source_get(&g->context->sources, n->span.source),
                     .span = n->span,
                     .place = user_place(g, n),
                     .layer = c->layer[ref],
                     .model = named_model(n->frame),
                     .derivative = layers_derivative(c, ref)};
    return origin;
}

static bool
same_layer(const Origin *a, const Origin *b)
{
    return a->layer == NULL || b->layer == NULL ||
           strcmp(a->layer, b->layer) == 0;
}

static void
origin_add(Origins *origins, Ref ref)
{
    const Graph *g = origins->printer->s->graph;
    if (!span_known(ir_node(g, ref)->span))
        return;
    Origin origin = origin_of(origins->printer, ref);
    size_t kept = 0;
    for (size_t i = 0; i < origins->origin.count; i++) {
        Origin *old = &origins->origin.item[i];
        bool same =
            old->derivative == origin.derivative && same_layer(old, &origin);
        if (same && inside(origin.span, old->span)) {
            if (old->layer == NULL)
                old->layer = origin.layer;
            return;
        }
        if (same && inside(old->span, origin.span)) {
            if (origin.layer == NULL)
                origin.layer = old->layer;
        } else {
            origins->origin.item[kept++] = *old;
        }
    }
    origins->origin.count = kept;
    VEC_PUSH(origins->printer->arena, &origins->origin, origin);
}

/* Notes the layer of the parameter, gradient or moment that a store writes. */
static void
note_target(Origins *origins, int number)
{
    const Schedule *s = origins->printer->s;
    const Graph *g = s->graph;
    const Buffer *buffer = &s->buffer.item[number];
    Ref leaf = REF_NONE;
    if (buffer->kind == BUFFER_leaf)
        leaf = g->leaf.item[buffer->number];
    else if (buffer->kind == BUFFER_output)
        leaf = g->output.item[buffer->number].next;
    if (leaf == REF_NONE)
        return;
    const Node *n = ir_node(g, leaf);
    const char *name = n->as.leaf.name;
    /* A moment, "m.layer1.W", is one of the parameter "layer1.W". */
    const char *dot = strchr(name, '.');
    if (n->op == OP_state && dot != NULL &&
        map_get(&layers_of(origins->printer)->param, dot + 1) >= 0)
        name = dot + 1;
    const char *layer = layer_path(origins->printer->arena, name);
    if (layer == NULL)
        return;
    if (origins->target != NULL && strcmp(origins->target, layer) != 0)
        origins->targets = true;
    origins->target = layer;
}

static void
origins_of(Origins *origins, const Stmt *stmt)
{
    if (stmt->kind == STMT_store)
        note_target(origins, stmt->buffer);
    if (stmt->kind == STMT_call)
        note_target(origins, stmt->product->buffer[0]);
    if (stmt->node != REF_NONE && stmt->kind != STMT_store)
        origin_add(origins, stmt->node);
    if (stmt->kind == STMT_call &&
        (stmt->product->end.scalars > 0 ||
         schedule_is_epilogue(stmt->product->end.kind)))
        origin_add(origins, stmt->product->end.node);
    for (size_t i = 0; stmt->kind == STMT_loop && i < stmt->body.count; i++)
        origins_of(origins, stmt->body.item[i]);
}

/* "LayerNorm" as a part of a name in C: "layernorm". */
static const char *
lower_name(Arena *arena, const char *name)
{
    char *text = arena_printf(arena, "%s", emit_c_name(arena, name));
    for (char *c = text; *c != 0; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    return text;
}

const char *
c_nest_wish(Printer *printer, const Stmt *stmt)
{
    Origins origins = {.printer = printer};
    origins_of(&origins, stmt);
    const char *layer = NULL;
    const char *model = NULL;
    bool derivative = false;
    for (size_t i = 0; i < origins.origin.count && layer == NULL; i++) {
        const Origin *origin = &origins.origin.item[i];
        layer = origin->layer;
        model = model == NULL ? origin->model : model;
        derivative = origin->derivative;
    }
    if (layers_of(printer)->eta != REF_NONE && origins.target != NULL)
        return "update_loops";
    const char *dot = layer != NULL ? strrchr(layer, '.') : NULL;
    const char *name = dot != NULL     ? emit_c_name(printer->arena, dot + 1)
                       : model != NULL ? lower_name(printer->arena, model)
                                       : NULL;
    return arena_printf(printer->arena, "%s%s%sloops", name != NULL ? name : "",
                        name != NULL ? "_" : "", derivative ? "back_" : "");
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

/* "layer1: W * x + b  model.net:2:7" */
static const char *
origin_text(Printer *printer, const Origin *origin)
{
    Arena *arena = printer->arena;
    const Graph *g = printer->s->graph;
    const Source *source =
        source_get(&g->context->sources, origin->place.source);
    Place place = source_place(source, origin->place.begin);
    const char *layer =
        origin->layer != NULL ? arena_printf(arena, "%s: ", origin->layer) : "";
    return arena_printf(arena, "%s%s%s  %s:%u:%u", layer,
                        origin->derivative ? "d " : "", formula(arena, origin),
                        source_name(source->path), (unsigned)place.line,
                        (unsigned)place.column);
}

const char *
c_origin(Printer *printer, Ref node)
{
    if (!span_known(ir_node(printer->s->graph, node)->span))
        return NULL;
    Origin origin = origin_of(printer, node);
    return origin_text(printer, &origin);
}

static const LoopVar *
var_of(const Printer *printer, const Stmt *loop)
{
    return &printer->s->var.item[schedule_var(printer->s, loop->var)];
}

static bool
is_block(const LoopVar *var)
{
    return var->kind == VAR_block && var->step == SCHEDULE_BLOCK;
}

/* Whether a loop is over short rows, with the samples inside (fuse_across.c).
 */
static bool
is_across(const Printer *printer, const Stmt *stmt)
{
    return stmt != NULL && var_of(printer, stmt)->kind == VAR_plain &&
           stmt->parent != NULL && is_block(var_of(printer, stmt->parent));
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
    if (stmt->kind == STMT_call && stmt->product->right > 1)
        return false;
    if (stmt->kind == STMT_loop) {
        const LoopVar *var = var_of(printer, stmt);
        if (is_block(var) || is_across(printer, stmt->parent))
            return false;
        if (var->kind == VAR_within)
            return is_block(
                &printer->s->var.item[schedule_var(printer->s, var->parent)]);
        if (is_across(printer, stmt))
            return true;
    }
    return stmt->kind == STMT_call || depth <= 1 || printer->phase ||
           (depth == 2 && stmt->tag != 0);
}

/* The lines of some origins, and the first one's place. */
static int
origins_text(Origins *origins, const Source **source, Place *place,
             const char *text[COMMENT_LINES])
{
    Printer *printer = origins->printer;
    int count = 0;
    for (size_t i = 0; i < origins->origin.count && i < COMMENT_LINES; i++) {
        Origin *origin = &origins->origin.item[i];
        bool own = origin->layer != NULL && !origin->derivative;
        if (origins->target != NULL && !origins->targets && !own)
            origin->layer = origins->target;
        text[count++] = origin_text(printer, origin);
    }
    if (count > 0) {
        const Span first = origins->origin.item[0].place;
        *source =
            source_get(&printer->s->graph->context->sources, first.source);
        *place = source_place(*source, first.begin);
    }
    return count;
}

int
c_origins(Printer *printer, const Stmt *stmt, const Source **source,
          Place *place, const char *text[COMMENT_LINES])
{
    Origins origins = {.printer = printer};
    origins_of(&origins, stmt);
    return origins_text(&origins, source, place, text);
}

/* Under -g: marks what follows with the line of the user's source that a
 * statement's operation comes from, or else with the one that is known. False
 * where there is none.
 */
static bool
mark_line(Printer *printer, const Stmt *stmt, const Source *source, Place place)
{
    const Graph *g = printer->s->graph;
    Span own = {0};
    if (stmt->node != REF_NONE)
        own = user_place(g, ir_node(g, stmt->node));
    if (span_known(own) && !in_library(g, own)) {
        source = source_get(&g->context->sources, own.source);
        place = source_place(source, own.begin);
    }
    if (source == NULL)
        return false;
    writer_raw(printer->writer,
               arena_printf(printer->arena, "#line %u \"%s\"\n",
                            (unsigned)place.line, source_name(source->path)));
    return true;
}

static void
write_lines(Writer *writer, const char *const *text, int count)
{
    for (int i = 0; i < count; i++)
        writer_line(writer, "%s%s%s", i == 0 ? "/* " : " * ", text[i],
                    count == 1 ? " */" : "");
    if (count > 1)
        writer_line(writer, " */");
}

const char *
c_comment_lines(Printer *printer, const Stmt *stmt)
{
    const char *text[COMMENT_LINES];
    const Source *source;
    Place place;
    Writer writer;
    if (printer->comment == NULL)
        return NULL;
    writer_init(&writer, printer->arena);
    write_lines(&writer, text, c_origins(printer, stmt, &source, &place, text));
    return writer.text;
}

/* The origins of a statement; of the first product of a call, those of all that
 * the call makes, which stand behind it.
 */
static void
origins_of_all(Origins *origins, const Stmt *stmt)
{
    const Block *block = &origins->printer->s->body;
    size_t i = 0;
    origins_of(origins, stmt);
    if (stmt->kind != STMT_call || stmt->product->right == 0)
        return;
    while (block->item[i] != stmt)
        i++;
    while (!block->item[i]->product->last)
        origins_of(origins, block->item[++i]);
}

/* What a call does that turns rows: it is of no operation. */
static const char *
turn_text(const Printer *printer, const Product *product)
{
    return printer->s->buffer.item[product->buffer[0]].across
               ? "Samples side by side, a row behind the other."
               : "And back: a sample behind the other.";
}

bool
c_comment(Printer *printer, const Stmt *stmt)
{
    const Emit *emit = printer->user;
    const char *text[COMMENT_LINES];
    const Source *source = NULL;
    Place place = {0};
    int count = 0;
    Origins origins = {.printer = printer};
    if (is_headed(printer, stmt)) {
        origins_of_all(&origins, stmt);
        count = origins_text(&origins, &source, &place, text);
    }
    if (stmt->kind == STMT_call && stmt->product->end.kind == END_turned) {
        count = 1;
        text[0] = turn_text(printer, stmt->product);
    }
    if (count > 0)
        writer_apart(printer->writer);
    write_lines(printer->writer, text, count);
    return emit->options->debug_lines &&
           mark_line(printer, stmt, source, place);
}
