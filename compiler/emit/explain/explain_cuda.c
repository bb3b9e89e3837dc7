/* The kernels of a model on a GPU, in the order of their launches: how many
 * blocks of threads each has, and how long it takes at least.
 *
 * What a kernel is says cuda_kernel.c; here it is only looked at.
 */
#include "emit/explain/explain.h"

#include "emit/cuda/cuda_group.h"
#include "emit/explain/explain_inner.h"

#define FLUX_INLINE static inline
#include "kernels/flux_gpu_launch.h"

/* The tiles of one of so many products. */
static double
tiles_of(const Explain *e, const Product *product, double turns)
{
    Tiles tiles = cuda_tiles_of(e->printer, product);
    size_t side[2];
    for (int i = 0; i < 2; i++)
        side[i] =
            product->var[i] < 0 ? 1 : (size_t)explain_turns(e, product->var[i]);
    size_t down = (size_t)tiles.down;
    size_t across = (size_t)tiles.across;
    switch (tiles.kind) {
    case TILES_none:
        break;
    case TILES_lines:
        return (double)flux_lines(side[0]);
    case TILES_tensor:
        return (double)flux_tensor_tiles(down, side[0], side[1]);
    case TILES_plain:
        return (double)flux_tiles(down, across, side[0], side[1],
                                  (size_t)turns);
    }
    return 0;
}

/* "12 tiles", "3": the blocks of a kernel; NULL: it has nothing to do. */
static const char *
blocks_of(Explain *e, const Block *block, size_t from, size_t count)
{
    Printer *printer = e->printer;
    Stmt *first = block->item[from];
    Nest nest = {0};
    const Stmt *inner = count == 1 || cuda_turn_nest(printer, first, &nest)
                            ? cuda_nest(printer, &nest, first)
                            : NULL;
    const Stmt *call =
        inner != NULL && inner->body.count == 1 ? inner->body.item[0] : first;
    double turns = explain_number(e, cuda_turns(printer, &nest));
    if (call->kind == STMT_call &&
        cuda_tiles_of(printer, call->product).kind != TILES_none)
        return turns == 0
                   ? NULL
                   : arena_printf(e->s->arena, "%.0f tiles",
                                  turns * tiles_of(e, call->product, turns));
    if (call->kind == STMT_call) {
        cuda_call_nest(call->product, &nest);
        turns = explain_number(e, cuda_turns(printer, &nest));
    } else if (inner != NULL && cuda_has_lanes(printer, &nest, inner)) {
        turns *= 16;
    }
    return turns == 0 ? NULL
                      : arena_printf(e->s->arena, "%zu",
                                     ((size_t)turns - 1) / FLUX_THREADS + 1);
}

/* The blocks of narrow layers in one kernel. */
static const char *
groups_of(const Explain *e)
{
    return arena_printf(e->s->arena, "%zu", flux_groups((size_t)e->symbol[0]));
}

static void
print_launches(Explain *e, const Block *block, double times)
{
    for (size_t i = 0; i < block->count;) {
        Stmt *stmt = block->item[i];
        size_t count = cuda_kernel_length(e->printer, block, i);
        Group group;
        if (cuda_group_find(&group, e->printer, block, i)) {
            count = group.end - i;
            e->own = group.own;
            explain_kernel(e, &block->item[i], count, groups_of(e), times);
            e->own = NULL;
        } else if (schedule_is_step_loop(e->s, stmt)) {
            print_launches(e, &stmt->body, times * explain_turns(e, stmt->var));
        } else {
            const char *blocks = blocks_of(e, block, i, count);
            if (blocks != NULL)
                explain_kernel(e, &block->item[i], count, blocks, times);
        }
        i += count;
    }
}

void
explain_cuda(Explain *e)
{
    Printer *printer = e->printer;
    printer->device = true;
    for (int i = 0; i < DIM_SYMBOLS; i++)
        printer->dim_text[i] =
            arena_printf(e->s->arena, "%lld", (long long)e->symbol[i]);
    print_launches(e, &e->s->body, 1);
}
