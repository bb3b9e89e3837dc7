/* --debug-nan: generated code that looks at its numbers.
 *
 * Arguments and parameters are looked at first, then each value as it is made,
 * so that the first one that is no finite number was made from finite ones. Its
 * place goes into the flux_work's `nan`, and the function ends with FLUX_E_NAN.
 * A number minus itself is 0 but for Inf and NaN.
 */
#include "emit/c/c_emit.h"

#include <string.h>

void
c_nan_helper(Emit *emit)
{
    Writer *source = &emit->source;
    writer_raw(source, "\n/* Notes where a value came to be no number. */\n"
                       "static flux_status\n");
    writer_line(source, "%s_nan(const flux_work *w, const char *place)",
                emit->name);
    writer_line(source, "{");
    writer_line(source, "if (w != NULL && w->nan != NULL)");
    source->depth++;
    writer_line(source, "*w->nan = place;");
    source->depth--;
    writer_line(source, "return FLUX_E_NAN;");
    writer_line(source, "}");
}

/* A text as a literal of C. */
static const char *
quoted(Arena *arena, const char *text)
{
    const char *quote = "\"";
    for (const char *c = text; *c != 0; c++)
        quote =
            arena_printf(arena, "%s%s%c", quote,
                         *c == '"' || *c == '\\' || *c == '?' ? "\\" : "", *c);
    return arena_printf(arena, "%s\"", quote);
}

static void
check(Printer *printer, const char *text, const char *place)
{
    const Emit *emit = printer->user;
    Writer *writer = printer->writer;
    const char *zero = c_number(printer->arena, emit->model->dtype, 0);
    writer_line(writer, "if (%s - %s != %s)", text, text, zero);
    writer->depth++;
    writer_line(writer, "return %s_nan(%s, %s);", emit->name, printer->work,
                quoted(printer->arena, place));
    writer->depth--;
}

void
c_nan_value(Printer *printer, const char *text, Ref node)
{
    const char *place = node != REF_NONE ? c_origin(printer, node) : NULL;
    if (place != NULL)
        check(printer, text, place);
}

/* Looks at all elements of a buffer; `condition` opens the loop, or is NULL. */
static void
check_buffer(Function *f, int buffer, const char *condition, const char *place)
{
    Printer *printer = &f->printer;
    Writer *writer = printer->writer;
    const Buffer *b = &printer->s->buffer.item[buffer];
    const Memory *memory = &printer->memory[buffer];
    if (!dtype_real(b->dtype) || memory->text == NULL || b->count == 0)
        return;
    if (memory->scalar) {
        check(printer, memory->text, place);
        return;
    }
    size_t scope = c_scope_mark(&printer->scope);
    const char *i = printer_name(printer, "i");
    writer_line(writer, "for (size_t %s = 0; %s%s < %s; %s++) {", i,
                condition != NULL ? condition : "", i,
                c_dim(printer, b->count).text, i);
    check(printer, arena_printf(printer->arena, "%s[%s]", memory->text, i),
          place);
    writer_line(writer, "}");
    c_scope_leave(&printer->scope, scope);
}

void
c_nan_arguments(Function *f)
{
    const Schedule *s = f->printer.s;
    for (size_t i = 0; i < s->graph->leaf.count; i++) {
        const Node *leaf = ir_node(s->graph, s->graph->leaf.item[i]);
        if (leaf->op != OP_state && s->leaf_buffer[i] >= 0)
            check_buffer(f, s->leaf_buffer[i], NULL,
                         arena_printf(f->printer.arena, "the argument %s",
                                      leaf->as.leaf.name));
    }
}

void
c_nan_results(Function *f)
{
    Printer *printer = &f->printer;
    const Graph *g = printer->s->graph;
    for (size_t o = 0; o < g->output.count; o++) {
        const Output *output = &g->output.item[o];
        int buffer = printer->s->output_buffer[o];
        const char *place = c_origin(printer, output->ref);
        if (place == NULL)
            place = output->name;
        bool optional = printer->condition != NULL && output->next == REF_NONE;
        check_buffer(f, buffer,
                     optional ? arena_printf(printer->arena, "%s != NULL && ",
                                             printer->memory[buffer].text)
                              : NULL,
                     place);
    }
}

/* Looks at what an expression reads of the memory of sums and products, which
 * had no name when it was made.
 */
void
c_check_reads(Printer *printer, int v)
{
    const Value *value = &printer->s->value.item[v];
    if (printer->check == NULL || printer->value[v] != NULL)
        return;
    if (value->kind == VALUE_load && dtype_real(value->dtype)) {
        const Buffer *buffer = &printer->s->buffer.item[value->buffer];
        if (buffer->kind == BUFFER_temp)
            printer->check(printer, c_load(printer, value->buffer, &value->at),
                           buffer->node);
    } else if (value->kind == VALUE_map) {
        for (int i = 0; i < value->operands; i++)
            c_check_reads(printer, value->operand[i]);
    }
}
