/* Sums over windows as loops: each element takes in, in the order of the
 * windows, what the windows that it lies in hold of it. Element i lies at place
 * k of window w where i = w * stride + k * dilation.
 *
 * Without a stride that is w = i - k * dilation, for k from the last place down
 * to the first. With one, i = q * stride + r, and of the places k = r, r +
 * stride, … the t-th is in window q - t. Windows that there are not give 0.
 */
#include "pass/fuse/fuse.h"

typedef struct {
    Ref ref;
    int axis;
    Dim places; /* that an element may have */
    Point point;
} Gather;

/* A variable derived from the loop of variable `from`, at its head. */
static Affine
gather_derive(Schedule *s, Ref ref, Stmt *loop, int from, Dim extent, Dim div,
              Dim mod)
{
    Stmt *derive = schedule_stmt(s, STMT_derive, ref);
    derive->var = schedule_new_var(s, VAR_derived, extent);
    LoopVar *var = &s->var.item[derive->var];
    var->parent = from;
    var->div = div;
    var->mod = mod;
    schedule_push(s, &loop->body, derive);
    for (size_t i = loop->body.count - 1; i > 0; i--)
        loop->body.item[i] = loop->body.item[i - 1];
    loop->body.item[0] = derive;
    return affine_var(derive->var);
}

/* The quotient and the rest of the element's index by the stride. */
static void
gather_split(Schedule *s, const Gather *gather, Block *tree, Affine *quotient,
             Affine *rest)
{
    const Node *node = ir_node(s->graph, gather->ref);
    Dim extent = node->dim[gather->axis];
    int64_t stride = node->as.window.stride;
    *quotient = affine_of(0);
    *rest = affine_of(0);
    if (gather->point.index[gather->axis].count == 0)
        return;
    int var = gather->point.index[gather->axis].term[0].var;
    Stmt *loop = tree->item[0];
    while (loop->var != var)
        loop = loop->body.item[0];
    Dim whole = dim_known(extent) ? (extent + stride - 1) / stride : extent;
    *rest = gather_derive(s, gather->ref, loop, var, stride, 1, stride);
    *quotient = gather_derive(s, gather->ref, loop, var, whole, stride, 0);
}

static void
gather_guard(Schedule *s, Point *point, const Affine *index, Dim extent)
{
    if (point->guards == 0)
        point->guard = ARENA_ARRAY(s->arena, Guard, 2);
    point->guard[point->guards++] = (Guard){*index, extent};
}

/* The term number `term`, in terms of the element. */
static int
gather_term(Schedule *s, const Gather *gather, const Affine *term, Block *tree)
{
    const Node *node = ir_node(s->graph, gather->ref);
    const Node *from = ir_node(s->graph, node->operand[0]);
    int axis = gather->axis;
    Affine last = affine_of(gather->places - 1);
    Affine number = *term; /* of the window, from the first that there may be */
    Affine window = gather->point.index[axis];
    Affine place = last;
    affine_subtract(s, &place, term);
    if (node->as.window.stride > 1) {
        Affine rest;
        gather_split(s, gather, tree, &window, &rest);
        affine_scale(s, &place, node->as.window.stride);
        affine_add(s, &place, &rest);
    } else {
        affine_scale(s, &number, node->as.window.dilation);
        affine_scale(s, &last, node->as.window.dilation);
    }
    affine_add(s, &window, &number);
    affine_subtract(s, &window, &last);
    Point point = {0};
    for (int a = 0; a < node->rank; a++)
        point.index[a < axis ? a : a + 1] = gather->point.index[a];
    point.index[axis] = window;
    point.index[axis + 1] = place;
    gather_guard(s, &point, &window, from->dim[axis]);
    if (from->dim[axis + 1] % node->as.window.stride != 0)
        gather_guard(s, &point, &place, from->dim[axis + 1]);
    return schedule_point(s, node->operand[0], point);
}

Block
schedule_unwindow(Schedule *s, Ref ref, int buffer)
{
    const Node *node = ir_node(s->graph, ref);
    Gather gather = {.ref = ref, .axis = node->as.window.axis};
    Dim size = ir_node(s->graph, node->operand[0])->dim[gather.axis + 1];
    Block tree = {0};
    gather.places =
        (size + node->as.window.stride - 1) / node->as.window.stride;
    Block *body = schedule_space(s, ref, gather.point.index, &tree);
    int acc = schedule_new_accumulator(s, ACC_sum, node->dtype, 1, ref);
    Stmt *init = schedule_stmt(s, STMT_init, ref);
    Stmt *step = schedule_stmt(s, STMT_step, ref);
    Stmt *store = schedule_stmt(s, STMT_store, ref);
    Affine term = affine_of(0);
    Block *terms = body;
    init->accumulator = acc;
    schedule_push(s, body, init);
    if (gather.places > 1) {
        Stmt *loop = schedule_stmt(s, STMT_loop, ref);
        loop->var = schedule_new_var(s, VAR_plain, gather.places);
        term = affine_var(loop->var);
        schedule_push(s, body, loop);
        terms = &loop->body;
    }
    step->accumulator = acc;
    step->value = gather_term(s, &gather, &term, &tree);
    step->factor = -1;
    step->at = term;
    schedule_push(s, terms, step);
    Value join = {.kind = VALUE_join,
                  .dtype = node->dtype,
                  .accumulator = acc,
                  .node = ref};
    store->buffer = buffer;
    store->value = schedule_value(s, &join);
    store->at = schedule_linear(s, ref, gather.point.index);
    schedule_push(s, body, store);
    return tree;
}
