/* The tokens of a .net text, as the formatter wants them. */
#ifndef FLUXC_MAIN_TOKENS_H
#define FLUXC_MAIN_TOKENS_H

#include "base/context.h"
#include "syntax/fmt.h"

typedef VEC(FmtToken) Tokens;

/* All tokens of a text without mistakes; strings are one token each, and what
 * the lexer puts between operands has become marks.
 */
Tokens tokens_read(Arena *arena, const char *text, size_t size);

#endif
