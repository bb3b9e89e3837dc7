/* The reference interpreter: evaluates a graph node by node, each in its own
 * element type and in its order of summation. It is plain on purpose: what the
 * other engines compute is compared with it, bit for bit.
 *
 * The memory of a value is freed after its last use. Nodes on which no output
 * depends are not evaluated.
 */
#include "ir/interpret.h"

#include <stdlib.h>
#include <string.h>

enum { USE_NEVER = -1, USE_OUTPUT = INT32_MAX };

typedef struct {
    Run run;
    Arena *arena;
    size_t room; /* bytes that may still be taken for values and results */
    Ref *last;   /* the node that uses a node last, or USE_… */
    bool *owned; /* the value's memory is ours */
} Evaluation;

static const char *
evaluation_problem(const Evaluation *e, Ref ref, const char *problem)
{
    const Node *node = ir_node(e->run.g, ref);
    const char **reason = e->run.options->reason;
    if (reason != NULL &&
        *reason == NULL) /* else the body of a loop has said it */
        *reason = problem;
    return arena_printf(e->arena, "%%%d = %s: %s", (int)ref,
                        op_info[node->op].name, problem);
}

/* Fills `last`, from the outputs backwards. */
static void
evaluation_uses(Evaluation *e)
{
    const Graph *g = e->run.g;
    for (size_t i = 0; i < g->node.count; i++)
        e->last[i] = USE_NEVER;
    for (size_t i = 0; i < g->output.count; i++)
        e->last[g->output.item[i].ref] = USE_OUTPUT;
    for (Ref ref = (Ref)g->node.count - 1; ref >= 0; ref--) {
        const Node *node = ir_node(g, ref);
        for (int i = 0; e->last[ref] != USE_NEVER && i < node->operands; i++) {
            Ref *last = &e->last[ir_operand(node, i)];
            *last = *last == USE_NEVER ? ref : *last;
        }
    }
}

/* The node's shape in this run; a message where it overflows. */
static const char *
evaluation_shape(const Evaluation *e, const Node *node, Tensor *shape)
{
    shape->dtype = node->dtype;
    shape->rank = node->rank;
    for (int axis = 0; axis < node->rank; axis++) {
        shape->dim[axis] =
            dim_value(e->run.g->dims, node->dim[axis], e->run.options->symbol);
        if (shape->dim[axis] < 0)
            return "a dimension overflows";
    }
    int64_t count = tensor_count(shape);
    int64_t most = TENSOR_BYTES / (int64_t)dtype_size(node->dtype);
    return count < 0 || count > most ? "the tensor is too large" : NULL;
}

static size_t
tensor_bytes(const Tensor *tensor)
{
    return (size_t)tensor_count(tensor) * dtype_size(tensor->dtype);
}

const char ir_no_memory[] = "there is not enough memory";

/* Memory for a value; a message where there is none. */
static const char *
evaluation_own(Evaluation *e, Ref ref)
{
    size_t bytes = tensor_bytes(&e->run.value[ref]);
    void *data = bytes <= e->room ? malloc(bytes > 0 ? bytes : 1) : NULL;
    if (!data)
        return ir_no_memory;
    e->run.value[ref].data = data;
    e->room -= bytes;
    e->owned[ref] = true;
    return NULL;
}

static void
evaluation_release(Evaluation *e, Ref ref)
{
    if (!e->owned[ref])
        return;
    free(e->run.value[ref].data);
    e->room += tensor_bytes(&e->run.value[ref]);
    e->owned[ref] = false;
}

/* Takes a leaf's value from the caller, after a look at its type and shape. */
static const char *
evaluation_borrow(Evaluation *e, Ref ref, const Tensor *given)
{
    Tensor *value = &e->run.value[ref];
    if (!given || !given->data)
        return "no value";
    if (given->dtype != value->dtype || given->rank != value->rank)
        return "a value of another type or rank";
    for (int axis = 0; axis < value->rank; axis++) {
        if (given->dim[axis] != value->dim[axis])
            return "a value of another shape";
    }
    value->data = given->data;
    return NULL;
}

/* Whether a node is wanted of what `of` gives: a part, or itself. */
static bool
evaluation_is_part(const Evaluation *e, Ref ref, Ref of)
{
    const Node *node = ir_node(e->run.g, ref);
    return e->last[ref] != USE_NEVER &&
           (ref == of || (node->op == OP_part && node->operand[0] == of));
}

/* Evaluates a loop into the values of its parts. */
static const char *
evaluate_scan(Evaluation *e, Ref ref)
{
    const Graph *g = e->run.g;
    const Node *node = ir_node(g, ref);
    int parts = node->as.scan->states + node->as.scan->results;
    const char *problem = NULL;
    Tensor **part = base_alloc(((size_t)parts + 1) * sizeof *part);
    memset(part, 0, ((size_t)parts + 1) * sizeof *part);
    for (Ref r = ref + 1; !problem && r <= e->last[ref]; r++) {
        const Node *own = ir_node(g, r);
        if (!evaluation_is_part(e, r, ref))
            continue;
        if (part[own->as.part] == NULL)
            part[own->as.part] = &e->run.value[r];
        problem = evaluation_shape(e, own, &e->run.value[r]);
        if (!problem)
            problem = evaluation_own(e, r);
    }
    if (!problem)
        problem = run_scan(&e->run, node, part, e->arena);
    for (Ref r = ref + 1; !problem && r <= e->last[ref]; r++) {
        const Tensor *value = &e->run.value[r];
        if (!evaluation_is_part(e, r, ref))
            continue;
        const Tensor *from = part[ir_node(g, r)->as.part];
        if (from != value)
            memcpy(value->data, from->data, tensor_bytes(value));
    }
    free(part);
    return problem;
}

static const char *
evaluate_node(Evaluation *e, Ref ref)
{
    const Node *node = ir_node(e->run.g, ref);
    Tensor *value = &e->run.value[ref];
    if (node->op == OP_data)
        return evaluation_borrow(e, ref, node->as.data);
    if (node->op == OP_part)
        return NULL; /* its scan has made it */
    const char *problem = evaluation_own(e, ref);
    if (problem)
        return problem;
    switch (op_info[node->op].class) {
    case CLASS_LEAF:
        run_leaf(&e->run, node, value);
        return NULL;
    case CLASS_MAP:
    case CLASS_COMPARE:
        run_map(&e->run, node, value);
        return NULL;
    case CLASS_SHAPE:
        return run_shape(&e->run, node, value);
    case CLASS_REDUCE:
        return run_reduce(&e->run, node, value);
    case CLASS_CONTRACT:
        return run_contract(&e->run, node, value);
    case CLASS_LOOP:
        return evaluate_scan(e, ref);
    }
    return NULL;
}

static bool
evaluation_finite(const Evaluation *e, Ref ref)
{
    const Tensor *value = &e->run.value[ref];
    int64_t count = dtype_real(value->dtype) ? tensor_count(value) : 0;
    for (int64_t i = 0; i < count; i++) {
        double x = tensor_get(value, i);
        if (x - x != 0)
            return false;
    }
    return true;
}

/* Notes a node whose result is not finite, though its operands are. */
static void
evaluation_note(const Evaluation *e, Ref ref)
{
    const Node *node = ir_node(e->run.g, ref);
    Ref *nan = e->run.options->nan;
    if (nan == NULL || *nan != REF_NONE || node->operands == 0 ||
        node->op == OP_part)
        return;
    for (int i = 0; i < node->operands; i++) {
        if (!evaluation_finite(e, ir_operand(node, i)))
            return;
    }
    Ref last = node->region != NULL ? e->last[ref] : ref;
    for (Ref r = ref; *nan == REF_NONE && r <= last; r++) {
        if (evaluation_is_part(e, r, ref) && !evaluation_finite(e, r))
            *nan = r;
    }
}

static const char *
evaluate_all(Evaluation *e, const Tensor *const *given)
{
    const Graph *g = e->run.g;
    size_t leaf = 0;
    for (Ref ref = 0; ref < (Ref)g->node.count; ref++) {
        const Node *node = ir_node(g, ref);
        const Tensor *from = op_given(node->op) ? given[leaf++] : NULL;
        if (e->last[ref] == USE_NEVER)
            continue;
        const char *problem = evaluation_shape(e, node, &e->run.value[ref]);
        if (!problem)
            problem = op_given(node->op) ? evaluation_borrow(e, ref, from)
                                         : evaluate_node(e, ref);
        if (problem)
            return evaluation_problem(e, ref, problem);
        evaluation_note(e, ref);
        for (int i = 0; i < node->operands; i++) {
            if (e->last[ir_operand(node, i)] == ref)
                evaluation_release(e, ir_operand(node, i));
        }
    }
    return NULL;
}

/* Hands out the results. Borrowed values are copied first: the room for one
 * result may be the memory of a leaf that is another.
 */
static const char *
evaluation_results(Evaluation *e, Tensor *result)
{
    const Graph *g = e->run.g;
    size_t wanted = 0;
    for (size_t i = 0; i < g->output.count; i++) {
        Ref ref = g->output.item[i].ref;
        const void *borrowed = e->run.value[ref].data;
        if (e->owned[ref])
            continue;
        if (evaluation_own(e, ref))
            return ir_no_memory;
        memcpy(e->run.value[ref].data, borrowed,
               tensor_bytes(&e->run.value[ref]));
    }
    for (size_t i = 0; i < g->output.count; i++)
        if (!result[i].data)
            wanted += tensor_bytes(&e->run.value[g->output.item[i].ref]);
    if (wanted > e->room)
        return ir_no_memory;
    for (size_t i = 0; i < g->output.count; i++) {
        Tensor value = e->run.value[g->output.item[i].ref];
        void *room = result[i].data;
        size_t bytes = tensor_bytes(&value);
        result[i] = value;
        result[i].data =
            room ? room : arena_alloc(e->arena, bytes > 0 ? bytes : 1);
        memcpy(result[i].data, value.data, bytes);
    }
    return NULL;
}

const char *
ir_interpret(const Graph *g, const Tensor *const *value,
             const RunOptions *options, Arena *arena, Tensor *result)
{
    size_t count = g->node.count > 0 ? g->node.count : 1;
    Evaluation e = {
        .run = {.g = g, .options = options}, .arena = arena, .room = SIZE_MAX};
    size_t limit = arena_lift(arena);
    if (limit)
        e.room = limit > arena->used ? limit - arena->used : 0;
    e.run.value = base_alloc(count * sizeof *e.run.value);
    e.last = base_alloc(count * sizeof *e.last);
    e.owned = base_alloc(count * sizeof *e.owned);
    memset(e.run.value, 0, count * sizeof *e.run.value);
    memset(e.owned, 0, count * sizeof *e.owned);
    if (options->nan != NULL)
        *options->nan = REF_NONE;
    if (options->reason != NULL)
        *options->reason = NULL;
    evaluation_uses(&e);
    const char *problem = evaluate_all(&e, value);
    if (!problem) {
        problem = evaluation_results(&e, result);
        if (options->reason != NULL)
            *options->reason = problem;
    }
    for (size_t i = 0; i < g->node.count; i++)
        evaluation_release(&e, (Ref)i);
    free(e.owned);
    free(e.last);
    free(e.run.value);
    arena->limit = limit;
    return problem;
}

/* The elements of a node as a number that may be large. */
static double
flops_count(const Graph *g, const Node *node, const int64_t *symbol)
{
    double count = 1;
    for (int axis = 0; axis < node->rank; axis++)
        count *= (double)dim_value(g->dims, node->dim[axis], symbol);
    return count;
}

/* Twice the outputs times the extents of the summed labels. */
static double
flops_contract(const Graph *g, const Node *node, const int64_t *symbol)
{
    double count = 2 * flops_count(g, node, symbol);
    const Node *a = ir_node(g, node->operand[0]);
    for (int axis = 0; axis < a->rank; axis++) {
        bool summed = true;
        for (int out = 0; out < node->rank; out++)
            summed &= node->as.contract.out[out] != node->as.contract.a[axis];
        if (summed)
            count *= (double)dim_value(g->dims, a->dim[axis], symbol);
    }
    return count;
}

double
ir_flops(const Graph *g, const int64_t *symbol)
{
    double flops = 0;
    for (size_t i = 0; i < g->node.count; i++) {
        const Node *node = &g->node.item[i];
        OpClass class = op_info[node->op].class;
        if (class == CLASS_CONTRACT)
            flops += flops_contract(g, node, symbol);
        else if (class == CLASS_REDUCE)
            flops += flops_count(g, ir_node(g, node->operand[0]), symbol);
        else if (class == CLASS_MAP || class == CLASS_COMPARE)
            flops += flops_count(g, node, symbol);
        else if (node->region != NULL)
            flops += (double)dim_value(g->dims, node->as.scan->extent, symbol) *
                     ir_flops(node->region, symbol);
    }
    return flops;
}
