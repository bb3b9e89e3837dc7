/* flux_vector_end_body.h - takes back what flux_vector_body.h defines. */
#undef FLUX_F32_AVX512
#undef FLUX_F64_AVX512
#undef FLUX_F32_AVX2
#undef FLUX_F64_AVX2
#undef FLUX_TARGET
#undef FLUX_U
#undef FLUX_P
#undef FLUX_I
#undef FLUX_T
#undef FLUX_V
#undef FLUX_W
#undef FLUX_G
#undef FLUX_SOME
#undef FLUX_TAKE
#undef FLUX_PUT
#undef FLUX_GATHER
#undef FLUX_TURN
