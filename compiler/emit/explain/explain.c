/* fluxc explain: what the functions of a model do and cost.
 *
 * A function is its kernels, in the order of the C: a product, or a nest of
 * loops without one; or those of a GPU (explain_cuda.c).
 */
#include "emit/explain/explain.h"

#include "emit/c/c_arguments.h"
#include "emit/explain/explain_inner.h"

#include <string.h>

/* "12.8 M", "640", "602 kB": three digits. */
static const char *
scaled(Explain *e, double number, const char *unit)
{
    static const char *const prefix[] = {"", "k", "M", "G", "T", "P", "E"};
    size_t i = 0;
    for (; number >= 999.5 && i + 1 < sizeof prefix / sizeof *prefix; i++)
        number /= 1000;
    int digits = i == 0 || number >= 99.5 ? 0 : number >= 9.995 ? 1 : 2;
    bool space = i > 0 || *unit != 0;
    return arena_printf(e->s->arena, "%.*f%s%s%s", digits, number,
                        space ? " " : "", prefix[i], unit);
}

/* `behind` is the end of the line. */
static void
print_costs(Explain *e, const char *what, const Cost *cost, const char *behind)
{
    fprintf(e->file, "  %-27s %10s %10s %10s %10s%s\n", what,
            scaled(e, cost->operations, ""), scaled(e, cost->functions, ""),
            scaled(e, cost->read, "B"), scaled(e, cost->written, "B"), behind);
}

/* How often a kernel runs, where loops around it have others as well. */
static const char *
often(Explain *e, double times)
{
    return times > 1 ? arena_printf(e->s->arena, ", %.0f times", times) : "";
}

/* The blocks of a GPU's kernel, and the least time of all its launches. */
static const char *
device_text(Explain *e, const char *blocks, double times)
{
    const ExplainOptions *o = e->options;
    double computes = e->cost.operations / o->gflops * 1e-3;
    double moves = (e->cost.read + e->cost.written) / o->gigabytes * 1e-3;
    return arena_printf(e->s->arena, " %10s %9.3g%s", blocks,
                        computes > moves ? computes : moves, often(e, times));
}

static const char *
product_text(Explain *e, const Product *product)
{
    double size[3];
    for (int side = 0; side < 3; side++)
        size[side] = explain_side(e, product, side);
    if (product->end.kind == END_panels)
        return arena_printf(e->s->arena, "panels of %.0f x %.0f", size[0],
                            size[2]);
    if (product->end.kind == END_turned)
        return arena_printf(e->s->arena, "turn of %.0f x %.0f", size[0],
                            size[1]);
    if (product->maxima)
        return arena_printf(e->s->arena, "%.0f maxima of %.0f",
                            size[0] * size[1], size[2]);
    if (product->scatter)
        return arena_printf(e->s->arena, "%.0f columns of %.0f into %.0f",
                            size[2], size[0], size[1]);
    if (product->buffer[2] < 0)
        return arena_printf(e->s->arena, "%.0f sums of %.0f", size[0], size[2]);
    return arena_printf(e->s->arena, "product %.0f x %.0f x %.0f", size[0],
                        size[1], size[2]);
}

/* "loops over 64 x 128": the outermost ones, as far as each holds one. */
static const char *
loops_text(Explain *e, const Stmt *stmt)
{
    const char *text = "loops over";
    int shown = 0;
    if (stmt->kind != STMT_loop)
        return "one thread";
    while (stmt->kind == STMT_loop) {
        const Stmt *inner = NULL;
        const LoopVar *var = &e->s->var.item[schedule_var(e->s, stmt->var)];
        if (var->kind != VAR_block)
            text = arena_printf(e->s->arena, "%s%s%.0f", text,
                                shown++ > 0 ? " x " : " ",
                                explain_turns(e, stmt->var));
        size_t loops = 0;
        for (size_t i = 0; i < stmt->body.count; i++)
            if (stmt->body.item[i]->kind == STMT_loop) {
                inner = stmt->body.item[i];
                loops++;
            }
        if (loops != 1 || shown == 3)
            break;
        stmt = inner;
    }
    return text;
}

/* A buffer that a kernel reads and another one has made; -1: there is none. */
static int
buffer_between(const Explain *e, int maker)
{
    for (size_t b = 0; b < e->s->buffer.count; b++)
        if (e->read[b] > 0 && e->maker[b].number == maker)
            return (int)b;
    return -1;
}

/* Why a kernel is not one with those whose results it reads: a line for each
 * reason.
 */
static void
print_reasons(Explain *e, Stmt *kernel)
{
    const char *line = NULL;
    const char *last = "";
    int maker = e->kernels;
    int behind = 0; /* the last of them, which loops would join */
    while (--maker > 0) {
        int buffer = buffer_between(e, maker);
        if (buffer < 0)
            continue;
        const char *why =
            explain_why(e->s, e->maker[buffer].stmt, kernel, buffer);
        if (behind > 0 && kernel->kind == STMT_loop)
            why = arena_printf(e->s->arena,
                               "%d stands between, which it needs too", behind);
        behind = behind > 0 ? behind : maker;
        bool same = strcmp(why, last) == 0;
        if (line != NULL && !same)
            fprintf(e->file, "%s: %s\n", line, last);
        line = same ? arena_printf(e->s->arena, "%s, %d", line, maker)
                    : arena_printf(e->s->arena, "      reads %d", maker);
        last = why;
    }
    if (line != NULL)
        fprintf(e->file, "%s: %s\n", line, last);
}

void
explain_kernel(Explain *e, Stmt *const *stmt, size_t count, const char *blocks,
               double times)
{
    const char *text[COMMENT_LINES];
    const Source *source = NULL;
    Place place;
    explain_count(e, stmt, count, times);
    const char *what = e->own != NULL ? "narrow layers"
                       : stmt[0]->kind == STMT_call
                           ? product_text(e, stmt[0]->product)
                           : loops_text(e, stmt[0]);
    const char *behind =
        blocks != NULL ? device_text(e, blocks, times) : often(e, times);
    e->launches += times;
    print_costs(e, arena_printf(e->s->arena, "%d %s", ++e->kernels, what),
                &e->cost, behind);
    for (size_t k = 0; k < count; k++) {
        int lines = c_origins(e->printer, stmt[k], &source, &place, text);
        for (int i = 0; i < lines; i++)
            fprintf(e->file, "      %s\n", text[i]);
    }
    print_reasons(e, stmt[0]);
    for (size_t b = 0; b < e->s->buffer.count; b++)
        if (e->written[b] > 0)
            e->maker[b] = (Maker){stmt[0], e->kernels};
    e->total.operations += e->cost.operations;
    e->total.functions += e->cost.functions;
    e->total.read += e->cost.read;
    e->total.written += e->cost.written;
}

static bool
has_product(const Stmt *stmt)
{
    for (size_t i = 0; stmt->kind == STMT_loop && i < stmt->body.count; i++)
        if (stmt->body.item[i]->kind == STMT_call ||
            has_product(stmt->body.item[i]))
            return true;
    return false;
}

static void
print_block(Explain *e, const Block *block, double times)
{
    for (size_t i = 0; i < block->count; i++) {
        Stmt *stmt = block->item[i];
        if (has_product(stmt))
            print_block(e, &stmt->body, times * explain_turns(e, stmt->var));
        else if (stmt->kind == STMT_loop || stmt->kind == STMT_call)
            explain_kernel(e, &stmt, 1, NULL, times);
        else
            explain_count_beside(e, stmt, times);
    }
}

/* ---- one function ---- */

static void
print_ends(Explain *e)
{
    const ExplainOptions *o = e->options;
    print_costs(e, "in all", &e->total, "");
    if (o->target == TARGET_cuda)
        fprintf(e->file, "  %.0f launches\n", e->launches);
    fprintf(e->file, "  arena %lld bytes\n",
            (long long)sizes_value(&e->arena, e->s->dims, e->symbol));
    fprintf(e->file,
            "  at least %.3g us for operations at %g GFLOP/s, %.3g us for "
            "memory at %g GB/s\n",
            e->total.operations / o->gflops * 1e-3, o->gflops,
            e->memory / o->gigabytes * 1e-3, o->gigabytes);
}

/* One function of a model: what it is called, its graph, and how it is made. */
typedef struct {
    const char *name;
    const Graph *graph;
    Ref split; /* where the way back begins; 0: there is none */
    bool back; /* results may be left out */
    const EmitTrainer *trainer; /* NULL: no step */
} Part;

/* The schedule of a function's C, and the arena that it asks for. */
static Schedule *
part_schedule(Emit *emit, const Part *part, Sizes *arena)
{
    const Graph *g = part->graph;
    ScheduleOptions own = {.kernels = emit->options->target == TARGET_cuda,
                           .checks = emit->options->debug_nan};
    if (part->back)
        own.optional = c_optional(g);
    Schedule *s =
        part->split == 0
            ? schedule_graph(g, &own)
            : c_schedule(emit, part->name, g, part->split,
                         c_trainer_room(emit, part->trainer, g), &own);
    if (s == NULL)
        return NULL;
    *arena = part->trainer != NULL ? c_trainer_bytes(emit, part->trainer, s)
                                   : c_arena_bytes(s);
    c_add_states(emit, s, arena);
    return s;
}

static bool
explain_part(Emit *emit, const Part *part, const ExplainOptions *options,
             FILE *file)
{
    Context *context = emit->context;
    bool device = options->target == TARGET_cuda;
    Explain e = {.options = options, .file = file};
    Schedule *s =
        part->graph != NULL ? part_schedule(emit, part, &e.arena) : NULL;
    if (s == NULL)
        return false;
    Writer writer;
    Printer printer;
    writer_init(&writer, &context->scratch);
    printer_init(&printer, s, &writer);
    printer.math = options->math;
    e.printer = &printer;
    e.s = s;
    e.loads = ARENA_ARRAY(s->arena, AllRuns, s->buffer.count + 1);
    e.stores = ARENA_ARRAY(s->arena, AllRuns, s->buffer.count + 1);
    e.read = ARENA_ARRAY(s->arena, double, s->buffer.count + 1);
    e.written = ARENA_ARRAY(s->arena, double, s->buffer.count + 1);
    e.gathered = ARENA_ARRAY(s->arena, double, s->var.count + 1);
    e.maker = ARENA_ARRAY(s->arena, Maker, s->buffer.count + 1);
    for (int i = 0; i < DIM_SYMBOLS; i++)
        e.symbol[i] = options->samples;
    fprintf(file, "%s, %lld samples\n", part->name,
            (long long)options->samples);
    fprintf(file, "  %-27s %10s %10s %10s %10s%s\n", "kernel", "operations",
            "functions", "reads", "writes",
            device ? "     blocks  least us" : "");
    if (device)
        explain_cuda(&e);
    else
        print_block(&e, &s->body, 1);
    print_ends(&e);
    arena_free(&context->scratch);
    return true;
}

/* The step of a trainer; or, without one, forward or back. */
static bool
explain_function(Emit *emit, const EmitTrainer *trainer, bool back,
                 const ExplainOptions *options, FILE *file)
{
    const EmitModel *model = emit->model;
    Part part = {.trainer = trainer, .back = back};
    if (trainer != NULL) {
        part.name =
            c_function_name(emit, c_trainer_name(emit, trainer), "train");
        part.graph = c_step_graph(emit, trainer->step);
        if (part.graph != NULL)
            part.split = part.graph->output.item[0].ref + 1;
    } else if (back) {
        part.name = c_function_name(emit, emit->name, "back");
        part.graph = c_step_graph(emit, model->back);
        if (part.graph != NULL)
            part.split = part.graph->leaf.item[model->forward->leaf.count];
    } else {
        part.name = c_function_name(emit, emit->name, "forward");
        part.graph =
            pass_optimise(emit_here(emit, emit->forward), options->pass);
    }
    return explain_part(emit, &part, options, file);
}

bool
emit_explain(Context *context, const EmitModel *model,
             const ExplainOptions *options, FILE *file)
{
    const EmitOptions own = {.target = options->target,
                             .math = options->math,
                             .ram = options->ram,
                             .samples = options->samples,
                             .pass = options->pass};
    Emit emit = {.context = context,
                 .arena = &context->arena,
                 .model = model,
                 .options = &own,
                 .name = c_model_name(&context->arena, model),
                 .forward = model->forward,
                 .alone = model->forward};
    c_find_states(&emit);
    bool fine = explain_function(&emit, NULL, false, options, file);
    if (fine && model->back != NULL)
        fine = explain_function(&emit, NULL, true, options, file);
    for (int i = 0; fine && i < model->trainers; i++)
        fine =
            explain_function(&emit, &model->trainer[i], false, options, file);
    return fine;
}
