/* Maxima over windows that lie two elements apart, as of most pools, and their
 * places: calls of a kernel where lines do not fill vectors, for C compilers do
 * what is left of them element by element.
 *
 * A window's elements are one or two folded axes, the first of them side by
 * side. The windows of a line are the result's first axis, its lines the next
 * one, and further ones that lie at one stride with it while the operand stays
 * in the first cache. What is left over becomes loops around the call.
 */
#include "pass/fuse/fuse.h"

enum {
    FEW_WINDOWS = 4,   /* of a line, that are worth it */
    WHOLE_WINDOWS = 8, /* that fill vectors */
    CLOSE = 2048       /* elements of the operand */
};

typedef struct {
    int count;
    int var[IR_RANK]; /* of the result's axes, the fastest first */
    int folds;
    int fold[IR_RANK]; /* of the windows' */
    Affine from;       /* operand */
    Affine to;         /* result */
    int buffer;
} Maxima;

static Affine
maxima_axis(Schedule *s, Dim extent, int *list, int *count)
{
    if (extent == 1)
        return affine_of(0);
    list[*count] = schedule_new_var(s, VAR_plain, extent);
    return affine_var(list[(*count)++]);
}

/* Follows the operand to memory; false where it is padded or computed. */
static bool
maxima_find(Schedule *s, Ref ref, Maxima *m)
{
    const Node *node = ir_node(s->graph, ref);
    const Node *from = ir_node(s->graph, node->operand[0]);
    Point out = {0};
    Point in = {0};
    int axis = 0;
    for (int a = 0; a < from->rank; a++) {
        if ((node->as.axes >> a & 1) != 0) {
            in.index[a] = maxima_axis(s, from->dim[a], m->fold, &m->folds);
            continue;
        }
        int before = m->count;
        in.index[a] = maxima_axis(s, from->dim[a], m->var, &m->count);
        if (m->count > before)
            s->var.item[m->var[before]].axis = axis;
        out.index[axis++] = in.index[a];
    }
    const Value *value =
        &s->value.item[schedule_point(s, node->operand[0], in)];
    if (value->kind != VALUE_load)
        return false;
    for (int k = 0; k < value->at.count; k++) {
        if (value->at.term[k].minus)
            return false;
    }
    m->buffer = value->buffer;
    m->from = value->at;
    m->to = schedule_linear(s, ref, out.index);
    return true;
}

/* Whether a variable has these factors in the operand and the result, and runs
 * over a number of elements.
 */
static bool
maxima_steps(const Schedule *s, const Maxima *m, int var, Dim from, Dim to)
{
    Dim in;
    Dim out;
    return dim_known(s->var.item[var].extent) &&
           affine_factor(s, &m->from, var, &in) && in == from &&
           affine_factor(s, &m->to, var, &out) && out == to;
}

static bool
maxima_look(Schedule *s, Ref ref, Maxima *m)
{
    const Node *node = ir_node(s->graph, ref);
    size_t values = s->value.count;
    size_t vars = s->var.count;
    Dim factor;
    *m = (Maxima){0};
    bool is = node->op == OP_maximum && node->dtype == DTYPE_f32 && s->plain &&
              maxima_find(s, ref, m) && m->count > 0 && m->folds > 0 &&
              m->folds <= 2 && maxima_steps(s, m, m->var[0], 2, 1) &&
              maxima_steps(s, m, m->fold[0], 1, 0) &&
              s->var.item[m->var[0]].extent >= FEW_WINDOWS &&
              s->var.item[m->var[0]].extent % WHOLE_WINDOWS != 0;
    if (is && m->folds == 2)
        is = dim_known(s->var.item[m->fold[1]].extent) &&
             affine_factor(s, &m->from, m->fold[1], &factor);
    s->value.count = values;
    s->var.count = vars;
    return is;
}

bool
schedule_is_maxima(Schedule *s, Ref ref)
{
    Maxima m;
    return maxima_look(s, ref, &m);
}

/* Joins the axis that goes on where the lines end with them. */
static bool
maxima_join(Schedule *s, Maxima *m, int lines, int next)
{
    LoopVar *var = &s->var.item[lines];
    Dim from;
    Dim to;
    if (!affine_factor(s, &m->from, lines, &from) ||
        !affine_factor(s, &m->to, lines, &to) ||
        !maxima_steps(s, m, next, dim_mul(s->dims, from, var->extent),
                      dim_mul(s->dims, to, var->extent)) ||
        from * var->extent * s->var.item[next].extent > CLOSE)
        return false;
    affine_drop(s, &m->from, next);
    affine_drop(s, &m->to, next);
    var->extent = dim_mul(s->dims, var->extent, s->var.item[next].extent);
    return true;
}

Block
schedule_maxima(Schedule *s, Ref ref, int buffer)
{
    Maxima m = {0};
    Block tree = {0};
    Block *body = &tree;
    maxima_find(s, ref, &m);
    int lines = -1;
    int used = 1;
    if (m.count > 1 && dim_known(s->var.item[m.var[1]].extent))
        lines = m.var[used++];
    while (lines >= 0 && used < m.count &&
           maxima_join(s, &m, lines, m.var[used]))
        used++;
    for (int i = m.count - 1; i >= used; i--) {
        Stmt *loop = schedule_stmt(s, STMT_loop, ref);
        loop->var = m.var[i];
        schedule_push(s, body, loop);
        body = &loop->body;
    }
    Product *product = ARENA_NEW(s->arena, Product);
    *product = (Product){.dtype = DTYPE_f32,
                         .windows = true,
                         .maxima = true,
                         .var = {m.var[0], lines, m.fold[0]},
                         .axes = {0, 0, m.folds - 1},
                         .more = {{0}, {0}, {m.fold[1]}},
                         .buffer = {buffer, m.buffer, -1},
                         .at = {m.to, m.from, m.to}};
    if (s->places[ref] != 0)
        product->buffer[2] = s->node_buffer[s->places[ref] - 1];
    Stmt *call = schedule_stmt(s, STMT_call, ref);
    call->product = product;
    schedule_push(s, body, call);
    return tree;
}
