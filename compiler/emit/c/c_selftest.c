/* What a generated source has under `#ifdef NAME_SELFTEST`: a program that
 * checks it. The model in double with its derivative in a direction, the
 * parameters as the structs have them, and a main; flux_selftest.h does the
 * rest.
 */
#include "emit/c/c_emit.h"

#include <string.h>

enum { SELFTEST_SAMPLES = 67 }; /* FLUX_TEST_MANY */

/* The leaves of the tangent's graph by their roles, as `in` has them: inputs in
 * their order, parameters in that of the struct, in the same order the
 * directions, and what stops hold.
 */
static int *
leaf_places(const Emit *emit, const Graph *g)
{
    const Graph *forward = emit->alone;
    int *place = ARENA_ARRAY(emit->arena, int, g->leaf.count + 1);
    int inputs = 0;
    for (size_t i = 0; i < forward->leaf.count; i++)
        inputs += ir_node(g, g->leaf.item[i])->op == OP_input;
    const int leaves = inputs + emit->model->params;
    size_t along = g->leaf.count;
    int input = 0;
    for (size_t i = 0; i < forward->leaf.count; i++) {
        const Node *leaf = ir_node(g, g->leaf.item[i]);
        place[i] = leaf->op == OP_input
                       ? input++
                       : inputs + c_param(emit, leaf->as.leaf.name);
    }
    for (size_t i = forward->leaf.count; i-- > 0;) {
        const Node *leaf = ir_node(g, g->leaf.item[i]);
        bool fixed = leaf->op == OP_param && leaf->as.leaf.frozen;
        if (dtype_real(leaf->dtype) && !fixed)
            place[--along] = leaves + place[i];
    }
    for (size_t i = forward->leaf.count; i < along; i++)
        place[i] = 2 * leaves + (int)(i - forward->leaf.count);
    return place;
}

/* Names the memory of leaves and results, which two arguments list: "const
 * double *W = in[1];".
 */
static void
declare_arrays(Emit *emit, Printer *printer, const char *in, const char *out)
{
    Schedule *s = printer->s;
    const Graph *g = s->graph;
    const int *place = leaf_places(emit, g);
    const bool *used = schedule_used(s);
    for (size_t i = 0; i < g->leaf.count; i++) {
        int buffer = s->leaf_buffer[i];
        if (!used[buffer])
            continue;
        const Node *leaf = ir_node(g, g->leaf.item[i]);
        const char *name =
            printer_name(printer, emit_c_name(emit->arena, leaf->as.leaf.name));
        printer->memory[buffer] = (Memory){name, false};
        writer_line(printer->writer, "const %s *%s = %s[%d];",
                    c_type(leaf->dtype), name, in, place[i]);
    }
    for (size_t o = 0; o < g->output.count; o++) {
        int buffer = s->output_buffer[o];
        const char *name = printer_name(
            printer, emit_c_name(emit->arena, g->output.item[o].name));
        printer->memory[buffer] = (Memory){name, false};
        writer_line(printer->writer, "double *%s = %s[%zu];", name, out, o);
    }
}

/* Whether a named dimension is the function's n; where that is the length, the
 * batch is 1.
 */
static bool
is_n(const Emit *emit, int symbol)
{
    return (symbol > 0) == emit->any_length;
}

/* The number that a dimension has with the most samples. */
static int64_t
most(const Emit *emit, Dim dim)
{
    int64_t symbol[DIM_SYMBOLS];
    for (int i = 0; i < DIM_SYMBOLS; i++)
        symbol[i] = is_n(emit, i) ? SELFTEST_SAMPLES
                    : i == 0      ? 1
                                  : SELFTEST_LENGTH;
    return dim_value(emit->forward->dims, dim, symbol);
}

static void
name_dims(const Emit *emit, Printer *printer, const char *n)
{
    for (int i = 0; i < printer->s->dims->symbols; i++)
        printer->dim_text[i] =
            is_n(emit, i) ? n
            : i == 0      ? "1"
                          : arena_printf(emit->arena, "%d", SELFTEST_LENGTH);
}

/* NAME_selftest_tangent; gives the bytes of arena that it needs. */
static int64_t
tangent_function(Emit *emit, Schedule *s)
{
    Writer *writer = &emit->source;
    Printer printer;
    printer_init(&printer, s, writer);
    printer.comment = c_comment;
    printer.user = emit;
    printer_name(&printer, emit->name);
    enum { IN, OUT, N, SEED, ARENA, OWN };
    const char *own[OWN] = {"in", "out", "n", "seed", "arena"};
    for (int i = 0; i < OWN; i++)
        own[i] = printer_name(&printer, own[i]);
    printer.seed = own[SEED];
    name_dims(emit, &printer, own[N]);
    c_tables(&printer,
             arena_printf(emit->arena, "%s_selftest_table", emit->name));
    writer_raw(writer, "\n");
    writer_comment(writer,
                   arena_printf(emit->arena,
                                "%s in double, and its change in a direction.",
                                emit->model->name));
    writer_raw(writer, "static void\n");
    writer_line(writer,
                "%s_selftest_tangent(const void *const *%s, void *const *%s, "
                "size_t %s, uint64_t %s, void *%s)",
                emit->name, own[IN], own[OUT], own[N], own[SEED], own[ARENA]);
    writer_line(writer, "{");
    size_t from = writer->size;
    declare_arrays(emit, &printer, own[IN], own[OUT]);
    c_arena_pointers(&printer, own[ARENA]);
    printer_body(&printer);
    c_mark_unused(writer, from, own, OWN);
    writer_line(writer, "}");
    Sizes sizes = c_arena_bytes(s);
    return most(emit, c_sizes_bound(s->dims, &sizes));
}

static void
param_rows(Emit *emit)
{
    Writer *writer = &emit->source;
    if (emit->model->params == 0)
        return;
    writer_raw(writer, "\n");
    writer_line(writer, "static const flux_test_param %s_selftest_fields[] = {",
                emit->name);
    for (int i = 0; i < emit->model->params; i++) {
        const EmitParam *p = &emit->model->param[i];
        const char *dims = p->rank == 0 ? ", 0" : "";
        for (int a = 0; a < p->rank; a++)
            dims = arena_printf(emit->arena, "%s, %lld", dims,
                                (long long)p->dim[a]);
        const char *name = c_quoted(emit->arena, p->path);
        const char *member = emit->param[i]->path;
        if (emit->grad[i] == NULL)
            writer_line(writer, "FLUX_FIXED(%s, %s, %s, %d%s),", name,
                        emit->name, member, p->rank, dims);
        else
            writer_line(writer, "FLUX_TRAINED(%s, %s, %s, %s_grad, %s, %d%s),",
                        name, emit->name, member, emit->name,
                        emit->grad[i]->path, p->rank, dims);
    }
    writer_line(writer, "};");
}

/* Numbers that do not fit on the line of their array. */
static void
put_rows(Writer *writer, const char *name, const char *text)
{
    writer_raw(writer, "/* clang-format off */\n");
    writer_line(writer, "%s", name);
    while (*text != 0) {
        size_t length = strlen(text);
        size_t room = (size_t)writer_room(writer);
        if (length > room)
            for (length = room; text[length] != ' '; length--)
                ;
        writer_line(writer, "%.*s", (int)length, text);
        text += length + (text[length] == ' ');
    }
    writer_line(writer, "};");
    writer_raw(writer, "/* clang-format on */\n");
}

/* The elements of what each stop holds; gives how many there are. The graph's
 * outputs are results, their changes, and those.
 */
static size_t
stop_row(Emit *emit, const Graph *g)
{
    const Graph *forward = emit->alone;
    size_t first = 0;
    const char *text = "";
    for (size_t o = 0; o < forward->output.count; o++)
        if (dtype_real(ir_node(forward, forward->output.item[o].ref)->dtype))
            first += 2;
    for (size_t o = first; o < g->output.count; o++) {
        Dim count = ir_count(g, g->output.item[o].ref);
        text =
            arena_printf(emit->arena, "%s%s%lld", text, o > first ? ", " : "",
                         (long long)most(emit, count));
    }
    if (*text == 0)
        return 0;
    writer_raw(&emit->source, "\n");
    const char *name = arena_printf(
        emit->arena, "static const size_t %s_selftest_stops[] = {", emit->name);
    if (writer_width(name) + writer_width(text) + 2 <= WRITER_COLUMNS)
        writer_line(&emit->source, "%s%s};", name, text);
    else
        put_rows(&emit->source, name, text);
    return g->output.count - first;
}

static void
main_function(Emit *emit, int64_t arena, size_t stops)
{
    Writer *writer = &emit->source;
    const char *name = emit->name;
    writer_raw(writer, "\nint\n");
    writer_line(writer, "main(void)");
    writer_line(writer, "{");
    writer_line(writer, "const flux_test self = {");
    writer_line(writer, ".model = &%s_model,", emit->table);
    writer_line(writer, ".bytes = sizeof(%s),", name);
    writer_line(writer, ".grad_bytes = sizeof(%s_grad),", name);
    if (emit->model->params > 0) {
        writer_line(writer, ".nparam = %d,", emit->model->params);
        writer_line(writer, ".param = %s_selftest_fields,", name);
    }
    writer_line(writer, ".tangent = %s_selftest_tangent,", name);
    if (stops > 0) {
        writer_line(writer, ".nstop = %zu,", stops);
        writer_line(writer, ".stop = %s_selftest_stops,", name);
    }
    writer_line(writer, ".arena = %lld,", (long long)arena);
    writer_line(writer, "};");
    writer_line(writer, "return flux_test_main(&self);");
    writer_line(writer, "}");
}

/* A model with states, or with a port that has no batch, has none. */
static bool
is_testable(const Emit *emit)
{
    const Graph *g = emit->alone;
    bool state = false;
    for (size_t i = 0; i < g->leaf.count; i++)
        state = state || ir_node(g, g->leaf.item[i])->op == OP_state;
    return emit->model->back != NULL && emit->batched && !state;
}

/* Before the model's own header, whose names then shadow nothing. */
void
emit_selftest_header(Emit *emit)
{
    if (!is_testable(emit) || emit->options->standalone)
        return;
    writer_raw(&emit->source,
               arena_printf(emit->arena,
                            "\n#ifdef %s_SELFTEST\n"
                            "#include \"flux_selftest.h\"\n#endif\n",
                            emit->upper));
}

bool
emit_selftest(Emit *emit)
{
    static const char *const header[] = {"flux_selftest.h", NULL};
    Writer *writer = &emit->source;
    if (!is_testable(emit))
        return true;
    const Graph *g = diff_tangent(emit_here(emit, emit->alone));
    if (g != NULL)
        g = pass_optimise(g, emit->options->pass);
    Schedule *s = g != NULL ? schedule_graph(g, NULL) : NULL;
    if (s == NULL)
        return false;
    writer_raw(writer, arena_printf(emit->arena, "\n#ifdef %s_SELFTEST\n",
                                    emit->upper));
    writer_comment(writer, arena_printf(emit->arena,
                                        "A program that checks the code above: "
                                        "cc -D%s_SELFTEST %s.c -lm && ./a.out",
                                        emit->upper, emit->model->base));
    if (emit->options->standalone)
        emit_pasted(writer, header);
    int64_t arena = tangent_function(emit, s);
    param_rows(emit);
    size_t stops = stop_row(emit, g);
    if (!emit->describable) {
        emit->table = arena_printf(emit->arena, "%s_selftest", emit->name);
        emit_model_table(emit);
    }
    main_function(emit, arena, stops);
    writer_raw(writer, "#endif\n");
    return true;
}
