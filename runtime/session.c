/* session.c - a model with what it needs to run: parameters, gradients and an
 * arena for max_batch samples, one allocation each.
 */
#include "runtime/error.h"
#include "runtime/ports.h"

#include <stdlib.h>

struct flux_session {
    const flux_model *model;
    size_t max_batch;
    void *params;
    void *grads;
    flux_work work;
    void *state;  /* of max_batch samples; NULL: there is none */
    size_t begun; /* how many samples' state is kept; 0: it is the initial */
    int keeps;
};

static int
session_fits(const flux_model *model)
{
    return model != NULL && model->abi == FLUX_ABI &&
           model->ninput <= FLUX_MAX_PORTS && model->noutput <= FLUX_MAX_PORTS;
}

/* Opens a model; see flux.h. */
flux_session *
flux_open(const flux_model *model, uint64_t seed, size_t max_batch)
{
    if (!session_fits(model))
        return NULL;
    flux_session *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->model = model;
    s->max_batch = max_batch > 0 ? max_batch : 1;
    size_t forward = model->arena(model, s->max_batch);
    size_t back = model->back_arena(model, s->max_batch);
    s->work.bytes = forward > back ? forward : back;
    s->work.seed = seed;
    s->params = flux_alloc(model->bytes);
    s->grads = flux_alloc(model->grad_bytes);
    s->work.arena = flux_alloc(s->work.bytes);
    s->keeps = model->stepped;
    size_t one = flux_mul(model->state, flux_dtype_size(model->dtype));
    if (one > 0)
        s->state = flux_alloc(flux_mul(one, s->max_batch));
    if (s->params == NULL || s->grads == NULL || s->work.arena == NULL ||
        (one > 0 && s->state == NULL) ||
        model->init(model, s->params, seed) != FLUX_OK) {
        flux_close(s);
        return NULL;
    }
    return s;
}

/* Frees the session and all that it owns; s may be NULL. */
void
flux_close(flux_session *s)
{
    if (s == NULL)
        return;
    free(s->params);
    free(s->grads);
    free(s->work.arena);
    free(s->state);
    free(s);
}

/* A model of any length takes one sample, which cannot be split. */
static flux_status
session_check(const flux_session *s, const void *const *x, size_t n)
{
    if (s == NULL || (x == NULL && s->model->ninput > 0))
        return FLUX_E_NULL;
    for (size_t i = 0; i < s->model->ninput; i++)
        if (s->model->input[i].size == 0 && n > s->max_batch)
            return FLUX_E_SIZE;
    return FLUX_OK;
}

/* Whether the session keeps a recurrent model's state; see flux.h. */
void
flux_session_keep(flux_session *s, int keeps)
{
    s->keeps = keeps;
    s->begun = 0;
}

/* The next step is again the first. */
void
flux_reset(flux_session *s)
{
    s->begun = 0;
}

/* Makes the state of n samples what the call goes on from; NULL in `work` where
 * each call begins anew.
 */
static flux_status
session_state(flux_session *s, size_t n)
{
    const flux_model *m = s->model;
    s->work.state = NULL;
    if (s->state == NULL || !s->keeps || n == 0)
        return FLUX_OK;
    if (n > s->max_batch || (s->begun != 0 && s->begun != n))
        return FLUX_E_SIZE;
    s->work.state = s->state;
    flux_status status = FLUX_OK;
    if (s->begun == 0)
        status = m->reset(m, s->params, s->state, n);
    if (status == FLUX_OK)
        s->begun = n;
    return status;
}

/* y = m(x) for n samples, max_batch at a time. */
flux_status
flux_forward_all(flux_session *s, const void *const *x, size_t n,
                 void *const *y)
{
    flux_status status = session_check(s, x, n);
    if (status == FLUX_OK && y == NULL)
        status = FLUX_E_NULL;
    if (status == FLUX_OK)
        status = session_state(s, n);
    for (size_t first = 0; status == FLUX_OK && first < n;) {
        size_t some = n - first < s->max_batch ? n - first : s->max_batch;
        const flux_model *m = s->model;
        const void *in[FLUX_MAX_PORTS];
        void *out[FLUX_MAX_PORTS];
        flux_ports_seek(m->input, m->ninput, x, first, in);
        flux_ports_seek_out(m->output, m->noutput, y, first, out);
        status = m->forward(m, s->params, in, some, out, &s->work);
        first += some;
    }
    return status;
}

/* Adds the gradients of n samples, max_batch at a time. */
flux_status
flux_back_all(flux_session *s, const void *const *dy, const void *const *x,
              size_t n, void *const *dx)
{
    flux_status status = session_check(s, x, n);
    if (status == FLUX_OK && dy == NULL)
        status = FLUX_E_NULL;
    if (s != NULL)
        s->work.state = NULL;
    for (size_t first = 0; status == FLUX_OK && first < n;) {
        size_t some = n - first < s->max_batch ? n - first : s->max_batch;
        const flux_model *m = s->model;
        const void *in[FLUX_MAX_PORTS];
        const void *dout[FLUX_MAX_PORTS];
        void *din[FLUX_MAX_PORTS];
        flux_ports_seek(m->input, m->ninput, x, first, in);
        flux_ports_seek(m->output, m->noutput, dy, first, dout);
        flux_ports_seek_out(m->input, m->ninput, dx, first, din);
        status = m->back(m, s->params, dout, in, some, s->grads, din, &s->work);
        first += some;
    }
    return status;
}

static flux_status
session_single(const flux_session *s)
{
    if (s == NULL)
        return FLUX_E_NULL;
    if (s->model->ninput != 1 || s->model->noutput != 1)
        return FLUX_E_UNSUPPORTED;
    return FLUX_OK;
}

/* y = m(x), one input and one output. */
flux_status
flux_forward(flux_session *s, const void *x, size_t n, void *y)
{
    flux_status status = session_single(s);
    if (status == FLUX_OK && n > 0 && (x == NULL || y == NULL))
        status = FLUX_E_NULL;
    return status == FLUX_OK ? flux_forward_all(s, &x, n, &y) : status;
}

/* Gradients of dot(dy, m(x)), one input and one output. */
flux_status
flux_back(flux_session *s, const void *dy, const void *x, size_t n, void *dx)
{
    flux_status status = session_single(s);
    if (status == FLUX_OK && n > 0 && (x == NULL || dy == NULL))
        status = FLUX_E_NULL;
    return status == FLUX_OK ? flux_back_all(s, &dy, &x, n, &dx) : status;
}

/* p -= eta * gradient, gradient = 0, for each parameter p. */
flux_status
flux_update(flux_session *s, double eta)
{
    if (s == NULL)
        return FLUX_E_NULL;
    return s->model->update(s->model, s->params, s->grads, eta);
}

/* The pool for the calls that follow. */
void
flux_session_pool(flux_session *s, flux_pool *pool)
{
    s->work.pool = pool;
}

/* The model that was opened. */
const flux_model *
flux_session_model(const flux_session *s)
{
    return s->model;
}

/* The parameters, a struct of the model's type. */
void *
flux_params(flux_session *s)
{
    return s->params;
}

/* The gradients, a struct of the model's gradient type. */
void *
flux_grads(flux_session *s)
{
    return s->grads;
}
