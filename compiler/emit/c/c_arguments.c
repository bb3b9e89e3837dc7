/* What the functions of a model share: their arguments, and where the buffers
 * of their schedules are: in arguments, or members of structs.
 */
#include "emit/c/c_arguments.h"
#include "emit/c/c_device.h"

#include <string.h>

ScheduleOptions
c_loop_options(const Emit *emit, bool work)
{
    bool meets = emit->device && emit->options->persistent && work;
    return (ScheduleOptions){.kernels = emit->device,
                             .meets = meets,
                             .checks = emit->options->debug_nan};
}

Schedule *
c_loops(const Emit *emit, const Graph *g, bool work)
{
    const ScheduleOptions options = c_loop_options(emit, work);
    return g != NULL ? schedule_graph(g, &options) : NULL;
}

const char *
c_function_name(const Emit *emit, const char *name, const char *end)
{
    return arena_printf(emit->arena, "%s_%s%s", name, end,
                        emit->device ? "_cuda" : "");
}

const char *
c_macro_name(const Emit *emit, const char *name, const char *end)
{
    return arena_printf(emit->arena, "%s_%s%s", name, end,
                        emit->device ? "_CUDA" : "");
}

void
c_define(const Emit *emit, Function *f)
{
    if (emit->device)
        cuda_function_define(f);
    else
        function_define(f);
}

Function
function_start(Emit *emit, Schedule *s, const char *name)
{
    Function f = {.name = name};
    printer_init(&f.printer, s, &emit->source);
    f.printer.comment = c_comment;
    f.printer.user = emit;
    f.printer.nests = emit->device ? NULL : emit->nests;
    f.printer.device = emit->device;
    f.printer.math = emit->options->math;
    if (emit->options->debug_nan)
        f.printer.check = c_nan_value;
    printer_name(&f.printer, emit->name);
    for (int i = 0; i < s->dims->symbols; i++)
        f.printer.dim_text[i] = printer_name(
            &f.printer, emit_c_name(emit->arena, s->dims->symbol[i]));
    return f;
}

bool
c_uses_random(const Schedule *s)
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

Ref
c_buffer_leaf(const Schedule *s, size_t buffer)
{
    const Buffer *b = &s->buffer.item[buffer];
    if (b->kind == BUFFER_leaf)
        return b->node;
    return b->kind == BUFFER_output ? s->graph->output.item[b->number].next
                                    : REF_NONE;
}

void
c_place_member(Function *f, size_t buffer, const char *object,
               const Member *member)
{
    const Schedule *s = f->printer.s;
    f->printer.memory[buffer] =
        (Memory){arena_printf(f->printer.arena, "%s->%s", object, member->path),
                 ir_node(s->graph, c_buffer_leaf(s, buffer))->rank == 0};
}

void
c_place_params(Emit *emit, Function *f, const char *m, const char *gradient)
{
    Schedule *s = f->printer.s;
    for (size_t b = 0; b < s->buffer.count; b++) {
        Ref ref = c_buffer_leaf(s, b);
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
        c_place_member(f, b, state ? gradient : m,
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

void
c_add_inputs(Function *f, const Graph *forward, bool of_forward)
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
        a.dtype = leaf->dtype;
        a.count = ir_count(s->graph, ref);
        a.ranged = ir_index_range(s->graph, ref, &a.least, &a.most);
        function_add(f, a);
    }
}

void
c_add_outputs(Function *f, bool required)
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

void
c_add_dims(Emit *emit, Function *f)
{
    const Graph *g = emit->forward;
    for (int i = 0; i < g->dims->symbols; i++) {
        if (i == 0 || c_uses_symbol(g, i))
            function_add(f, (Argument){.type = "size_t",
                                       .name = f->printer.dim_text[i],
                                       .buffer = -1});
    }
}

void
c_add_struct(Emit *emit, Function *f, const char *type, const char *name,
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

void
c_add_work(Function *f)
{
    f->work = printer_name(&f->printer, "w");
    f->printer.work = f->work;
    f->pool = "flux_pool_for";
    function_add(f, (Argument){.type = "const flux_work",
                               .name = f->work,
                               .pointer = true,
                               .buffer = -1});
}

void
c_add_states(const Emit *emit, const Schedule *s, Sizes *bytes)
{
    Dim states = c_state_room(emit);
    sizes_grow(bytes, s->dims, states);
    if (bytes->count == 0 && states != 0)
        sizes_add(bytes, s->dims, (Size){.bytes = {states}});
}

void
c_define_arena(Emit *emit, Function *f, const char *macro, Sizes bytes,
               bool print)
{
    Schedule *s = f->printer.s;
    const char *name[DIM_SYMBOLS];
    int names = 0;
    const char *formal = "";
    Function sized = *f;
    for (int i = 0; i < s->dims->symbols; i++) {
        const char *text = f->printer.dim_text[i];
        bool used = false;
        for (size_t a = 0; a < f->argument.count; a++)
            used = used || f->argument.item[a].name == text;
        if (!used)
            continue;
        name[names++] = text;
        formal = arena_printf(emit->arena, "%s%s%s", formal,
                              *formal != 0 ? ", " : "", text);
        sized.printer.dim_text[i] =
            arena_printf(emit->arena, "(size_t)(%s)", text);
    }
    if (f->state != NULL)
        c_add_states(emit, s, &bytes);
    Expr size = c_sizes(&sized.printer, &bytes);
    if (print)
        writer_macro(&emit->header,
                     arena_printf(emit->arena, "%s(%s)", macro, formal),
                     c_at_least(&f->printer, size, PREC_primary));
    if (bytes.count == 0 && f->state == NULL)
        return;
    const char *actual = "";
    for (int i = 0; i < names; i++)
        actual = arena_printf(emit->arena, "%s%s%s", actual, i > 0 ? ", " : "",
                              c_mentions(size.text, name[i]) ? name[i] : "0");
    f->arena = arena_printf(emit->arena, "%s(%s)", macro, actual);
}

const char *
c_own_name(Function *f, const char *wish)
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

void
c_name_tables(Function *f)
{
    Printer *printer = &f->printer;
    const char *wish = arena_printf(printer->arena, "%s_table", f->name);
    if (printer->device) /* behind the kernels, which may be none */
        c_tables_named(printer, wish);
    else
        c_tables(printer, wish);
}
