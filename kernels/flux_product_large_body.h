/* flux_product_large_body.h - products whose operands are too large for the
 * near caches, for one element type and one vector instruction set: tiles of
 * flux_product_body.h, which includes it, in an order that reads each operand
 * from far away as seldom as can be.
 */

/* Rows that are copied at a time, and columns for which sums of several blocks
 * are held. */
enum {
    FLUX_P(FLUX_HIGH) = 1024 / (int)sizeof(FLUX_T),
    FLUX_P(FLUX_WIDE) = 288
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

/* The same where sums of several blocks may not stand in `c` as they grow. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_large_held)(const FLUX_P(flux_job) * job, size_t m,
                        FLUX_P(flux_hall) * hall)
{
    enum { HIGH = FLUX_P(FLUX_HIGH), WIDE = FLUX_P(FLUX_WIDE) };
    const size_t high = FLUX_P(flux_high)(m);
    FLUX_P(flux_job) part = *job;
    part.c = hall->held;
    part.ci = 1;
    part.cj = HIGH;
    part.end.kind = FLUX_SET;
    for (size_t i = 0; i < m; i += high)
        for (size_t j = 0; j < job->n; j += part.n) {
            const size_t rows = m - i < high ? m - i : high;
            const size_t left = job->n - j;
            part.n = left < WIDE + FLUX_U ? left : WIDE;
            part.a = job->a + i * job->ai;
            part.b = job->b + j * job->bj;
            FLUX_P(flux_large)(&part, rows, high, hall);
            FLUX_P(flux_put)
            (rows, HIGH, part.n, hall->held, job->c + i * job->ci + j * job->cj,
             job->ci, job->cj, job->end);
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
