/* Numbers of the script: Bool, Int in 64 bit, Float64 and Float32. */
#ifndef FLUXC_SCRIPT_NUMBER_H
#define FLUXC_SCRIPT_NUMBER_H

#include "script/value/state.h"

/* An operator without a dot on two numbers. Int results that do not fit are
 * an error.
 */
Value number_binary(Script *s, const char *op, Value a, Value b, Span span);
Value number_negate(Script *s, Value a, Span span);
bool number_equal(Value a, Value b);

/* + - * on Int arrays and Ints, in 64 bit; dotted: axes of 1 spread. */
Value number_int_arrays(Script *s, const char *op, Value a, Value b,
                        bool dotted, Span span);

/* Whether an element of this type holds a number as it is: an Int only a whole
 * one, a Bool 0 and 1.
 */
bool number_fits(DType type, Value v);
void number_store(Tensor *t, int64_t i, Value v);

/* An Int argument of a builtin in a range, or a failure that names it. */
int64_t number_int(Script *s, Value v, const char *what, int64_t low,
                   int64_t high, Span span);

#endif
