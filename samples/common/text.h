/* A text as numbers, for models of its characters: what charlstm and
 * transformer have in common.
 */
#ifndef TEXT_H
#define TEXT_H

#include "flux.h"

enum {
    CHARACTERS = 63,
    SPAN = 64,  /* characters that a prediction may look back on */
    BATCH = 32, /* spans that are trained on at once */
    TESTED = 1024
};

/* What a bit of information is in the loss, which is in natural units. */
#define BIT 0.6931471805599453

typedef struct {
    size_t n;
    int32_t *at; /* from 0 to CHARACTERS - 1 */
} Text;

/* The file's characters, which must be those of the King James Bible. */
flux_status text_read(const char *path, Text *text, flux_error *err);
void text_free(Text *text);

typedef struct {
    int32_t x[SPAN * BATCH];
    int32_t next[SPAN * BATCH];         /* after each of x */
    float y[CHARACTERS * SPAN * BATCH]; /* the same, 1 where it is */
} Batch;

/* BATCH spans: those of a training step, which lie scattered before the last
 * TESTED spans, or the i-th of these.
 */
void text_batch(const Text *text, size_t step, Batch *batch);
void text_tested(const Text *text, size_t i, Batch *batch);

/* Bits that a batch's next characters need, by a model's results: the mean. */
double text_bits(const Batch *batch, const float *logits);

/* A character drawn by the results for it; *seed goes on. */
int32_t text_draw(const float *logits, uint64_t *seed);

void text_print(const int32_t *at, size_t n);

#endif
