/* The functions of a model: init, forward, back, update. */
#include "emit/c/c_arguments.h"
#include "emit/c/c_device.h"

const char *
c_ranges_text(const Function *f)
{
    Arena *arena = f->printer.arena;
    const char *text = "";
    for (size_t i = 0; i < f->argument.count; i++) {
        const Argument *a = &f->argument.item[i];
        const bool first = *text == 0;
        if (a->ranged)
            text = arena_printf(arena, "%s%s of %s%s %lld to %lld", text,
                                first ? " The elements" : ",", a->name,
                                first ? " are" : "", (long long)a->least,
                                (long long)a->most);
    }
    return *text == 0 ? text : arena_printf(arena, "%s.", text);
}

bool
emit_forward(Emit *emit)
{
    Schedule *s = c_loops(emit, emit->forward, true);
    if (s == NULL)
        return false;
    Function f =
        function_start(emit, s, c_function_name(emit, emit->name, "forward"));
    const char *m = c_own_name(&f, "m");
    c_name_tables(&f);
    c_add_struct(emit, &f, emit->name, m, true);
    c_add_state(emit, &f, m, false);
    c_add_inputs(&f, emit->forward, true);
    c_add_dims(emit, &f);
    c_add_outputs(&f, true);
    c_add_work(&f);
    c_place_params(emit, &f, m, NULL);
    f.seeded_by_work = c_uses_random(s);
    f.seed = arena_printf(emit->arena, "%s->seed", f.work);
    writer_raw(&emit->header,
               "\n/* Bytes of arena that forward needs for n samples. */\n");
    c_define_arena(emit, &f, c_macro_name(emit, emit->upper, "ARENA"),
                   c_arena_bytes(s), true);
    writer_raw(&emit->header, "\n");
    const char *states = "";
    if (f.state != NULL)
        states = arena_printf(emit->arena,
                              " The steps begin with what *%s holds, which "
                              "becomes the state behind them; NULL: with the "
                              "initial state.",
                              f.state);
    writer_comment(&emit->header,
                   arena_printf(emit->arena, "%s for n samples.%s%s",
                                emit->model->name, c_ranges_text(&f), states));
    function_prototype(&f, &emit->header);
    c_define(emit, &f);
    if (emit->device)
        cuda_device_note(emit, &f, NULL);
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

uint32_t
c_optional(const Graph *back)
{
    uint32_t optional = 0;
    for (size_t o = 0; o < back->output.count && o < 31; o++) {
        if (back->output.item[o].next == REF_NONE)
            optional |= 1u << o;
    }
    return optional;
}

bool
emit_back(Emit *emit)
{
    const Graph *g = c_step_graph(emit, emit->model->back);
    if (g == NULL)
        return false;
    ScheduleOptions options = c_loop_options(emit, true);
    options.optional = c_optional(g);
    Ref split = g->leaf.item[emit->model->forward->leaf.count];
    const char *name = c_function_name(emit, emit->name, "back");
    Schedule *s =
        c_schedule(emit, name, g, split, c_state_room(emit), &options);
    if (s == NULL)
        return false;
    Function f = function_start(emit, s, name);
    const char *m = c_own_name(&f, "m");
    const char *gradient = c_own_name(&f, "g");
    f.printer.condition = back_condition;
    c_name_tables(&f);
    c_add_struct(emit, &f, emit->name, m, true);
    c_add_state(emit, &f, m, true);
    c_add_inputs(&f, emit->forward, false);
    c_add_inputs(&f, emit->forward, true);
    c_add_dims(emit, &f);
    c_add_struct(emit, &f, arena_printf(emit->arena, "%s_grad", emit->name),
                 gradient, false);
    c_add_outputs(&f, false);
    c_add_work(&f);
    c_place_params(emit, &f, m, gradient);
    f.seeded_by_work = c_uses_random(s);
    f.seed = arena_printf(emit->arena, "%s->seed", f.work);
    writer_raw(&emit->header,
               "\n/* Bytes of arena that back needs for n samples. */\n");
    c_define_arena(emit, &f, c_macro_name(emit, emit->upper, "BACK_ARENA"),
                   c_arena_bytes(s), true);
    const char *states =
        f.state != NULL
            ? " The steps begin with what *state holds, which stays, and into "
              "which no gradient goes."
            : "";
    writer_raw(&emit->header, "\n");
    writer_comment(&emit->header,
                   arena_printf(emit->arena,
                                "back!: adds the gradients of the parameters "
                                "to *g. The gradients of inputs are written "
                                "where they are not NULL.%s",
                                states));
    function_prototype(&f, &emit->header);
    c_define(emit, &f);
    return true;
}

/* The initialisers with their results in the model's type. */
static const Graph *
init_graph(Emit *emit)
{
    const Graph *from = emit->model->init;
    if (from == NULL)
        return ir_graph(emit->context, emit->forward->dims, "init");
    Graph *g = ir_graph_like(emit_here(emit, from));
    Ref *map = ARENA_ARRAY(g->arena, Ref, from->node.count + 1);
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

static const char *
table_name(const Emit *emit, int param)
{
    return arena_printf(emit->arena, "%s_data%d%s", emit->name, param + 1,
                        emit->device ? "_cuda" : "");
}

/* Parameters without a recipe: they are copied from tables. */
static bool *
tabled_params(const Emit *emit, const Graph *g)
{
    bool *tabled = ARENA_ARRAY(emit->arena, bool, emit->model->params + 1);
    Map made = {.arena = emit->arena};
    for (size_t o = 0; o < g->output.count; o++)
        map_put(&made, g->output.item[o].name, (int)o);
    for (int i = 0; i < emit->model->params; i++)
        tabled[i] = map_get(&made, emit->model->param[i].path) < 0 &&
                    emit->model->param[i].data != NULL;
    return tabled;
}

static void
init_tables(Emit *emit, const bool *tabled)
{
    Writer *writer = emit->device ? &emit->device_part : &emit->source;
    for (int i = 0; i < emit->model->params; i++) {
        const EmitParam *param = &emit->model->param[i];
        if (!tabled[i])
            continue;
        long long count = (long long)tensor_count(param->data);
        writer_raw(writer, "\n");
        c_table(writer,
                arena_printf(emit->arena, "static %sconst %s %s[%lld]",
                             emit->device ? "__device__ " : "", emit->real,
                             table_name(emit, i), count > 0 ? count : 1),
                param->data);
    }
}

void
c_init_copy(const Emit *emit, Writer *writer, int param)
{
    const char *path = emit->param[param]->path;
    bool single = emit->model->param[param].rank == 0;
    writer_line(writer, "m->%s%s = %s[%s];", path, single ? "" : "[i]",
                table_name(emit, param), single ? "0" : "i");
}

static void
init_copies(Emit *emit, const bool *tabled)
{
    Writer *writer = &emit->source;
    for (int i = 0; i < emit->model->params; i++) {
        const EmitParam *param = &emit->model->param[i];
        if (!tabled[i])
            continue;
        if (param->rank > 0)
            writer_line(writer, "for (size_t i = 0; i < %lld; i++) {",
                        (long long)tensor_count(param->data));
        c_init_copy(emit, writer, i);
        if (param->rank > 0)
            writer_line(writer, "}");
    }
}

/* The function of an init's schedule: its arguments, and where parameters are.
 */
static Function
init_function(Emit *emit, const Graph *g, Schedule *s)
{
    Function f =
        function_start(emit, s, c_function_name(emit, emit->name, "init"));
    c_scope_leave(&f.printer.scope, 0); /* it has no lengths */
    printer_name(&f.printer, emit->name);
    f.printer.check = NULL;
    f.seed = printer_name(&f.printer, "seed");
    f.printer.seed = f.seed;
    c_add_struct(emit, &f, emit->name, printer_name(&f.printer, "m"), false);
    function_add(&f,
                 (Argument){.type = "uint64_t", .name = "seed", .buffer = -1});
    for (size_t o = 0; o < g->output.count; o++) {
        int i = c_param(emit, g->output.item[o].name);
        f.printer.memory[s->output_buffer[o]] =
            (Memory){arena_printf(emit->arena, "m->%s", emit->param[i]->path),
                     emit->model->param[i].rank == 0};
    }
    c_name_tables(&f);
    return f;
}

static void
init_define(Emit *emit, Function *f, const bool *tabled)
{
    Writer *writer = &emit->source;
    Writer parts;
    size_t begin = writer->size;
    writer_init(&parts, emit->arena);
    f->printer.parts = &parts;
    f->printer.function = f->name;
    f->seldom = c_uses_random(f->printer.s);
    function_open(f);
    if (!f->seldom)
        writer_line(writer, "(void)seed;");
    writer_raw(writer, "    if (m == NULL)\n        return FLUX_E_NULL;\n");
    if (emit->model->params == 0)
        writer_line(writer, "m->none = 0;");
    init_copies(emit, tabled);
    printer_body(&f->printer);
    writer_line(writer, "return FLUX_OK;");
    writer_line(writer, "}");
    writer_insert(writer, begin, parts.text, parts.size);
}

bool
emit_init(Emit *emit)
{
    const Graph *g = init_graph(emit);
    Schedule *s = c_loops(emit, g, false);
    if (s == NULL)
        return false;
    Function f = init_function(emit, g, s);
    const bool *tabled = tabled_params(emit, g);
    init_tables(emit, tabled);
    writer_raw(&emit->header, "\n");
    writer_comment(&emit->header,
                   arena_printf(emit->arena,
                                "The initialisers of the source; %s_SEED gives "
                                "the script's weights.",
                                emit->upper));
    function_prototype(&f, &emit->header);
    if (emit->device)
        cuda_init_copies(emit, &f, tabled);
    else
        init_define(emit, &f, tabled);
    return true;
}

long long
c_param_count(const Emit *emit, int i)
{
    const EmitParam *param = &emit->model->param[i];
    long long count = 1;
    for (int a = 0; a < param->rank; a++)
        count *= (long long)param->dim[a];
    return count;
}

/* The update of one parameter, as a function; its call for each. */
static const char *
update_calls(Emit *emit)
{
    const char *name = arena_printf(
        emit->arena, "%s_array", c_function_name(emit, emit->name, "update"));
    Writer body;
    Writer calls;
    writer_init(&body, emit->arena);
    writer_init(&calls, emit->arena);
    body.depth = 1;
    calls.depth = 1;
    writer_line(&body, "for (size_t i = 0; i < count; i++) {");
    writer_line(&body, "p[i] -= eta * g[i];");
    writer_line(&body, "g[i] = %s;",
                c_number(emit->arena, emit->model->dtype, 0));
    writer_line(&body, "}");
    const PartText part = {
        .name = name,
        .formal =
            arena_printf(emit->arena, "%s *p, %s *g, size_t count, %s eta",
                         emit->real, emit->real, emit->real),
        .actual = "p, g, count, eta",
        .body = body.text,
        .comment = "One parameter's step."};
    part_for_each_isa(&emit->source, &part, "isa");
    writer_line(&calls, "const flux_isa isa = flux_best_isa();");
    for (int i = 0; i < emit->model->params; i++) {
        const char *at = emit->model->param[i].rank == 0 ? "&" : "";
        if (emit->grad[i] != NULL)
            writer_line(&calls, "%s_isa(isa, %sm->%s, %sg->%s, %lld, eta);",
                        name, at, emit->param[i]->path, at, emit->grad[i]->path,
                        c_param_count(emit, i));
    }
    return calls.text;
}

void
emit_update(Emit *emit)
{
    Writer *writer = &emit->source;
    bool trains = emit->grads->first != NULL;
    const char *name = c_function_name(emit, emit->name, "update");
    const char *formal = arena_printf(emit->arena, "%s *m, %s_grad *g, %s eta",
                                      emit->name, emit->name, emit->real);
    writer_raw(&emit->header, "\n/* update!: m -= eta * g; g = 0. */\n");
    writer_line(&emit->header, "flux_status %s(%s);", name, formal);
    const char *calls = emit->device ? cuda_update(emit, formal)
                        : trains     ? update_calls(emit)
                                     : "    g->none = 0;\n";
    writer_raw(writer, "\nflux_status\n");
    writer_line(writer, "%s(%s)", name, formal);
    writer_line(writer, "{");
    if (!c_mentions(calls, "eta"))
        writer_line(writer, "(void)eta;");
    writer_raw(writer, "    if (m == NULL || g == NULL)\n"
                       "        return FLUX_E_NULL;\n"
                       "    if (flux_overlap(m, sizeof *m, g, sizeof *g))\n"
                       "        return FLUX_E_OVERLAP;\n");
    if (emit->device) {
        cuda_launches(writer, NULL, calls);
    } else {
        writer_raw(writer, calls);
        writer_line(writer, "return FLUX_OK;");
    }
    writer_line(writer, "}");
}
