/* npy.c - NumPy's NPY format: the bytes "\x93NUMPY", a version, the length of a
 * header, the header - a Python dictionary of 'descr', 'fortran_order' and
 * 'shape' - and the elements. (numpy.org, "NPY format", versions 1.0 to 3.0.)
 *
 * An index means the same here and there: what is a[i, j] in NumPy is element
 * i + rows * j of the array. Fortran order is the array's own; C order is
 * turned. Written files are in Fortran order.
 */
#include "runtime/error.h"
#include "runtime/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NPY_PREFIX = 8, NPY_CHUNK = 4096 };

typedef struct NpyType {
    char kind;
    unsigned char size; /* of an element in the file */
    flux_dtype dtype;
} NpyType;

/* Written arrays use the first row of their dtype. */
static const NpyType npy_types[] = {{'f', 4, FLUX_F32},  {'f', 8, FLUX_F64},
                                    {'i', 4, FLUX_I32},  {'u', 4, FLUX_U32},
                                    {'b', 1, FLUX_BOOL}, {'i', 8, FLUX_I32},
                                    {'i', 1, FLUX_I32},  {'u', 1, FLUX_I32}};

/* The header's text, from at on. */
typedef struct NpyText {
    const char *at;
    const char *end;
} NpyText;

typedef struct NpyHeader {
    const NpyType *type; /* NULL until 'descr' was read */
    int fortran;         /* -1 until it was read */
    int shaped;
    flux_array array;
} NpyHeader;

static void
npy_space(NpyText *t)
{
    while (t->at < t->end && (*t->at == ' ' || *t->at == '\n'))
        t->at++;
}

/* Whether the next character is c, which is then read. */
static int
npy_take(NpyText *t, char c)
{
    npy_space(t);
    if (t->at == t->end || *t->at != c)
        return 0;
    t->at++;
    return 1;
}

static int
npy_word(NpyText *t, const char *word)
{
    size_t length = strlen(word);
    npy_space(t);
    if ((size_t)(t->end - t->at) < length || memcmp(t->at, word, length) != 0)
        return 0;
    t->at += length;
    return 1;
}

/* A string of up to 31 bytes in either quotes. */
static int
npy_string(NpyText *t, char text[32])
{
    size_t length = 0;
    npy_space(t);
    if (t->at == t->end || (*t->at != '\'' && *t->at != '"'))
        return 0;
    char quote = *t->at++;
    while (t->at < t->end && *t->at != quote && length < 31)
        text[length++] = *t->at++;
    text[length] = '\0';
    return npy_take(t, quote) && strlen(text) == length;
}

static flux_status
npy_malformed(flux_error *err)
{
    return flux_error_set(err, FLUX_E_FORMAT, "the NPY header is malformed");
}

static flux_status
npy_descr(NpyText *t, NpyHeader *h, flux_error *err)
{
    char text[32];
    npy_space(t);
    if (t->at < t->end && *t->at == '[')
        return flux_error_set(err, FLUX_E_UNSUPPORTED,
                              "NPY records of several fields cannot be read");
    if (!npy_string(t, text))
        return npy_malformed(err);
    const char *name = text;
    char order = strchr("<>|=", *name) != NULL && *name ? *name++ : '=';
    for (size_t i = 0; i < sizeof npy_types / sizeof *npy_types; i++)
        if (name[0] == npy_types[i].kind &&
            name[1] == (char)('0' + npy_types[i].size) && name[2] == '\0')
            h->type = &npy_types[i];
    if (h->type == NULL)
        return flux_error_set(err, FLUX_E_UNSUPPORTED,
                              "NPY elements of type '%.20s' cannot be read; "
                              "f4, f8, i1, i4, i8, u1, u4 and b1 can",
                              text);
    if (order == '>' && h->type->size > 1)
        return flux_error_set(err, FLUX_E_UNSUPPORTED,
                              "the NPY file is big-endian ('%.20s'); "
                              "a.astype('<%s') in NumPy turns it",
                              text, name);
    return FLUX_OK;
}

/* (), (3,), (3, 4): each a number of digits, with an L behind it in files of
 * Python 2.
 */
static flux_status
npy_shape(NpyText *t, NpyHeader *h, flux_error *err)
{
    if (!npy_take(t, '('))
        return npy_malformed(err);
    while (!npy_take(t, ')')) {
        size_t value = 0;
        const char *first = t->at;
        for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++)
            value = flux_add(flux_mul(value, 10), (size_t)(*t->at - '0'));
        if (t->at == first)
            return npy_malformed(err);
        (void)npy_take(t, 'L');
        if (h->array.rank == FLUX_MAX_RANK)
            return flux_error_set(err, FLUX_E_UNSUPPORTED,
                                  "an NPY file of more than %d axes",
                                  FLUX_MAX_RANK);
        h->array.dim[h->array.rank++] = value;
        int comma = npy_take(t, ',');
        npy_space(t);
        if (!comma && (t->at == t->end || *t->at != ')'))
            return npy_malformed(err);
    }
    h->shaped = 1;
    return FLUX_OK;
}

static flux_status
npy_member(NpyText *t, NpyHeader *h, flux_error *err)
{
    char key[32];
    if (!npy_string(t, key) || !npy_take(t, ':'))
        return npy_malformed(err);
    if (strcmp(key, "descr") == 0 && h->type == NULL)
        return npy_descr(t, h, err);
    if (strcmp(key, "shape") == 0 && !h->shaped)
        return npy_shape(t, h, err);
    if (strcmp(key, "fortran_order") != 0 || h->fortran >= 0)
        return npy_malformed(err);
    npy_space(t);
    h->fortran = npy_word(t, "True");
    return h->fortran || npy_word(t, "False") ? FLUX_OK : npy_malformed(err);
}

/* The dictionary; no key twice, none missing, nothing behind it but space. */
static flux_status
npy_header(NpyText *t, NpyHeader *h, flux_error *err)
{
    *h = (NpyHeader){.fortran = -1};
    if (!npy_take(t, '{'))
        return npy_malformed(err);
    while (!npy_take(t, '}')) {
        flux_status status = npy_member(t, h, err);
        if (status != FLUX_OK)
            return status;
        int comma = npy_take(t, ',');
        npy_space(t);
        if (!comma && (t->at == t->end || *t->at != '}'))
            return npy_malformed(err);
    }
    npy_space(t);
    if (t->at != t->end || h->type == NULL || h->fortran < 0 || !h->shaped)
        return npy_malformed(err);
    h->array.dtype = h->type->dtype;
    size_t elements = flux_elements(h->array.rank, h->array.dim);
    if (flux_mul(elements, 8) > PTRDIFF_MAX)
        return flux_error_set(err, FLUX_E_SIZE, "the NPY shape overflows");
    return FLUX_OK;
}

/* Where the header's text stands; *body is where the elements begin. */
static flux_status
npy_find(const unsigned char *bytes, size_t size, NpyText *t, size_t *body,
         flux_error *err)
{
    if (size < NPY_PREFIX || memcmp(bytes, "\x93NUMPY", 6) != 0)
        return flux_error_set(err, FLUX_E_FORMAT,
                              "not an NPY file: it must begin with \\x93NUMPY");
    unsigned version = bytes[6];
    if (version < 1 || version > 3)
        return flux_error_set(err, FLUX_E_UNSUPPORTED,
                              "NPY version %u.%u cannot be read", version,
                              (unsigned)bytes[7]);
    size_t field = version == 1 ? 2 : 4;
    size_t length = 0;
    if (size < NPY_PREFIX + field)
        return flux_error_set(err, FLUX_E_FORMAT,
                              "the NPY header is cut off at byte %zu", size);
    for (size_t i = field; i-- > 0;)
        length = length << 8 | bytes[NPY_PREFIX + i];
    size_t begin = NPY_PREFIX + field;
    if (length > size - begin)
        return flux_error_set(err, FLUX_E_FORMAT,
                              "the NPY header announces %zu bytes, %zu follow",
                              length, size - begin);
    *body = begin + length;
    t->at = (const char *)bytes + begin;
    t->end = t->at + length;
    return FLUX_OK;
}

/* One element; false where an i8 does not fit the i32. */
static int
npy_element(const NpyType *type, const unsigned char *from, unsigned char *to)
{
    uint64_t bits = 0;
    for (size_t i = type->size; i-- > 0;)
        bits = bits << 8 | from[i];
    uint32_t half = (uint32_t)bits;
    if (type->dtype == FLUX_F64) {
        memcpy(to, &bits, 8);
        return 1;
    }
    if (type->dtype == FLUX_BOOL) {
        *to = bits != 0;
        return 1;
    }
    if (type->kind == 'i' && type->size == 1)
        half = (half ^ 0x80) - 0x80;
    memcpy(to, &half, 4);
    /* An i8 fits if it lies between -2^31 and 2^31 - 1. */
    return type->kind != 'i' || type->size < 8 ||
           bits + UINT64_C(0x80000000) <= UINT32_MAX;
}

/* The elements to column-major order: the source of element i of the array is
 * the sum of its indices times the steps of the file.
 */
static flux_status
npy_elements(const NpyHeader *h, const unsigned char *from, size_t count,
             unsigned char *to, flux_error *err)
{
    size_t index[FLUX_MAX_RANK] = {0};
    size_t step[FLUX_MAX_RANK] = {0};
    const flux_array *a = &h->array;
    size_t width = flux_dtype_size(a->dtype);
    size_t stride = 1;
    for (size_t k = 0; k < a->rank; k++) {
        size_t axis = h->fortran ? k : a->rank - 1 - k;
        step[axis] = stride;
        stride *= a->dim[axis];
    }
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (!npy_element(h->type, from + at * h->type->size, to + i * width))
            return flux_error_set(err, FLUX_E_SIZE,
                                  "element %zu of the NPY file does not fit "
                                  "32 bits",
                                  at);
        for (size_t axis = 0; axis < a->rank; axis++) {
            at += step[axis];
            if (++index[axis] < a->dim[axis])
                break;
            at -= step[axis] * a->dim[axis];
            index[axis] = 0;
        }
    }
    return FLUX_OK;
}

/* Reads an NPY file's bytes; see flux.h. */
flux_status
flux_npy_parse(const void *bytes, size_t size, flux_array *array,
               flux_error *err)
{
    if (bytes == NULL || array == NULL)
        return flux_error_set(err, FLUX_E_NULL, "no bytes, or no array");
    NpyText text = {NULL, NULL};
    NpyHeader header;
    size_t body = 0;
    flux_status status = npy_find(bytes, size, &text, &body, err);
    if (status == FLUX_OK)
        status = npy_header(&text, &header, err);
    if (status != FLUX_OK)
        return status;
    size_t count = flux_elements(header.array.rank, header.array.dim);
    if (size - body != count * header.type->size)
        return flux_error_set(err, FLUX_E_FORMAT,
                              "the NPY header announces %zu bytes of elements, "
                              "%zu follow",
                              count * header.type->size, size - body);
    size_t room = count * flux_dtype_size(header.array.dtype);
    unsigned char *data = malloc(room > 0 ? room : 1);
    if (data == NULL)
        return flux_error_set(err, FLUX_E_MEMORY, "out of memory");
    status = npy_elements(&header, (const unsigned char *)bytes + body, count,
                          data, err);
    if (status != FLUX_OK) {
        free(data);
        return status;
    }
    *array = header.array;
    array->data = data;
    return FLUX_OK;
}

/* Reads an NPY file; see flux.h. */
flux_status
flux_npy_read(const char *path, flux_array *array, flux_error *err)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    flux_status status = flux_file_read(path, &bytes, &size, err);
    if (status != FLUX_OK)
        return status;
    status = flux_npy_parse(bytes, size, array, err);
    free(bytes);
    if (status != FLUX_OK)
        flux_error_prefix(err, path);
    return status;
}

/* ---- writing ---- */

/* Version 1.0, padded with spaces so that the elements begin at a multiple of
 * 64; gives its length. A shape of 8 axes needs less than 300 bytes.
 */
static size_t
npy_make_header(const NpyType *type, const flux_array *a, char header[448])
{
    char shape[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < a->rank; i++)
        used += (size_t)snprintf(shape + used, sizeof shape - used, "%s%zu",
                                 i > 0 ? ", " : "", a->dim[i]);
    int text = snprintf(header + 10, 400,
                        "{'descr': '%c%c%u', 'fortran_order': True, "
                        "'shape': (%s%s), }",
                        type->size > 1 ? '<' : '|', type->kind,
                        (unsigned)type->size, shape, a->rank == 1 ? "," : "");
    size_t end = flux_align(10 + (size_t)text + 1);
    memset(header + 10 + text, ' ', end - 10 - (size_t)text);
    header[end - 1] = '\n';
    size_t length = end - 10;
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(length & 0xff);
    header[9] = (char)(length >> 8);
    return end;
}

/* The elements, little-endian whatever the machine is. */
static flux_status
npy_write_elements(flux_output *out, const flux_array *a, size_t width,
                   flux_error *err)
{
    unsigned char chunk[NPY_CHUNK];
    size_t used = 0;
    size_t count = flux_array_size(a);
    const unsigned char *from = a->data;
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = 0;
        uint32_t half = 0;
        if (width == 8) {
            memcpy(&bits, from + i * 8, 8);
        } else if (width == 4) {
            memcpy(&half, from + i * 4, 4);
            bits = half;
        } else {
            bits = from[i];
        }
        for (size_t k = 0; k < width; k++)
            chunk[used++] = (unsigned char)(bits >> 8 * k);
        if (used + 8 > sizeof chunk || i + 1 == count) {
            flux_status status = flux_output_write(out, chunk, used, err);
            if (status != FLUX_OK)
                return status;
            used = 0;
        }
    }
    return FLUX_OK;
}

/* Writes an NPY file whole or not at all; see flux.h. */
flux_status
flux_npy_write(const char *path, const flux_array *array, flux_error *err)
{
    if (array == NULL || array->data == NULL)
        return flux_error_set(err, FLUX_E_NULL, "no array");
    const NpyType *type = NULL;
    for (size_t i = sizeof npy_types / sizeof *npy_types; i-- > 0;)
        if (npy_types[i].dtype == array->dtype)
            type = &npy_types[i];
    size_t width = flux_dtype_size(array->dtype);
    if (type == NULL || array->rank > FLUX_MAX_RANK ||
        flux_mul(flux_array_size(array), width) > PTRDIFF_MAX)
        return flux_error_set(err, FLUX_E_SIZE, "not an array");
    char header[448];
    size_t length = npy_make_header(type, array, header);
    flux_output out;
    flux_status status = flux_output_open(&out, path, err);
    if (status != FLUX_OK)
        return status;
    status = flux_output_write(&out, header, length, err);
    if (status == FLUX_OK)
        status = npy_write_elements(&out, array, width, err);
    if (status == FLUX_OK)
        return flux_output_finish(&out, err);
    flux_output_cancel(&out);
    return status;
}
