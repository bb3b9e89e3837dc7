/* flux_vector_x86.h - what the texts for the vector instructions of x86-64
 * share; flux_vector_body.h has the rest, for each set and element type.
 */
#ifndef FLUX_VECTOR_X86_H
#define FLUX_VECTOR_X86_H

#include <immintrin.h>
#include <string.h>

/* In each 128 bits, to[k] of r[i] becomes to[i] of r[k]: 4 by 4 floats, or 2 by
 * 2 doubles. */
#define FLUX_TURN_F32(r, unpacklo, unpackhi, shuffle)                          \
    do {                                                                       \
        FLUX_V t0 = unpacklo(r[0], r[1]), t1 = unpacklo(r[2], r[3]);           \
        FLUX_V t2 = unpackhi(r[0], r[1]), t3 = unpackhi(r[2], r[3]);           \
        r[0] = shuffle(t0, t1, 0x44);                                          \
        r[1] = shuffle(t0, t1, 0xee);                                          \
        r[2] = shuffle(t2, t3, 0x44);                                          \
        r[3] = shuffle(t2, t3, 0xee);                                          \
    } while (0)
#define FLUX_TURN_F64(r, unpacklo, unpackhi)                                   \
    do {                                                                       \
        FLUX_V t0 = unpacklo(r[0], r[1]);                                      \
        r[1] = unpackhi(r[0], r[1]);                                           \
        r[0] = t0;                                                             \
    } while (0)

#endif
