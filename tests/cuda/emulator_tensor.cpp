/* Tensor cores: what kernels/flux_gpu_mma.h says of them. The threads of a warp
 * give each other their operands; each then makes its own four sums.
 *
 * Sums are made in double and rounded once: no device promises more.
 */
#include "tests/cuda/emulator.h"
#include "tests/cuda/emulator_fibre.h"

#include <cmath>
#include <cstring>

namespace
{
struct Operands {
    uint32_t a[4];
    uint32_t b[2];
};

uint32_t
bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

double
number_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The lower 13 bits of a word do not count. */
struct Tf32 {
    static double
    product(uint32_t a, uint32_t b)
    {
        return number_of(a & ~0x1fffu) * number_of(b & ~0x1fffu);
    }
};

struct Bf16 {
    static double
    product(uint32_t a, uint32_t b)
    {
        return number_of(a << 16) * number_of(b << 16) +
               number_of(a & 0xffff0000) * number_of(b & 0xffff0000);
    }
};

/* The operands of the four threads that have words of a row, or of a column. */
struct Line {
    const Operands *part[4];
    Line(unsigned number, unsigned turn)
    {
        const unsigned first = threadIdx.x / 32 * 32 + number * 4;
        for (unsigned t = 0; t < 4; t++)
            part[t] =
                static_cast<const Operands *>(emulator::given(first + t, turn));
    }
};

template <class Kind>
void
multiply(float *sum, const uint32_t *a, const uint32_t *b)
{
    Operands own;
    memcpy(own.a, a, sizeof own.a);
    memcpy(own.b, b, sizeof own.b);
    const unsigned lane = threadIdx.x % 32;
    const unsigned turn = emulator::meet(&own, sizeof own, 0xffffffff);
    const Line row(lane / 4, turn);
    const Line column[2] = {{lane % 4 * 2, turn}, {lane % 4 * 2 + 1, turn}};
    for (unsigned q = 0; q < 4; q++) {
        double total = sum[q];
        for (unsigned word = 0; word < 8; word++)
            total += Kind::product(row.part[word % 4]->a[q / 2 + word / 4 * 2],
                                   column[q % 2].part[word % 4]->b[word / 4]);
        sum[q] = static_cast<float>(total);
    }
}

/* A float's upper 16 bits, to the nearest and even. */
uint32_t
upper_half(float x)
{
    const uint32_t bits = bits_of(x);
    if (std::isnan(x))
        return 0x7fff;
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}
} // namespace

uint32_t
flux_tf32(float x)
{
    return std::isnan(x) ? 0x7fffffff : (bits_of(x) + 0x1000) & ~0x1fffu;
}

uint32_t
flux_bf16(float first, float second)
{
    return upper_half(second) << 16 | upper_half(first);
}

void
flux_mma_tf32(float sum[4], const uint32_t a[4], const uint32_t b[2])
{
    multiply<Tf32>(sum, a, b);
}

void
flux_mma_bf16(float sum[4], const uint32_t a[4], const uint32_t b[2])
{
    multiply<Bf16>(sum, a, b);
}
