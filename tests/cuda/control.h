/* control.h - what a test says to the emulator, and asks it. The environment's
 * EMULATOR_DEVICES is how many devices there are: 1, or 0.
 *
 * gpu/control.cpp answers for a GPU, which does what it can: no call fails
 * there, and what others allocate is not seen.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The order of threads and blocks: 0 forward, 1 backward, others shuffled. */
void emulator_order(unsigned order);

/* Lets call number n from now on fail, and no other, and the device does
 * nothing; n < 0: none fails, and it works. */
void emulator_fail(long n);

/* Whether calls can be made to fail, and devices be taken away. */
int emulator_emulates(void);

/* No failure is the last one. */
void emulator_forget(void);

/* Whether that call has come. */
int emulator_failed(void);

/* How many products cublasLt was asked for. */
size_t emulator_products(void);

/* What has been allocated and not freed: memory, streams, graphs. */
size_t emulator_live(void);

/* Runs what is queued, and looks at the red zones: the number of those that
 * were written to, since the last time. */
size_t emulator_check(void);

/* Memory of the device, for a test that cannot fail. */
void *emulator_alloc(size_t bytes);
void emulator_free(void *memory);
void emulator_put(void *to, const void *from, size_t bytes);
void emulator_get(void *to, const void *from, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
