/* Products of what a loop's steps are given leave the loop: the W * x of all
 * steps is one product before it, whose columns are the steps', and a step
 * reads its own. It is large where those are small, and packs W once. Its
 * elements are sums of some length, or to keep them would cost more.
 *
 * Each of its elements is the sum that it was, in its order. One operand must
 * be a sequence as it comes, the other the same in each step; and the steps
 * must lie beside columns that the product has already, or be its only ones.
 */
#include "pass/pass.h"

#include <string.h>

/* Terms of a sum that costs more than to keep it and to read it again. */
enum { HOIST_TERMS = 16 };

/* A product that is the same before the loop. */
typedef struct {
    Ref own; /* in the body */
    Ref all; /* before the loop: of all steps */
    int axis;
} Product;

typedef struct {
    Graph *g;         /* the graph around */
    const Node *loop; /* the loop, its operands in g */
    const Graph *body;
    int *input; /* by node of the body: its number as an input, or -1 */
    Ref *same;  /* by node of the body: what it is in each step, in g, or
                   REF_NONE */
    VEC(Product) product;
} Hoist;

/* The place of a label among others; -1: it has none. */
static int
label_place(const int8_t *label, int rank, int8_t wanted)
{
    const int8_t *at = memchr(label, wanted, (size_t)rank);
    return at != NULL ? (int)(at - label) : -1;
}

/* A product of a step's slice and of what is the same in each step. */
typedef struct {
    const Node *product;
    Ref operand;         /* the slice */
    const int8_t *slice; /* its labels */
    const int8_t *other;
    int rank; /* of the slice */
    int other_rank;
    int axis; /* of the steps in the sequence */
} Factors;

/* Where the result has axis a of the slice, if that is a column: an axis that
 * the other operand lacks; else -1.
 */
static int
column_place(const Factors *f, int a)
{
    if (a < 0 || a >= f->rank ||
        label_place(f->other, f->other_rank, f->slice[a]) >= 0)
        return -1;
    return label_place(f->product->as.contract.out, f->product->rank,
                       f->slice[a]);
}

/* The result's axis for the steps: beside the same column as in the sequence,
 * or the last where there is no column; else -1.
 */
static int
steps_place(const Factors *f)
{
    int behind = column_place(f, f->axis);
    int before = column_place(f, f->axis - 1);
    if (behind >= 0 || before >= 0)
        return behind >= 0 ? behind : before + 1;
    for (int a = 0; a < f->rank; a++)
        if (column_place(f, a) >= 0)
            return -1;
    return f->product->rank;
}

/* Puts the label of the steps before others at an axis. */
static void
put_label(int8_t *label, int rank, int axis, int8_t steps)
{
    memmove(&label[axis + 1], &label[axis], (size_t)(rank - axis));
    label[axis] = steps;
}

/* The labels of a product, all of them below the result. */
static int8_t
label_count(const Factors *f)
{
    int8_t count = 0;
    for (int a = 0; a < f->rank; a++)
        if (f->slice[a] >= count)
            count = (int8_t)(f->slice[a] + 1);
    for (int a = 0; a < f->other_rank; a++)
        if (f->other[a] >= count)
            count = (int8_t)(f->other[a] + 1);
    return count;
}

static bool
has_many_terms(const Hoist *h, const Factors *f)
{
    const Node *slice = ir_node(h->body, f->operand);
    Dim terms = 1;
    for (int a = 0; a < f->rank; a++)
        if (label_place(f->product->as.contract.out, f->product->rank,
                        f->slice[a]) < 0)
            terms = dim_mul(h->g->dims, terms, slice->dim[a]);
    return !dim_known(terms) || terms >= HOIST_TERMS;
}

/* Makes the product of all steps where operand k is a step's slice. */
static void
hoist_product(Hoist *h, Ref own, int k)
{
    const Node *n = ir_node(h->body, own);
    const Scan *scan = h->loop->as.scan;
    Ref slice = n->operand[k];
    Ref factor = n->operand[1 - k];
    int input = h->input[slice];
    Ref other = h->same[factor];
    if (input < 0 || input >= scan->sequences || other == REF_NONE)
        return;
    Node all = *n;
    int8_t *label[2] = {all.as.contract.a, all.as.contract.b};
    Factors f = {.product = n,
                 .operand = slice,
                 .slice = k == 0 ? n->as.contract.a : n->as.contract.b,
                 .other = k == 0 ? n->as.contract.b : n->as.contract.a,
                 .rank = ir_node(h->body, slice)->rank,
                 .other_rank = ir_node(h->body, factor)->rank,
                 .axis = scan->axis[input]};
    int8_t steps = label_count(&f);
    int place = steps_place(&f);
    if (place < 0 || !has_many_terms(h, &f) || n->rank >= IR_RANK)
        return;
    put_label(label[k], f.rank, f.axis, steps);
    put_label(all.as.contract.out, n->rank, place, steps);
    memmove(&all.dim[place + 1], &n->dim[place],
            (size_t)(n->rank - place) * sizeof n->dim[0]);
    all.dim[place] = scan->extent;
    all.rank++;
    all.operand[k] = scan->operand[input];
    all.operand[1 - k] = other;
    Product product = {own, pass_append(h->g, &all), place};
    VEC_PUSH(h->g->arena, &h->product, product);
}

/* Whether a node of a body with such operands is the same in each step. */
static bool
same_each_step(const Hoist *h, const Node *n)
{
    if (n->op == OP_input || op_info[n->op].class == CLASS_LOOP)
        return false;
    for (int k = 0; k < n->operands; k++)
        if (h->same[n->operand[k]] == REF_NONE)
            return false;
    return true;
}

/* Finds the products, and makes them; what else is made is needed by them, or
 * by nothing.
 */
static void
find_products(Hoist *h)
{
    const Scan *scan = h->loop->as.scan;
    int captured = scan->sequences + scan->states;
    for (Ref r = 0; r < (Ref)h->body->node.count; r++) {
        h->input[r] = -1;
        h->same[r] = REF_NONE;
    }
    for (int i = 0; i < h->loop->operands; i++) {
        Ref leaf = h->body->leaf.item[i];
        h->input[leaf] = i;
        if (i >= captured)
            h->same[leaf] = scan->operand[i];
    }
    for (Ref r = 0; r < (Ref)h->body->node.count; r++) {
        const Node *n = ir_node(h->body, r);
        if (same_each_step(h, n)) {
            h->same[r] = ir_copy(h->g, h->body, r, h->same);
        } else if (n->op == OP_contract) {
            size_t found = h->product.count;
            hoist_product(h, r, 0);
            if (h->product.count == found)
                hoist_product(h, r, 1);
        }
    }
}

/* The body, in which the products are sequences behind those that it has. */
static Graph *
body_without(const Hoist *h)
{
    const Scan *scan = h->loop->as.scan;
    Graph *body = ir_graph_like(h->body);
    Ref *map = ARENA_ARRAY(body->arena, Ref, h->body->node.count);
    for (Ref r = 0; r < (Ref)h->body->node.count; r++)
        map[r] = REF_NONE;
    for (int i = 0; i <= h->loop->operands; i++) {
        for (size_t p = 0; i == scan->sequences && p < h->product.count; p++) {
            Ref own = h->product.item[p].own;
            const Node *n = ir_node(h->body, own);
            const char *name = intern_text(&body->context->names, "product");
            body->span = n->span;
            body->frame = n->frame;
            map[own] = ir_leaf(body, OP_input, name, n->dtype, n->rank, n->dim);
        }
        if (i < h->loop->operands) {
            Ref leaf = h->body->leaf.item[i];
            map[leaf] = ir_copy(body, h->body, leaf, map);
        }
    }
    for (Ref r = 0; r < (Ref)h->body->node.count; r++)
        if (map[r] == REF_NONE)
            map[r] = ir_copy(body, h->body, r, map);
    pass_outputs(body, h->body, map);
    return body;
}

/* The loop that has the products as sequences. */
static Ref
loop_without(Hoist *h)
{
    size_t count = h->product.count;
    Ref *all = ARENA_ARRAY(h->g->arena, Ref, count);
    int8_t *axis = ARENA_ARRAY(h->g->arena, int8_t, count);
    for (size_t p = 0; p < count; p++) {
        all[p] = h->product.item[p].all;
        axis[p] = (int8_t)h->product.item[p].axis;
    }
    const LoopPorts more = {all, axis, (int)count, 0};
    return pass_loop(h->g, h->loop, h->loop->as.scan->operand, &more,
                     body_without(h));
}

static Ref
hoist_loop(Graph *g, const Graph *from, Ref ref, const Ref *map)
{
    Node loop = *ir_node(from, ref);
    Ref copy = ir_copy(g, from, ref, map);
    Graph *body = pass_hoist(ir_graph_in(g->arena, loop.region));
    loop.as.scan = ir_node(g, copy)->as.scan;
    ir_node(g, copy)->region = body;
    Hoist h = {.g = g, .loop = &loop, .body = body};
    h.input = ARENA_ARRAY(g->arena, int, body->node.count);
    h.same = ARENA_ARRAY(g->arena, Ref, body->node.count);
    find_products(&h);
    return h.product.count > 0 ? loop_without(&h) : copy;
}

static bool
has_loop(const Graph *g)
{
    bool loop = false;
    for (size_t i = 0; i < g->node.count && !loop; i++)
        loop = g->node.item[i].region != NULL;
    return loop;
}

Graph *
pass_hoist(const Graph *from)
{
    if (!has_loop(from))
        return pass_dce(from);
    Graph *g = ir_graph_like(from);
    Ref *map = ARENA_ARRAY(from->arena, Ref, from->node.count);
    for (Ref r = 0; r < (Ref)from->node.count; r++)
        map[r] = ir_node(from, r)->region != NULL ? hoist_loop(g, from, r, map)
                                                  : ir_copy(g, from, r, map);
    pass_outputs(g, from, map);
    return pass_dce(g);
}
