/* The interpreter's loops: a scan evaluates its body once for each step. */
#include "ir/interpret.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const Run *run;
    const Node *node;
    const Scan *scan;
    Arena *arena;
    int64_t steps;
    Tensor *in;  /* by input of the body */
    Tensor *out; /* by output of the body */
    bool failed; /* there was not enough memory */
} Loop;

static void
loop_room(Loop *loop, const Node *node, Tensor *tensor)
{
    const Run *run = loop->run;
    *tensor = (Tensor){.dtype = node->dtype, .rank = node->rank};
    for (int axis = 0; axis < node->rank; axis++)
        tensor->dim[axis] =
            dim_value(run->g->dims, node->dim[axis], run->options->symbol);
    int64_t count = tensor_count(tensor);
    int64_t most = TENSOR_BYTES / (int64_t)dtype_size(node->dtype);
    if (count >= 0 && count <= most)
        tensor->data = malloc((size_t)count * dtype_size(node->dtype) + 1);
    loop->failed = loop->failed || tensor->data == NULL;
}

static size_t
loop_bytes(const Tensor *tensor)
{
    return (size_t)tensor_count(tensor) * dtype_size(tensor->dtype);
}

/* Moves the values of one step between their own memory and their place in that
 * of all steps.
 */
static void
loop_move(const Tensor *one, const Tensor *all, int axis, int64_t step,
          bool store)
{
    size_t run = dtype_size(one->dtype);
    for (int a = 0; a < axis; a++)
        run *= (size_t)one->dim[a];
    size_t count = run > 0 ? loop_bytes(one) / run : 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = (i * (size_t)all->dim[axis] + (size_t)step) * run;
        if (store)
            memcpy((char *)all->data + at, (char *)one->data + i * run, run);
        else
            memcpy((char *)one->data + i * run, (char *)all->data + at, run);
    }
}

static void
loop_begin(Loop *loop)
{
    const Graph *body = loop->node->region;
    const Scan *scan = loop->scan;
    for (int i = 0; i < loop->node->operands; i++) {
        const Tensor *from = &loop->run->value[scan->operand[i]];
        if (i >= scan->sequences + scan->states) {
            loop->in[i] = *from;
            continue;
        }
        loop_room(loop, ir_node(body, body->leaf.item[i]), &loop->in[i]);
        if (i >= scan->sequences && !loop->failed)
            memcpy(loop->in[i].data, from->data, loop_bytes(from));
    }
    for (int i = 0; i < scan->states + scan->results; i++)
        loop_room(loop, ir_node(body, body->output.item[i].ref), &loop->out[i]);
}

static void
loop_end(Loop *loop)
{
    for (int i = 0; i < loop->scan->sequences + loop->scan->states; i++)
        free(loop->in[i].data);
    for (int i = 0; i < loop->scan->states + loop->scan->results; i++)
        free(loop->out[i].data);
    free(loop->in);
    free(loop->out);
}

static const char *
loop_step(Loop *loop, int64_t step, Tensor *const *part,
          const Tensor *const *given)
{
    const Scan *scan = loop->scan;
    RunOptions options = *loop->run->options;
    options.nan = NULL;
    for (int i = 0; i < scan->sequences; i++)
        loop_move(&loop->in[i], &loop->run->value[scan->operand[i]],
                  scan->axis[i], step, false);
    const char *problem = ir_interpret(loop->node->region, given, &options,
                                       loop->arena, loop->out);
    if (problem != NULL)
        return problem;
    for (int i = 0; i < scan->states; i++)
        memcpy(loop->in[scan->sequences + i].data, loop->out[i].data,
               loop_bytes(&loop->out[i]));
    for (int i = 0; i < scan->results; i++) {
        const Tensor *all = part[scan->states + i];
        if (all != NULL)
            loop_move(&loop->out[scan->states + i], all,
                      scan->axis[scan->sequences + i], step, true);
    }
    return NULL;
}

const char *
run_scan(const Run *run, const Node *node, Tensor *const *part, Arena *arena)
{
    const Scan *scan = node->as.scan;
    size_t ins = (size_t)node->operands + 1;
    size_t outs = (size_t)(scan->states + scan->results) + 1;
    Loop loop = {.run = run, .node = node, .scan = scan, .arena = arena};
    loop.steps = dim_value(run->g->dims, scan->extent, run->options->symbol);
    loop.in = base_alloc(ins * sizeof *loop.in);
    loop.out = base_alloc(outs * sizeof *loop.out);
    memset(loop.in, 0, ins * sizeof *loop.in);
    memset(loop.out, 0, outs * sizeof *loop.out);
    loop_begin(&loop);
    const char *problem = loop.failed ? ir_no_memory : NULL;
    const Tensor **given = base_alloc(ins * sizeof *given);
    for (int i = 0; i < node->operands; i++)
        given[i] = &loop.in[i];
    for (int64_t s = 0; problem == NULL && s < loop.steps; s++)
        problem = loop_step(&loop, scan->backward ? loop.steps - 1 - s : s,
                            part, given);
    for (int i = 0; problem == NULL && i < scan->states; i++) {
        const Tensor *last = &loop.in[scan->sequences + i];
        if (part[i] != NULL)
            memcpy(part[i]->data, last->data, loop_bytes(last));
    }
    free(given);
    loop_end(&loop);
    return problem;
}
