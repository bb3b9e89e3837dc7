/* device.c - which device a program runs its models on. */
#include "runtime/error.h"
#include "runtime/remote.h"

#include <stdlib.h>
#include <string.h>

flux_status
flux_device_fits(const flux_device *device, const flux_model *model,
                 flux_error *err)
{
    const flux_model *own = device->model;
    if (device->abi != FLUX_ABI || own->abi != FLUX_ABI)
        return flux_error_set(err, FLUX_E_ABI, "%s",
                              flux_status_text(FLUX_E_ABI));
    if (strcmp(own->name, model->name) != 0 || own->dtype != model->dtype ||
        own->source_hash != model->source_hash || own->bytes != model->bytes)
        return flux_error_set(err, FLUX_E_MISMATCH,
                              "the device's model %s is not the model %s of "
                              "the same source",
                              own->name, model->name);
    if (!flux_ports_fixed(own))
        return flux_error_set(err, FLUX_E_UNSUPPORTED,
                              "the model's arrays have no fixed size");
    return FLUX_OK;
}

/* Whether the model's kernels run there: the program may have been compiled for
 * other devices, or the memory be taken.
 */
static flux_status
device_try(const flux_device *device, flux_error *err)
{
    flux_remote r;
    flux_status status = flux_remote_open(&r, device, 1, 0);
    if (status == FLUX_OK)
        status = flux_remote_init(&r, 0);
    flux_place_error(&r.place, status, err);
    flux_remote_close(&r);
    return status;
}

/* Whether the device can be used, else why not. */
static flux_status
device_usable(const flux_device *device, flux_error *err)
{
    if (device == NULL)
        return flux_error_set(err, FLUX_E_DEVICE,
                              "the program has no code for a GPU");
    flux_status status = flux_device_fits(device, device->model, err);
    if (status != FLUX_OK)
        return status;
    const char *missing = device->missing();
    if (missing != NULL)
        return flux_error_set(err, FLUX_E_DEVICE, "%s", missing);
    return device_try(device, err);
}

/* See flux_device.h. */
flux_status
flux_device_choose(const flux_device *device, const flux_device **chosen,
                   flux_error *err)
{
    const char *asked = getenv("FLUX_DEVICE");
    *chosen = NULL;
    if (asked == NULL || asked[0] == '\0')
        asked = "auto";
    if (strcmp(asked, "cpu") == 0)
        return FLUX_OK;
    if (strcmp(asked, "auto") != 0 && strcmp(asked, "cuda") != 0)
        return flux_error_set(err, FLUX_E_FORMAT,
                              "FLUX_DEVICE is %.60s, not auto, cpu or cuda",
                              asked);
    flux_status status = device_usable(device, err);
    if (status == FLUX_OK)
        *chosen = device;
    else if (strcmp(asked, "cuda") == 0)
        flux_error_prefix(err, "FLUX_DEVICE=cuda");
    else
        status = FLUX_OK;
    return status;
}
