/* Numbers and arrays: each operation is written once, as a maker of graph
 * nodes; on plain arrays it runs through a small graph and the interpreter, so
 * that the script and the models give the same bits.
 */
#ifndef FLUXC_SCRIPT_NUMERIC_H
#define FLUXC_SCRIPT_NUMERIC_H

#include "script/value/state.h"

/* An operator of the language on any values: "+", ".*", "==", "'", unary "-"
 * (b.kind VALUE_nothing), "!", "≈". Reports what does not fit.
 */
Value numeric_binary(Script *s, const char *op, Value a, Value b, Span span);
Value numeric_unary(Script *s, const char *op, Value a, Span span);

/* What was computed in double of arrays of Ints, by sums of `terms` products of
 * an element of each: Ints again. An error where it might not be exact.
 */
Value numeric_whole(Script *s, const Value *given, size_t count, int64_t terms,
                    Value y, Span span);

/* Equality as `==` of numbers, arrays and batches: exact, and elementwise for
 * arrays of equal shape; a traced value is an error.
 */
bool numeric_equal(Script *s, Value a, Value b, Span span);
bool numeric_close(Script *s, Value a, Value b, double rtol, double atol,
                   Span span);

/* A truth value for if, while, && (an error on anything but Bool, with a hint
 * on traced values).
 */
bool numeric_true(Script *s, Value v, Span span);

/* [a, b, c], [a b; c d] of numbers, arrays and traced values; a vector of
 * other things is a list.
 */
Value numeric_vect(Script *s, const Value *item, size_t count, Span span);
/* A list of numbers as an array, anything else as it is. */
Value numeric_plain(Script *s, Value v, Span span);
Value numeric_hcat(Script *s, const Value *item, size_t count, Span span);
Value numeric_vcat(Script *s, const Value *item, size_t count, Span span);

/* Arrays joined along an axis; numbers as arrays of one element. */
Value numeric_concat(Script *s, const Value *item, size_t count, int axis,
                     Span span, const char *name);

/* x[i, 2:5, :] of an array, a batch or a traced value: indices are Ints,
 * ranges, arrays of Ints or VALUE_symbol ":".
 */
Value numeric_index(Script *s, Value x, const Value *index, size_t count,
                    Span span);
void numeric_assign(Script *s, Value x, const Value *index, size_t count,
                    Value value, Span span);
int64_t numeric_length(Script *s, Value x, int axis, Span span); /* -1: all */

/* `end` where only the run knows it: places near it count from there. */
#define NUMERIC_END (INT64_C(1) << 40)
bool numeric_is_open(Script *s, Value x, int axis);

/* Makers for builtins (numeric.def): exp, sum, maximum, reshape, … */
void numeric_define_all(Script *s);

#endif
