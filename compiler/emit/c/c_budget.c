/* Schedules that fit a budget of memory: --ram.
 *
 * What stores most and computes least is tried first: the graph as it is; in an
 * order in which parameters take their next values early; cut into more and
 * more segments that are computed again. The plan of each says what it needs.
 */
#include "emit/c/c_emit.h"
#include "emit/c/c_layers.h"

#include <string.h>

/* The bytes that a schedule needs of the arena, and more. */
static int64_t
bytes_of(const Schedule *s, Dim more, const int64_t *symbol)
{
    Sizes sizes = c_arena_bytes(s);
    return sizes_value(&sizes, s->dims, symbol) +
           dim_value(s->dims, more, symbol);
}

/* How many bytes live at a statement. */
static int64_t
live_at(const Schedule *s, int place, const int64_t *symbol, int64_t *own)
{
    int64_t sum = 0;
    for (size_t b = 0; b < s->buffer.count; b++) {
        const Buffer *buffer = &s->buffer.item[b];
        own[b] = 0;
        if (buffer->kind != BUFFER_temp || buffer->local ||
            buffer->first == NULL || buffer->first->place > place ||
            buffer->last->end < place)
            continue;
        own[b] = dim_value(s->dims, buffer->count, symbol) *
                 (int64_t)dtype_size(buffer->dtype);
        sum += own[b];
    }
    return sum;
}

/* The layers that hold most where most is held: "layer3 (8192 bytes), …". */
static const char *
holders(Emit *emit, const Schedule *s, const int64_t *symbol)
{
    Arena *arena = emit->arena;
    int64_t *own = ARENA_ARRAY(arena, int64_t, s->buffer.count + 1);
    const char **layer = layers_new(arena, s->graph)->near;
    int64_t most = -1;
    int worst = 0;
    for (size_t i = 0; i < s->body.count; i++) {
        int64_t bytes = live_at(s, s->body.item[i]->place, symbol, own);
        if (bytes > most)
            worst = s->body.item[i]->place;
        most = bytes > most ? bytes : most;
    }
    live_at(s, worst, symbol, own);
    const char *text = "";
    for (int shown = 0; shown < 3; shown++) {
        size_t best = 0;
        for (size_t b = 0; b < s->buffer.count; b++)
            best = own[b] > own[best] ? b : best;
        if (s->buffer.count == 0 || own[best] <= 0)
            break;
        const char *name = layer[s->buffer.item[best].node];
        int64_t sum = 0;
        for (size_t b = 0; b < s->buffer.count; b++) {
            const char *other = layer[s->buffer.item[b].node];
            bool same = own[b] > 0 &&
                        (name == other || (name != NULL && other != NULL &&
                                           strcmp(name, other) == 0));
            sum += same ? own[b] : 0;
            own[b] = same ? 0 : own[b];
        }
        text = arena_printf(arena, "%s%s%s (%lld bytes)", text,
                            *text != 0 ? ", " : "",
                            name != NULL ? name : "the rest", (long long)sum);
    }
    return text;
}

static Schedule *
too_large(Emit *emit, const char *name, const Schedule *least, int64_t bytes,
          const int64_t *symbol)
{
    const EmitOptions *o = emit->options;
    Diags *diags = &emit->context->diags;
    Diag *diag = diag_add(
        diags, DIAG_ram, emit->model->span,
        "%s needs %lld bytes for %lld samples, %lld more than --ram %lld", name,
        (long long)bytes, (long long)symbol[0], (long long)(bytes - o->ram),
        (long long)o->ram);
    diag_hint(diags, diag, "most is held by %s", holders(emit, least, symbol));
    return NULL;
}

const Graph *
c_step_graph(const Emit *emit, const Graph *g)
{
    const PassOptions *all = emit->options->pass;
    PassOptions pass = all != NULL ? *all : (PassOptions){0};
    pass.off[PASS_hoist] = pass.off[PASS_hoist] || emit->options->ram > 0;
    return pass_optimise(emit_here(emit, g), &pass);
}

Schedule *
c_schedule(Emit *emit, const char *name, const Graph *g, Ref split, Dim more,
           const ScheduleOptions *options)
{
    static const int segments[] = {1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 64};
    const EmitOptions *o = emit->options;
    Schedule *s = schedule_graph(g, options);
    int64_t symbol[DIM_SYMBOLS];
    for (int i = 0; i < DIM_SYMBOLS; i++)
        symbol[i] = o->samples;
    if (o->ram == 0 || s == NULL)
        return s;
    int64_t least = bytes_of(s, more, symbol);
    Schedule *best = s;
    for (size_t i = 0; i < sizeof segments / sizeof *segments; i++) {
        if (least <= o->ram)
            return best;
        ScheduleOptions own = options != NULL ? *options : (ScheduleOptions){0};
        const Graph *again =
            pass_recompute(g, split, segments[i], symbol, &own.wall);
        s = schedule_graph(again, &own);
        if (s == NULL)
            return NULL;
        int64_t bytes = bytes_of(s, more, symbol);
        if (bytes < least) {
            least = bytes;
            best = s;
        }
    }
    return least <= o->ram ? best : too_large(emit, name, best, least, symbol);
}
