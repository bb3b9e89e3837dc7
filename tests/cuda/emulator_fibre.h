/* emulator_fibre.h - runs a kernel, whose threads can meet
 * (emulator_fibre.cpp).
 */
#ifndef EMULATOR_FIBRE_H
#define EMULATOR_FIBRE_H

#include "tests/cuda/emulator.h"

namespace emulator
{
enum { THREADS = 256, GIVEN = 24 /* bytes that a thread gives, at most */ };
enum {
    PROCESSORS = 3, /* of the device; a block of a cooperative grid on each */
};
void run_kernel(unsigned blocks, unsigned order, const Kernel &kernel);
void run_grid(unsigned blocks, unsigned order, const Kernel &kernel);

/* Waits for the threads of the warp that are in the mask, all of which must
 * come here, and gives them a value; what thread `from` has given, where
 * `turn` is what meet returned.
 */
unsigned meet(const void *value, size_t bytes, unsigned mask);
const void *given(unsigned from, unsigned turn);
} // namespace emulator

#endif
