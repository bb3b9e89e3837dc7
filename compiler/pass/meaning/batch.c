/* Batching: a sample's graph, mapped over a batch.
 *
 * The batch is the last axis of every value that depends on an input or on a
 * random number; what does not is computed once. Each sum keeps the order of
 * the sample's node, so a sample has the same bits in every batch. batchsum
 * takes the batch away: what depends on its result alone is not batched.
 */
#include "pass/pass.h"

#include <string.h>

typedef struct Batcher Batcher;
struct Batcher {
    const Graph *from;
    Graph *g;
    Ref *map;
    bool *batched;             /* of the nodes of `from` */
    const char *const *shared; /* inputs that are not batched, or NULL */
    bool *input;               /* of a body: by input, whether it is batched */
    Batcher **body;            /* by node: of loops */
    Dim n;
};

static Batcher *
batcher_new(const Graph *from)
{
    Context *context = from->context;
    size_t count = from->node.count;
    Batcher *b = ARENA_NEW(&context->arena, Batcher);
    b->from = from;
    b->g = ir_graph(context, from->dims, from->name);
    b->map = ARENA_ARRAY(&context->arena, Ref, count);
    b->batched = ARENA_ARRAY(&context->arena, bool, count);
    b->body = ARENA_ARRAY(&context->arena, Batcher *, count);
    b->n = dim_batch(from->dims);
    return b;
}

static bool
is_shared(const Batcher *b, const char *name)
{
    for (int i = 0; b->shared != NULL && b->shared[i] != NULL; i++)
        if (strcmp(b->shared[i], name) == 0)
            return true;
    return false;
}

static void find_batched(Batcher *b);

/* A loop's state is batched where its initial or next value is. */
static void
spread_body(Batcher *b, Ref ref)
{
    const Node *n = ir_node(b->from, ref);
    const Scan *scan = n->as.scan;
    const Graph *body = n->region;
    bool changed = true;
    if (b->body[ref] == NULL) {
        b->body[ref] = batcher_new(body);
        b->body[ref]->input =
            ARENA_ARRAY(&body->context->arena, bool, body->leaf.count);
    }
    Batcher *own = b->body[ref];
    for (int i = 0; i < n->operands; i++)
        own->input[i] |= b->batched[scan->operand[i]];
    while (changed) {
        changed = false;
        find_batched(own);
        for (int k = 0; k < scan->states; k++) {
            bool *state = &own->input[scan->sequences + k];
            bool next = own->batched[body->output.item[k].ref];
            changed = changed || (next && !*state);
            *state = *state || next;
        }
    }
}

static bool
part_batched(const Batcher *b, const Node *part)
{
    const Batcher *own = b->body[part->operand[0]];
    const Scan *scan = ir_node(b->from, part->operand[0])->as.scan;
    return part->as.part < scan->states
               ? own->input[scan->sequences + part->as.part]
               : own->batched[own->from->output.item[part->as.part].ref];
}

static bool
is_random(Op op)
{
    return op == OP_uniform || op == OP_normal || op == OP_draw;
}

/* Sets `batched` of every node but the states'. */
static void
spread_batch(Batcher *b)
{
    size_t leaf = 0;
    for (size_t i = 0; i < b->from->node.count; i++) {
        const Node *n = &b->from->node.item[i];
        if (n->op == OP_input && b->input != NULL)
            b->batched[i] = b->input[leaf++];
        else if (n->op == OP_input)
            b->batched[i] = !is_shared(b, n->as.leaf.name);
        else if (n->op == OP_scan)
            spread_body(b, (Ref)i);
        else if (n->op == OP_part)
            b->batched[i] = part_batched(b, n);
        else if (is_random(n->op))
            b->batched[i] = true;
        else if (n->op != OP_batchsum)
            for (int k = 0; k < n->operands; k++)
                b->batched[i] = b->batched[i] || b->batched[n->operand[k]];
    }
}

static bool
is_param(const Graph *g, Ref ref)
{
    return ir_node(g, ref)->op == OP_param;
}

/* A state is each sample's own where its next value depends on the sample;
 * that may make further ones so.
 */
static void
find_batched(Batcher *b)
{
    bool changed = true;
    while (changed) {
        changed = false;
        spread_batch(b);
        for (size_t i = 0; i < b->from->output.count; i++) {
            const Output *out = &b->from->output.item[i];
            if (out->next == REF_NONE || b->batched[out->next] ||
                !b->batched[out->ref] || is_param(b->from, out->next))
                continue;
            b->batched[out->next] = true;
            changed = true;
        }
    }
}

/* The node in the new graph, with the batch as its last axis. */
static Ref
batched_ref(Batcher *b, Ref ref)
{
    if (b->batched[ref])
        return b->map[ref];
    static const int8_t same[IR_RANK] = {0, 1, 2, 3, 4, 5, 6, 7};
    Node n = *ir_node(b->g, b->map[ref]);
    n.dim[n.rank] = b->n;
    return ir_broadcast(b->g, b->map[ref], n.rank + 1, n.dim, same);
}

/* A product of the samples' tensors: the batch is one more label, which is
 * not summed.
 */
static Ref
batch_contract(Batcher *b, const Node *n)
{
    Node c = *n;
    const Node *from = b->from->node.item;
    int ranks[2] = {from[n->operand[0]].rank, from[n->operand[1]].rank};
    int8_t label = 0;
    for (int a = 0; a < ranks[0]; a++)
        if (c.as.contract.a[a] >= label)
            label = (int8_t)(c.as.contract.a[a] + 1);
    for (int a = 0; a < ranks[1]; a++)
        if (c.as.contract.b[a] >= label)
            label = (int8_t)(c.as.contract.b[a] + 1);
    if (b->batched[n->operand[0]])
        c.as.contract.a[ranks[0]] = label;
    if (b->batched[n->operand[1]])
        c.as.contract.b[ranks[1]] = label;
    c.as.contract.out[n->rank] = label;
    return ir_contract(b->g, b->map[n->operand[0]], c.as.contract.a,
                       b->map[n->operand[1]], c.as.contract.b, n->rank + 1,
                       c.as.contract.out);
}

static Ref
batch_random(Batcher *b, const Node *n, const Dim *dim)
{
    if (n->op == OP_draw)
        return ir_draw(b->g, b->map[n->operand[0]], n->dtype, n->rank + 1, dim,
                       n->as.random.stream);
    return ir_random(b->g, n->op, n->dtype, n->rank + 1, dim,
                     n->as.random.stream);
}

static Ref
batch_leaf(Batcher *b, const Node *n, const Dim *dim)
{
    Ref leaf =
        ir_leaf(b->g, n->op, n->as.leaf.name, n->dtype, n->rank + 1, dim);
    ir_node(b->g, leaf)->as.leaf = n->as.leaf;
    return leaf;
}

static Ref
batch_map(Batcher *b, const Node *n)
{
    Ref u[3] = {REF_NONE, REF_NONE, REF_NONE};
    for (int k = 0; k < n->operands; k++)
        u[k] = batched_ref(b, n->operand[k]);
    if (n->op == OP_cast)
        return ir_cast(b->g, u[0], n->dtype);
    return ir_map(b->g, n->op, u[0], u[1], u[2]);
}

/* Moves of data, whose operand u has rank `rank` in the sample. */
static Ref
batch_shape(Batcher *b, const Node *n, const Dim *dim, Ref u, int rank)
{
    Node m = *n;
    switch (n->op) {
    case OP_broadcast:
        m.as.map[rank] = (int8_t)n->rank;
        return ir_broadcast(b->g, u, n->rank + 1, dim, m.as.map);
    case OP_permute:
        m.as.map[rank] = (int8_t)rank;
        return ir_permute(b->g, u, m.as.map);
    case OP_slice:
        m.as.slice.start[rank] = 0;
        m.as.slice.step[rank] = 1;
        return ir_slice(b->g, u, m.as.slice.start, dim, m.as.slice.step);
    case OP_pad:
        m.as.slice.start[rank] = 0;
        return ir_pad(b->g, u, m.as.slice.start, dim);
    case OP_concat:
        return ir_concat(b->g, u, batched_ref(b, n->operand[1]), n->as.axis);
    case OP_reverse:
        return ir_reverse(b->g, u, n->as.axes);
    case OP_reshape:
        return ir_reshape(b->g, u, n->rank + 1, dim);
    case OP_window:
        return ir_window(b->g, u, n->as.window.axis, n->dim[n->as.window.axis],
                         n->dim[n->as.window.axis + 1], n->as.window.stride,
                         n->as.window.dilation);
    case OP_gather:
    case OP_batchsum:
#define CASE_SHAPE(op)
#include "ir/op_cases.def"
    case OP_COUNT:
        break;
    }
    return u;
}

/* A table that is each sample's own is one long table of all of them. */
static Ref
batch_gather(Batcher *b, const Node *n)
{
    Graph *g = b->g;
    Ref index = b->map[n->operand[1]];
    if (!b->batched[n->operand[0]])
        return ir_gather(g, b->map[n->operand[0]], index);
    index = batched_ref(b, n->operand[1]);
    Node table = *ir_node(g, b->map[n->operand[0]]);
    Node by = *ir_node(g, index);
    int last = table.rank - 2;
    Dim length = table.dim[last];
    Ref size = ir_spread(g, ir_extent(g, DTYPE_i32, length), index);
    Ref most = ir_map(g, OP_sub, size, ir_fill(g, index, 1), REF_NONE);
    Ref inside = ir_map(g, OP_min, index, most, REF_NONE);
    inside = ir_map(g, OP_max, inside, ir_fill(g, index, 0), REF_NONE);
    Ref sample = ir_iota(g, DTYPE_i32, by.rank, by.dim, by.rank - 1);
    Ref start = ir_map(g, OP_mul, sample, size, REF_NONE);
    table.dim[last] = dim_mul(g->dims, length, b->n);
    return ir_gather(g,
                     ir_reshape(g, b->map[n->operand[0]], last + 1, table.dim),
                     ir_map(g, OP_add, start, inside, REF_NONE));
}

/* The sum over the batch, also of what is the same for all samples. */
static Ref
batch_sum(Batcher *b, const Node *n)
{
    Ref u = batched_ref(b, n->operand[0]);
    return ir_reduce(b->g, OP_sum, u, 1U << n->rank);
}

static Ref batch_node(Batcher *b, Ref ref);

/* A loop, its body batched; sequences and captured values as they are. */
static Ref
batch_scan(Batcher *b, Ref ref)
{
    const Node n = *ir_node(b->from, ref);
    Scan scan = *n.as.scan;
    Batcher *own = b->body[ref];
    Ref *operand = ARENA_ARRAY(&b->g->context->arena, Ref, n.operands);
    for (size_t i = 0; i < own->from->node.count; i++)
        own->map[i] = batch_node(own, (Ref)i);
    for (size_t i = 0; i < own->from->output.count; i++) {
        Output out = own->from->output.item[i];
        bool state =
            (int)i < scan.states && own->input[scan.sequences + (int)i];
        ir_output(own->g, out.name,
                  state ? batched_ref(own, out.ref) : own->map[out.ref],
                  REF_NONE);
    }
    for (int i = 0; i < n.operands; i++)
        operand[i] = own->input[i] ? batched_ref(b, scan.operand[i])
                                   : b->map[scan.operand[i]];
    scan.operand = operand;
    return ir_scan(b->g, &scan, n.operands, own->g);
}

static Ref
batch_reduce(Batcher *b, const Node *n)
{
    Ref u = b->map[n->operand[0]];
    if (n->op == OP_unwindow)
        return ir_unwindow(b->g, u, n->as.window.axis,
                           n->dim[n->as.window.axis], n->as.window.stride,
                           n->as.window.dilation);
    return ir_reduce(b->g, n->op, u, n->as.axes);
}

static Ref
batch_node(Batcher *b, Ref ref)
{
    Node n = *ir_node(b->from, ref);
    Graph *g = b->g;
    g->span = n.span;
    g->frame = n.frame;
    if (n.op == OP_batchsum)
        return batch_sum(b, &n);
    if (n.op == OP_scan)
        return batch_scan(b, ref);
    if (!b->batched[ref])
        return ir_copy(g, b->from, ref, b->map);

    Dim dim[IR_RANK];
    memcpy(dim, n.dim, sizeof dim);
    dim[n.rank] = b->n;
    Ref made = REF_NONE;
    switch (op_info[n.op].class) {
    case CLASS_LEAF:
        made =
            is_random(n.op) ? batch_random(b, &n, dim) : batch_leaf(b, &n, dim);
        break;
    case CLASS_MAP:
    case CLASS_COMPARE:
        made = batch_map(b, &n);
        break;
    case CLASS_SHAPE:
        if (n.op == OP_gather)
            return batch_gather(b, &n);
        made = batch_shape(b, &n, dim, batched_ref(b, n.operand[0]),
                           ir_node(b->from, n.operand[0])->rank);
        break;
    case CLASS_REDUCE:
        made = batch_reduce(b, &n);
        break;
    case CLASS_CONTRACT:
        made = batch_contract(b, &n);
        break;
    case CLASS_LOOP:
        made = ir_part(g, b->map[n.operand[0]], n.as.part);
        break;
    }
    ir_node(g, made)->order = n.order;
    return made;
}

/* Whether every node has room for one more axis; reports the first without. */
static bool
ranks_fit(const Graph *g)
{
    for (size_t i = 0; i < g->node.count; i++) {
        const Node *n = &g->node.item[i];
        if (n->region != NULL && !ranks_fit(n->region))
            return false;
        if (n->rank < IR_RANK)
            continue;
        Diag *diag = diag_add(&g->context->diags, DIAG_rank, n->span,
                              "an array of rank %d leaves no axis for the "
                              "batch; %d is the most",
                              n->rank, IR_RANK - 1);
        diag->frame = n->frame;
        return false;
    }
    return true;
}

/* Whether no parameter becomes what is each sample's own; reports the first. */
static bool
params_fit(const Batcher *b)
{
    for (size_t i = 0; i < b->from->output.count; i++) {
        const Output *out = &b->from->output.item[i];
        if (out->next == REF_NONE || !b->batched[out->ref] ||
            !is_param(b->from, out->next))
            continue;
        const Node *n = ir_node(b->from, out->ref);
        Diag *diag = diag_add(&b->g->context->diags, DIAG_shape, n->span,
                              "%s would become each sample's own", out->name);
        diag_hint(&b->g->context->diags, diag,
                  "batchmean and batchsum give one value of all samples");
        diag->frame = n->frame;
        return false;
    }
    return true;
}

Graph *
batch_graph_shared(const Graph *sample, const char *const *shared)
{
    Batcher *b = batcher_new(sample);
    b->shared = shared;
    if (!ranks_fit(sample))
        return NULL;
    find_batched(b);
    if (!params_fit(b))
        return NULL;
    for (size_t i = 0; i < sample->node.count; i++)
        b->map[i] = batch_node(b, (Ref)i);
    for (size_t i = 0; i < sample->output.count; i++) {
        Output out = sample->output.item[i];
        bool kept = out.next != REF_NONE && !b->batched[out.next];
        b->g->span = sample->node.item[out.ref].span;
        b->g->frame = sample->node.item[out.ref].frame;
        Ref ref = kept ? b->map[out.ref] : batched_ref(b, out.ref);
        Ref next = out.next == REF_NONE ? REF_NONE : b->map[out.next];
        ir_output(b->g, out.name, ref, next);
    }
    b->g->span = sample->span;
    b->g->frame = sample->frame;
    return b->g;
}

Graph *
batch_graph(const Graph *sample)
{
    return batch_graph_shared(sample, NULL);
}
