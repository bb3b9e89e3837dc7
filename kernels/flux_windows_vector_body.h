/* flux_windows_vector_body.h - products over several axes in place, in the
 * order seq, for one element type and one vector instruction set, in the macros
 * of flux_vector_body.h. Windows share elements, so nothing of the operand that
 * they lie in is copied.
 *
 * Of a convolution, and of the gradient of its input, neighbouring rows are the
 * lanes: a tile is two vectors of rows by Q columns, whose terms of b stand
 * side by side. Of the gradient of the weights, which has few neighbouring rows
 * and long sums, columns are the lanes: a tile is one vector of columns by P
 * runs of Q neighbouring rows.
 */

/* So many runs of five, and of three, in a tile; the widest row of columns. */
#if FLUX_W * FLUX_U >= 32
#define FLUX_FIVES  5
#define FLUX_THREES 4
#define FLUX_WIDE   8
#else
#define FLUX_FIVES  2
#define FLUX_THREES 4
#define FLUX_WIDE   6
#endif

/* A product: what flux_windows takes. */
typedef struct {
    size_t rows, columns, terms;
    const flux_axis *row, *column, *term;
    const FLUX_T *a, *b;
    FLUX_T *c;
} FLUX_P(flux_windows_job);

/* sum[p][q][r] = +0 + the sum over the terms of
 * vector[r][lane] * one[p][q], where term k stands `at[k]` elements on in the
 * vectors and k Q on in the ones; BY_COLUMNS k FLUX_W on in the vectors and
 * `at[k]` on in the ones. R, P and Q are constants where this is inlined. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_windows_tile)(const int BY_COLUMNS, const int R, const int P,
                          const int Q, size_t terms, const size_t *at,
                          const FLUX_T *const *vector, const FLUX_T *const *one,
                          FLUX_T *to)
{
    FLUX_V sum[25];
    const FLUX_T *low = vector[0], *high = vector[R - 1];
    FLUX_UNROLL
    for (int i = 0; i < R * P * Q; i++)
        sum[i] = FLUX_I(all)(0);
    for (size_t k = 0; k < terms; k++) {
        const size_t on = BY_COLUMNS ? k * FLUX_W : at[k];
        const size_t of = BY_COLUMNS ? at[k] : k * (size_t)Q;
        FLUX_V first = FLUX_AT(low + on);
        FLUX_V last = FLUX_AT(high + on);
        FLUX_UNROLL
        for (int i = 0; i < P * Q; i++) {
            FLUX_V each = FLUX_I(all)(one[i / Q][of + (size_t)(i % Q)]);
            sum[i * R] = FLUX_I(fma)(first, each, sum[i * R]);
            if (R == 2)
                sum[i * R + 1] = FLUX_I(fma)(last, each, sum[i * R + 1]);
        }
    }
    FLUX_UNROLL
    for (int i = 0; i < R * P * Q; i++)
        FLUX_AT(to + i * FLUX_W) = FLUX_I(all)(0) + sum[i];
}

/* Some columns of a block of terms, which stand side by side, and vectors of
 * rows for them. */
typedef struct {
    size_t wide, lay, terms, count;
    size_t some[2]; /* rows in the vectors */
    const FLUX_T *from[2];
    FLUX_T *to[2];
    int first; /* whether it is the first block */
    size_t at[FLUX_TERMS];
    flux_axis column[FLUX_WIDE];
    FLUX_T b[FLUX_TERMS * FLUX_WIDE];
    FLUX_ALIGNED FLUX_T sum[2 * FLUX_WIDE * FLUX_W];
} FLUX_P(flux_strip);

/* Two vectors of rows by `lay` columns. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_strip_tile)(FLUX_P(flux_strip) * s, const size_t *at)
{
    const FLUX_T *b = s->b;
    if (s->lay == 4)
        FLUX_P(flux_windows_tile)
    (0, 2, 1, 4, s->terms, at, s->from, &b, s->sum);
    else if (s->lay == 6) FLUX_P(flux_windows_tile)(0, 2, 1, 6, s->terms, at,
                                                    s->from, &b, s->sum);
    else FLUX_P(flux_windows_tile)(0, 2, 1, FLUX_WIDE, s->terms, at, s->from,
                                   &b, s->sum);
}

/* Multiplies the vectors that are there, and stores their sums or adds them to
 * what is. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_strip_done)(FLUX_P(flux_strip) * s, const size_t *at)
{
    if (s->count == 1)
        s->from[1] = s->from[0];
    FLUX_P(flux_strip_tile)(s, at);
    for (size_t j = 0; j < s->wide; j++)
        for (size_t r = 0; r < s->count; r++) {
            FLUX_T *to = s->to[r] + s->column[j].c;
            FLUX_V value = FLUX_AT(s->sum + (2 * j + r) * FLUX_W);
            if (!s->first)
                value = FLUX_I(take)(to, s->some[r]) + value;
            FLUX_I(put)(to, value, s->some[r]);
        }
    s->count = 0;
}

/* A last vector that cannot be read whole, for that would be past the operand's
 * end: its rows are copied, term by term. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_strip_last)(FLUX_P(flux_strip) * s, const FLUX_T *from, FLUX_T *to,
                        size_t some)
{
    FLUX_ALIGNED FLUX_T copy[FLUX_TERMS * FLUX_W];
    size_t at[FLUX_TERMS];
    if (s->count > 0)
        FLUX_P(flux_strip_done)(s, s->at);
    for (size_t k = 0; k < s->terms; k++) {
        at[k] = k * FLUX_W;
        FLUX_AT(copy + at[k]) = FLUX_I(take)(from + s->at[k], some);
    }
    s->from[0] = copy;
    s->to[0] = to;
    s->some[0] = some;
    s->count = 1;
    FLUX_P(flux_strip_done)(s, at);
}

/* All rows. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_strip_rows)(const FLUX_P(flux_windows_job) * job,
                        FLUX_P(flux_strip) * s)
{
    const size_t line = job->row[0].length;
    flux_place place = {{0}, {0, 0, 0, 0}};
    size_t lines = flux_axes_count(job->rows - 1, job->row + 1);
    size_t end = line;
    for (size_t i = 1; i < job->rows && lines > 0; i++)
        end += (job->row[i].length - 1) * job->row[i].a;
    s->count = 0;
    for (; lines > 0; lines--) {
        for (size_t x = 0; x < line; x += FLUX_W) {
            const FLUX_T *from = job->a + place.at.a + x;
            FLUX_T *to = job->c + place.at.c + x;
            size_t some = line - x < FLUX_W ? line - x : FLUX_W;
            if (place.at.a + x + FLUX_W > end) {
                FLUX_P(flux_strip_last)(s, from, to, some);
                continue;
            }
            s->from[s->count] = from;
            s->to[s->count] = to;
            s->some[s->count++] = some;
            if (s->count == 2)
                FLUX_P(flux_strip_done)(s, s->at);
        }
        flux_place_next(&place, job->rows - 1, job->row + 1);
    }
    if (s->count == 1)
        FLUX_P(flux_strip_done)(s, s->at);
}

/* Rows as lanes. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_windows_by_rows)(const FLUX_P(flux_windows_job) * job)
{
    const size_t width = flux_axes_count(job->columns, job->column);
    const size_t length = flux_axes_count(job->terms, job->term);
    const size_t groups = (width + FLUX_WIDE - 1) / FLUX_WIDE;
    const size_t most = groups > 0 ? (width + groups - 1) / groups : 1;
    FLUX_P(flux_strip) s;
    size_t from[FLUX_TERMS];
    flux_place across = {{0}, {0, 0, 0, 0}};
    s.lay = most <= 4 ? 4 : most <= 6 ? 6 : FLUX_WIDE;
    for (size_t j = 0; j < width; j += most) {
        flux_place place = {{0}, {0, 0, 0, 0}};
        s.wide = width - j < most ? width - j : most;
        flux_places(&across, job->columns, job->column, s.wide, s.column);
        for (size_t k0 = 0; k0 == 0 || k0 < length; k0 += FLUX_TERMS) {
            s.first = k0 == 0;
            s.terms = length - k0 < FLUX_TERMS ? length - k0 : FLUX_TERMS;
            flux_places_ab(&place, job->terms, job->term, s.terms, s.at, from);
            for (size_t k = 0; k < s.terms; k++)
                for (size_t q = 0; q < s.lay; q++)
                    s.b[k * s.lay + q] = q < s.wide
                                             ? job->b[from[k] + s.column[q].b]
                                             : (FLUX_T)0;
            FLUX_P(flux_strip_rows)(job, &s);
        }
    }
}

/* Runs of neighbouring rows that are multiplied with the same columns. */
enum { FLUX_P(FLUX_RUNS) = 96 };

typedef struct {
    size_t count, length; /* of runs, and of rows in each: 5 or 3 */
    const FLUX_T *from[FLUX_P(FLUX_RUNS)];
    FLUX_T *to[FLUX_P(FLUX_RUNS)];
    FLUX_ALIGNED FLUX_T sum[FLUX_P(FLUX_RUNS) * 5 * FLUX_W];
    size_t at[FLUX_TERMS];
    FLUX_ALIGNED FLUX_T b[FLUX_TERMS * FLUX_W]; /* the columns, side by side */
} FLUX_P(flux_runs);

/* The next runs: of the line at `place`, from its row `x` on, and the `left`
 * lines after it. A line that is no multiple of a run ends in one that has some
 * rows of the last but one, too. Copies of the last fill the last tile. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_runs_next)(const FLUX_P(flux_windows_job) * job, size_t tile,
                       flux_place *place, size_t *x, size_t *left,
                       FLUX_P(flux_runs) * runs)
{
    const size_t line = job->row[0].length;
    const size_t room = FLUX_P(FLUX_RUNS) / tile * tile;
    size_t n = 0;
    for (; n<room && * left> 0; n++) {
        size_t from = line - *x < runs->length ? line - runs->length : *x;
        runs->from[n] = job->a + place->at.a + from;
        runs->to[n] = job->c + place->at.c + from * job->row[0].c;
        *x += runs->length;
        if (*x >= line) {
            *x = 0;
            --*left;
            flux_place_next(place, job->rows - 1, job->row + 1);
        }
    }
    for (; n % tile != 0; n++) {
        runs->from[n] = runs->from[n - 1];
        runs->to[n] = runs->to[n - 1];
    }
    runs->count = n;
}

/* The columns of a block of terms, side by side for each term: first one line
 * for each, then squares of these are turned. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_runs_lay)(const FLUX_P(flux_windows_job) * job, size_t wide,
                      const flux_axis *column, size_t terms, flux_place *place,
                      FLUX_P(flux_runs) * runs)
{
    enum { LINE = FLUX_TERMS + 16 }; /* not at the same place of a page */
    FLUX_ALIGNED FLUX_T line[FLUX_W * LINE];
    size_t from[FLUX_TERMS];
    flux_places_ab(place, job->terms, job->term, terms, runs->at, from);
    for (size_t i = wide * LINE; i < FLUX_W * LINE; i++)
        line[i] = 0;
    for (size_t k = 0, run; k < terms; k += run) {
        for (run = 1; k + run < terms && from[k + run] == from[k] + run;)
            run++;
        for (size_t l = 0; l < wide; l++) {
            const FLUX_T *b = job->b + from[k] + column[l].b;
            for (size_t i = 0; i < run; i++)
                line[l * LINE + k + i] = b[i];
        }
    }
    FLUX_P(flux_pack)(FLUX_W, FLUX_W, terms, line, LINE, 1, runs->b);
}

/* All runs with a block of terms. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_runs_multiply)(size_t terms, int first, FLUX_P(flux_runs) * runs)
{
    const size_t tile = runs->length == 5 ? FLUX_FIVES : FLUX_THREES;
    const FLUX_T *b = runs->b;
    FLUX_ALIGNED FLUX_T part[25 * FLUX_W];
    for (size_t i = 0; i < runs->count; i += tile) {
        FLUX_T *sum = runs->sum + i * runs->length * FLUX_W;
        FLUX_T *to = first ? sum : part;
        if (runs->length == 5)
            FLUX_P(flux_windows_tile)
        (1, 1, FLUX_FIVES, 5, terms, runs->at, &b, runs->from + i, to);
        else FLUX_P(flux_windows_tile)(1, 1, FLUX_THREES, 3, terms, runs->at,
                                       &b, runs->from + i, to);
        if (first)
            continue;
        for (size_t l = 0; l < tile * runs->length * FLUX_W; l++)
            sum[l] += part[l];
    }
}

/* Columns as lanes. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_windows_by_columns)(const FLUX_P(flux_windows_job) * job)
{
    const size_t width = flux_axes_count(job->columns, job->column);
    const size_t length = flux_axes_count(job->terms, job->term);
    FLUX_P(flux_runs) runs;
    flux_axis column[FLUX_W];
    flux_place across = {{0}, {0, 0, 0, 0}};
    runs.length = job->row[0].length >= 5 ? 5 : 3;
    const size_t tile = runs.length == 5 ? FLUX_FIVES : FLUX_THREES;
    for (size_t j = 0; j < width; j += FLUX_W) {
        size_t wide = width - j < FLUX_W ? width - j : FLUX_W;
        size_t left = flux_axes_count(job->rows - 1, job->row + 1);
        size_t x = 0;
        flux_place down = {{0}, {0, 0, 0, 0}};
        flux_places(&across, job->columns, job->column, wide, column);
        while (left > 0) {
            flux_place place = {{0}, {0, 0, 0, 0}};
            FLUX_P(flux_runs_next)(job, tile, &down, &x, &left, &runs);
            for (size_t k = 0; k == 0 || k < length; k += FLUX_TERMS) {
                size_t terms =
                    length - k < FLUX_TERMS ? length - k : FLUX_TERMS;
                FLUX_P(flux_runs_lay)
                (job, wide, column, terms, &place, &runs);
                FLUX_P(flux_runs_multiply)(terms, k == 0, &runs);
            }
            for (size_t i = 0; i < runs.count * runs.length; i++) {
                FLUX_T *to =
                    runs.to[i / runs.length] + i % runs.length * job->row[0].c;
                for (size_t l = 0; l < wide; l++)
                    to[column[l].c] = runs.sum[i * FLUX_W + l];
            }
        }
    }
}

/* c[row, column] becomes the sum over the terms of a[row, term] b[term, column]
 * where one of the two ways is good for it; else 0. */
FLUX_TARGET FLUX_ONCE int
FLUX_P(flux_windows_direct)(size_t rows, const flux_axis *row, size_t columns,
                            const flux_axis *column, size_t terms,
                            const flux_axis *term, const FLUX_T *a,
                            const FLUX_T *b, FLUX_T *c)
{
    const FLUX_P(flux_windows_job)
        all = {rows, columns, terms, row, column, term, a, b, c};
    const FLUX_P(flux_windows_job) *job = &all;
    const size_t line = row[0].length;
    const size_t width = flux_axes_count(columns, column);
    if (rows == 0 || columns == 0 || terms == 0 || row[0].a != 1)
        return 0;
    if (line >= 3 && term[0].length > line && width >= FLUX_W / 4)
        FLUX_P(flux_windows_by_columns)(job);
    else if (row[0].c == 1 && line >= FLUX_W / 2)
        FLUX_P(flux_windows_by_rows)(job);
    else
        return 0;
    return 1;
}

#undef FLUX_FIVES
#undef FLUX_THREES
#undef FLUX_WIDE
