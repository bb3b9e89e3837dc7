/* work.h - what calls of either side may use: of the C, and of the emulator's
 * device, with cublasLt where GEMM is defined (tests/cuda/gemm/open.h).
 */
#ifndef TESTS_CUDA_WORK_H
#define TESTS_CUDA_WORK_H

#include "tests/cuda/control.h"

#include "flux.h"

#include <stdlib.h>

#ifdef GEMM
void *gemm_open(void);
void gemm_close(void *gemm);
#else
#define GEMM             0
#define gemm_open()      NULL
#define gemm_close(gemm) ((void)(gemm))
#endif

static flux_work
work_new(size_t host, size_t device, flux_work *on_device)
{
    flux_work work = {.arena = malloc(host), .bytes = host, .seed = 7};
    *on_device = (flux_work){.arena = emulator_alloc(device),
                             .bytes = device,
                             .seed = 7,
                             .gemm = gemm_open()};
    if (work.arena == NULL)
        exit(3);
    return work;
}

static void
work_free(flux_work work[2])
{
    free(work[0].arena);
    emulator_free(work[1].arena);
    gemm_close(work[1].gemm);
}

#endif
