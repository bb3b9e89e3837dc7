# Read by scripts: the sets of vectors of kernels/flux_isa.h.

# The option that leaves a compiler the code for one set, which takes it half the
# time; nothing where there is no such set here, so that the best one is taken.
only() # PLAIN, AVX2, AVX512; or nothing
{
    case $1 in
    PLAIN) needs= ;;
    AVX2) needs="avx2 fma" ;;
    AVX512) needs="avx512f avx512bw avx512vl avx512dq" ;;
    *) return ;;
    esac
    for need in $needs; do
        grep -qw "$need" /proc/cpuinfo 2>/dev/null || return
    done
    echo "-DFLUX_FORCE_ISA=FLUX_ISA_$1"
}
