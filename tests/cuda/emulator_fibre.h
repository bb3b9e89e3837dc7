/* emulator_fibre.h - runs a kernel (emulator_fibre.cpp). */
#ifndef EMULATOR_FIBRE_H
#define EMULATOR_FIBRE_H

#include <functional>

namespace emulator
{
enum { THREADS = 256 };
void run_kernel(unsigned blocks, unsigned order,
                const std::function<void()> &kernel);
} // namespace emulator

#endif
