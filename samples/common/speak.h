/* Trains a model of characters, measures it, and lets it write: the program of
 * the samples of characters.
 */
#ifndef SPEAK_H
#define SPEAK_H

#include "common/text.h"

/* A model from SPAN characters to those after each, and the memory for it. One
 * that has `letter`, which takes a character at a time, has a state beside it.
 */
typedef struct {
    const flux_trainer *trainer;
    const flux_model *letter; /* with the parameters of the model, or NULL */
    void *m;
    void *step;
    float *logits; /* CHARACTERS * SPAN * BATCH */
    void *state;
    flux_work work;
} Speaker;

/* What main returns. The arguments are
 *
 *     FILE [STEPS]
 *
 * Few steps mean few spans to test with, and a short text at the end.
 */
int speak(const Speaker *s, int argc, char **argv);

#endif
