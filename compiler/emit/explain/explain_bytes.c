/* The elements of a buffer that a kernel touches, each once.
 *
 * An access touches runs of neighbours, so many of them. Strides that are not
 * above a run's length make it longer, as those of windows do, which overlap;
 * others repeat it. Of accesses of one form that begin elsewhere, as those to
 * the parts of a vector, the union counts; of others the largest.
 */
#include "emit/explain/explain.h"

#include "emit/explain/explain_inner.h"

typedef struct {
    double factor;
    double turns;
} Stride;

/* Adds a stride, in the order of factors; equal ones are one. */
static int
add_stride(Stride *stride, int count, double factor, double turns)
{
    int at = 0;
    while (at < count && stride[at].factor < factor)
        at++;
    if (at < count && stride[at].factor == factor) {
        stride[at].turns += turns - 1;
        return count;
    }
    for (int i = count; i > at; i--)
        stride[i] = stride[i - 1];
    stride[at] = (Stride){factor, turns};
    return count + 1;
}

static Runs
runs_of(const Explain *e, const Affine *at)
{
    Stride stride[SCHEDULE_TERMS];
    int count = 0;
    Runs runs = {.run = 1, .runs = 1};
    runs.start = explain_number(e, at->start) - explain_number(e, at->minus);
    for (int i = 0; i < at->count; i++) {
        double factor = explain_number(e, at->term[i].factor);
        double turns = explain_turns(e, at->term[i].var);
        if (turns < 1)
            return (Runs){0};
        if (at->term[i].minus)
            runs.start -= factor * (turns - 1);
        if (factor > 0)
            count = add_stride(stride, count, factor, turns);
    }
    for (int i = 0; i < count; i++)
        if (stride[i].factor <= runs.run)
            runs.run += stride[i].factor * (stride[i].turns - 1);
        else
            runs.runs *= stride[i].turns;
    return runs;
}

void
explain_touch(Explain *e, AllRuns *all, const Affine *at)
{
    Runs runs = runs_of(e, at);
    size_t i = 0;
    while (i < all->count && all->item[i].start <= runs.start)
        i++;
    VEC_PUSH(e->s->arena, all, runs);
    for (size_t k = all->count - 1; k > i; k--)
        all->item[k] = all->item[k - 1];
    all->item[i] = runs;
}

/* The elements of the accesses that have the form of one of them, the first. */
static double
elements_of(const AllRuns *all, size_t first)
{
    double sum = 0;
    double end = all->item[first].start;
    for (size_t i = first; i < all->count; i++) {
        Runs runs = all->item[i];
        if (runs.run != all->item[first].run ||
            runs.runs != all->item[first].runs)
            continue;
        double begin = runs.start > end ? runs.start : end;
        sum += (runs.start + runs.run - begin) * runs.runs;
        end = runs.start + runs.run;
    }
    return sum;
}

double
explain_elements(const AllRuns *all, double most)
{
    double elements = 0;
    for (size_t i = 0; i < all->count; i++) {
        double some = elements_of(all, i);
        elements = some > elements ? some : elements;
    }
    return elements < most ? elements : most;
}
