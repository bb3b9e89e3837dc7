/* Kernels in CUDA, and their launches.
 *
 * Loops that stand one inside the other, each alone in the body around it, are
 * threads: one for each turn of all of them. What is inside the innermost is
 * printed as C. What a kernel names of what is in scope around its launch
 * becomes its parameters.
 */
#include "emit/cuda_print.h"

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

/* Ends the threads that are too many, and gives the others their turn, or 16 of
 * them the same one.
 */
static void
print_thread(Printer *printer, const Nest *nest)
{
    Writer *writer = printer->writer;
    const char *name;
    if (nest->count == 0) {
        cuda_guard(writer, "flux_thread()",
                   printer->lanes != NULL ? "16" : "1");
        return;
    }
    if (nest->count == 1) {
        const LoopVar *var = &printer->s->var.item[nest->var[0]];
        name = printer_var(printer, var);
        printer->var[nest->var[0]] = name;
    } else {
        name = printer_name(printer, "index");
    }
    writer_line(writer, "const size_t %s = flux_thread()%s;", name,
                printer->lanes != NULL ? " / 16" : "");
    cuda_guard(writer, name, c_dim(printer, cuda_turns(printer, nest)).text);
    if (nest->count > 1)
        cuda_indices(printer, nest, name);
}

/* The number of a block among those of one turn of a nest. */
static const char *
print_block(Printer *printer, const Nest *nest, const char *tiles)
{
    if (nest->count == 0)
        return "flux_block()";
    const char *index = printer_name(printer, "index");
    const char *block = printer_name(printer, "block");
    writer_line(printer->writer, "const size_t %s = flux_block() / %s;", index,
                tiles);
    writer_line(printer->writer, "const size_t %s = flux_block() %% %s;", block,
                tiles);
    cuda_indices(printer, nest, index);
    return block;
}

/* The statements of a kernel as the body of a loop that is run once. */
static Stmt
group_of(Printer *printer, const Block *block, size_t from, size_t count)
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

/* The mathematics above a kernel: of each statement, or of all as one. */
static void
print_head(Printer *printer, const Stmt *group, bool one)
{
    Writer *writer = printer->writer;
    printer->writer = printer->parts;
    writer_raw(printer->parts, "\n");
    size_t comments = one ? 1 : group->body.count;
    for (size_t i = 0; i < comments && printer->comment != NULL; i++)
        printer->comment(printer, one ? group : group->body.item[i]);
    printer->writer = writer;
}

static void
print_launch(Printer *printer, uint32_t tag, const char *launch)
{
    Writer *writer = printer->writer;
    const char *condition = "";
    if (tag != 0 && printer->condition != NULL)
        condition = arena_printf(printer->arena, " && (%s)",
                                 printer->condition(printer, tag));
    cuda_launch(writer, condition, launch);
}

size_t
cuda_kernel_length(Printer *printer, const Block *block, size_t from)
{
    EpilogueVars var;
    if (cuda_epilogue(printer, block, from, &var) != NULL)
        return 2;
    return schedule_kernel(printer->s, block, from);
}

/* Prints a product that blocks make in tiles; how many blocks. */
static const char *
print_tiles(Printer *printer, const Stmt *call, const Nest *nest)
{
    Dim turns = cuda_turns(printer, nest);
    Expr count = c_dim(printer, turns);
    const char *tiles = cuda_tiles(printer, call->product, count.text);
    cuda_call(printer, call, print_block(printer, nest, tiles), count.text);
    return turns == 1
               ? tiles
               : arena_printf(printer->arena, "%s * %s",
                              c_at_least(printer, count, PREC_multiply), tiles);
}

/* Prints an element of a product, or one of other turns, which 16 threads may
 * share; how many threads.
 */
static const char *
print_turn(Printer *printer, const Stmt *call, const Stmt *turn, Nest *nest)
{
    if (call != NULL)
        cuda_call_nest(call->product, nest);
    Dim threads = cuda_turns(printer, nest);
    if (call == NULL && cuda_has_lanes(printer, nest, turn)) {
        printer->lanes = turn;
        threads = dim_mul(printer->s->dims, 16, threads);
    }
    print_thread(printer, nest);
    if (call != NULL)
        cuda_call(printer, call, NULL, NULL);
    else
        printer_block(printer, turn);
    printer->lanes = NULL;
    return c_dim(printer, threads).text;
}

void
cuda_kernel(Printer *printer, const Block *block, size_t from, size_t count)
{
    Writer *writer = printer->writer;
    Stmt group = group_of(printer, block, from, count);
    size_t scope = c_scope_mark(&printer->scope);
    Nest nest = {0};
    const Stmt *inner =
        count == 1 ? cuda_nest(printer, &nest, block->item[from]) : NULL;
    const Stmt *call = call_of(inner, block->item[from]);
    EpilogueVars var;
    Stmt *epilogue = cuda_epilogue(printer, block, from, &var);
    Writer body;
    size_t parts = printer->parts->size;
    if (epilogue != NULL)
        group.var = var.loop[0];
    print_head(printer, &group, epilogue != NULL);
    writer_init(&body, printer->arena);
    body.depth = 1;
    printer->writer = &body;
    bool tiles =
        call != NULL && cuda_tiles(printer, call->product, "1") != NULL;
    const char *size =
        tiles
            ? print_tiles(printer, call, &nest)
            : print_turn(printer, call, inner != NULL ? inner : &group, &nest);
    if (call != NULL)
        cuda_epilogue_body(printer, call->product, epilogue,
                           epilogue != NULL ? &var : NULL);
    printer->writer = writer;
    c_scope_leave(&printer->scope, scope);
    if (cuda_turns(printer, &nest) == 0) {
        printer->parts->size = parts;
        printer->parts->text[parts] = 0;
        return;
    }
    PartText part = {.name = arena_printf(printer->arena, "%s_%d",
                                          printer->function, ++printer->part),
                     .body = body.text};
    const char *launch = cuda_kernel_function(
        printer, &part, tiles ? "FLUX_TILES" : "FLUX_EACH", size);
    if (tiles && nest.count == 0 && cuda_gemm(printer, call->product))
        launch = cuda_gemm_launch(printer, call->product, launch);
    print_launch(printer, group.tag, launch);
}
