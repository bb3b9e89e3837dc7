/* flux_scatter_body.h - sums into the columns of a table, for one element type;
 * flux_scatter_text.h includes it once for each, with the functions of a part
 * for all instruction sets as FLUX_BODIES.
 *
 * A part of the table has its sums in a buffer that stays in the first cache.
 * For each part all indices are looked through, and what belongs elsewhere is
 * passed over: that is little beside the part itself.
 */

/* Some rows of some columns. */
typedef struct {
    size_t rows;
    size_t first; /* column */
    size_t columns;
    size_t n;
    const FLUX_T *x;
    size_t step;
    const int32_t *index;
    FLUX_T *to; /* the first column's */
    size_t next;
    flux_product_end end;
    FLUX_T *sum;   /* of a block, column by column */
    FLUX_T *total; /* of all blocks */
    size_t *met;   /* by column: the number of the last block that has it, from
                    * 1 */
} FLUX_P(flux_scatter_part);

/* The sums of a block: of columns begin to end of x. */
FLUX_INLINE void
FLUX_P(flux_scatter_block)(const FLUX_P(flux_scatter_part) * p, size_t begin,
                           size_t end, size_t number)
{
    const size_t rows = p->rows;
    uint16_t list[512];
    size_t count = 0;
    for (size_t k = begin; k < end; k++) {
        const size_t j = (size_t)(uint32_t)p->index[k] - p->first;
        if (j >= p->columns)
            continue;
        const FLUX_T *x = p->x + k * p->step;
        FLUX_T *sum = p->sum + j * rows;
        if (p->met[j] != number) {
            for (size_t i = 0; i < rows && p->met[j] == 0; i++)
                p->total[i + j * rows] = 0;
            for (size_t i = 0; i < rows; i++)
                sum[i] = 0;
            p->met[j] = number;
            list[count++] = (uint16_t)j;
        }
        for (size_t i = 0; i < rows; i++)
            sum[i] = sum[i] + x[i];
    }
    for (size_t c = 0; c < count; c++) {
        const FLUX_T *sum = p->sum + list[c] * rows;
        FLUX_T *total = p->total + list[c] * rows;
        for (size_t i = 0; i < rows; i++)
            total[i] = total[i] + sum[i];
    }
}

/* A column's step by an optimiser, which begins at the column: of gradients
 * that are not adjusted. */
FLUX_BODY void
FLUX_P(flux_scatter_optimise)(const int PARTS, flux_isa isa, size_t rows,
                              const FLUX_T *sum,
                              const FLUX_P(flux_optimiser) * o)
{
    FLUX_APART
    for (size_t i = 0; i < rows; i++)
        FLUX_P(flux_optimise)(PARTS, isa, o, i, sum[i]);
}

#define FLUX_CASE_OF(name, PARTS)                                              \
    case PARTS:                                                                \
        if (FLUX_USES_OPTIMISER(PARTS))                                        \
            FLUX_P(flux_scatter_optimise)(PARTS, isa, rows, sum, &o);          \
        break;

/* What becomes of a column that has these sums, which change. */
FLUX_BODY void
FLUX_P(flux_scatter_end)(flux_isa isa, size_t rows, FLUX_T *to, FLUX_T *sum,
                         flux_product_end end)
{
    if (end.kind != FLUX_OPTIMISER) {
        for (size_t i = 0; i < rows; i++)
            FLUX_P(flux_end)(isa, to + i, sum[i], end);
        return;
    }
    /* From here, so that elements are plainly counted. */
    FLUX_P(flux_optimiser) o = *(const FLUX_P(flux_optimiser) *)end.by;
    const ptrdiff_t at = to - o.c;
    o.c = to;
    if (o.parts & FLUX_FIRST)
        o.m += at;
    if (o.parts & FLUX_SECOND)
        o.v += at;
    for (size_t i = 0; i < rows && (o.parts & FLUX_ADJUSTED); i++)
        sum[i] = FLUX_P(flux_adjusted)(&o, i, sum[i]);
    switch (o.parts & ~FLUX_ADJUSTED) {
        FLUX_OPTIMISERS(FLUX_CASE_OF)
    }
}
#undef FLUX_CASE_OF

/* Whether a step without a gradient changes nothing: it subtracts +0. */
FLUX_INLINE int
FLUX_P(flux_scatter_rests)(flux_product_end end)
{
    const FLUX_P(flux_optimiser) *o = (const FLUX_P(flux_optimiser) *)end.by;
    int moves = end.kind != FLUX_STEP;
    FLUX_T scale = (FLUX_T)end.scale;
    if (end.kind == FLUX_OPTIMISER) {
        moves = o->parts != FLUX_CLIP || o->low >= 0 || o->high <= 0;
        scale = o->scale;
    }
    return !moves && scale >= 0 && scale * 0 == 0 && 1 / scale > 0;
}

FLUX_BODY void
FLUX_ON(flux_scatter_some, body)(flux_isa isa,
                                 const FLUX_P(flux_scatter_part) * p)
{
    const size_t block = flux_order_block(FLUX_SEQ);
    const int rests = FLUX_P(flux_scatter_rests)(p->end);
    for (size_t j = 0; j < p->columns; j++)
        p->met[j] = 0;
    for (size_t k = 0; k < p->n; k += block) {
        const size_t end = p->n - k < block ? p->n : k + block;
        FLUX_P(flux_scatter_block)(p, k, end, 1 + k / block);
    }
    for (size_t j = 0; j < p->columns; j++) {
        FLUX_T *sum = p->total + j * p->rows;
        if (p->met[j] == 0 && rests)
            continue;
        for (size_t i = 0; i < p->rows && p->met[j] == 0; i++)
            sum[i] = 0;
        FLUX_P(flux_scatter_end)
        (isa, p->rows, p->to + j * p->next, sum, p->end);
    }
}

FLUX_BODIES

FLUX_KERNEL void
FLUX_P(flux_scatter_isa)(flux_isa isa, size_t m, size_t columns, size_t n,
                         const FLUX_T *x, size_t step, const int32_t *index,
                         FLUX_T *to, size_t next, flux_product_end end)
{
    enum { ROWS = 256 };
    FLUX_T sum[FLUX_SCATTER_ROOM];
    FLUX_T total[FLUX_SCATTER_ROOM];
    size_t met[FLUX_SCATTER_COLUMNS];
    FLUX_P(flux_scatter_part)
    p = {0, 0, 0, n, x, step, index, to, next, end, sum, total, met};
    for (size_t i = 0; i < m; i += ROWS) {
        p.rows = m - i < ROWS ? m - i : (size_t)ROWS;
        p.x = x + i;
        const size_t room = FLUX_SCATTER_ROOM / p.rows;
        const size_t some =
            room < FLUX_SCATTER_COLUMNS ? room : (size_t)FLUX_SCATTER_COLUMNS;
        for (size_t j = 0; j < columns; j += some) {
            p.first = j;
            p.columns = columns - j < some ? columns - j : some;
            p.to = to + i + j * next;
            FLUX_ON(flux_scatter_some, isa)(isa, &p);
        }
    }
}
