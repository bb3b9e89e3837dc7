/* chain.c - running models one after another.
 *
 * Forward alternates between two buffers of the arena; back keeps the output of
 * every part but the last. A part of any length (an activation) is called once
 * a sample, with the length of what comes before it.
 */
#include "runtime/chain.h"
#include "runtime/error.h"

#include <string.h>

/* How a call's n is to be read: samples of each part, or the length of the one
 * sample where the chain takes any length.
 */
typedef struct Extent {
    size_t samples;
    size_t length; /* of parts of any length; 0 where their sizes are known */
} Extent;

static const flux_chain_model *
chain_of(const flux_model *self)
{
    return self->context;
}

static Extent
chain_extent(const flux_chain_model *c, size_t n)
{
    if (c->input.size == 0)
        return (Extent){1, n};
    return (Extent){n, 0};
}

/* Bytes of a batch of vectors of `size` elements. */
static size_t
chain_bytes(const flux_chain_model *c, Extent e, size_t size)
{
    size_t length = size == 0 ? e.length : size;
    size_t elements = flux_mul(e.samples, length);
    return flux_mul(elements, flux_dtype_size(c->model.dtype));
}

/* The largest output of a part but the last, rounded up to 64. */
static size_t
chain_widest(const flux_chain_model *c, Extent e)
{
    size_t widest = 0;
    for (size_t i = 0; i + 1 < c->count; i++) {
        size_t bytes = chain_bytes(c, e, c->part[i].out);
        widest = bytes > widest ? bytes : widest;
    }
    return flux_align(widest);
}

static int
part_any(const flux_part *part)
{
    return part->model->input[0].size == 0;
}

/* The n that one call of a part gets. */
static size_t
part_n(const flux_part *part, Extent e)
{
    if (!part_any(part))
        return e.samples;
    return part->in == 0 ? e.length : part->in;
}

/* Arena that the hungriest part needs. */
static size_t
chain_scratch(const flux_chain_model *c, Extent e, int back)
{
    size_t most = 0;
    for (size_t i = 0; i < c->count; i++) {
        const flux_model *model = c->part[i].model;
        size_t n = part_n(&c->part[i], e);
        size_t forward = model->arena(model, n);
        most = forward > most ? forward : most;
        size_t backward = back ? model->back_arena(model, n) : 0;
        most = backward > most ? backward : most;
    }
    return flux_align(most);
}

/* Two buffers, a part's arena, and up to 63 bytes to the arena's base. */
static size_t
chain_arena(const flux_model *self, size_t n)
{
    const flux_chain_model *c = chain_of(self);
    Extent e = chain_extent(c, n);
    size_t buffers = flux_mul(2, chain_widest(c, e));
    return flux_add(64, flux_add(buffers, chain_scratch(c, e, 0)));
}

/* Bytes of the state of n samples. */
static size_t
chain_state_bytes(const flux_chain_model *c, size_t n)
{
    return flux_mul(flux_mul(c->model.state, n),
                    flux_dtype_size(c->model.dtype));
}

/* Two buffers, each part's output but the last's, a copy of the state, a part's
 * arena.
 */
static size_t
chain_back_arena(const flux_model *self, size_t n)
{
    const flux_chain_model *c = chain_of(self);
    Extent e = chain_extent(c, n);
    size_t size = flux_add(64, flux_mul(2, chain_widest(c, e)));
    for (size_t i = 0; i + 1 < c->count; i++)
        size = flux_add(size, flux_align(chain_bytes(c, e, c->part[i].out)));
    size = flux_add(size, flux_align(chain_state_bytes(c, n)));
    return flux_add(size, chain_scratch(c, e, 1));
}

/* The arrays of a call, of the chain or of one part. y is forward's result, dy
 * and dx are back's; the others are NULL.
 */
typedef struct Call {
    const unsigned char *m;
    const unsigned char *x;
    unsigned char *y;
    const unsigned char *dy;
    unsigned char *g;
    unsigned char *dx;
} Call;

static flux_status
part_forward(const flux_part *part, const Call *a, Extent e, const flux_work *w)
{
    const flux_model *model = part->model;
    const void *m = a->m == NULL ? NULL : a->m + part->params;
    size_t n = part_n(part, e);
    size_t calls = part_any(part) ? e.samples : 1;
    size_t step = n * flux_dtype_size(model->dtype);
    for (size_t s = 0; s < calls; s++) {
        const void *x = a->x + s * step;
        void *y = a->y + s * step;
        flux_status status = model->forward(model, m, &x, n, &y, w);
        if (status != FLUX_OK)
            return status;
    }
    return FLUX_OK;
}

static flux_status
part_back(const flux_part *part, const Call *a, Extent e, const flux_work *w)
{
    const flux_model *model = part->model;
    const void *m = a->m == NULL ? NULL : a->m + part->params;
    void *g = a->g == NULL ? NULL : a->g + part->grads;
    size_t n = part_n(part, e);
    size_t calls = part_any(part) ? e.samples : 1;
    size_t step = n * flux_dtype_size(model->dtype);
    for (size_t s = 0; s < calls; s++) {
        const void *dy = a->dy + s * step;
        const void *x = a->x + s * step;
        void *dx = a->dx == NULL ? NULL : a->dx + s * step;
        flux_status status = model->back(model, m, &dy, &x, n, g, &dx, w);
        if (status != FLUX_OK)
            return status;
    }
    return FLUX_OK;
}

/* Everything that can fail is found here, before anything is written: arena is
 * what the call needs, SIZE_MAX where that overflows.
 */
static flux_status
chain_check(const flux_chain_model *c, const Call *a, size_t n, size_t arena,
            const flux_work *w)
{
    Extent e = chain_extent(c, n);
    size_t xs = chain_bytes(c, e, c->input.size);
    size_t ys = chain_bytes(c, e, c->output.size);
    if (xs > PTRDIFF_MAX || ys > PTRDIFF_MAX || arena > PTRDIFF_MAX)
        return FLUX_E_SIZE;
    if ((n > 0 && (a->x == NULL || (a->y == NULL && a->dy == NULL))) ||
        (a->m == NULL && c->model.bytes > 0) ||
        (a->y == NULL && a->g == NULL && c->model.grad_bytes > 0))
        return FLUX_E_NULL;
    if (w == NULL || w->arena == NULL || w->bytes < arena)
        return FLUX_E_ARENA;
    flux_span span[] = {
        {a->m, c->model.bytes, 0},     {a->x, xs, 0}, {a->dy, ys, 0},
        {w->arena, w->bytes, 1},       {a->y, ys, 1}, {a->dx, xs, 1},
        {a->g, c->model.grad_bytes, 1}};
    return flux_disjoint(span, sizeof span / sizeof *span);
}

/* A part's states in those of the chain, which lie one behind another. */
static void *
part_state(const flux_chain_model *c, const flux_part *part, size_t n,
           void *state)
{
    if (state == NULL || part->model->state == 0)
        return NULL;
    size_t before = part->state * n * flux_dtype_size(c->model.dtype);
    return (unsigned char *)state + before;
}

/* The work of a part: the arena from start on. */
static flux_work
chain_work(const flux_work *w, unsigned char *start)
{
    flux_work work = *w;
    work.packed = NULL;
    work.state = NULL;
    work.arena = start;
    work.bytes = w->bytes - (size_t)(start - (unsigned char *)w->arena);
    return work;
}

static flux_status
chain_forward(const flux_model *self, const void *m, const void *const *x,
              size_t n, void *const *y, const flux_work *w)
{
    const flux_chain_model *c = chain_of(self);
    if (x == NULL || y == NULL)
        return FLUX_E_NULL;
    Call call = {.m = m, .x = x[0], .y = y[0]};
    flux_status status = chain_check(c, &call, n, chain_arena(self, n), w);
    if (status != FLUX_OK || n == 0)
        return status;
    Extent e = chain_extent(c, n);
    size_t widest = chain_widest(c, e);
    unsigned char *buffer = flux_arena_base(w);
    flux_work work = chain_work(w, buffer + 2 * widest);
    for (size_t i = 0; i < c->count && status == FLUX_OK; i++) {
        call.y = i + 1 == c->count ? y[0] : buffer + i % 2 * widest;
        work.state = part_state(c, &c->part[i], n, w->state);
        status = part_forward(&c->part[i], &call, e, &work);
        call.x = call.y;
    }
    return status;
}

/* Forward through all parts but the last, their outputs one after another from
 * `kept` on; then back from the last part, whose gradients alternate between
 * the two buffers.
 */
static flux_status
chain_back(const flux_model *self, const void *m, const void *const *dy,
           const void *const *x, size_t n, void *g, void *const *dx,
           const flux_work *w)
{
    const flux_chain_model *c = chain_of(self);
    if (x == NULL || dy == NULL)
        return FLUX_E_NULL;
    void *out = dx == NULL ? NULL : dx[0];
    Call call = {.m = m, .x = x[0], .dy = dy[0], .g = g, .dx = out};
    flux_status status = chain_check(c, &call, n, chain_back_arena(self, n), w);
    if (status != FLUX_OK || n == 0)
        return status;
    Extent e = chain_extent(c, n);
    size_t widest = chain_widest(c, e);
    unsigned char *buffer = flux_arena_base(w);
    unsigned char *kept = buffer + 2 * widest;
    size_t used = 0;
    for (size_t i = 0; i + 1 < c->count; i++)
        used += flux_align(chain_bytes(c, e, c->part[i].out));
    void *state = w->state == NULL ? NULL : kept + used;
    if (state != NULL)
        memcpy(state, w->state, chain_state_bytes(c, n));
    size_t states = flux_align(chain_state_bytes(c, n));
    flux_work work = chain_work(w, kept + used + states);

    call.y = kept;
    for (size_t i = 0; i + 1 < c->count && status == FLUX_OK; i++) {
        work.state = part_state(c, &c->part[i], n, state);
        status = part_forward(&c->part[i], &call, e, &work);
        call.x = call.y;
        call.y += flux_align(chain_bytes(c, e, c->part[i].out));
    }
    call.y = kept + used;
    for (size_t i = c->count; i-- > 0 && status == FLUX_OK;) {
        if (i > 0)
            call.y -= flux_align(chain_bytes(c, e, c->part[i - 1].out));
        call.x = i > 0 ? call.y : x[0];
        call.dx = i > 0 ? buffer + i % 2 * widest : out;
        work.state = part_state(c, &c->part[i], n, w->state);
        status = part_back(&c->part[i], &call, e, &work);
        call.dy = call.dx;
    }
    return status;
}

/* Affine parts draw from streams of their own. Generated models draw from the
 * streams of their script: two of them in a chain must not start with the same
 * numbers, so a part's seed depends on its place; the first one's is the
 * chain's.
 */
static flux_status
chain_init(const flux_model *self, void *m, uint64_t seed)
{
    const flux_chain_model *c = chain_of(self);
    if (m == NULL && self->bytes > 0)
        return FLUX_E_NULL;
    for (size_t i = 0; i < c->count; i++) {
        const flux_model *model = c->part[i].model;
        void *own = m == NULL ? NULL : (unsigned char *)m + c->part[i].params;
        uint64_t turn = i * 0x9e3779b97f4a7c15u;
        if (flux_as_affine(model) != NULL)
            turn = 0;
        flux_status status = model->init(model, own, seed ^ turn);
        if (status != FLUX_OK)
            return status;
    }
    return FLUX_OK;
}

static flux_status
chain_reset(const flux_model *self, const void *m, void *state, size_t n)
{
    const flux_chain_model *c = chain_of(self);
    if ((m == NULL && self->bytes > 0) || (state == NULL && self->state > 0))
        return FLUX_E_NULL;
    for (size_t i = 0; i < c->count; i++) {
        const flux_part *part = &c->part[i];
        if (part->model->state == 0)
            continue;
        const void *own =
            m == NULL ? NULL : (const unsigned char *)m + part->params;
        flux_status status = part->model->reset(
            part->model, own, part_state(c, part, n, state), n);
        if (status != FLUX_OK)
            return status;
    }
    return FLUX_OK;
}

static flux_status
chain_update(const flux_model *self, void *m, void *g, double eta)
{
    const flux_chain_model *c = chain_of(self);
    if (self->bytes > 0 && (m == NULL || (g == NULL && self->grad_bytes > 0)))
        return FLUX_E_NULL;
    if (flux_overlap(m, self->bytes, g, self->grad_bytes))
        return FLUX_E_OVERLAP;
    for (size_t i = 0; i < c->count; i++) {
        const flux_part *part = &c->part[i];
        void *own = m == NULL ? NULL : (unsigned char *)m + part->params;
        void *grads = g == NULL ? NULL : (unsigned char *)g + part->grads;
        flux_status status = part->model->update(part->model, own, grads, eta);
        if (status != FLUX_OK)
            return status;
    }
    return FLUX_OK;
}

void
flux_chain_functions(flux_chain_model *c)
{
    c->model.init = chain_init;
    c->model.reset = c->model.state > 0 ? chain_reset : NULL;
    c->model.forward = chain_forward;
    c->model.back = chain_back;
    c->model.update = chain_update;
    c->model.arena = chain_arena;
    c->model.back_arena = chain_back_arena;
    c->model.context = c;
}

flux_chain_model *
flux_as_chain(const flux_model *model)
{
    if (model == NULL || model->forward != chain_forward)
        return NULL;
    return (flux_chain_model *)model->context;
}
