/* Memory in C: the arena's size and places, tables of constants. */
#include "base/hash.h"
#include "emit/c/c_layers.h"
#include "emit/c/c_model.h"

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

/* A line is added for the start of the arena. */
Sizes
c_arena_bytes(const Schedule *s)
{
    Sizes sizes = schedule_arena(s);
    sizes_grow(&sizes, s->dims, 64);
    return sizes;
}

/* So many bytes of each: "8 * FLUX_MIN(n, 64)", "8 * FLUX_SHARES(n)". */
static const char *
each_bytes(const Printer *printer, Each each, Dim bytes)
{
    return arena_printf(printer->arena,
                        each == EACH_sample ? "%lld * FLUX_MIN(%s, %d)"
                                            : "%lld * FLUX_SHARES(%s)",
                        (long long)bytes, printer->dim_text[0], SCHEDULE_BLOCK);
}

static Expr
c_size(Printer *printer, const Size *size)
{
    Expr sum = c_dim(printer, size->bytes[EACH_call]);
    for (Each each = EACHES; --each > EACH_call;)
        if (size->bytes[each] > 0)
            sum = (Expr){
                arena_printf(printer->arena, "%s + %s",
                             each_bytes(printer, each, size->bytes[each]),
                             sum.text),
                PREC_add};
    return sum;
}

Expr
c_sizes(Printer *printer, const Sizes *sizes)
{
    static const Size none;
    Expr size = c_size(printer, sizes->count > 0 ? &sizes->item[0] : &none);
    for (int i = 1; i < sizes->count; i++)
        size =
            (Expr){arena_printf(printer->arena, "FLUX_MAX(%s, %s)", size.text,
                                c_size(printer, &sizes->item[i]).text),
                   PREC_primary};
    return size;
}

Dim
c_sizes_bound(Dims *dims, const Sizes *sizes)
{
    Dim bound = 0;
    for (int i = 0; i < sizes->count; i++) {
        for (Each each = 0; each < EACHES; each++)
            bound = dim_add(dims, bound,
                            dim_mul(dims, sizes->item[i].bytes[each],
                                    schedule_each(each, SCHEDULE_BLOCK)));
    }
    return bound;
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

static bool
is_room(const Buffer *b, int buffer)
{
    return b->first->room[b->each] == buffer + 1;
}

/* Whether a buffer is declared with the arena: where threads share loops, rooms
 * are, else what is in them.
 */
static bool
is_declared(const Printer *printer, int buffer)
{
    const Buffer *b = &printer->s->buffer.item[buffer];
    return printer->pool != NULL ? b->room == 0 : !is_room(b, buffer);
}

/* A buffer's place in its slot: behind what there is one of for the call, for
 * each sample, for each thread, as far as those come before.
 */
static const char *
place_of(Printer *printer, const Buffer *buffer, const char *at)
{
    const Slot *slot = &printer->s->slot.item[buffer->slot];
    const char *text = at;
    for (Each each = 0; each <= buffer->each; each++) {
        Dim bytes =
            each < buffer->each ? slot->size.bytes[each] : buffer->offset;
        if (bytes == 0)
            continue;
        if (each == EACH_call)
            text = arena_printf(printer->arena, "%s + %s", text,
                                c_dim(printer, bytes).text);
        else
            text = arena_printf(printer->arena, "%s + %s", text,
                                each_bytes(printer, each, bytes));
    }
    return text == at ? at : arena_printf(printer->arena, "(%s)", text);
}

/* The buffers of a slot that are declared and lie at one place: by each of
 * them, 1 + the first and 1 + the next.
 */
typedef struct {
    int *first;
    int *next;
} Places;

static void
find_places(const Printer *printer, size_t slot, const Places *places)
{
    const Schedule *s = printer->s;
    const int list = s->slot.item[slot].buffers;
    size_t count = 0;
    size_t size = 2;
    for (int b = list; b != 0; b = s->buffer.item[b - 1].next)
        count++;
    while (size < 2 * count)
        size *= 2;
    int *last = ARENA_ARRAY(printer->arena, int, size); /* by place */
    for (int b = list; b != 0; b = s->buffer.item[b - 1].next) {
        const Buffer *own = &s->buffer.item[b - 1];
        if (!is_declared(printer, b - 1))
            continue;
        uint64_t hash = hash_word(HASH_NOTHING, (uint64_t)own->offset);
        size_t at = hash_slot(hash_word(hash, own->each), size);
        const Buffer *other;
        for (; last[at] != 0; at = (at + 1) & (size - 1)) {
            other = &s->buffer.item[last[at] - 1];
            if (other->offset == own->offset && other->each == own->each)
                break;
        }
        places->first[b - 1] = b;
        if (last[at] != 0) {
            places->first[b - 1] = places->first[last[at] - 1];
            places->next[last[at] - 1] = b;
        }
        last[at] = b;
    }
}

/* The first buffer that lies where one does, if not itself; that of its own
 * type, if there is one. -1: there is none.
 */
static int
first_there(const Schedule *s, const Places *places, int number)
{
    int first = -1;
    int other = places->first[number];
    for (; other != number + 1; other = places->next[other - 1]) {
        if (s->buffer.item[other - 1].dtype == s->buffer.item[number].dtype)
            return other - 1;
        first = first < 0 ? other - 1 : first;
    }
    return first;
}

/* The name for what lies at a buffer's place, as elements of its type. */
static const char *
place_wish(Printer *printer, const Places *places, int number)
{
    const Schedule *s = printer->s;
    const Buffer *buffer = &s->buffer.item[number];
    VEC(int) lie = {0};
    if (is_room(buffer, number))
        return "room";
    for (int b = number + 1; b != 0; b = places->next[b - 1])
        if (s->buffer.item[b - 1].dtype == buffer->dtype)
            VEC_PUSH(printer->arena, &lie, b - 1);
    return layers_array(printer, lie.item, lie.count);
}

/* Declares the buffers of one slot. Memory at one place has one name for each
 * type, whatever lies there at the time.
 */
static void
slot_pointers(Printer *printer, const Places *places, size_t slot,
              const char *at)
{
    const Schedule *s = printer->s;
    int b = s->slot.item[slot].buffers;
    find_places(printer, slot, places);
    for (; b != 0; b = s->buffer.item[b - 1].next) {
        const Buffer *buffer = &s->buffer.item[b - 1];
        const char *type = c_type(buffer->dtype);
        if (!is_declared(printer, b - 1))
            continue;
        int first = first_there(s, places, b - 1);
        if (first >= 0 && s->buffer.item[first].dtype == buffer->dtype) {
            printer->memory[b - 1] = printer->memory[first];
            continue;
        }
        const char *name =
            printer_typed(printer, place_wish(printer, places, b - 1),
                          arena_printf(printer->arena, "%s *", type));
        const char *cast =
            printer->device
                ? arena_printf(printer->arena, "(%s *)(void *)", type)
                : "(void *)";
        writer_line(printer->writer, "%s *%s = %s%s;", type, name, cast,
                    first >= 0 ? printer->memory[first].text
                               : place_of(printer, buffer, at));
        printer->memory[b - 1] = (Memory){name, false};
    }
}

void
c_arena_pointers(Printer *printer, const char *base)
{
    const Schedule *s = printer->s;
    int last = 0; /* the most slots that another lies behind */
    for (size_t i = 0; i < s->slot.count; i++) {
        int behind = s->slot.item[i].behind;
        last = behind > last ? behind : last;
    }
    if (s->slot.count == 0 && !s->meets)
        return;
    const size_t buffers = s->buffer.count;
    const Places places = {ARENA_ARRAY(printer->arena, int, buffers + 1),
                           ARENA_ARRAY(printer->arena, int, buffers + 1)};
    const char *at = printer_name(printer, "at");
    writer_line(printer->writer, "unsigned char *%s = %s;", at, base);
    if (s->meets) {
        printer->arrived = printer_typed(printer, "arrived", "unsigned *");
        writer_line(printer->writer, "unsigned *%s = (unsigned *)(void *)%s;",
                    printer->arrived, at);
        writer_line(printer->writer, "%s += %lld;", at,
                    (long long)schedule_head(s));
    }
    for (size_t i = 0;; i++) {
        for (size_t k = i; k < s->slot.count; k++)
            if (s->slot.item[k].behind == (int)i)
                slot_pointers(printer, &places, k, at);
        if (i == s->slot.count || s->slot.item[i].behind >= 0)
            break;
        slot_pointers(printer, &places, i, at);
        bool more = i + 1 < s->slot.count && s->slot.item[i + 1].behind < 0;
        if (more || (int)i < last)
            writer_line(
                printer->writer, "%s += %s;", at,
                slot_size(printer, s->slot.item[i].size.bytes[EACH_call]));
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
c_tables_named(Printer *printer, const char *wish)
{
    Schedule *s = printer->s;
    bool *used = schedule_used(s);
    for (size_t b = 0; b < s->buffer.count; b++) {
        if (s->buffer.item[b].kind == BUFFER_data && used[b])
            printer->memory[b] = (Memory){printer_name(printer, wish), false};
    }
}

void
c_tables_used(Printer *printer, const char *text)
{
    Schedule *s = printer->s;
    bool *used = schedule_used(s);
    for (size_t b = 0; b < s->buffer.count; b++) {
        const Buffer *buffer = &s->buffer.item[b];
        if (buffer->kind != BUFFER_data || !used[b])
            continue;
        const char *name = printer->memory[b].text;
        if (text != NULL && !c_mentions(text, name))
            continue;
        const Tensor *data = ir_node(s->graph, buffer->node)->as.data;
        int64_t count = tensor_count(data);
        writer_raw(printer->writer, "\n");
        c_table(printer->writer,
                arena_printf(printer->arena, "static %sconst %s %s[%lld]",
                             printer->device ? "__device__ " : "",
                             c_type(buffer->dtype), name,
                             (long long)(count > 0 ? count : 1)),
                data);
    }
}

void
c_tables(Printer *printer, const char *wish)
{
    c_tables_named(printer, wish);
    c_tables_used(printer, NULL);
}
