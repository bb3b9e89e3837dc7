/* flux_vector_end_body.h - takes back what flux_vector_body.h defines. */
#undef FLUX_F32_BEST
#undef FLUX_F64_BEST
#undef FLUX_F32_AVX2
#undef FLUX_F64_AVX2
#undef FLUX_P
#undef FLUX_E
#undef FLUX_T
#undef FLUX_W
#undef FLUX_G
#undef FLUX_U
#undef FLUX_MASKS
#undef FLUX_TARGET
#undef FLUX_OP
#undef FLUX_ALL
#undef FLUX_V
#undef FLUX_AT
#undef FLUX_I
