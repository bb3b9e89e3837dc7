/* Dimensions, indices and what they reach in C. */
#include "emit/c/c_print.h"

#include <string.h>

static const char *
dim_term(Printer *printer, const DimTerm *term)
{
    int64_t size =
        term->coefficient < 0 ? -term->coefficient : term->coefficient;
    const char *text = "";
    const char *times = "";
    bool symbols = false;
    for (int i = 0; i < DIM_SYMBOLS; i++)
        symbols = symbols || term->power[i] > 0;
    if (size != 1 || !symbols) {
        text = arena_printf(printer->arena, "%lld", (long long)size);
        times = " * ";
    }
    for (int i = 0; i < DIM_SYMBOLS; i++) {
        for (int p = 0; p < term->power[i]; p++) {
            text = arena_printf(printer->arena, "%s%s%s", text, times,
                                printer->dim_text[i]);
            times = " * ";
        }
    }
    return text;
}

Expr
c_dim(Printer *printer, Dim dim)
{
    if (dim_known(dim))
        return (Expr){arena_printf(printer->arena, "%lld", (long long)dim),
                      PREC_primary};
    DimPoly poly = dim_poly(printer->s->dims, dim);
    const char *text = "";
    for (int sign = 0; sign < 2; sign++) {
        for (size_t i = 0; i < poly.count; i++) {
            if ((poly.term[i].coefficient < 0) != (sign == 1))
                continue;
            const char *join = sign == 1 ? " - " : *text != 0 ? " + " : "";
            text = arena_printf(printer->arena, "%s%s%s", text, join,
                                dim_term(printer, &poly.term[i]));
        }
    }
    Prec prec = poly.count > 1              ? PREC_add
                : strchr(text, ' ') != NULL ? PREC_multiply
                                            : PREC_primary;
    return (Expr){text, prec};
}

/* factor * var, where a block's start is taken off if `less` names it. */
static Expr
affine_term(Printer *printer, const Term *term, const Term *less)
{
    const char *name = printer->var[schedule_var(printer->s, term->var)];
    Expr var = {name, PREC_primary};
    if (less != NULL) {
        var.text =
            arena_printf(printer->arena, "%s - %s", name,
                         printer->var[schedule_var(printer->s, less->var)]);
        var.prec = PREC_add;
    }
    if (term->factor == 1)
        return var;
    Expr factor = c_dim(printer, term->factor);
    return (Expr){arena_printf(printer->arena, "%s * %s",
                               c_at_least(printer, factor, PREC_multiply),
                               c_at_least(printer, var, PREC_unary)),
                  PREC_multiply};
}

/* The term that takes a block's start off another of the same factor. */
static const Term *
affine_less(const Printer *printer, const Affine *at, const Term *term)
{
    const Schedule *s = printer->s;
    for (int i = 0; i < at->count; i++) {
        const Term *other = &at->term[i];
        if (other->minus && !term->minus && other->factor == term->factor &&
            schedule_key(s, other->var) == schedule_key(s, term->var))
            return other;
    }
    return NULL;
}

static bool
affine_is_less(const Printer *printer, const Affine *at, const Term *term)
{
    for (int i = 0; i < at->count; i++) {
        if (affine_less(printer, at, &at->term[i]) == term)
            return true;
    }
    return false;
}

/* Terms with the smaller factors first, as one would write i + 3 * j. */
static bool
term_before(const Term *a, const Term *b)
{
    if (dim_known(a->factor) != dim_known(b->factor))
        return dim_known(a->factor);
    if (!dim_known(a->factor))
        return a->factor > b->factor;
    return a->factor < b->factor;
}

typedef struct {
    const char *text;
    int parts;
    Prec prec;
} Sum;

static void
sum_part(Printer *printer, Sum *sum, Expr part, bool minus)
{
    const char *join = minus ? " - " : sum->parts > 0 ? " + " : "";
    const char *text =
        minus ? c_at_least(printer, part, PREC_multiply) : part.text;
    if (sum->parts > 0 || minus)
        text = arena_printf(printer->arena, "%s%s%s", sum->text, join, text);
    sum->text = text;
    sum->parts++;
    sum->prec = sum->parts > 1 ? PREC_add : part.prec;
}

Expr
c_affine(Printer *printer, const Affine *at)
{
    Affine sorted = *at;
    for (int i = 1; i < sorted.count; i++) {
        for (int k = i;
             k > 0 && term_before(&sorted.term[k], &sorted.term[k - 1]); k--) {
            Term swap = sorted.term[k];
            sorted.term[k] = sorted.term[k - 1];
            sorted.term[k - 1] = swap;
        }
    }
    Sum sum = {"", 0, PREC_primary};
    for (int i = 0; i < sorted.count; i++) {
        const Term *term = &sorted.term[i];
        if (!term->minus)
            sum_part(
                printer, &sum,
                affine_term(printer, term, affine_less(printer, &sorted, term)),
                false);
    }
    if (sorted.start != 0 || sum.parts == 0)
        sum_part(printer, &sum, c_dim(printer, sorted.start), false);
    for (int i = 0; i < sorted.count; i++) {
        const Term *term = &sorted.term[i];
        if (term->minus && !affine_is_less(printer, &sorted, term))
            sum_part(printer, &sum, affine_term(printer, term, NULL), true);
    }
    if (sorted.minus != 0)
        sum_part(printer, &sum, c_dim(printer, sorted.minus), true);
    return (Expr){sum.text, sum.prec};
}

const char *
c_load(Printer *printer, int buffer, const Affine *at)
{
    const Memory *place = &printer->memory[buffer];
    if (place->scalar)
        return place->text;
    Expr index = c_affine(printer, at);
    if (printer->share[buffer])
        return arena_printf(printer->arena, "%s[%s / 16]", place->text,
                            c_at_least(printer, index, PREC_multiply));
    return arena_printf(printer->arena, "%s[%s]", place->text, index.text);
}

const char *
c_pointer(Printer *printer, int buffer, const Affine *at)
{
    const Memory *place = &printer->memory[buffer];
    Expr index = c_affine(printer, at);
    if (!place->scalar && strcmp(index.text, "0") == 0)
        return place->text;
    return arena_printf(printer->arena, "&%s", c_load(printer, buffer, at));
}

bool
c_same_memory(const Schedule *s, int a, int b)
{
    return schedule_memory(s, a) == schedule_memory(s, b) ||
           schedule_overlap(s, a, b);
}
