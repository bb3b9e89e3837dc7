/* The machine's best instruction set, for libflux.a.
 *
 * Compilers that have no code for vectors, as tcc, ask the library, whose
 * kernels have. It asks the processor and the system itself: what gcc and clang
 * have for that needs their own libraries. The answer is kept, for in a virtual
 * machine it takes a while.
 */
#include "kernels/flux_isa.h"

#if FLUX_X86
#include <cpuid.h>

/* The parts of the registers that the system keeps for each thread. */
static unsigned
kept_states(void)
{
    unsigned low;
    unsigned high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static flux_isa
find_isa(void)
{
    const unsigned more =
        bit_AVX512F | bit_AVX512BW | bit_AVX512VL | bit_AVX512DQ;
    unsigned a;
    unsigned b;
    unsigned c;
    unsigned d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_OSXSAVE) == 0)
        return FLUX_ISA_PLAIN;
    unsigned states = kept_states();
    int fma = (c & bit_FMA) != 0 && (states & 0x06) == 0x06;
    if (!fma || !__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return FLUX_ISA_PLAIN;
    if ((b & more) == more && (states & 0xe6) == 0xe6)
        return FLUX_ISA_AVX512;
    return (b & bit_AVX2) != 0 ? FLUX_ISA_AVX2 : FLUX_ISA_PLAIN;
}

flux_isa
flux_library_isa(void)
{
    static int kept = -1;
    int isa = __atomic_load_n(&kept, __ATOMIC_RELAXED);
    if (isa < 0) {
        isa = (int)find_isa();
        __atomic_store_n(&kept, isa, __ATOMIC_RELAXED);
    }
    return (flux_isa)isa;
}

#else

flux_isa
flux_library_isa(void)
{
    return FLUX_ISA_PLAIN;
}

#endif
