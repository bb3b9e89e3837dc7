/* The functions of a model: init, forward, back, update. */
#include "emit/c_emit.h"

#include <string.h>

static Function
start(Emit *emit, Schedule *s, const char *name)
{
    Function f = {.name = name};
    printer_init(&f.printer, s, &emit->source);
    f.printer.comment = c_comment;
    f.printer.user = emit;
    if (emit->options->debug_nan)
        f.printer.check = c_nan_value;
    printer_name(&f.printer, emit->name);
    for (int i = 0; i < s->dims->symbols; i++)
        f.printer.dim_text[i] = printer_name(
            &f.printer, emit_c_name(emit->arena, s->dims->symbol[i]));
    return f;
}

static bool
uses_random(const Schedule *s)
{
    for (size_t i = 0; i < s->value.count; i++) {
        if (s->value.item[i].kind == VALUE_random)
            return true;
    }
    return false;
}

int
c_param(const Emit *emit, const char *path)
{
    return map_get(&emit->number, path);
}

/* Leaves of params are members of m, states of the same name members of g. */
static void
place_member(Function *f, int buffer, const char *object, const Member *member)
{
    const Graph *g = f->printer.s->graph;
    const Buffer *b = &f->printer.s->buffer.item[buffer];
    Ref ref =
        b->kind == BUFFER_output ? g->output.item[b->number].next : b->node;
    f->printer.memory[buffer] =
        (Memory){arena_printf(f->printer.arena, "%s->%s", object, member->path),
                 ir_node(g, ref)->rank == 0};
}

static void
place_params(Emit *emit, Function *f, const char *m, const char *gradient)
{
    Schedule *s = f->printer.s;
    for (size_t b = 0; b < s->buffer.count; b++) {
        const Buffer *buffer = &s->buffer.item[b];
        Ref ref = REF_NONE;
        if (buffer->kind == BUFFER_leaf)
            ref = buffer->node;
        else if (buffer->kind == BUFFER_output)
            ref = s->graph->output.item[buffer->number].next;
        if (ref == REF_NONE)
            continue;
        const Node *leaf = ir_node(s->graph, ref);
        int number =
            leaf->op == OP_input ? -1 : c_param(emit, leaf->as.leaf.name);
        if (number < 0)
            continue;
        bool state = leaf->op == OP_state;
        if (state && (gradient == NULL || emit->grad[number] == NULL))
            continue;
        place_member(f, (int)b, state ? gradient : m,
                     state ? emit->grad[number] : emit->param[number]);
    }
}

static Dim
node_bytes(const Schedule *s, Ref ref)
{
    return dim_mul(s->dims, ir_count(s->graph, ref),
                   (Dim)dtype_size(ir_node(s->graph, ref)->dtype));
}

static Argument
array_argument(Function *f, Ref ref, const char *name, bool output, int buffer)
{
    Schedule *s = f->printer.s;
    const Node *node = ir_node(s->graph, ref);
    Dim bytes = node_bytes(s, ref);
    return (Argument){
        .type = output ? c_type(node->dtype)
                       : arena_printf(f->printer.arena, "const %s",
                                      c_type(node->dtype)),
        .name = printer_name(&f->printer, emit_c_name(f->printer.arena, name)),
        .pointer = true,
        .single = node->rank == 0,
        .required = true,
        .output = output,
        .bytes = c_dim(&f->printer, bytes).text,
        .size = bytes,
        .buffer = buffer};
}

/* Inputs whose name begins, or does not begin, as `kind` says. */
static void
add_inputs(Function *f, const Graph *forward, bool of_forward, int64_t classes)
{
    Schedule *s = f->printer.s;
    for (size_t i = 0; i < s->graph->leaf.count; i++) {
        Ref ref = s->graph->leaf.item[i];
        const Node *leaf = ir_node(s->graph, ref);
        bool known = false;
        if (leaf->op != OP_input)
            continue;
        for (size_t k = 0; k < forward->leaf.count; k++) {
            const Node *other = ir_node(forward, forward->leaf.item[k]);
            known =
                known || (other->op == OP_input &&
                          strcmp(other->as.leaf.name, leaf->as.leaf.name) == 0);
        }
        if (known != of_forward)
            continue;
        Argument a = array_argument(f, ref, leaf->as.leaf.name, false,
                                    s->leaf_buffer[i]);
        if (!of_forward && leaf->dtype == DTYPE_i32)
            a.classes = classes;
        function_add(f, a);
    }
}

static void
add_outputs(Function *f, bool required)
{
    Schedule *s = f->printer.s;
    for (size_t o = 0; o < s->graph->output.count; o++) {
        const Output *output = &s->graph->output.item[o];
        if (output->next != REF_NONE)
            continue;
        Argument a = array_argument(f, output->ref, output->name, true,
                                    s->output_buffer[o]);
        a.required = required;
        function_add(f, a);
    }
}

bool
c_uses_symbol(const Graph *g, int symbol)
{
    bool used = false;
    for (Ref r = 0; r < (Ref)g->node.count; r++) {
        const Node *node = ir_node(g, r);
        for (int a = 0; a < node->rank; a++) {
            DimPoly poly = dim_poly(g->dims, node->dim[a]);
            for (size_t t = 0; t < poly.count; t++)
                used = used || poly.term[t].power[symbol] > 0;
        }
    }
    return used;
}

/* The batch's n and the other named dimensions that the model has. */
static void
add_dims(Emit *emit, Function *f)
{
    const Graph *g = emit->forward;
    for (int i = 0; i < g->dims->symbols; i++) {
        if (i == 0 || c_uses_symbol(g, i))
            function_add(f, (Argument){.type = "size_t",
                                       .name = f->printer.dim_text[i],
                                       .buffer = -1});
    }
}

static void
add_struct(Emit *emit, Function *f, const char *type, const char *name,
           bool constant)
{
    function_add(
        f, (Argument){.type = constant
                                  ? arena_printf(emit->arena, "const %s", type)
                                  : type,
                      .name = name,
                      .pointer = true,
                      .required = true,
                      .output = !constant,
                      .bytes = arena_printf(emit->arena, "sizeof *%s", name),
                      .buffer = -1});
}

static void
add_work(Emit *emit, Function *f)
{
    f->work = printer_name(&f->printer, "w");
    f->printer.work = f->work;
    function_add(f, (Argument){.type = "const flux_work",
                               .name = f->work,
                               .pointer = true,
                               .buffer = -1});
    (void)emit;
}

/* MLP_ARENA(n), and the macro in the header. */
static void
define_arena(Emit *emit, Function *f, const char *macro, Dim bytes, bool print)
{
    Schedule *s = f->printer.s;
    const char *formal = "";
    const char *actual = "";
    Function sized = *f;
    for (int i = 0; i < s->dims->symbols; i++) {
        const char *name = f->printer.dim_text[i];
        bool used = false;
        for (size_t a = 0; a < f->argument.count; a++)
            used = used || f->argument.item[a].name == name;
        if (!used)
            continue;
        formal = arena_printf(emit->arena, "%s%s%s", formal,
                              *formal != 0 ? ", " : "", name);
        actual = formal;
        sized.printer.dim_text[i] =
            arena_printf(emit->arena, "(size_t)(%s)", name);
    }
    Expr size = c_dim(&sized.printer, bytes);
    if (print)
        writer_macro(&emit->header,
                     arena_printf(emit->arena, "%s(%s)", macro, formal),
                     c_at_least(&f->printer, size, PREC_primary));
    if (s->slot.count > 0)
        f->arena = arena_printf(emit->arena, "%s(%s)", macro, actual);
}

static const char *
macro_name(Emit *emit, const char *end)
{
    return arena_printf(emit->arena, "%s_%s", emit->upper, end);
}

static const char *
function_name(Emit *emit, const char *end)
{
    return arena_printf(emit->arena, "%s_%s", emit->name, end);
}

/* User names come first in scope; `m` and the like then give way. */
static const char *
own_name(Function *f, const char *wish)
{
    const Graph *g = f->printer.s->graph;
    Arena *arena = f->printer.arena;
    const char *name = wish;
    for (int i = 2;; i++) {
        bool clash = false;
        for (size_t k = 0; k < g->leaf.count; k++) {
            const Node *leaf = ir_node(g, g->leaf.item[k]);
            clash = clash ||
                    (leaf->op == OP_input &&
                     strcmp(emit_c_name(arena, leaf->as.leaf.name), name) == 0);
        }
        for (size_t o = 0; o < g->output.count; o++)
            clash = clash || (g->output.item[o].next == REF_NONE &&
                              strcmp(emit_c_name(arena, g->output.item[o].name),
                                     name) == 0);
        if (!clash)
            return printer_name(&f->printer, name);
        name = arena_printf(arena, "%s%d", wish, i);
    }
}

/* A function's constant arrays begin with its name: a file has several. */
static void
name_tables(Function *f)
{
    c_tables(&f->printer, arena_printf(f->printer.arena, "%s_table", f->name));
}

bool
emit_forward(Emit *emit)
{
    Schedule *s = schedule_graph(emit->forward, NULL);
    if (s == NULL)
        return false;
    Function f = start(emit, s, function_name(emit, "forward"));
    const char *m = own_name(&f, "m");
    name_tables(&f);
    add_struct(emit, &f, emit->name, m, true);
    add_inputs(&f, emit->forward, true, 0);
    add_dims(emit, &f);
    add_outputs(&f, true);
    add_work(emit, &f);
    place_params(emit, &f, m, NULL);
    f.seeded_by_work = uses_random(s);
    f.seed = arena_printf(emit->arena, "%s->seed", f.work);
    writer_raw(&emit->header,
               "\n/* Bytes of arena that forward needs for n samples. */\n");
    define_arena(emit, &f, macro_name(emit, "ARENA"), c_arena_bytes(s), true);
    writer_raw(&emit->header, "\n");
    writer_comment(&emit->header, arena_printf(emit->arena, "%s for n samples.",
                                               emit->model->name));
    function_prototype(&f, &emit->header);
    function_define(&f);
    return true;
}

static const char *
back_condition(Printer *printer, uint32_t tag)
{
    const Graph *g = printer->s->graph;
    const char *text = "";
    for (size_t o = 0; o < g->output.count && o < 31; o++) {
        if ((tag >> o & 1) == 0)
            continue;
        text = arena_printf(printer->arena, "%s%s%s != NULL", text,
                            *text != 0 ? " || " : "",
                            printer->memory[printer->s->output_buffer[o]].text);
    }
    return text;
}

bool
emit_back(Emit *emit)
{
    const Graph *g = pass_optimise(emit->model->back, emit->options->pass);
    if (g == NULL)
        return false;
    ScheduleOptions options = {0};
    for (size_t o = 0; o < g->output.count && o < 31; o++) {
        if (g->output.item[o].next == REF_NONE)
            options.optional |= 1u << o;
    }
    Schedule *s = schedule_graph(g, &options);
    if (s == NULL)
        return false;
    Function f = start(emit, s, function_name(emit, "back"));
    const char *m = own_name(&f, "m");
    const char *gradient = own_name(&f, "g");
    f.printer.condition = back_condition;
    name_tables(&f);
    add_struct(emit, &f, emit->name, m, true);
    add_inputs(&f, emit->forward, false, 0);
    add_inputs(&f, emit->forward, true, 0);
    add_dims(emit, &f);
    add_struct(emit, &f, arena_printf(emit->arena, "%s_grad", emit->name),
               gradient, false);
    add_outputs(&f, false);
    add_work(emit, &f);
    place_params(emit, &f, m, gradient);
    f.seeded_by_work = uses_random(s);
    f.seed = arena_printf(emit->arena, "%s->seed", f.work);
    writer_raw(&emit->header,
               "\n/* Bytes of arena that back needs for n samples. */\n");
    define_arena(emit, &f, macro_name(emit, "BACK_ARENA"), c_arena_bytes(s),
                 true);
    writer_raw(&emit->header,
               "\n/* back!: adds the gradients of the parameters to *g. The "
               "gradients of inputs\n * are written where they are not "
               "NULL.\n */\n");
    function_prototype(&f, &emit->header);
    function_define(&f);
    return true;
}

/* The initialisers with their results in the model's type. */
static const Graph *
init_graph(Emit *emit)
{
    const Graph *from = emit->model->init;
    if (from == NULL)
        return ir_graph(emit->context, emit->forward->dims, "init");
    Graph *g = ir_graph_like(from);
    Ref *map = ARENA_ARRAY(emit->arena, Ref, from->node.count + 1);
    for (Ref r = 0; r < (Ref)from->node.count; r++)
        map[r] = ir_copy(g, from, r, map);
    for (size_t o = 0; o < from->output.count; o++) {
        const Output *output = &from->output.item[o];
        Ref ref = map[output->ref];
        if (c_param(emit, output->name) < 0)
            continue;
        if (ir_node(g, ref)->dtype != emit->model->dtype)
            ref = ir_cast(g, ref, emit->model->dtype);
        ir_output(g, output->name, ref, REF_NONE);
    }
    return pass_optimise(g, emit->options->pass);
}

/* Parameters without a recipe are copied from a table. */
static void
init_tables(Emit *emit, const Graph *g, bool tables, const char *m)
{
    Map made = {.arena = emit->arena};
    for (size_t o = 0; o < g->output.count; o++)
        map_put(&made, g->output.item[o].name, (int)o);
    for (int i = 0; i < emit->model->params; i++) {
        const EmitParam *param = &emit->model->param[i];
        if (map_get(&made, param->path) >= 0 || param->data == NULL)
            continue;
        long long count = (long long)tensor_count(param->data);
        const char *name =
            arena_printf(emit->arena, "%s_data%d", emit->name, i + 1);
        if (tables) {
            writer_raw(&emit->source, "\n");
            c_table(&emit->source,
                    arena_printf(emit->arena, "static const %s %s[%lld]",
                                 emit->real, name, count > 0 ? count : 1),
                    param->data);
        } else if (param->rank == 0) {
            writer_line(&emit->source, "%s->%s = %s[0];", m,
                        emit->param[i]->path, name);
        } else {
            writer_line(&emit->source, "for (size_t i = 0; i < %lld; i++) {",
                        count);
            writer_line(&emit->source, "%s->%s[i] = %s[i];", m,
                        emit->param[i]->path, name);
            writer_line(&emit->source, "}");
        }
    }
}

bool
emit_init(Emit *emit)
{
    const Graph *g = init_graph(emit);
    Schedule *s = g != NULL ? schedule_graph(g, NULL) : NULL;
    if (s == NULL)
        return false;
    Function f = start(emit, s, function_name(emit, "init"));
    f.printer.check = NULL;
    f.seed = printer_name(&f.printer, "seed");
    f.printer.seed = f.seed;
    add_struct(emit, &f, emit->name, printer_name(&f.printer, "m"), false);
    function_add(&f,
                 (Argument){.type = "uint64_t", .name = "seed", .buffer = -1});
    for (size_t o = 0; o < g->output.count; o++) {
        int i = c_param(emit, g->output.item[o].name);
        f.printer.memory[s->output_buffer[o]] =
            (Memory){arena_printf(emit->arena, "m->%s", emit->param[i]->path),
                     emit->model->param[i].rank == 0};
    }
    name_tables(&f);
    init_tables(emit, g, true, "m");
    writer_raw(&emit->header, "\n");
    writer_comment(&emit->header,
                   arena_printf(emit->arena,
                                "The initialisers of the source; %s_SEED gives "
                                "the script's weights.",
                                emit->upper));
    function_prototype(&f, &emit->header);
    Writer *writer = &emit->source;
    Writer parts;
    size_t begin = writer->size;
    writer_init(&parts, emit->arena);
    f.printer.parts = &parts;
    f.printer.function = f.name;
    writer_raw(writer, "\nflux_status\n");
    writer_line(writer, "%s(%s *m, uint64_t seed)", f.name, emit->name);
    writer_line(writer, "{");
    if (!uses_random(s))
        writer_line(writer, "(void)seed;");
    writer_raw(writer, "    if (m == NULL)\n        return FLUX_E_NULL;\n");
    if (emit->model->params == 0)
        writer_line(writer, "m->none = 0;");
    init_tables(emit, g, false, "m");
    printer_body(&f.printer);
    writer_line(writer, "return FLUX_OK;");
    writer_line(writer, "}");
    writer_insert(writer, begin, parts.text, parts.size);
    return true;
}

/* m -= eta * g; g = 0 for one parameter. */
static void
update_param(Emit *emit, int i)
{
    Writer *writer = &emit->source;
    const EmitParam *param = &emit->model->param[i];
    const char *zero = c_number(emit->arena, emit->model->dtype, 0);
    const char *at = param->rank == 0 ? "" : "[i]";
    long long count = 1;
    if (emit->grad[i] == NULL)
        return;
    for (int a = 0; a < param->rank; a++)
        count *= (long long)param->dim[a];
    if (param->rank > 0)
        writer_line(writer, "for (size_t i = 0; i %s %lld; i++) {",
                    count > 0 ? "<" : "!=", count);
    writer_line(writer, "m->%s%s -= eta * g->%s%s;", emit->param[i]->path, at,
                emit->grad[i]->path, at);
    writer_line(writer, "g->%s%s = %s;", emit->grad[i]->path, at, zero);
    if (param->rank > 0)
        writer_line(writer, "}");
}

/* Of many parameters, PART_NESTS at a time in functions of their own. */
static void
update_parts(Emit *emit)
{
    Writer *writer = &emit->source;
    for (int i = 0; i < emit->model->params; i++) {
        if (i % PART_NESTS == 0) {
            writer_raw(writer, "\nstatic FLUX_NOINLINE void\n");
            writer_line(writer, "%s_update_part%d(%s *m, %s_grad *g, %s eta)",
                        emit->name, i / PART_NESTS + 1, emit->name, emit->name,
                        emit->real);
            writer_line(writer, "{");
        }
        update_param(emit, i);
        if (i % PART_NESTS == PART_NESTS - 1 || i == emit->model->params - 1)
            writer_line(writer, "}");
    }
}

void
emit_update(Emit *emit)
{
    Writer *writer = &emit->source;
    bool trains = false;
    bool frozen = false;
    writer_raw(&emit->header, "\n/* update!: m -= eta * g; g = 0. */\n");
    writer_line(&emit->header,
                "flux_status %s_update(%s *m, %s_grad *g, %s "
                "eta);",
                emit->name, emit->name, emit->name, emit->real);
    for (int i = 0; i < emit->model->params; i++) {
        trains = trains || emit->grad[i] != NULL;
        frozen = frozen || emit->grad[i] == NULL;
    }
    bool parts = emit->model->params >= PART_FROM && !frozen;
    if (parts)
        update_parts(emit);
    writer_raw(writer, "\nflux_status\n");
    writer_line(writer, "%s_update(%s *m, %s_grad *g, %s eta)", emit->name,
                emit->name, emit->name, emit->real);
    writer_line(writer, "{");
    if (!trains)
        writer_line(writer, "(void)eta;");
    writer_raw(writer, "    if (m == NULL || g == NULL)\n"
                       "        return FLUX_E_NULL;\n"
                       "    if (flux_overlap(m, sizeof *m, g, sizeof *g))\n"
                       "        return FLUX_E_OVERLAP;\n");
    for (int i = 0; i < emit->model->params; i++) {
        if (!parts)
            update_param(emit, i);
        else if (i % PART_NESTS == 0)
            writer_line(writer, "%s_update_part%d(m, g, eta);", emit->name,
                        i / PART_NESTS + 1);
    }
    if (!trains)
        writer_line(writer, "g->none = 0;");
    writer_line(writer, "return FLUX_OK;");
    writer_line(writer, "}");
}

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
        const Buffer *buffer = &s->buffer.item[b];
        Ref ref = REF_NONE;
        if (buffer->kind == BUFFER_leaf)
            ref = buffer->node;
        else if (buffer->kind == BUFFER_output)
            ref = s->graph->output.item[buffer->number].next;
        if (ref == REF_NONE || ir_node(s->graph, ref)->op != OP_state)
            continue;
        const char *name = ir_node(s->graph, ref)->as.leaf.name;
        int i = map_get(&number, name);
        if (i >= 0)
            place_member(f, (int)b, state, t->member.item[i]);
        if (strcmp(name, "eta") == 0 || strcmp(name, "step") == 0)
            f->printer.memory[b] = (Memory){
                arena_printf(f->printer.arena, "%s->%s", state, name), true};
    }
}

static void
emit_train(Emit *emit, Trainer *t, Schedule *s, bool labels, Dim bytes)
{
    Function f = start(emit, s,
                       arena_printf(emit->arena, "%s_train%s", t->name,
                                    labels ? "_labels" : ""));
    const char *state = own_name(&f, "step");
    const char *m = own_name(&f, "m");
    name_tables(&f);
    add_struct(emit, &f, t->name, state, false);
    add_struct(emit, &f, emit->name, m, false);
    add_inputs(&f, emit->forward, true, 0);
    add_inputs(&f, emit->forward, false, t->trainer->classes);
    add_dims(emit, &f);
    add_outputs(&f, true);
    add_work(emit, &f);
    place_params(emit, &f, m, NULL);
    trainer_places(&f, t, state);
    f.seed = arena_printf(emit->arena, "%s->seed", state);
    if (labels)
        writer_raw(&emit->header, "\n/* The same for class numbers, from 0, "
                                  "instead of targets. */\n");
    else
        writer_raw(&emit->header,
                   "\n/* One step on n samples; *loss is the mean over them, "
                   "before the update. */\n");
    function_prototype(&f, &emit->header);
    if (!labels)
        writer_raw(&emit->header,
                   "\n/* Bytes of arena that either needs for n samples. */\n");
    define_arena(emit, &f, arena_printf(emit->arena, "%s_ARENA", t->upper),
                 bytes, !labels);
    function_define(&f);
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
trainer_struct(Emit *emit, Trainer *t)
{
    Writer *header = &emit->header;
    t->state = c_struct_new(emit->arena);
    static const char *const own[] = {"eta", "seed", "step"};
    for (size_t i = 0; i < 3; i++)
        c_struct_add(emit->arena, t->state, own[i], -2);
    Member *last = t->state->first->next->next;
    for (size_t i = 0; i < t->step->leaf.count; i++) {
        Ref ref = t->step->leaf.item[i];
        const Node *leaf = ir_node(t->step, ref);
        const char *name = leaf->as.leaf.name;
        if (leaf->op != OP_state || strcmp(name, "eta") == 0 ||
            strcmp(name, "step") == 0)
            continue;
        VEC_PUSH(emit->arena, &t->leaf, ref);
        VEC_PUSH(
            emit->arena, &t->member,
            c_struct_add(emit->arena, t->state, name, (int)t->leaf.count - 1));
    }
    writer_raw(header, "\n/* What a training step keeps from one call to the "
                       "next. */\n");
    writer_line(header, "typedef struct %s {", t->name);
    writer_line(header, "%s eta;", emit->real);
    writer_line(header, "uint64_t seed;");
    writer_line(header, "int32_t step;");
    Member rest = {.first = last->next};
    c_struct_print(header, &rest, state_text, t);
    writer_line(header, "} %s;", t->name);
}

/* Bytes that suffice for both forms of a step. */
static Dim
trainer_bytes(const Schedule *step, const Schedule *labels)
{
    Dim a = c_arena_bytes(step);
    Dim b = labels != NULL ? c_arena_bytes(labels) : 0;
    if (dim_at_most(step->dims, b, a))
        return a;
    return dim_at_most(step->dims, a, b) ? b : dim_add(step->dims, a, b);
}

bool
emit_trainer(Emit *emit, const EmitTrainer *trainer)
{
    Trainer t = {.trainer = trainer};
    t.name = arena_printf(emit->arena, "%s_%s", emit->name,
                          emit_c_name(emit->arena, trainer->name));
    char *upper = arena_printf(emit->arena, "%s", t.name);
    for (char *c = upper; *c != 0; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    t.upper = upper;
    t.step = pass_optimise(trainer->step, emit->options->pass);
    if (trainer->step_labels != NULL)
        t.labels = pass_optimise(trainer->step_labels, emit->options->pass);
    if (t.step == NULL || (trainer->step_labels != NULL && t.labels == NULL))
        return false;
    trainer_struct(emit, &t);
    writer_raw(&emit->header, "\n/* Zero moments, the source's eta. */\n");
    writer_line(&emit->header, "flux_status %s_init(%s *s, uint64_t seed);",
                t.name, t.name);
    Writer *writer = &emit->source;
    writer_raw(writer, "\nflux_status\n");
    writer_line(writer, "%s_init(%s *s, uint64_t seed)", t.name, t.name);
    writer_line(writer, "{");
    writer_raw(writer, "    if (s == NULL)\n        return FLUX_E_NULL;\n");
    writer_line(writer, "memset(s, 0, sizeof *s);");
    writer_line(writer, "s->eta = %s;",
                c_number(emit->arena, emit->model->dtype, trainer->eta));
    writer_line(writer, "s->seed = seed;");
    writer_line(writer, "return FLUX_OK;");
    writer_line(writer, "}");
    Schedule *step = schedule_graph(t.step, NULL);
    Schedule *labels = t.labels != NULL ? schedule_graph(t.labels, NULL) : NULL;
    if (step == NULL || (t.labels != NULL && labels == NULL))
        return false;
    Dim bytes = trainer_bytes(step, labels);
    emit_train(emit, &t, step, false, bytes);
    if (labels != NULL)
        emit_train(emit, &t, labels, true, bytes);
    emit_trainer_table(emit, &t);
    return true;
}
