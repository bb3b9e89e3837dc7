/* CUDA at run time: the kernels of a .cu as code for a device, by NVRTC, which
 * is loaded when it is first asked for and nowhere needed to build.
 */
#ifndef FLUXC_ENGINE_NVRTC_H
#define FLUXC_ENGINE_NVRTC_H

#include "base/arena.h"
#include "emit/emit.h"

/* Whether the library is there. Tried once. */
bool nvrtc_available(void);

/* Its version, its options and the architecture, as one text. */
const char *nvrtc_how(Arena *arena, const char *architecture);

typedef struct {
    const void *code; /* a cubin, in the arena */
    size_t bytes;
    const char *log; /* what NVRTC said, errors or warnings; "": nothing */
} NvrtcResult;

/* Compiles what no __CUDACC_RTC__ hides, for an architecture such as "sm_90".
 * The text may include the kernels' headers, flux.h and `more`, a table that
 * ends with a name of NULL, or NULL. Gives NULL, or what went wrong.
 */
const char *nvrtc_compile(Arena *arena, const char *text,
                          const EmbeddedFile *more, const char *architecture,
                          NvrtcResult *result);

#endif
