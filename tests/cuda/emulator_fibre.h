/* emulator_fibre.h - runs a kernel (emulator_fibre.cpp). */
#ifndef EMULATOR_FIBRE_H
#define EMULATOR_FIBRE_H

#include "tests/cuda/emulator.h"

namespace emulator
{
enum { THREADS = 256 };
void run_kernel(unsigned blocks, unsigned order, const Kernel &kernel);
} // namespace emulator

#endif
