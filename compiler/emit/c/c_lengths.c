/* Which lengths a function is not made for: where it would have less than no
 * elements, or a part would reach out of its whole.
 *
 * Each is a polynomial in the named dimensions that must not be below 0, said
 * once: of T - 1 and T - 3 the lesser.
 */
#include "emit/c/c_function.h"

#include <string.h>

enum { LENGTHS = 16 };

typedef struct {
    Dims *dims;
    Dim least[LENGTHS];
    int count;
} Lengths;

static bool
may_be_below_0(Dims *dims, Dim dim)
{
    DimPoly poly = dim_poly(dims, dim);
    bool below = false;
    for (size_t i = 0; i < poly.count; i++)
        below = below || poly.term[i].coefficient < 0;
    return below;
}

/* Without factors that are never below 0: n * (3T - 6) is as T - 2. */
static Dim
without_factors(Dims *dims, Dim dim)
{
    for (int i = 0; i < dims->symbols; i++) {
        Dim symbol = dim_symbol(dims, dims->symbol[i]);
        bool exact = true;
        while (exact) {
            Dim part = dim_div(dims, dim, symbol, &exact);
            dim = exact ? part : dim;
        }
    }
    int64_t common = 0;
    DimPoly poly = dim_poly(dims, dim);
    for (size_t i = 0; i < poly.count; i++) {
        int64_t rest = poly.term[i].coefficient;
        while (rest != 0) {
            int64_t next = common % rest;
            common = rest;
            rest = next;
        }
    }
    bool exact;
    Dim part = dim_div(dims, dim, common < 0 ? -common : common, &exact);
    return exact ? part : dim;
}

static void
add_length(Lengths *all, Dim dim)
{
    if (!may_be_below_0(all->dims, dim))
        return;
    dim = without_factors(all->dims, dim);
    int kept = 0;
    for (int i = 0; i < all->count; i++) {
        if (dim_at_most(all->dims, all->least[i], dim))
            return;
        if (!dim_at_most(all->dims, dim, all->least[i]))
            all->least[kept++] = all->least[i];
    }
    all->count = kept;
    if (kept < LENGTHS)
        all->least[all->count++] = dim;
    else
        all->dims->overflow = true;
}

/* start + (dim - 1) * step < extent */
static void
add_slice(Lengths *all, const Node *n, const Node *of)
{
    for (int axis = 0; axis < n->rank; axis++) {
        Dim start = n->as.slice.start[axis];
        int64_t step = n->as.slice.step[axis];
        Dim reach = dim_mul(all->dims, n->dim[axis], step);
        bool exact;
        Dim free = dim_add(all->dims, of->dim[axis], step - 1);
        add_length(all, start);
        free =
            dim_sub(all->dims, free, dim_add(all->dims, start, reach), &exact);
        if (exact)
            add_length(all, free);
    }
}

/* The terms of one sign, as a dimension. */
static Dim
terms_of(Dims *dims, Dim dim, bool below)
{
    DimPoly poly = dim_poly(dims, dim);
    Dim sum = 0;
    for (size_t i = 0; i < poly.count; i++) {
        Dim term = poly.term[i].coefficient;
        if ((term < 0) != below)
            continue;
        term = term < 0 ? -term : term;
        for (int s = 0; s < dims->symbols; s++)
            for (int p = 0; p < poly.term[i].power[s]; p++)
                term = dim_mul(dims, term, dim_symbol(dims, dims->symbol[s]));
        sum = dim_add(dims, sum, term);
    }
    return sum;
}

const char *
c_too_short(Printer *printer)
{
    const Graph *g = printer->s->graph;
    Lengths all = {.dims = g->dims};
    for (Ref r = 0; r < (Ref)g->node.count; r++) {
        const Node *n = ir_node(g, r);
        for (int axis = 0; axis < n->rank; axis++)
            add_length(&all, n->dim[axis]);
        if (n->op == OP_slice)
            add_slice(&all, n, ir_node(g, n->operand[0]));
    }
    const char *text = NULL;
    for (int i = 0; i < all.count; i++) {
        Dim dim = all.least[i];
        const char *own =
            arena_printf(printer->arena, "%s < %s",
                         c_dim(printer, terms_of(all.dims, dim, false)).text,
                         c_dim(printer, terms_of(all.dims, dim, true)).text);
        text = text == NULL
                   ? own
                   : arena_printf(printer->arena, "%s || %s", text, own);
    }
    return text;
}
