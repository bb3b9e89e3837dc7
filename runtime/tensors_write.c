/* tensors_write.c - writing the safetensors format, which safetensors.c
 * describes, to a file or to memory.
 *
 * Arrays of wide elements come first, so that every array is aligned; the
 * header is padded with spaces to a multiple of 8.
 */
#include "runtime/error.h"
#include "runtime/file.h"
#include "runtime/json.h"
#include "runtime/safetensors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text that grows; after a failure it stays empty. */
typedef struct Text {
    char *bytes;
    size_t used;
    size_t room;
    int failed;
} Text;

static void
text_add(Text *t, const char *bytes, size_t size)
{
    size_t need = flux_add(t->used, size);
    if (t->failed || need > PTRDIFF_MAX / 2) {
        t->failed = 1;
        return;
    }
    if (need > t->room) {
        size_t more = need * 2;
        char *bigger = realloc(t->bytes, more);
        if (bigger == NULL) {
            t->failed = 1;
            return;
        }
        t->bytes = bigger;
        t->room = more;
    }
    memcpy(t->bytes + t->used, bytes, size);
    t->used += size;
}

static void text_print(Text *t, const char *format, ...) FLUX_PRINTF(2, 3);

/* Numbers and fixed words only: 96 bytes suffice. */
static void
text_print(Text *t, const char *format, ...)
{
    char line[96];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof line)
        t->failed = 1;
    else
        text_add(t, line, (size_t)length);
}

static void
text_string(Text *t, const char *string)
{
    text_add(t, "\"", 1);
    for (const char *s = string; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\')
            text_print(t, "\\%c", *s);
        else if ((unsigned char)*s < 0x20)
            text_print(t, "\\u%04x", (unsigned)(unsigned char)*s);
        else
            text_add(t, s, 1);
    }
    text_add(t, "\"", 1);
}

static int
string_is_utf8(const char *s)
{
    const char *end = s + strlen(s);
    while (s < end) {
        size_t length = flux_utf8(s, end);
        if (length == 0)
            return 0;
        s += length;
    }
    return 1;
}

static int
name_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* No name twice; found by sorting. */
static flux_status
names_differ(const flux_tensor *tensor, size_t count, flux_error *err)
{
    const char **name = calloc(count + 1, sizeof *name);
    if (name == NULL)
        return flux_error_set(err, FLUX_E_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++)
        name[i] = tensor[i].name;
    qsort(name, count, sizeof *name, name_order);
    flux_status status = FLUX_OK;
    for (size_t i = 1; i < count && status == FLUX_OK; i++)
        if (strcmp(name[i - 1], name[i]) == 0)
            status = flux_error_set(err, FLUX_E_MISMATCH,
                                    "two tensors are named %s", name[i]);
    free(name);
    return status;
}

static size_t
tensor_bytes(const flux_tensor *t)
{
    return flux_mul(flux_elements(t->rank, t->dim), flux_dtype_size(t->dtype));
}

/* Everything that can be wrong with what the caller gives. */
static flux_status
tensors_check(const flux_tensor *tensor, size_t count, const flux_note *note,
              size_t notes, flux_error *err)
{
    if ((tensor == NULL && count > 0) || (note == NULL && notes > 0))
        return flux_error_set(err, FLUX_E_NULL, "no tensors");
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        const flux_tensor *t = &tensor[i];
        if (t->name == NULL || t->name[0] == '\0' || !string_is_utf8(t->name) ||
            strcmp(t->name, "__metadata__") == 0)
            return flux_error_set(err, FLUX_E_FORMAT,
                                  "tensor %zu has no name that a file can hold",
                                  i + 1);
        if (t->rank > FLUX_MAX_RANK || flux_safetensors_dtype(t->dtype) == NULL)
            return flux_error_set(err, FLUX_E_UNSUPPORTED,
                                  "tensor %s: unknown dtype, or too many "
                                  "dimensions",
                                  t->name);
        size_t bytes = tensor_bytes(t);
        total = flux_add(total, bytes);
        if (total > PTRDIFF_MAX / 2)
            return flux_error_set(err, FLUX_E_SIZE, "tensor %s: too large",
                                  t->name);
        if (t->data == NULL && bytes > 0)
            return flux_error_set(err, FLUX_E_NULL, "tensor %s: no data",
                                  t->name);
    }
    for (size_t i = 0; i < notes; i++)
        if (note[i].key == NULL || note[i].value == NULL ||
            !string_is_utf8(note[i].key) || !string_is_utf8(note[i].value))
            return flux_error_set(err, FLUX_E_FORMAT,
                                  "note %zu is not UTF-8 text", i + 1);
    return names_differ(tensor, count, err);
}

static const size_t element_sizes[] = {8, 4, 1};

static void
header_tensor(Text *text, const flux_tensor *t, size_t at)
{
    text_string(text, t->name);
    text_print(text, ":{\"dtype\":\"%s\",\"shape\":[",
               flux_safetensors_dtype(t->dtype));
    for (size_t i = t->rank; i-- > 0;)
        text_print(text, "%zu%s", t->dim[i], i > 0 ? "," : "");
    text_print(text, "],\"data_offsets\":[%zu,%zu]}", at, at + tensor_bytes(t));
}

/* The length and the header, padded. */
static void
header_write(Text *text, const flux_tensor *tensor, size_t count,
             const flux_note *note, size_t notes)
{
    text_add(text, "\0\0\0\0\0\0\0\0{", 9);
    const char *comma = "";
    if (notes > 0) {
        text_print(text, "\"__metadata__\":{");
        for (size_t i = 0; i < notes; i++) {
            text_print(text, "%s", i > 0 ? "," : "");
            text_string(text, note[i].key);
            text_print(text, ":");
            text_string(text, note[i].value);
        }
        text_print(text, "}");
        comma = ",";
    }
    size_t at = 0;
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < count; i++) {
            if (flux_dtype_size(tensor[i].dtype) != element_sizes[k])
                continue;
            text_print(text, "%s", comma);
            header_tensor(text, &tensor[i], at);
            at += tensor_bytes(&tensor[i]);
            comma = ",";
        }
    text_print(text, "}");
    while (text->used % 8 != 0 && !text->failed)
        text_add(text, " ", 1);
    uint64_t length = text->used - 8;
    for (size_t i = 0; i < 8 && !text->failed; i++)
        text->bytes[i] = (char)(unsigned char)(length >> 8 * i & 0xff);
}

/* Checks, then makes the header; on success the caller frees text->bytes. */
static flux_status
tensors_header(const flux_tensor *tensor, size_t count, const flux_note *note,
               size_t notes, Text *text, flux_error *err)
{
    flux_status status = tensors_check(tensor, count, note, notes, err);
    if (status != FLUX_OK)
        return status;
    header_write(text, tensor, count, note, notes);
    if (!text->failed)
        return FLUX_OK;
    free(text->bytes);
    return flux_error_set(err, FLUX_E_MEMORY, "out of memory");
}

/* Writes a file whole or not at all; see flux.h. */
flux_status
flux_tensors_write(const char *path, const flux_tensor *tensor, size_t count,
                   const flux_note *note, size_t notes, flux_error *err)
{
    Text text = {0};
    flux_status status = tensors_header(tensor, count, note, notes, &text, err);
    if (status != FLUX_OK)
        return status;
    flux_output out;
    status = flux_output_open(&out, path, err);
    if (status != FLUX_OK) {
        free(text.bytes);
        return status;
    }
    status = flux_output_write(&out, text.bytes, text.used, err);
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < count && status == FLUX_OK; i++)
            if (flux_dtype_size(tensor[i].dtype) == element_sizes[k])
                status = flux_output_write(&out, tensor[i].data,
                                           tensor_bytes(&tensor[i]), err);
    free(text.bytes);
    if (status == FLUX_OK)
        return flux_output_finish(&out, err);
    flux_output_cancel(&out);
    return status;
}

/* Makes the file's bytes in memory; see flux.h. */
flux_status
flux_tensors_pack(const flux_tensor *tensor, size_t count,
                  const flux_note *note, size_t notes, void **bytes,
                  size_t *size, flux_error *err)
{
    if (bytes == NULL || size == NULL)
        return flux_error_set(err, FLUX_E_NULL, "no place for the bytes");
    Text text = {0};
    flux_status status = tensors_header(tensor, count, note, notes, &text, err);
    if (status != FLUX_OK)
        return status;
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < count; i++)
            if (flux_dtype_size(tensor[i].dtype) == element_sizes[k] &&
                tensor_bytes(&tensor[i]) > 0)
                text_add(&text, tensor[i].data, tensor_bytes(&tensor[i]));
    if (text.failed) {
        free(text.bytes);
        return flux_error_set(err, FLUX_E_MEMORY, "out of memory");
    }
    *bytes = text.bytes;
    *size = text.used;
    return FLUX_OK;
}
