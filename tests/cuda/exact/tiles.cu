/* The kernels of tiles.h. For nvcc they are those that take most registers,
 * unless RUNS says that all shall run.
 */
#include "kernels/flux_gpu.h"
#include "kernels/flux_gpu_product.h"

#include "tiles.h"

#define TILES(name, order, down, across)                                       \
    extern "C" __global__ void tiles_##name(product p)                         \
    {                                                                          \
        FLUX_SHARED(flux_tile_f32, shared);                                    \
        const flux_tile tile =                                                 \
            flux_tile_of(down, across, flux_block(), p.m, p.n, p.count);       \
        flux_gpu_product_f32(shared, order, tile, p.m, p.n, p.k, p.a, p.ai,    \
                             p.ak, p.b, p.bk, p.bj);                           \
        for (unsigned e = threadIdx.x; e < tile.elements; e += FLUX_THREADS) { \
            const size_t i = flux_tile_row(tile, e);                           \
            const size_t j = flux_tile_column(tile, e);                        \
            if (i < p.m && j < p.n)                                            \
                p.c[i + j * p.m] = flux_tile_sum_f32(shared, tile, e);         \
        }                                                                      \
    }

TILES(seq_4_4, FLUX_SEQ, 4, 4)
TILES(split4_1_4, FLUX_SPLIT4, 1, 4)
TILES(split4_2_2, FLUX_SPLIT4, 2, 2)
TILES(tree16_1_1, FLUX_TREE16, 1, 1)

#if defined(FLUX_CUDA_EMULATOR) || defined(RUNS)
TILES(seq_1_1, FLUX_SEQ, 1, 1)
TILES(seq_2_2, FLUX_SEQ, 2, 2)
TILES(seq_1_4, FLUX_SEQ, 1, 4)
TILES(seq_4_1, FLUX_SEQ, 4, 1)
TILES(split4_1_1, FLUX_SPLIT4, 1, 1)
TILES(split4_4_1, FLUX_SPLIT4, 4, 1)

#ifndef __CUDA_ARCH__ /* the host's side */
typedef cudaError_t queue_of(const product *p);

#define QUEUE(name, down, across)                                              \
    static cudaError_t queue_##name(const product *p)                          \
    {                                                                          \
        const product own = *p;                                                \
        return FLUX_TILES(tiles_##name,                                        \
                          flux_tiles(down, across, p->m, p->n, p->count),      \
                          NULL, own);                                          \
    }

QUEUE(seq_1_1, 1, 1)
QUEUE(seq_2_2, 2, 2)
QUEUE(seq_4_4, 4, 4)
QUEUE(seq_1_4, 1, 4)
QUEUE(seq_4_1, 4, 1)
QUEUE(split4_1_1, 1, 1)
QUEUE(split4_2_2, 2, 2)
QUEUE(split4_1_4, 1, 4)
QUEUE(split4_4_1, 4, 1)
QUEUE(tree16_1_1, 1, 1)

int
tiles_queue(shape shape, const product *p)
{
    static queue_of *const queue[3][SHAPES] = {
        {queue_seq_1_1, queue_seq_2_2, queue_seq_4_4, queue_seq_1_4,
         queue_seq_4_1},
        {queue_split4_1_1, queue_split4_2_2, NULL, queue_split4_1_4,
         queue_split4_4_1},
        {queue_tree16_1_1, NULL, NULL, NULL, NULL}};
    return queue[p->order][shape] != NULL &&
           queue[p->order][shape](p) == cudaSuccess;
}
#endif

#endif
