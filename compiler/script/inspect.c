/* Macros that show a model: @shapes, @code_c; @gradcheck is gradcheck.c's. */
#define _POSIX_C_SOURCE 200809L
#include "script/eval.h"
#include "script/gradcheck.h"
#include "script/model.h"
#include "script/model_inner.h"

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

Value
macro_model(Script *s, Scope *scope, const Ast *macro, size_t most, Args *args)
{
    const char *name = macro->as.macro.name;
    const AstList *argument = &macro->as.macro.argument;
    const Ast *call = argument->count > 0 ? argument->item[0] : NULL;
    if (call == NULL || call->kind != AST_CALL || argument->count > most)
        script_fail(s, DIAG_value, macro->span, NULL,
                    "%s wants a call: %s model(rand(10))", name, name);
    Value model = eval_operand(s, scope, call->as.call.callee);
    Values values = {0};
    eval_splat(s, scope, &call->as.call.positional, &values);
    *args =
        (Args){.item = values.item, .count = values.count, .span = call->span};
    return model_of(s, model, name, macro->span);
}

/* @shapes m(x): the steps of the model, lowered, with their shapes. */
static Value
show_shapes(Script *s, Scope *scope, const Ast *macro)
{
    Args args;
    Value model = macro_model(s, scope, macro, 1, &args);
    Call c = model_begin(s, model, value_nothing(), &args, call_name(s, model));
    print_steps(s, c.traced.graph);
    return value_nothing();
}

/* @code_c m: the C source that fluxc would write. */
static Value
show_code(Script *s, Scope *scope, const Ast *macro)
{
    const AstList *argument = &macro->as.macro.argument;
    if (argument->count != 1 || argument->item[0]->kind != AST_NAME)
        script_fail(s, DIAG_value, macro->span, NULL,
                    "@code_c wants the name of a model: @code_c f");
    Value model = eval_operand(s, scope, argument->item[0]);
    model_of(s, model, "@code_c", macro->span);
    ExportOptions options = {
        .command = "@code_c",
        .source = source_get(&s->context->sources, macro->span.source)};
    EmitModel *m = model_export(s, argument->item[0]->as.name, model, &options);
    FILE *nowhere = tmpfile();
    if (m == NULL || nowhere == NULL)
        script_abandon(s);
    EmitOptions emit = {.standalone = false};
    bool done = emit_c(s->context, m, &emit, nowhere, s->options.out);
    fclose(nowhere);
    if (!done)
        script_abandon(s);
    return value_nothing();
}

Value
model_macro(Script *s, Scope *scope, const char *name, const Ast *macro)
{
    if (strcmp(name, "@shapes") == 0)
        return show_shapes(s, scope, macro);
    if (strcmp(name, "@code_c") == 0)
        return show_code(s, scope, macro);
    if (strcmp(name, "@gradcheck") == 0)
        return gradcheck_macro(s, scope, macro);
    script_fail(s, DIAG_not_yet, macro->span, NULL,
                "%s is not there yet in this version", name);
}
