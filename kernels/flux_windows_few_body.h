/* flux_windows_few_body.h - products over several axes with few columns whose
 * rows are squares of 3 by 3 or 5 by 5: the gradients of the weights of a first
 * convolution. For one element type and an instruction set with sixteen lanes;
 * flux_windows_vector_body.h includes it.
 *
 * Rows are the lanes: a tile is a square, in a vector or two, by six columns,
 * whose sums stay in registers for a block of terms. Four of a square's lines
 * are laid side by side, an element of each in turn, so that a vector has four
 * neighbours of each; the second has the fifth ones, and the fifth line.
 */
enum { FLUX_P(FLUX_FEW) = 6, FLUX_P(FLUX_LAID) = 1024 };

/* A square, and columns; sums of the blocks so far, a vector or two for each
 * column. */
typedef struct {
    flux_axis square;
    size_t wide;
    flux_axis column[FLUX_P(FLUX_FEW)];
    FLUX_ALIGNED FLUX_T total[2 * FLUX_P(FLUX_FEW)][FLUX_W];
} FLUX_P(flux_few);

/* Neighbouring terms: where the columns have theirs, and where their squares'
 * lines are laid out. */
typedef struct {
    size_t some;
    const FLUX_T *column;
    const FLUX_T *four, *fifth;
} FLUX_P(flux_few_piece);

/* What is laid out at once. */
typedef struct {
    size_t count;
    FLUX_P(flux_few_piece) piece[FLUX_P(FLUX_LAID) / FLUX_W];
    FLUX_ALIGNED FLUX_T four[4 * FLUX_P(FLUX_LAID)];
    FLUX_ALIGNED FLUX_T fifth[FLUX_P(FLUX_LAID) + FLUX_W];
} FLUX_P(flux_few_laid);

/* Half a vector in memory. */
typedef FLUX_T FLUX_P(flux_half)
    __attribute__((vector_size(32), aligned(sizeof(FLUX_T)), may_alias));

/* Lanes 0, 4, 8, 12, 1, 5 and so on. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(by_fours)(FLUX_V v)
{
#if defined(__clang__)
    return __builtin_shufflevector(v, v, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14,
                                   3, 7, 11, 15);
#else
    typedef int32_t lanes __attribute__((vector_size(64)));
    const lanes order = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
    return __builtin_shuffle(v, order);
#endif
}

/* Eight elements of a, and behind them four of b; others. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(beside)(const FLUX_T *a, const FLUX_T *b)
{
    FLUX_V v;
    __asm__("vmovups {%1, %t0|%t0, %1}"
            : "=v"(v)
            : "m"(*(const FLUX_P(flux_half) *)a));
    __asm__("vinsertf32x4 {$2, %1, %0, %0|%0, %0, %1, 2}"
            : "+v"(v)
            : "m"(*(const FLUX_P(flux_part) *)b));
    return v;
}

/* Lays pieces of `count` terms out while there is room; how many are left. */
FLUX_TARGET FLUX_INLINE size_t
FLUX_P(flux_few_lay)(const int LINES, const FLUX_P(flux_windows_job) * job,
                     const FLUX_P(flux_few) * few, flux_place *place,
                     size_t count, FLUX_P(flux_few_laid) * laid)
{
    const size_t step = job->row[1].a, behind = (size_t)LINES - 1;
    size_t at = 0;
    laid->count = 0;
    while (count > 0 && at + 2 * FLUX_W <= FLUX_P(FLUX_LAID)) {
        FLUX_P(flux_few_piece) *piece = laid->piece + laid->count++;
        const FLUX_T *from = job->a + few->square.a + place->at.a;
        const size_t room = FLUX_P(FLUX_LAID) - at - behind;
        size_t some = job->term[0].length - place->index[0];
        some = some < count ? some : count;
        some = some < room ? some : room;
        piece->some = some;
        piece->column = job->b + place->at.b;
        piece->four = laid->four + 4 * at;
        piece->fifth = laid->fifth + at;
        for (size_t x = 0; x < some + behind; x += FLUX_W, at += FLUX_W) {
            const size_t left = some + behind - x;
            FLUX_V line[5];
            FLUX_UNROLL
            for (int i = 0; i < LINES; i++)
                line[i] = FLUX_I(take)(from + (size_t)i * step + x,
                                       left < FLUX_W ? left : FLUX_W);
            if (LINES == 3)
                line[3] = FLUX_I(all)(0);
            else
                FLUX_AT(laid->fifth + at) = line[4];
            FLUX_UNROLL
            for (int i = 0; i < (LINES < 4 ? LINES : 4); i++)
                line[i] = FLUX_I(by_fours)(line[i]);
            FLUX_I(turn)(line);
            FLUX_UNROLL
            for (int i = 0; i < 4; i++)
                FLUX_AT(laid->four + 4 * at + i * FLUX_W) = line[i];
        }
        place->index[0] += some - 1;
        place->at.a += some - 1;
        place->at.b += some - 1;
        flux_place_next(place, job->terms, job->term);
        count -= some;
    }
    return count;
}

/* Adds the products of a block's pieces to sums. LINES of a square is a
 * constant where this is inlined. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_few_pieces)(const int LINES, const FLUX_P(flux_few) * few,
                        const FLUX_P(flux_few_laid) * laid, FLUX_T *to)
{
    enum { Q = FLUX_P(FLUX_FEW) };
    const int R = (LINES + 2) / 3;
    const FLUX_P(flux_few_piece) *piece = laid->piece;
    size_t b[Q];
    FLUX_V sum[2 * Q];
    FLUX_UNROLL
    for (int q = 0; q < Q; q++)
        b[q] = few->column[q].b;
    FLUX_UNROLL
    for (int i = 0; i < R * Q; i++)
        sum[i] = FLUX_AT(to + i * FLUX_W);
    for (size_t k = 0; k < laid->count; k++, piece++) {
        const FLUX_T *column = piece->column, *four = piece->four;
        const FLUX_T *fifth = piece->fifth, *end = fifth + piece->some;
        for (; fifth < end; fifth++, four += 4, column++) {
            FLUX_V row[2];
            row[0] = FLUX_AT(four);
            if (R == 2)
                row[1] = FLUX_I(beside)(fifth, four + FLUX_W);
            FLUX_UNROLL
            for (int q = 0; q < Q; q++) {
                const FLUX_V each = FLUX_I(all)(column[b[q]]);
                FLUX_UNROLL
                for (int r = 0; r < R; r++)
                    sum[q * R + r] = FLUX_I(fma)(row[r], each, sum[q * R + r]);
            }
        }
    }
    FLUX_UNROLL
    for (int i = 0; i < R * Q; i++)
        FLUX_AT(to + i * FLUX_W) = sum[i];
}

/* Adds a block of `count` terms to the totals. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_few_tile)(const int LINES, const FLUX_P(flux_windows_job) * job,
                      flux_place *place, size_t count, FLUX_P(flux_few) * few)
{
    enum { Q = FLUX_P(FLUX_FEW) };
    const int R = (LINES + 2) / 3;
    FLUX_P(flux_few_laid) laid;
    FLUX_ALIGNED FLUX_T sum[2 * Q * FLUX_W] = {0};
    while (count > 0) {
        count = FLUX_P(flux_few_lay)(LINES, job, few, place, count, &laid);
        FLUX_P(flux_few_pieces)(LINES, few, &laid, sum);
    }
    FLUX_UNROLL
    for (int i = 0; i < R * Q; i++)
        FLUX_AT(few->total[i]) =
            FLUX_AT(few->total[i]) + FLUX_AT(sum + i * FLUX_W);
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
            const FLUX_T *first = few->total[lines == 5 ? 2 * q : q];
            const FLUX_T *second = few->total[2 * q + 1];
            for (size_t x = 0; x < lines; x++)
                to[y * job->row[1].c + x * job->row[0].c] =
                    y == 4   ? second[x]
                    : x == 4 ? second[8 + y]
                             : first[4 * x + y];
        }
}

/* Whether that is the way for a product. */
FLUX_TARGET FLUX_ONCE int
FLUX_P(flux_windows_are_few)(const FLUX_P(flux_windows_job) * job)
{
    const flux_axis *row = job->row;
    return job->rows >= 2 && (row[0].length == 3 || row[0].length == 5) &&
           row[1].length == row[0].length && job->term[0].a == 1 &&
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
