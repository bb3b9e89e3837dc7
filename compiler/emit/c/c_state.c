/* The states that the caller of a recurrent model keeps, NAME_STATE(n) numbers.
 *
 * They lie one behind another in one array, each as its samples. A function
 * that gets NULL for it takes the beginning of the arena instead, where it puts
 * the initial values.
 */
#include "emit/c/c_arguments.h"

#include <string.h>

bool
c_is_kept(const Emit *emit, const char *name)
{
    for (size_t i = 0; i < emit->state.count; i++)
        if (strcmp(emit->state.item[i].name, name) == 0)
            return true;
    return emit->state.count > 0 && strcmp(name, "fresh") == 0;
}

void
c_find_states(Emit *emit)
{
    const Graph *g = emit->model->forward;
    for (size_t i = 0; i < g->leaf.count; i++) {
        Ref ref = g->leaf.item[i];
        const Node *leaf = ir_node(g, ref);
        if (leaf->op != OP_state || !carried_is(g, ref))
            continue;
        State state = {leaf->as.leaf.name, emit->states};
        VEC_PUSH(emit->arena, &emit->state, state);
        emit->states = dim_add(g->dims, emit->states, ir_count(g, ref));
    }
    if (emit->state.count == 0)
        return;
    emit->alone = carried_fixed(g, true);
    emit->forward = carried_fixed(g, false);
}

/* Where the states that a schedule uses are in the argument. */
static void
place_states(Emit *emit, Function *f)
{
    Schedule *s = f->printer.s;
    const bool *used = schedule_used(s);
    for (size_t b = 0; b < s->buffer.count; b++) {
        Ref ref = c_buffer_leaf(s, b);
        if (!used[b] || ref == REF_NONE ||
            ir_node(s->graph, ref)->op != OP_state)
            continue;
        const char *name = ir_node(s->graph, ref)->as.leaf.name;
        for (size_t i = 0; i < emit->state.count; i++) {
            if (strcmp(emit->state.item[i].name, name) != 0)
                continue;
            VEC_PUSH(emit->arena, &f->kept, emit->state.item[i]);
            VEC_PUSH(emit->arena, &f->kept_buffer, (int)b);
        }
        if (strcmp(name, "fresh") != 0)
            continue;
        if (f->fresh == NULL)
            f->fresh = printer_typed(&f->printer, "fresh", "uint8_t ");
        f->printer.memory[b] = (Memory){f->fresh, true};
    }
}

static Dim
state_bytes(const Emit *emit)
{
    return dim_mul(emit->forward->dims, emit->states,
                   (Dim)dtype_size(emit->model->dtype));
}

Dim
c_state_room(const Emit *emit)
{
    return emit->state.count > 0
               ? dim_add(emit->forward->dims, state_bytes(emit), 64)
               : 0;
}

void
c_add_state(Emit *emit, Function *f, const char *m, bool stays)
{
    if (emit->state.count == 0)
        return;
    f->state = c_own_name(f, "state");
    f->state_stays = stays;
    f->state_type = emit->real;
    f->state_bytes = state_bytes(emit);
    f->reset = arena_printf(emit->arena, "%s_reset%s(%s, ", emit->name,
                            emit->device ? "_queue" : "", m);
    Argument a = {.type =
                      stays ? arena_printf(emit->arena, "const %s", emit->real)
                            : emit->real,
                  .name = f->state,
                  .pointer = true,
                  .output = !stays,
                  .buffer = -1};
    /* A size that all n share does not use n: it is marked so. */
    const char *numbers =
        dim_known(emit->states)
            ? c_dim(&f->printer, emit->states).text
            : arena_printf(emit->arena, "%s_STATE(%s)", emit->upper,
                           f->printer.dim_text[0]);
    a.bytes = arena_printf(emit->arena, "%s * sizeof *%s", numbers, f->state);
    function_add(f, a);
    place_states(emit, f);
}

/* "h_1" of "layer1.h{-1}". */
static const char *
pointer_wish(Arena *arena, const char *name)
{
    const char *dot = strrchr(name, '.');
    const char *field = dot != NULL ? dot + 1 : name;
    size_t length = strcspn(field, "{");
    int lag = (int)strcspn(field + length + 2, "}");
    return emit_c_name(arena, arena_printf(arena, "%.*s_%.*s", (int)length,
                                           field, lag, field + length + 2));
}

/* What a state's pointer is named; states with two buffers have one. */
static bool
is_named(Function *f, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (f->kept.item[k].name == f->kept.item[i].name) {
            f->printer.memory[f->kept_buffer.item[i]] =
                f->printer.memory[f->kept_buffer.item[k]];
            return true;
        }
    return false;
}

void
c_state_pointers(Function *f)
{
    Printer *printer = &f->printer;
    for (size_t i = 0; i < f->kept.count; i++) {
        const State *state = &f->kept.item[i];
        if (is_named(f, i))
            continue;
        const char *type =
            arena_printf(printer->arena, "%s%s *",
                         f->state_stays ? "const " : "", f->state_type);
        const char *name = printer_typed(
            printer, pointer_wish(printer->arena, state->name), type);
        printer->memory[f->kept_buffer.item[i]] = (Memory){name, false};
        if (state->before == 0)
            writer_line(printer->writer, "%s%s = %s;", type, name, f->state);
        else
            writer_line(printer->writer, "%s%s = &%s[%s];", type, name,
                        f->state, c_dim(printer, state->before).text);
    }
}

const char *
c_state_base(const Function *f)
{
    Printer printer = f->printer;
    if (f->state == NULL)
        return arena_printf(printer.arena, "%sflux_arena_base(%s)",
                            printer.device ? "(unsigned char *)" : "", f->work);
    return arena_printf(printer.arena,
                        "(unsigned char *)flux_arena_base(%s) + "
                        "FLUX_ALIGN(%s)",
                        f->work, c_dim(&printer, f->state_bytes).text);
}

void
c_state_default(Function *f)
{
    Printer *printer = &f->printer;
    Writer *writer = printer->writer;
    if (f->state == NULL || f->work == NULL)
        return;
    if (f->fresh != NULL)
        writer_line(writer, "const uint8_t %s = %s == NULL;", f->fresh,
                    f->state);
    writer_line(writer, "if (%s == NULL) {", f->state);
    const char *own = f->state;
    const char *type = "";
    if (f->state_stays) {
        own = printer_name(printer, "own");
        type = arena_printf(printer->arena, "%s *", f->state_type);
    }
    const char *cast =
        printer->device ? arena_printf(printer->arena, "(%s *)", f->state_type)
                        : "";
    writer_line(writer, "%s%s = %sflux_arena_base(%s);", type, own, cast,
                f->work);
    if (printer->device) {
        writer_line(writer,
                    "const cudaError_t error = %s%s, %s, "
                    "(cudaStream_t)%s->stream);",
                    f->reset, own, printer->dim_text[0], f->work);
        writer_raw(writer, "        if (error != cudaSuccess)\n"
                           "            return FLUX_GPU_STATUS(error);\n");
    } else {
        writer_line(writer, "%s%s, %s);", f->reset, own, printer->dim_text[0]);
    }
    if (f->state_stays)
        writer_line(writer, "%s = %s;", f->state, own);
    writer_line(writer, "}");
}

const char *
c_state_thunk(const Emit *emit)
{
    if (emit->state.count == 0)
        return "";
    if (!emit->device)
        return "w != NULL ? w->state : NULL, ";
    return arena_printf(emit->arena, "(%s *)(w != NULL ? w->state : NULL), ",
                        emit->real);
}

/* What is in the array, in order. */
static const char *
state_comment(const Emit *emit)
{
    const char *text = "";
    for (size_t i = 0; i < emit->state.count; i++)
        text = arena_printf(emit->arena, "%s%s%s", text, i > 0 ? ", " : "",
                            emit->state.item[i].name);
    return arena_printf(emit->arena,
                        "Numbers of state of n samples, which the caller keeps "
                        "from call to call: %s, each of all samples.",
                        text);
}

/* NAME_STATE(n), as a constant expression. */
static void
state_macro(Emit *emit, Function *f)
{
    Printer sized = f->printer;
    sized.dim_text[0] =
        arena_printf(emit->arena, "(size_t)(%s)", f->printer.dim_text[0]);
    Expr numbers = c_dim(&sized, emit->states);
    writer_raw(&emit->header, "\n");
    writer_comment(&emit->header, state_comment(emit));
    writer_macro(&emit->header,
                 arena_printf(emit->arena, "%s_STATE(%s)", emit->upper,
                              f->printer.dim_text[0]),
                 c_at_least(&sized, numbers, PREC_primary));
}

bool
emit_state(Emit *emit)
{
    if (emit->state.count == 0)
        return true;
    const Graph *g = pass_optimise(carried_initial(emit->model->forward),
                                   emit->options->pass);
    Schedule *s = c_loops(emit, g, false);
    if (s == NULL)
        return false;
    Function f =
        function_start(emit, s, c_function_name(emit, emit->name, "reset"));
    f.printer.comment = NULL;
    f.printer.check = NULL;
    c_name_tables(&f);
    const char *m = c_own_name(&f, "m");
    c_add_struct(emit, &f, emit->name, m, true);
    c_add_state(emit, &f, m, false);
    f.argument.item[f.argument.count - 1].required = true;
    f.argument.item[f.argument.count - 1].size = f.state_bytes;
    function_add(&f, (Argument){.type = "size_t",
                                .name = f.printer.dim_text[0],
                                .buffer = -1});
    c_place_params(emit, &f, m, NULL);
    if (!emit->device)
        state_macro(emit, &f);
    writer_raw(&emit->header, "\n/* The state before the first step. */\n");
    function_prototype(&f, &emit->header);
    if (emit->device)
        f.queue = arena_printf(emit->arena, "%s_reset_queue", emit->name);
    c_define(emit, &f);
    return true;
}
