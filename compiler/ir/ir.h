/* The graph: SSA over tensors, the one middle of the compiler.
 *
 * A node's operands come before it. A node is named by its index, a Ref. Every
 * node has an element type, a shape, the place in the source that made it and
 * the stack of models it was traced in; a reduction or contraction has its
 * order of summation, which no pass changes. Elementwise operands have equal
 * shapes: broadcasting is an operation of its own.
 *
 * Passes read one graph and build another (ir_copy carries a node over), so a
 * graph that is done never changes.
 */
#ifndef FLUXC_IR_IR_H
#define FLUXC_IR_IR_H

#include "base/context.h"
#include "ir/dim.h"
#include "ir/tensor.h"

typedef enum {
#define OP(name, class, operands, text, da, db) OP_##name,
#include "ir/ops.def"
#undef OP
    OP_COUNT
} Op;

typedef enum {
    CLASS_LEAF,
    CLASS_MAP,
    CLASS_COMPARE,
    CLASS_SHAPE,
    CLASS_REDUCE,
    CLASS_CONTRACT,
    CLASS_LOOP
} OpClass;

typedef struct {
    const char *name;
    OpClass class;
    int operands;
    const char *text; /* scalar text, or NULL */
} OpInfo;

extern const OpInfo op_info[OP_COUNT];

/* Whether it is an elementary function, of a polynomial's cost. */
static inline bool
op_is_function(Op op)
{
    return op == OP_pow || (op >= OP_exp && op <= OP_gelu);
}

/* The order in which the terms of a sum are added (architecture: "Numbers").
 *
 * seq     blocks of 512 terms, each from +0 in order; block sums in order
 * split4  the same blocks; four accumulators take the terms by their number
 *         mod 4 and are joined (a0 + a1) + (a2 + a3)
 * tree16  blocks of 4096; 16 lanes take the terms by their number mod 16;
 *         lane l takes in l+8, then l+4, l+2, l+1
 *
 * The terms of a reduction over several axes are numbered with the first axis
 * fastest, those of a contraction by the first operand's axes likewise. An
 * unwindow adds the windows that an element lies in as they come, without
 * blocks.
 */
typedef enum { ORDER_none, ORDER_seq, ORDER_split4, ORDER_tree16 } Order;

enum { ORDER_BLOCK = 512, ORDER_TREE_BLOCK = 4096 };

/* Labels of a contraction's axes; each has a letter in the text form. */
enum { IR_LABELS = 26 };

typedef int32_t Ref; /* a node's index */
enum { REF_NONE = -1 };

typedef struct Graph Graph;

/* A loop over steps. Its operands are sequences, initial states and what it
 * captures; its body has an input for each, in this order: a step's slice, the
 * state so far, the value. The body's outputs are the next states, then a
 * step's results. A `part` is one of what the scan gives: the states after the
 * last step, then each result of all steps, beside one another.
 */
typedef struct {
    Dim extent;    /* steps */
    bool backward; /* from the last step to the first */
    int sequences;
    int states;
    int results;
    const int8_t *axis; /* of the steps: in each sequence, then in each result
                         */
    const Ref *operand;
} Scan;

typedef struct {
    Op op;
    DType dtype;
    Order order;
    int rank;
    Dim dim[IR_RANK];
    int operands;
    Ref operand[3]; /* a scan's stand in its own list: ir_operand */
    union {
        double value; /* const: of every real type, exact; bool 0 or 1 */
        struct {
            const char *name; /* "x", "layer1.W" */
            bool frozen;      /* param: not trained */
            const void *key;  /* whose value it is, for the maker's use */
        } leaf;               /* input, param, state */
        const Tensor *data;   /* data */
        Dim extent;           /* extent: its value, as a number of dtype */
        struct {
            uint64_t stream; /* the ordinal of the call in the script; draw: of
                                its place in the model */
        } random;            /* uniform, normal, draw: element = memory index;
                                key: the seed given to the run */
        int axis;            /* iota: counts from 0 along it; concat; step */
        int part;            /* part: its number, states first */
        const Scan *scan;
        int8_t map[IR_RANK]; /* broadcast: the result's axis of each operand's
                                axis, increasing; permute: the operand's axis
                                of each result's axis */
        struct {
            Dim start[IR_RANK];    /* slice: first element (from 0); pad: zeros
                                      before */
            int64_t step[IR_RANK]; /* slice: ≥ 1; pad: 1 */
        } slice;
        uint32_t axes; /* reverse; sum, maximum, argmax: bit a is axis a, which
                          the result lacks */
        struct {
            int axis; /* window: it becomes the windows and, behind them, the
                         elements of each: element k of window w is
                         w * stride + k * dilation; unwindow: those two become
                         it, each element the sum of where it lies */
            int64_t stride;
            int64_t dilation; /* unwindow: 1, or stride is */
        } window;
        struct {
            int8_t a[IR_RANK];   /* the label of each axis of operand 0 */
            int8_t b[IR_RANK];   /* … of operand 1 */
            int8_t out[IR_RANK]; /* … of the result */
        } contract; /* labels from 0; one in a and b and not in out is summed;
                       every label of an operand is in the other or in out, no
                       operand has a label twice */
    } as;
    Span span;
    const Frame *frame;
    Graph *region; /* the body of an operation that has one, or NULL */
} Node;

/* A result; or, where `next` is a param or state, that leaf's value after. */
typedef struct {
    const char *name;
    Ref ref;
    Ref next; /* REF_NONE: a plain result */
} Output;

struct Graph {
    Context *context;
    Arena *arena; /* of its nodes, and of graphs that are made like it */
    Dims *dims;
    const char *name;
    VEC(Node) node;
    VEC(Ref) leaf; /* inputs, params and states in order of making */
    VEC(Output) output;
    Span span;          /* of the nodes now made */
    const Frame *frame; /* likewise */
};

/* build.c: makers of nodes. Shapes must fit: a mistake is a fault of the
 * caller, found by ir_verify.
 */
Graph *ir_graph(Context *context, Dims *dims, const char *name);

/* An empty graph of the same name and dimensions, with room for as many nodes.
 */
Graph *ir_graph_like(const Graph *from);

/* The same graph; those that are made like it are in another arena. */
const Graph *ir_graph_in(Arena *arena, const Graph *g);
Ref ir_leaf(Graph *g, Op op, const char *name, DType dtype, int rank,
            const Dim *dim);
/* A name that no input has: `name`, or with `_` behind it. */
const char *ir_input_name(const Graph *g, const char *name);
Ref ir_const(Graph *g, DType dtype, double value); /* a scalar */
Ref ir_fill(Graph *g, Ref like, double value);     /* of like's type, shape */
Ref ir_data(Graph *g, const Tensor *data);
Ref ir_extent(Graph *g, DType dtype, Dim extent);
Ref ir_iota(Graph *g, DType dtype, int rank, const Dim *dim, int axis);
Ref ir_random(Graph *g, Op op, DType dtype, int rank, const Dim *dim,
              uint64_t stream);
Ref ir_map(Graph *g, Op op, Ref a, Ref b, Ref c); /* MAP, COMPARE */

/* Numbers in [0, 1) that are others in every step: step is a scalar i32, and
 * site below 2^31 tells draws of one model apart.
 */
Ref ir_draw(Graph *g, Ref step, DType dtype, int rank, const Dim *dim,
            uint64_t site);
Ref ir_cast(Graph *g, Ref a, DType dtype);
Ref ir_broadcast(Graph *g, Ref a, int rank, const Dim *dim, const int8_t *map);
Ref ir_spread(Graph *g, Ref a, Ref like); /* a scalar to like's shape */
Ref ir_reshape(Graph *g, Ref a, int rank, const Dim *dim);
Ref ir_permute(Graph *g, Ref a, const int8_t *map);
Ref ir_slice(Graph *g, Ref a, const Dim *start, const Dim *dim,
             const int64_t *step);
Ref ir_pad(Graph *g, Ref a, const Dim *before, const Dim *dim);
Ref ir_concat(Graph *g, Ref a, Ref b, int axis);

/* The parts of a table at indices along its last axis: i32 from 0, of any
 * shape, whose axes take the place of that one. An index outside means the
 * nearest.
 */
Ref ir_gather(Graph *g, Ref table, Ref index);
Ref ir_reverse(Graph *g, Ref a, uint32_t axes);
Ref ir_batchsum(Graph *g, Ref a);

/* `count` windows of `size` elements along an axis; and the sum over the
 * windows, where the axis has `extent` elements.
 */
Ref ir_window(Graph *g, Ref a, int axis, Dim count, Dim size, int64_t stride,
              int64_t dilation);
Ref ir_unwindow(Graph *g, Ref a, int axis, Dim extent, int64_t stride,
                int64_t dilation);
Ref ir_reduce(Graph *g, Op op, Ref a, uint32_t axes); /* argmax gives i32 */
Ref ir_contract(Graph *g, Ref a, const int8_t *label_a, Ref b,
                const int8_t *label_b, int rank, const int8_t *label_out);
Ref ir_scan(Graph *g, const Scan *scan, int operands, Graph *body);
Ref ir_part(Graph *g, Ref scan, int part);
void ir_output(Graph *g, const char *name, Ref ref, Ref next);

/* Copies node `ref` of `from` into g, its operands through map. */
Ref ir_copy(Graph *g, const Graph *from, Ref ref, const Ref *map);

static inline Node *
ir_node(const Graph *g, Ref ref)
{
    return &g->node.item[ref];
}
static inline Ref
ir_operand(const Node *node, int k)
{
    return node->region != NULL ? node->as.scan->operand[k] : node->operand[k];
}
/* Whether a node's value is given by who runs the graph. */
static inline bool
op_given(Op op)
{
    return op == OP_input || op == OP_param || op == OP_state;
}
bool ir_same_shape(const Graph *g, Ref a, Ref b);
Dim ir_count(const Graph *g, Ref ref); /* elements */

/* The order of a sum when its node is made: of a reduction over `axes`, or of a
 * contraction whose result has `outputs` elements a sample.
 */
Order ir_sum_order(Op op, uint32_t axes, int64_t outputs);

/* verify.c: NULL, or what is wrong and where, in the context's arena. */
const char *ir_verify(const Graph *g);

/* The same of one node, whose operands are known to be right. */
const char *ir_verify_node(const Graph *g, Ref ref);

/* verify_scan.c: the rules of scans and their parts; NULL, or what is wrong. */
const char *ir_verify_scan(const Graph *g, Ref ref);

/* range.c: false, or the least and the greatest number that the elements of an
 * input may be, so that all that they are an index of is there.
 */
bool ir_index_range(const Graph *g, Ref input, int64_t *least, int64_t *most);

/* print.c, read.c: the text form. ir_read reports into the context and gives
 * NULL where the text is not a graph.
 */
void ir_print(const Graph *g, FILE *file);
Graph *ir_read(Context *context, Dims *dims, const Source *source);

/* interpret.c: evaluates a graph, bit for bit as its orders say.
 *
 * value[i] is the tensor of leaf i, in its declared type and in a shape that
 * the symbols give; result[i] receives output i, whose data is allocated in
 * the arena unless result[i].data points to room already. Gives NULL, or what
 * went wrong (a size that overflows).
 */
typedef struct {
    const int64_t *symbol; /* values of the named dimensions */
    uint64_t seed;         /* key of random nodes */
    bool soft_fma;         /* not the machine's own: slow, the same bits */
    Ref *nan; /* gets the first node that made a NaN or Inf from finite numbers,
                 or REF_NONE; NULL: nobody asks */
    const char **reason; /* gets what went wrong, without the node's name;
                            NULL: nobody asks */
} RunOptions;

/* The reason that more memory would mend. */
extern const char ir_no_memory[];

const char *ir_interpret(const Graph *g, const Tensor *const *value,
                         const RunOptions *options, Arena *arena,
                         Tensor *result);

/* Floating-point operations of a run, by the symbols; for choosing an engine.
 */
double ir_flops(const Graph *g, const int64_t *symbol);

#endif
