/* status.c - what status and dtype codes mean in words and bytes. */
#include "runtime/flux.h"

/* One sentence for a status code. */
const char *
flux_status_text(flux_status status)
{
    switch (status) {
    case FLUX_OK:
        return "no error";
    case FLUX_E_ARENA:
        return "the arena is too small";
    case FLUX_E_OVERLAP:
        return "two arguments share memory";
    case FLUX_E_SIZE:
        return "a size overflows, or is not the expected one";
    case FLUX_E_NULL:
        return "an argument is NULL that must not be";
    case FLUX_E_LABEL:
        return "a class number or an index lies outside its range";
    case FLUX_E_NAN:
        return "a value is no finite number";
    case FLUX_E_MEMORY:
        return "out of memory";
    case FLUX_E_IO:
        return "opening, reading or writing failed";
    case FLUX_E_FORMAT:
        return "the file does not hold what it should";
    case FLUX_E_MISMATCH:
        return "names, shapes or dtypes do not fit each other";
    case FLUX_E_UNSUPPORTED:
        return "this build or this model cannot do that";
    case FLUX_E_ABI:
        return "generated for another version of the runtime";
    case FLUX_E_DEVICE:
        return "a call of CUDA failed";
    }
    return "unknown status";
}

/* Bytes of one element, 0 for an unknown dtype. */
size_t
flux_dtype_size(flux_dtype dtype)
{
    switch (dtype) {
    case FLUX_F64:
        return 8;
    case FLUX_F32:
    case FLUX_I32:
    case FLUX_U32:
        return 4;
    case FLUX_BOOL:
        return 1;
    }
    return 0;
}

/* The name of a dtype as the language spells it. */
const char *
flux_dtype_name(flux_dtype dtype)
{
    switch (dtype) {
    case FLUX_F32:
        return "f32";
    case FLUX_F64:
        return "f64";
    case FLUX_I32:
        return "i32";
    case FLUX_U32:
        return "u32";
    case FLUX_BOOL:
        return "bool";
    }
    return "?";
}
