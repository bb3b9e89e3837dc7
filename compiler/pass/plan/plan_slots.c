/* Which slot of the arena a buffer lies in.
 *
 * Two buffers share a slot where their lives do not meet, or they lie side by
 * side, and the first to come is the larger whatever the dimensions are; so the
 * largest come first (greedy by size: Pisarchyk and Lee, 2020), those that grow
 * before those whose size is a number. The slots lie one behind the other. What
 * of known size finds none lies over those slots behind all that are used as
 * long as it lives; so slots come last that are used where little of known size
 * is. What lives with many of them may lie before them instead, in a slot of
 * its own, so that others need not lie behind as many: that is taken if it is
 * less.
 */
#include "pass/plan/plan.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

enum {
    NOMINAL = 64, /* of every dimension, where sizes are compared */
    WASTE = 6,    /* a small buffer makes a large slot be used for longer */
    TRIED_LEFT =
        256, /* buffers of known size for which several ways are tried */
    TRIED_SLOTS = 16
};

/* How much less another way must take. */
static const double WORTH = 0.99;

/* A buffer, by the start of its life, and its bytes for the nominal dimensions:
 * what is larger whatever the dimensions are is larger there.
 */
typedef struct {
    int buffer;
    bool grows;
    int64_t bytes;
    size_t number;
} Sized;

/* Buffers of known size whose lives hang together. */
typedef struct {
    size_t end; /* in the list */
    int first;  /* their lives as one, in places */
    int last;
    Dim bytes;  /* what lives at once of them, at the most */
    int behind; /* so many slots */
} Cluster;

typedef struct {
    int slot;
    Dim over; /* the most bytes of known size that live while it is used */
    int last; /* where its last life ends */
} Turn;

static Dim
bytes_of(const Schedule *s, const Buffer *b)
{
    return dim_mul(s->dims, b->count, (Dim)dtype_size(b->dtype));
}

/* Of known size: in whole cache lines. */
static Dim
lines_of(const Schedule *s, const Buffer *b)
{
    Dim bytes = bytes_of(s, b);
    return dim_known(bytes) ? dim_add(s->dims, bytes, 63) / 64 * 64 : bytes;
}

/* Whether it ends where a cache line does, or can. */
static bool
ends_line(const Schedule *s, const Buffer *b)
{
    bool exact = true;
    if (!dim_known(b->count))
        dim_div(s->dims, bytes_of(s, b), 64, &exact);
    return exact;
}

static Dim
end_of(const Schedule *s, const Buffer *b)
{
    return dim_add(s->dims, b->offset, lines_of(s, b));
}

static bool
meet(const Buffer *b, int first, int last)
{
    return b->first->place <= last && first <= b->last->end;
}

static int
larger(const void *a, const void *b)
{
    const Sized *left = a;
    const Sized *right = b;
    if (left->grows != right->grows)
        return left->grows ? -1 : 1;
    if (left->bytes != right->bytes)
        return left->bytes > right->bytes ? -1 : 1;
    return left->number < right->number ? -1 : 1;
}

/* Sets where in a slot a buffer of so many bytes can lie: at 0, or behind
 * others that end a line and lie there whatever the dimensions are. False:
 * nowhere.
 */
static bool
find_place(const Schedule *s, const Slot *slot, int buffer, Dim bytes, Dim *at)
{
    const Buffer *b = &s->buffer.item[buffer];
    const bool full = bytes == slot->size.bytes[EACH_call] && bytes != 0;
    *at = 0;
    for (int i = slot->buffers; i != 0;) {
        const Buffer *other = &s->buffer.item[i - 1];
        i = other->next;
        if (!meet(other, b->first->place, b->last->end))
            continue;
        if (full && other->offset == 0 && other->count == b->count &&
            other->dtype == b->dtype)
            return false; /* it has all of the slot */
        Dim end = dim_add(s->dims, *at, lines_of(s, b));
        if (dim_fits(s->dims, end_of(s, other), *at) ||
            dim_fits(s->dims, end, other->offset))
            continue;
        if (!ends_line(s, b) || !ends_line(s, other) ||
            !dim_fits(s->dims, *at, end_of(s, other)))
            return false;
        *at = end_of(s, other);
        i = slot->buffers;
    }
    Dim end = dim_add(s->dims, *at, bytes);
    return dim_fits(s->dims, end, slot->size.bytes[EACH_call]);
}

/* Where the last life ends in a slot of those before a place, and whether one
 * comes after it.
 */
static int
used_until(const Schedule *s, const Slot *slot, int place, bool *again)
{
    int until = -1;
    *again = false;
    for (int i = slot->buffers; i != 0; i = s->buffer.item[i - 1].next) {
        const Buffer *b = &s->buffer.item[i - 1];
        if (b->last->end < place && b->last->end > until)
            until = b->last->end;
        *again = *again || b->first->place > place;
    }
    return until;
}

/* Puts a buffer into the tightest slot that has a place for it, which is the
 * last, but for one of WASTE times its size; of equal ones, into that which
 * was used last, so that others stay free for longer.
 */
static void
find_slot(Schedule *s, int buffer)
{
    Buffer *b = &s->buffer.item[buffer];
    if (b->each != EACH_call)
        return;
    const Dim bytes = bytes_of(s, b);
    const Dim most = dim_mul(s->dims, bytes, WASTE);
    int until = -2;
    for (size_t i = s->slot.count; i-- > 0;) {
        const Slot *slot = &s->slot.item[i];
        if (b->slot >= 0 && slot->size.bytes[EACH_call] !=
                                s->slot.item[b->slot].size.bytes[EACH_call])
            break;
        Dim at;
        bool again;
        if (!find_place(s, slot, buffer, bytes, &at))
            continue;
        int used = used_until(s, slot, b->first->place, &again);
        if (used > until &&
            ((used >= 0 && again) ||
             !dim_fits(s->dims, most, slot->size.bytes[EACH_call]))) {
            b->slot = (int)i;
            b->offset = at;
            until = used;
        }
    }
}

/* All that grow have a slot then, and what else finds one. */
static void
share_slots(Schedule *s, const int *list, size_t count)
{
    Sized *sized = ARENA_ARRAY(s->arena, Sized, count + 1);
    int64_t nominal[DIM_SYMBOLS];
    for (int d = 0; d < DIM_SYMBOLS; d++)
        nominal[d] = NOMINAL;
    for (size_t i = 0; i < count; i++) {
        Dim bytes = bytes_of(s, &s->buffer.item[list[i]]);
        sized[i] = (Sized){list[i], !dim_known(bytes),
                           dim_value(s->dims, bytes, nominal), i};
    }
    qsort(sized, count, sizeof *sized, larger);
    for (size_t i = 0; i < count; i++) {
        Buffer *b = &s->buffer.item[sized[i].buffer];
        find_slot(s, sized[i].buffer);
        if (b->slot < 0 && !sized[i].grows)
            continue;
        if (b->slot < 0) {
            Slot slot = {.size = {{bytes_of(s, b)}}, .behind = -1};
            VEC_PUSH(s->arena, &s->slot, slot);
            b->slot = (int)s->slot.count - 1;
        }
        Slot *slot = &s->slot.item[b->slot];
        b->next = slot->buffers;
        slot->buffers = sized[i].buffer + 1;
    }
}

/* The most that lives at once of some buffers. */
static Dim
most_at_once(const Schedule *s, const int *list, size_t count)
{
    Dim most = 0;
    for (size_t i = 0; i < count; i++) {
        int place = s->buffer.item[list[i]].first->place;
        Dim sum = 0;
        for (size_t k = 0; k <= i; k++) {
            if (meet(&s->buffer.item[list[k]], place, place))
                sum = dim_add(s->dims, sum,
                              bytes_of(s, &s->buffer.item[list[k]]));
        }
        most = sum > most ? sum : most;
    }
    return most;
}

/* The clusters of a list by the start of lives; how many. */
static size_t
find_clusters(const Schedule *s, const int *list, size_t count,
              Cluster *cluster)
{
    size_t clusters = 0;
    for (size_t i = 0; i < count;) {
        size_t start = i;
        Cluster c = {.first = s->buffer.item[list[i]].first->place, .last = -1};
        while (i < count &&
               (i == start || s->buffer.item[list[i]].first->place <= c.last)) {
            int last = s->buffer.item[list[i++]].last->end;
            c.last = last > c.last ? last : c.last;
        }
        c.end = i;
        c.bytes = most_at_once(s, &list[start], i - start);
        cluster[clusters++] = c;
    }
    return clusters;
}

static int
earlier(const void *a, const void *b)
{
    const Turn *left = a;
    const Turn *right = b;
    if (left->over != right->over)
        return left->over > right->over ? -1 : 1;
    if (left->last != right->last)
        return left->last > right->last ? -1 : 1;
    return left->slot - right->slot;
}

static Turn
turn_of(const Schedule *s, int slot, const Cluster *cluster, size_t clusters)
{
    Turn turn = {.slot = slot};
    for (int i = s->slot.item[slot].buffers; i != 0;
         i = s->buffer.item[i - 1].next) {
        const Buffer *b = &s->buffer.item[i - 1];
        turn.last = b->last->end > turn.last ? b->last->end : turn.last;
        for (size_t c = 0; c < clusters; c++) {
            if (cluster[c].bytes > turn.over &&
                meet(b, cluster[c].first, cluster[c].last))
                turn.over = cluster[c].bytes;
        }
    }
    return turn;
}

static void
order_slots(Schedule *s, const Cluster *cluster, size_t clusters)
{
    size_t count = s->slot.count;
    Turn *order = ARENA_ARRAY(s->arena, Turn, count + 1);
    const Slot *old =
        arena_copy(s->arena, s->slot.item, count * sizeof *s->slot.item);
    for (size_t i = 0; i < count; i++)
        order[i] = turn_of(s, (int)i, cluster, clusters);
    qsort(order, count, sizeof *order, earlier);
    for (size_t i = 0; i < count; i++) {
        s->slot.item[i] = old[order[i].slot];
        for (int b = s->slot.item[i].buffers; b != 0;
             b = s->buffer.item[b - 1].next)
            s->buffer.item[b - 1].slot = (int)i;
    }
}

/* How many of the slots come before what nothing uses from one place to
 * another.
 */
static int
slots_used(const Schedule *s, int first, int last)
{
    int used = 0;
    for (size_t b = 0; b < s->buffer.count; b++) {
        const Buffer *buffer = &s->buffer.item[b];
        if (buffer->slot >= used && meet(buffer, first, last))
            used = buffer->slot + 1;
    }
    return used;
}

/* What has no slot: each cluster lies in one more. */
static void
pack_clusters(Schedule *s, const int *list, Cluster *cluster, size_t clusters)
{
    size_t from = 0;
    for (size_t c = 0; c < clusters; c++)
        cluster[c].behind = slots_used(s, cluster[c].first, cluster[c].last);
    for (size_t c = 0; c < clusters; from = cluster[c++].end)
        schedule_pack(s, &list[from], cluster[c].end - from, cluster[c].behind);
}

/* Places what has no slot, of a list by the start of lives. */
static void
place_left(Schedule *s, const int *list, size_t left)
{
    Cluster *cluster = ARENA_ARRAY(s->arena, Cluster, left + 1);
    size_t clusters = find_clusters(s, list, left, cluster);
    pack_clusters(s, list, cluster, clusters);
}

/* Those of a list that live while more slots are used than `over`, or no more.
 */
static size_t
used_with(const Schedule *s, const int *list, size_t count, int over, bool more,
          int *to)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const Buffer *b = &s->buffer.item[list[i]];
        int used = slots_used(s, b->first->place, b->last->end);
        if ((b->each == EACH_call && used > over) == more)
            to[kept++] = list[i];
    }
    return kept;
}

/* The same with a slot before the others for what would lie behind more of them
 * than `over`.
 */
static void
place_before(Schedule *s, const int *list, size_t left, int over)
{
    int *own = ARENA_ARRAY(s->arena, int, left + 1);
    int *rest = ARENA_ARRAY(s->arena, int, left + 1);
    size_t count = used_with(s, list, left, over, true, own);
    size_t others = used_with(s, list, left, over, false, rest);
    if (count > 0) {
        Slot slot = {.behind = -1};
        slot.size.bytes[EACH_call] = schedule_offsets(s, own, count, EACH_call);
        for (size_t b = 0; b < s->buffer.count; b++)
            s->buffer.item[b].slot += s->buffer.item[b].slot >= 0;
        for (size_t i = 0; i < count; i++)
            s->buffer.item[own[i]].slot = 0;
        VEC_PUSH(s->arena, &s->slot, slot);
        for (size_t i = s->slot.count - 1; i > 0; i--)
            s->slot.item[i] = s->slot.item[i - 1];
        s->slot.item[0] = slot;
    }
    place_left(s, rest, others);
}

/* The arena's bytes for few samples times those for many: what is less is the
 * better plan.
 */
static double
weight_of(const Schedule *s)
{
    enum { MANY = 16 * NOMINAL };
    static const int64_t samples[] = {NOMINAL, MANY};
    Sizes sizes = schedule_arena(s);
    double weight = 1;
    for (int i = 0; i < 2; i++) {
        int64_t symbol[DIM_SYMBOLS];
        for (int d = 0; d < DIM_SYMBOLS; d++)
            symbol[d] = samples[i];
        weight *= (double)sizes_value(&sizes, s->dims, symbol);
    }
    return weight;
}

/* The slots of what grows, and who lies where. */
typedef struct {
    size_t slots;
    const Slot *slot;
    const Buffer *buffer;
} Grown;

static Grown
grown_of(const Schedule *s)
{
    size_t slots = s->slot.count;
    size_t buffers = s->buffer.count;
    return (Grown){
        slots, arena_copy(s->arena, s->slot.item, slots * sizeof(Slot)),
        arena_copy(s->arena, s->buffer.item, buffers * sizeof(Buffer))};
}

/* Places what has no slot among those; how good that is: no good where a size
 * overflows, which is noted in the dimensions for the way alone that is taken.
 */
static double
place_anew(Schedule *s, const Grown *grown, const int *list, size_t left,
           int over)
{
    s->dims->overflow = false;
    s->slot.count = grown->slots;
    memcpy(s->slot.item, grown->slot, grown->slots * sizeof(Slot));
    memcpy(s->buffer.item, grown->buffer, s->buffer.count * sizeof(Buffer));
    place_before(s, list, left, over);
    double weight = weight_of(s);
    return weight > 0 && !s->dims->overflow ? weight : DBL_MAX;
}

/* The same in the best of the ways that are tried: with nothing before the
 * slots, or what would lie behind many of them.
 */
static void
place_best(Schedule *s, const int *list, size_t left)
{
    int best = (int)s->slot.count;
    int tries = best < TRIED_SLOTS ? best : (int)TRIED_SLOTS;
    if (tries == 0 || left > TRIED_LEFT || s->dims->overflow) {
        place_before(s, list, left, best);
        return;
    }
    Grown grown = grown_of(s);
    double least = WORTH * place_anew(s, &grown, list, left, best);
    for (int over = 0; over < tries; over++) {
        double weight = place_anew(s, &grown, list, left, over);
        if (weight < least) {
            least = weight;
            best = over;
        }
    }
    place_anew(s, &grown, list, left, best);
}

void
schedule_slots(Schedule *s, int *list, size_t count)
{
    share_slots(s, list, count);
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        if (s->buffer.item[list[i]].slot < 0)
            list[left++] = list[i];
    }
    Cluster *cluster = ARENA_ARRAY(s->arena, Cluster, left + 1);
    size_t clusters = find_clusters(s, list, left, cluster);
    order_slots(s, cluster, clusters);
    place_best(s, list, left);
    for (size_t i = 0; i < s->slot.count; i++)
        s->slot.item[i].buffers = 0;
}
