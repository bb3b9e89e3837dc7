/* The functions of the gradient tests, for forward mode. */
#include "tests/grad/cases.c"
