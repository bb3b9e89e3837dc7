/* A schedule as one kernel (--persistent): what would be kernels are its
 * phases, in their order, and loops over steps stand in it. Each phase is a
 * loop over the turns that a thread does of it, or the tiles that a block does.
 *
 * All blocks of the grid run at once (kernels/flux_gpu_grid.h). They meet
 * before a phase that depends on one since the last meeting, where turn i of
 * each is the same thread's (cuda_join.c). For a loop over steps, the last
 * phases of a turn are such ones of the next.
 */
#include "emit/cuda/cuda_print.h"

#include <string.h>

static const char *const kinds[] = {"tile_f32", "tile_f64", "tensor_tile"};
enum { KINDS = sizeof kinds / sizeof *kinds };

struct CudaGrid {
    const char *name;  /* of the flux_grid, in C */
    const char *block; /* the number of the tile that is being printed */
    bool meets;        /* blocks do */
    Effects pending;
    VEC(Dim) turns; /* of phases, but for what is less than another */
    VEC(const char *) tiles;
    const char *shared[KINDS];
    bool shares[KINDS];
};

/* Lets a phase follow; whether blocks meet before it. */
static bool
follow(Printer *printer, Effects *pending, const Block *block, size_t from,
       size_t count)
{
    Effects own = {.s = printer->s};
    cuda_effects(printer, &own, block, from, count);
    bool meet = cuda_depend(pending, &own);
    if (meet)
        pending->effect.count = 0;
    cuda_add_effects(pending, &own);
    return meet;
}

/* Lets the turns of a loop follow. */
static void
follow_loop(Printer *printer, Effects *pending, const Block *block)
{
    for (size_t i = 0; i < block->count;) {
        size_t count = cuda_kernel_length(printer, block, i);
        if (schedule_is_step_loop(printer->s, block->item[i]))
            follow_loop(printer, pending, &block->item[i]->body);
        else
            follow(printer, pending, block, i, count);
        i += count;
    }
}

static void print_phases(Printer *printer, const Block *block);

/* Where a loop may have no turn, what came before it is still pending. */
static void
print_steps(Printer *printer, const Stmt *loop)
{
    CudaGrid *grid = printer->grid;
    Schedule *s = printer->s;
    size_t scope = c_scope_mark(&printer->scope);
    Effects before = {.s = s};
    Effects turn = {.s = s};
    cuda_add_effects(&before, &grid->pending);
    follow_loop(printer, &turn, &loop->body);
    cuda_add_effects(&grid->pending, &turn);
    if (printer->writer->text[printer->writer->size - 2] != '{')
        writer_raw(printer->writer, "\n");
    printer_loop(printer, loop, false);
    print_phases(printer, &loop->body);
    writer_line(printer->writer, "}");
    cuda_add_effects(&grid->pending, &before);
    c_scope_leave(&printer->scope, scope);
}

static void
print_phases(Printer *printer, const Block *block)
{
    CudaGrid *grid = printer->grid;
    for (size_t i = 0; i < block->count;) {
        size_t count = cuda_kernel_length(printer, block, i);
        if (schedule_is_step_loop(printer->s, block->item[i])) {
            print_steps(printer, block->item[i]);
        } else {
            if (follow(printer, &grid->pending, block, i, count)) {
                writer_line(printer->writer, "flux_grid_meet(&%s);",
                            grid->name);
                grid->meets = true;
            }
            cuda_kernel(printer, block, i, count);
        }
        i += count;
    }
}

/* What stands before the phases. */
static void
print_head(const Printer *printer, Writer *writer)
{
    const CudaGrid *grid = printer->grid;
    for (int i = 0; i < KINDS; i++)
        if (grid->shares[i])
            writer_line(writer, "FLUX_SHARED(flux_%s, %s);", kinds[i],
                        grid->shared[i]);
    writer_line(writer, "flux_grid %s = {%s, 0};", grid->name,
                printer->arrived);
}

/* The most blocks that a phase has work for, line by line. */
static const char *
blocks_text(Printer *printer, const char *name)
{
    const CudaGrid *grid = printer->grid;
    size_t turns = grid->turns.count;
    Writer writer;
    writer_init(&writer, printer->arena);
    writer.depth = 1;
    for (size_t i = 0; i < turns + grid->tiles.count; i++) {
        const char *some =
            i >= turns ? grid->tiles.item[i - turns]
                       : arena_printf(printer->arena, "flux_grid_for(%s)",
                                      c_dim(printer, grid->turns.item[i]).text);
        if (i == 0)
            writer_line(&writer, "size_t %s = %s;", name, some);
        else
            writer_line(&writer, "%s = FLUX_MAX(%s, %s);", name, name, some);
    }
    return writer.text;
}

bool
cuda_grid(Printer *printer)
{
    CudaGrid *grid = ARENA_NEW(printer->arena, CudaGrid);
    Writer *writer = printer->writer;
    const char *blocks = printer_name(printer, "blocks");
    size_t scope = c_scope_mark(&printer->scope);
    Writer phases;
    Writer body;
    writer_init(&phases, printer->arena);
    writer_init(&body, printer->arena);
    body.depth = phases.depth = 1;
    grid->pending.s = printer->s;
    grid->name = printer_name(printer, "grid");
    for (int i = 0; i < KINDS; i++)
        grid->shared[i] = printer_name(printer, kinds[i]);
    printer->grid = grid;
    printer->writer = &phases;
    print_phases(printer, &printer->s->body);
    printer->writer = writer;
    c_scope_leave(&printer->scope, scope);
    print_head(printer, &body);
    writer_raw(&body, "\n");
    writer_raw(&body, phases.text);
    printer->blocks = grid->meets ? blocks_text(printer, blocks) : NULL;
    printer->grid = NULL;
    if (!grid->meets)
        return false;
    PartText part = {.name = arena_printf(printer->arena, "%s_%d",
                                          printer->function, ++printer->part),
                     .body = body.text};
    writer_raw(printer->parts, "\n");
    cuda_launch(writer, "",
                cuda_kernel_function(printer, &part, "FLUX_GRID",
                                     arena_printf(printer->arena, "%s, %s",
                                                  blocks, printer->arrived)));
    return true;
}

void
cuda_grid_turns(Printer *printer, Dim turns)
{
    CudaGrid *grid = printer->grid;
    Dims *dims = printer->s->dims;
    size_t kept = 0;
    for (size_t i = 0; i < grid->turns.count; i++) {
        Dim old = grid->turns.item[i];
        if (dim_at_most(dims, turns, old))
            return;
        if (!dim_at_most(dims, old, turns))
            grid->turns.item[kept++] = old;
    }
    grid->turns.count = kept;
    VEC_PUSH(printer->arena, &grid->turns, turns);
}

void
cuda_grid_tiles(Printer *printer, const char *tiles)
{
    CudaGrid *grid = printer->grid;
    for (size_t i = 0; i < grid->tiles.count; i++)
        if (strcmp(grid->tiles.item[i], tiles) == 0)
            return;
    VEC_PUSH(printer->arena, &grid->tiles, tiles);
}

const char *
cuda_grid_shared(Printer *printer, const char *kind)
{
    CudaGrid *grid = printer->grid;
    int i = 0;
    while (strcmp(kinds[i], kind) != 0)
        i++;
    grid->shares[i] = true;
    return grid->shared[i];
}

const char *
cuda_grid_loop(Printer *printer, const char *blocks)
{
    CudaGrid *grid = printer->grid;
    const char *name = printer_name(printer, "block");
    writer_line(printer->writer,
                "for (size_t %s = flux_block(); %s < %s; %s += "
                "flux_grid_blocks()) {",
                name, name, blocks, name);
    grid->block = name;
    return name;
}

const char *
cuda_block(const Printer *printer)
{
    return printer->grid != NULL ? printer->grid->block : "flux_block()";
}
