/* fake.c - the hand-written model of fake.h. */
#include "tests/runtime/fake.h"

static flux_status
fake_init(const flux_model *self, void *m, uint64_t seed)
{
    (void)self;
    Fake *f = m;
    *f = (Fake){(double)seed, 0.0, 0};
    return FLUX_OK;
}

/* The arena is asked for and checked although nothing is kept in it. */
static size_t
fake_arena(const flux_model *self, size_t n)
{
    (void)self;
    return n > (SIZE_MAX - 64) / 8 ? SIZE_MAX : 64 + 8 * n;
}

static flux_status
fake_forward(const flux_model *self, const void *m, const void *const *x,
             size_t n, void *const *y, const flux_work *w)
{
    if (w == NULL || w->bytes < fake_arena(self, n))
        return FLUX_E_ARENA;
    const Fake *f = m;
    const double *from = x[0];
    double *to = y[0];
    for (size_t i = 0; i < n; i++)
        to[i] = f->a * from[i] + f->b;
    return FLUX_OK;
}

static flux_status
fake_back(const flux_model *self, const void *m, const void *const *dy,
          const void *const *x, size_t n, void *g, void *const *dx,
          const flux_work *w)
{
    if (w == NULL || w->bytes < fake_arena(self, n))
        return FLUX_E_ARENA;
    const Fake *f = m;
    FakeGrad *grad = g;
    const double *seed = dy[0];
    const double *from = x[0];
    for (size_t i = 0; i < n; i++) {
        grad->a += seed[i] * from[i];
        grad->b += seed[i];
        if (dx != NULL && dx[0] != NULL)
            ((double *)dx[0])[i] = seed[i] * f->a;
    }
    return FLUX_OK;
}

static flux_status
fake_update(const flux_model *self, void *m, void *g, double eta)
{
    (void)self;
    Fake *f = m;
    FakeGrad *grad = g;
    f->a -= eta * grad->a;
    f->b -= eta * grad->b;
    *grad = (FakeGrad){0.0, 0.0};
    return FLUX_OK;
}

static const flux_param fake_params[] = {
    {"a", FLUX_F64, 0, {0}, offsetof(Fake, a), offsetof(FakeGrad, a)},
    {"b", FLUX_F64, 0, {0}, offsetof(Fake, b), offsetof(FakeGrad, b)},
    {"fixed.steps", FLUX_I32, 0, {0}, offsetof(Fake, steps), FLUX_NO_GRAD}};
static const flux_port fake_x = {"x", FLUX_F64, 1, {1}, 1};
static const flux_port fake_y = {"y", FLUX_F64, 1, {1}, 1};

const flux_model fake_model = {.abi = FLUX_ABI,
                               .dtype = FLUX_F64,
                               .name = "fake",
                               .source = "fake.net",
                               .bytes = sizeof(Fake),
                               .grad_bytes = sizeof(FakeGrad),
                               .nparam = 3,
                               .param = fake_params,
                               .ninput = 1,
                               .input = &fake_x,
                               .noutput = 1,
                               .output = &fake_y,
                               .init = fake_init,
                               .forward = fake_forward,
                               .back = fake_back,
                               .update = fake_update,
                               .arena = fake_arena,
                               .back_arena = fake_arena};

static flux_status
fake_step_init(void *s, uint64_t seed)
{
    (void)seed;
    FakeStep *step = s;
    *step = (FakeStep){.eta = 0.1};
    return FLUX_OK;
}

static size_t
fake_step_arena(size_t n)
{
    return fake_arena(&fake_model, n);
}

static flux_status
fake_step_run(FakeStep *step, Fake *f, const double *x, const double *target,
              const int32_t *label, size_t n, double *loss)
{
    FakeGrad g = {0.0, 0.0};
    *loss = 0.0;
    for (size_t i = 0; i < n; i++) {
        if (label != NULL && label[i] != 0 && label[i] != 1)
            return FLUX_E_LABEL;
        double want = label != NULL ? (double)label[i] : target[i];
        double off = f->a * x[i] + f->b - want;
        *loss += off * off / (double)n;
        g.a += 2.0 * off * x[i] / (double)n;
        g.b += 2.0 * off / (double)n;
    }
    f->a -= step->eta * g.a;
    f->b -= step->eta * g.b;
    step->moment[0] = g.a;
    step->moment[1] = g.b;
    step->count++;
    step->n[step->calls % 64] = n;
    step->first[step->calls++ % 64] = x[0];
    return FLUX_OK;
}

static flux_status
fake_step_train(void *s, void *m, const void *const *x, const void *y, size_t n,
                void *loss, const flux_work *w)
{
    if (w == NULL || w->bytes < fake_step_arena(n))
        return FLUX_E_ARENA;
    return fake_step_run(s, m, x[0], y, NULL, n, loss);
}

static flux_status
fake_step_labels(void *s, void *m, const void *const *x, const int32_t *label,
                 size_t n, void *loss, const flux_work *w)
{
    if (w == NULL || w->bytes < fake_step_arena(n))
        return FLUX_E_ARENA;
    return fake_step_run(s, m, x[0], NULL, label, n, loss);
}

static flux_status
fake_step_eta(void *s, double eta)
{
    FakeStep *step = s;
    step->eta = eta;
    return FLUX_OK;
}

static const flux_param fake_state[] = {
    {"eta", FLUX_F64, 0, {0}, offsetof(FakeStep, eta), FLUX_NO_GRAD},
    {"moment", FLUX_F64, 1, {2}, offsetof(FakeStep, moment), FLUX_NO_GRAD},
    {"count", FLUX_I32, 0, {0}, offsetof(FakeStep, count), FLUX_NO_GRAD}};

const flux_trainer fake_trainer = {.abi = FLUX_ABI,
                                   .name = "step",
                                   .model = &fake_model,
                                   .target = &fake_y,
                                   .takes_labels = 1,
                                   .bytes = sizeof(FakeStep),
                                   .nstate = 3,
                                   .state = fake_state,
                                   .init = fake_step_init,
                                   .train = fake_step_train,
                                   .train_labels = fake_step_labels,
                                   .arena = fake_step_arena,
                                   .set_eta = fake_step_eta};
