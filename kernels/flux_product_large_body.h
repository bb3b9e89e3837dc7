/* flux_product_large_body.h - products whose operands are too large for the
 * near caches, for one element type and one vector instruction set: tiles of
 * flux_product_body.h, which includes it, in an order that reads each operand
 * from far away as seldom as can be.
 */

/* Rows that are copied at a time, and columns for which sums of several blocks
 * are held. */
enum {
    FLUX_P(FLUX_HIGH) = 1024 / (int)sizeof(FLUX_T),
    FLUX_P(FLUX_WIDE) = 336
};

/* Memory of a large product: for its rows of `a`, for what it copies of `b`,
 * and for the sums that it holds. */
typedef struct {
    FLUX_ALIGNED FLUX_T a[512 * FLUX_P(FLUX_HIGH)];
    FLUX_ALIGNED FLUX_T b[512 * FLUX_P(FLUX_BESIDE)];
    FLUX_ALIGNED FLUX_T held[FLUX_P(FLUX_HIGH) * (FLUX_P(FLUX_WIDE) + FLUX_U)];
} FLUX_P(flux_hall);

/* How many of m rows are taken at a time: as many as the other times, but for
 * whole panels. */
FLUX_TARGET FLUX_STATIC size_t
FLUX_P(flux_high)(size_t m)
{
    enum { PANEL = FLUX_PANEL(FLUX_T), HIGH = FLUX_P(FLUX_HIGH) };
    const size_t times = (m + HIGH - 1) / HIGH;
    return (m + times * PANEL - 1) / (times * PANEL) * PANEL;
}

/* A large product, a block of terms by `high` rows at a time, which are copied.
 * All of them read a tile's columns while these are in a cache; columns whose
 * terms lie apart are copied as well. Sums of several blocks are stored as they
 * grow. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_large)(const FLUX_P(flux_job) * job, size_t m, size_t high,
                   FLUX_P(flux_hall) * hall)
{
    FLUX_P(flux_job) part = *job;
    part.beside = hall->b;
    for (size_t i = 0; i < m; i += high)
        for (size_t k0 = 0; k0 < job->k; k0 += 512) {
            part.k = job->k - k0 < 512 ? job->k - k0 : 512;
            part.a = job->a + i * job->ai + k0 * job->ak;
            part.b = job->b + k0 * job->bk;
            part.c = job->c + i * job->ci;
            part.end.kind = k0 > 0 ? FLUX_ADD : job->end.kind;
            FLUX_P(flux_band)
            (&part, 0, m - i < high ? m - i : high, FLUX_P(FLUX_LANES),
             hall->a);
        }
}

/* Columns that are held of a product of so many: tiles have a unit's. */
FLUX_INLINE size_t
FLUX_P(flux_held)(size_t columns)
{
    return columns < FLUX_U ? FLUX_U : columns;
}

/* A block of 512 terms of some rows of products of one `a`, from those rows and
 * terms of each: their sums so far are held, one product's behind another's. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_hold)(const FLUX_P(flux_job) * job, size_t count, size_t k0,
                  size_t rows, FLUX_P(flux_hall) * hall)
{
    enum { HIGH = FLUX_P(FLUX_HIGH) };
    FLUX_T *held = hall->held;
    for (size_t q = 0; q < count; q++) {
        FLUX_P(flux_job) part = job[q];
        part.n = FLUX_P(flux_held)(part.n);
        part.k = part.k - k0 < 512 ? part.k - k0 : 512;
        part.a += k0 * part.ak;
        part.b += k0 * part.bk;
        part.c = held;
        part.ci = 1;
        part.cj = HIGH;
        part.end.kind = k0 > 0 ? FLUX_ADD : FLUX_SET;
        part.beside = hall->b;
        part.laid = q > 0;
        FLUX_P(flux_band)(&part, 0, rows, FLUX_P(FLUX_LANES), hall->a);
        held += part.n * HIGH;
    }
}

/* Some rows of large products of one `a`, whose sums have room. */
FLUX_TARGET FLUX_STATIC void
FLUX_P(flux_large_rows)(const FLUX_P(flux_job) * job, size_t count, size_t rows,
                        FLUX_P(flux_hall) * hall)
{
    enum { HIGH = FLUX_P(FLUX_HIGH) };
    const FLUX_T *held = hall->held;
    for (size_t k0 = 0; k0 < job->k; k0 += 512)
        FLUX_P(flux_hold)(job, count, k0, rows, hall);
    for (size_t q = 0; q < count; q++) {
        FLUX_P(flux_put)
        (rows, HIGH, job[q].n, held, job[q].c, job[q].ci, job[q].cj,
         job[q].end);
        held += FLUX_P(flux_held)(job[q].n) * HIGH;
    }
}

/* A large product whose sums of several blocks may not stand in `c` as they
 * grow. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_large_held)(const FLUX_P(flux_job) * job, size_t m,
                        FLUX_P(flux_hall) * hall)
{
    enum { WIDE = FLUX_P(FLUX_WIDE) };
    const size_t high = FLUX_P(flux_high)(m);
    FLUX_P(flux_job) part = *job;
    for (size_t i = 0; i < m; i += high)
        for (size_t j = 0; j < job->n; j += part.n) {
            const size_t left = job->n - j;
            part.n = left < WIDE + FLUX_U ? left : (size_t)WIDE;
            part.a = job->a + i * job->ai;
            part.b = job->b + j * job->bj;
            part.c = job->c + i * job->ci + j * job->cj;
            FLUX_P(flux_large_rows)
            (&part, 1, m - i < high ? m - i : high, hall);
        }
}

/* Either. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_large_any)(const FLUX_P(flux_job) * job, size_t m)
{
    FLUX_P(flux_hall) hall;
    if (job->k > 512 && job->end.kind != FLUX_SET)
        FLUX_P(flux_large_held)(job, m, &hall);
    else
        FLUX_P(flux_large)(job, m, FLUX_P(flux_high)(m), &hall);
}

/* Whether that pays. */
FLUX_TARGET FLUX_STATIC int
FLUX_P(flux_is_large)(const FLUX_P(flux_job) * job, size_t m)
{
    const size_t bytes = job->n * job->k * sizeof(FLUX_T);
    const int page = job->bj * sizeof(FLUX_T) % 2048 == 0;
    return job->order == FLUX_SEQ && (job->bk == 1 || job->bj == 1) &&
           m >= 8 * FLUX_W && job->n >= 6 * FLUX_U && job->k >= 64 &&
           bytes >= (job->bk != 1 || page ? 256 : 1024) * 1024;
}

/* Large products of one `a`, which is copied once for all. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_large_several)(FLUX_P(flux_job) * job, size_t count, size_t m)
{
    FLUX_P(flux_hall) hall;
    const size_t high = FLUX_P(flux_high)(m);
    for (size_t i = 0; i < m; i += high) {
        FLUX_P(flux_large_rows)
        (job, count, m - i < high ? m - i : high, &hall);
        for (size_t q = 0; q < count; q++) {
            job[q].a += high * job[q].ai;
            job[q].c += high * job[q].ci;
        }
    }
}

/* Whether that pays, and there is room for all of their sums. */
FLUX_TARGET FLUX_STATIC int
FLUX_P(flux_are_large)(const FLUX_P(flux_job) * job, size_t count, size_t m)
{
    size_t columns = 0;
    for (size_t q = 0; q < count; q++) {
        if (job[q].n < FLUX_U && job[q].bj != 0)
            return 0;
        columns += FLUX_P(flux_held)(job[q].n);
    }
    return count > 1 && FLUX_P(flux_is_large)(job, m) &&
           columns <= FLUX_P(FLUX_WIDE);
}
