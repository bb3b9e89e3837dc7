/* Blocks that meet, by themselves, on the emulator: `meet WHAT` exits with 0
 * where all went well, and with the emulator's 3 where it has to find a fault.
 */
#include "kernels/flux_gpu_grid.h"

#include "tests/cuda/control.h"

#include <stdio.h>
#include <string.h>

enum { BLOCKS = 3, TURNS = 5 };

/* In each turn every block adds up what all have stored in the one before. All
 * but the last `missing` blocks come to the meetings.
 */
static __global__ void
add_up(unsigned *arrived, unsigned missing, unsigned *from, unsigned *to)
{
    flux_grid grid = {arrived, 0};
    const size_t blocks = flux_grid_blocks();
    if (flux_block() + missing >= blocks)
        return;
    for (unsigned t = 0; t < TURNS; t++) {
        if (threadIdx.x == 7)
            from[flux_block()] = t == 0 ? 1 : to[flux_block()];
        flux_grid_meet(&grid);
        if (threadIdx.x == 0) {
            unsigned sum = 0;
            for (size_t i = 0; i < blocks; i++)
                sum += from[i];
            to[flux_block()] = sum;
        }
        flux_grid_meet(&grid);
    }
}

/* Whether each block has come to BLOCKS to the power of TURNS. */
static int
is_right(const unsigned *device)
{
    unsigned sum[BLOCKS];
    emulator_get(sum, device, sizeof sum);
    for (int i = 0; i < BLOCKS; i++)
        if (sum[i] != 243)
            return 0;
    return 1;
}

int
main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    const size_t bytes = BLOCKS * sizeof(unsigned);
    unsigned *arrived = (unsigned *)emulator_alloc(sizeof *arrived);
    unsigned *from = (unsigned *)emulator_alloc(bytes);
    unsigned *to = (unsigned *)emulator_alloc(bytes);
    const unsigned missing = strcmp(what, "missing") == 0;
    cudaStream_t stream = NULL;
    cudaError_t error = cudaMemsetAsync(arrived, 0, sizeof *arrived, stream);
    if (strcmp(what, "many") == 0)
        return FLUX_LAUNCH_GRID(add_up, BLOCKS + 1, stream, arrived, missing,
                                from, to) != cudaErrorCooperativeLaunchTooLarge;
    if (strcmp(what, "plain") == 0)
        error = FLUX_LAUNCH(add_up, BLOCKS, stream, arrived, missing, from, to);
    for (unsigned order = 0; order < 3 && error == cudaSuccess; order++) {
        emulator_order(order);
        error = FLUX_GRID(add_up, 1000, arrived, stream, arrived, missing, from,
                          to);
        if (error == cudaSuccess)
            error = cudaStreamSynchronize(stream);
        if (error == cudaSuccess && !is_right(to))
            return 1;
    }
    return error != cudaSuccess;
}
