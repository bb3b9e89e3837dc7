/* Text as data: readtext, and the numbers of its characters, as class numbers
 * of a model: alphabet, codes, letters.
 */
#include "base/source.h"
#include "runtime/file.h"
#include "script/array/args.h"
#include "script/array/lift.h"
#include "script/array/number.h"
#include "script/builtin/builtin.h"

#include <stdlib.h>
#include <string.h>

/* A character and its number in an alphabet. */
typedef struct {
    Text text;
    int64_t number;
} Letter;

typedef struct {
    Letter *item;
    size_t count;
} Letters;

/* The bytes of the character at `at`; one where they are no UTF-8. */
static size_t
character(Text text, size_t at)
{
    size_t length = source_utf8(text.text + at, text.length - at);
    return length > 0 ? length : 1;
}

/* The characters of a text in its order, numbered from 1. */
static Letters
letters_of(Script *s, Text text)
{
    Letters all = {ARENA_ARRAY(&s->context->arena, Letter, text.length + 1), 0};
    for (size_t at = 0; at < text.length;) {
        size_t length = character(text, at);
        all.item[all.count] = (Letter){.text = {text.text + at, length},
                                       .number = (int64_t)all.count + 1};
        all.count++;
        at += length;
    }
    return all;
}

/* The order of code points, which is that of their bytes. */
static int
compare_letters(const void *a, const void *b)
{
    Text x = ((const Letter *)a)->text;
    Text y = ((const Letter *)b)->text;
    size_t shorter = x.length < y.length ? x.length : y.length;
    int order = memcmp(x.text, y.text, shorter);
    return order != 0 ? order : (x.length > y.length) - (x.length < y.length);
}

/* The first byte of a text that is not UTF-8; its size where all are. */
static size_t
first_wrong(const unsigned char *bytes, size_t size)
{
    size_t at = 0;
    for (size_t n = 1; at < size && n > 0; at += n)
        n = source_utf8((const char *)bytes + at, size - at);
    return at;
}

/* A text in UTF-8, packed with gzip or plain. */
static Value
fn_readtext(Script *s, const Args *args)
{
    const char *path = data_source(s, args->item[0], args->span);
    unsigned char *bytes = NULL;
    size_t size = 0;
    flux_error err = {{0}};
    flux_status status = flux_file_read(path, &bytes, &size, &err);
    if (status != FLUX_OK)
        script_fail(s, status == FLUX_E_IO ? DIAG_file : DIAG_data, args->span,
                    NULL, "%s", err.text);
    status = flux_unpack(&bytes, &size, &err);
    size_t wrong = status == FLUX_OK ? first_wrong(bytes, size) : size;
    bool fits = arena_has_room(&s->context->arena, size + 1);
    Value v = value_nothing();
    if (status == FLUX_OK && wrong == size && fits)
        v = value_string(s, (const char *)bytes, size);
    free(bytes);
    if (status != FLUX_OK)
        script_fail(s, DIAG_data, args->span, NULL, "%s: %s", path, err.text);
    if (wrong < size)
        script_fail(s, DIAG_data, args->span,
                    "iconv -f latin1 -t utf8 makes UTF-8 of Latin-1",
                    "%s is no text in UTF-8: its byte %zu", path, wrong + 1);
    if (!fits)
        script_fail(s, DIAG_limit, args->span, "--max-memory=MiB allows more",
                    "%s is too large", path);
    return v;
}

/* The characters of a text, each once, in the order of Unicode. */
static Value
fn_alphabet(Script *s, const Args *args)
{
    Letters all = letters_of(s, args_text(s, args, 0));
    qsort(all.item, all.count, sizeof *all.item, compare_letters);
    char *text =
        ARENA_ARRAY(&s->context->arena, char, args_text(s, args, 0).length + 1);
    size_t length = 0;
    for (size_t i = 0; i < all.count; i++) {
        if (i > 0 && compare_letters(&all.item[i - 1], &all.item[i]) == 0)
            continue;
        Text t = all.item[i].text;
        memcpy(text + length, t.text, t.length);
        length += t.length;
    }
    return value_string(s, text, length);
}

/* codes(text, alphabet): the place of each character, from 1. */
static Value
fn_codes(Script *s, const Args *args)
{
    Letters all = letters_of(s, args_text(s, args, 0));
    Letters known = letters_of(s, args_text(s, args, 1));
    qsort(known.item, known.count, sizeof *known.item, compare_letters);
    int64_t dim = (int64_t)all.count;
    Tensor *t = lift_new_tensor(s, DTYPE_i64, 1, &dim, args->span);
    for (size_t i = 0; i < all.count; i++) {
        const Letter *found = bsearch(&all.item[i], known.item, known.count,
                                      sizeof *known.item, compare_letters);
        if (found == NULL)
            script_fail(s, DIAG_value, args->span,
                        "alphabet(text) has all of a text",
                        "character %zu, %s, is not in the alphabet", i + 1,
                        value_show(s, value_string(s, all.item[i].text.text,
                                                   all.item[i].text.length)));
        ((int64_t *)t->data)[i] = found->number;
    }
    return value_array(s, t);
}

/* letters(codes, alphabet): the text of which they are the codes. */
static Value
fn_letters(Script *s, const Args *args)
{
    Letters known = letters_of(s, args_text(s, args, 1));
    Values codes = iterate_all(s, args->item[0], args->span);
    char *text = ARENA_ARRAY(&s->context->arena, char, 4 * codes.count + 1);
    size_t length = 0;
    for (size_t i = 0; i < codes.count; i++) {
        int64_t number = number_int(s, codes.item[i], "a code", 1,
                                    (int64_t)known.count, args->span);
        Text t = known.item[number - 1].text;
        memcpy(text + length, t.text, t.length);
        length += t.length;
    }
    return value_string(s, text, length);
}

void
data_text_define_all(Script *s)
{
    static const Builtin table[] = {
        {"readtext", 1, 1, fn_readtext, "a text from a file, gzip or plain",
         NULL, false},
        {"alphabet", 1, 1, fn_alphabet, "the characters of a text, each once",
         NULL, false},
        {"codes", 2, 2, fn_codes,
         "codes(text, alphabet): the place of each character, from 1", NULL,
         false},
        {"letters", 2, 2, fn_letters,
         "letters(codes, alphabet): the text of which they are the codes", NULL,
         false},
    };
    scope_builtins(s, table, sizeof table / sizeof *table);
}
