/* Gradients of a random program against central differences, in double: a part
 * of driver.c.
 */
#ifndef FLUXC_TESTS_RANDOM_DIFFERENCES_H
#define FLUXC_TESTS_RANDOM_DIFFERENCES_H

enum { SAMPLES = 3, DIRECTIONS = 4 };

/* Σ dy·y at the parameters and inputs moved by h along the direction. */
static double
objective(const Run *run, const double *p, const double *dp, double *const *x,
          double *const *dx, double h)
{
    const flux_model *m = run->m;
    double sum = 0;
    for (size_t i = 0; i < m->nparam; i++) {
        const flux_param *q = &m->param[i];
        size_t at = q->offset / sizeof(double);
        if (q->grad_offset == FLUX_NO_GRAD || q->dtype != FLUX_F64)
            continue;
        for (size_t k = at; k < at + param_count(q); k++)
            ((double *)run->params)[k] = p[k] + h * dp[k];
    }
    for (size_t i = 0; i < m->ninput; i++)
        for (size_t k = 0; x[i] != NULL && k < SAMPLES * m->input[i].size; k++)
            ((double *)run->x[i])[k] = x[i][k] + h * dx[i][k];
    expect_ok(run, forward(run, 0, SAMPLES, run->y), "forward");
    for (size_t i = 0; i < m->noutput; i++)
        for (size_t k = 0; k < SAMPLES * m->output[i].size; k++)
            sum += element(run, run->dy[i], k) * element(run, run->y[i], k);
    return sum;
}

/* Along one direction: 1 right, 0 not smooth here, -1 wrong. */
static int
direction(Run *run, uint64_t number)
{
    const flux_model *m = run->m;
    double *p = room(m->bytes);
    double *dp = room(m->bytes);
    double *x[PORTS] = {0};
    double *dx[PORTS] = {0};
    double derivative = 0;
    double terms = 0;
    memcpy(p, run->params, m->bytes);
    for (size_t i = 0; i < m->nparam; i++) {
        const flux_param *q = &m->param[i];
        if (q->grad_offset == FLUX_NO_GRAD || number == 1)
            continue;
        const double *g =
            (const double *)((const char *)run->grads + q->grad_offset);
        size_t at = q->offset / sizeof(double);
        for (size_t k = 0; k < param_count(q); k++) {
            dp[at + k] = flux_normal(number, 100 + i, k);
            derivative += dp[at + k] * g[k];
            terms += fabs(dp[at + k] * g[k]);
        }
    }
    for (size_t i = 0; i < m->ninput; i++) {
        size_t count = SAMPLES * m->input[i].size;
        if (run->dx[i] == NULL)
            continue;
        x[i] = room(count * sizeof(double));
        dx[i] = room(count * sizeof(double));
        memcpy(x[i], run->x[i], count * sizeof(double));
        for (size_t k = 0; k < count && number != 2; k++) {
            dx[i][k] = flux_normal(number, i, k);
            derivative += dx[i][k] * ((const double *)run->dx[i])[k];
            terms += fabs(dx[i][k] * ((const double *)run->dx[i])[k]);
        }
    }
    double h = 1e-5;
    double f[5];
    for (int i = -2; i <= 2; i++)
        f[i + 2] = objective(run, p, dp, x, dx, h * i / 2);
    objective(run, p, dp, x, dx, 0);
    double wide = (f[4] - f[0]) / (2 * h);
    double narrow = (f[3] - f[1]) / h;
    double right = (f[4] - f[2]) / h;
    double left = (f[2] - f[0]) / h;
    double scale = terms + fabs(wide) + fabs(f[2]) * 1e-5 + 1e-6;
    int smooth =
        fabs(wide - narrow) < 1e-6 * scale && fabs(right - left) < 1e-3 * scale;
    int right_value = fabs(derivative - narrow) < 1e-4 * scale;
    if (!isfinite(derivative + wide + narrow))
        smooth = 0;
    if (smooth && !right_value)
        printf("%s FAIL gradient %.9g, differences %.9g\n", run->r->name,
               derivative, narrow);
    free(p);
    free(dp);
    for (size_t i = 0; i < m->ninput; i++) {
        free(x[i]);
        free(dx[i]);
    }
    return !smooth ? 0 : right_value ? 1 : -1;
}

/* Away from where functions have kinks: zeros and equal elements. */
static void
move_parameters(const Run *run)
{
    const flux_model *m = run->m;
    for (size_t i = 0; i < m->nparam; i++) {
        const flux_param *p = &m->param[i];
        double *at = (double *)((char *)run->params + p->offset);
        if (p->grad_offset == FLUX_NO_GRAD)
            continue;
        for (size_t k = 0; k < param_count(p); k++)
            at[k] += 0.05 * flux_normal(DATA_SEED, 1000 + i, k);
    }
}

static void
differences(const RandomModel *r)
{
    Run run;
    int smooth = 0;
    run_open(&run, r, NULL);
    const flux_model *m = run.m;
    move_parameters(&run);
    expect_ok(&run,
              m->back(m, run.params, (const void *const *)run.dy,
                      (const void *const *)run.x, SAMPLES, run.grads, run.dx,
                      &run.work),
              "back");
    for (uint64_t i = 0; i < DIRECTIONS; i++)
        smooth += direction(&run, i) != 0;
    printf("%s directions %d\n", r->name, smooth);
    run_close(&run);
}

#endif
