/* Trees: tuples of values, with tuples in them. */
#ifndef FLUXC_SCRIPT_TREE_H
#define FLUXC_SCRIPT_TREE_H

#include "script/value/state.h"

/* Appends the leaves of a value in their order: those of a tuple's elements, or
 * the value itself.
 */
void tree_leaves(Script *s, Value tree, Values *leaves);

/* A tree of the same form, with the same names, whose leaves are the next ones.
 */
Value tree_like(Script *s, Value tree, const Value **next);

/* How the results of a model are called: "y"; the elements of a tuple "y1",
 * "y2" … or by their names; those of a tuple in it "y1_1", "a_1".
 */
const char **tree_names(Script *s, Value tree, size_t leaves);

#endif
