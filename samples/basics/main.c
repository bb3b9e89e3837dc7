/* The page's logistic regression as a C program: y = softmax(W * x + b), one
 * gradient by back!, one update.
 */
#include "logistic.h"

#include <stdio.h>

static void
print(const char *name, const float *v, size_t n)
{
    printf("%s", name);
    for (size_t i = 0; i < n; i++)
        printf(" %8.5f", (double)v[i]);
    printf("\n");
}

int
main(void)
{
    static unsigned char arena[LOGISTIC_BACK_ARENA(1)];
    const flux_work work = {.arena = arena, .bytes = sizeof arena};
    const float x[LOGISTIC_IN] = {0.58f, 0.61f, 0.98f, 0.49f, 0.42f};
    const float dy[LOGISTIC_OUT] = {1, 0, 0}; /* raises the first output */
    float y[LOGISTIC_OUT];
    float dx[LOGISTIC_IN];
    logistic m;
    logistic_grad g = {0};

    flux_status status = logistic_init(&m, LOGISTIC_SEED);
    if (status == FLUX_OK)
        status = logistic_forward(&m, x, 1, y, &work);
    print("y  ", y, LOGISTIC_OUT);
    const float before = y[0];
    if (status == FLUX_OK)
        status = logistic_back(&m, dy, x, 1, &g, dx, &work);
    print("dx ", dx, LOGISTIC_IN);
    if (status == FLUX_OK)
        status = logistic_update(&m, &g, -0.5f); /* uphill */
    if (status == FLUX_OK)
        status = logistic_forward(&m, x, 1, y, &work);
    print("y' ", y, LOGISTIC_OUT);
    if (status != FLUX_OK)
        return 1;
    return y[0] > before ? 0 : 2;
}
