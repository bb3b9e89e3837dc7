/* The cheapest way to break a line.
 *
 * From a state the next piece goes on the line, or begins one, where that is
 * allowed. States are taken in the order of what they cost, then of when they
 * were made; so the first that is complete is the one looked for. States that
 * differ in nothing that matters later are one.
 */
#include "emit/text/line.h"

#include "base/vec.h"
#include "emit/text/line_state.h"

#include <string.h>

enum {
    STATES = 6000, /* where more are made, brackets are no longer compared */
    BUCKETS = 64,  /* at first */
};

typedef struct {
    Arena *arena;
    Layout layout;
    int made;
    VEC(State *) heap;
    State **taken;  /* lists by hash */
    size_t buckets; /* a power of two, */
    size_t known;   /* of so many states */
} Search;

static bool
comes_before(const State *a, const State *b)
{
    return a->cost < b->cost || (a->cost == b->cost && a->made < b->made);
}

static void
push(Search *s, State *state)
{
    state->made = s->made++;
    VEC_PUSH(s->arena, &s->heap, state);
    State **heap = s->heap.item;
    size_t i = s->heap.count - 1;
    for (; i > 0 && comes_before(state, heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = state;
}

static State *
pop(Search *s)
{
    State **heap = s->heap.item;
    State *least = heap[0];
    size_t count = --s->heap.count;
    State *moved = heap[count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < count; i = child) {
        if (child + 1 < count && comes_before(heap[child + 1], heap[child]))
            child++;
        if (!comes_before(heap[child], moved))
            break;
        heap[i] = heap[child];
    }
    heap[i] = moved;
    return least;
}

static void
take(Search *s, State *state)
{
    State **bucket = &s->taken[state->hash & (s->buckets - 1)];
    state->alike = *bucket;
    *bucket = state;
}

/* Twice as many lists, for as long as they are to stay short. */
static void
grow(Search *s)
{
    State **old = s->taken;
    size_t buckets = s->buckets;
    s->buckets = buckets > 0 ? 2 * buckets : BUCKETS;
    s->taken = ARENA_ARRAY(s->arena, State *, s->buckets);
    for (size_t i = 0; i < buckets; i++)
        for (State *t = old[i], *next; t != NULL; t = next) {
            next = t->alike;
            take(s, t);
        }
}

/* Whether a state like this one was taken; it is, then. */
static bool
was_taken(Search *s, State *state)
{
    size_t levels = s->made < STATES ? (size_t)state->depth : 0;
    size_t hash = 31 * (size_t)state->next + (size_t)state->column;
    for (size_t i = 0; i < levels; i++)
        hash = 31 * hash + (size_t)state->level[i].last + state->level[i].flags;
    if (s->known == s->buckets)
        grow(s);
    state->hash = (uint32_t)hash;
    for (const State *t = s->taken[hash & (s->buckets - 1)]; t != NULL;
         t = t->alike)
        if (t->hash == state->hash && t->next == state->next &&
            t->column == state->column && t->line == state->line &&
            t->lowest == state->lowest &&
            (levels == 0 || t->depth == state->depth) &&
            memcmp(t->level, state->level, levels * sizeof(Level)) == 0)
            return true;
    take(s, state);
    s->known++;
    return false;
}

static void
add(Search *s, const State *from, bool newline)
{
    size_t levels = (size_t)s->layout.piece.depth + 1;
    State *state =
        arena_alloc(s->arena, sizeof(State) + levels * sizeof(Level));
    if (from == NULL) {
        line_start(&s->layout, state);
    } else {
        memcpy(state, from,
               sizeof(State) + (size_t)from->depth * sizeof(Level));
        state->from = from;
        state->begun = 0;
        line_lay(&s->layout, state, newline);
    }
    push(s, state);
}

/* The cheapest state that is complete, or NULL. */
static const State *
search(Search *s)
{
    add(s, NULL, false);
    while (s->heap.count > 0) {
        State *state = pop(s);
        if (state->next == s->layout.piece.count)
            return state;
        if (was_taken(s, state))
            continue;
        if (!line_must_break(&s->layout, state))
            add(s, state, false);
        if (line_can_break(&s->layout, state))
            add(s, state, true);
    }
    return NULL;
}

/* The pieces with what is between them. */
static const char *
join(Arena *arena, const Pieces *pieces, int indent)
{
    size_t size = (size_t)indent + 1;
    for (int i = 0; i < pieces->count; i++) {
        const Piece *piece = &pieces->item[i];
        int space = piece->column >= 0 ? piece->column + 1 : piece->space;
        size += (size_t)space + piece->length;
    }
    char *text = arena_alloc(arena, size);
    char *end = text + indent;
    memset(text, ' ', (size_t)indent);
    for (int i = 0; i < pieces->count; i++) {
        const Piece *piece = &pieces->item[i];
        int space = piece->space;
        if (piece->column >= 0) {
            *end++ = '\n';
            space = piece->column;
        }
        memset(end, ' ', (size_t)space);
        memcpy(end + space, piece->text, piece->length);
        end += (size_t)space + piece->length;
    }
    return text;
}

const char *
line_break(Arena *arena, const char *line, int indent, int columns)
{
    if (*line == '#' || *line == ' ')
        return arena_printf(arena, "%*s%s", indent, "", line);
    size_t limit = arena_lift(arena);
    Arena scratch = {0};
    Pieces pieces = line_pieces(&scratch, line);
    const char *text;
    if (pieces.count == 0) {
        text = arena_printf(arena, "%*s%s", indent, "", line);
    } else {
        line_group(&pieces, indent == 0);
        Search s = {.arena = &scratch, .layout = {pieces, indent, columns}};
        for (const State *at = search(&s); at != NULL; at = at->from)
            if (at->begun > 0)
                pieces.item[at->begun].column = at->begun_at;
        text = join(arena, &pieces, indent);
    }
    arena_free(&scratch);
    arena->limit = limit;
    return text;
}
