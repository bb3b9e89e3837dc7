/* session.c - a model with what it needs to run: parameters, gradients and an
 * arena for max_batch samples, one allocation each; or all of it on a device.
 */
#include "runtime/error.h"
#include "runtime/remote.h"

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
    flux_remote remote; /* open: the memory and the work are there */
};

static int
session_fits(const flux_model *model)
{
    return model != NULL && model->abi == FLUX_ABI && model->forward != NULL &&
           model->ninput <= FLUX_MAX_PORTS && model->noutput <= FLUX_MAX_PORTS;
}

/* The session's device, or NULL. */
static flux_remote *
session_remote(flux_session *s)
{
    return s->remote.place.device != NULL ? &s->remote : NULL;
}

/* Memory on the CPU, and the parameters there. */
static flux_status
session_open(flux_session *s, uint64_t seed)
{
    const flux_model *model = s->model;
    size_t forward = model->arena(model, s->max_batch);
    size_t back = 0;
    if (model->back != NULL)
        back = model->back_arena(model, s->max_batch);
    s->work.bytes = forward > back ? forward : back;
    s->work.seed = seed;
    s->params = flux_alloc(model->bytes);
    s->grads = flux_alloc(model->grad_bytes);
    s->work.arena = flux_alloc(s->work.bytes);
    size_t one = flux_mul(model->state, flux_dtype_size(model->dtype));
    if (one > 0)
        s->state = flux_alloc(flux_mul(one, s->max_batch));
    if (s->params == NULL || s->grads == NULL || s->work.arena == NULL ||
        (one > 0 && s->state == NULL))
        return FLUX_E_MEMORY;
    return model->init(model, s->params, seed);
}

/* The same on a device. */
static flux_status
session_open_on(flux_session *s, const flux_device *device, uint64_t seed,
                flux_error *err)
{
    flux_status status = flux_device_fits(device, s->model, err);
    if (status != FLUX_OK)
        return status;
    status = flux_remote_open(&s->remote, device, s->max_batch, 1);
    s->remote.place.work.seed = seed;
    if (status == FLUX_OK)
        status = flux_remote_init(&s->remote, seed);
    return flux_place_error(&s->remote.place, status, err);
}

/* Opens a model; see flux_device.h. */
flux_session *
flux_open_on(const flux_model *model, const flux_device *device, uint64_t seed,
             size_t max_batch, flux_error *err)
{
    flux_status status = session_fits(model) ? FLUX_E_MEMORY : FLUX_E_ABI;
    flux_session *s = session_fits(model) ? calloc(1, sizeof *s) : NULL;
    if (s != NULL) {
        s->model = model;
        s->max_batch = max_batch > 0 ? max_batch : 1;
        s->keeps = model->stepped;
        status = device != NULL ? session_open_on(s, device, seed, err)
                                : session_open(s, seed);
    }
    if (status != FLUX_OK && (s == NULL || device == NULL))
        flux_error_set(err, status, "%s", flux_status_text(status));
    if (status != FLUX_OK) {
        flux_close(s);
        return NULL;
    }
    return s;
}

/* Opens a model on the CPU; see flux.h. */
flux_session *
flux_open(const flux_model *model, uint64_t seed, size_t max_batch)
{
    return flux_open_on(model, NULL, seed, max_batch, NULL);
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
    flux_remote_close(&s->remote);
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
    flux_remote *remote = session_remote(s);
    flux_work *work = remote != NULL ? &remote->place.work : &s->work;
    work->state = NULL;
    if (m->state == 0 || !s->keeps || n == 0)
        return FLUX_OK;
    if (n > s->max_batch || (s->begun != 0 && s->begun != n))
        return FLUX_E_SIZE;
    work->state = remote != NULL ? remote->state : s->state;
    flux_status status = FLUX_OK;
    if (s->begun == 0)
        status = remote != NULL ? flux_remote_reset(remote, n)
                                : m->reset(m, s->params, s->state, n);
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
        status = session_remote(s) != NULL
                     ? flux_remote_forward(&s->remote, in, some, out)
                     : m->forward(m, s->params, in, some, out, &s->work);
        first += some;
    }
    return status;
}

/* Adds the gradients of a batch, whose arrays are one for each port. */
static flux_status
session_back(flux_session *s, const void **dy, const void **x, size_t n,
             void **dx)
{
    const flux_model *m = s->model;
    if (session_remote(s) != NULL)
        return flux_remote_back(&s->remote, dy, x, n, dx);
    flux_ports_real(m->output, m->noutput, (void **)dy);
    flux_ports_real(m->input, m->ninput, dx);
    return m->back(m, s->params, dy, x, n, s->grads, dx, &s->work);
}

/* Adds the gradients of n samples, max_batch at a time. */
flux_status
flux_back_all(flux_session *s, const void *const *dy, const void *const *x,
              size_t n, void *const *dx)
{
    flux_status status = session_check(s, x, n);
    if (status == FLUX_OK && dy == NULL)
        status = FLUX_E_NULL;
    if (status == FLUX_OK && s->model->back == NULL)
        status = FLUX_E_UNSUPPORTED;
    if (s != NULL)
        s->work.state = s->remote.place.work.state = NULL;
    for (size_t first = 0; status == FLUX_OK && first < n;) {
        size_t some = n - first < s->max_batch ? n - first : s->max_batch;
        const flux_model *m = s->model;
        const void *in[FLUX_MAX_PORTS];
        const void *dout[FLUX_MAX_PORTS];
        void *din[FLUX_MAX_PORTS];
        flux_ports_seek(m->input, m->ninput, x, first, in);
        flux_ports_seek(m->output, m->noutput, dy, first, dout);
        flux_ports_seek_out(m->input, m->ninput, dx, first, din);
        status = session_back(s, dout, in, some, din);
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
    if (session_remote(s) != NULL)
        return flux_remote_update(&s->remote, eta);
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

/* The device that it was opened on, or NULL. */
const flux_device *
flux_session_device(const flux_session *s)
{
    return s->remote.place.device;
}

/* Why the last call has failed on the device, or NULL. */
const char *
flux_session_why(const flux_session *s)
{
    return s->remote.place.why;
}

/* The parameters, a struct of the model's type. */
void *
flux_params(flux_session *s)
{
    if (session_remote(s) != NULL)
        return flux_remote_lend(&s->remote, &s->remote.m);
    return s->params;
}

/* The gradients, a struct of the model's gradient type. */
void *
flux_grads(flux_session *s)
{
    if (session_remote(s) != NULL)
        return flux_remote_lend(&s->remote, &s->remote.g);
    return s->grads;
}
