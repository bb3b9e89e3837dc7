/* flux_windows_few_body.h - products over several axes with few columns whose
 * rows are squares of 3 by 3 or 5 by 5: the gradients of the weights of a first
 * convolution. For one element type and an instruction set whose vectors hold
 * three lines of a square; flux_windows_vector_body.h includes it.
 *
 * Rows are the lanes: a tile is a square, in a vector or two, by six columns,
 * whose sums stay in registers for a block of terms.
 */
enum { FLUX_P(FLUX_FEW) = 6 };

/* A square, and columns; sums of the blocks so far, a vector or two for each
 * column. */
typedef struct {
    flux_axis square;
    size_t wide;
    flux_axis column[FLUX_P(FLUX_FEW)];
    FLUX_ALIGNED FLUX_T total[2 * FLUX_P(FLUX_FEW)][FLUX_W];
} FLUX_P(flux_few);

/* Adds a block of `count` terms to the totals. LINES of a square is a constant
 * where this is inlined. What a first line's vector has behind it lies within
 * the lines after it. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_few_tile)(const int LINES, const FLUX_P(flux_windows_job) * job,
                      flux_place *place, size_t count, FLUX_P(flux_few) * few)
{
    enum { Q = FLUX_P(FLUX_FEW) };
    const int R = (LINES + 2) / 3;
    const size_t one = (size_t)LINES, step = job->row[1].a;
    size_t b[Q];
    FLUX_V sum[2 * Q];
    FLUX_UNROLL
    for (int q = 0; q < Q; q++)
        b[q] = few->column[q].b;
    FLUX_UNROLL
    for (int i = 0; i < R * Q; i++)
        sum[i] = FLUX_I(all)(0);
    while (count > 0) {
        const size_t left = job->term[0].length - place->index[0];
        const size_t some = left < count ? left : count;
        const FLUX_T *row = job->a + few->square.a + place->at.a;
        const FLUX_T *column = job->b + place->at.b;
        for (const FLUX_T *end = row + some; row < end; row++, column++) {
            FLUX_V line[2];
            FLUX_UNROLL
            for (int i = 0; i < LINES; i++) {
                const FLUX_T *at = row + (size_t)i * step;
                const size_t on = (size_t)(i % 3) * one;
                if (i % 3 == 0)
                    line[i / 3] = FLUX_AT(at);
                else
                    line[i / 3] =
                        FLUX_I(join)(line[i / 3], at - on, on, on + one);
            }
            FLUX_UNROLL
            for (int q = 0; q < Q; q++) {
                const FLUX_V each = FLUX_I(all)(column[b[q]]);
                FLUX_UNROLL
                for (int r = 0; r < R; r++)
                    sum[q * R + r] = FLUX_I(fma)(line[r], each, sum[q * R + r]);
            }
        }
        place->index[0] += some - 1;
        place->at.a += some - 1;
        place->at.b += some - 1;
        flux_place_next(place, job->terms, job->term);
        count -= some;
    }
    FLUX_UNROLL
    for (int i = 0; i < R * Q; i++)
        FLUX_AT(few->total[i]) = FLUX_AT(few->total[i]) + sum[i];
}

/* The results of a tile. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_few_square)(const FLUX_P(flux_windows_job) * job,
                        FLUX_P(flux_few) * few)
{
    const size_t length = flux_axes_count(job->terms, job->term);
    const size_t lines = job->row[1].length;
    flux_place place = {{0}, {0, 0, 0, 0}};
    for (size_t i = 0; i < 2 * FLUX_P(FLUX_FEW); i++)
        FLUX_AT(few->total[i]) = FLUX_I(all)(0);
    for (size_t k = 0; k < length; k += FLUX_TERMS) {
        size_t count = length - k < FLUX_TERMS ? length - k : FLUX_TERMS;
        if (lines == 5)
            FLUX_P(flux_few_tile)(5, job, &place, count, few);
        else
            FLUX_P(flux_few_tile)(3, job, &place, count, few);
    }
    for (size_t q = 0; q < few->wide; q++)
        for (size_t y = 0; y < lines; y++) {
            FLUX_T *to = job->c + few->square.c + few->column[q].c;
            const size_t r = lines == 5 ? 2 * q + y / 3 : q;
            for (size_t x = 0; x < lines; x++)
                to[y * job->row[1].c + x * job->row[0].c] =
                    few->total[r][y % 3 * lines + x];
        }
}

/* Whether that is the way for a product. */
FLUX_TARGET FLUX_ONCE int
FLUX_P(flux_windows_are_few)(const FLUX_P(flux_windows_job) * job)
{
    const flux_axis *row = job->row;
    return job->rows >= 2 && (row[0].length == 3 || row[0].length == 5) &&
           row[1].length == row[0].length &&
           row[1].a + row[0].length >= FLUX_W && job->term[0].a == 1 &&
           job->term[0].b == 1 &&
           flux_axes_count(job->columns, job->column) <= FLUX_P(FLUX_FEW);
}

/* All squares. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_windows_few)(const FLUX_P(flux_windows_job) * job)
{
    FLUX_P(flux_few) few;
    flux_place across = {{0}, {0, 0, 0, 0}}, down = {{0}, {0, 0, 0, 0}};
    size_t squares = flux_axes_count(job->rows - 2, job->row + 2);
    few.wide = flux_axes_count(job->columns, job->column);
    flux_places(&across, job->columns, job->column, few.wide, few.column);
    for (size_t q = few.wide; q < FLUX_P(FLUX_FEW); q++)
        few.column[q] = few.column[0];
    for (; squares > 0; squares--) {
        few.square = down.at;
        FLUX_P(flux_few_square)(job, &few);
        flux_place_next(&down, job->rows - 2, job->row + 2);
    }
}
