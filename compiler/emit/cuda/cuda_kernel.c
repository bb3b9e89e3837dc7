/* Kernels in CUDA, and their launches.
 *
 * Loops that stand one inside the other, each alone in the body around it, are
 * threads: one for each turn of all of them. What is inside the innermost is
 * printed as C. What a kernel names of what is in scope around its launch
 * becomes its parameters.
 */
#include "emit/cuda/cuda_print.h"

#include <string.h>

/* Adds a loop's variable to a nest; false where its turns are not threads. */
static bool
nest_add(const Printer *printer, Nest *nest, const Stmt *stmt)
{
    const Schedule *s = printer->s;
    if (nest->count == NEST_VARS || !schedule_is_parallel(s, stmt) ||
        s->var.item[schedule_var(s, stmt->var)].kind != VAR_plain)
        return false;
    nest->var[nest->count++] = schedule_var(s, stmt->var);
    return true;
}

/* Whether a loop inside has no turns. */
static bool
is_idle(const Schedule *s, const Stmt *stmt)
{
    bool idle = false;
    for (size_t i = 0; i < stmt->body.count && !idle; i++) {
        const Stmt *inner = stmt->body.item[i];
        idle = inner->kind == STMT_loop &&
               (s->var.item[schedule_var(s, inner->var)].extent == 0 ||
                is_idle(s, inner));
    }
    return idle;
}

Stmt *
cuda_nest(const Printer *printer, Nest *nest, Stmt *stmt)
{
    Stmt *inner = NULL;
    *nest = (Nest){0};
    while (nest_add(printer, nest, stmt)) {
        inner = stmt;
        if (stmt->body.count != 1 || stmt->locals != 0 ||
            stmt->body.item[0]->tag != stmt->tag)
            break;
        stmt = stmt->body.item[0];
    }
    nest->idle = inner != NULL && is_idle(printer->s, inner);
    return inner;
}

Dim
cuda_turns(const Printer *printer, const Nest *nest)
{
    const Schedule *s = printer->s;
    Dim turns = 1;
    for (int i = 0; i < nest->count; i++)
        turns = dim_mul(s->dims, turns, s->var.item[nest->var[i]].extent);
    return turns;
}

void
cuda_indices(Printer *printer, const Nest *nest, const char *index)
{
    const Schedule *s = printer->s;
    for (int i = 0; i < nest->count; i++)
        printer->var[nest->var[i]] =
            printer_var(printer, &s->var.item[nest->var[i]]);
    Dim below = 1; /* turns of the faster ones */
    for (int i = nest->count; i-- > 0;) {
        Dim extent = s->var.item[nest->var[i]].extent;
        const char *text = index;
        if (below != 1)
            text = arena_printf(
                printer->arena, "%s / %s", text,
                c_at_least(printer, c_dim(printer, below), PREC_unary));
        if (i > 0)
            text = arena_printf(
                printer->arena, "%s %% %s", text,
                c_at_least(printer, c_dim(printer, extent), PREC_unary));
        writer_line(printer->writer, "const size_t %s = %s;",
                    printer->var[nest->var[i]], text);
        if (nest->idle)
            writer_line(printer->writer, "(void)%s;",
                        printer->var[nest->var[i]]);
        below = dim_mul(s->dims, below, extent);
    }
}

void
cuda_guard(Writer *writer, const char *index, const char *count)
{
    writer_line(writer, "if (%s >= %s)", index, count);
    writer->depth++;
    writer_line(writer, "return;");
    writer->depth--;
}

void
cuda_open_turns(Printer *printer, const char *name, const char *count)
{
    const char *each = printer->lanes != NULL ? " / 16" : "";
    Writer *writer = printer->writer;
    if (printer->grid == NULL) {
        writer_line(writer, "const size_t %s = flux_thread()%s;", name, each);
        cuda_guard(writer, name, count);
        return;
    }
    writer_line(writer,
                "for (size_t %s = flux_thread()%s; %s < %s; %s += "
                "flux_grid_threads()%s) {",
                name, each, name, count, name, each);
}

/* Ends the threads that are too many, and gives the others their turn, or 16 of
 * them the same one.
 */
static void
print_thread(Printer *printer, const Nest *nest)
{
    Writer *writer = printer->writer;
    const char *name;
    if (nest->count == 0) {
        const char *threads = printer->lanes != NULL ? "16" : "1";
        if (printer->grid == NULL)
            cuda_guard(writer, "flux_thread()", threads);
        else
            writer_line(writer, "if (flux_thread() < %s) {", threads);
        return;
    }
    if (nest->count == 1) {
        const LoopVar *var = &printer->s->var.item[nest->var[0]];
        name = printer_var(printer, var);
        printer->var[nest->var[0]] = name;
    } else {
        name = printer_name(printer, "index");
    }
    cuda_open_turns(printer, name,
                    c_dim(printer, cuda_turns(printer, nest)).text);
    if (nest->count > 1)
        cuda_indices(printer, nest, name);
}

/* The number of a block among those of one turn of a nest; there are so many,
 * and so many in all.
 */
static const char *
print_block(Printer *printer, const Nest *nest, const char *tiles,
            const char *all)
{
    const char *block = "flux_block()";
    if (printer->grid != NULL)
        block = cuda_grid_loop(printer, all);
    if (nest->count == 0)
        return block;
    const char *index = printer_name(printer, "index");
    const char *own = printer_name(printer, "block");
    writer_line(printer->writer, "const size_t %s = %s / %s;", index, block,
                tiles);
    writer_line(printer->writer, "const size_t %s = %s %% %s;", own, block,
                tiles);
    cuda_indices(printer, nest, index);
    return own;
}

/* The statements of a kernel as the body of a loop that is run once. */
Stmt
cuda_statements(Printer *printer, const Block *block, size_t from, size_t count)
{
    Stmt group = {.kind = STMT_loop, .tag = block->item[from]->tag};
    for (size_t i = from; i < from + count; i++)
        VEC_PUSH(printer->arena, &group.body, block->item[i]);
    return group;
}

static const Stmt *
call_of(const Stmt *inner, const Stmt *first)
{
    if (inner != NULL && inner->body.count == 1)
        first = inner->body.item[0];
    return first->kind == STMT_call ? first : NULL;
}

/* "&a, &b" of "a, b". */
static const char *
addresses_of(Arena *arena, const char *names)
{
    const char *text = "";
    while (*names != 0) {
        size_t length = strcspn(names, ",");
        text = arena_printf(arena, "%s%s&%.*s", text, *text != 0 ? ", " : "",
                            (int)length, names);
        names += length + strspn(names + length, ", ");
    }
    return text;
}

const char *
cuda_kernel_function(Printer *printer, PartText *part, const char *how,
                     const char *size)
{
    Writer *to = printer->parts;
    part_names(printer, part);
    writer_line(to, "%s __global__ void",
                printer->by_name ? "extern \"C\"" : "static");
    writer_line(to, "%s(%s)", part->name, part->formal);
    writer_line(to, "{");
    writer_raw(to, part->body);
    writer_line(to, "}");
    return arena_printf(
        printer->arena, "%s(%s, %s, stream, %s)", how, part->name, size,
        printer->by_name ? addresses_of(printer->arena, part->actual)
                         : part->actual);
}

/* The mathematics above a kernel or phase: of each statement, or of all as
 * one. Whether it is a mark as well.
 */
static bool
print_head(Printer *printer, const Stmt *group, bool one)
{
    size_t comments = one ? 1 : group->body.count;
    bool marked = false;
    printer->phase = printer->grid != NULL;
    for (size_t i = 0; i < comments && printer->comment != NULL; i++)
        marked |= printer->comment(printer, one ? group : group->body.item[i]);
    printer->phase = false;
    return marked;
}

/* The condition under which a kernel has something to do; NULL: always. */
static const char *
condition_of(Printer *printer, uint32_t tag)
{
    return tag != 0 && printer->condition != NULL
               ? printer->condition(printer, tag)
               : NULL;
}

void
cuda_kernel_launch(Printer *printer, uint32_t tag, const char *launch)
{
    const char *condition = condition_of(printer, tag);
    if (condition != NULL)
        condition = arena_printf(printer->arena, " && (%s)", condition);
    cuda_launch(printer->writer, condition != NULL ? condition : "", launch);
}

size_t
cuda_kernel_length(Printer *printer, const Block *block, size_t from)
{
    EpilogueVars var;
    if (cuda_epilogue(printer, block, from, &var) != NULL)
        return 2;
    size_t count = schedule_kernel(printer->s, block, from);
    return count > 1 ? count : cuda_joined(printer, block, from);
}

/* A kernel's statements, as far as they say what its threads are. */
typedef struct {
    Stmt group;
    Nest nest;
    const Stmt *inner; /* the innermost loop of the nest, or NULL */
    const Stmt *call;  /* what it does, or NULL */
    bool joined;       /* statements with such nests of their own */
    bool tiles;        /* which blocks make */
    Stmt *epilogue;
    EpilogueVars var;
} Kernel;

static Kernel
kernel_of(Printer *printer, const Block *block, size_t from, size_t count)
{
    Kernel k = {.group = cuda_statements(printer, block, from, count)};
    Nest nest;
    k.joined = count > 1 && cuda_turn_nest(printer, block->item[from], &nest);
    if (count == 1)
        k.inner = cuda_nest(printer, &k.nest, block->item[from]);
    if (k.joined)
        k.group.var = nest.var[0];
    k.call = call_of(k.inner, block->item[from]);
    k.tiles = k.call != NULL &&
              cuda_tiles_of(printer, k.call->product).kind != TILES_none;
    k.epilogue = cuda_epilogue(printer, block, from, &k.var);
    if (k.epilogue != NULL)
        k.group.var = k.var.loop[0];
    return k;
}

/* Prints a product that blocks make in tiles; how many blocks. */
static const char *
print_tiles(Printer *printer, const Kernel *k)
{
    Dim turns = cuda_turns(printer, &k->nest);
    Expr count = c_dim(printer, turns);
    const char *tiles = cuda_tiles(printer, k->call->product, count.text);
    const char *all = tiles;
    if (turns != 1)
        all = arena_printf(printer->arena, "%s * %s",
                           c_at_least(printer, count, PREC_multiply), tiles);
    if (printer->grid != NULL)
        cuda_grid_tiles(printer, all);
    cuda_call(printer, k->call, print_block(printer, &k->nest, tiles, all),
              count.text);
    return all;
}

/* Prints an element of a product, or one of other turns, which 16 threads may
 * share; how many threads.
 */
static const char *
print_turn(Printer *printer, Kernel *k)
{
    const Stmt *turn = k->inner != NULL ? k->inner : &k->group;
    if (k->joined)
        return cuda_joined_turns(printer, &k->group);
    if (k->call != NULL)
        cuda_call_nest(k->call->product, &k->nest);
    Dim threads = cuda_turns(printer, &k->nest);
    if (k->call == NULL && cuda_has_lanes(printer, &k->nest, turn)) {
        printer->lanes = turn;
        threads = dim_mul(printer->s->dims, 16, threads);
    }
    if (printer->grid != NULL)
        cuda_grid_turns(printer, threads);
    print_thread(printer, &k->nest);
    if (k->call != NULL)
        cuda_call(printer, k->call, NULL, NULL);
    else
        printer_block(printer, turn);
    printer->lanes = NULL;
    return c_dim(printer, threads).text;
}

/* What the threads do; how many threads or blocks there are. */
static const char *
print_work(Printer *printer, Kernel *k)
{
    const char *size =
        k->tiles ? print_tiles(printer, k) : print_turn(printer, k);
    if (k->call != NULL)
        cuda_epilogue_body(printer, k->call->product, k->epilogue,
                           k->epilogue != NULL ? &k->var : NULL);
    return size;
}

/* A phase of the kernel that is being printed. */
static void
print_phase(Printer *printer, Kernel *k)
{
    Writer *writer = printer->writer;
    const char *condition = condition_of(printer, k->group.tag);
    if (condition != NULL)
        writer_line(writer, "if (%s) {", condition);
    bool marked =
        print_head(printer, &k->group, k->epilogue != NULL || k->joined);
    print_work(printer, k);
    writer_line(writer, "}");
    if (marked)
        writer_raw(writer, LINES_END);
    if (condition != NULL)
        writer_line(writer, "}");
}

/* A kernel of its own, and its launch. */
static void
print_kernel(Printer *printer, Kernel *k)
{
    Writer *writer = printer->writer;
    Writer body;
    writer_raw(printer->parts, "\n");
    printer->writer = printer->parts;
    print_head(printer, &k->group, k->epilogue != NULL || k->joined);
    writer_init(&body, printer->arena);
    body.depth = 1;
    printer->writer = &body;
    size_t scope = c_scope_mark(&printer->scope);
    const char *size = print_work(printer, k);
    printer->writer = writer;
    c_scope_leave(&printer->scope, scope);
    PartText part = {.name = arena_printf(printer->arena, "%s_%d",
                                          printer->function, ++printer->part),
                     .body = body.text};
    const char *launch = cuda_kernel_function(
        printer, &part, k->tiles ? "FLUX_TILES" : "FLUX_EACH", size);
    if (k->tiles && k->nest.count == 0 && cuda_gemm(printer, k->call->product))
        launch = cuda_gemm_launch(printer, k->call->product, launch);
    cuda_kernel_launch(printer, k->group.tag, launch);
}

bool
cuda_turn_nest(Printer *printer, Stmt *stmt, Nest *nest)
{
    const Stmt *inner = cuda_nest(printer, nest, stmt);
    return inner != NULL && call_of(inner, stmt) == NULL &&
           !cuda_has_lanes(printer, nest, inner);
}

void
cuda_kernel(Printer *printer, const Block *block, size_t from, size_t count)
{
    Kernel k = kernel_of(printer, block, from, count);
    Nest all = k.nest;
    if (k.joined)
        cuda_turn_nest(printer, block->item[from], &all);
    if (k.call != NULL && !k.tiles)
        cuda_call_nest(k.call->product, &all);
    if (cuda_turns(printer, &all) == 0)
        return;
    size_t scope = c_scope_mark(&printer->scope);
    if (printer->grid != NULL)
        print_phase(printer, &k);
    else
        print_kernel(printer, &k);
    c_scope_leave(&printer->scope, scope);
}
