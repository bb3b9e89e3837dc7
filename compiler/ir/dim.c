/* Dimensions: numbers, and polynomials in named dimensions.
 *
 * A polynomial's terms are sorted by their powers, highest first, the first
 * symbol counting most. Polynomials stand once in a table; number i of it is
 * the dimension -1 - i. One without symbols is a number, not in the table.
 */
#include "base/hash.h"
#include "ir/dim.h"

#include <stdio.h>
#include <string.h>

enum {
    DIM_TERMS = 256, /* of a polynomial */
    DIM_POWER = 255, /* of a symbol */
    DIM_POLYS = 1 << 20
};

void
dims_init(Dims *dims, Arena *arena)
{
    memset(dims, 0, sizeof *dims);
    dims->arena = arena;
    dims->symbol[0] = "n";
    dims->symbols = 1;
}

static Dim
dim_overflow(Dims *dims)
{
    dims->overflow = true;
    return 0;
}

static bool
poly_equal(const DimPoly *a, const DimPoly *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (a->term[i].coefficient != b->term[i].coefficient ||
            memcmp(a->term[i].power, b->term[i].power, DIM_SYMBOLS) != 0)
            return false;
    }
    return true;
}

static bool
term_constant(const DimTerm *term)
{
    static const uint8_t zero[DIM_SYMBOLS];
    return memcmp(term->power, zero, DIM_SYMBOLS) == 0;
}

/* Whether a polynomial is a number below 0, which is no dimension. */
static bool
poly_negative(const DimPoly *poly)
{
    return poly->count == 1 && term_constant(&poly->term[0]) &&
           poly->term[0].coefficient < 0;
}

static uint64_t
poly_hash(const DimPoly *poly)
{
    uint64_t h = HASH_NOTHING;
    for (size_t i = 0; i < poly->count; i++) {
        uint64_t powers;
        _Static_assert(sizeof powers == DIM_SYMBOLS, "powers are one number");
        memcpy(&powers, poly->term[i].power, sizeof powers);
        h = hash_word(h, (uint64_t)poly->term[i].coefficient);
        h = hash_word(h ^ h >> 29, powers);
    }
    return h;
}

/* Where a polynomial's number stands in the table, or the free place for it. */
static size_t *
poly_slot(const Dims *dims, const DimPoly *poly)
{
    size_t at = hash_slot(poly_hash(poly), dims->slots);
    while (dims->slot[at] != 0 &&
           !poly_equal(&dims->poly.item[dims->slot[at] - 1], poly))
        at = (at + 1) & (dims->slots - 1);
    return &dims->slot[at];
}

static void
grow_slots(Dims *dims)
{
    dims->slots = dims->slots == 0 ? 64 : 2 * dims->slots;
    dims->slot = ARENA_ARRAY(dims->arena, size_t, dims->slots);
    for (size_t i = 0; i < dims->poly.count; i++)
        *poly_slot(dims, &dims->poly.item[i]) = i + 1;
}

/* The dimension of a polynomial, which is entered into the table, in memory of
 * its own, if it is new.
 */
static Dim
dim_of_poly(Dims *dims, DimPoly poly)
{
    if (poly.count == 0)
        return 0;
    if (poly_negative(&poly))
        return dim_overflow(dims);
    if (poly.count == 1 && term_constant(&poly.term[0]))
        return poly.term[0].coefficient;
    if (2 * dims->poly.count >= dims->slots)
        grow_slots(dims);
    size_t *slot = poly_slot(dims, &poly);
    if (*slot != 0)
        return -(Dim)*slot;
    if (dims->poly.count == DIM_POLYS)
        return dim_overflow(dims);
    poly.term =
        arena_copy(dims->arena, poly.term, poly.count * sizeof *poly.term);
    VEC_PUSH(dims->arena, &dims->poly, poly);
    *slot = dims->poly.count;
    return -(Dim)dims->poly.count;
}

/* The polynomial behind a dimension; a number's term is in `room`. */
static DimPoly
poly_of(const Dims *dims, Dim dim, DimTerm *room)
{
    if (dim < 0)
        return dims->poly.item[-1 - dim];
    *room = (DimTerm){.coefficient = dim};
    return (DimPoly){room, dim > 0};
}

DimPoly
dim_poly(Dims *dims, Dim dim)
{
    DimTerm *room = dim < 0 ? NULL : ARENA_NEW(dims->arena, DimTerm);
    return poly_of(dims, dim, room);
}

/* Adds one term into a sorted polynomial that has room for it; false where the
 * coefficient does not fit.
 */
static bool
poly_add_term(DimPoly *poly, const DimTerm *term)
{
    size_t at = 0;
    int order = -1;
    while (at < poly->count) {
        order = memcmp(poly->term[at].power, term->power, DIM_SYMBOLS);
        if (order <= 0)
            break;
        at++;
    }
    if (at < poly->count && order == 0) {
        int64_t *sum = &poly->term[at].coefficient;
        if (__builtin_add_overflow(*sum, term->coefficient, sum))
            return false;
        if (*sum == 0) {
            poly->count--;
            memmove(&poly->term[at], &poly->term[at + 1],
                    (poly->count - at) * sizeof *term);
        }
        return true;
    }
    memmove(&poly->term[at + 1], &poly->term[at],
            (poly->count - at) * sizeof *term);
    poly->term[at] = *term;
    poly->count++;
    return true;
}

static bool
term_mul(const DimTerm *a, const DimTerm *b, DimTerm *product)
{
    if (__builtin_mul_overflow(a->coefficient, b->coefficient,
                               &product->coefficient))
        return false;
    for (int s = 0; s < DIM_SYMBOLS; s++) {
        int power = a->power[s] + b->power[s];
        if (power > DIM_POWER)
            return false;
        product->power[s] = (uint8_t)power;
    }
    return true;
}

/* The term a / b, false where that is none with whole numbers. */
static bool
term_div(const DimTerm *a, const DimTerm *b, DimTerm *quotient)
{
    if (b->coefficient == -1 || a->coefficient % b->coefficient != 0)
        return false;
    quotient->coefficient = a->coefficient / b->coefficient;
    for (int s = 0; s < DIM_SYMBOLS; s++) {
        if (a->power[s] < b->power[s])
            return false;
        quotient->power[s] = (uint8_t)(a->power[s] - b->power[s]);
    }
    return true;
}

Dim
dim_symbol(Dims *dims, const char *name)
{
    int s = 0;
    while (s < dims->symbols && strcmp(dims->symbol[s], name) != 0)
        s++;
    if (s == DIM_SYMBOLS)
        return dim_overflow(dims);
    if (s == dims->symbols) {
        dims->symbol[s] = name;
        dims->symbols++;
    }
    DimTerm term = {.coefficient = 1};
    term.power[s] = 1;
    return dim_of_poly(dims, (DimPoly){&term, 1});
}

Dim
dim_batch(Dims *dims)
{
    return dim_symbol(dims, dims->symbol[0]);
}

Dim
dim_add(Dims *dims, Dim a, Dim b)
{
    if (a >= 0 && b >= 0)
        return a <= INT64_MAX - b ? a + b : dim_overflow(dims);
    if (a == 0 || b == 0)
        return a == 0 ? b : a;
    DimTerm room[2];
    DimTerm term[DIM_TERMS];
    DimPoly x = poly_of(dims, a, &room[0]);
    DimPoly y = poly_of(dims, b, &room[1]);
    if (x.count + y.count > DIM_TERMS)
        return dim_overflow(dims);
    DimPoly sum = {term, 0};
    bool fits = true;
    for (size_t i = 0; fits && i < x.count; i++)
        fits = poly_add_term(&sum, &x.term[i]);
    for (size_t i = 0; fits && i < y.count; i++)
        fits = poly_add_term(&sum, &y.term[i]);
    return fits ? dim_of_poly(dims, sum) : dim_overflow(dims);
}

Dim
dim_mul(Dims *dims, Dim a, Dim b)
{
    if (a == 0 || b == 0)
        return 0;
    if (a > 0 && b > 0)
        return a <= INT64_MAX / b ? a * b : dim_overflow(dims);
    if (a == 1 || b == 1)
        return a == 1 ? b : a;
    DimTerm room[2];
    DimTerm term[DIM_TERMS];
    DimPoly x = poly_of(dims, a, &room[0]);
    DimPoly y = poly_of(dims, b, &room[1]);
    if (x.count * y.count > DIM_TERMS)
        return dim_overflow(dims);
    DimPoly product = {term, 0};
    bool fits = true;
    for (size_t i = 0; fits && i < x.count; i++) {
        for (size_t j = 0; fits && j < y.count; j++) {
            DimTerm own;
            fits = term_mul(&x.term[i], &y.term[j], &own) &&
                   poly_add_term(&product, &own);
        }
    }
    return fits ? dim_of_poly(dims, product) : dim_overflow(dims);
}

/* Takes quotient * y off the rest; false where a number does not fit. */
static bool
poly_sub_product(DimPoly *rest, const DimTerm *quotient, const DimPoly *y)
{
    for (size_t i = 0; i < y->count; i++) {
        DimTerm term;
        if (rest->count == DIM_TERMS || !term_mul(quotient, &y->term[i], &term))
            return false;
        if (__builtin_sub_overflow(0, term.coefficient, &term.coefficient) ||
            !poly_add_term(rest, &term))
            return false;
    }
    return true;
}

Dim
dim_sub(Dims *dims, Dim a, Dim b, bool *exact)
{
    const DimTerm one = {.coefficient = 1};
    if (a >= 0 && b >= 0) {
        *exact = a >= b;
        return *exact ? a - b : -1;
    }
    DimTerm room[2];
    DimTerm term[DIM_TERMS + 1];
    DimPoly whole = poly_of(dims, a, &room[0]);
    DimPoly part = poly_of(dims, b, &room[1]);
    DimPoly rest = {term, 0};
    for (size_t i = 0; i < whole.count; i++)
        rest.term[rest.count++] = whole.term[i];
    *exact = poly_sub_product(&rest, &one, &part) && !poly_negative(&rest);
    return *exact ? dim_of_poly(dims, rest) : -1;
}

/* Long division by the leading terms. */
Dim
dim_div(Dims *dims, Dim a, Dim b, bool *exact)
{
    *exact = false;
    if (b == 0)
        return -1;
    DimTerm room[2];
    DimTerm terms[2][DIM_TERMS + 1];
    DimPoly y = poly_of(dims, b, &room[0]);
    DimPoly whole = poly_of(dims, a, &room[1]);
    DimPoly rest = {terms[0], 0};
    for (size_t i = 0; i < whole.count; i++)
        rest.term[rest.count++] = whole.term[i];
    DimPoly result = {terms[1], 0};
    while (rest.count > 0) {
        DimTerm term;
        if (result.count == DIM_TERMS ||
            !term_div(&rest.term[0], &y.term[0], &term) ||
            !poly_add_term(&result, &term) ||
            !poly_sub_product(&rest, &term, &y))
            return -1;
    }
    if (poly_negative(&result))
        return -1;
    *exact = true;
    return dim_of_poly(dims, result);
}

int64_t
dim_value(const Dims *dims, Dim dim, const int64_t *symbol)
{
    if (dim >= 0)
        return dim;
    if (!symbol)
        return -1;
    const DimPoly *poly = &dims->poly.item[-1 - dim];
    int64_t sum = 0;
    for (size_t i = 0; i < poly->count; i++) {
        const DimTerm *term = &poly->term[i];
        int64_t product = term->coefficient;
        for (int s = 0; s < dims->symbols; s++) {
            for (int p = 0; p < term->power[s]; p++) {
                if (__builtin_mul_overflow(product, symbol[s], &product))
                    return -1;
            }
        }
        if (__builtin_add_overflow(sum, product, &sum))
            return -1;
    }
    return sum >= 0 ? sum : -1;
}

/* Appends "*n^2", or "n^2" where nothing stands before it. */
static const char *
text_powers(Dims *dims, const char *text, const DimTerm *term, bool first)
{
    for (int s = 0; s < dims->symbols; s++) {
        if (term->power[s] == 0)
            continue;
        text = arena_printf(dims->arena, "%s%s%s", text, first ? "" : "*",
                            dims->symbol[s]);
        if (term->power[s] > 1)
            text = arena_printf(dims->arena, "%s^%d", text, term->power[s]);
        first = false;
    }
    return text;
}

const char *
dim_text(Dims *dims, Dim dim)
{
    if (dim >= 0)
        return arena_printf(dims->arena, "%lld", (long long)dim);
    DimPoly poly = dim_poly(dims, dim);
    const char *text = "";
    for (size_t i = 0; i < poly.count; i++) {
        const DimTerm *term = &poly.term[i];
        bool one = term->coefficient == 1 && !term_constant(term);
        bool plus = i > 0 && term->coefficient >= 0;
        if (one)
            text = arena_printf(dims->arena, "%s%s", text, plus ? "+" : "");
        else
            text = arena_printf(dims->arena, "%s%s%lld", text, plus ? "+" : "",
                                (long long)term->coefficient);
        text = text_powers(dims, text, term, one);
    }
    return text;
}
