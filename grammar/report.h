/* What is said of a token that the grammar does not allow. */
#ifndef FLUXC_GRAMMAR_REPORT_H
#define FLUXC_GRAMMAR_REPORT_H

#include "grammar/lexer.h"

#define REPORT_EXPECTED 4 /* more candidates say nothing */

/* Reports a token with the names of the `count` that were expected (more than
 * REPORT_EXPECTED: too many to tell) and lets the lexer find the end of the
 * statement. What the lexer has reported already is not reported again.
 */
void report_unexpected(Lexer *lexer, int token, const char *name, Span span,
                       const char *const *expected, int count);

/* Reports that the parser gave up. */
void report_parser(Build *build, Span span, const char *text);

#endif
