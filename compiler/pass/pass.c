/* The table of passes, and their runner. */
#include "pass/pass.h"

#include <math.h>
#include <string.h>
#include <time.h>

static Graph *
pass_batch(const Graph *g)
{
    return batch_graph(g);
}

static Graph *
pass_back(const Graph *g)
{
    return diff_back(g);
}

const PassInfo pass_info[PASS_COUNT] = {
#define PASS(name, kind, summary) {#name, PASS_##kind, pass_##name, summary},
#include "pass/passes.def"
#undef PASS
};

int
pass_find(const char *name)
{
    for (int i = 0; i < PASS_COUNT; i++)
        if (strcmp(pass_info[i].name, name) == 0)
            return i;
    return -1;
}

static double
now(void)
{
    struct timespec t;
    if (timespec_get(&t, TIME_UTC) != TIME_UTC)
        return 0;
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Reports what ir_verify found after a pass, or before the first; true if it
 * found nothing.
 */
static bool
verified(const Graph *g, const char *pass)
{
    const char *fault = ir_verify(g);
    if (fault == NULL)
        return true;
    diag_add(&g->context->diags, DIAG_internal, g->span, "%s%s: %s",
             pass != NULL ? "after " : "before any pass",
             pass != NULL ? pass : "", fault);
    return false;
}

Graph *
pass_run(int pass, const Graph *g, const PassOptions *options)
{
    const PassInfo *info = &pass_info[pass];
    double start = now();
    Graph *result = info->run(g);
    double seconds = now() - start;
    if (result == NULL)
        return NULL;
    if (options != NULL && options->dump_file != NULL) {
        if (options->time)
            fprintf(options->dump_file, "; %s: %.3f ms, %zu to %zu nodes\n",
                    info->name, 1e3 * seconds, g->node.count,
                    result->node.count);
        if (options->dump[pass]) {
            fprintf(options->dump_file, "; after %s\n", info->name);
            ir_print(result, options->dump_file);
        }
    }
    return verified(result, info->name) ? result : NULL;
}

Graph *
pass_prepare(const Graph *g)
{
    g = pass_run(PASS_stable, carried_read(g), NULL);
    return g != NULL ? pass_run(PASS_sink, g, NULL) : NULL;
}

const Graph *
pass_optimise(const Graph *g, const PassOptions *options)
{
    const Graph *result = verified(g, NULL) ? g : NULL;
    for (int i = 0; result != NULL && i < PASS_COUNT; i++) {
        bool off = options != NULL && options->off[i];
        if (pass_info[i].kind == PASS_optimisation && !off)
            result = pass_run(i, result, options);
    }
    return result;
}

bool
pass_filled(const Graph *g, Ref ref, double *value)
{
    const Node *n = ir_node(g, ref);
    while (n->op == OP_broadcast || n->op == OP_reshape || n->op == OP_permute)
        n = ir_node(g, n->operand[0]);
    if (n->op == OP_const)
        *value = n->as.value;
    return n->op == OP_const;
}

bool
pass_is_filled(const Graph *g, Ref ref, double value)
{
    double c = 0;
    if (ir_node(g, ref)->dtype == DTYPE_f32)
        value = (double)(float)value;
    return pass_filled(g, ref, &c) && c == value &&
           (signbit(c) != 0) == (signbit(value) != 0);
}

bool
pass_axes_joined(const Graph *g, const Node *whole, const Node *parts,
                 int *first)
{
    int axis = 0;
    for (int a = 0; a < whole->rank; a++) {
        Dim product = 1;
        first[a] = axis;
        while (product != whole->dim[a] && axis < parts->rank)
            product = dim_mul(g->dims, product, parts->dim[axis++]);
        if (product != whole->dim[a])
            return false;
    }
    first[whole->rank] = axis;
    for (; axis < parts->rank; axis++) {
        if (parts->dim[axis] != 1)
            return false;
    }
    return true;
}

Ref
pass_append(Graph *g, const Node *node)
{
    VEC_PUSH(g->arena, &g->node, *node);
    return (Ref)(g->node.count - 1);
}

void
pass_bodies(Graph *g, Graph *(*run)(const Graph *body))
{
    for (size_t i = 0; i < g->node.count; i++) {
        const Graph *body = g->node.item[i].region;
        if (body != NULL)
            g->node.item[i].region = run(ir_graph_in(g->arena, body));
    }
}

void
pass_outputs(Graph *g, const Graph *from, const Ref *map)
{
    for (size_t i = 0; i < from->output.count; i++) {
        const Output *out = &from->output.item[i];
        Ref next = out->next == REF_NONE ? REF_NONE : map[out->next];
        ir_output(g, out->name, map[out->ref], next);
    }
    g->span = from->span;
    g->frame = from->frame;
}

Ref
pass_loop(Graph *g, const Node *loop, const Ref *operand, const LoopPorts *more,
          Graph *body)
{
    Scan scan = *loop->as.scan;
    int own = scan.sequences;
    int ports = own + scan.results;
    int operands = loop->operands + more->sequences;
    int8_t *axis =
        ARENA_ARRAY(g->arena, int8_t, ports + more->sequences + more->results);
    Ref *all = ARENA_ARRAY(g->arena, Ref, operands);
    for (int i = 0; i < ports; i++)
        axis[i < own ? i : i + more->sequences] = scan.axis[i];
    for (int i = 0; i < loop->operands; i++)
        all[i < own ? i : i + more->sequences] = operand[i];
    for (int k = 0; k < more->sequences; k++) {
        axis[own + k] = more->axis[k];
        all[own + k] = more->sequence[k];
    }
    for (int k = 0; k < more->results; k++)
        axis[ports + more->sequences + k] = more->axis[k];
    scan.sequences += more->sequences;
    scan.results += more->results;
    scan.axis = axis;
    scan.operand = all;
    g->span = loop->span;
    g->frame = loop->frame;
    return ir_scan(g, &scan, operands, body);
}
