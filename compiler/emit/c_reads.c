/* What an expression reads of memory, done or looked at before it is printed.
 */
#include "emit/c_print.h"

/* Whether an expression reads memory in a branch of a choice. gcc before 14
 * makes masked loads of such reads, and gets their order wrong in loops of few
 * passes (its bug 114375), so they are done before.
 */
bool
c_reads_in_branch(const Printer *printer, int v, bool branch)
{
    const Value *value = &printer->s->value.item[v];
    if (printer->value[v] != NULL)
        return false;
    if (value->kind == VALUE_load)
        return branch;
    bool choice =
        value->op == OP_select || value->op == OP_and || value->op == OP_or;
    for (int i = 0; value->kind == VALUE_map && i < value->operands; i++) {
        if (c_reads_in_branch(printer, value->operand[i],
                              branch || (choice && i > 0)))
            return true;
    }
    return false;
}

/* Gives names to those reads; forget_reads takes them back. */
void
c_name_reads(Printer *printer, int v, bool branch, Reads *named)
{
    const Value *value = &printer->s->value.item[v];
    if (printer->value[v] != NULL)
        return;
    if (value->kind == VALUE_load && branch) {
        const char *text = c_load(printer, value->buffer, &value->at);
        const char *name = printer_name(printer, "t");
        writer_line(printer->writer, "const %s %s = %s;", c_type(value->dtype),
                    name, text);
        printer->value[v] = name;
        VEC_PUSH(printer->arena, named, v);
        return;
    }
    bool choice =
        value->op == OP_select || value->op == OP_and || value->op == OP_or;
    for (int i = 0; value->kind == VALUE_map && i < value->operands; i++)
        c_name_reads(printer, value->operand[i], branch || (choice && i > 0),
                     named);
}

void
c_forget_reads(Printer *printer, const Reads *named)
{
    for (size_t i = 0; i < named->count; i++)
        printer->value[named->item[i]] = NULL;
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
