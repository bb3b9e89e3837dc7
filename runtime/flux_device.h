/* flux_device.h - models on a GPU, in programs that run without one, too.
 *
 * A generated .cu ends in a table of what the runtime needs of it, `extern
 * const flux_device <name>_device_cuda`. A program that links it beside the C
 * gives it to sessions, training and evaluation; the runtime itself knows
 * nothing of CUDA. All bits are those of the CPU.
 */
#ifndef FLUX_DEVICE_H
#define FLUX_DEVICE_H

#include "flux.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A model on a device, as data. Functions that give a text give NULL where all
 * went well, else what CUDA says; what they queue on a stream is done in order.
 */
struct flux_device {
    uint32_t abi;            /* FLUX_ABI */
    const flux_model *model; /* whose pointers are to the device's memory */
    const flux_trainer *const *trainer; /* theirs too; NULL behind the last */

    /* What the word of a flux_work says; NULL: no kernel writes it. */
    const char *(*fault)(int32_t word);
    int graphs; /* a step that comes again becomes one launch */

    /* FLUX_DEVICE_CALLS of kernels/flux_gpu_session.h. */
    const char *(*missing)(void); /* why there is no device */
    const char *(*failure)(void); /* what the last failure was; once */
    const char *(*open)(void **stream);
    const char *(*alloc)(void **memory, size_t bytes);
    const char *(*clear)(void *stream, void *to, size_t bytes);

    /* Between memory of the host and the device, or of the same. */
    const char *(*copy)(void *stream, void *to, const void *from, size_t bytes);

    /* On the device: to[s] = from[index[s]] for `count` samples of so many
     * bytes, a multiple of 4.
     */
    const char *(*gather)(void *stream, void *to, const void *from,
                          const size_t *index, size_t count, size_t bytes);
    const char *(*wait)(void *stream);

    /* What is queued from `capture` to `graph` becomes a graph. */
    const char *(*capture)(void *stream);
    const char *(*graph)(void *stream, void **graph);
    const char *(*run)(void *stream, void *graph);

    /* NULL is legal. The stream is waited for. */
    void (*drop)(void *graph);
    void (*close)(void *stream, void *memory);
};

/* device.c */

/* What the environment's FLUX_DEVICE asks for. "cpu": NULL is chosen. "cuda":
 * the device, or an error where it cannot be used: there is none, it is not one
 * that the .cu was compiled for, its memory is taken. "auto", or nothing: the
 * device where it can be used, else NULL, and err says why. Else FLUX_E_FORMAT.
 */
flux_status flux_device_choose(const flux_device *device,
                               const flux_device **chosen, flux_error *err);

/* session.c */

/* As flux_open, on a device; on the CPU where device is NULL. Arrays of calls
 * may be the host's or the device's; a call has been done when it returns.
 *
 * flux_params and flux_grads copy from the device to memory of the host, and
 * the session's next call of another kind begins with what stands there then: a
 * pointer is good until that call. They give NULL where the copy fails.
 *
 * FLUX_E_LABEL: an index was outside its table; the call has been done all the
 * same.
 */
flux_session *flux_open_on(const flux_model *model, const flux_device *device,
                           uint64_t seed, size_t max_batch, flux_error *err);

/* NULL: the CPU. */
const flux_device *flux_session_device(const flux_session *s);

/* Of the last call, if it failed on the device: why, in words; else NULL. */
const char *flux_session_why(const flux_session *s);

/* evaluate.c: flux_evaluate on a device; on the CPU where that is NULL. m is
 * the host's.
 */
flux_status flux_evaluate_on(const flux_model *model, const flux_device *device,
                             const void *m, const flux_data *data, size_t batch,
                             flux_scores *scores, flux_error *err);

#ifdef __cplusplus
}
#endif
#endif
