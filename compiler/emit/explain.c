/* fluxc explain: what the functions of a model do and cost.
 *
 * A function is its kernels, in the order of the C: a product, or a nest of
 * loops without one. Counted are operations on real numbers, elementary
 * functions, and the bytes of the elements that a kernel reads and writes, each
 * once, but for arrays of its own.
 */
#include "emit/explain.h"

#include "emit/c_emit.h"
#include "emit/explain_inner.h"

#include <string.h>

typedef struct {
    double operations;
    double functions;
    double read; /* bytes */
    double written;
} Cost;

/* The kernel that made a buffer's elements; number 0: none of this function. */
typedef struct {
    Stmt *stmt;
    int number;
} Maker;

typedef struct {
    Printer *printer;
    Schedule *s;
    const ExplainOptions *options;
    FILE *file;
    int64_t symbol[DIM_SYMBOLS];
    double *read; /* by buffer: elements, of the kernel now looked at */
    double *written;
    Maker *maker; /* by buffer */
    int kernels;  /* so far */
    Cost cost;    /* of the kernel */
    Cost total;
    double memory; /* bytes of the caller's that must be moved */
} Explain;

static double
number_of(const Explain *e, Dim dim)
{
    return (double)dim_value(e->s->dims, dim, e->symbol);
}

static double
turns_of(const Explain *e, int number)
{
    const LoopVar *var = &e->s->var.item[schedule_var(e->s, number)];
    if (var->kind == VAR_block)
        return 1; /* what lies within it goes through the whole axis */
    return number_of(e, var->kind == VAR_derived ? var->mod : var->extent);
}

/* ---- counting ---- */

static bool
is_function(Op op)
{
    return op == OP_pow || (op >= OP_exp && op <= OP_gelu);
}

static bool
is_operation(Op op)
{
    return (op >= OP_add && op <= OP_min) || op == OP_neg || op == OP_abs ||
           op == OP_sqrt;
}

static void
count_let(Explain *e, const Value *value, double times)
{
    if (value->kind == VALUE_sum)
        e->cost.operations += times * turns_of(e, value->sum_var);
    else if (value->kind == VALUE_map && is_function(value->op))
        e->cost.functions += times;
    else if (value->kind == VALUE_map && dtype_real(value->dtype) &&
             is_operation(value->op))
        e->cost.operations += times;
}

/* The rows of a product, its columns or its terms, over all their axes. */
static double
side_of(const Explain *e, const Product *product, int side)
{
    double count =
        product->var[side] >= 0 ? turns_of(e, product->var[side]) : 1;
    for (int i = 0; i < product->axes[side]; i++)
        count *= turns_of(e, product->more[side][i]);
    return count;
}

static void
count_product(Explain *e, const Product *product, double times)
{
    static const int each[] = {[END_set] = 0, [END_add] = 1, [END_step] = 2};
    if (product->end.kind == END_panels)
        return;
    double terms = side_of(e, product, 2) * (product->buffer[2] < 0 ? 1 : 2);
    times *= side_of(e, product, 0) * side_of(e, product, 1);
    e->cost.operations += times * (terms + each[product->end.kind]);
}

static void
count(Explain *e, const Stmt *stmt, double times)
{
    switch (stmt->kind) {
    case STMT_loop:
        times *= turns_of(e, stmt->var);
        for (size_t i = 0; i < stmt->body.count; i++)
            count(e, stmt->body.item[i], times);
        break;
    case STMT_let:
        count_let(e, &e->s->value.item[stmt->value], times);
        break;
    case STMT_step:
        e->cost.operations += times * (stmt->factor >= 0 ? 2 : 1);
        break;
    case STMT_call:
        count_product(e, stmt->product, times);
        break;
    case STMT_derive:
    case STMT_store:
    case STMT_init:
        break;
    }
}

/* Notes how many elements of a buffer an access touches. */
static void
note_access(void *user, int *buffer, Affine *at, bool store)
{
    Explain *e = user;
    double elements = 1;
    double most = number_of(e, e->s->buffer.item[*buffer].count);
    for (int i = 0; i < at->count; i++)
        if (!at->term[i].minus)
            elements *= turns_of(e, at->term[i].var);
    double *noted = store ? &e->written[*buffer] : &e->read[*buffer];
    elements = elements < most ? elements : most;
    *noted = elements > *noted ? elements : *noted;
}

static void
add_bytes(Explain *e)
{
    for (size_t b = 0; b < e->s->buffer.count; b++) {
        const Buffer *buffer = &e->s->buffer.item[b];
        double size = (double)dtype_size(buffer->dtype);
        if (buffer->kind == BUFFER_temp && buffer->local)
            continue;
        e->cost.read += size * e->read[b];
        e->cost.written += size * e->written[b];
        if (buffer->kind != BUFFER_temp)
            e->memory += size * (e->read[b] + e->written[b]);
    }
}

/* ---- what is printed ---- */

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

static void
print_costs(Explain *e, const char *what, const Cost *cost)
{
    fprintf(e->file, "  %-27s %10s %10s %10s %10s\n", what,
            scaled(e, cost->operations, ""), scaled(e, cost->functions, ""),
            scaled(e, cost->read, "B"), scaled(e, cost->written, "B"));
}

static const char *
product_text(Explain *e, const Product *product)
{
    double size[3];
    for (int side = 0; side < 3; side++)
        size[side] = side_of(e, product, side);
    if (product->end.kind == END_panels)
        return arena_printf(e->s->arena, "panels of %.0f x %.0f", size[0],
                            size[2]);
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
    while (stmt->kind == STMT_loop) {
        const Stmt *inner = NULL;
        const LoopVar *var = &e->s->var.item[schedule_var(e->s, stmt->var)];
        if (var->kind != VAR_block)
            text =
                arena_printf(e->s->arena, "%s%s%.0f", text,
                             shown++ > 0 ? " x " : " ", turns_of(e, stmt->var));
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

static void
print_kernel(Explain *e, Stmt *stmt, double times)
{
    const char *text[COMMENT_LINES];
    const Source *source = NULL;
    Place place;
    bool product = stmt->kind == STMT_call;
    size_t buffers = e->s->buffer.count;
    e->cost = (Cost){0};
    memset(e->read, 0, buffers * sizeof *e->read);
    memset(e->written, 0, buffers * sizeof *e->written);
    count(e, stmt, times);
    schedule_accesses(e->s, stmt, note_access, e);
    if (product && (stmt->product->end.kind == END_add ||
                    stmt->product->end.kind == END_step))
        e->read[stmt->product->buffer[0]] =
            e->written[stmt->product->buffer[0]];
    add_bytes(e);
    const char *what =
        product ? product_text(e, stmt->product) : loops_text(e, stmt);
    print_costs(e, arena_printf(e->s->arena, "%d %s", ++e->kernels, what),
                &e->cost);
    int lines = c_origins(e->printer, stmt, &source, &place, text);
    for (int i = 0; i < lines; i++)
        fprintf(e->file, "      %s\n", text[i]);
    print_reasons(e, stmt);
    for (size_t b = 0; b < buffers; b++)
        if (e->written[b] > 0)
            e->maker[b] = (Maker){stmt, e->kernels};
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
            print_block(e, &stmt->body, times * turns_of(e, stmt->var));
        else if (stmt->kind == STMT_loop || stmt->kind == STMT_call)
            print_kernel(e, stmt, times);
        else
            count(e, stmt, times);
    }
}

/* ---- one function ---- */

static void
print_ends(Explain *e)
{
    const ExplainOptions *o = e->options;
    Sizes sizes = c_arena_bytes(e->s);
    print_costs(e, "in all", &e->total);
    fprintf(e->file, "  arena %lld bytes\n",
            (long long)sizes_value(&sizes, e->s->dims, e->symbol));
    fprintf(e->file,
            "  at least %.3g us for operations at %g GFLOP/s, %.3g us for "
            "memory at %g GB/s\n",
            e->total.operations / o->gflops * 1e-3, o->gflops,
            e->memory / o->gigabytes * 1e-3, o->gigabytes);
}

static bool
explain_graph(Context *context, const Graph *graph, bool back, const char *name,
              const ExplainOptions *options, FILE *file)
{
    const Graph *g =
        pass_optimise(ir_graph_in(&context->scratch, graph), options->pass);
    ScheduleOptions absent = {0};
    if (g != NULL && back)
        absent.optional = c_optional(g);
    Schedule *s = g != NULL ? schedule_graph(g, &absent) : NULL;
    if (s == NULL)
        return false;
    Writer writer;
    Printer printer;
    writer_init(&writer, &context->scratch);
    printer_init(&printer, s, &writer);
    Explain e = {.printer = &printer, .s = s, .options = options, .file = file};
    e.read = ARENA_ARRAY(s->arena, double, s->buffer.count + 1);
    e.written = ARENA_ARRAY(s->arena, double, s->buffer.count + 1);
    e.maker = ARENA_ARRAY(s->arena, Maker, s->buffer.count + 1);
    for (int i = 0; i < DIM_SYMBOLS; i++)
        e.symbol[i] = options->samples;
    fprintf(file, "%s, %lld samples\n", name, (long long)options->samples);
    fprintf(file, "  %-27s %10s %10s %10s %10s\n", "kernel", "operations",
            "functions", "reads", "writes");
    print_block(&e, &s->body, 1);
    print_ends(&e);
    arena_free(&context->scratch);
    return true;
}

bool
emit_explain(Context *context, const EmitModel *model,
             const ExplainOptions *options, FILE *file)
{
    Arena *arena = &context->arena;
    const char *forward = arena_printf(arena, "%s_forward", model->name);
    const char *back = arena_printf(arena, "%s_back", model->name);
    bool fine =
        explain_graph(context, model->forward, false, forward, options, file);
    if (fine && model->back != NULL)
        fine = explain_graph(context, model->back, true, back, options, file);
    for (int i = 0; fine && i < model->trainers; i++) {
        const EmitTrainer *t = &model->trainer[i];
        const char *name =
            arena_printf(arena, "%s_%s_train", model->name, t->name);
        fine = explain_graph(context, t->step, false, name, options, file);
    }
    return fine;
}
