/* Seq: sequences as values, whose steps lie along the last axis.
 *
 * A Seq prints, indexes and iterates as the list of its steps. A model takes
 * the array under it, and gives a Seq where the last axis of its result is
 * still that of the steps. Batch and Seq nest: a batch of sequences is the
 * array that a model takes, (…, steps, samples); a sequence of batches has its
 * last two axes the other way round.
 */
#include "script/array/seq.h"

#include "script/array/lift.h"

#include <string.h>

/* The tensor with its last two axes exchanged. */
static Tensor *
swap_last(Script *s, const Tensor *t)
{
    int64_t dim[IR_RANK];
    memcpy(dim, t->dim, sizeof dim);
    int64_t rows = dim[t->rank - 2];
    int64_t columns = dim[t->rank - 1];
    dim[t->rank - 2] = columns;
    dim[t->rank - 1] = rows;
    Tensor *to = lift_new_tensor(s, t->dtype, t->rank, dim, s->span);
    int64_t parts = rows * columns;
    size_t bytes =
        parts > 0 ? (size_t)(tensor_count(t) / parts) * dtype_size(t->dtype)
                  : 0;
    for (int64_t i = 0; i < parts; i++)
        memcpy((char *)to->data +
                   (size_t)(i / rows + i % rows * columns) * bytes,
               (const char *)t->data + (size_t)i * bytes, bytes);
    return to;
}

Value
seq_plain(Script *s, Value v)
{
    if (v.kind != VALUE_seq)
        return v;
    if (!v.nested)
        return (Value){.kind = VALUE_array, .as.array = v.as.array};
    v = value_array(s, swap_last(s, v.as.array->tensor));
    v.kind = VALUE_batch;
    return v;
}

Value
seq_value(Script *s, Value v, SeqForm form)
{
    if (form == SEQ_none || (v.kind != VALUE_array && v.kind != VALUE_batch))
        return v;
    if (v.kind == VALUE_array) {
        v.kind = VALUE_seq;
        return v;
    }
    v.nested = true;
    if (form == SEQ_in_batch)
        return v;
    v.as.array = value_array(s, swap_last(s, v.as.array->tensor)).as.array;
    v.kind = VALUE_seq;
    return v;
}

SeqForm
seq_form(Value v)
{
    if (v.kind == VALUE_seq)
        return v.nested ? SEQ_of_batch : SEQ_plain;
    return v.kind == VALUE_batch && v.nested ? SEQ_in_batch : SEQ_none;
}

Value
seq_as_given(Script *s, Value result, const Value *given, size_t count)
{
    if (result.kind != VALUE_array && result.kind != VALUE_batch)
        return result;
    int rank = result.as.array->tensor->rank;
    for (size_t i = 0; i < count; i++)
        if (seq_form(given[i]) != SEQ_none &&
            rank == given[i].as.array->tensor->rank)
            return seq_value(s, result, seq_form(given[i]));
    return result;
}

/* Whether the last axis of a node is that of operand k. */
static bool
keeps_last(const Graph *g, const Node *n, int k)
{
    const Node *a = ir_node(g, ir_operand(n, k));
    int last = n->rank - 1;
    int from = a->rank - 1;
    if (last < 0 || from < 0)
        return false;
    switch (op_info[n->op].class) {
    case CLASS_MAP:
    case CLASS_COMPARE:
        return from == last;
    default:
        break;
    }
    switch ((int)n->op) {
    case OP_cast:
    case OP_reverse:
        return true;
    case OP_broadcast:
        return n->as.map[from] == last;
    case OP_permute:
        return n->as.map[last] == from;
    case OP_reshape:
    case OP_slice:
    case OP_pad:
        return n->dim[last] == a->dim[from];
    case OP_concat:
        return n->as.axis != last;
    case OP_gather:
        return k == 1;
    case OP_sum:
    case OP_maximum:
    case OP_argmax:
        return (n->as.axes >> from & 1) == 0;
    case OP_contract:
        return n->as.contract.out[last] ==
               (k == 0 ? n->as.contract.a[from] : n->as.contract.b[from]);
    default:
        return false;
    }
}

/* Whether a part of a loop holds a result of each step, along its last axis. */
static bool
is_of_steps(const Graph *g, const Node *part)
{
    const Scan *scan = ir_node(g, part->operand[0])->as.scan;
    int result = part->as.part - scan->states;
    return result >= 0 &&
           scan->axis[scan->sequences + result] == part->rank - 1;
}

bool *
seq_nodes(Script *s, const Graph *g, const SeqForm *input)
{
    bool *steps = ARENA_ARRAY(&s->context->arena, bool, g->node.count + 1);
    size_t inputs = 0;
    for (size_t i = 0; i < g->node.count; i++) {
        const Node *n = &g->node.item[i];
        steps[i] = n->op == OP_input && input[inputs++] != SEQ_none;
        if (n->op == OP_part)
            steps[i] = is_of_steps(g, n);
        for (int k = 0; n->op != OP_part && k < n->operands; k++)
            steps[i] =
                steps[i] || (steps[ir_operand(n, k)] && keeps_last(g, n, k));
    }
    return steps;
}
