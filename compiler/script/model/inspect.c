/* Macros that show a model: @shapes, @code_c, @code_cuda; @gradcheck is
 * gradcheck.c's.
 */
#define _POSIX_C_SOURCE 200809L
#include "script/model/gradcheck.h"
#include "script/model/model.h"
#include "script/model/model_inner.h"

#include <string.h>

/* The source text of a span, if it lies on one line. */
static const char *
span_text(Script *s, Span span)
{
    const Source *source = source_get(&s->context->sources, span.source);
    if (source == NULL || span.end <= span.begin || span.end - span.begin > 60)
        return "";
    const char *text = source->text + span.begin;
    size_t length = span.end - span.begin;
    if (memchr(text, '\n', length) != NULL)
        return "";
    return arena_string(&s->context->arena, text, length);
}

static const char *
place_text(Script *s, Span span)
{
    const Source *source = source_get(&s->context->sources, span.source);
    if (source == NULL)
        return "";
    Place place = source_place(source, span.begin);
    return arena_printf(&s->context->arena, "%s:%u:%u", source->path,
                        place.line, place.column);
}

/* One line a step: number, operation, shape, place, text. */
static void
print_steps(Script *s, const Graph *g)
{
    FILE *out = s->options.out;
    for (size_t i = 0; i < g->node.count; i++) {
        const Node *n = ir_node(g, (Ref)i);
        if (n->op == OP_const)
            continue;
        bool leaf = op_info[n->op].class == CLASS_LEAF && n->op != OP_data &&
                    n->op != OP_iota;
        const char *shape = "scalar";
        for (int k = 0; k < n->rank; k++)
            shape = arena_printf(&s->context->arena, "%s%s", k ? shape : "(",
                                 arena_printf(&s->context->arena, "%s%s",
                                              k ? "," : "",
                                              dim_text(g->dims, n->dim[k])));
        if (n->rank > 0)
            shape = arena_printf(&s->context->arena, "%s%s)", shape,
                                 n->rank == 1 ? "," : "");
        fprintf(out, "%4zu  %-10s %-12s %-14s %-22s %s\n", i,
                op_info[n->op].name, leaf ? n->as.leaf.name : "", shape,
                place_text(s, n->span), span_text(s, n->span));
    }
    for (size_t i = 0; i < g->output.count; i++)
        fprintf(out, "      result     %-12s %d\n", g->output.item[i].name,
                (int)g->output.item[i].ref);
}

void
inspect_shapes(Script *s, Value model, const Args *args)
{
    Call c = model_begin(s, model, value_nothing(), args, value_name(model));
    print_steps(s, c.traced.graph);
}

void
inspect_code(Script *s, Value model, const char *name, EmitTarget target,
             Span span)
{
    bool cuda = target == TARGET_cuda;
    ExportOptions options = {.command = cuda ? "@code_cuda" : "@code_c",
                             .source =
                                 source_get(&s->context->sources, span.source)};
    EmitModel *m = model_export(s, name, model, &options);
    FILE *nowhere = tmpfile();
    if (m == NULL || nowhere == NULL)
        script_abandon(s);
    EmitOptions emit = {.target = target};
    bool done = emit_c(s->context, m, &emit, nowhere, s->options.out);
    fclose(nowhere);
    if (!done)
        script_abandon(s);
}
