/* Reading .net: from a source to its syntax tree. */
#ifndef FLUXC_GRAMMAR_GRAMMAR_H
#define FLUXC_GRAMMAR_GRAMMAR_H

#include "syntax/ast.h"

/* Parses a source of the context; gives the program's block, never NULL.
 * Mistakes are diagnostics of the context, and AST_ERROR in their place.
 */
Ast *grammar_parse(Context *context, const Source *source);

/* Whether a source stops in the middle: in a bracket, a block, a """ string or
 * behind an operator. A REPL then reads another line. Reports nothing.
 */
bool grammar_unfinished(const Source *source);

#endif
