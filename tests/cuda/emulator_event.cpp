/* Events: when the emulator came to them, in the time of the host. */
#include "tests/cuda/emulator_host.h"

#include <chrono>

namespace emulator
{
struct Event {
    std::chrono::steady_clock::time_point time;
};
} // namespace emulator

cudaError_t
cudaEventCreate(cudaEvent_t *event)
{
    *event = nullptr;
    if (emulator::fails_now())
        return cudaErrorMemoryAllocation;
    *event = new emulator::Event();
    emulator::note(*event);
    return cudaSuccess;
}

cudaError_t
cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    return emulator::submit(
        stream, [=] { event->time = std::chrono::steady_clock::now(); },
        cudaErrorInvalidValue);
}

cudaError_t
cudaEventElapsedTime(float *milliseconds, cudaEvent_t begin, cudaEvent_t end)
{
    std::chrono::duration<float, std::milli> time = end->time - begin->time;
    *milliseconds = time.count();
    return emulator::fails_now() ? cudaErrorInvalidValue : cudaSuccess;
}

cudaError_t
cudaEventDestroy(cudaEvent_t event)
{
    emulator::forget(event);
    delete event;
    return cudaSuccess;
}
