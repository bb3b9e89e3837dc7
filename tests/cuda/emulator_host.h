/* emulator_host.h - the host's side of the emulator (emulator.cpp), for what
 * else queues work.
 */
#ifndef EMULATOR_HOST_H
#define EMULATOR_HOST_H

#include "tests/cuda/emulator.h"

#include <functional>

namespace emulator
{
/* Whether this is the call that is to fail. */
bool fails_now();

/* Queues work, or gives the error where this is the call that is to fail. */
cudaError_t submit(cudaStream_t stream, std::function<void()> work,
                   cudaError_t error);

/* Counts what is made, and destroyed, which must have been made. */
void note(const void *object);
void forget(const void *object);
} // namespace emulator

#endif
