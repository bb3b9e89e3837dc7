/* safetensors.c - reading the safetensors format: an 8-byte little-endian
 * length, a JSON header of that length, then the arrays' bytes.
 *
 *     {"__metadata__": {"key": "text", …},
 *      "name": {"dtype": "F32", "shape": [in, out], "data_offsets": [0, 400]}}
 *
 * Shapes stand slowest dimension first there, fastest first in a flux_tensor;
 * the bytes are the same. Every byte after the header belongs to exactly one
 * array, else the file is refused.
 */
#include "runtime/safetensors.h"
#include "runtime/error.h"
#include "runtime/file.h"
#include "runtime/json.h"

#include <stdlib.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "safetensors.c copies little-endian numbers as they stand"
#endif

/* A tensor as the header has it. */
typedef struct Entry {
    flux_tensor tensor;
    size_t begin;
    size_t end;
} Entry;

struct flux_tensors {
    size_t count;
    flux_tensor *tensor; /* sorted by name */
    size_t notes;
    flux_note *note;
    char *pool;          /* names and notes */
    unsigned char *data; /* each array at a multiple of 64 */
};

/* What reading needs besides the result. */
typedef struct Reader {
    flux_json json;
    Entry *entry;
    size_t count;
    size_t room;
    flux_note *note;
    size_t notes;
    size_t note_room;
    char *pool; /* the start of the json's */
    flux_error *err;
} Reader;

static const struct {
    const char *name;
    flux_dtype dtype;
} reader_dtypes[] = {{"F32", FLUX_F32},
                     {"F64", FLUX_F64},
                     {"I32", FLUX_I32},
                     {"U32", FLUX_U32},
                     {"BOOL", FLUX_BOOL}};

const char *
flux_safetensors_dtype(flux_dtype dtype)
{
    for (size_t i = 0; i < sizeof reader_dtypes / sizeof *reader_dtypes; i++)
        if (reader_dtypes[i].dtype == dtype)
            return reader_dtypes[i].name;
    return NULL;
}

/* One more element in a growing array; NULL without memory. */
static void *
reader_grow(void *array, size_t *room, size_t count, size_t element)
{
    if (count < *room)
        return array;
    size_t more = *room == 0 ? 16 : flux_mul(*room, 2);
    size_t bytes = flux_mul(more, element);
    void *bigger = bytes > PTRDIFF_MAX ? NULL : realloc(array, bytes);
    if (bigger != NULL)
        *room = more;
    return bigger;
}

static flux_status
reader_memory(Reader *r)
{
    return flux_error_set(r->err, FLUX_E_MEMORY, "out of memory");
}

static flux_status
reader_syntax(Reader *r)
{
    return flux_error_set(
        r->err, FLUX_E_FORMAT, "the header is damaged at byte %zu: %s",
        (size_t)(r->json.at - r->json.start) + 8, r->json.what);
}

/* {"key": "text", …}, after its name */
static flux_status
reader_notes(Reader *r)
{
    flux_json *j = &r->json;
    if (!flux_json_expect(j, '{'))
        return reader_syntax(r);
    if (flux_json_next(j, '}'))
        return FLUX_OK;
    do {
        flux_note *note =
            reader_grow(r->note, &r->note_room, r->notes, sizeof *r->note);
        if (note == NULL)
            return reader_memory(r);
        r->note = note;
        const char *key = flux_json_string(j);
        flux_json_expect(j, ':');
        const char *value = flux_json_string(j);
        if (key == NULL || value == NULL)
            return reader_syntax(r);
        r->note[r->notes++] = (flux_note){key, value};
    } while (flux_json_next(j, ','));
    return flux_json_expect(j, '}') ? FLUX_OK : reader_syntax(r);
}

static flux_status
reader_dtype(Reader *r, Entry *entry)
{
    const char *name = flux_json_string(&r->json);
    if (name == NULL)
        return reader_syntax(r);
    for (size_t i = 0; i < sizeof reader_dtypes / sizeof *reader_dtypes; i++) {
        if (strcmp(name, reader_dtypes[i].name) == 0) {
            entry->tensor.dtype = reader_dtypes[i].dtype;
            return FLUX_OK;
        }
    }
    return flux_error_set(r->err, FLUX_E_UNSUPPORTED,
                          "tensor %s has dtype %s; F32, F64, I32, U32 and BOOL "
                          "can be read",
                          entry->tensor.name, name);
}

static flux_status
reader_shape(Reader *r, Entry *entry)
{
    flux_json *j = &r->json;
    flux_tensor *t = &entry->tensor;
    size_t dim[FLUX_MAX_RANK];
    flux_json_expect(j, '[');
    if (!flux_json_next(j, ']')) {
        do {
            if (t->rank == FLUX_MAX_RANK)
                return flux_error_set(r->err, FLUX_E_UNSUPPORTED,
                                      "tensor %s has more than %d dimensions",
                                      t->name, FLUX_MAX_RANK);
            dim[t->rank++] = flux_json_size(j);
        } while (flux_json_next(j, ','));
        flux_json_expect(j, ']');
    }
    if (j->what != NULL)
        return reader_syntax(r);
    for (size_t i = 0; i < t->rank; i++)
        t->dim[i] = dim[t->rank - 1 - i];
    return FLUX_OK;
}

static flux_status
reader_offsets(Reader *r, Entry *entry)
{
    flux_json *j = &r->json;
    flux_json_expect(j, '[');
    entry->begin = flux_json_size(j);
    flux_json_expect(j, ',');
    entry->end = flux_json_size(j);
    flux_json_expect(j, ']');
    return j->what == NULL ? FLUX_OK : reader_syntax(r);
}

/* The three members of a tensor, in any order, each once. */
static flux_status
reader_members(Reader *r, Entry *entry)
{
    flux_json *j = &r->json;
    unsigned seen = 0;
    if (!flux_json_expect(j, '{'))
        return reader_syntax(r);
    do {
        const char *key = flux_json_string(j);
        flux_json_expect(j, ':');
        if (key == NULL || j->what != NULL)
            return reader_syntax(r);
        unsigned bit = strcmp(key, "dtype") == 0          ? 1
                       : strcmp(key, "shape") == 0        ? 2
                       : strcmp(key, "data_offsets") == 0 ? 4
                                                          : 0;
        if (bit == 0 || (seen & bit) != 0)
            return flux_error_set(
                r->err, FLUX_E_FORMAT, "tensor %s has %s member %s",
                entry->tensor.name, bit == 0 ? "an unknown" : "twice the", key);
        seen |= bit;
        flux_status status = bit == 1   ? reader_dtype(r, entry)
                             : bit == 2 ? reader_shape(r, entry)
                                        : reader_offsets(r, entry);
        if (status != FLUX_OK)
            return status;
    } while (flux_json_next(j, ','));
    if (!flux_json_expect(j, '}'))
        return reader_syntax(r);
    if (seen != 7)
        return flux_error_set(r->err, FLUX_E_FORMAT,
                              "tensor %s lacks its dtype, shape or offsets",
                              entry->tensor.name);
    return FLUX_OK;
}

/* The size that dtype and shape give is that of the offsets. */
static flux_status
reader_check(Reader *r, const Entry *entry)
{
    const flux_tensor *t = &entry->tensor;
    size_t bytes =
        flux_mul(flux_elements(t->rank, t->dim), flux_dtype_size(t->dtype));
    if (entry->end < entry->begin || entry->end - entry->begin != bytes)
        return flux_error_set(r->err, FLUX_E_FORMAT,
                              "tensor %s: its shape does not fit the bytes %zu "
                              "to %zu",
                              t->name, entry->begin, entry->end);
    return FLUX_OK;
}

static flux_status
reader_entry(Reader *r, const char *name)
{
    if (name[0] == '\0')
        return flux_error_set(r->err, FLUX_E_FORMAT, "a tensor without a name");
    Entry *entry = reader_grow(r->entry, &r->room, r->count, sizeof *r->entry);
    if (entry == NULL)
        return reader_memory(r);
    r->entry = entry;
    entry = &r->entry[r->count];
    *entry = (Entry){.tensor = {.name = name}};
    flux_status status = reader_members(r, entry);
    if (status == FLUX_OK)
        status = reader_check(r, entry);
    if (status == FLUX_OK)
        r->count++;
    return status;
}

static flux_status
reader_header(Reader *r)
{
    flux_json *j = &r->json;
    int notes = 0;
    if (j->start == j->end || *j->start != '{')
        return flux_error_set(r->err, FLUX_E_FORMAT,
                              "not a safetensors file: no '{' at byte 8");
    flux_json_expect(j, '{');
    if (!flux_json_next(j, '}')) {
        do {
            const char *name = flux_json_string(j);
            flux_json_expect(j, ':');
            if (name == NULL || j->what != NULL)
                return reader_syntax(r);
            flux_status status = FLUX_OK;
            if (strcmp(name, "__metadata__") != 0)
                status = reader_entry(r, name);
            else if (notes++ == 0)
                status = reader_notes(r);
            else
                status = flux_error_set(r->err, FLUX_E_FORMAT,
                                        "__metadata__ stands twice");
            if (status != FLUX_OK)
                return status;
        } while (flux_json_next(j, ','));
        flux_json_expect(j, '}');
    }
    return flux_json_end(j) ? FLUX_OK : reader_syntax(r);
}

static int
entry_by_place(const void *a, const void *b)
{
    const Entry *x = a;
    const Entry *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static int
entry_by_name(const void *a, const void *b)
{
    const Entry *x = a;
    const Entry *y = b;
    return strcmp(x->tensor.name, y->tensor.name);
}

/* The arrays fill the size bytes without gap or overlap; no name twice. */
static flux_status
reader_layout(Reader *r, size_t size)
{
    size_t at = 0;
    if (r->count > 0)
        qsort(r->entry, r->count, sizeof *r->entry, entry_by_place);
    for (size_t i = 0; i < r->count; i++) {
        const Entry *entry = &r->entry[i];
        if (entry->begin != at || entry->end > size)
            return flux_error_set(r->err, FLUX_E_FORMAT,
                                  "tensor %s: its bytes %zu to %zu %s",
                                  entry->tensor.name, entry->begin, entry->end,
                                  entry->end > size   ? "are not in the file"
                                  : entry->begin < at ? "belong to another too"
                                                      : "leave a gap");
        at = entry->end;
    }
    if (at != size)
        return flux_error_set(r->err, FLUX_E_FORMAT,
                              "%zu bytes follow the last tensor", size - at);
    if (r->count > 0)
        qsort(r->entry, r->count, sizeof *r->entry, entry_by_name);
    for (size_t i = 1; i < r->count; i++)
        if (entry_by_name(&r->entry[i - 1], &r->entry[i]) == 0)
            return flux_error_set(r->err, FLUX_E_FORMAT,
                                  "tensor %s stands twice",
                                  r->entry[i].tensor.name);
    return FLUX_OK;
}

/* Copies the arrays to aligned memory. */
static flux_status
reader_copy(Reader *r, flux_tensors *t, const unsigned char *data)
{
    size_t total = 0;
    for (size_t i = 0; i < r->count; i++)
        total =
            flux_add(total, flux_align(r->entry[i].end - r->entry[i].begin));
    t->tensor = calloc(r->count + 1, sizeof *t->tensor);
    t->data = flux_alloc(total);
    if (t->tensor == NULL || t->data == NULL)
        return reader_memory(r);
    size_t used = 0;
    for (size_t i = 0; i < r->count; i++) {
        const Entry *entry = &r->entry[i];
        size_t bytes = entry->end - entry->begin;
        unsigned char *to = t->data + used;
        memcpy(to, data + entry->begin, bytes);
        t->tensor[i] = entry->tensor;
        t->tensor[i].data = to;
        t->count++;
        used += flux_align(bytes);
        for (size_t k = 0; entry->tensor.dtype == FLUX_BOOL && k < bytes; k++)
            if (to[k] > 1)
                return flux_error_set(r->err, FLUX_E_FORMAT,
                                      "tensor %s: a BOOL that is neither 0 nor "
                                      "1",
                                      entry->tensor.name);
    }
    return FLUX_OK;
}

static flux_status
reader_run(Reader *r, flux_tensors *t, const unsigned char *bytes, size_t size)
{
    uint64_t header = 0;
    if (size < 8)
        return flux_error_set(r->err, FLUX_E_FORMAT,
                              "not a safetensors file: %zu bytes", size);
    for (int i = 7; i >= 0; i--)
        header = header << 8 | bytes[i];
    if (header > size - 8)
        return flux_error_set(r->err, FLUX_E_FORMAT,
                              "not a safetensors file, or cut off: a header of "
                              "%ju bytes in a file of %zu",
                              (uintmax_t)header, size);
    size_t length = (size_t)header;
    r->pool = malloc(length + 1);
    if (r->pool == NULL)
        return reader_memory(r);
    const char *text = (const char *)bytes + 8;
    r->json = (flux_json){text, text, text + length, r->pool, NULL};
    flux_status status = reader_header(r);
    if (status == FLUX_OK)
        status = reader_layout(r, size - 8 - length);
    if (status == FLUX_OK)
        status = reader_copy(r, t, bytes + 8 + length);
    return status;
}

flux_status
flux_tensors_parse(const void *bytes, size_t size, flux_tensors **tensors,
                   flux_error *err)
{
    if (bytes == NULL)
        return flux_error_set(err, FLUX_E_NULL, "no bytes");
    flux_tensors *t = calloc(1, sizeof *t);
    if (t == NULL)
        return flux_error_set(err, FLUX_E_MEMORY, "out of memory");
    Reader r = {.err = err};
    flux_status status = reader_run(&r, t, bytes, size);
    free(r.entry);
    t->pool = r.pool;
    t->note = r.note;
    t->notes = r.notes;
    if (status == FLUX_OK)
        *tensors = t;
    else
        flux_tensors_close(t);
    return status;
}

flux_status
flux_tensors_read(const char *path, flux_tensors **tensors, flux_error *err)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    flux_status status = flux_file_read(path, &bytes, &size, err);
    if (status != FLUX_OK)
        return status;
    status = flux_tensors_parse(bytes, size, tensors, err);
    free(bytes);
    if (status != FLUX_OK)
        flux_error_prefix(err, path);
    return status;
}

/* Reads a file's bytes; see flux.h. */
flux_tensors *
flux_tensors_unpack(const void *bytes, size_t size, flux_error *err)
{
    flux_tensors *t = NULL;
    (void)flux_tensors_parse(bytes, size, &t, err);
    return t;
}

/* Reads a file; see flux.h. */
flux_tensors *
flux_tensors_open(const char *path, flux_error *err)
{
    flux_tensors *t = NULL;
    (void)flux_tensors_read(path, &t, err);
    return t;
}

/* Frees the tensors and their data; t may be NULL. */
void
flux_tensors_close(flux_tensors *t)
{
    if (t == NULL)
        return;
    free(t->tensor);
    free(t->note);
    free(t->pool);
    free(t->data);
    free(t);
}

/* The number of tensors. */
size_t
flux_tensors_count(const flux_tensors *t)
{
    return t->count;
}

/* Tensor i, in the order of the names' bytes; NULL beyond the last. */
const flux_tensor *
flux_tensors_at(const flux_tensors *t, size_t i)
{
    return i < t->count ? &t->tensor[i] : NULL;
}

static int
tensor_name_order(const void *name, const void *tensor)
{
    return strcmp(name, ((const flux_tensor *)tensor)->name);
}

/* The tensor of that name, or NULL. */
const flux_tensor *
flux_tensors_find(const flux_tensors *t, const char *name)
{
    if (name == NULL || t->count == 0)
        return NULL;
    return bsearch(name, t->tensor, t->count, sizeof *t->tensor,
                   tensor_name_order);
}

/* A text of the metadata, or NULL. */
const char *
flux_tensors_note(const flux_tensors *t, const char *key)
{
    for (size_t i = 0; i < t->notes; i++)
        if (strcmp(t->note[i].key, key) == 0)
            return t->note[i].value;
    return NULL;
}
