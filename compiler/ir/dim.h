/* Dimensions: numbers, or polynomials in named dimensions.
 *
 * The batch is the named dimension `n`. A Dim is 0 or more for a number, and
 * less than 0 for a polynomial of a table, where each stands once: equal
 * dimensions are equal integers.
 */
#ifndef FLUXC_IR_DIM_H
#define FLUXC_IR_DIM_H

#include "base/context.h"

#include <stdint.h>

typedef int64_t Dim;

enum { DIM_SYMBOLS = 8 }; /* named dimensions in one compilation */

/* One term: coefficient * n^power[0] * …; a polynomial is a sum of them. */
typedef struct {
    int64_t coefficient;
    uint8_t power[DIM_SYMBOLS];
} DimTerm;

typedef struct {
    DimTerm *term; /* sorted by power, none with coefficient 0 */
    size_t count;
} DimPoly;

typedef struct {
    Arena *arena;
    const char *symbol[DIM_SYMBOLS]; /* symbol[0] is "n", the batch */
    int symbols;
    VEC(DimPoly) poly;
    size_t *slot;  /* their table by hash: 1 + the number of one, or 0 */
    size_t slots;  /* a power of two, or 0 */
    bool overflow; /* a product or sum did not fit; the results are 0 */
} Dims;

void dims_init(Dims *dims, Arena *arena);

/* The dimension named `name` (interned), made if new; -1's complement never
 * fails but for more than DIM_SYMBOLS names, where *overflow is set.
 */
Dim dim_symbol(Dims *dims, const char *name);
Dim dim_batch(Dims *dims);
Dim dim_add(Dims *dims, Dim a, Dim b);
Dim dim_mul(Dims *dims, Dim a, Dim b);

/* a - b; -1 with *exact false where that is a number below 0. */
Dim dim_sub(Dims *dims, Dim a, Dim b, bool *exact);

/* a / b where b divides every coefficient of a; else -1 with *exact false. */
Dim dim_div(Dims *dims, Dim a, Dim b, bool *exact);

static inline bool
dim_known(Dim dim)
{
    return dim >= 0;
}

/* The value for numbers of the symbols; overflow gives -1, as does symbol NULL
 * where the dimension is no number.
 */
int64_t dim_value(const Dims *dims, Dim dim, const int64_t *symbol);

/* The polynomial behind a dimension, also of a number (term 0). */
DimPoly dim_poly(Dims *dims, Dim dim);

/* The text "3", "n", "128*n", "2*n+1", in the arena. */
const char *dim_text(Dims *dims, Dim dim);

#endif
