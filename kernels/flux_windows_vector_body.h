/* flux_windows_vector_body.h - products over several axes in place, in the
 * order seq, for one element type and one vector instruction set, in the macros
 * of flux_vector_body.h. Windows share elements, so nothing of the operand that
 * they lie in is copied.
 *
 * Of a convolution, and of the gradient of its input, neighbouring rows are the
 * lanes: a tile is two vectors of rows by Q columns, whose terms of b stand
 * side by side. Of the gradient of the weights, which has few neighbouring rows
 * and long sums, columns are the lanes: a tile is one vector of columns by P
 * runs of Q neighbouring rows. So they are of a few samples with short lines.
 */

/* So many runs of five, and of three, in a tile; the widest row of columns, and
 * the vectors of rows for Q of them; whether two lines may share a vector. */
#if FLUX_NEON
#define FLUX_FIVES   5
#define FLUX_THREES  4
#define FLUX_WIDE    8
#define FLUX_TALL(Q) ((Q) > 6 ? 2 : (Q) > 4 ? 3 : 4)
#define FLUX_PAIRS   0
#elif FLUX_U == 4
#define FLUX_FIVES   5
#define FLUX_THREES  4
#define FLUX_WIDE    8
#define FLUX_TALL(Q) ((Q) > 6 ? 3 : 4)
#define FLUX_PAIRS   1
#else
#define FLUX_FIVES   2
#define FLUX_THREES  4
#define FLUX_WIDE    6
#define FLUX_TALL(Q) 2
#define FLUX_PAIRS   0
#endif

/* A product: what flux_windows takes. */
typedef struct {
    size_t rows, columns, terms;
    const flux_axis *row, *column, *term;
    size_t frames;
    const flux_frame *frame;
    const FLUX_T *a, *b;
    FLUX_T *c;
    int whole; /* whether its frames are no more than the elements */
} FLUX_P(flux_windows_job);

/* The rows of a vector: `cut` neighbours, and those up to `some` that begin
 * another line. Elements and results of a lane stand so many on from these. */
typedef struct {
    size_t cut, some;
    const FLUX_T *from, *next;
    FLUX_T *to, *to_next;
} FLUX_P(flux_places_of);

/* Some columns of a block of terms, which stand side by side, and vectors of
 * rows for them. */
typedef struct {
    size_t wide, lay, terms, tall, count;
    int first;  /* whether it is the first block */
    int shared; /* whether two lines may share a vector */
    FLUX_P(flux_places_of) rows[4];
    size_t picks; /* terms that are multiplied */
    flux_pick pick[FLUX_TERMS];
    size_t at[FLUX_TERMS];
    flux_axis column[FLUX_WIDE];
    FLUX_T b[FLUX_TERMS * FLUX_WIDE];
} FLUX_P(flux_strip);

/* Stores a vector of sums, or adds it to what is there: `cut` lanes of a line
 * at `to`, and those of the next, up to `some`, at `next`. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_strip_put)(const int TWO, FLUX_V sum, int first, size_t cut,
                       size_t some, FLUX_T *to, FLUX_T *next)
{
    FLUX_V value = FLUX_I(all)(0) + sum;
    if (!first) {
        FLUX_V before = FLUX_I(take)(to, cut);
        if (TWO)
            before = FLUX_I(join)(before, next, cut, some);
        value = before + value;
    }
    FLUX_I(put)(to, value, cut);
    if (TWO)
        FLUX_I(put_from)(next, value, cut, some);
}

/* R vectors of rows by Q columns: their sums are stored, or added to what is
 * there. TWO, whether lines share vectors, R and Q are constants where this is
 * inlined. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_strip_tile)(const int TWO, const int R, const int Q,
                        const FLUX_P(flux_strip) * s, const flux_pick *pick)
{
    FLUX_V sum[24], row[4];
    size_t cut[4], some[4];
    const FLUX_T *from[4], *next[4];
    const flux_pick *const end = pick + s->picks;
    FLUX_UNROLL
    for (int r = 0; r < R; r++) {
        cut[r] = s->rows[r].cut;
        some[r] = s->rows[r].some;
        from[r] = s->rows[r].from;
        next[r] = s->rows[r].next;
    }
    FLUX_UNROLL
    for (int i = 0; i < R * Q; i++)
        sum[i] = FLUX_I(all)(0);
    for (; pick < end; pick++) {
        const FLUX_T *b = s->b + pick->b;
        FLUX_UNROLL
        for (int r = 0; r < R; r++) {
            row[r] = FLUX_AT(from[r] + pick->a);
            if (TWO)
                row[r] =
                    FLUX_I(join)(row[r], next[r] + pick->a, cut[r], some[r]);
        }
        FLUX_UNROLL
        for (int q = 0; q < Q; q++) {
            const FLUX_T each = b[q];
            FLUX_UNROLL
            for (int r = 0; r < R; r++)
                sum[q * R + r] = FLUX_I(fma_all)(row[r], each, sum[q * R + r]);
        }
    }
    const int first = s->first;
    FLUX_T *to[4], *to_next[4];
    FLUX_UNROLL
    for (int r = 0; r < R; r++) {
        to[r] = s->rows[r].to;
        to_next[r] = s->rows[r].to_next;
    }
    FLUX_UNROLL
    for (int q = 0; q < Q; q++) {
        const size_t on = s->column[q].c;
        if ((size_t)q == s->wide)
            return;
        FLUX_UNROLL
        for (int r = 0; r < R; r++)
            FLUX_P(flux_strip_put)
        (TWO, sum[q * R + r], first, cut[r], some[r], to[r] + on,
         to_next[r] + on);
    }
}

/* Multiplies the vectors that are there. Copies of the last, of which nothing
 * is stored, fill the tile. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_strip_done)(FLUX_P(flux_strip) * s, const flux_pick *pick)
{
    const size_t lay = s->lay;
    for (size_t r = s->count; r < s->tall; r++) {
        s->rows[r] = s->rows[r - 1];
        s->rows[r].cut = s->rows[r].some = 0;
    }
    if (lay == 4)
        FLUX_P(flux_strip_tile)(0, FLUX_TALL(4), 4, s, pick);
    else if (lay == 6)
        FLUX_P(flux_strip_tile)(0, FLUX_TALL(6), 6, s, pick);
    else if (!s->shared)
        FLUX_P(flux_strip_tile)(0, FLUX_TALL(FLUX_WIDE), FLUX_WIDE, s, pick);
#if FLUX_PAIRS
    else
        FLUX_P(flux_strip_tile)(1, FLUX_TALL(FLUX_WIDE), FLUX_WIDE, s, pick);
#endif
    s->count = 0;
}

/* A last vector that cannot be read whole, for that would be past the operand's
 * end: its rows, which stand behind those that are there, are copied, term by
 * term. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_strip_last)(FLUX_P(flux_strip) * s)
{
    FLUX_ALIGNED FLUX_T copy[FLUX_TERMS * FLUX_W];
    flux_pick pick[FLUX_TERMS];
    const FLUX_P(flux_places_of) last = s->rows[s->count];
    if (s->count > 0)
        FLUX_P(flux_strip_done)(s, s->pick);
    for (size_t k = 0; k < s->terms; k++) {
        pick[k].a = k * FLUX_W;
        pick[k].b = k * s->lay;
        FLUX_AT(copy + k * FLUX_W) =
            FLUX_I(take)(last.from + s->at[k], last.some);
    }
    s->rows[0] = last;
    s->rows[0].from = s->rows[0].next = copy;
    s->count = 1;
    FLUX_P(flux_strip_done)(s, pick);
}

/* The next vector: `some` neighbours. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_strip_next)(FLUX_P(flux_strip) * s, const FLUX_T *from, FLUX_T *to,
                        size_t some)
{
    if (s->count == s->tall)
        FLUX_P(flux_strip_done)(s, s->pick);
    FLUX_P(flux_places_of) *rows = s->rows + s->count;
    rows->cut = rows->some = some;
    rows->from = rows->next = from;
    rows->to = rows->to_next = to;
}

/* Fills the lanes that the last vector has left with the first of `some`
 * neighbours, if lines share vectors; how many these are. */
FLUX_TARGET FLUX_INLINE size_t
FLUX_P(flux_strip_share)(FLUX_P(flux_strip) * s, const FLUX_T *from, FLUX_T *to,
                         size_t some)
{
    FLUX_P(flux_places_of) *rows = s->rows + s->count - 1;
    if (!s->shared || s->count == 0 || rows->cut < rows->some ||
        rows->cut == FLUX_W)
        return 0;
    if (some > FLUX_W - rows->cut)
        some = FLUX_W - rows->cut;
    rows->some = rows->cut + some;
    rows->next = from - rows->cut;
    rows->to_next = to - rows->cut;
    return some;
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
        const FLUX_T *a = job->a + place.at.a;
        FLUX_T *c = job->c + place.at.c;
        for (size_t x = FLUX_P(flux_strip_share)(s, a, c, line); x < line;
             x += FLUX_W) {
            size_t some = line - x < FLUX_W ? line - x : FLUX_W;
            FLUX_P(flux_strip_next)(s, a + x, c + x, some);
            if (place.at.a + x + FLUX_W > end)
                FLUX_P(flux_strip_last)(s);
            else
                s->count++;
        }
        flux_place_next(&place, job->rows - 1, job->row + 1);
    }
    if (s->count > 0)
        FLUX_P(flux_strip_done)(s, s->pick);
}

/* All terms of the block. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_strip_whole)(FLUX_P(flux_strip) * s)
{
    s->picks = s->terms;
    for (size_t k = 0; k < s->terms; k++) {
        s->pick[k].a = s->at[k];
        s->pick[k].b = k * s->lay;
    }
}

/* The columns' terms, which begin at `from` in b, side by side. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_strip_lay)(const FLUX_P(flux_windows_job) * job, const size_t *from,
                       FLUX_P(flux_strip) * s)
{
    const size_t terms = s->terms, lay = s->lay;
    for (size_t q = 0; q < lay; q++) {
        FLUX_T *to = s->b + q;
        if (q < s->wide) {
            const FLUX_T *b = job->b + s->column[q].b;
            for (size_t k = 0; k < terms; k++)
                to[k * lay] = b[from[k]];
        } else
            for (size_t k = 0; k < terms; k++)
                to[k * lay] = 0;
    }
}

/* Rows as lanes. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_windows_by_rows)(const FLUX_P(flux_windows_job) * job)
{
    const size_t width = flux_axes_count(job->columns, job->column);
    const size_t length = flux_axes_count(job->terms, job->term);
    const size_t line = job->row[0].length;
    const size_t groups = (width + FLUX_WIDE - 1) / FLUX_WIDE;
    const size_t most = groups > 0 ? (width + groups - 1) / groups : 1;
    FLUX_P(flux_strip) s;
    size_t from[FLUX_TERMS];
    flux_place across = {{0}, {0, 0, 0, 0}};
    s.lay = most <= 4 ? 4 : most <= 6 ? 6 : FLUX_WIDE;
    s.tall = FLUX_TALL(s.lay);
    s.shared = FLUX_PAIRS && s.lay == FLUX_WIDE &&
               (FLUX_W - line % FLUX_W) % FLUX_W * 4 > line;
    for (size_t j = 0; j < width; j += most) {
        flux_place place = {{0}, {0, 0, 0, 0}};
        s.wide = width - j < most ? width - j : most;
        flux_places(&across, job->columns, job->column, s.wide, s.column);
        for (size_t k0 = 0; k0 == 0 || k0 < length; k0 += FLUX_TERMS) {
            s.first = k0 == 0;
            s.terms = length - k0 < FLUX_TERMS ? length - k0 : FLUX_TERMS;
            flux_places_ab(&place, job->terms, job->term, s.terms, s.at, from);
            FLUX_P(flux_strip_whole)(&s);
            FLUX_P(flux_strip_lay)(job, from, &s);
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

/* Terms from k on, of `terms`, that are neighbours in b. */
FLUX_INLINE size_t
FLUX_P(flux_runs_beside)(const size_t *from, size_t k, size_t terms)
{
    size_t run = 1;
    while (k + run < terms && from[k + run] == from[k] + run)
        run++;
    return run;
}

/* The columns of a block of terms, side by side for each term. A vector of
 * columns that are equally far apart is turned where it stands; of others first
 * one line is made for each. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_runs_lay)(const FLUX_P(flux_windows_job) * job, size_t wide,
                      const flux_axis *column, size_t terms, flux_place *place,
                      FLUX_P(flux_runs) * runs)
{
    enum { LINE = FLUX_TERMS + 16 }; /* not at the same place of a page */
    FLUX_ALIGNED FLUX_T line[FLUX_W * LINE];
    size_t from[FLUX_TERMS];
    flux_places_ab(place, job->terms, job->term, terms, runs->at, from);
    if (wide == FLUX_W && job->columns == 1) {
        for (size_t k = 0, run; k < terms; k += run) {
            run = FLUX_P(flux_runs_beside)(from, k, terms);
            FLUX_P(flux_pack)
            (FLUX_W, FLUX_W, run, job->b + from[k] + column[0].b,
             job->column[0].b, 1, runs->b + k * FLUX_W);
        }
        return;
    }
    for (size_t i = wide * LINE; i < FLUX_W * LINE; i++)
        line[i] = 0;
    for (size_t k = 0, run; k < terms; k += run) {
        run = FLUX_P(flux_runs_beside)(from, k, terms);
        for (size_t l = 0; l < wide; l++) {
            const FLUX_T *b = job->b + from[k] + column[l].b;
            for (size_t i = 0; i < run; i++)
                line[l * LINE + k + i] = b[i];
        }
    }
    FLUX_P(flux_pack)(FLUX_W, FLUX_W, terms, line, LINE, 1, runs->b);
}

/* sum[p][q] = +0 + the sum over the terms of the columns' vectors, which stand
 * side by side, times element q of run p. P and Q are constants where this is
 * inlined. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_runs_tile)(const int P, const int Q, size_t terms,
                       const FLUX_P(flux_runs) * runs, size_t first, FLUX_T *to)
{
    FLUX_V sum[25];
    const FLUX_T *const *run = runs->from + first;
    const FLUX_T *b = runs->b;
    FLUX_UNROLL
    for (int i = 0; i < P * Q; i++)
        sum[i] = FLUX_I(all)(0);
    for (size_t k = 0; k < terms; k++, b += FLUX_W) {
        const size_t at = runs->at[k];
        FLUX_V column = FLUX_AT(b);
        FLUX_UNROLL
        for (int i = 0; i < P * Q; i++) {
            const FLUX_T each = run[i / Q][at + (size_t)(i % Q)];
            sum[i] = FLUX_I(fma_all)(column, each, sum[i]);
        }
    }
    FLUX_UNROLL
    for (int i = 0; i < P * Q; i++)
        FLUX_AT(to + i * FLUX_W) = FLUX_I(all)(0) + sum[i];
}

/* All runs with a block of terms. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_runs_multiply)(size_t terms, int first, FLUX_P(flux_runs) * runs)
{
    const size_t tile = runs->length == 5 ? FLUX_FIVES : FLUX_THREES;
    FLUX_ALIGNED FLUX_T part[25 * FLUX_W];
    for (size_t i = 0; i < runs->count; i += tile) {
        FLUX_T *sum = runs->sum + i * runs->length * FLUX_W;
        FLUX_T *to = first ? sum : part;
        if (runs->length == 5)
            FLUX_P(flux_runs_tile)(FLUX_FIVES, 5, terms, runs, i, to);
        else
            FLUX_P(flux_runs_tile)(FLUX_THREES, 3, terms, runs, i, to);
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

#include "kernels/flux_windows_samples_body.h"
#if FLUX_W >= 3 * 5
#include "kernels/flux_windows_few_body.h"
#endif

/* c[row, column] becomes the sum over the terms of a[row, term] b[term, column]
 * where one of these ways is good for it; else 0. */
FLUX_TARGET FLUX_ONCE int
FLUX_P(flux_windows_direct)(size_t rows, const flux_axis *row, size_t columns,
                            const flux_axis *column, size_t terms,
                            const flux_axis *term, size_t frames,
                            const flux_frame *frame, const FLUX_T *a,
                            const FLUX_T *b, FLUX_T *c)
{
    const FLUX_P(flux_windows_job) all = {
        rows, columns, terms, row, column, term, frames, frame, a, b, c, 0};
    const FLUX_P(flux_windows_job) *job = &all;
    const size_t line = row[0].length;
    if (frames > 0)
        return FLUX_P(flux_windows_by_samples)(job);
    const size_t width = flux_axes_count(columns, column);
    const int beside = row[0].a == 1;
    if (rows == 0 || columns == 0 || terms == 0)
        return 0;
    const int short_lines =
        line < FLUX_W / 2 && row[rows - 1].length < FLUX_W &&
        flux_axes_count(terms, term) > flux_axes_count(rows, row);
#if FLUX_W >= 3 * 5
    if (beside && FLUX_P(flux_windows_are_few)(job))
        FLUX_P(flux_windows_few)(job);
    else
#endif
        if (beside && line >= 3 && (term[0].length > line || short_lines) &&
            4 * width >= FLUX_W)
        FLUX_P(flux_windows_by_columns)(job);
    else if (beside && row[0].c == 1 && line >= FLUX_W / 2)
        FLUX_P(flux_windows_by_rows)(job);
    else
        return FLUX_P(flux_windows_unframed)(job);
    return 1;
}

#undef FLUX_FIVES
#undef FLUX_THREES
#undef FLUX_WIDE
#undef FLUX_TALL
#undef FLUX_PAIRS
