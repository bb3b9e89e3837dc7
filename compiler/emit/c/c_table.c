/* What the tables that describe a model are made of: rows, fields, the
 * arguments of thunks.
 */
#include "emit/c/c_table.h"

const char *
c_flux_type(DType dtype)
{
    switch (dtype) {
    case DTYPE_f32:
        return "FLUX_F32";
    case DTYPE_f64:
        return "FLUX_F64";
    case DTYPE_i32:
        return "FLUX_I32";
    case DTYPE_u32:
        return "FLUX_U32";
    case DTYPE_bool:
    case DTYPE_i64:
    case DTYPES:
        break;
    }
    return "FLUX_BOOL";
}

const char *
c_table_dims(Arena *arena, int rank, const Dim *dim)
{
    const char *text = "";
    for (int a = 0; a < rank; a++)
        text = arena_printf(arena, "%s%s%lld", text, a > 0 ? ", " : "",
                            (long long)dim[a]);
    return rank == 0 ? "{0}" : arena_printf(arena, "{%s}", text);
}

const char *
c_quoted(Arena *arena, const char *text)
{
    const char *out = "";
    for (; *text != 0; text++)
        out = arena_printf(arena,
                           *text == '"' || *text == '\\' ? "%s\\%c" : "%s%c",
                           out, *text);
    return arena_printf(arena, "\"%s\"", out);
}

void
c_table_row(Writer *writer, const char *const *entry, int count)
{
    const char *line = "";
    for (int i = 0; i < count; i++)
        line = arena_printf(writer->arena, "%s%s%s", line, i > 0 ? ", " : "",
                            entry[i]);
    if (writer_width(line) + 3 <= writer_room(writer)) {
        writer_line(writer, "{%s},", line);
        return;
    }
    for (int i = 0; i < count; i++)
        writer_line(writer, "%s%s%s", i == 0 ? "{" : " ", entry[i],
                    i + 1 < count ? "," : "},");
}

const char *
c_as_type(const Emit *emit, const char *type, const char *text)
{
    if (!emit->device)
        return text;
    return arena_printf(emit->arena, "(%s *)%s", type, text);
}

static bool
takes_element(const Elements *e, const Node *node, bool input)
{
    return input == e->inputs && (!e->real || dtype_real(node->dtype));
}

static const char *
element(const Emit *emit, const Elements *e, const Node *node, int i)
{
    Arena *arena = emit->arena;
    const char *type = arena_printf(arena, "%s%s", e->constant ? "const " : "",
                                    c_type(node->dtype));
    const char *text =
        c_as_type(emit, type, arena_printf(arena, "%s[%d]", e->name, i));
    if (e->optional)
        text = arena_printf(arena, "%s != NULL ? %s : NULL", e->name, text);
    return arena_printf(arena, "%s, ", text);
}

const char *
c_elements(const Emit *emit, Elements e)
{
    const Graph *g = emit->alone;
    const char *text = "";
    int count = 0;
    for (size_t i = 0; i < g->leaf.count + g->output.count; i++) {
        bool leaf = i < g->leaf.count;
        const Node *node = ir_node(
            g, leaf ? g->leaf.item[i] : g->output.item[i - g->leaf.count].ref);
        if ((!leaf || node->op == OP_input) && takes_element(&e, node, leaf))
            text = arena_printf(emit->arena, "%s%s", text,
                                element(emit, &e, node, count++));
    }
    return text;
}

void
c_field(Emit *emit, const char *name, const char *value)
{
    if (emit->device)
        writer_line(&emit->source, "%s,", value != NULL ? value : "NULL");
    else if (value != NULL)
        writer_line(&emit->source, ".%s = %s,", name, value);
}

void
c_number_field(Emit *emit, const char *name, int value)
{
    if (value > 0 || emit->device)
        c_field(emit, name, arena_printf(emit->arena, "%d", value));
}
