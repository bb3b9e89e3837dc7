/* A model and its trainers as data: flux_model, flux_trainer. */
#include "base/hash.h"
#include "emit/c_emit.h"

#include <string.h>

static const char *
flux_type(DType dtype)
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

static const char *
dims_text(Arena *arena, int rank, const Dim *dim)
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

/* A row of a table: on one line, or one entry a line as clang-format has it. */
static void
table_row(Writer *writer, const char *const *entry, int count)
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

int64_t
emit_length(const Emit *emit, Dim dim)
{
    int64_t symbol[DIM_SYMBOLS];
    for (int i = 0; i < DIM_SYMBOLS; i++)
        symbol[i] = SELFTEST_LENGTH;
    return dim_value(emit->forward->dims, dim, symbol);
}

static void
port_row(const Emit *emit, Writer *writer, const char *name, const Node *node)
{
    Arena *arena = writer->arena;
    int rank = node->rank > 0 ? node->rank - 1 : 0;
    Dim dim[IR_RANK];
    Dim size = 1;
    for (int a = 0; a < rank; a++) {
        dim[a] = emit->any_length ? 0 : emit_length(emit, node->dim[a]);
        size *= dim[a];
    }
    const char *entry[] = {c_quoted(arena, name), flux_type(node->dtype),
                           arena_printf(arena, "%d", rank),
                           dims_text(arena, rank, dim),
                           arena_printf(arena, "%lld", (long long)size)};
    table_row(writer, entry, 5);
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
            flux_type(emit->model->dtype),
            arena_printf(arena, "%d", param->rank),
            dims_text(arena, param->rank, param->dim),
            arena_printf(arena, "offsetof(%s, %s)", emit->name,
                         emit->param[i]->path),
            emit->grad[i] == NULL
                ? "FLUX_NO_GRAD"
                : arena_printf(arena, "offsetof(%s_grad, %s)", emit->name,
                               emit->grad[i]->path)};
        table_row(writer, entry, 6);
    }
    writer_line(writer, "};");
}

/* "x[0], x[1], " */
static const char *
elements(Arena *arena, const char *name, int count, bool optional)
{
    const char *text = "";
    for (int i = 0; i < count; i++)
        text = optional ? arena_printf(arena, "%s%s != NULL ? %s[%d] : NULL, ",
                                       text, name, name, i)
                        : arena_printf(arena, "%s%s[%d], ", text, name, i);
    return text;
}

static int
count_real(const Emit *emit, bool inputs)
{
    const Graph *g = emit->alone;
    int count = 0;
    for (size_t i = 0; inputs && i < g->leaf.count; i++) {
        const Node *leaf = ir_node(g, g->leaf.item[i]);
        count += leaf->op == OP_input && dtype_real(leaf->dtype);
    }
    for (size_t o = 0; !inputs && o < g->output.count; o++)
        count += dtype_real(ir_node(g, g->output.item[o].ref)->dtype);
    return count;
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
    writer_raw(writer, "\nstatic size_t\n");
    writer_line(writer, "%s_model_%s(const flux_model *self, size_t n)",
                emit->table, what);
    writer_line(writer, "{");
    writer_line(writer, "(void)self;");
    writer_line(writer, "const size_t one = %s_%s(%s);", emit->upper, macro,
                sizes_text(emit, "1"));
    writer_raw(writer, "    if (n > SIZE_MAX / (one + 64))\n"
                       "        return SIZE_MAX;\n");
    writer_line(writer, "return %s_%s(%s);", emit->upper, macro,
                sizes_text(emit, "n"));
    writer_line(writer, "}");
}

static void
model_thunks(Emit *emit, int inputs, int outputs)
{
    Arena *arena = emit->arena;
    const char *n = sizes_text(emit, "n");
    const char *x = elements(arena, "x", inputs, false);
    thunk_open(emit, "init", "void *m, uint64_t seed");
    thunk_close(emit, arena_printf(arena, "%s_init(m, seed)", emit->name));
    thunk_open(emit, "forward",
               "const void *m, const void *const *x, size_t n, void *const "
               "*y, const flux_work *w");
    thunk_close(emit, arena_printf(arena, "%s_forward(m, %s%s%s, %sw)",
                                   emit->name, c_state_thunk(emit), x, n,
                                   elements(arena, "y", outputs, false)));
    if (emit->model->back != NULL) {
        thunk_open(emit, "back",
                   "const void *m, const void *const *dy, const void *const "
                   "*x, size_t n, void *g, void *const *dx, const flux_work "
                   "*w");
        if (count_real(emit, false) == 0)
            writer_line(&emit->source, "(void)dy;");
        if (count_real(emit, true) == 0)
            writer_line(&emit->source, "(void)dx;");
        thunk_close(
            emit, arena_printf(
                      arena, "%s_back(m, %s%s%s%s, g, %sw)", emit->name,
                      c_state_thunk(emit),
                      elements(arena, "dy", count_real(emit, false), false), x,
                      n, elements(arena, "dx", count_real(emit, true), true)));
        arena_thunk(emit, "back_arena", "BACK_ARENA");
    }
    if (emit->states != 0) {
        thunk_open(emit, "reset", "const void *m, void *state, size_t n");
        thunk_close(emit,
                    arena_printf(arena, "%s_reset(m, state, n)", emit->name));
    }
    thunk_open(emit, "update", "void *m, void *g, double eta");
    thunk_close(emit,
                arena_printf(arena, "%s_update(m, g, %seta)", emit->name,
                             emit->model->dtype == DTYPE_f32 ? "(float)" : ""));
    arena_thunk(emit, "arena", "ARENA");
}

static uint64_t
source_hash(const Source *source)
{
    return source != NULL ? hash_text(source->text, source->size)
                          : HASH_NOTHING;
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
    model_thunks(emit, inputs, outputs);
    const char *path = model->source != NULL ? model->source->path : "";
    const char *slash = strrchr(path, '/');
    bool back = model->back != NULL;
    if (!test) {
        writer_raw(&emit->header, "\n/* The model as data, for flux.h's "
                                  "sessions and chains. */\n");
        writer_line(&emit->header, "extern const flux_model %s_model;",
                    emit->name);
    }
    writer_raw(writer, "\n");
    writer_line(writer, "%sconst flux_model %s_model = {",
                test ? "static " : "", emit->table);
    writer_line(writer, ".abi = FLUX_ABI,");
    writer_line(writer, ".dtype = %s,", flux_type(model->dtype));
    writer_line(writer, ".name = %s,", c_quoted(emit->arena, model->name));
    writer_line(writer, ".source = %s,",
                c_quoted(emit->arena, slash != NULL ? slash + 1 : path));
    writer_line(writer, ".source_hash = 0x%016llx,",
                (unsigned long long)source_hash(model->source));
    writer_line(writer, ".seed = %s_SEED,", emit->upper);
    writer_line(writer, ".bytes = sizeof(%s),", emit->name);
    writer_line(writer, ".grad_bytes = sizeof(%s_grad),", emit->name);
    if (model->params > 0) {
        writer_line(writer, ".nparam = %d,", model->params);
        writer_line(writer, ".param = %s_params,", emit->table);
    }
    writer_line(writer, ".ninput = %d,", inputs);
    writer_line(writer, ".input = %s_inputs,", emit->table);
    writer_line(writer, ".noutput = %d,", outputs);
    writer_line(writer, ".output = %s_outputs,", emit->table);
    static const char *const always[] = {"init", "forward", "update", "arena"};
    for (size_t i = 0; i < 4; i++)
        writer_line(writer, ".%s = %s_model_%s,", always[i], emit->table,
                    always[i]);
    if (emit->states != 0) {
        writer_line(writer, ".state = %s_STATE(1),", emit->upper);
        writer_line(writer, ".stepped = %d,", model->stepped);
        writer_line(writer, ".reset = %s_model_reset,", emit->table);
    }
    if (back) {
        writer_line(writer, ".back = %s_model_back,", emit->table);
        writer_line(writer, ".back_arena = %s_model_back_arena,", emit->table);
    }
    writer_line(writer, "};");
}

static void
state_table(Emit *emit, const Trainer *t)
{
    Writer *writer = &emit->source;
    Arena *arena = emit->arena;
    writer_raw(writer, "\n");
    writer_line(writer, "static const flux_param %s_state[] = {", t->name);
    const char *own[][3] = {{"eta", flux_type(emit->model->dtype), "0"},
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
        table_row(writer, entry, 6);
    }
    for (size_t i = 0; i < t->leaf.count; i++) {
        const Node *leaf = ir_node(t->step, t->leaf.item[i]);
        const char *entry[] = {c_quoted(arena, leaf->as.leaf.name),
                               flux_type(leaf->dtype),
                               arena_printf(arena, "%d", leaf->rank),
                               dims_text(arena, leaf->rank, leaf->dim),
                               arena_printf(arena, "offsetof(%s, %s)", t->name,
                                            t->member.item[i]->path),
                               "FLUX_NO_GRAD"};
        table_row(writer, entry, 6);
    }
    writer_line(writer, "};");
}

/* The input of a step that is none of the model's: the target. */
static const Node *
target_of(const Emit *emit, const Trainer *t)
{
    const Graph *g = t->step;
    for (size_t i = 0; i < g->leaf.count; i++) {
        const Node *leaf = ir_node(g, g->leaf.item[i]);
        bool known = leaf->op != OP_input;
        for (size_t k = 0; k < emit->forward->leaf.count; k++) {
            const Node *other =
                ir_node(emit->forward, emit->forward->leaf.item[k]);
            known =
                known || (other->op == OP_input &&
                          strcmp(other->as.leaf.name, leaf->as.leaf.name) == 0);
        }
        if (!known)
            return leaf;
    }
    return NULL;
}

static void
train_thunk(Emit *emit, const Trainer *t, const char *end, const char *target)
{
    Writer *writer = &emit->source;
    int inputs = 0;
    for (size_t i = 0; i < emit->forward->leaf.count; i++)
        inputs +=
            ir_node(emit->forward, emit->forward->leaf.item[i])->op == OP_input;
    writer_raw(writer, "\nstatic flux_status\n");
    writer_line(writer,
                "%s_thunk_train%s(void *s, void *m, const void *const *x, "
                "const %s *y, size_t n, void *loss, const flux_work *w)",
                t->name, end, target);
    writer_line(writer, "{");
    writer_line(writer, "return %s_train%s(s, m, %s%sy, n, loss, w);", t->name,
                end, c_state_thunk(emit),
                elements(emit->arena, "x", inputs, false));
    writer_line(writer, "}");
}

void
emit_trainer_table(Emit *emit, const Trainer *t)
{
    Writer *writer = &emit->source;
    const Node *target = target_of(emit, t);
    if (!emit->describable || emit->any_length || target == NULL)
        return;
    state_table(emit, t);
    writer_raw(writer, "\n");
    writer_line(writer, "static const flux_port %s_target[] = {", t->name);
    port_row(emit, writer, target->as.leaf.name, target);
    writer_line(writer, "};");
    writer_raw(writer, "\nstatic flux_status\n");
    writer_line(writer, "%s_thunk_init(void *s, uint64_t seed)", t->name);
    writer_line(writer, "{");
    writer_line(writer, "return %s_init(s, seed);", t->name);
    writer_line(writer, "}");
    train_thunk(emit, t, "", "void");
    if (t->labels != NULL)
        train_thunk(emit, t, "_labels", "int32_t");
    writer_raw(writer, "\nstatic size_t\n");
    writer_line(writer, "%s_thunk_arena(size_t n)", t->name);
    writer_line(writer, "{");
    writer_line(writer, "const size_t one = %s_ARENA(1);", t->upper);
    writer_raw(writer, "    if (n > SIZE_MAX / (one + 64))\n"
                       "        return SIZE_MAX;\n");
    writer_line(writer, "return %s_ARENA(n);", t->upper);
    writer_line(writer, "}");
    writer_raw(writer, "\nstatic flux_status\n");
    writer_line(writer, "%s_thunk_set_eta(void *s, double eta)", t->name);
    writer_line(writer, "{");
    writer_line(writer, "%s *step = s;", t->name);
    writer_line(writer, "step->eta = %seta;",
                emit->model->dtype == DTYPE_f32 ? "(float)" : "");
    writer_line(writer, "return FLUX_OK;");
    writer_line(writer, "}");
    writer_raw(&emit->header, "\n");
    writer_line(&emit->header, "extern const flux_trainer %s_trainer;",
                t->name);
    writer_raw(writer, "\n");
    writer_line(writer, "const flux_trainer %s_trainer = {", t->name);
    writer_line(writer, ".abi = FLUX_ABI,");
    writer_line(writer, ".name = %s,", c_quoted(emit->arena, t->trainer->name));
    writer_line(writer, ".model = &%s_model,", emit->name);
    writer_line(writer, ".target = %s_target,", t->name);
    writer_line(writer, ".takes_labels = %d,", t->labels != NULL);
    writer_line(writer, ".bytes = sizeof(%s),", t->name);
    writer_line(writer, ".nstate = %zu,", t->leaf.count + 3);
    writer_line(writer, ".state = %s_state,", t->name);
    static const char *const rows[] = {"init", "train", "arena", "set_eta"};
    for (size_t i = 0; i < 4; i++)
        writer_line(writer, ".%s = %s_thunk_%s,", rows[i], t->name, rows[i]);
    if (t->labels != NULL)
        writer_line(writer, ".train_labels = %s_thunk_train_labels,", t->name);
    writer_line(writer, "};");
}
