/* flux_selftest.h - checks a generated model: what its source, compiled with
 * -DNAME_SELFTEST, has for a main.
 *
 * The gradients of back are compared, for every input and every parameter that
 * trains, with central differences and with tangents (forward mode), both of
 * the model in double; the results of forward with those in double; the
 * descriptor with the structs. A few samples are looked at element by element,
 * and more than fit into a block along one direction.
 *
 * An error is relative to the larger of two numbers, or to a floor, below which
 * all that is left to see is rounding. Where a difference straddles a kink
 * (relu at 0), its two sides disagree however small the step; where large terms
 * cancel, differences of different steps disagree by as much as they are off.
 * Such elements are skipped, and counted.
 */
#ifdef FLUX_SELFTEST_H
#error "one self-test at a time: define one NAME_SELFTEST"
#endif
#define FLUX_SELFTEST_H

#include "flux.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FLUX_TEST_FEW = 3,       /* samples, element by element */
    FLUX_TEST_MANY = 67,     /* samples, along a direction */
    FLUX_TEST_ELEMENTS = 64, /* looked at in an array */
    FLUX_TEST_STEPS = 3      /* of differences, each 1/16 of the one before */
};

/* A parameter as the structs have it. */
typedef struct flux_test_param {
    const char *name;
    size_t offset;
    size_t bytes;
    size_t grad_offset; /* FLUX_NO_GRAD: it does not train */
    size_t grad_bytes;
    size_t rank;
    size_t dim[FLUX_MAX_RANK];
} flux_test_param;

#define FLUX_MEMBER(type, member)                                              \
    offsetof(type, member), sizeof(((type *)NULL)->member)
#define FLUX_TRAINED(name, type, member, grad, grad_member, rank, ...)         \
    {                                                                          \
        name, FLUX_MEMBER(type, member), FLUX_MEMBER(grad, grad_member), rank, \
        {                                                                      \
            __VA_ARGS__                                                        \
        }                                                                      \
    }
#define FLUX_FIXED(name, type, member, rank, ...)                              \
    {                                                                          \
        name, FLUX_MEMBER(type, member), FLUX_NO_GRAD, 0, rank,                \
        {                                                                      \
            __VA_ARGS__                                                        \
        }                                                                      \
    }

typedef struct flux_test {
    const flux_model *model;
    size_t bytes;      /* of the struct of parameters */
    size_t grad_bytes; /* of the struct of gradients */
    size_t nparam;
    const flux_test_param *param;

    /* The model in double. `in` are inputs and parameters, the directions that
     * they change in, and what stopgradients hold; `out` are the real results,
     * their changes, and what each stopgradient is to hold at this point.
     */
    void (*tangent)(const void *const *in, void *const *out, size_t n,
                    uint64_t seed, void *arena);
    size_t nstop;
    const size_t *stop; /* elements of each, for FLUX_TEST_MANY samples */
    size_t arena;       /* bytes that it needs for as many */
} flux_test;

#include "flux_selftest_run.h"

/* What differs between a row of the descriptor and the structs, or NULL. */
static const char *
flux_test_row(const flux_param *p, const flux_test_param *q, flux_dtype dtype)
{
    size_t bytes = flux_test_size(dtype);
    for (size_t a = 0; a < q->rank; a++)
        bytes *= q->dim[a];
    if (bytes == 0) /* C wants an element */
        bytes = flux_test_size(dtype);
    if (strcmp(p->name, q->name) != 0)
        return "the descriptor has another name in this row";
    if (p->dtype != dtype || p->rank != q->rank ||
        memcmp(p->dim, q->dim, sizeof p->dim) != 0)
        return "the descriptor has another shape";
    if (p->offset != q->offset || p->grad_offset != q->grad_offset)
        return "the descriptor has another offset";
    if (q->bytes != bytes || (q->grad_bytes != 0 && q->grad_bytes != bytes))
        return "the struct has another size";
    return NULL;
}

static void
flux_test_describe(flux_test_run *r)
{
    const flux_model *model = r->model;
    const flux_test *t = r->test;
    int same = model->nparam == t->nparam && model->bytes == t->bytes &&
               model->grad_bytes == t->grad_bytes;
    if (!same)
        flux_test_fail(r, model->name, "the descriptor is of other structs");
    for (size_t i = 0; i < t->nparam && same; i++) {
        const flux_test_param *p = &t->param[i];
        const char *wrong = flux_test_row(&model->param[i], p, model->dtype);
        if (wrong != NULL)
            flux_test_fail(r, p->name, wrong);
    }
}

/* A text and blanks up to a width; UTF-8 has more bytes than columns. */
static void
flux_test_padded(const char *text, int width)
{
    printf("  %s", text);
    for (; *text != 0; text++)
        width -= ((unsigned char)*text & 0xc0) != 0x80;
    printf("%*s", width > 0 ? width : 0, "");
}

/* A line about an array with a few samples, and with many; gives its worst
 * error.
 */
static double
flux_test_line(flux_test_run *r, const flux_test_array *a, double many,
               int width)
{
    const int wrong = a->differences > r->tolerance || a->tangents > r->exact ||
                      many > r->exact;
    char shape[24 * FLUX_MAX_RANK] = "scalar";
    int used = 0;
    for (size_t k = 0; k < a->port.rank; k++)
        used +=
            sprintf(shape + used, "%s%zu", k > 0 ? "x" : "", a->port.dim[k]);
    flux_test_padded(a->port.name, width);
    flux_test_padded(shape, 10);
    if (a->checked > 0)
        printf("  %7zu  %11.1e", a->checked, a->differences);
    else
        printf("  %7s  %11s", "-", "-");
    if (a->grad != NULL)
        printf("  %8.1e  %10.1e", a->tangents, many);
    if (a->kinks > 0)
        printf("  %zu skipped: kink or rounding", a->kinks);
    printf("%s\n", wrong ? "  wrong" : "");
    if (a->differences > r->tolerance)
        printf("    element %zu: back gives %g, differences %g\n", a->worst,
               a->slope[a->worst], a->expected);
    r->failed = r->failed || wrong;
    return fmax(fmax(a->differences, a->tangents), many);
}

static void
flux_test_table(flux_test_run *few, const flux_test_run *many)
{
    int width = 4;
    double worst = 0;
    const char *name = few->model->name;
    for (size_t i = 0; i < few->leaves; i++)
        if ((int)strlen(few->leaf[i].port.name) > width)
            width = (int)strlen(few->leaf[i].port.name);
    printf("  %-*s  shape       checked  differences  tangents  %d samples\n",
           width, "name", FLUX_TEST_MANY);
    for (size_t i = 0; i < few->leaves + few->results; i++) {
        const size_t o = i - few->leaves;
        const flux_test_array *a =
            i < few->leaves ? &few->leaf[i] : &few->result[o];
        const double more =
            i < few->leaves ? many->leaf[i].tangents : many->result[o].tangents;
        const double error = flux_test_line(few, a, more, width);
        if (error > worst)
            name = a->port.name;
        worst = fmax(worst, error);
    }
    printf("  worst relative error %.1e, of %s\n", worst, name);
}

/* Checks a model and prints what was found; gives the program's exit code. */
static int
flux_test_main(const flux_test *t)
{
    flux_test_run few;
    flux_test_run many;
    printf("%s: back against differences and tangents in double, %d samples\n",
           t->model->name, FLUX_TEST_FEW);
    const int ran = flux_test_samples(&few, t, FLUX_TEST_FEW);
    if (flux_test_samples(&many, t, FLUX_TEST_MANY) && ran)
        flux_test_table(&few, &many);
    flux_test_describe(&few);
    const int failed = few.failed || many.failed;
    flux_test_free(&few);
    flux_test_free(&many);
    printf("%s\n", failed ? "FAILED" : "ok");
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
