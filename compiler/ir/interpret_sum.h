/* Sums and contractions in their orders, for one element type: the includer
 * defines REAL, FMA(a, b, c), SUM(name), the names in full, and SUM_TARGET, the
 * functions' attribute.
 *
 * Neighbouring outputs, up to SUM_WIDTH along the result's first axis, are
 * computed together, so that the inner loops run over memory; each output's
 * terms still come in its own order.
 */

/* lane[i] takes in term a[i], or a[i] * b[i], of output i. */
SUM_TARGET static void
SUM(step)(int64_t width, REAL *lane, const REAL *a, int64_t step_a,
          const REAL *b, int64_t step_b)
{
    if (!b) {
        for (int64_t i = 0; i < width; i++)
            lane[i] += a[i * step_a];
    } else if (step_a == 1 && step_b == 0) {
        REAL factor = *b;
        for (int64_t i = 0; i < width; i++)
            lane[i] = FMA(a[i], factor, lane[i]);
    } else if (step_a == 0 && step_b == 1) {
        REAL factor = *a;
        for (int64_t i = 0; i < width; i++)
            lane[i] = FMA(factor, b[i], lane[i]);
    } else {
        for (int64_t i = 0; i < width; i++)
            lane[i] = FMA(a[i * step_a], b[i * step_b], lane[i]);
    }
}

/* to[i] += from[i] */
SUM_TARGET static void
SUM(join)(int64_t width, REAL *to, const REAL *from)
{
    for (int64_t i = 0; i < width; i++)
        to[i] += from[i];
}

/* Brings the lanes of a block together in lane 0. */
SUM_TARGET static void
SUM(join_lanes)(Order order, int64_t width, REAL lane[][SUM_WIDTH])
{
    if (order == ORDER_split4) {
        SUM(join)(width, lane[0], lane[1]);
        SUM(join)(width, lane[2], lane[3]);
        SUM(join)(width, lane[0], lane[2]);
    }
    if (order == ORDER_tree16) {
        for (int half = 8; half > 0; half /= 2) {
            for (int l = 0; l < half; l++)
                SUM(join)(width, lane[l], lane[l + half]);
        }
    }
}

/* `width` outputs, whose first terms are at a and b. */
SUM_TARGET static void
SUM(outputs)(const SumPlan *plan, int64_t width, const REAL *a, const REAL *b,
             REAL *result)
{
    REAL lane[SUM_LANES][SUM_WIDTH];
    int lanes = sum_lanes(plan->order);
    int64_t step_b = plan->step_b;
    int64_t block = sum_block(plan->order);
    Walk term = walk_begin(&plan->term);
    for (int64_t i = 0; i < width; i++)
        result[i] = 0;
    for (int64_t first = 0; first < plan->terms; first += block) {
        int64_t left = plan->terms - first;
        memset(lane, 0, (size_t)lanes * sizeof *lane);
        for (int64_t t = 0; t < block && t < left; t++) {
            REAL *sum = lane[t % lanes];
            const REAL *term_b = b ? b + term.b : NULL;
            SUM(step)(width, sum, a + term.a, plan->step_a, term_b, step_b);
            walk_next(&term);
        }
        SUM(join_lanes)(plan->order, width, lane);
        SUM(join)(width, result, lane[0]);
    }
}

/* A product without a sum. */
SUM_TARGET static void
SUM(products)(const SumPlan *plan, int64_t width, const REAL *a, const REAL *b,
              REAL *result)
{
    for (int64_t i = 0; i < width; i++)
        result[i] = a[i * plan->step_a] * b[i * plan->step_b];
}

/* All outputs; b is NULL for a plain sum. */
SUM_TARGET static void
SUM(all)(const SumPlan *plan, const REAL *a, const REAL *b, REAL *result)
{
    Walk outer = walk_begin(&plan->outer);
    for (int64_t row = 0; row < plan->rows; row++) {
        for (int64_t i = 0; i < plan->row; i += SUM_WIDTH) {
            int64_t left = plan->row - i;
            int64_t width = left < SUM_WIDTH ? left : SUM_WIDTH;
            const REAL *row_a = a + outer.a + i * plan->step_a;
            const REAL *row_b = b ? b + outer.b + i * plan->step_b : NULL;
            if (b && plan->term.rank == 0)
                SUM(products)(plan, width, row_a, row_b, result + i);
            else
                SUM(outputs)(plan, width, row_a, row_b, result + i);
        }
        result += plan->row;
        walk_next(&outer);
    }
}
