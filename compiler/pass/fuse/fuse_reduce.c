/* Sums, maxima and small contractions as loops around an accumulator.
 *
 * A sum of more terms than a block holds (ir.h, Order) is a loop over blocks
 * whose sums a second accumulator adds. Its terms are numbered over all axes,
 * the first fastest; where several axes are folded in blocks, the loop runs
 * over that number and the axes' indices are derived from it. Sums of memory at
 * one stride are calls of a kernel instead, and so are maxima of many elements
 * side by side.
 */
#include "pass/fuse/fuse.h"

/* Elements whose maximum a loop of its own finds as fast. */
enum { FEW_MAXIMA = 32 };

typedef struct {
    Ref ref;
    AccKind kind;
    DType dtype; /* of the terms */
    int lanes;
    Dim block; /* terms of a block; 0: no blocks */
    int axes;
    Dim extent[IR_RANK];
    Dim count;
    Affine index[IR_RANK]; /* of each folded axis */
    Affine number;         /* of the term */
    Point out;
} Fold;

static int
fold_lanes(Order order)
{
    switch (order) {
    case ORDER_split4:
        return 4;
    case ORDER_tree16:
        return 16;
    case ORDER_none:
    case ORDER_seq:
        break;
    }
    return 1;
}

static void
fold_describe(Schedule *s, Ref ref, Fold *fold)
{
    const Node *node = ir_node(s->graph, ref);
    const Node *from = ir_node(s->graph, node->operand[0]);
    fold->ref = ref;
    fold->dtype = from->dtype;
    fold->count = 1;
    for (int a = 0; a < from->rank; a++) {
        bool folded = (node->as.axes >> a & 1) != 0;
        if (node->op == OP_contract) {
            folded = true;
            for (int o = 0; o < node->rank; o++)
                folded = folded &&
                         node->as.contract.out[o] != node->as.contract.a[a];
        }
        if (!folded)
            continue;
        fold->extent[fold->axes++] = from->dim[a];
        fold->count = dim_mul(s->dims, fold->count, from->dim[a]);
    }
    fold->kind = node->op == OP_sum        ? ACC_sum
                 : node->op == OP_maximum  ? ACC_maximum
                 : node->op == OP_contract ? ACC_product
                                           : ACC_argmax;
    bool sum = fold->kind == ACC_sum || fold->kind == ACC_product;
    fold->lanes = 1;
    if (!sum || !dtype_real(fold->dtype))
        return;
    fold->lanes = fold_lanes(node->order);
    Dim block =
        node->order == ORDER_tree16 ? (Dim)ORDER_TREE_BLOCK : (Dim)ORDER_BLOCK;
    if (!dim_known(fold->count) || fold->count > block)
        fold->block = block;
}

/* The point of operand `which` in terms of the result's and the folded axes. */
static Point
fold_point(Schedule *s, const Fold *fold, int which)
{
    const Node *node = ir_node(s->graph, fold->ref);
    const Node *from = ir_node(s->graph, node->operand[which]);
    Point point = {0};
    int folded = 0;
    int out = 0;
    for (int a = 0; a < from->rank; a++) {
        if (node->op != OP_contract) {
            bool gone = (node->as.axes >> a & 1) != 0;
            point.index[a] =
                gone ? fold->index[folded++] : fold->out.index[out++];
            continue;
        }
        int8_t label =
            which == 0 ? node->as.contract.a[a] : node->as.contract.b[a];
        bool found = false;
        for (int o = 0; o < node->rank; o++) {
            if (node->as.contract.out[o] != label)
                continue;
            point.index[a] = fold->out.index[o];
            found = true;
        }
        if (found)
            continue;
        const Node *first = ir_node(s->graph, node->operand[0]);
        int k = 0;
        for (int b = 0; b < first->rank; b++) {
            bool kept = false;
            for (int o = 0; o < node->rank; o++)
                kept =
                    kept || node->as.contract.out[o] == node->as.contract.a[b];
            if (kept)
                continue;
            if (node->as.contract.a[b] == label)
                point.index[a] = fold->index[k];
            k++;
        }
    }
    return point;
}

/* The statement that takes in one term, at the end of the innermost loop. */
static void
fold_step(Schedule *s, const Fold *fold, int accumulator, Block *body)
{
    const Node *node = ir_node(s->graph, fold->ref);
    Stmt *step = schedule_stmt(s, STMT_step, fold->ref);
    step->accumulator = accumulator;
    step->value = schedule_point(s, node->operand[0], fold_point(s, fold, 0));
    step->factor = -1;
    if (fold->kind == ACC_product)
        step->factor =
            schedule_point(s, node->operand[1], fold_point(s, fold, 1));
    step->at = fold->number;
    schedule_push(s, body, step);
}

static int
fold_init(Schedule *s, const Fold *fold, AccKind kind, int lanes, bool total,
          Block *body)
{
    int acc = schedule_new_accumulator(s, kind, fold->dtype, lanes, fold->ref);
    s->accumulator.item[acc].total = total;
    Stmt *init = schedule_stmt(s, STMT_init, fold->ref);
    init->accumulator = acc;
    schedule_push(s, body, init);
    return acc;
}

/* What an accumulator has come to; lanes are joined by a statement. */
static int
fold_join(Schedule *s, const Fold *fold, int accumulator, Block *body)
{
    Value join = {.kind = VALUE_join,
                  .dtype = ir_node(s->graph, fold->ref)->dtype,
                  .accumulator = accumulator,
                  .node = fold->ref};
    int value = schedule_value(s, &join);
    if (s->accumulator.item[accumulator].lanes > 1) {
        Stmt *let = schedule_stmt(s, STMT_let, fold->ref);
        let->value = value;
        schedule_push(s, body, let);
    }
    return value;
}

/* All terms in one block: a loop for each folded axis. */
static int
fold_loops(Schedule *s, Fold *fold, Block *outside)
{
    Block *body = outside;
    int acc = fold_init(s, fold, fold->kind, fold->lanes, false, body);
    Dim strides[IR_RANK];
    Dim stride = 1;
    for (int k = 0; k < fold->axes; k++) {
        strides[k] = stride;
        stride = dim_mul(s->dims, stride, fold->extent[k]);
    }
    fold->number = affine_of(0);
    for (int k = fold->axes - 1; k >= 0; k--) {
        fold->index[k] = affine_of(0);
        if (fold->extent[k] == 1)
            continue;
        Stmt *loop = schedule_stmt(s, STMT_loop, fold->ref);
        loop->var = schedule_new_var(s, VAR_plain, fold->extent[k]);
        fold->index[k] = affine_var(loop->var);
        Affine part = fold->index[k];
        affine_scale(s, &part, strides[k]);
        affine_add(s, &fold->number, &part);
        schedule_push(s, body, loop);
        body = &loop->body;
    }
    fold_step(s, fold, acc, body);
    return fold_join(s, fold, acc, outside);
}

/* The folded axes' indices, of the number k of a term. */
static void
fold_derive(Schedule *s, Fold *fold, int k, Block *body)
{
    int longer = 0;
    for (int a = 0; a < fold->axes; a++)
        longer += fold->extent[a] != 1;
    Dim div = 1;
    int seen = 0;
    for (int a = 0; a < fold->axes; a++) {
        fold->index[a] = affine_of(0);
        if (fold->extent[a] == 1)
            continue;
        if (longer == 1) {
            fold->index[a] = affine_var(k);
            continue;
        }
        Stmt *derive = schedule_stmt(s, STMT_derive, fold->ref);
        derive->var = schedule_new_var(s, VAR_derived, fold->extent[a]);
        LoopVar *var = &s->var.item[derive->var];
        var->parent = k;
        var->div = div;
        var->mod = ++seen == longer ? 0 : fold->extent[a];
        fold->index[a] = affine_var(derive->var);
        schedule_push(s, body, derive);
        div = dim_mul(s->dims, div, fold->extent[a]);
    }
}

static int
fold_blocks(Schedule *s, Fold *fold, Block *body)
{
    int total = fold_init(s, fold, ACC_sum, 1, true, body);
    Stmt *outer = schedule_stmt(s, STMT_loop, fold->ref);
    outer->var = schedule_new_var(s, VAR_block, fold->count);
    s->var.item[outer->var].step = (int)fold->block;
    schedule_push(s, body, outer);
    int acc = fold_init(s, fold, fold->kind, fold->lanes, false, &outer->body);
    Stmt *inner = schedule_stmt(s, STMT_loop, fold->ref);
    inner->var = schedule_new_var(s, VAR_within, fold->count);
    s->var.item[inner->var].parent = outer->var;
    schedule_push(s, &outer->body, inner);
    fold_derive(s, fold, inner->var, &inner->body);
    fold->number = affine_var(inner->var);
    fold_step(s, fold, acc, &inner->body);
    int sum = fold_join(s, fold, acc, &outer->body);
    Stmt *add = schedule_stmt(s, STMT_step, fold->ref);
    add->accumulator = total;
    add->value = sum;
    add->factor = -1;
    schedule_push(s, &outer->body, add);
    return fold_join(s, fold, total, body);
}

/* Whether a kernel does what a loop would do worse. */
static bool
fold_gains(const Fold *fold)
{
    if (!dtype_real(fold->dtype))
        return false;
    if (fold->kind == ACC_maximum)
        return !dim_known(fold->count) || fold->count > FEW_MAXIMA;
    return fold->kind == ACC_sum && (fold->lanes > 1 || fold->block != 0);
}

/* Whether a sum is that of the squares of all elements of what a call makes, as
 * the norm of a gradient has it.
 */
static bool
fold_squares(const Schedule *s, const Fold *fold)
{
    enum { MANY = 32 };
    const Node *node = ir_node(s->graph, fold->ref);
    const Node *square = ir_node(s->graph, node->operand[0]);
    Ref x = square->operand[0];
    return s->plain && s->loop_of[fold->ref] < 0 && fold->kind == ACC_sum &&
           fold->lanes == 16 && node->rank == 0 && dim_known(fold->count) &&
           fold->count >= MANY && s->users[node->operand[0]] == 1 &&
           square->op == OP_mul && square->operand[1] == x && s->material[x] &&
           !schedule_is_map(s, x);
}

/* A kernel's sum or maximum of memory at one stride, or of the squares of that;
 * false where it is not that.
 */
static bool
fold_call(Schedule *s, Fold *fold, bool squares, Value *call)
{
    const Node *node = ir_node(s->graph, fold->ref);
    Ref from = node->operand[0];
    int longer[IR_RANK];
    int count = 0;
    if (!fold_gains(fold))
        return false;
    if (squares)
        from = ir_node(s->graph, from)->operand[0];
    for (int k = 0; k < fold->axes; k++) {
        fold->index[k] = affine_of(0);
        if (fold->extent[k] == 1)
            continue;
        longer[count] = schedule_new_var(s, VAR_plain, fold->extent[k]);
        fold->index[k] = affine_var(longer[count++]);
    }
    int term = schedule_point(s, from, fold_point(s, fold, 0));
    Value value = s->value.item[term];
    if (value.kind != VALUE_load)
        return false;
    Dim next = 0;
    for (int k = 0; k < count; k++) {
        Dim factor;
        if (!affine_factor(s, &value.at, longer[k], &factor) || factor == 0 ||
            (k > 0 && factor != next) ||
            (k == 0 && factor != 1 && (squares || fold->kind == ACC_maximum)))
            return false;
        next = dim_mul(s->dims, factor, s->var.item[longer[k]].extent);
        if (k > 0)
            affine_drop(s, &value.at, longer[k]);
    }
    value.kind = VALUE_sum;
    value.op = squares ? OP_mul : node->op;
    value.dtype = node->dtype;
    value.node = fold->ref;
    value.order = node->order;
    value.sum_var = count > 0 ? longer[0] : schedule_new_var(s, VAR_plain, 1);
    s->var.item[value.sum_var].extent = fold->count;
    *call = value;
    return true;
}

bool
schedule_is_squares(Schedule *s, Ref ref)
{
    Fold fold = {0};
    Value call;
    size_t values = s->value.count;
    size_t vars = s->var.count;
    if (ir_node(s->graph, ref)->op != OP_sum)
        return false;
    fold_describe(s, ref, &fold);
    bool is = fold_squares(s, &fold) && fold_call(s, &fold, true, &call);
    s->value.count = values;
    s->var.count = vars;
    return is;
}

static int
fold_let(Schedule *s, const Fold *fold, Value value, Block *body)
{
    Stmt *let = schedule_stmt(s, STMT_let, fold->ref);
    value.node = fold->ref;
    let->value = schedule_value(s, &value);
    schedule_push(s, body, let);
    return let->value;
}

/* The sum of a block is added to +0, as all block sums are: that only matters
 * for a product which underflows to -0.
 */
static int
fold_plus_zero(Schedule *s, const Fold *fold, int sum, Block *body)
{
    DType dtype = ir_node(s->graph, fold->ref)->dtype;
    if (fold->kind != ACC_product || !dtype_real(dtype))
        return sum;
    Value zero = {.kind = VALUE_const, .dtype = dtype, .node = REF_NONE};
    Value add = {.kind = VALUE_map,
                 .op = OP_add,
                 .dtype = dtype,
                 .operands = 2,
                 .operand = {sum, schedule_value(s, &zero)}};
    return fold_let(s, fold, add, body);
}

/* A contraction without summed axes is a product of elements. */
static int
fold_nothing(Schedule *s, const Fold *fold, Block *body)
{
    const Node *node = ir_node(s->graph, fold->ref);
    Value value = {
        .kind = VALUE_map, .op = OP_mul, .dtype = node->dtype, .operands = 2};
    for (int i = 0; i < 2; i++)
        value.operand[i] =
            schedule_point(s, node->operand[i], fold_point(s, fold, i));
    return fold_let(s, fold, value, body);
}

Block
schedule_reduce(Schedule *s, Ref ref, int buffer)
{
    Fold fold = {0};
    Value call;
    fold_describe(s, ref, &fold);
    bool squares = s->masks[ir_node(s->graph, ref)->operand[0]];
    Block tree = {0};
    Block *body = schedule_space(s, ref, fold.out.index, &tree);
    int value;
    if (fold.axes == 0 && fold.kind == ACC_product) {
        value = fold_nothing(s, &fold, body);
    } else if (fold_call(s, &fold, squares, &call)) {
        value = fold_let(s, &fold, call, body);
    } else if (fold.block == 0) {
        value = fold_loops(s, &fold, body);
        value = fold_plus_zero(s, &fold, value, body);
    } else {
        value = fold_blocks(s, &fold, body);
    }
    Stmt *store = schedule_stmt(s, STMT_store, ref);
    store->buffer = buffer;
    store->value = value;
    store->at = schedule_linear(s, ref, fold.out.index);
    schedule_push(s, body, store);
    return tree;
}
