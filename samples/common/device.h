/* device.h - the device that a sample runs on, as FLUX_DEVICE says. WITH_CUDA:
 * a model's .cu is linked (samples/common/cuda).
 */
#ifndef DEVICE_H
#define DEVICE_H

#include "flux_device.h"

#include <stdio.h>

#ifdef WITH_CUDA
#define DEVICE_OF(model) (&model##_device_cuda)
#else
#define DEVICE_OF(model) NULL
#endif

/* *device is NULL for the CPU; why it must be that, for a program that knows a
 * GPU, is said.
 */
static inline flux_status
device_choose(const flux_device *own, const flux_device **device,
              flux_error *err)
{
    flux_status status = flux_device_choose(own, device, err);
    if (status != FLUX_OK)
        return status;
    if (own != NULL && *device == NULL && err->text[0] != '\0')
        fprintf(stderr, "on the CPU: %s\n", err->text);
    err->text[0] = '\0';
    return FLUX_OK;
}

#endif
