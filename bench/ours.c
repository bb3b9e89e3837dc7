/* What fluxc makes of mlp.net. */
#include "bench.h"
#include "mlp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static mlp *model;
static mlp_step step;
static flux_work work;

static const char *
detail(void)
{
    return "generated C";
}

static bool
ours_open(size_t n)
{
    size_t train = MLP_STEP_ARENA(n);
    size_t infer = MLP_ARENA(n);
    size_t most = train > infer ? train : infer;
    work.bytes = (most + 127) / 64 * 64;
    work.arena = aligned_alloc(64, work.bytes);
    model = aligned_alloc(64, (sizeof *model + 63) / 64 * 64);
    return work.arena != NULL && model != NULL &&
           mlp_step_init(&step, 0) == FLUX_OK;
}

/* Where parameter i lies in the model, and its elements. The order of a layer's
 * W and b is that of bench.h, and column-major [out, in] is W[in][out].
 */
static float *
parameter(size_t i, size_t *n)
{
    const flux_param *p = &mlp_model.param[i];
    *n = 1;
    for (size_t k = 0; k < p->rank; k++)
        *n *= p->dim[k];
    return (float *)(void *)((char *)model + p->offset);
}

static void
ours_set(const float *p)
{
    for (size_t i = 0; i < mlp_model.nparam; i++) {
        size_t n;
        float *to = parameter(i, &n);
        memcpy(to, p, n * sizeof *p);
        p += n;
    }
}

static void
ours_get(float *p)
{
    for (size_t i = 0; i < mlp_model.nparam; i++) {
        size_t n;
        const float *from = parameter(i, &n);
        memcpy(p, from, n * sizeof *p);
        p += n;
    }
}

static void
must(flux_status status)
{
    if (status == FLUX_OK)
        return;
    fprintf(stderr, "ours: status %d\n", (int)status);
    exit(1);
}

static float
ours_train(const float *x, const int32_t *label, size_t n)
{
    float loss = 0;
    must(mlp_step_train_labels(&step, model, x, label, n, &loss, &work));
    return loss;
}

static void
ours_infer(const float *x, size_t n, float *y)
{
    must(mlp_forward(model, x, n, y, &work));
}

const Implementation implementation = {
    .detail = detail,
    .open = ours_open,
    .set = ours_set,
    .get = ours_get,
    .train = ours_train,
    .infer = ours_infer,
};
