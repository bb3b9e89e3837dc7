/* A model and its trainers as data: flux_model, flux_trainer. */
#include "base/hash.h"
#include "emit/c/c_table.h"

#include <string.h>

/* A dimension with the numbers of a self-test for names. */
static int64_t
length_of(const Emit *emit, Dim dim)
{
    int64_t symbol[DIM_SYMBOLS];
    for (int i = 0; i < DIM_SYMBOLS; i++)
        symbol[i] = SELFTEST_LENGTH;
    return dim_value(emit->forward->dims, dim, symbol);
}

/* Whether the table is that of a model whose calls take sizes: it has what
 * checkpoints need, and no calls.
 */
static bool
is_open(const Emit *emit)
{
    return !emit->describable && emit->table == emit->name;
}

static void
port_row(const Emit *emit, Writer *writer, const char *name, const Node *node)
{
    Arena *arena = writer->arena;
    int rank = node->rank > 0 ? node->rank - 1 : 0;
    Dim dim[IR_RANK];
    Dim size = is_open(emit) ? 0 : 1;
    for (int a = 0; a < rank; a++) {
        bool open =
            emit->any_length || (is_open(emit) && !dim_known(node->dim[a]));
        dim[a] = open ? 0 : length_of(emit, node->dim[a]);
        size *= dim[a];
    }
    const char *entry[] = {c_quoted(arena, name), c_flux_type(node->dtype),
                           arena_printf(arena, "%d", rank),
                           c_table_dims(arena, rank, dim),
                           arena_printf(arena, "%lld", (long long)size)};
    c_table_row(writer, entry, 5);
}

/* Ports are of one sample: the batch, which is last, is left out. */
static int
port_table(Emit *emit, const char *what, bool inputs)
{
    const Graph *g = emit->alone;
    Writer *writer = &emit->source;
    int count = 0;
    writer_raw(writer, "\n");
    writer_line(writer, "static const flux_port %s_%s[] = {", emit->table,
                what);
    for (size_t i = 0; inputs && i < g->leaf.count; i++) {
        const Node *leaf = ir_node(g, g->leaf.item[i]);
        if (leaf->op != OP_input)
            continue;
        port_row(emit, writer, leaf->as.leaf.name, leaf);
        count++;
    }
    for (size_t o = 0; !inputs && o < g->output.count; o++) {
        const Output *output = &g->output.item[o];
        port_row(emit, writer, output->name, ir_node(g, output->ref));
        count++;
    }
    if (count == 0)
        writer_line(writer, "{\"\", FLUX_F32, 0, {0}, 0},");
    writer_line(writer, "};");
    return count;
}

static void
param_table(Emit *emit)
{
    Writer *writer = &emit->source;
    Arena *arena = emit->arena;
    if (emit->model->params == 0)
        return;
    writer_raw(writer, "\n");
    writer_line(writer, "static const flux_param %s_params[] = {", emit->table);
    for (int i = 0; i < emit->model->params; i++) {
        const EmitParam *param = &emit->model->param[i];
        const char *entry[] = {
            c_quoted(arena, param->path),
            c_flux_type(emit->model->dtype),
            arena_printf(arena, "%d", param->rank),
            c_table_dims(arena, param->rank, param->dim),
            arena_printf(arena, "offsetof(%s, %s)", emit->name,
                         emit->param[i]->path),
            emit->grad[i] == NULL
                ? "FLUX_NO_GRAD"
                : arena_printf(arena, "offsetof(%s_grad, %s)", emit->name,
                               emit->grad[i]->path)};
        c_table_row(writer, entry, 6);
    }
    writer_line(writer, "};");
}

static const char *
const_model(const Emit *emit)
{
    const char *type = arena_printf(emit->arena, "const %s", emit->name);
    return c_as_type(emit, type, "m");
}

static void
thunk_open(Emit *emit, const char *what, const char *arguments)
{
    Writer *writer = &emit->source;
    writer_raw(writer, "\nstatic flux_status\n");
    writer_line(writer, "%s_model_%s(const flux_model *self, %s)", emit->table,
                what, arguments);
    writer_line(writer, "{");
    writer_line(writer, "(void)self;");
}

static void
thunk_close(Emit *emit, const char *call)
{
    writer_line(&emit->source, "return %s;", call);
    writer_line(&emit->source, "}");
}

/* The sizes of a call with `n`: "n", "1, n" where that is the length, "n, 3"
 * in a self-test.
 */
static const char *
sizes_text(const Emit *emit, const char *n)
{
    const char *text = emit->any_length ? "1" : n;
    for (int i = 1; i < emit->forward->dims->symbols; i++)
        if (c_uses_symbol(emit->forward, i))
            text = emit->any_length
                       ? arena_printf(emit->arena, "%s, %s", text, n)
                       : arena_printf(emit->arena, "%s, %d", text,
                                      SELFTEST_LENGTH);
    return text;
}

static void
arena_thunk(Emit *emit, const char *what, const char *macro)
{
    Writer *writer = &emit->source;
    macro = c_macro_name(emit, emit->upper, macro);
    writer_raw(writer, "\nstatic size_t\n");
    writer_line(writer, "%s_model_%s(const flux_model *self, size_t n)",
                emit->table, what);
    writer_line(writer, "{");
    writer_line(writer, "(void)self;");
    writer_line(writer, "const size_t one = %s(%s);", macro,
                sizes_text(emit, "1"));
    writer_raw(writer, "    if (n > SIZE_MAX / (one + 64))\n"
                       "        return SIZE_MAX;\n");
    writer_line(writer, "return %s(%s);", macro, sizes_text(emit, "n"));
    writer_line(writer, "}");
}

/* An argument without elements is not used. */
static void
no_elements(Emit *emit, const char *name, const char *elements)
{
    if (*elements == 0)
        writer_line(&emit->source, "(void)%s;", name);
}

static void
back_thunk(Emit *emit, const char *x)
{
    const char *n = sizes_text(emit, "n");
    const char *dy = c_elements(
        emit, (Elements){.name = "dy", .real = true, .constant = true});
    const char *dx = c_elements(emit, (Elements){.name = "dx",
                                                 .inputs = true,
                                                 .real = true,
                                                 .optional = true});
    thunk_open(emit, "back",
               "const void *m, const void *const *dy, const void *const *x, "
               "size_t n, void *g, void *const *dx, const flux_work *w");
    no_elements(emit, "dy", dy);
    no_elements(emit, "x", x);
    no_elements(emit, "dx", dx);
    const char *grad = arena_printf(emit->arena, "%s_grad", emit->name);
    thunk_close(emit, arena_printf(emit->arena, "%s(%s, %s%s%s%s, %s, %sw)",
                                   c_function_name(emit, emit->name, "back"),
                                   const_model(emit), c_state_thunk(emit), dy,
                                   x, n, c_as_type(emit, grad, "g"), dx));
    arena_thunk(emit, "back_arena", "BACK_ARENA");
}

static void
forward_thunk(Emit *emit, const char *x)
{
    thunk_open(emit, "forward",
               "const void *m, const void *const *x, size_t n, void *const "
               "*y, const flux_work *w");
    const char *y = c_elements(emit, (Elements){.name = "y"});
    no_elements(emit, "x", x);
    no_elements(emit, "y", y);
    thunk_close(emit, arena_printf(emit->arena, "%s(%s, %s%s%s, %sw)",
                                   c_function_name(emit, emit->name, "forward"),
                                   const_model(emit), c_state_thunk(emit), x,
                                   sizes_text(emit, "n"), y));
}

static void
reset_thunk(Emit *emit)
{
    thunk_open(emit, "reset", "const void *m, void *state, size_t n");
    thunk_close(emit, arena_printf(emit->arena, "%s(%s, %s, n)",
                                   c_function_name(emit, emit->name, "reset"),
                                   const_model(emit),
                                   c_as_type(emit, emit->real, "state")));
}

static void
model_thunks(Emit *emit)
{
    Arena *arena = emit->arena;
    const char *m = c_as_type(emit, emit->name, "m");
    const char *grad = arena_printf(arena, "%s_grad", emit->name);
    const char *x = c_elements(
        emit, (Elements){.name = "x", .inputs = true, .constant = true});
    thunk_open(emit, "init", "void *m, uint64_t seed");
    thunk_close(emit,
                arena_printf(arena, "%s(%s, seed)",
                             c_function_name(emit, emit->name, "init"), m));
    if (!is_open(emit))
        forward_thunk(emit, x);
    if (!is_open(emit) && emit->model->back != NULL)
        back_thunk(emit, x);
    if (emit->state.count > 0)
        reset_thunk(emit);
    thunk_open(emit, "update", "void *m, void *g, double eta");
    thunk_close(emit,
                arena_printf(arena, "%s(%s, %s, %seta)",
                             c_function_name(emit, emit->name, "update"), m,
                             c_as_type(emit, grad, "g"),
                             emit->model->dtype == DTYPE_f32 ? "(float)" : ""));
    if (!is_open(emit))
        arena_thunk(emit, "arena", "ARENA");
}

static uint64_t
source_hash(const Source *source)
{
    return source != NULL ? hash_text(source->text, source->size)
                          : HASH_NOTHING;
}

static const char *
own_name(const Emit *emit, const char *end)
{
    return arena_printf(emit->arena, "%s_%s", emit->table, end);
}

void
emit_model_table(Emit *emit)
{
    Writer *writer = &emit->source;
    const EmitModel *model = emit->model;
    const bool test = emit->table != emit->name;
    param_table(emit);
    int inputs = port_table(emit, "inputs", true);
    int outputs = port_table(emit, "outputs", false);
    model_thunks(emit);
    const char *path = model->source != NULL ? model->source->path : "";
    if (!test) {
        writer_raw(&emit->header, "\n");
        writer_comment(&emit->header,
                       is_open(emit)
                           ? "The parameters as data, for flux.h's checkpoints."
                           : "The model as data, for flux.h's sessions and "
                             "chains.");
        writer_line(&emit->header, "extern const flux_model %s;",
                    c_function_name(emit, emit->name, "model"));
    }
    writer_raw(writer, "\n");
    writer_line(writer, "%sconst flux_model %s = {", test ? "static " : "",
                c_function_name(emit, emit->table, "model"));
    c_field(emit, "abi", "FLUX_ABI");
    c_field(emit, "dtype", c_flux_type(model->dtype));
    c_field(emit, "name", c_quoted(emit->arena, model->name));
    c_field(emit, "source", c_quoted(emit->arena, source_name(path)));
    c_field(emit, "source_hash",
            arena_printf(emit->arena, "0x%016llx",
                         (unsigned long long)source_hash(model->source)));
    c_field(emit, "seed", arena_printf(emit->arena, "%s_SEED", emit->upper));
    c_field(emit, "bytes", arena_printf(emit->arena, "sizeof(%s)", emit->name));
    c_field(emit, "grad_bytes",
            arena_printf(emit->arena, "sizeof(%s_grad)", emit->name));
    if (emit->state.count > 0)
        c_field(emit, "state",
                arena_printf(emit->arena, "%s_STATE(1)", emit->upper));
    else
        c_number_field(emit, "state", 0);
    c_number_field(emit, "stepped", emit->state.count > 0 && model->stepped);
    c_number_field(emit, "nparam", model->params);
    c_field(emit, "param", model->params > 0 ? own_name(emit, "params") : NULL);
    c_number_field(emit, "ninput", inputs);
    c_field(emit, "input", own_name(emit, "inputs"));
    c_number_field(emit, "noutput", outputs);
    c_field(emit, "output", own_name(emit, "outputs"));
    static const char *const functions[] = {
        "init", "reset", "forward", "back", "update", "arena", "back_arena"};
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        bool call = i == 2 || i == 3 || i >= 5;
        bool absent =
            (call && is_open(emit)) ||
            (model->back == NULL && strncmp(functions[i], "back", 4) == 0) ||
            (emit->state.count == 0 && strcmp(functions[i], "reset") == 0);
        const char *name = arena_printf(emit->arena, "model_%s", functions[i]);
        c_field(emit, functions[i], absent ? NULL : own_name(emit, name));
    }
    c_field(emit, "context", NULL);
    writer_line(writer, "};");
}

static void
state_table(Emit *emit, const Trainer *t)
{
    Writer *writer = &emit->source;
    Arena *arena = emit->arena;
    writer_raw(writer, "\n");
    writer_line(writer, "static const flux_param %s_state[] = {", t->name);
    const char *own[][3] = {{"eta", c_flux_type(emit->model->dtype), "0"},
                            {"seed", "FLUX_U32", "1"},
                            {"step", "FLUX_I32", "0"}};
    for (size_t i = 0; i < 3; i++) {
        const char *entry[] = {
            c_quoted(arena, own[i][0]),
            own[i][1],
            own[i][2],
            *own[i][2] == '1' ? "{2}" : "{0}",
            arena_printf(arena, "offsetof(%s, %s)", t->name, own[i][0]),
            "FLUX_NO_GRAD"};
        c_table_row(writer, entry, 6);
    }
    for (size_t i = 0; i < t->leaf.count; i++) {
        const Node *leaf = ir_node(t->step, t->leaf.item[i]);
        const char *entry[] = {c_quoted(arena, leaf->as.leaf.name),
                               c_flux_type(leaf->dtype),
                               arena_printf(arena, "%d", leaf->rank),
                               c_table_dims(arena, leaf->rank, leaf->dim),
                               arena_printf(arena, "offsetof(%s, %s)", t->name,
                                            t->member.item[i]->path),
                               "FLUX_NO_GRAD"};
        c_table_row(writer, entry, 6);
    }
    writer_line(writer, "};");
}

static void
train_thunk(Emit *emit, const Trainer *t, const char *what, const char *target)
{
    Writer *writer = &emit->source;
    const char *real = emit->real;
    writer_raw(writer, "\nstatic flux_status\n");
    writer_line(writer,
                "%s_thunk_%s(void *s, void *m, const void *const *x, const %s "
                "*y, size_t n, void *loss, const flux_work *w)",
                t->name, what, target);
    const char *x = c_elements(
        emit, (Elements){.name = "x", .inputs = true, .constant = true});
    writer_line(writer, "{");
    no_elements(emit, "x", x);
    writer_line(
        writer, "return %s(%s, %s, %s%s%s, n, %s, w);",
        c_function_name(emit, t->name, what), c_as_type(emit, t->name, "s"),
        c_as_type(emit, emit->name, "m"), c_state_thunk(emit), x,
        strcmp(target, "void") == 0
            ? c_as_type(emit, arena_printf(emit->arena, "const %s", real), "y")
            : "y",
        c_as_type(emit, real, "loss"));
    writer_line(writer, "}");
}

/* Sets the learning rate: in the memory of a device by a copy. */
static void
eta_thunk(Emit *emit, const Trainer *t)
{
    Writer *writer = &emit->source;
    const char *value = emit->model->dtype == DTYPE_f32 ? "(float)eta" : "eta";
    writer_raw(writer, "\nstatic flux_status\n");
    writer_line(writer, "%s_thunk_set_eta(void *s, double eta)", t->name);
    writer_line(writer, "{");
    writer_line(writer, "%s *step = %s;", t->name,
                c_as_type(emit, t->name, "s"));
    if (emit->device) {
        writer_line(writer, "const %s value = %s;", emit->real, value);
        writer_line(writer,
                    "return FLUX_GPU_STATUS(cudaMemcpy(&step->eta, &value, "
                    "sizeof value, cudaMemcpyHostToDevice));");
    } else {
        writer_line(writer, "step->eta = %s;", value);
        writer_line(writer, "return FLUX_OK;");
    }
    writer_line(writer, "}");
}

/* Whether a step takes sizes beside the samples, or several targets. */
static bool
has_open_calls(const Emit *emit, const Trainer *t)
{
    return !emit->describable || emit->any_length || t->targets > 1;
}

static void
trainer_thunks(Emit *emit, const Trainer *t)
{
    Writer *writer = &emit->source;
    const char *macro = c_macro_name(emit, t->upper, "ARENA");
    writer_raw(writer, "\nstatic flux_status\n");
    writer_line(writer, "%s_thunk_init(void *s, uint64_t seed)", t->name);
    writer_line(writer, "{");
    writer_line(writer, "return %s(%s, seed);",
                c_function_name(emit, t->name, "init"),
                c_as_type(emit, t->name, "s"));
    writer_line(writer, "}");
    eta_thunk(emit, t);
    if (has_open_calls(emit, t))
        return;
    train_thunk(emit, t, "train", "void");
    if (t->classes > 0)
        train_thunk(emit, t, "train_labels", "int32_t");
    writer_raw(writer, "\nstatic size_t\n");
    writer_line(writer, "%s_thunk_arena(size_t n)", t->name);
    writer_line(writer, "{");
    writer_line(writer, "const size_t one = %s(1);", macro);
    writer_raw(writer, "    if (n > SIZE_MAX / (one + 64))\n"
                       "        return SIZE_MAX;\n");
    writer_line(writer, "return %s(n);", macro);
    writer_line(writer, "}");
}

void
emit_trainer_table(Emit *emit, const Trainer *t)
{
    Writer *writer = &emit->source;
    const Node *target = t->target;
    bool open = has_open_calls(emit, t);
    if (target == NULL || (open && emit->device))
        return;
    state_table(emit, t);
    writer_raw(writer, "\n");
    writer_line(writer, "static const flux_port %s_target[] = {", t->name);
    port_row(emit, writer, target->as.leaf.name, target);
    writer_line(writer, "};");
    trainer_thunks(emit, t);
    const char *name = c_function_name(emit, t->name, "trainer");
    if (emit->device)
        VEC_PUSH(emit->arena, &emit->steps, name);
    writer_raw(&emit->header, "\n");
    writer_line(&emit->header, "extern const flux_trainer %s;", name);
    writer_raw(writer, "\n");
    writer_line(writer, "const flux_trainer %s = {", name);
    c_field(emit, "abi", "FLUX_ABI");
    c_field(emit, "name", c_quoted(emit->arena, t->trainer->name));
    c_field(emit, "model",
            arena_printf(emit->arena, "&%s",
                         c_function_name(emit, emit->name, "model")));
    c_field(emit, "target", arena_printf(emit->arena, "%s_target", t->name));
    bool labels = !open && t->classes > 0;
    c_field(emit, "takes_labels", labels ? "1" : "0");
    c_field(emit, "bytes", arena_printf(emit->arena, "sizeof(%s)", t->name));
    c_field(emit, "nstate",
            arena_printf(emit->arena, "%zu", t->leaf.count + 3));
    c_field(emit, "state", arena_printf(emit->arena, "%s_state", t->name));
    static const char *const functions[] = {"init", "train", "train_labels",
                                            "arena", "set_eta"};
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        bool absent = (open && i > 0 && i < 4) || (i == 2 && !labels);
        c_field(emit, functions[i],
                absent ? NULL
                       : arena_printf(emit->arena, "%s_thunk_%s", t->name,
                                      functions[i]));
    }
    writer_line(writer, "};");
}
