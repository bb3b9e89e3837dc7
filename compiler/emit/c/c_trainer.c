/* The struct and the functions of a trainer: init and the step. */
#include "emit/c/c_arguments.h"
#include "emit/c/c_device.h"

#include <string.h>

/* The number of members that are no states. */
enum { OWN = -2 };

/* States are members of s, but for the step's own eta and step. */
static void
trainer_places(Function *f, const Trainer *t, const char *state)
{
    Schedule *s = f->printer.s;
    Map number = {.arena = f->printer.arena};
    for (size_t i = 0; i < t->leaf.count; i++)
        map_put(&number, ir_node(t->step, t->leaf.item[i])->as.leaf.name,
                (int)i);
    for (size_t b = 0; b < s->buffer.count; b++) {
        Ref ref = c_buffer_leaf(s, b);
        if (ref == REF_NONE || ir_node(s->graph, ref)->op != OP_state)
            continue;
        const char *name = ir_node(s->graph, ref)->as.leaf.name;
        int i = map_get(&number, name);
        if (i >= 0)
            c_place_member(f, b, state, t->member.item[i]);
        if (strcmp(name, "eta") == 0 || strcmp(name, "step") == 0)
            f->printer.memory[b] = (Memory){
                arena_printf(f->printer.arena, "%s->%s", state, name), true};
    }
}

void
c_train_arguments(Emit *emit, const Trainer *t, Function *f,
                  const Argument *labels)
{
    const char *state = c_own_name(f, "step");
    const char *m = c_own_name(f, "m");
    c_add_struct(emit, f, t->name, state, false);
    c_add_struct(emit, f, emit->name, m, false);
    c_add_state(emit, f, m, false);
    c_add_inputs(f, emit->forward, true);
    if (labels == NULL)
        c_add_inputs(f, emit->forward, false);
    else
        function_add(f, *labels);
    c_add_dims(emit, f);
    c_add_outputs(f, true);
    c_add_work(f);
    f->pool = "flux_pool_for_step";
    f->trains = true;
}

/* Counts the inputs of a step that are none of the model's, and takes the last
 * one.
 */
static void
find_targets(const Emit *emit, Trainer *t)
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
        if (known)
            continue;
        t->target = leaf;
        t->targets++;
    }
}

/* The arena's bytes that the targets of labels take, from one multiple of 64 to
 * the next.
 */
static Dim
target_room(const Trainer *t)
{
    return t->classes > 0 ? dim_add(t->step->dims, c_target_bytes(t), 64) : 0;
}

/* Bytes that suffice for both forms of a step. */
static Sizes
trainer_bytes(const Trainer *t, const Schedule *s)
{
    Sizes sizes = c_arena_bytes(s);
    Dim more = target_room(t);
    sizes_grow(&sizes, s->dims, more);
    if (sizes.count == 0 && more != 0)
        sizes_add(&sizes, s->dims,
                  (Size){.bytes = {dim_add(s->dims, more, 64)}});
    return sizes;
}

/* A trainer and its targets. */
static Trainer
trainer_of(const Emit *emit, const EmitTrainer *trainer, const Graph *step)
{
    Trainer t = {.trainer = trainer, .step = step};
    find_targets(emit, &t);
    t.classes = t.targets == 1 ? trainer->classes : 0;
    return t;
}

Dim
c_trainer_room(const Emit *emit, const EmitTrainer *trainer, const Graph *step)
{
    Trainer t = {0};
    if (trainer != NULL)
        t = trainer_of(emit, trainer, step);
    Dim targets = trainer != NULL ? target_room(&t) : 0;
    return dim_add(step->dims, targets, c_state_room(emit));
}

Sizes
c_trainer_bytes(const Emit *emit, const EmitTrainer *trainer, const Schedule *s)
{
    Trainer t = trainer_of(emit, trainer, s->graph);
    return trainer_bytes(&t, s);
}

static Function
emit_train(Emit *emit, Trainer *t, Schedule *s)
{
    Function f =
        function_start(emit, s, c_function_name(emit, t->name, "train"));
    c_train_arguments(emit, t, &f, NULL);
    c_name_tables(&f);
    c_place_params(emit, &f, f.argument.item[1].name, NULL);
    trainer_places(&f, t, f.argument.item[0].name);
    f.seed = arena_printf(emit->arena, "%s->seed", f.argument.item[0].name);
    f.shared = t->classes > 0;
    writer_raw(&emit->header, "\n");
    writer_comment(
        &emit->header,
        arena_printf(emit->arena,
                     "One step on n samples%s; *loss is the mean "
                     "over them, before the update.%s",
                     f.state == NULL ? "" : ", from their states to the next",
                     c_ranges_text(&f)));
    function_prototype(&f, &emit->header);
    writer_raw(&emit->header,
               f.shared ? "\n/* Bytes of arena that either needs for n "
                          "samples. */\n"
                        : "\n/* Bytes of arena it needs for n samples. */\n");
    c_define_arena(emit, &f, c_macro_name(emit, t->upper, "ARENA"),
                   trainer_bytes(t, s), true);
    c_define(emit, &f);
    if (emit->device)
        cuda_device_note(emit, &f, t);
    return f;
}

static const char *
state_text(void *user, const Member *member, const char **comment)
{
    const Trainer *t = user;
    const Node *leaf = ir_node(t->step, t->leaf.item[member->number]);
    Arena *arena = &t->step->context->arena;
    *comment = "";
    if (leaf->rank == 0)
        return arena_printf(arena, "%s %s;", c_type(leaf->dtype), member->name);
    const char *extent = "";
    bool empty = false;
    for (int a = 0; a < leaf->rank; a++)
        empty = empty || leaf->dim[a] == 0;
    for (int a = 0; a < leaf->rank; a++)
        extent = arena_printf(arena, "%s%s%lld", extent, a > 0 ? " * " : "",
                              (long long)leaf->dim[a]);
    return arena_printf(arena, "%s %s[%s];", c_type(leaf->dtype), member->name,
                        empty ? "1" : extent);
}

static void
trainer_members(Emit *emit, Trainer *t)
{
    t->state = c_struct_new(emit->arena);
    static const char *const own[] = {"eta", "seed", "step"};
    for (size_t i = 0; i < 3; i++)
        c_struct_add(emit->arena, t->state, own[i], OWN);
    for (size_t i = 0; i < t->step->leaf.count; i++) {
        Ref ref = t->step->leaf.item[i];
        const Node *leaf = ir_node(t->step, ref);
        const char *name = leaf->as.leaf.name;
        if (leaf->op != OP_state || strcmp(name, "eta") == 0 ||
            strcmp(name, "step") == 0 || c_is_kept(emit, name))
            continue;
        VEC_PUSH(emit->arena, &t->leaf, ref);
        VEC_PUSH(
            emit->arena, &t->member,
            c_struct_add(emit->arena, t->state, name, (int)t->leaf.count - 1));
    }
}

/* Bytes of the states in a member. */
static int64_t
member_bytes(const Trainer *t, const Member *member)
{
    int64_t bytes = 0;
    for (const Member *m = member->first; m != NULL; m = m->next)
        bytes += member_bytes(t, m);
    if (member->number < 0)
        return bytes;
    const Node *leaf = ir_node(t->step, t->leaf.item[member->number]);
    int64_t count = 1;
    for (int a = 0; a < leaf->rank; a++)
        count *= leaf->dim[a];
    return (count > 0 ? count : 1) * (int64_t)dtype_size(leaf->dtype);
}

/* What stands behind a moment, so that the next one lies in cache lines as the
 * first does: a step reads and writes a vector of each in turn. Small moments
 * stay near each other.
 */
static void
moment_gap(Emit *emit, Trainer *t, const Member *moment)
{
    enum { LINE = 64, LARGE = 4096 };
    const Member *next = moment->next;
    int64_t size = (int64_t)dtype_size(emit->model->dtype);
    int64_t bytes = member_bytes(t, moment);
    if (next == NULL || next->number == OWN || bytes < LARGE ||
        bytes % LINE == 0)
        return;
    const Member *gap = c_struct_add(emit->arena, t->state, "gap", OWN);
    writer_line(&emit->header,
                "%s %s[%lld]; /* %s begins at a cache line, if all does */",
                emit->real, gap->name,
                (long long)((LINE - bytes % LINE) / size), next->name);
}

/* The moments come first: they begin where the struct does. */
static void
trainer_struct(Emit *emit, Trainer *t)
{
    Writer *header = &emit->header;
    const Member *step = t->state->first->next->next;
    writer_raw(header, "\n/* What a training step keeps from one call to the "
                       "next. */\n");
    writer_line(header, "typedef struct %s {", t->name);
    for (const Member *m = step->next; m != NULL && m->number != OWN;
         m = m->next) {
        Member moment = *m;
        moment.next = NULL;
        const Member only = {.first = &moment};
        c_struct_print(header, &only, state_text, t);
        moment_gap(emit, t, m);
    }
    writer_line(header, "%s eta;", emit->real);
    writer_line(header, "uint64_t seed;");
    writer_line(header, "int32_t step;");
    writer_line(header, "} %s;", t->name);
}

static void
trainer_init(Emit *emit, const Trainer *t)
{
    Writer *writer = &emit->source;
    writer_raw(&emit->header, "\n/* Zero moments, the source's eta. */\n");
    writer_line(&emit->header, "flux_status %s_init(%s *s, uint64_t seed);",
                t->name, t->name);
    writer_raw(writer, "\nflux_status\n");
    writer_line(writer, "%s_init(%s *s, uint64_t seed)", t->name, t->name);
    writer_line(writer, "{");
    writer_raw(writer, "    if (s == NULL)\n        return FLUX_E_NULL;\n");
    writer_line(writer, "memset(s, 0, sizeof *s);");
    writer_line(writer, "s->eta = %s;",
                c_number(emit->arena, emit->model->dtype, t->trainer->eta));
    writer_line(writer, "s->seed = seed;");
    writer_line(writer, "return FLUX_OK;");
    writer_line(writer, "}");
}

/* The schedule of a step, whose first output is the loss. */
static Schedule *
trainer_schedule(Emit *emit, const Trainer *t, const Graph *step)
{
    const ScheduleOptions options = c_loop_options(emit, true);
    Ref loss = step->output.item[0].ref;
    Dim more = c_trainer_room(emit, t->trainer, step);
    return c_schedule(emit, c_function_name(emit, t->name, "train"), step,
                      loss + 1, more, &options);
}

bool
emit_trainer(Emit *emit, const EmitTrainer *trainer)
{
    const Graph *g = c_step_graph(emit, trainer->step);
    if (g == NULL)
        return false;
    Trainer t = trainer_of(emit, trainer, g);
    t.name = c_trainer_name(emit, trainer);
    t.upper = c_upper(emit->arena, t.name);
    trainer_members(emit, &t);
    if (emit->device) {
        cuda_trainer_init(emit, &t);
    } else {
        trainer_struct(emit, &t);
        trainer_init(emit, &t);
    }
    Schedule *step = trainer_schedule(emit, &t, t.step);
    if (step == NULL)
        return false;
    Function train = emit_train(emit, &t, step);
    if (t.classes > 0)
        emit_train_labels(emit, &t, &train);
    emit_trainer_table(emit, &t);
    return true;
}
