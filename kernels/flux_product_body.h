/* flux_product_body.h - the matrix product for one element type and one
 * vector instruction set, of the tiles of flux_product_tile_body.h.
 *
 * A panel is a tile's rows by all columns; its part of `a` is read in place, or
 * copied once into whole, aligned vectors. A tile knows no tails: the last
 * columns of a product are those of a tile that starts earlier, and rows that
 * do not fill one go through a buffer.
 */

#include "kernels/flux_product_tile_body.h"

/* The units of columns of the tile that begins at column j: threes where they
 * fit, for they are the fastest, and never one where two twos do. 0 stands for
 * one column, 4 for three units and a column, which 32 registers hold of two
 * vectors: where threes and such tiles are all columns, these are the last.
 *
 * In the order split4 tiles of two vectors have three columns, for which 1
 * stands, or two, for which 2 does: 3 and 4 are the tiles of seq above. */
FLUX_INLINE size_t
FLUX_P(flux_units)(flux_order order, size_t R, size_t columns, size_t j)
{
    if (order == FLUX_SPLIT4 && R == 2)
        return columns - j == 2 || columns - j == 4 ? 2 : 1;
    const size_t threes = (columns - j) / (3 * FLUX_U);
    const size_t rest = (columns - j) % (3 * FLUX_U);
    if (FLUX_U == 4 && R == 2 && rest <= threes)
        return rest < threes || j == 0 ? 3 : 4;
    size_t left = (columns - j + FLUX_U - 1) / FLUX_U;
    size_t units = left == 2 || left == 4 ? 2 : left < 3 ? left : 3;
    if (order == FLUX_SPLIT4)
        units = 1;
    return units * FLUX_U > columns ? units - 1 : units;
}

/* How many whole tiles one behind another are like the next, which has three
 * units or more and is not the first, where so many columns are left. */
FLUX_INLINE size_t
FLUX_P(flux_tiles_alike)(size_t R, size_t left)
{
    const size_t threes = left / (3 * FLUX_U);
    const size_t rest = left % (3 * FLUX_U);
    const size_t units = (left + FLUX_U - 1) / FLUX_U;
    if (FLUX_U == 4 && R == 2 && rest <= threes)
        return rest == threes ? threes : threes - rest;
    return units % 3 == 1 ? threes - 1 : threes;
}

/* The columns of a tile of so many units. */
FLUX_INLINE size_t
FLUX_P(flux_wide)(flux_order order, size_t R, size_t units)
{
    if (order == FLUX_SPLIT4 && R == 2)
        return 4 - units; /* 1: three columns, 2: two */
    return units == 4 ? 3 * FLUX_U + 1 : units > 0 ? units * FLUX_U : 1;
}

/* The product, as the functions below hand it on. Where the rows of `a` stand
 * in panels, ai leads from one panel to the next, if times FLUX_PANEL. A large
 * one has room for 512 terms of FLUX_BESIDE columns of `b`; another one may
 * have laid out the rows that both read. An epilogue is of what is stored. */
typedef struct {
    flux_order order;
    int panels;
    size_t n, k;
    const FLUX_T *a;
    size_t ai, ak;
    const FLUX_T *b;
    size_t bk, bj;
    FLUX_T *c;
    size_t ci, cj;
    flux_product_end end;
    FLUX_T *beside;
    int laid;
    const FLUX_E(flux_epilogue) * epilogue; /* or NULL */
} FLUX_P(flux_job);

/* Whether results, with moments, may be in no near cache. */
FLUX_INLINE int
FLUX_P(flux_is_far)(const FLUX_P(flux_job) * job)
{
    const size_t most = job->end.kind == FLUX_OPTIMISER ? 640 : 1024;
    return job->cj * job->n * sizeof(FLUX_T) >= most * 1024;
}

/* Rows in a tile; elements of `a` copied at a time, unless the product is
 * large; panels in a band; columns whose sums of several blocks are held,
 * beside those of the last tile. */
enum {
    FLUX_P(FLUX_LANES) = 2 * FLUX_W,
    FLUX_P(FLUX_ROOM) = 512 * 2 * FLUX_W,
    FLUX_P(FLUX_SEATS) = 32,
    FLUX_P(FLUX_GROUP) = 96,
    FLUX_P(FLUX_SPARE) = 3 * FLUX_U + 1
};

typedef struct {
    FLUX_ALIGNED FLUX_T
        total[(FLUX_P(FLUX_GROUP) + FLUX_P(FLUX_SPARE)) * FLUX_P(FLUX_LANES)];
    FLUX_ALIGNED FLUX_T tile[2 * FLUX_P(FLUX_ROOTS)];
    FLUX_P(flux_late) late; /* what waits in `tile` */
} FLUX_P(flux_room);

/* A panel of a block: `rows` rows from `row`, to which R vectors belong; where
 * tiles read them and, where the first one of them copies them, to where. */
typedef struct {
    size_t row, rows, R;
    const FLUX_T *a;
    size_t ak;
    FLUX_T *copy;
    int first;
} FLUX_P(flux_seat);

/* The panel of these rows for `length` terms from `term`, which `many` tiles
 * read or not, with its room for a copy. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_sit)(const FLUX_P(flux_job) * job, size_t term, size_t length,
                 int many, FLUX_T *room, FLUX_P(flux_seat) * seat)
{
    const size_t lanes = seat->R * FLUX_W;
    const size_t in = job->panels ? seat->row % FLUX_PANEL(FLUX_T) : 0;
    const FLUX_T *a = job->a + (seat->row - in) * job->ai + in + term * job->ak;
    const size_t odd = (size_t)(uintptr_t)a | job->ak * sizeof *a;
    /* Also where moments need the first cache's other lines of their places. */
    const int far =
        job->ak * sizeof *a >= 1024 || job->end.kind == FLUX_OPTIMISER;
    const int part = seat->rows != lanes;
    const int masks =
        FLUX_MASKS && seat->R == 2 && many && job->end.kind != FLUX_OPTIMISER;
    const int pack = !job->panels && (job->ai != 1 || (part && !masks));
    const int copy =
        seat->R == 2 && many && (far || part || odd % sizeof(FLUX_V) != 0);
    const int laid = pack || (copy && job->laid);
    if (pack && !job->laid)
        FLUX_P(flux_pack)
    (seat->rows, lanes, length, a, job->ai, job->ak, room);
    seat->a = laid ? room : a;
    seat->ak = laid ? lanes : job->ak;
    seat->copy = copy && !laid ? room : NULL;
    seat->first = !laid;
}

/* A block of a tile: `length` terms from `term`, and `units` of columns which
 * end with `wide` new ones from `column` and are read at `b`; where the first
 * panel copies them, to where. */
typedef struct {
    size_t term, length, column, wide, units;
    size_t tile;  /* all of its columns */
    size_t tiles; /* of these units, side by side, that are made at once */
    const FLUX_T *b;
    size_t bk, bj;
    FLUX_T *copy;
    size_t copied; /* where the columns in that end */
} FLUX_P(flux_spot);

/* A tile of a seat's rows, of which the last may be part of a vector. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_tile_at)(flux_order order, const FLUX_P(flux_seat) * seat,
                     const FLUX_P(flux_spot) * spot, const FLUX_T *a,
                     const FLUX_T *b, const FLUX_P(flux_goal) * goal)
{
#if FLUX_MASKS
    if (seat->R == 2 && spot->units >= 3 && goal->in < FLUX_W) {
        FLUX_P(flux_tile_part)
        (spot->units, spot->length, a, seat->ak, b, spot->bk, spot->bj, goal);
        return;
    }
#endif
    FLUX_P(flux_tile_any)
    (order, seat->R, spot->units, spot->length, a, seat->ak, b, spot->bk,
     spot->bj, goal);
}

/* The tiles of each of `panels` that are alike, of which `seat` is the first,
 * where results are `next` elements apart and totals `sums`. From one to the
 * next it is a few instructions, for which no multiply-add waits. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_tiles)(flux_order order, const FLUX_P(flux_seat) * seat,
                   size_t panels, const FLUX_P(flux_spot) * spot, size_t next,
                   size_t sums, FLUX_P(flux_goal) * goal)
{
    const size_t a_next = panels > 1 ? (size_t)(seat[1].a - seat->a) : 0;
    const size_t over = spot->wide * goal->step - (panels - 1) * next;
    const FLUX_T *b = spot->b;
    for (size_t tiles = spot->tiles; tiles > 0; tiles--) {
        const FLUX_T *a = seat->a;
        for (size_t left = panels;; a += a_next) {
            FLUX_P(flux_tile_at)(order, seat, spot, a, b, goal);
            const size_t on = --left > 0 ? next : over;
            goal->to += on;
            if (goal->base)
                goal->base += on;
            if (goal->total)
                goal->total += sums;
            if (left == 0)
                break;
        }
        b += spot->wide * spot->bj;
    }
}

/* The same of tiles with an epilogue, whose x goes on as results do. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_tiles_ended)(flux_order order, const FLUX_P(flux_seat) * seat,
                         size_t panels, const FLUX_P(flux_spot) * spot,
                         size_t sums, FLUX_P(flux_goal) * goal)
{
    const size_t lanes = seat->R * FLUX_W;
    const size_t a_next = panels > 1 ? (size_t)(seat[1].a - seat->a) : 0;
    const size_t back = (panels - 1) * lanes;
    const FLUX_T *b = spot->b;
    for (size_t tiles = spot->tiles; tiles > 0; tiles--) {
        const FLUX_T *a = seat->a;
        for (size_t left = panels; left > 0; left--, a += a_next) {
            FLUX_P(flux_tile_at)(order, seat, spot, a, b, goal);
            FLUX_P(flux_end_tile)
            (seat->R, spot->tile, lanes - FLUX_W + goal->out, goal);
            goal->to += left > 1 ? lanes : spot->wide * goal->step - back;
            if (goal->x)
                goal->x +=
                    left > 1 ? lanes : spot->wide * goal->epilogue->xj - back;
            if (goal->total)
                goal->total += sums;
        }
        b += spot->wide * spot->bj;
    }
}

/* An epilogue's x for results from this row and column on. */
FLUX_INLINE const FLUX_T *
FLUX_P(flux_epilogue_x)(const FLUX_E(flux_epilogue) * e, size_t row,
                        size_t column)
{
    return e && e->x ? e->x + row + column * e->xj : NULL;
}

/* That block of `panels` that are alike, of which `seat` is the first. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_block)(const FLUX_P(flux_job) * job, FLUX_P(flux_spot) * spot,
                   size_t tile, FLUX_P(flux_seat) * seat, size_t panels,
                   FLUX_T *total, FLUX_P(flux_room) * room)
{
    FLUX_T *buffer = room->tile;
    const size_t lanes = seat->R * FLUX_W;
    const size_t again = tile - spot->wide;
    const int last = spot->term + spot->length == job->k;
    const int moments = job->end.kind == FLUX_OPTIMISER;
    const int full = seat->rows == lanes;
    const int over = again > 0 && job->end.kind != FLUX_SET;
    const int direct =
        job->ci == 1 && (full || FLUX_MASKS) && !over && !moments;
    const int late = job->ci == 1 && full && again == 0 && moments && last &&
                     seat->R == 2 && FLUX_P(flux_optimiser_waits)(job->end);
    const FLUX_T step = job->end.kind == FLUX_STEP ? (FLUX_T)job->end.scale : 0;
    const size_t column = spot->column - (direct ? again : 0);
    FLUX_T *c = job->c + seat->row * job->ci + column * job->cj;
    const FLUX_E(flux_epilogue) *epilogue =
        FLUX_USED_EPILOGUES && last ? job->epilogue : NULL;
    FLUX_P(flux_goal) goal;
    goal.total = spot->term > 0 ? total : NULL;
    goal.base = last && direct && job->end.kind != FLUX_SET ? c : NULL;
    goal.to = !last ? total : direct ? c : buffer;
    goal.step = last && direct ? job->cj : lanes;
    goal.factor = job->end.kind == FLUX_STEP ? -step : 1;
    goal.left = seat->copy;
    goal.right = spot->copy;
    /* Of few terms, those of the next panel: its first tile comes next. */
    goal.ahead = spot->length > 80 ? 40 * seat->ak : lanes;
    goal.in = seat->rows - (seat->R - 1) * FLUX_W;
    goal.out = last && direct ? goal.in : FLUX_W;
    goal.first = seat->first;
    goal.steps = spot->term == 0 && last && direct && step > 0;
    goal.late = late;
    goal.far = FLUX_P(flux_is_far)(job);
    goal.epilogue = direct ? epilogue : NULL;
    goal.x = FLUX_P(flux_epilogue_x)(epilogue, seat->row, column);
    if (goal.epilogue)
        FLUX_P(flux_tiles_ended)
    (job->order, seat, panels, spot, lanes * tile, &goal);
    else if (moments) FLUX_P(flux_tile_moments)(
        job->order, seat->R, spot->units, spot->length, seat->a, seat->ak,
        spot->b, spot->bk, spot->bj, &goal, &room->late, job->end);
    else FLUX_P(flux_tiles)(job->order, seat, panels, spot,
                            last ? lanes : lanes * tile, lanes * tile, &goal);
    seat->first = 0;
    if (seat->copy) {
        seat->a = seat->copy;
        seat->ak = lanes;
        seat->copy = NULL;
    }
    if (spot->copy) {
        spot->b = spot->copy;
        spot->bk = FLUX_P(FLUX_BESIDE);
        spot->copy = NULL;
    }
    if (late)
        FLUX_P(flux_optimiser_later)
    (&room->late, buffer, spot->wide, c, job->cj, job->end, goal.far);
    else if (last && !direct)
        FLUX_P(flux_put)(seat->rows, lanes, spot->wide, buffer + again * lanes,
                         c, job->ci, job->cj, job->end);
    if (epilogue && !direct)
        FLUX_P(flux_epilogue)
    (epilogue->kind, seat->rows, spot->wide, c, job->cj, goal.x, epilogue->xj);
}

/* Where the tile reads its columns of `b`: in place, or in a copy of these and
 * of those that the next tiles read, which the first panel makes. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_right)(const FLUX_P(flux_job) * job, size_t tile,
                   FLUX_P(flux_spot) * spot)
{
    enum { BESIDE = FLUX_P(FLUX_BESIDE) };
    const size_t first = spot->column + spot->wide - tile;
    spot->bk = job->bk;
    spot->bj = job->bj;
    spot->b = job->b + spot->term * job->bk + first * job->bj;
    spot->copy = NULL;
    if (!job->beside || job->bk == 1)
        return;
    if (first + tile <= spot->copied) {
        spot->b = job->beside + BESIDE - (spot->copied - first);
        spot->bk = BESIDE;
    } else if (first + BESIDE <= job->n && spot->units == 3) {
        spot->copy = job->beside;
        spot->copied = first + BESIDE;
    }
}

/* How many panels of so many rows, from the first, are a tile's rows, as far
 * apart as one another, and go to results like one another. */
FLUX_TARGET FLUX_STATIC size_t
FLUX_P(flux_alike)(const FLUX_P(flux_job) * job, size_t rows)
{
    enum { LANES = FLUX_P(FLUX_LANES) };
    const int even = !job->panels || FLUX_PANEL(FLUX_T) == LANES;
    const int plain = job->order == FLUX_SEQ && job->end.kind != FLUX_OPTIMISER;
    return even && plain && job->ci == 1 ? rows / LANES : 0;
}

/* A band: rows from `row` whose part of `a` fits `panels`, or one tile's. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_band)(const FLUX_P(flux_job) * job, size_t row, size_t rows,
                  size_t tall, FLUX_T *panels)
{
    FLUX_P(flux_room) room;
    FLUX_P(flux_seat) seat[FLUX_P(FLUX_SEATS)];
    FLUX_P(flux_spot) spot;
    const size_t seats = (rows + tall - 1) / tall;
    const int several = job->k > 512;
    const size_t alike = FLUX_P(flux_alike)(job, rows);
    /* Whether each tile ends where it is made, and columns are read in place.
     */
    const int strips = alike > 0 && (!several || seats == 1) &&
                       (alike == seats || FLUX_MASKS) &&
                       (!job->beside || job->bk == 1);
    size_t columns;
    room.late.columns = 0;
    for (size_t i = 0; i < seats; i++) {
        seat[i].row = row + i * tall;
        seat[i].rows = rows - i * tall < tall ? rows - i * tall : tall;
        seat[i].R = seat[i].rows > FLUX_W ? 2 : 1;
    }
    for (size_t j0 = 0; j0 < job->n; j0 += columns) {
        columns = job->n - j0;
        if (several && columns >= FLUX_P(FLUX_GROUP) + FLUX_U)
            columns = FLUX_P(FLUX_GROUP);
        const int many =
            (columns >= 6 * FLUX_U || job->laid) && job->order == FLUX_SEQ;
        for (spot.term = 0; spot.term < job->k; spot.term += 512) {
            size_t left = job->k - spot.term;
            spot.length = left < 512 ? left : 512;
            spot.copied = 0;
            size_t slot = 0;
            for (size_t j = 0; j < columns; j += spot.tiles * spot.wide) {
                const size_t R = seat[seats - 1].R;
                spot.units = FLUX_P(flux_units)(job->order, R, columns, j);
                size_t tile = FLUX_P(flux_wide)(job->order, R, spot.units);
                spot.wide = columns - j < tile ? columns - j : tile;
                spot.tile = tile;
                spot.column = j0 + j;
                FLUX_P(flux_right)(job, tile, &spot);
                spot.tiles = 1;
                if (strips && j > 0 && spot.units >= 3 && spot.wide == tile)
                    spot.tiles = FLUX_P(flux_tiles_alike)(R, columns - j);
                size_t run = 1;
                for (size_t i = 0; i < seats; i += run) {
                    if (j == 0)
                        FLUX_P(flux_sit)
                    (job, spot.term, spot.length, many,
                     panels + i * tall * spot.length, seat + i);
                    run = j > 0 && spot.wide == tile && !spot.copy && i < alike
                              ? alike - i
                              : 1;
                    FLUX_P(flux_block)
                    (job, &spot, tile, seat + i, run,
                     several ? room.total + slot + i * tall * tile : NULL,
                     &room);
                }
                slot += spot.tiles * tile * FLUX_P(FLUX_LANES);
            }
        }
    }
    FLUX_P(flux_optimiser_now)(&room.late);
}

FLUX_TARGET FLUX_STATIC void
FLUX_P(flux_bands)(const FLUX_P(flux_job) * job, size_t m)
{
    enum { LANES = FLUX_P(FLUX_LANES) };
    /* In the order split4 a column has four sums, for which two vectors need
     * many registers, and tiles of one are not those of two. */
    const int split = job->order == FLUX_SPLIT4;
    const int two = !split || (FLUX_U == 4 && job->n > 1);
    const size_t tall = two ? LANES : FLUX_W;
    const size_t one = split && m % tall <= FLUX_W ? m % tall : 0;
    const size_t deep = job->k < 512 ? job->k : 512;
    /* Beside steps whose moments pass through the first cache; from farther
     * they come faster in longer rows. */
    const int less =
        job->end.kind == FLUX_OPTIMISER && !FLUX_P(flux_is_far)(job);
    const size_t room =
        less ? 16384 / sizeof(FLUX_T) : (size_t)FLUX_P(FLUX_ROOM);
    const size_t fit = room / deep / tall > 0 ? room / deep / tall : 1;
    const size_t band =
        (fit < FLUX_P(FLUX_SEATS) ? fit : (size_t)FLUX_P(FLUX_SEATS)) * tall;
    FLUX_ALIGNED FLUX_T panels[FLUX_P(FLUX_ROOM)];
    for (size_t i = 0; i < m - one; i += band)
        FLUX_P(flux_band)
    (job, i, m - one - i < band ? m - one - i : band, tall, panels);
    if (one > 0)
        FLUX_P(flux_band)(job, m - one, one, tall, panels);
}

#include "kernels/flux_product_large_body.h"

FLUX_TARGET FLUX_STATIC void
FLUX_P(flux_job_run)(const FLUX_P(flux_job) * job, size_t m)
{
    if (FLUX_P(flux_is_large)(job, m))
        FLUX_P(flux_large_any)(job, m);
    else
        FLUX_P(flux_bands)(job, m);
}

#include "kernels/flux_product_outer_body.h"
#include "kernels/flux_product_turned_body.h"
#include "kernels/flux_product_thin_body.h"

#include "kernels/flux_product_slim_body.h"
#include "kernels/flux_product_narrow_body.h"
#include "kernels/flux_product_small_body.h"

/* The whole product, in the order seq or split4; k > 0. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_product)(flux_order order, size_t m, size_t n, size_t k,
                     const FLUX_T *a, size_t ai, size_t ak, const FLUX_T *b,
                     size_t bk, size_t bj, FLUX_T *c, size_t ci, size_t cj,
                     flux_product_end end)
{
    if (k == 1 && ai == 1 && ci == 1) {
        FLUX_P(flux_outer)(m, n, a, b, bj, c, cj, end);
        return;
    }
    if (FLUX_P(flux_is_narrow)(order, m, n, k, ai, bj, ci)) {
        FLUX_P(flux_narrow)(m, n, k, a, ak, b, bk, c, cj, end);
        return;
    }
    if (FLUX_P(flux_is_slim)(order, m, n, k, ai, ak, ci)) {
        FLUX_P(flux_slim)(m, n, k, a, ai, ak, b, bk, bj, c, cj, end);
        return;
    }
    if (n < FLUX_U && (order == FLUX_SEQ || ai == 1)) {
        for (size_t j = 0; j < n; j++)
            FLUX_P(flux_column)
        (order, m, k, a, ai, ak, b + j * bj, bk, c + j * cj, ci, end);
        return;
    }
    if (FLUX_P(flux_is_small)(order, m, n, k, ci, end)) {
        FLUX_P(flux_small)
        (order, m, n, k, a, ai, ak, b, bk, bj, c, cj, end, NULL);
        return;
    }
    const FLUX_P(flux_job) job = {order, 0, n,  k,  a,   ai,   ak, b,   bk,
                                  bj,    c, ci, cj, end, NULL, 0,  NULL};
    FLUX_P(flux_job_run)(&job, m);
}

/* Whether a product with an epilogue is made in tiles that end in it, whose
 * order is seq; then it is. Others are of few columns, or too large for their
 * sums to wait for their last term. */
FLUX_TARGET FLUX_ONCE int
FLUX_P(flux_ended_product)(flux_order order, size_t m, size_t n, size_t k,
                           const FLUX_T *a, size_t ai, size_t ak,
                           const FLUX_T *b, size_t bk, size_t bj, FLUX_T *c,
                           size_t ci, size_t cj, flux_product_end end)
{
    const flux_product_end set = {FLUX_SET, 0, NULL};
    const FLUX_E(flux_epilogue) *e = (const FLUX_E(flux_epilogue) *)end.by;
    if (order != FLUX_SEQ || n < FLUX_U || k < 2 || ci != 1 ||
        FLUX_P(flux_is_narrow)(order, m, n, k, ai, bj, ci) ||
        FLUX_P(flux_is_slim)(order, m, n, k, ai, ak, ci))
        return 0;
    if (FLUX_P(flux_is_small)(order, m, n, k, ci, set)) {
        FLUX_P(flux_small)
        (order, m, n, k, a, ai, ak, b, bk, bj, c, cj, set, e);
        return 1;
    }
    const FLUX_P(flux_job) job = {order, 0, n,  k,  a,   ai,   ak, b, bk,
                                  bj,    c, ci, cj, set, NULL, 0,  e};
    if (FLUX_P(flux_is_large)(&job, m))
        return 0;
    FLUX_P(flux_bands)(&job, m);
    return 1;
}

#include "kernels/flux_product_several_body.h"
