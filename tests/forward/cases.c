/* The functions of the gradient tests, and what they do with them, for forward
 * mode.
 */
#include "tests/grad/cases.c"
#include "tests/grad/fixture.c"
#include "tests/grad/loops.c"
