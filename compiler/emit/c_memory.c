/* Memory in C: the arena's size and places, tables of constants. */
#include "emit/c_model.h"

#include <string.h>

static void
note_use(void *user, int buffer, Affine *at, bool store)
{
    bool *used = user;
    (void)at;
    (void)store;
    used[buffer] = true;
}

bool *
schedule_used(Schedule *s)
{
    bool *used = ARENA_ARRAY(&s->context->arena, bool, s->buffer.count + 1);
    for (size_t i = 0; i < s->body.count; i++)
        schedule_accesses(s, s->body.item[i], note_use, used);
    return used;
}

/* A slot's bytes, rounded up to whole cache lines. */
static const char *
slot_size(Printer *printer, Dim bytes)
{
    if (dim_known(bytes))
        return arena_printf(printer->arena, "%lld",
                            (long long)(bytes + 63) / 64 * 64);
    return arena_printf(printer->arena, "FLUX_ALIGN(%s)",
                        c_dim(printer, bytes).text);
}

const char *
c_arena_size(Printer *printer)
{
    const Schedule *s = printer->s;
    Dim known = 64;
    const char *text = "";
    for (size_t i = 0; i < s->slot.count; i++) {
        Dim bytes = s->slot.item[i].bytes;
        if (dim_known(bytes))
            known += (bytes + 63) / 64 * 64;
        else
            text = arena_printf(printer->arena, "%s + %s", text,
                                slot_size(printer, bytes));
    }
    if (s->slot.count == 0)
        return "0";
    return arena_printf(printer->arena, "%lld%s", (long long)known, text);
}

void
c_arena_pointers(Printer *printer, const char *base)
{
    const Schedule *s = printer->s;
    const char **slot =
        ARENA_ARRAY(printer->arena, const char *, s->slot.count + 1);
    const char *at = "";
    for (size_t i = 0; i < s->slot.count; i++) {
        slot[i] = arena_printf(printer->arena, "%s%s", base, at);
        at = arena_printf(printer->arena, "%s + %s", at,
                          slot_size(printer, s->slot.item[i].bytes));
    }
    for (size_t b = 0; b < s->buffer.count; b++) {
        const Buffer *buffer = &s->buffer.item[b];
        if (buffer->kind != BUFFER_temp || buffer->slot < 0)
            continue;
        const char *name = printer_name(printer, "h");
        printer->memory[b] = (Memory){name, false};
        writer_line(printer->writer, "%s *%s = (void *)(%s);",
                    c_type(buffer->dtype), name, slot[buffer->slot]);
    }
}

void
c_table(Writer *writer, const char *declaration, const Tensor *data)
{
    int64_t count = tensor_count(data);
    writer_line(writer, "%s = {", declaration);
    const char *line = "";
    for (int64_t i = 0; i < count; i++) {
        const char *number =
            c_number(writer->arena, data->dtype, tensor_get(data, i));
        const char *next = arena_printf(writer->arena, "%s%s%s", line,
                                        *line != 0 ? ", " : "", number);
        if (writer_width(next) + 1 > writer_room(writer)) {
            writer_line(writer, "%s,", line);
            next = number;
        }
        line = next;
    }
    writer_line(writer, "%s", count > 0 ? line : "0");
    writer_line(writer, "};");
}

void
c_tables(Printer *printer)
{
    Schedule *s = printer->s;
    bool *used = schedule_used(s);
    for (size_t b = 0; b < s->buffer.count; b++) {
        const Buffer *buffer = &s->buffer.item[b];
        if (buffer->kind != BUFFER_data || !used[b])
            continue;
        const Tensor *data = ir_node(s->graph, buffer->node)->as.data;
        const char *name = printer_name(printer, "table");
        int64_t count = tensor_count(data);
        printer->memory[b] = (Memory){name, false};
        c_table(printer->writer,
                arena_printf(printer->arena, "static const %s %s[%lld]",
                             c_type(buffer->dtype), name,
                             (long long)(count > 0 ? count : 1)),
                data);
        writer_raw(printer->writer, "\n");
    }
}
