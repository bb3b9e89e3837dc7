/* c_arguments.c: what the functions of a model share. */
#ifndef FLUXC_EMIT_C_ARGUMENTS_H
#define FLUXC_EMIT_C_ARGUMENTS_H

#include "emit/c/c_emit.h"

/* Begins a function of this name that prints a schedule: the model's name and
 * the named dimensions are in scope.
 */
Function function_start(Emit *emit, Schedule *s, const char *name);

/* How what is now written has its loops, of a function with a flux_work or not;
 * the schedule of a graph, as such loops; NULL for NULL.
 */
ScheduleOptions c_loop_options(const Emit *emit, bool work);
Schedule *c_loops(const Emit *emit, const Graph *g, bool work);

/* A name that the API makes of the model's, such as mlp_forward; of a macro.
 */
const char *c_function_name(const Emit *emit, const char *name,
                            const char *end);
const char *c_macro_name(const Emit *emit, const char *name, const char *end);

/* What the checks of integers allow, as a sentence, or nothing: " The elements
 * of user are 1 to 500, of film 1 to 300."
 */
const char *c_ranges_text(const Function *f);

/* Writes a function's definition. */
void c_define(const Emit *emit, Function *f);

/* A name for an argument of the function's own, such as `m`. User names come
 * first: where an input or output has it, this gets a number.
 */
const char *c_own_name(Function *f, const char *wish);

/* Prints the constant arrays. Their names begin with the function's: a file has
 * several.
 */
void c_name_tables(Function *f);

/* A struct of the API, such as the parameters. */
void c_add_struct(Emit *emit, Function *f, const char *type, const char *name,
                  bool constant);

/* The inputs that the forward graph has too, or the others. */
void c_add_inputs(Function *f, const Graph *forward, bool of_forward);

/* The batch's n and the other named dimensions that the model has. */
void c_add_dims(Emit *emit, Function *f);

/* Outputs that are no next value of a leaf. */
void c_add_outputs(Function *f, bool required);

/* The flux_work. */
void c_add_work(Function *f);

/* The leaf whose memory a buffer is, which for an output is the one that it is
 * the next value of; or REF_NONE.
 */
Ref c_buffer_leaf(const Schedule *s, size_t buffer);

/* Such a buffer is a member of `object`. */
void c_place_member(Function *f, size_t buffer, const char *object,
                    const Member *member);

/* Leaves of parameters are members of `m`, states of the same name members of
 * `gradient`, unless that is NULL.
 */
void c_place_params(Emit *emit, Function *f, const char *m,
                    const char *gradient);

/* Whether the function needs a seed. */
bool c_uses_random(const Schedule *s);

/* Adds to an arena's bytes what states take that the caller leaves out. */
void c_add_states(const Emit *emit, const Schedule *s, Sizes *bytes);

/* The bytes of arena by a macro such as MLP_ARENA(n), which is written into the
 * header if `print` says so.
 */
void c_define_arena(Emit *emit, Function *f, const char *macro, Sizes bytes,
                    bool print);

#endif
