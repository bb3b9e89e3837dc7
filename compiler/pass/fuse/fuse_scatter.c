/* Sums into the columns of a table: what the derivative of a gather is. As the
 * graph has it, every column of the table is a sum over all places that were
 * read, of dy where the place's index is that column, and of 0 elsewhere:
 *
 *    sum over k of (index[k] == j ? dy[i, k] : 0)
 *
 * A call of a kernel leaves the zeros out. It takes the index and dy from
 * memory; what chooses between them and zero has none.
 */
#include "pass/fuse/fuse.h"

#include <math.h>

typedef struct {
    int var[3];   /* i, j, k; -1: of extent 1 */
    Affine at[3]; /* c, dy, index */
    int buffer[3];
} Scatter;

/* A variable for an axis, or none for one of extent 1. */
static Affine
scatter_axis(Schedule *s, Dim extent, int axis, int *var)
{
    *var = -1;
    if (extent == 1)
        return affine_of(0);
    *var = schedule_new_var(s, VAR_plain, extent);
    s->var.item[*var].axis = axis;
    return affine_var(*var);
}

/* A value's access, where it is a load of memory at these factors of the
 * variables; a factor of -1 may be any.
 */
static bool
scatter_access(const Schedule *s, const Value *value, const int *var,
               const Dim *factor)
{
    if (value->kind != VALUE_load)
        return false;
    for (int i = 0; i < value->at.count; i++)
        if (value->at.term[i].minus)
            return false;
    for (int i = 0; i < 3; i++) {
        Dim is;
        if (var[i] >= 0 && (!affine_factor(s, &value->at, var[i], &is) ||
                            (factor[i] >= 0 && is != factor[i])))
            return false;
    }
    return true;
}

/* Whether one of two values is the column's number; the other is the index. */
static bool
scatter_index(Schedule *s, const Node *mask, const Point *point, Scatter *c)
{
    for (int i = 0; i < 2; i++) {
        const Dim factor[3] = {0, 0, 1};
        int column = schedule_point(s, mask->operand[i], *point);
        int index = schedule_point(s, mask->operand[1 - i], *point);
        const Value *of = &s->value.item[index];
        Affine number = point->index[2];
        if (s->value.item[column].kind != VALUE_index ||
            !affine_same(s, &s->value.item[column].at, &number) ||
            of->dtype != DTYPE_i32 || !scatter_access(s, of, c->var, factor))
            continue;
        c->at[2] = of->at;
        c->buffer[2] = of->buffer;
        return true;
    }
    return false;
}

/* Looks at a sum over the middle one of three axes. */
static bool
scatter_find(Schedule *s, Ref ref, Scatter *c)
{
    const Node *node = ir_node(s->graph, ref);
    const Node *kept = ir_node(s->graph, node->operand[0]);
    const Node *mask = ir_node(s->graph, kept->operand[0]);
    const Dim factor[3] = {1, 0, -1};
    Point in = {0};
    Point out = {0};
    in.index[0] = out.index[0] = scatter_axis(s, kept->dim[0], 0, &c->var[0]);
    in.index[2] = out.index[1] = scatter_axis(s, kept->dim[2], 1, &c->var[1]);
    in.index[1] = scatter_axis(s, kept->dim[1], -1, &c->var[2]);
    int dy = schedule_point(s, kept->operand[1], in);
    int zero = schedule_point(s, kept->operand[2], in);
    const Value *of = &s->value.item[zero];
    if (of->kind != VALUE_const || of->number != 0 || signbit(of->number) ||
        !scatter_access(s, &s->value.item[dy], c->var, factor) ||
        !scatter_index(s, mask, &in, c))
        return false;
    c->at[1] = s->value.item[dy].at;
    c->buffer[1] = s->value.item[dy].buffer;
    c->at[0] = schedule_linear(s, ref, out.index);
    return true;
}

/* Whether the nodes are those of a scatter, which nothing else needs. */
static bool
scatter_nodes(const Schedule *s, Ref ref)
{
    const Node *node = ir_node(s->graph, ref);
    if (node->op != OP_sum || !dtype_real(node->dtype) ||
        node->order != ORDER_seq || node->as.axes != 2 || s->kernels ||
        s->wall != NULL || s->loop_of[ref] >= 0)
        return false;
    Ref from = node->operand[0];
    const Node *kept = ir_node(s->graph, from);
    if (kept->op != OP_select || kept->rank != 3 || s->users[from] != 1)
        return false;
    Ref mask = kept->operand[0];
    return ir_node(s->graph, mask)->op == OP_eq && s->users[mask] == 1 &&
           kept->dim[1] != 1 && kept->dim[2] != 1;
}

bool
schedule_is_scatter(Schedule *s, Ref ref)
{
    Scatter c;
    size_t values = s->value.count;
    size_t vars = s->var.count;
    bool is = scatter_nodes(s, ref) && scatter_find(s, ref, &c);
    s->value.count = values;
    s->var.count = vars;
    return is;
}

void
schedule_masks(Schedule *s, const uint32_t *needed, bool *done)
{
    for (Ref r = 0; r < (Ref)s->graph->node.count; r++) {
        if (!s->material[r] || needed[r] == 0)
            continue;
        Ref kept = ir_node(s->graph, r)->operand[0];
        if (schedule_is_squares(s, r))
            s->masks[kept] = done[kept] = true;
        if (!schedule_is_scatter(s, r))
            continue;
        Ref mask = ir_node(s->graph, kept)->operand[0];
        s->masks[kept] = s->masks[mask] = done[kept] = done[mask] = true;
    }
}

Block
schedule_scatter(Schedule *s, Ref ref, int buffer, ProductEnd end)
{
    Scatter c = {.var = {-1, -1, -1}};
    Block tree = {0};
    scatter_find(s, ref, &c);
    Product *product = ARENA_NEW(s->arena, Product);
    *product = (Product){.order = ORDER_seq,
                         .dtype = ir_node(s->graph, ref)->dtype,
                         .scatter = true,
                         .var = {c.var[0], c.var[1], c.var[2]},
                         .buffer = {buffer, c.buffer[1], c.buffer[2]},
                         .at = {c.at[0], c.at[1], c.at[2]}};
    schedule_end(s, product, end);
    Stmt *call = schedule_stmt(s, STMT_call, ref);
    call->product = product;
    schedule_push(s, &tree, call);
    return tree;
}
