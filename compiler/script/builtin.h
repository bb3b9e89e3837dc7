/* The functions behind builtins.def. */
#ifndef FLUXC_SCRIPT_BUILTIN_H
#define FLUXC_SCRIPT_BUILTIN_H

#include "script/eval.h"

/* Run functions: args->count is within the table's bounds. */
typedef Value BuiltinRun(Script *s, const Args *args);

/* builtin_text.c */
BuiltinRun builtin_print, builtin_println, builtin_show, builtin_display;
BuiltinRun builtin_string, builtin_repr, builtin_error, builtin_parse;
BuiltinRun builtin_split, builtin_join, builtin_replace, builtin_strip;
BuiltinRun builtin_startswith, builtin_endswith, builtin_uppercase;
BuiltinRun builtin_lowercase, builtin_repeat;

/* builtin_list.c */
BuiltinRun builtin_length, builtin_isempty, builtin_eachindex, builtin_push;
BuiltinRun builtin_append, builtin_pop, builtin_collect, builtin_map;
BuiltinRun builtin_foreach, builtin_filter, builtin_reduce, builtin_zip;
BuiltinRun builtin_enumerate, builtin_first, builtin_last, builtin_keys;
BuiltinRun builtin_values, builtin_haskey;

/* builtin_type.c */
BuiltinRun builtin_typeof, builtin_isa, builtin_in, builtin_identity;
BuiltinRun builtin_tuple, builtin_pair, builtin_to_int, builtin_to_float64;
BuiltinRun builtin_to_float32, builtin_to_bool, builtin_to_symbol;
BuiltinRun builtin_to_tuple, builtin_abstract;

/* recur.c */
BuiltinRun builtin_over_steps, builtin_scan;

/* stepped.c */
BuiltinRun builtin_one_step;

/* script.c */
BuiltinRun builtin_include;

/* builtin.c: the text of an argument that must be one; its place. */
Text builtin_text(Script *s, const Args *args, size_t i);
Span builtin_at(const Args *args, size_t i);

/* builtin_text.c: where a text first stands in another one, zero bytes like
 * others; or NULL. */
const char *text_find(Text text, Text part);

#endif
