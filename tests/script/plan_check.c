/* One plan against the heuristics. A room is not memory of its own: what lies
 * in it is. */
#include "tests/script/plan.h"

#include "emit/c/c_model.h"

typedef struct {
    int first;
    int last;
    double bytes;
    double offset; /* below 0: not placed */
    int buffer;
    int slot;
    int64_t place; /* in it */
} Life;

typedef VEC(Life) Lives;

/* The bytes of a buffer: of each sample's, as many as a batch has of a block,
 * in lines of which no two threads have a part; of each thread's, as many as
 * may share it.
 */
static int64_t
bytes_of(const Schedule *s, const Buffer *b, const int64_t *symbol)
{
    int64_t bytes =
        dim_value(s->dims, b->count, symbol) * (int64_t)dtype_size(b->dtype);
    int64_t unit = b->each == EACH_sample ? 64 * SCHEDULE_THREADS : 1;
    bytes = (bytes + unit - 1) / unit * unit;
    return bytes / schedule_held(b->each) * schedule_each(b->each, symbol[0]);
}

/* Where it lies, behind what its slot has of what comes first. */
static int64_t
place_of(const Schedule *s, const Buffer *b, const int64_t *symbol)
{
    const Slot *slot = &s->slot.item[b->slot];
    int64_t place = 0;
    for (Each each = 0; each <= b->each; each++) {
        Dim bytes = each < b->each ? slot->size.bytes[each] : b->offset;
        place +=
            dim_value(s->dims, bytes, symbol) * schedule_each(each, symbol[0]);
    }
    return place;
}

static Lives
lives_of(Schedule *s, const int64_t *symbol)
{
    Lives lives = {0};
    for (size_t i = 0; i < s->buffer.count; i++) {
        const Buffer *b = &s->buffer.item[i];
        if (b->kind != BUFFER_temp || b->first == NULL || b->local ||
            b->first->room[b->each] == (int)i + 1)
            continue;
        double lines = (double)((bytes_of(s, b, symbol) + 63) / 64);
        Life life = {.first = b->first->place,
                     .last = b->last->end,
                     .bytes = 64 * lines,
                     .buffer = (int)i,
                     .slot = b->slot,
                     .place = place_of(s, b, symbol)};
        VEC_PUSH(s->arena, &lives, life);
    }
    return lives;
}

static bool
meet(const Life *a, const Life *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Puts a buffer at the lowest offset where it meets no other. */
static void
place(Lives *lives, Life *life)
{
    double offset = 0;
    bool moved = true;
    while (moved) {
        moved = false;
        for (size_t i = 0; i < lives->count; i++) {
            const Life *other = &lives->item[i];
            if (other->offset < 0 || !meet(life, other) ||
                offset >= other->offset + other->bytes ||
                other->offset >= offset + life->bytes)
                continue;
            offset = other->offset + other->bytes;
            moved = true;
        }
    }
    life->offset = offset;
}

/* The sum of what lives at the place where most does that meets a buffer. */
static double
breadth_of(const Lives *lives, const Life *life)
{
    double most = 0;
    for (size_t i = 0; i < lives->count; i++) {
        double sum = 0;
        int at = lives->item[i].first;
        if (at < life->first || at > life->last)
            continue;
        for (size_t k = 0; k < lives->count; k++)
            if (lives->item[k].first <= at && at <= lives->item[k].last)
                sum += lives->item[k].bytes;
        most = sum > most ? sum : most;
    }
    return most;
}

typedef enum { BY_size, BY_breadth, BY_start, HEURISTICS } Heuristic;

static double
key_of(const Lives *lives, const Life *life, Heuristic how)
{
    switch (how) {
    case BY_size:
        return life->bytes;
    case BY_breadth:
        return breadth_of(lives, life) + life->bytes * 1e-9;
    case BY_start:
    case HEURISTICS:
        break;
    }
    return -life->first;
}

/* The bytes that a heuristic needs. */
static double
arena_by(Lives *lives, Heuristic how, Arena *arena)
{
    double *key = ARENA_ARRAY(arena, double, lives->count + 1);
    double bytes = 0;
    for (size_t i = 0; i < lives->count; i++) {
        lives->item[i].offset = -1;
        key[i] = key_of(lives, &lives->item[i], how);
    }
    for (size_t turn = 0; turn < lives->count; turn++) {
        size_t best = lives->count;
        for (size_t i = 0; i < lives->count; i++)
            if (lives->item[i].offset < 0 &&
                (best == lives->count || key[i] > key[best]))
                best = i;
        Life *life = &lives->item[best];
        place(lives, life);
        if (life->offset + life->bytes > bytes)
            bytes = life->offset + life->bytes;
    }
    return bytes;
}

static void
fail(PlanTest *test, const char *graph, const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", test->path, graph, what);
    test->failed++;
}

/* Where threads share a loop, what lies in its room does so during all of it,
 * for what lies elsewhere.
 */
static bool
meet_in_threads(const Schedule *s, Life a, Life b)
{
    const Buffer *x = &s->buffer.item[a.buffer];
    const Buffer *y = &s->buffer.item[b.buffer];
    if (x->room == y->room)
        return meet(&a, &b);
    if (x->room != 0) {
        a.first = s->buffer.item[x->room - 1].first->place;
        a.last = s->buffer.item[x->room - 1].last->end;
    }
    if (y->room != 0) {
        b.first = s->buffer.item[y->room - 1].first->place;
        b.last = s->buffer.item[y->room - 1].last->end;
    }
    return meet(&a, &b);
}

static void
check_slots(PlanTest *test, const Schedule *s, const Lives *lives,
            const int64_t *symbol)
{
    for (size_t i = 0; i < lives->count; i++) {
        const Life *a = &lives->item[i];
        Sizes slot = {1, {s->slot.item[a->slot].size}};
        if (sizes_value(&slot, s->dims, symbol) <
            a->place + (int64_t)a->bytes - 63)
            fail(test, s->graph->name, "a slot is too small");
        for (size_t k = 0; k < i; k++)
            if (meet_in_threads(s, *a, lives->item[k]) &&
                schedule_overlap(s, a->buffer, lives->item[k].buffer))
                fail(test, s->graph->name, "two lives at one place");
    }
}

/* What lies beside the memory of few samples, with which it shares none: slots
 * of a known size, and what one thread has.
 */
static double
beside(const Schedule *s, const int64_t *symbol)
{
    int64_t bytes = 0;
    for (size_t k = 0; k < s->slot.count; k++) {
        const Size *size = &s->slot.item[k].size;
        if (dim_known(size->bytes[EACH_call]))
            bytes += dim_value(s->dims, size->bytes[EACH_call], symbol);
        bytes +=
            size->bytes[EACH_thread] * schedule_each(EACH_thread, symbol[0]);
    }
    return (double)bytes;
}

void
plan_check(PlanTest *test, const Graph *graph, uint32_t optional)
{
    static const int64_t samples[] = {1, 7, 64, 1000};
    const Graph *g = pass_optimise(graph, NULL);
    ScheduleOptions options = {.optional = optional};
    Schedule *s = g != NULL ? schedule_graph(g, &options) : NULL;
    if (s == NULL) {
        fail(test, graph->name, "no schedule");
        return;
    }
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        int64_t symbol[DIM_SYMBOLS];
        for (int d = 0; d < DIM_SYMBOLS; d++)
            symbol[d] = samples[i];
        Lives lives = lives_of(s, symbol);
        double best = -1;
        for (Heuristic how = 0; how < HEURISTICS; how++) {
            double bytes = arena_by(&lives, how, s->arena);
            best = best < 0 || bytes < best ? bytes : best;
        }
        check_slots(test, s, &lives, symbol);
        Sizes sizes = schedule_arena(s);
        double own = (double)sizes_value(&sizes, s->dims, symbol);
        /* A line for each slot that grows. */
        double apart = samples[i] < SCHEDULE_BLOCK ? beside(s, symbol) : 0;
        for (size_t k = 0; k < s->slot.count; k++)
            apart += dim_known(s->slot.item[k].size.bytes[EACH_call]) ? 0 : 64;
        double ratio = own > apart ? (own - apart) / (best + 1) : 1;
        test->worst = ratio > test->worst ? ratio : test->worst;
        test->plans++;
        if (ratio > 1.05)
            fail(test, g->name,
                 arena_printf(s->arena, "%.0f bytes for %lld samples, not %.0f",
                              own, (long long)samples[i], best));
    }
    arena_free(&graph->context->scratch);
}
