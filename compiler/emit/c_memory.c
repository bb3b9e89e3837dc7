/* Memory in C: the arena's size and places, tables of constants. */
#include "emit/c_model.h"

#include <string.h>

static void
note_use(void *user, int *buffer, Affine *at, bool store)
{
    bool *used = user;
    (void)at;
    (void)store;
    used[*buffer] = true;
}

bool *
schedule_used(Schedule *s)
{
    bool *used = ARENA_ARRAY(s->arena, bool, s->buffer.count + 1);
    for (size_t i = 0; i < s->body.count; i++)
        schedule_accesses(s, s->body.item[i], note_use, used);
    return used;
}

/* Each slot is rounded up to whole cache lines; where its size is not known, a
 * line is added for that, and one for the start of the arena.
 */
Dim
c_arena_bytes(const Schedule *s)
{
    Dim bytes = 64;
    if (s->slot.count == 0)
        return 0;
    for (size_t i = 0; i < s->slot.count; i++) {
        Dim slot = s->slot.item[i].bytes;
        Dim whole = dim_known(slot) ? (slot + 63) / 64 * 64
                                    : dim_add(s->dims, slot, 64);
        bytes = dim_add(s->dims, bytes, whole);
    }
    return bytes;
}

const char *
c_arena_size(Printer *printer)
{
    return c_dim(printer, c_arena_bytes(printer->s)).text;
}

/* What follows a slot, as the step to the next one. */
static const char *
slot_size(Printer *printer, Dim bytes)
{
    if (dim_known(bytes))
        return arena_printf(printer->arena, "%lld",
                            (long long)((bytes + 63) / 64 * 64));
    return arena_printf(printer->arena, "FLUX_ALIGN(%s)",
                        c_dim(printer, bytes).text);
}

/* Declares the buffers of one slot: the first is where the slot is, others
 * begin where it does.
 */
static void
slot_pointers(Printer *printer, size_t slot, const char *at)
{
    const Schedule *s = printer->s;
    const char *first = at;
    DType dtype = DTYPES;
    int b = s->slot.item[slot].buffers;
    for (; b != 0; b = s->buffer.item[b - 1].next) {
        const Buffer *buffer = &s->buffer.item[b - 1];
        const char *name = printer_typed(
            printer, "h",
            arena_printf(printer->arena, "%s *", c_type(buffer->dtype)));
        printer->memory[b - 1] = (Memory){name, false};
        writer_line(printer->writer, "%s *%s = %s%s;", c_type(buffer->dtype),
                    name, buffer->dtype == dtype ? "" : "(void *)", first);
        if (first == at) {
            first = name;
            dtype = buffer->dtype;
        }
    }
}

void
c_arena_pointers(Printer *printer, const char *base)
{
    const Schedule *s = printer->s;
    if (s->slot.count == 0)
        return;
    const char *at = printer_name(printer, "at");
    writer_line(printer->writer, "unsigned char *%s = %s;", at, base);
    for (size_t i = 0; i < s->slot.count; i++) {
        slot_pointers(printer, i, at);
        if (i + 1 < s->slot.count)
            writer_line(printer->writer, "%s += %s;", at,
                        slot_size(printer, s->slot.item[i].bytes));
    }
}

/* The elements of an array, as many on a line as fit. */
void
c_table_numbers(Writer *writer, const Tensor *data, int64_t count)
{
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
}

/* "static const float t[2] = {1.0f, 2.0f};" if it fits on a line, else NULL. */
static const char *
short_table(Writer *writer, const char *declaration, const Tensor *data,
            int64_t count)
{
    const char *text = arena_printf(writer->arena, "%s = {", declaration);
    for (int64_t i = 0; i < count && writer_width(text) < 80; i++)
        text = arena_printf(
            writer->arena, "%s%s%s", text, i > 0 ? ", " : "",
            c_number(writer->arena, data->dtype, tensor_get(data, i)));
    text = arena_printf(writer->arena, "%s%s};", text, count > 0 ? "" : "0");
    return writer_width(text) <= 80 ? text : NULL;
}

/* A constant array. Longer ones are filled line by line, which clang-format
 * would lay out as columns.
 */
void
c_table(Writer *writer, const char *declaration, const Tensor *data)
{
    int64_t count = tensor_count(data);
    const char *line = short_table(writer, declaration, data, count);
    if (line != NULL) {
        writer_line(writer, "%s", line);
        return;
    }
    writer_raw(writer, "/* clang-format off */\n");
    writer_line(writer, "%s = {", declaration);
    c_table_numbers(writer, data, count);
    writer_line(writer, "};");
    writer_raw(writer, "/* clang-format on */\n");
}

void
c_tables(Printer *printer, const char *wish)
{
    Schedule *s = printer->s;
    bool *used = schedule_used(s);
    for (size_t b = 0; b < s->buffer.count; b++) {
        const Buffer *buffer = &s->buffer.item[b];
        if (buffer->kind != BUFFER_data || !used[b])
            continue;
        const Tensor *data = ir_node(s->graph, buffer->node)->as.data;
        const char *name = printer_name(printer, wish);
        int64_t count = tensor_count(data);
        printer->memory[b] = (Memory){name, false};
        writer_raw(printer->writer, "\n");
        c_table(printer->writer,
                arena_printf(printer->arena, "static const %s %s[%lld]",
                             c_type(buffer->dtype), name,
                             (long long)(count > 0 ? count : 1)),
                data);
    }
}
