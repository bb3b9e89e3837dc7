/* Prints a hash of the weights: after STEPS steps of the generated code on
 * BATCH samples each, or of a checkpoint that the script wrote. The trained
 * model must give each sample the same bits alone and in batches of any size.
 */
#include "mlp.h"

#include "kernels/flux_random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IN = MLP_IN, OUT = MLP_OUT, SAMPLES = 160 };

/* FNV-1a, 64 bit (Fowler, Noll, Vo). */
static uint64_t
hash_bytes(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *byte = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static size_t
count(const flux_param *p)
{
    size_t n = 1;
    for (size_t i = 0; i < p->rank; i++)
        n *= p->dim[i];
    return n;
}

static void
print_hash(const mlp *m, const char *path)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    flux_error err = {{0}};
    flux_tensors *file = path ? flux_tensors_open(path, &err) : NULL;
    if (path && !file) {
        printf("%s\n", err.text);
        exit(1);
    }
    for (size_t i = 0; i < mlp_model.nparam; i++) {
        const flux_param *p = &mlp_model.param[i];
        const void *data = (const char *)m + p->offset;
        if (file) {
            const flux_tensor *t = flux_tensors_find(file, p->name);
            if (!t) {
                printf("no tensor %s\n", p->name);
                exit(1);
            }
            data = t->data;
        }
        hash = hash_bytes(hash, data, count(p) * sizeof(float));
    }
    flux_tensors_close(file);
    printf("%016llx\n", (unsigned long long)hash);
}

/* Whether all samples in batches of n give what they give at once. */
static int
same_in_batches(const mlp *m, const float *x, const flux_work *w, size_t n)
{
    static float all[OUT * SAMPLES];
    static float part[OUT * SAMPLES];
    if (mlp_forward(m, x, SAMPLES, all, w))
        return 0;
    for (size_t i = 0; i < SAMPLES; i += n) {
        size_t count = SAMPLES - i < n ? SAMPLES - i : n;
        if (mlp_forward(m, &x[IN * i], count, &part[OUT * i], w))
            return 0;
    }
    return memcmp(all, part, sizeof all) == 0;
}

int
main(int argc, char **argv)
{
    static mlp m;
    static mlp_step s;
    static float x[IN * SAMPLES];
    static float y[OUT * SAMPLES];
    static _Alignas(
        64) char arena[MLP_STEP_ARENA(BATCH) + MLP_ARENA(SAMPLES) + 64];
    if (argc > 1) {
        print_hash(&m, argv[1]);
        return 0;
    }
    for (size_t i = 0; i < IN * SAMPLES; i++)
        x[i] = (float)flux_normal(MLP_SEED, 3, i);
    for (size_t i = 0; i < SAMPLES; i++)
        y[(i + 1) % OUT + OUT * i] = 1.0f;
    if (mlp_init(&m, MLP_SEED) || mlp_step_init(&s, MLP_SEED))
        return 1;
    const flux_work w = {.arena = arena, .bytes = sizeof arena};
    for (size_t i = 0; i < STEPS; i++) {
        size_t k = BATCH * (i % (SAMPLES / BATCH));
        float loss = 0;
        if (mlp_step_train(&s, &m, &x[IN * k], &y[OUT * k], BATCH, &loss, &w))
            return 1;
    }
    const size_t batches[] = {1, 7, 33};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        if (!same_in_batches(&m, x, &w, batches[i])) {
            printf("other bits in batches of %zu\n", batches[i]);
            return 1;
        }
    }
    print_hash(&m, NULL);
    return 0;
}
