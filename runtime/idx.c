/* idx.c - the IDX format of MNIST and its kin: two zero bytes, a type, a rank,
 * the dimensions as big-endian 32-bit numbers, slowest first, then the
 * elements, big-endian too.
 */
#include "runtime/error.h"
#include "runtime/file.h"

#include <stdlib.h>
#include <string.h>

enum { IDX_HEADER_MOST = 4 + 4 * 255 };

typedef struct IdxType {
    unsigned char code;
    size_t size; /* of an element in the file */
    flux_dtype dtype;
} IdxType;

static const IdxType idx_types[] = {{0x08, 1, FLUX_I32}, /* unsigned byte */
                                    {0x09, 1, FLUX_I32}, /* signed byte */
                                    {0x0b, 2, FLUX_I32}, {0x0c, 4, FLUX_I32},
                                    {0x0d, 4, FLUX_F32}, {0x0e, 8, FLUX_F64}};

static uint64_t
idx_number(const unsigned char *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* Reads type, rank and dimensions. *header and *body are the bytes of the
 * header and of the elements.
 */
static flux_status
idx_header(const unsigned char *bytes, size_t size, const IdxType **type,
           flux_array *array, size_t *header, size_t *body, flux_error *err)
{
    if (size < 4)
        return flux_error_set(err, FLUX_E_FORMAT, "not an IDX file: %zu bytes",
                              size);
    if (bytes[0] != 0 || bytes[1] != 0)
        return flux_error_set(err, FLUX_E_FORMAT,
                              "not an IDX file: it must begin with two zero "
                              "bytes");
    *type = NULL;
    for (size_t i = 0; i < sizeof idx_types / sizeof *idx_types; i++)
        if (idx_types[i].code == bytes[2])
            *type = &idx_types[i];
    if (*type == NULL)
        return flux_error_set(err, FLUX_E_FORMAT,
                              "not an IDX file: unknown type 0x%02x",
                              (unsigned)bytes[2]);
    size_t rank = bytes[3];
    if (rank == 0 || rank > FLUX_MAX_RANK)
        return flux_error_set(err, FLUX_E_FORMAT,
                              "an IDX file of rank %zu; 1 to %d can be read",
                              rank, FLUX_MAX_RANK);
    *header = 4 + 4 * rank;
    if (size < *header)
        return flux_error_set(err, FLUX_E_FORMAT,
                              "the IDX header is cut off at byte %zu", size);
    *array = (flux_array){.dtype = (*type)->dtype, .rank = rank};
    for (size_t i = 0; i < rank; i++)
        array->dim[rank - 1 - i] = (size_t)idx_number(bytes + 4 + 4 * i, 4);
    size_t elements = flux_elements(rank, array->dim);
    *body = flux_mul(elements, (*type)->size);
    if (flux_mul(elements, 8) > PTRDIFF_MAX)
        return flux_error_set(err, FLUX_E_SIZE, "the IDX dimensions overflow");
    return FLUX_OK;
}

/* Bits as they stand in the file to an element of the array. */
static void
idx_convert(const IdxType *type, const unsigned char *from, size_t count,
            void *to)
{
    unsigned char *out = to;
    size_t width = flux_dtype_size(type->dtype);
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = idx_number(from + i * type->size, type->size);
        uint32_t half = (uint32_t)bits;
        /* Sign extension: flip the sign bit, then subtract it. */
        if (type->code == 0x09)
            half = (half ^ 0x80) - 0x80;
        if (type->code == 0x0b)
            half = (half ^ 0x8000) - 0x8000;
        if (width == 8)
            memcpy(out + i * 8, &bits, 8);
        else
            memcpy(out + i * 4, &half, 4);
    }
}

static flux_status
idx_plain(const unsigned char *bytes, size_t size, flux_array *array,
          flux_error *err)
{
    const IdxType *type;
    flux_array result;
    size_t header;
    size_t body;
    flux_status status =
        idx_header(bytes, size, &type, &result, &header, &body, err);
    if (status != FLUX_OK)
        return status;
    if (size - header != body)
        return flux_error_set(err, FLUX_E_FORMAT,
                              "the IDX header announces %zu bytes of elements, "
                              "%zu follow%s",
                              body, size - header,
                              size - header > body ? " or more" : "");
    size_t count = body / type->size;
    size_t room = count * flux_dtype_size(type->dtype);
    result.data = malloc(room > 0 ? room : 1);
    if (result.data == NULL)
        return flux_error_set(err, FLUX_E_MEMORY, "out of memory");
    idx_convert(type, bytes + header, count, result.data);
    *array = result;
    return FLUX_OK;
}

/* Unpacks the header first, so that a file that holds more than its header
 * announces is not unpacked whole.
 */
static flux_status
idx_packed(const unsigned char *bytes, size_t size, flux_array *array,
           flux_error *err)
{
    unsigned char *plain = NULL;
    size_t length;
    flux_status status =
        flux_gunzip(bytes, size, IDX_HEADER_MOST, &plain, &length, err);
    if (status != FLUX_OK)
        return status;
    const IdxType *type;
    size_t header;
    size_t body;
    flux_array ignored;
    status = idx_header(plain, length, &type, &ignored, &header, &body, err);
    free(plain);
    if (status != FLUX_OK)
        return status;
    size_t limit = header + body + 1;
    status = flux_gunzip(bytes, size, limit, &plain, &length, err);
    if (status != FLUX_OK)
        return status;
    status = idx_plain(plain, length, array, err);
    free(plain);
    return status;
}

/* Reads an IDX file's bytes; see flux.h. */
flux_status
flux_idx_parse(const void *bytes, size_t size, flux_array *array,
               flux_error *err)
{
    if (bytes == NULL || array == NULL)
        return flux_error_set(err, FLUX_E_NULL, "no bytes, or no array");
    if (flux_is_gzip(bytes, size))
        return idx_packed(bytes, size, array, err);
    return idx_plain(bytes, size, array, err);
}

/* Reads an IDX file; see flux.h. */
flux_status
flux_idx_read(const char *path, flux_array *array, flux_error *err)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    flux_status status = flux_file_read(path, &bytes, &size, err);
    if (status != FLUX_OK)
        return status;
    status = flux_idx_parse(bytes, size, array, err);
    free(bytes);
    if (status != FLUX_OK)
        flux_error_prefix(err, path);
    return status;
}
