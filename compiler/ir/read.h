/* The reader of the text form, between read.c and read_token.c. */
#ifndef FLUXC_IR_READ_H
#define FLUXC_IR_READ_H

#include "ir/text.h"

typedef struct {
    Context *context;
    Graph *g;
    uint32_t source;
    int depth; /* bodies that we are in */
    const char *begin;
    const char *at;
    bool failed;
} Reader;

/* Notes the first mistake, at the present place; gives false. */
bool read_fail(Reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Steps over blanks and a comment; read_lines also over ends of lines. */
void read_blanks(Reader *r);
void read_lines(Reader *r);

/* Take a mark or a whole word, if it stands here; expect: else a mistake. */
bool read_accept(Reader *r, char c);
bool read_expect(Reader *r, char c);
bool read_accept_word(Reader *r, const char *word);
bool read_expect_word(Reader *r, const char *word);

/* A number up to `most`; a small one up to IR_RANK. */
bool read_number(Reader *r, uint64_t most, uint64_t *number);
bool read_small(Reader *r, int *number);

/* A name in quotes, or in quotes where it needs them; interned. */
bool read_quoted(Reader *r, const char **name);
bool read_name(Reader *r, const char **name);

/* A sum of products such as 2*n^2+1. */
bool read_dim(Reader *r, Dim *dim);

#endif
