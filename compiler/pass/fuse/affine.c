/* Indices: sums of loop variables times dimensions.
 *
 * Strides and extents are dimensions, numbers or polynomials, which cannot be
 * below 0; so a term carries its sign, and what is taken off stands apart.
 */
#include "pass/fuse/fuse.h"

int
schedule_var(const Schedule *s, int var)
{
    while (s->var.item[var].alias >= 0)
        var = s->var.item[var].alias;
    return var;
}

int
schedule_key(const Schedule *s, int var)
{
    var = schedule_var(s, var);
    if (s->var.item[var].kind == VAR_within && s->var.item[var].row == 0)
        return schedule_var(s, s->var.item[var].parent);
    return var;
}

Affine
affine_of(Dim start)
{
    return (Affine){.start = start};
}

Affine
affine_var(int var)
{
    Affine a = {.count = 1};
    a.term[0] = (Term){.var = var, .factor = 1};
    return a;
}

/* Adds ±factor * var; terms of one variable are joined or cancel. */
static void
affine_term(Schedule *s, Affine *a, Term term)
{
    for (int i = 0; i < a->count; i++) {
        Term *old = &a->term[i];
        if (schedule_var(s, old->var) != schedule_var(s, term.var))
            continue;
        if (old->minus == term.minus) {
            old->factor = dim_add(s->dims, old->factor, term.factor);
            return;
        }
        if (old->factor == term.factor) {
            *old = a->term[--a->count];
            return;
        }
    }
    if (term.factor == 0)
        return;
    if (a->count < SCHEDULE_TERMS)
        a->term[a->count++] = term;
    else
        s->full = true;
}

/* Takes what start and minus have in common off both. */
static void
affine_cancel(Schedule *s, Affine *a)
{
    if (dim_known(a->start) && dim_known(a->minus)) {
        Dim common = a->start < a->minus ? a->start : a->minus;
        a->start -= common;
        a->minus -= common;
        return;
    }
    bool exact;
    Dim rest = dim_sub(s->dims, a->start, a->minus, &exact);
    if (exact && a->minus != 0) {
        a->start = rest;
        a->minus = 0;
    }
}

void
affine_add(Schedule *s, Affine *sum, const Affine *a)
{
    sum->start = dim_add(s->dims, sum->start, a->start);
    sum->minus = dim_add(s->dims, sum->minus, a->minus);
    for (int i = 0; i < a->count; i++)
        affine_term(s, sum, a->term[i]);
    affine_cancel(s, sum);
}

void
affine_subtract(Schedule *s, Affine *sum, const Affine *a)
{
    sum->start = dim_add(s->dims, sum->start, a->minus);
    sum->minus = dim_add(s->dims, sum->minus, a->start);
    for (int i = 0; i < a->count; i++) {
        Term term = a->term[i];
        term.minus = !term.minus;
        affine_term(s, sum, term);
    }
    affine_cancel(s, sum);
}

void
affine_scale(Schedule *s, Affine *a, Dim factor)
{
    a->start = dim_mul(s->dims, a->start, factor);
    a->minus = dim_mul(s->dims, a->minus, factor);
    for (int i = 0; i < a->count; i++)
        a->term[i].factor = dim_mul(s->dims, a->term[i].factor, factor);
}

static bool
affine_has(const Schedule *s, const Affine *a, const Term *term)
{
    for (int i = 0; i < a->count; i++) {
        const Term *other = &a->term[i];
        if (schedule_var(s, other->var) == schedule_var(s, term->var) &&
            other->factor == term->factor && other->minus == term->minus)
            return true;
    }
    return false;
}

bool
affine_same(const Schedule *s, const Affine *a, const Affine *b)
{
    if (a->start != b->start || a->minus != b->minus || a->count != b->count)
        return false;
    for (int i = 0; i < a->count; i++) {
        if (!affine_has(s, b, &a->term[i]))
            return false;
    }
    return true;
}

bool
affine_factor(const Schedule *s, const Affine *a, int key, Dim *factor)
{
    *factor = 0;
    for (int i = 0; i < a->count; i++) {
        if (schedule_key(s, a->term[i].var) != key)
            continue;
        if (*factor != 0 || a->term[i].minus)
            return false;
        *factor = a->term[i].factor;
    }
    return true;
}

void
affine_drop(const Schedule *s, Affine *a, int key)
{
    int kept = 0;
    for (int i = 0; i < a->count; i++) {
        if (schedule_key(s, a->term[i].var) != key)
            a->term[kept++] = a->term[i];
    }
    a->count = kept;
}

/* Whether a ≤ b for all dimensions of at least `first`, the batch of at least
 * 1.
 */
static bool
at_most(Dims *dims, Dim a, Dim b, int first)
{
    if (dim_known(a) && dim_known(b))
        return a <= b;
    if (a == b)
        return true;
    bool exact;
    Dim rest = dim_sub(dims, b, a, &exact);
    if (!exact)
        return false;
    DimPoly poly = dim_poly(dims, rest);
    int64_t least = 0;
    for (size_t i = 0; i < poly.count; i++) {
        const DimTerm *term = &poly.term[i];
        bool constant = true;
        bool named = false;
        for (int p = 0; p < DIM_SYMBOLS; p++) {
            constant = constant && term->power[p] == 0;
            named = named || (p > 0 && term->power[p] > 0);
        }
        if (!constant && term->coefficient < 0)
            return false;
        if (named && first == 0)
            continue;
        if (__builtin_add_overflow(least, term->coefficient, &least))
            return false;
    }
    return least >= 0;
}

bool
dim_at_most(Dims *dims, Dim a, Dim b)
{
    return at_most(dims, a, b, 1);
}

bool
dim_fits(Dims *dims, Dim a, Dim b)
{
    return at_most(dims, a, b, 0);
}

/* The most or least is at the ends of the variables' ranges: with signs apart,
 * 0 ≤ a is down ≤ start, and a < limit is up + 1 ≤ limit, where each term adds
 * factor * (extent - 1).
 */
bool
affine_below(Schedule *s, const Affine *a, Dim limit)
{
    Dim up = dim_add(s->dims, a->start, 1);
    Dim up_less = dim_add(s->dims, a->minus, limit);
    Dim down = a->minus;
    Dim down_less = a->start;
    for (int i = 0; i < a->count; i++) {
        const Term *term = &a->term[i];
        const LoopVar *var = &s->var.item[schedule_var(s, term->var)];
        Dim reach = dim_mul(s->dims, term->factor, var->extent);
        if (term->minus) {
            down = dim_add(s->dims, down, reach);
            down_less = dim_add(s->dims, down_less, term->factor);
        } else {
            up = dim_add(s->dims, up, reach);
            up_less = dim_add(s->dims, up_less, term->factor);
        }
    }
    return !s->dims->overflow && dim_at_most(s->dims, up, up_less) &&
           dim_at_most(s->dims, down, down_less);
}
