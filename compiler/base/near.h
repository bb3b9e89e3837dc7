/* The known word that an unknown one may stand for: two edits away at most. An
 * edit adds, leaves out or changes one byte; two neighbours that changed places
 * are the likelier slip, so that `tahn` is `tanh` rather than `tan`.
 */
#ifndef FLUXC_BASE_NEAR_H
#define FLUXC_BASE_NEAR_H

typedef struct {
    const char *word;
    const char *best; /* NULL: none is near */
    int far;          /* what is to be nearer */
} Near;

/* A search for the word; a short one has few edits. */
Near near_to(const char *word);

/* Takes another word, to be shown as `shown`, if it is nearer. */
void near_try(Near *near, const char *other, const char *shown);

#endif
