/* flux_gpu_stream.h - what C launches kernels with that were compiled apart
 * from it: by their names, by what a program gives for that.
 */
#ifndef FLUX_GPU_STREAM_H
#define FLUX_GPU_STREAM_H

#include <stddef.h>
#include <stdint.h>

/* launch gives 0, or the number of an error. */
typedef struct {
    int (*launch)(void *user, const char *kernel, unsigned blocks,
                  void **argument);
    void *user;
} flux_gpu_stream;

typedef int cudaError_t;
enum { cudaSuccess };

#ifndef FLUX_INLINE
#define FLUX_INLINE static inline
#endif
#define FLUX_LAUNCH(kernel, blocks, stream, ...)                               \
    (stream)->launch((stream)->user, #kernel, blocks, (void *[]){__VA_ARGS__})

#include "kernels/flux_gpu_launch.h"

#endif
