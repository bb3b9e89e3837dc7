/* Checking gradients: the graphs and the comparison.
 *
 * The graph is cast to double, its dimensions replaced by numbers. What is
 * differentiated is the sum of the results, each element times a random
 * weight: reverse mode gives its gradient at once. For chosen elements of each
 * input and parameter that is compared with central differences and with
 * forward mode, and for all elements together along a random direction with
 * forward mode.
 *
 * What stopgradient holds stays as it is at the point while the leaves move.
 * Where a difference straddles a kink (relu at 0), its two sides disagree
 * however small the step; where large terms cancel, differences of different
 * steps disagree by as much as they are off. Such elements are skipped, and
 * counted.
 */
#include "script/array/lift.h"
#include "script/model/gradcheck_inner.h"

#include <math.h>
#include <string.h>

enum {
    CHECK_ELEMENTS = 64, /* of a leaf: more are sampled */
    CHECK_FEWEST = 2,    /* however long it takes */
    CHECK_STEPS = 3,     /* sizes of steps, each 1/16 of the one before */
    CHECK_SHAKES = 3     /* points beside a point, to see its rounding */
};

/* Operations of an interpreter that elements of all leaves may take: seconds.
 */
static const double check_work = 2e10;

double
check_random(Check *c, double low, double high)
{
    c->random = c->random * 6364136223846793005U + 1442695040888963407U;
    return low + (high - low) * (double)(c->random >> 11) * 0x1p-53;
}

/* ---- the graph in double ---- */

static Dim
number_of(Check *c, const Graph *from, Dim dim, const int64_t *symbol)
{
    int64_t value = dim_value(from->dims, dim, symbol);
    if (value < 0)
        script_fail(c->s, DIAG_limit, c->span, NULL,
                    "the sizes of this model do not fit into 64 bits");
    return value;
}

/* What a run spends besides its operations, in their time: each node is looked
 * at, each of its numbers moved.
 */
static double
moves_of(const Graph *g)
{
    double moves = 0;
    for (size_t i = 0; i < g->node.count; i++) {
        const Node *n = &g->node.item[i];
        double count = 1;
        for (int a = 0; a < n->rank; a++)
            count *= (double)n->dim[a];
        moves += 100 + count;
        if (n->region != NULL)
            moves += (double)n->as.scan->extent * moves_of(n->region);
    }
    return moves;
}

static double
work_of(const Graph *g)
{
    static const int64_t none[DIM_SYMBOLS] = {0};
    return ir_flops(g, none) + moves_of(g);
}

/* How many elements of each leaf there is time for: differences run the graph
 * twice, forward mode costs about as much.
 */
static int64_t
choose_most(const Check *c)
{
    if (c->s->options.check_all)
        return INT64_MAX;
    double each = 2 * work_of(c->primal.g) + work_of(c->forward.g);
    double most = check_work / (each * (double)(c->g->leaf.count + 1));
    return most < CHECK_FEWEST     ? CHECK_FEWEST
           : most > CHECK_ELEMENTS ? CHECK_ELEMENTS
                                   : (int64_t)most;
}

/* Copies every node, in double and with numbers for dimensions. */
static Graph *
double_nodes(Check *c, const Graph *from, const int64_t *symbol, Ref *map)
{
    Script *s = c->s;
    Arena *arena = &s->context->arena;
    Graph *g = ir_graph(s->context, &s->dims, from->name);
    for (size_t i = 0; i < from->node.count; i++) {
        map[i] = ir_copy(g, from, (Ref)i, map);
        Node *n = ir_node(g, map[i]);
        if (n->dtype == DTYPE_f32)
            n->dtype = DTYPE_f64;
        for (int a = 0; a < n->rank; a++)
            n->dim[a] = number_of(c, from, n->dim[a], symbol);
        if (n->op == OP_extent)
            n->as.extent = number_of(c, from, n->as.extent, symbol);
        if (n->op == OP_data && n->as.data->dtype == DTYPE_f32)
            n->as.data = lift_tensor(s, n->as.data, DTYPE_f64);
        for (int a = 0; a < n->rank; a++)
            if (n->op == OP_slice || n->op == OP_pad)
                n->as.slice.start[a] =
                    number_of(c, from, n->as.slice.start[a], symbol);
        if (n->region == NULL)
            continue;
        Scan *scan = arena_copy(arena, n->as.scan, sizeof *n->as.scan);
        scan->extent = number_of(c, from, scan->extent, symbol);
        n->as.scan = scan;
        const Graph *body = n->region;
        Ref *own = ARENA_ARRAY(arena, Ref, body->node.count + 1);
        n->region = double_nodes(c, body, symbol, own);
        for (size_t o = 0; o < body->output.count; o++)
            ir_output(n->region, body->output.item[o].name,
                      own[body->output.item[o].ref], REF_NONE);
    }
    return g;
}

void
check_graph(Check *c, const Graph *from, const int64_t *symbol,
            const char *only)
{
    Arena *arena = &c->s->context->arena;
    Ref *map = ARENA_ARRAY(arena, Ref, from->node.count + 1);
    Graph *g = double_nodes(c, from, symbol, map);
    for (size_t i = 0; i < from->output.count; i++) {
        const Output *out = &from->output.item[i];
        bool wanted = only == NULL ? true : strcmp(out->name, only) == 0;
        if (wanted && dtype_real(ir_node(g, map[out->ref])->dtype))
            ir_output(g, out->name, map[out->ref], REF_NONE);
    }
    c->g = pass_dce(g);
}

Tensor *
check_tensor(Check *c, const Node *n)
{
    int64_t dim[IR_RANK];
    for (int a = 0; a < n->rank; a++)
        dim[a] = n->dim[a];
    return lift_new_tensor(c->s, n->dtype, n->rank, dim, c->span);
}

/* A copy of the double graph without outputs, to differentiate. */
static Graph *
open_graph(const Check *c, Ref *y)
{
    Graph *g = ir_graph(c->s->context, &c->s->dims, c->g->name);
    Ref *map = ARENA_ARRAY(&c->s->context->arena, Ref, c->g->node.count + 1);
    for (size_t i = 0; i < c->g->node.count; i++)
        map[i] = ir_copy(g, c->g, (Ref)i, map);
    for (size_t i = 0; i < c->g->output.count; i++)
        y[i] = map[c->g->output.item[i].ref];
    return g;
}

static Runner
runner_of(Check *c, const Graph *g)
{
    const char *problem = ir_verify(g);
    if (problem != NULL)
        script_fail(c->s, DIAG_internal, c->span, NULL, "%s", problem);
    Runner r = {.g = g};
    r.result = ARENA_ARRAY(&c->s->context->arena, Tensor, g->output.count + 1);
    for (size_t i = 0; i < g->output.count; i++)
        r.result[i] = *check_tensor(c, ir_node(g, g->output.item[i].ref));
    return r;
}

/* Runs a graph on c->value, and its own values where it has more leaves. */
static Tensor *
run(Check *c, const Runner *r)
{
    size_t leaves = c->g->leaf.count;
    Arena arena = {0};
    const Tensor **value =
        ARENA_ARRAY(&arena, const Tensor *, r->g->leaf.count + 1);
    for (size_t i = 0; i < r->g->leaf.count; i++)
        value[i] = i < leaves ? c->value[i] : r->more[i - leaves];
    int64_t symbol[DIM_SYMBOLS] = {0};
    RunOptions options = {.symbol = symbol, .seed = c->s->seed};
    const char *problem =
        ir_interpret(r->g, value, &options, &arena, r->result);
    if (problem != NULL)
        problem = arena_string(&c->s->context->arena, problem, strlen(problem));
    arena_free(&arena);
    if (problem != NULL)
        script_fail(c->s, DIAG_engine, c->span, NULL, "%s", problem);
    return r->result;
}

/* The double graph with what stopgradient holds as leaves and as outputs. */
static void
hold_stops(Check *c)
{
    c->primal = runner_of(c, diff_hold(c->g));
    size_t leaves = c->g->leaf.count;
    size_t stops = c->primal.g->leaf.count - leaves;
    Tensor **stop = ARENA_ARRAY(&c->s->context->arena, Tensor *, stops + 1);
    for (size_t k = 0; k < stops; k++) {
        Ref leaf = c->primal.g->leaf.item[leaves + k];
        stop[k] = check_tensor(c, ir_node(c->primal.g, leaf));
    }
    c->primal.more = stop;
}

void
check_build(Check *c)
{
    Arena *arena = &c->s->context->arena;
    size_t leaves = c->g->leaf.count;
    int results = (int)c->g->output.count;
    Ref *y = ARENA_ARRAY(arena, Ref, c->g->output.count + 1);
    Ref *dy = ARENA_ARRAY(arena, Ref, c->g->output.count + 1);
    Ref *dx = ARENA_ARRAY(arena, Ref, leaves + 1);
    c->weight = ARENA_ARRAY(arena, Tensor, c->g->output.count + 1);

    Graph *g = open_graph(c, y);
    for (int i = 0; i < results; i++) {
        c->weight[i] = *check_tensor(c, ir_node(g, y[i]));
        for (int64_t k = 0; k < tensor_count(&c->weight[i]); k++)
            tensor_set(&c->weight[i], k,
                       (check_random(c, 0, 1) < 0.5 ? -1 : 1) *
                           check_random(c, 0.5, 1.5));
        dy[i] = ir_data(g, &c->weight[i]);
    }
    if (!diff_reverse(g, y, dy, results, g->leaf.item, (int)leaves, dx))
        script_abandon(c->s);
    for (size_t i = 0; i < leaves; i++) {
        Ref leaf = g->leaf.item[i];
        bool none = !dtype_real(ir_node(g, leaf)->dtype) || dx[i] == REF_NONE;
        ir_output(g, "dx", none ? ir_fill(g, leaf, 0) : dx[i], REF_NONE);
    }
    c->reverse = runner_of(c, pass_dce(g));

    g = open_graph(c, y);
    c->tangent = ARENA_ARRAY(arena, Tensor *, leaves + 1);
    for (size_t i = 0; i < leaves; i++) {
        Node n = *ir_node(g, g->leaf.item[i]);
        c->tangent[i] = check_tensor(c, &n);
        dx[i] = ir_leaf(g, OP_input, "tangent", n.dtype, n.rank, n.dim);
    }
    if (!diff_forward(g, g->leaf.item, dx, (int)leaves, y, results, dy))
        script_abandon(c->s);
    for (int i = 0; i < results; i++)
        ir_output(g, "dy", dy[i] != REF_NONE ? dy[i] : ir_fill(g, y[i], 0),
                  REF_NONE);
    c->forward = runner_of(c, pass_dce(g));
    c->forward.more = c->tangent;
    hold_stops(c);
    c->most = choose_most(c);
}

/* ---- one point ---- */

static void
copy_elements(Tensor *to, const Tensor *from)
{
    for (int64_t k = 0; k < tensor_count(from); k++)
        tensor_set(to, k, tensor_get(from, k));
}

/* Holds what stopgradient gives; false where it is held already. What one gives
 * may need what others hold.
 */
static bool
hold(const Runner *r, size_t results)
{
    bool moved = false;
    for (size_t i = results; i < r->g->output.count; i++) {
        Tensor *to = r->more[i - results];
        const Tensor *from = &r->result[i];
        size_t bytes = (size_t)tensor_count(to) * dtype_size(to->dtype);
        moved = moved || memcmp(to->data, from->data, bytes) != 0;
        copy_elements(to, from);
    }
    return moved;
}

bool
check_point(Check *c)
{
    size_t results = c->g->output.count;
    const Tensor *y;
    do
        y = run(c, &c->primal);
    while (hold(&c->primal, results));
    bool finite = true;
    c->base = ARENA_ARRAY(&c->s->context->arena, Tensor, results + 1);
    c->size = 0;
    for (size_t i = 0; i < results; i++) {
        c->base[i] = *check_tensor(c, ir_node(c->g, c->g->output.item[i].ref));
        for (int64_t k = 0; k < tensor_count(&y[i]); k++) {
            double value = tensor_get(&y[i], k);
            tensor_set(&c->base[i], k, value);
            c->size += fabs(value * tensor_get(&c->weight[i], k));
            finite = finite && isfinite(value);
        }
    }
    const Tensor *dx = run(c, &c->reverse);
    c->smooth = true;
    for (size_t i = 0; i < c->reverse.g->output.count; i++)
        for (int64_t k = 0; k < tensor_count(&dx[i]); k++)
            c->smooth = c->smooth && isfinite(tensor_get(&dx[i], k));
    return finite;
}

/* The weighted sum of the results' change from the point. */
static double
change(Check *c)
{
    const Tensor *y = run(c, &c->primal);
    double sum = 0;
    for (size_t i = 0; i < c->g->output.count; i++)
        for (int64_t k = 0; k < tensor_count(&y[i]); k++)
            sum += tensor_get(&c->weight[i], k) *
                   (tensor_get(&y[i], k) - tensor_get(&c->base[i], k));
    return sum;
}

/* The weighted sum of the results' tangents. */
static double
slope(Check *c)
{
    const Tensor *dy = run(c, &c->forward);
    double sum = 0;
    for (size_t i = 0; i < c->g->output.count; i++)
        for (int64_t k = 0; k < tensor_count(&dy[i]); k++)
            sum += tensor_get(&c->weight[i], k) * tensor_get(&dy[i], k);
    return sum;
}

/* The difference of two numbers relative to the larger, or to `floor`, below
 * which the differences' own rounding is seen; infinite where one is NaN.
 */
static double
relative(double a, double b, double floor)
{
    if (a == b)
        return 0;
    double size = fabs(a) > fabs(b) ? fabs(a) : fabs(b);
    double error = fabs(a - b) / (size > floor ? size : floor);
    return isnan(error) ? HUGE_VAL : error;
}

/* The derivative by element i of a leaf against differences. */
static void
check_differences(Check *c, size_t leaf, int64_t i, double floor, Finding *f)
{
    Tensor *x = c->value[leaf];
    double found = tensor_get(&c->reverse.result[leaf], i);
    double at = tensor_get(x, i);
    double h = 1e-5 * (fabs(at) > 1 ? fabs(at) : 1);
    double side[2] = {0, 0};
    double least = HUGE_VAL;
    double expected = 0;
    double low = HUGE_VAL;
    double high = -HUGE_VAL;
    for (int step = 0; step < CHECK_STEPS && least > c->tolerance; step++) {
        for (int k = 0; k < 2; k++) {
            tensor_set(x, i, k == 0 ? at - h : at + h);
            side[k] = change(c) / (k == 0 ? -h : h);
        }
        double central = (side[0] + side[1]) / 2;
        double error = relative(found, central, floor);
        if (step == 0 || error < least)
            expected = central;
        if (error < least)
            least = error;
        low = fmin(low, central);
        high = fmax(high, central);
        h /= 16;
    }
    tensor_set(x, i, at);
    bool kink = !isfinite(side[0]) || !isfinite(side[1]) ||
                relative(side[0], side[1], floor) > 1e-3 ||
                high - low > fabs(found - expected) / 2;
    if (least > c->tolerance && kink) {
        f->kinks++;
        return;
    }
    f->checked++;
    if (least <= f->differences)
        return;
    f->differences = least;
    f->worst = i;
    f->found = found;
    f->expected = expected;
}

/* The derivative along the tangent of a leaf, by reverse mode. */
static double
along_tangent(const Check *c, size_t leaf, const Tensor *gradient)
{
    const Tensor *v = c->tangent[leaf];
    double sum = 0;
    for (int64_t k = 0; k < tensor_count(v); k++)
        if (tensor_get(v, k) != 0)
            sum += tensor_get(v, k) * tensor_get(&gradient[leaf], k);
    return sum;
}

/* How much the derivative along a tangent changes, by either mode, where every
 * leaf moves by about what rounding might: much, where terms cancel. The point
 * and the gradients stay.
 */
static double
mode_noise(Check *c, size_t leaf, double forward, double reverse)
{
    size_t leaves = c->g->leaf.count;
    Tensor **at = ARENA_ARRAY(&c->s->context->arena, Tensor *, leaves + 1);
    double noise = 0;
    for (size_t i = 0; i < leaves; i++) {
        at[i] = check_tensor(c, ir_node(c->g, c->g->leaf.item[i]));
        copy_elements(at[i], c->value[i]);
    }
    for (int turn = 0; turn < CHECK_SHAKES; turn++) {
        for (size_t i = 0; i < leaves; i++)
            for (int64_t k = 0; k < tensor_count(at[i]); k++) {
                double x = tensor_get(at[i], k);
                double far = 1e-14 * check_random(c, -1, 1);
                if (dtype_real(at[i]->dtype))
                    tensor_set(c->value[i], k, x + far * fmax(fabs(x), 1));
            }
        noise = fmax(noise, fabs(slope(c) - forward));
        const Tensor *dx = run(c, &c->reverse);
        noise = fmax(noise, fabs(along_tangent(c, leaf, dx) - reverse));
    }
    for (size_t i = 0; i < leaves; i++)
        copy_elements(c->value[i], at[i]);
    run(c, &c->reverse);
    return noise;
}

/* Forward mode along element i, or along a random direction (i < 0). Tangents
 * that are left out are zeros here, so every derivative must be finite. What
 * differs by no more than rounding may make it does not count.
 */
static void
check_modes(Check *c, size_t leaf, int64_t i, double floor, Finding *f)
{
    Tensor *v = c->tangent[leaf];
    int64_t count = tensor_count(v);
    double size = floor;
    for (int64_t k = i < 0 ? 0 : i; k < (i < 0 ? count : i + 1); k++) {
        tensor_set(v, k, i < 0 ? check_random(c, -1, 1) : 1);
        if (i < 0)
            size += fabs(tensor_get(v, k) *
                         tensor_get(&c->reverse.result[leaf], k));
    }
    double reverse = along_tangent(c, leaf, c->reverse.result);
    double forward = slope(c);
    double error = relative(forward, reverse, size);
    if (error > mode_tolerance &&
        fabs(forward - reverse) <= 16 * mode_noise(c, leaf, forward, reverse))
        error = 0;
    for (int64_t k = 0; k < count; k++)
        tensor_set(v, k, 0);
    f->modes = fmax(f->modes, error);
}

Finding
check_leaf(Check *c, size_t leaf)
{
    Finding f = {0};
    const Tensor *gradient = &c->reverse.result[leaf];
    int64_t count = tensor_count(gradient);
    double largest = 0;
    for (int64_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(tensor_get(gradient, i)));
    double floor = 1e-6 * fmax(fmax(c->size, largest), 1e-6);
    int64_t some = count < c->most ? count : c->most;
    f.chosen = some;
    for (int64_t k = 0; k < some; k++) {
        int64_t i = k;
        if (count > some)
            i = (int64_t)(((double)k + check_random(c, 0, 1)) *
                          ((double)count / (double)some));
        i = i < count ? i : count - 1;
        check_differences(c, leaf, i, floor, &f);
        if (c->smooth)
            check_modes(c, leaf, i, floor, &f);
    }
    if (c->smooth)
        check_modes(c, leaf, -1, floor, &f);
    return f;
}
