/* A text as numbers, for models of its characters. */
#include "common/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char alphabet[] = "\n !'(),-.:;?ABCDEFGHIJKLMNOPQRSTUVWYZ"
                               "abcdefghijklmnopqrstuvwxyz";
_Static_assert(sizeof alphabet - 1 == CHARACTERS, "characters");

static flux_status
fail(flux_status status, flux_error *err, const char *path, const char *what)
{
    snprintf(err->text, sizeof err->text, "%s: %s", path, what);
    return status;
}

flux_status
text_read(const char *path, Text *text, flux_error *err)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return fail(FLUX_E_IO, err, path, "cannot be opened");
    size_t room = 0;
    flux_status status = FLUX_OK;
    *text = (Text){0};
    for (int c; status == FLUX_OK && (c = getc(file)) != EOF;) {
        const char *at = c == 0 ? NULL : strchr(alphabet, c);
        if (text->n == room) {
            room = room == 0 ? 1 << 20 : 2 * room;
            int32_t *more = realloc(text->at, room * sizeof *more);
            if (more == NULL) {
                status = FLUX_E_MEMORY;
                break;
            }
            text->at = more;
        }
        if (at == NULL)
            status = fail(FLUX_E_FORMAT, err, path, "another character");
        else
            text->at[text->n++] = (int32_t)(at - alphabet);
    }
    if (status == FLUX_OK && ferror(file))
        status = fail(FLUX_E_IO, err, path, "cannot be read");
    if (status == FLUX_OK && text->n < (TESTED + 2) * SPAN)
        status = fail(FLUX_E_FORMAT, err, path, "too short");
    fclose(file);
    return status;
}

void
text_free(Text *text)
{
    free(text->at);
    *text = (Text){0};
}

static void
place(const Text *text, size_t from, size_t sample, Batch *batch)
{
    for (size_t i = 0; i < SPAN; i++) {
        const size_t k = SPAN * sample + i;
        batch->x[k] = text->at[from + i];
        batch->next[k] = text->at[from + i + 1];
        for (int32_t c = 0; c < CHARACTERS; c++)
            batch->y[CHARACTERS * k + (size_t)c] = batch->next[k] == c;
    }
}

void
text_batch(const Text *text, size_t step, Batch *batch)
{
    const size_t places = text->n - (TESTED + 1) * SPAN - 1;
    for (size_t i = 0; i < BATCH; i++) {
        /* multiples of the golden ratio fill the text evenly */
        const double at =
            fmod(0.6180339887498949 * (double)(BATCH * step + i), 1);
        place(text, (size_t)(at * (double)places), i, batch);
    }
}

void
text_tested(const Text *text, size_t i, Batch *batch)
{
    const size_t first = text->n - TESTED * SPAN - 1;
    for (size_t k = 0; k < BATCH; k++)
        place(text, first + SPAN * (BATCH * i + k), k, batch);
}

/* The logarithm of the sum of a character's exponentials. */
static double
log_sum(const float *logits)
{
    double most = -INFINITY;
    double sum = 0;
    for (size_t c = 0; c < CHARACTERS; c++)
        most = fmax(most, (double)logits[c]);
    for (size_t c = 0; c < CHARACTERS; c++)
        sum += exp((double)logits[c] - most);
    return most + log(sum);
}

double
text_bits(const Batch *batch, const float *logits)
{
    double sum = 0;
    for (size_t k = 0; k < SPAN * BATCH; k++) {
        const float *z = &logits[CHARACTERS * k];
        sum += log_sum(z) - (double)z[batch->next[k]];
    }
    return sum / (SPAN * BATCH) / BIT;
}

int32_t
text_draw(const float *logits, uint64_t *seed)
{
    const double all = log_sum(logits);
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    double left = (double)(*seed >> 11) / 9007199254740992.0;
    int32_t c = 0;
    while (c < CHARACTERS - 1 && (left -= exp((double)logits[c] - all)) > 0)
        c++;
    return c;
}

void
text_print(const int32_t *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        putchar(alphabet[at[i]]);
}
