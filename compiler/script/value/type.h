/* Types: which values a type or an annotation takes, and what a value's is. */
#ifndef FLUXC_SCRIPT_TYPE_H
#define FLUXC_SCRIPT_TYPE_H

#include "script/value/value.h"

/* Whether a name is that of a kind of values (types.def); one of numbers. */
bool type_known(const char *name);
bool type_of_numbers(const char *name);

/* How exactly an annotation takes a value; -1 if it does not. A name that is
 * no type is an error at its place.
 */
int type_match(Script *s, Scope *scope, const Ast *type, Value v);

/* isa(v, type): `type` is a value that names one. */
bool type_is(Script *s, Value v, Value type, Span span);
bool type_below(Script *s, Value a, Value b, Span span); /* a <: b */

/* typeof(v): the type of an object, or the builtin that names the kind. */
Value type_of(Script *s, Value v);

#endif
