/* safetensors.h - what the reader and the writer of safetensors share. */
#ifndef FLUX_RUNTIME_SAFETENSORS_H
#define FLUX_RUNTIME_SAFETENSORS_H

#include "runtime/flux.h"

/* The format's name of a dtype; NULL for a value outside the enumeration. */
const char *flux_safetensors_dtype(flux_dtype dtype);

/* flux_tensors_open and flux_tensors_unpack, with the status of a failure. */
flux_status flux_tensors_read(const char *path, flux_tensors **tensors,
                              flux_error *err);
flux_status flux_tensors_parse(const void *bytes, size_t size,
                               flux_tensors **tensors, flux_error *err);

#endif
