/* Fuzzing the reader of safetensors: what it accepts can be written, and reads
 * back as the same tensors.
 */
#include "tests/fuzz/fuzz.h"

#include "runtime/flux.h"

#include <stdlib.h>
#include <string.h>

static size_t
tensor_bytes(const flux_tensor *t)
{
    static const size_t width[] = {[FLUX_F32] = 4,
                                   [FLUX_F64] = 8,
                                   [FLUX_I32] = 4,
                                   [FLUX_U32] = 4,
                                   [FLUX_BOOL] = 1};
    size_t bytes = width[t->dtype];
    for (size_t i = 0; i < t->rank; i++)
        bytes *= t->dim[i];
    return bytes;
}

static int
same(const flux_tensor *a, const flux_tensor *b)
{
    size_t bytes = tensor_bytes(a);
    return b != NULL && a->dtype == b->dtype && a->rank == b->rank &&
           memcmp(a->dim, b->dim, a->rank * sizeof *a->dim) == 0 &&
           (bytes == 0 || memcmp(a->data, b->data, bytes) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    flux_error err;
    flux_tensors *t = flux_tensors_unpack(data, size, &err);
    if (t == NULL)
        return 0;
    size_t count = flux_tensors_count(t);
    void *bytes = NULL;
    size_t packed = 0;
    if (flux_tensors_pack(count ? flux_tensors_at(t, 0) : NULL, count, NULL, 0,
                          &bytes, &packed, &err) != FLUX_OK)
        fuzz_wrong(err.text);
    flux_tensors *again = flux_tensors_unpack(bytes, packed, &err);
    if (again == NULL)
        fuzz_wrong(err.text);
    for (size_t i = 0; i < count; i++) {
        const flux_tensor *one = flux_tensors_at(t, i);
        if (!same(one, flux_tensors_find(again, one->name)))
            fuzz_wrong("a tensor that was written reads otherwise");
    }
    (void)flux_tensors_note(t, "format");
    flux_tensors_close(again);
    flux_tensors_close(t);
    free(bytes);
    return 0;
}
