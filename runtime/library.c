/* library.c - the library's version, in the name of a symbol. */
#include "runtime/flux.h"

const char FLUX_LIBRARY_ABI(FLUX_ABI) = FLUX_ABI;
