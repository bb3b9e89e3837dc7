/* Values as text: what the script echoes and prints.
 *
 * Numbers in arrays have 6 significant digits, numbers alone the shortest text
 * that reads back. Long arrays, lists and texts of nested values are cut by …
 */

#include "script/value/state.h"
#include "script/value/type.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHOW_ALL = 12,  /* elements: so many are all shown */
    SHOW_FIRST = 6, /* else the first and last of them */
    SHOW_LAST = 3,
    SHOW_DEPTH = 6,  /* values inside one another */
    NUMBER_SIZE = 48 /* bytes of a number's text */
};

typedef struct {
    Script *s;
    VEC(char) text;
    int depth;
} Writer;

static void
put(Writer *w, const char *text)
{
    for (; *text; text++)
        VEC_PUSH(&w->s->context->arena, &w->text, *text);
}

/* Lays digits d.ddd × 10^exponent out as Julia does: 0.001, 1.5, 2.0e-5. */
static void
lay_out(char *out, const char *scientific)
{
    char digits[NUMBER_SIZE];
    size_t count = 0;
    const char *at = scientific;
    if (*at == '-')
        *out++ = *at++;
    for (; *at && *at != 'e'; at++)
        if (*at != '.')
            digits[count++] = *at;
    int exponent = atoi(at + 1);
    while (count > 1 && digits[count - 1] == '0')
        count--;
    digits[count] = 0;
    if (exponent < -4 || exponent > 5) {
        snprintf(out, NUMBER_SIZE, "%c.%.20se%d", digits[0],
                 count > 1 ? digits + 1 : "0", exponent);
        return;
    }
    if (exponent < 0) {
        snprintf(out, NUMBER_SIZE, "0.%.*s%.20s", -exponent - 1, "0000",
                 digits);
        return;
    }
    size_t whole = (size_t)exponent + 1;
    for (size_t i = 0; i < whole; i++)
        *out++ = i < count ? digits[i] : '0';
    snprintf(out, NUMBER_SIZE - 8, ".%.20s",
             count > whole ? digits + whole : "0");
}

/* The text of a number; precision 0: the shortest that reads back. */
static void
format_number(char out[2 * NUMBER_SIZE], double x, bool single, int precision)
{
    if (isnan(x) || isinf(x)) {
        snprintf(out, NUMBER_SIZE, "%s",
                 isnan(x) ? "NaN"
                 : x < 0  ? "-Inf"
                          : "Inf");
        return;
    }
    char text[NUMBER_SIZE];
    int digits = precision ? precision : 1;
    for (;; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, x);
        bool same =
            single ? strtof(text, NULL) == (float)x : strtod(text, NULL) == x;
        if (precision || same || digits == 17)
            break;
    }
    lay_out(out, text);
}

static void
put_float(Writer *w, double x, bool single, int precision)
{
    char text[2 * NUMBER_SIZE];
    format_number(text, x, single, precision);
    put(w, text);
}

static void
put_int(Writer *w, int64_t i)
{
    char text[NUMBER_SIZE];
    snprintf(text, sizeof text, "%lld", (long long)i);
    put(w, text);
}

/* Element i of a tensor, as it stands in an array. */
static void
format_element(char out[2 * NUMBER_SIZE], const Tensor *tensor, int64_t i)
{
    if (tensor->dtype == DTYPE_bool)
        snprintf(out, NUMBER_SIZE, "%s",
                 tensor_get(tensor, i) != 0 ? "true" : "false");
    else if (tensor->dtype == DTYPE_i64)
        snprintf(out, NUMBER_SIZE, "%lld",
                 (long long)((const int64_t *)tensor->data)[i]);
    else if (dtype_real(tensor->dtype))
        format_number(out, tensor_get(tensor, i), tensor->dtype == DTYPE_f32,
                      6);
    else
        snprintf(out, NUMBER_SIZE, "%.0f", tensor_get(tensor, i));
}

static void
put_element(Writer *w, const Tensor *tensor, int64_t i)
{
    char text[2 * NUMBER_SIZE];
    format_element(text, tensor, i);
    put(w, text);
}

/* The k-th of those shown of `count`, -1 where … stands. */
static int64_t
shown_place(int64_t k, int64_t count)
{
    if (count <= SHOW_ALL || k < SHOW_FIRST)
        return k;
    if (k == SHOW_FIRST)
        return -1;
    return count - SHOW_LAST + (k - SHOW_FIRST - 1);
}

static int64_t
shown_count(int64_t count)
{
    return count <= SHOW_ALL ? count : SHOW_FIRST + 1 + SHOW_LAST;
}

/* Elements `first`, first + stride, … on one line. */
static void
put_run(Writer *w, const Tensor *tensor, int64_t first, int64_t stride,
        int64_t count, const char *separator)
{
    for (int64_t k = 0; k < shown_count(count); k++) {
        int64_t i = shown_place(k, count);
        if (k)
            put(w, separator);
        if (i < 0)
            put(w, "…");
        else
            put_element(w, tensor, first + i * stride);
    }
}

static int
column_width(const Tensor *tensor, int64_t first, int64_t rows)
{
    int width = 1;
    for (int64_t k = 0; k < shown_count(rows); k++) {
        int64_t i = shown_place(k, rows);
        char text[2 * NUMBER_SIZE] = "";
        if (i >= 0)
            format_element(text, tensor, first + i);
        int length = (int)strlen(text);
        width = length > width ? length : width;
    }
    return width;
}

static void
put_padded(Writer *w, const char *text, int length, int width)
{
    for (int i = length; i < width; i++)
        put(w, " ");
    put(w, text);
}

/* A matrix from element `first` on: a row a line, the columns aligned; inside
 * another value on one line.
 */
static void
put_matrix(Writer *w, const Tensor *tensor, int64_t first)
{
    int64_t rows = tensor->dim[0];
    int64_t columns = tensor->dim[1];
    put(w, "[");
    for (int64_t k = 0; k < shown_count(rows); k++) {
        int64_t i = shown_place(k, rows);
        if (k)
            put(w, w->depth > 1 ? "; " : ";\n ");
        if (w->depth > 1 && i >= 0) {
            put_run(w, tensor, first + i, rows, columns, " ");
            continue;
        }
        for (int64_t l = 0; l < shown_count(columns); l++) {
            int64_t j = shown_place(l, columns);
            char text[2 * NUMBER_SIZE] = "…";
            int length = 1;
            if (i >= 0 && j >= 0) {
                format_element(text, tensor, first + i + j * rows);
                length = (int)strlen(text);
            }
            if (l)
                put(w, " ");
            int width = 1;
            if (j >= 0 && w->depth <= 1)
                width = column_width(tensor, first + j * rows, rows);
            put_padded(w, text, length, width);
        }
    }
    put(w, "]");
}

static void
put_shape(Writer *w, const Tensor *tensor)
{
    put(w, "(");
    for (int i = 0; i < tensor->rank; i++) {
        if (i)
            put(w, ",");
        put_int(w, tensor->dim[i]);
    }
    put(w, tensor->rank == 1 ? ",)" : ")");
}

static void
put_tensor(Writer *w, const Tensor *tensor)
{
    int64_t count = tensor_count(tensor);
    if (tensor->rank == 0 && !dtype_real(tensor->dtype)) {
        put_element(w, tensor, 0);
        return;
    }
    if (tensor->rank == 0) {
        put_float(w, tensor_get(tensor, 0), tensor->dtype == DTYPE_f32, 0);
        return;
    }
    if (tensor->rank == 1) {
        put(w, "[");
        put_run(w, tensor, 0, 1, count, ", ");
        put(w, "]");
        return;
    }
    if (tensor->rank == 2 && count > 0) {
        put_matrix(w, tensor, 0);
        return;
    }
    put(w, "array ");
    put_shape(w, tensor);
    if (w->depth > 1 || count == 0)
        return;
    int64_t size = tensor->dim[0] * tensor->dim[1];
    for (int64_t k = 0; k < count / size && k < SHOW_FIRST; k++) {
        put(w, "\n");
        put_matrix(w, tensor, k * size);
    }
    if (count / size > SHOW_FIRST)
        put(w, "\n…");
}

static void put_value(Writer *w, Value v);

static void
put_values(Writer *w, const Values *values)
{
    int64_t count = (int64_t)values->count;
    for (int64_t k = 0; k < shown_count(count); k++) {
        int64_t i = shown_place(k, count);
        if (k)
            put(w, ", ");
        if (i < 0) {
            put(w, "…");
            continue;
        }
        if (values->name) {
            put(w, values->name[i]);
            put(w, " = ");
        }
        put_value(w, values->item[i]);
    }
}

/* A batch is shown as the list of its samples, a sequence as that of its steps;
 * nested, each of them as a list again.
 */
static void
put_batch(Writer *w, const Tensor *tensor, bool nested)
{
    int64_t samples = tensor->dim[tensor->rank - 1];
    int64_t size = samples ? tensor_count(tensor) / samples : 0;
    Tensor sample = *tensor;
    sample.rank--;
    put(w, "[");
    for (int64_t k = 0; k < shown_count(samples); k++) {
        int64_t i = shown_place(k, samples);
        if (k)
            put(w, ", ");
        if (i < 0) {
            put(w, "…");
            continue;
        }
        sample.data = (char *)tensor->data +
                      (size_t)(i * size) * dtype_size(tensor->dtype);
        w->depth++;
        if (nested)
            put_batch(w, &sample, false);
        else
            put_tensor(w, &sample);
        w->depth--;
    }
    put(w, "]");
}

static void
put_field(Writer *w, const Type *type, size_t i, Value v)
{
    if (!type->net) {
        put_value(w, v);
        return;
    }
    if (v.kind == VALUE_tuple || v.kind == VALUE_list) {
        bool input = strcmp(type->field[i], "input") == 0;
        put(w, input ? "Input(" : "");
        put_values(w, v.as.values);
        put(w, input ? ")" : "");
        return;
    }
    bool model = v.kind == VALUE_object || v.kind == VALUE_function ||
                 v.kind == VALUE_builtin;
    if (!model) {
        put(w, type->field[i]);
        put(w, " ");
    }
    if (v.kind == VALUE_array)
        put(w, value_shape_text(w->s, v));
    else
        put_value(w, v);
}

static void
put_object(Writer *w, const Object *object)
{
    const Type *type = object->type;
    put(w, type->name);
    put(w, "(");
    bool first = true;
    for (size_t i = 0; i < type->fields; i++) {
        if (type->net && object->field[i].kind == VALUE_nothing)
            continue;
        if (!first)
            put(w, ", ");
        first = false;
        put_field(w, type, i, object->field[i]);
    }
    put(w, ")");
}

static void
put_quoted(Writer *w, Text text)
{
    put(w, "\"");
    for (size_t i = 0; i < text.length; i++) {
        char c = text.text[i];
        char plain[8] = {c, 0};
        if (c == '"' || c == '\\' || c == '$')
            put(w, "\\");
        if (c == '\n')
            put(w, "\\n");
        else if (c == '\t')
            put(w, "\\t");
        else if (c == 0)
            put(w, "\\0");
        else if ((unsigned char)c < 0x20 || c == 0x7F)
            snprintf(plain, sizeof plain, "\\x%02x",
                     (unsigned)(unsigned char)c);
        if (c != '\n' && c != '\t' && c != 0)
            put(w, plain);
    }
    put(w, "\"");
}

static void
put_range(Writer *w, const Range *range)
{
    int64_t last = range->count > 0 ? range->count - 1 : -1;
    if (range->whole) {
        put_int(w, range->first_int);
        if (range->step_int != 1) {
            put(w, ":");
            put_int(w, range->step_int);
        }
        put(w, ":");
        put_int(w, range_get(range, last).as.integer);
        return;
    }
    put_float(w, range->first, false, 0);
    put(w, ":");
    put_float(w, range->step, false, 0);
    put(w, ":");
    put_float(w, range->first + (double)last * range->step, false, 15);
}

static void
put_tuple(Writer *w, const Values *values)
{
    put(w, "(");
    put_values(w, values);
    put(w, values->count == 1 ? ",)" : ")");
}

static void
put_callable(Writer *w, Value v)
{
    put(w, value_name(v));
    if (w->depth > 1 || v.kind == VALUE_type)
        return;
    if (v.kind == VALUE_builtin && type_known(v.as.builtin->name))
        return;
    bool net = v.kind == VALUE_function && function_is_net(v.as.function);
    put(w, net ? " (model)" : " (function)");
}

static void
put_inner(Writer *w, Value v)
{
    switch (v.kind) {
    case VALUE_nothing:
        put(w, "nothing");
        return;
    case VALUE_bool:
        put(w, v.as.boolean ? "true" : "false");
        return;
    case VALUE_int:
        put_int(w, v.as.integer);
        return;
    case VALUE_float:
    case VALUE_float32:
        put_float(w, v.as.number, v.kind == VALUE_float32, 0);
        return;
    case VALUE_string:
        put_quoted(w, v.as.string);
        return;
    case VALUE_symbol:
        put(w, ":");
        put(w, v.as.symbol);
        return;
    case VALUE_range:
        put_range(w, v.as.range);
        return;
    case VALUE_tuple:
        put_tuple(w, v.as.values);
        return;
    case VALUE_list:
        put(w, "[");
        put_values(w, v.as.values);
        put(w, "]");
        return;
    case VALUE_pair:
        put_value(w, v.as.values->item[0]);
        put(w, " => ");
        put_value(w, v.as.values->item[1]);
        return;
    case VALUE_array:
        put_tensor(w, v.as.array->tensor);
        return;
    case VALUE_batch:
    case VALUE_seq:
        put_batch(w, v.as.array->tensor, v.nested);
        return;
    case VALUE_function:
    case VALUE_builtin:
    case VALUE_type:
        put_callable(w, v);
        return;
    case VALUE_object:
        put_object(w, v.as.object);
        return;
    case VALUE_node:
    case VALUE_opaque:
        put(w, "traced ");
        put(w, value_shape_text(w->s, v));
        return;
    case VALUE_trainer:
        put(w, "trainer");
        return;
    case VALUE_engine:
        put(w, "model on an engine");
        return;
    case VALUE_poison:
        put(w, "?");
        return;
    }
}

static void
put_value(Writer *w, Value v)
{
    if (w->depth >= SHOW_DEPTH) {
        put(w, "…");
        return;
    }
    w->depth++;
    put_inner(w, v);
    w->depth--;
}

const char *
value_show(Script *s, Value v)
{
    Writer w = {.s = s};
    put_value(&w, v);
    VEC_PUSH(&s->context->arena, &w.text, 0);
    return w.text.item;
}

const char *
value_text(Script *s, Value v)
{
    if (v.kind == VALUE_string)
        return v.as.string.text;
    if (v.kind == VALUE_symbol)
        return v.as.symbol;
    return value_show(s, v);
}

/* The shape of a traced value, its dimensions perhaps named. */
static const char *
node_shape(Script *s, const Node *node)
{
    Arena *arena = &s->context->arena;
    if (node->rank == 0)
        return "scalar";
    const char *text = "(";
    for (int i = 0; i < node->rank; i++)
        text = arena_printf(arena, "%s%s%s", text, i ? "," : "",
                            dim_text(&s->dims, node->dim[i]));
    return arena_printf(arena, "%s%s", text, node->rank == 1 ? ",)" : ")");
}

const char *
value_shape_text(Script *s, Value v)
{
    if (v.kind == VALUE_node && s->graph)
        return node_shape(s, ir_node(s->graph, v.as.node));
    if (value_is_number(v))
        return "scalar";
    if (v.kind == VALUE_opaque)
        return "of unknown shape";
    if (v.kind != VALUE_array && v.kind != VALUE_batch && v.kind != VALUE_seq)
        return value_kind_name(v);
    const Tensor *tensor = v.as.array->tensor;
    if (tensor->rank == 0)
        return "scalar";
    Writer w = {.s = s};
    put_shape(&w, tensor);
    VEC_PUSH(&s->context->arena, &w.text, 0);
    return w.text.item;
}
