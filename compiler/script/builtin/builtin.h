/* The functions behind builtins.def. */
#ifndef FLUXC_SCRIPT_BUILTIN_H
#define FLUXC_SCRIPT_BUILTIN_H

#include "script/eval/eval.h"

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

/* builtin.c, data.c, data_text.c */
void builtin_define_all(Script *s);
void data_define_all(Script *s);
void data_text_define_all(Script *s);

/* data.c: a file's name; as in Julia, relative to where the program runs. One
 * that is read is noted, for make's rules.
 */
const char *data_path(Script *s, Value v, Span span);
const char *data_source(Script *s, Value v, Span span);

/* plot.c: plot!(file, series…; names, classes). */
BuiltinRun plot_call;

#endif
