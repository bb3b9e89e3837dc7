/* Trains a model of characters, measures it, and lets it write. */
#include "common/speak.h"
#include "common/arguments.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { STEPS = 2000, WRITTEN = 500 };

static Batch batch;

static flux_status
train(const Speaker *s, const Text *text, size_t steps)
{
    const flux_trainer *t = s->trainer;
    const void *x = batch.x;
    float loss = 0;
    flux_status status = t->model->init(t->model, s->m, t->model->seed);
    if (status == FLUX_OK)
        status = t->init(s->step, t->model->seed);
    for (size_t i = 1; status == FLUX_OK && i <= steps; i++) {
        text_batch(text, i, &batch);
        status = t->train(s->step, s->m, &x, batch.y, BATCH, &loss, &s->work);
        if (i % 200 == 0 || i == steps) {
            printf("step %4zu  %.3f bits  %.0f s\n", i,
                   (double)loss / SPAN / BIT, (double)clock() / CLOCKS_PER_SEC);
            fflush(stdout);
        }
    }
    return status;
}

static flux_status
forward(const Speaker *s, const int32_t *at, size_t n)
{
    const flux_model *model = s->trainer->model;
    const void *x = at;
    void *y = s->logits;
    return model->forward(model, s->m, &x, n, &y, &s->work);
}

/* The bits of the last spans, at most `most` batches of them. */
static flux_status
test(const Speaker *s, const Text *text, size_t most)
{
    const size_t batches = most < TESTED / BATCH ? most : TESTED / BATCH;
    double bits = 0;
    flux_status status = FLUX_OK;
    for (size_t i = 0; status == FLUX_OK && i < batches; i++) {
        text_tested(text, i, &batch);
        status = forward(s, batch.x, BATCH);
        bits += text_bits(&batch, s->logits) / (double)batches;
    }
    if (status == FLUX_OK)
        printf("bits of a character %.3f\n\n", bits);
    return status;
}

/* *next is drawn behind the last of the characters so far. */
static flux_status
go_on(const Speaker *s, const int32_t *last, uint64_t *seed, int32_t *next)
{
    if (s->letter == NULL) { /* all that it can look back on, once more */
        flux_status status = forward(s, last + 1 - SPAN, 1);
        *next = text_draw(&s->logits[CHARACTERS * (SPAN - 1)], seed);
        return status;
    }
    flux_work work = s->work;
    work.state = s->state;
    const void *x = last;
    void *y = s->logits;
    flux_status status = s->letter->forward(s->letter, s->m, &x, 1, &y, &work);
    *next = text_draw(s->logits, seed);
    return status;
}

/* The text's beginning, and what the model goes on with. */
static flux_status
write(const Speaker *s, const Text *text, size_t most)
{
    static int32_t at[SPAN + WRITTEN];
    const size_t end = SPAN + (most < WRITTEN ? most : WRITTEN);
    uint64_t seed = 1;
    flux_status status = FLUX_OK;
    memcpy(at, text->at, SPAN * sizeof *at);
    if (s->letter != NULL) {
        int32_t next;
        status = s->letter->reset(s->letter, s->m, s->state, 1);
        for (size_t i = 0; status == FLUX_OK && i < SPAN - 1; i++)
            status = go_on(s, &at[i], &seed, &next);
    }
    for (size_t i = SPAN; status == FLUX_OK && i < end; i++)
        status = go_on(s, &at[i - 1], &seed, &at[i]);
    if (status == FLUX_OK)
        text_print(at, end);
    puts("");
    return status;
}

int
speak(const Speaker *s, int argc, char **argv)
{
    Text text = {0};
    flux_error err = {{0}};
    const size_t steps = count_of(argc, argv, 2, STEPS);
    if (steps == 0 || argc < 2 || argc > 3) {
        fputs("usage: demo FILE [STEPS]\n", stderr);
        return 2;
    }
    flux_status status = text_read(argv[1], &text, &err);
    if (status == FLUX_OK)
        status = train(s, &text, steps);
    if (status == FLUX_OK)
        status = test(s, &text, steps);
    if (status == FLUX_OK)
        status = write(s, &text, steps);
    if (status != FLUX_OK)
        fprintf(stderr, "demo: %s\n",
                err.text[0] != '\0' ? err.text : flux_status_text(status));
    text_free(&text);
    return status != FLUX_OK;
}
