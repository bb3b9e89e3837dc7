/* Seq: sequences as values. */
#ifndef FLUXC_SCRIPT_SEQ_H
#define FLUXC_SCRIPT_SEQ_H

#include "script/value/state.h"

/* How a value holds sequences. */
typedef enum { SEQ_none, SEQ_plain, SEQ_in_batch, SEQ_of_batch } SeqForm;
SeqForm seq_form(Value v);

/* A Seq as the array, or the batch of arrays, that a model takes; other values
 * as they are.
 */
Value seq_plain(Script *s, Value v);

/* The reverse: an array, or a batch of arrays, whose last axis is that of
 * steps, in a form.
 */
Value seq_value(Script *s, Value v, SeqForm form);

/* The result of an elementwise function of what was given: a Seq where one of
 * them was.
 */
Value seq_as_given(Script *s, Value result, const Value *given, size_t count);

/* By node of a sample's graph, whether its last axis is that of steps; `input`
 * has the forms of the inputs.
 */
bool *seq_nodes(Script *s, const Graph *g, const SeqForm *input);

#endif
