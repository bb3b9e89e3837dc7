/* CUDA's driver, which is loaded when it is first asked for, and the first
 * device that it has.
 */
#ifndef FLUXC_ENGINE_DRIVER_H
#define FLUXC_ENGINE_DRIVER_H

#include "base/arena.h"

#include <stdint.h>

typedef uintptr_t DevicePointer;

typedef struct {
#define DRIVER(name, ...) int (*name)(__VA_ARGS__);
#include "engine/driver.def"
#undef DRIVER
    char architecture[16]; /* of the device: "sm_90" */
} Driver;

/* The driver with a device whose context is this thread's; NULL: there is none,
 * and what is missing. It is tried once.
 */
const Driver *driver_get(const char **missing);

/* NULL for 0; else "TASK: what the error is", in the arena. */
const char *driver_error(Arena *arena, const char *task, int error);

#endif
