/* The host's side of CUDA: streams, graphs, copies, and calls that fail.
 * Streams share one queue, which runs when the host waits: what reads results
 * before that reads poison.
 */
#include "tests/cuda/emulator.h"

#include "tests/cuda/control.h"
#include "tests/cuda/emulator_fibre.h"
#include "tests/cuda/emulator_host.h"
#include "tests/cuda/emulator_memory.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <set>
#include <vector>

typedef std::function<void()> Work;

namespace emulator
{
struct Graph {
    std::vector<Work> work;
};

struct Stream {
    Graph *capture; /* what is queued goes there; nullptr: none */
};
} // namespace emulator

namespace
{
std::vector<Work> queue;
std::set<const void *> live; /* streams and graphs */
unsigned order;
long fails = -1; /* calls until the one that fails */
bool failed;
bool idle;        /* nothing is queued: one call is to fail */
cudaError_t last; /* failure that nobody has asked for */

cudaError_t
result(cudaError_t error)
{
    if (error != cudaSuccess)
        last = error;
    return error;
}

void
run_queue()
{
    std::vector<Work> work;
    if (queue.empty())
        return;
    work.swap(queue);
    emulator::Open open;
    for (const Work &one : work)
        one();
}

template <class T>
void
destroy(T *object)
{
    emulator::forget(object);
    delete object;
}
} // namespace

using emulator::fails_now;
using emulator::submit;

namespace emulator
{
bool
fails_now()
{
    bool now = fails == 0;
    if (fails >= 0)
        fails--;
    failed = failed || now;
    return now;
}

cudaError_t
submit(cudaStream_t stream, Work work, cudaError_t error)
{
    if (fails_now())
        return result(error);
    if (stream != nullptr && stream->capture != nullptr)
        stream->capture->work.push_back(std::move(work));
    else if (!idle)
        queue.push_back(std::move(work));
    return cudaSuccess;
}

void
note(const void *object)
{
    live.insert(object);
}

void
forget(const void *object)
{
    if (live.erase(object) == 0) {
        fprintf(stderr, "emulator: what is destroyed is not there\n");
        exit(3);
    }
}

/* Queues a kernel; what a launch gives. */
static cudaError_t
queue_kernel(unsigned blocks, Stream *stream, Kernel *kernel,
             void (*run)(unsigned, unsigned, const Kernel &), cudaError_t wrong)
{
    std::shared_ptr<Kernel> owned(kernel);
    if (wrong != cudaSuccess)
        return result(wrong);
    submit(
        stream, [=] { run(blocks, order, *owned); }, cudaErrorLaunchFailure);
    return last;
}

cudaError_t
launch(unsigned blocks, Stream *stream, Kernel *kernel)
{
    bool fits = blocks > 0 && blocks < 0x80000000;
    return queue_kernel(blocks, stream, kernel, run_kernel,
                        fits ? cudaSuccess : cudaErrorInvalidConfiguration);
}

cudaError_t
launch_grid(unsigned blocks, Stream *stream, Kernel *kernel)
{
    return queue_kernel(blocks, stream, kernel, run_grid,
                        blocks == 0 ? cudaErrorInvalidConfiguration
                        : blocks > PROCESSORS
                            ? cudaErrorCooperativeLaunchTooLarge
                            : cudaSuccess);
}
} // namespace emulator

cudaError_t
cudaGetLastError()
{
    cudaError_t error = last;
    last = cudaSuccess;
    return error;
}

const char *
cudaGetErrorString(cudaError_t error)
{
    return error == cudaErrorNoDevice ? "no CUDA-capable device is detected"
           : error == cudaErrorMemoryAllocation ? "out of memory"
                                                : "the emulator fails";
}

cudaError_t
cudaGetDeviceCount(int *count)
{
    const char *devices = getenv("EMULATOR_DEVICES");
    *count = devices != nullptr ? atoi(devices) : 1;
    return result(*count == 0   ? cudaErrorNoDevice
                  : fails_now() ? cudaErrorLaunchFailure
                                : cudaSuccess);
}

cudaError_t
cudaGetDevice(int *device)
{
    *device = 0;
    return result(fails_now() ? cudaErrorLaunchFailure : cudaSuccess);
}

cudaError_t
cudaDeviceGetAttribute(int *value, cudaDeviceAttr, int)
{
    *value = emulator::PROCESSORS;
    return result(fails_now() ? cudaErrorInvalidValue : cudaSuccess);
}

cudaError_t
cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *, int,
                                              size_t)
{
    *blocks = 1;
    return result(fails_now() ? cudaErrorInvalidValue : cudaSuccess);
}

cudaError_t
cudaMalloc(void **memory, size_t bytes)
{
    *memory = fails_now() ? nullptr : emulator::memory_take(bytes);
    return result(*memory != nullptr ? cudaSuccess : cudaErrorMemoryAllocation);
}

cudaError_t
cudaFree(void *memory)
{
    run_queue();
    return memory == nullptr || emulator::memory_give(memory)
               ? cudaSuccess
               : cudaErrorInvalidValue;
}

cudaError_t
cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                cudaStream_t stream)
{
    if (kind != cudaMemcpyHostToDevice)
        return submit(
            stream, [=] { memcpy(to, from, bytes); }, cudaErrorInvalidValue);
    /* Memory of the host is read at once, but while a graph is captured. */
    if (stream != nullptr && stream->capture != nullptr)
        return submit(
            stream, [=] { memcpy(to, from, bytes); }, cudaErrorInvalidValue);
    const char *host = static_cast<const char *>(from);
    std::vector<char> copy(host, host + bytes);
    return submit(
        stream, [=] { memcpy(to, copy.data(), bytes); }, cudaErrorInvalidValue);
}

cudaError_t
cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind)
{
    cudaError_t error = cudaMemcpyAsync(to, from, bytes, kind, nullptr);
    run_queue();
    return error;
}

cudaError_t
cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream)
{
    return submit(
        stream, [=] { memset(to, value, bytes); }, cudaErrorInvalidValue);
}

cudaError_t
cudaStreamCreate(cudaStream_t *stream)
{
    *stream = nullptr;
    if (fails_now())
        return result(cudaErrorMemoryAllocation);
    *stream = new emulator::Stream();
    live.insert(*stream);
    return cudaSuccess;
}

cudaError_t
cudaStreamDestroy(cudaStream_t stream)
{
    run_queue();
    destroy(stream);
    return cudaSuccess;
}

cudaError_t
cudaStreamSynchronize(cudaStream_t)
{
    run_queue();
    return result(fails_now() ? cudaErrorLaunchFailure : cudaSuccess);
}

cudaError_t
cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode)
{
    if (fails_now() || stream == nullptr || stream->capture != nullptr)
        return result(cudaErrorStreamCaptureUnsupported);
    stream->capture = new emulator::Graph();
    live.insert(stream->capture);
    return cudaSuccess;
}

cudaError_t
cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph)
{
    *graph = stream->capture;
    stream->capture = nullptr;
    if (*graph != nullptr && fails_now()) {
        destroy(*graph);
        *graph = nullptr;
    }
    return result(*graph != nullptr ? cudaSuccess
                                    : cudaErrorStreamCaptureUnsupported);
}

cudaError_t
cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph,
                     unsigned long long)
{
    *exec = nullptr;
    if (fails_now())
        return result(cudaErrorMemoryAllocation);
    *exec = new emulator::Graph(*graph);
    live.insert(*exec);
    return cudaSuccess;
}

cudaError_t
cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    return submit(
        stream,
        [=] {
            for (const Work &one : exec->work)
                one();
        },
        cudaErrorLaunchFailure);
}

cudaError_t
cudaGraphDestroy(cudaGraph_t graph)
{
    destroy(graph);
    return cudaSuccess;
}

cudaError_t
cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    run_queue();
    destroy(exec);
    return cudaSuccess;
}

void
emulator_order(unsigned to)
{
    order = to;
}

void
emulator_fail(long n)
{
    fails = n;
    idle = n >= 0;
    failed = false;
}

int
emulator_emulates(void)
{
    return 1;
}

void
emulator_forget(void)
{
    last = cudaSuccess;
}

int
emulator_failed(void)
{
    return failed;
}

size_t
emulator_live(void)
{
    return live.size() + emulator::memory_live();
}

size_t
emulator_check(void)
{
    run_queue();
    return emulator::memory_damaged();
}

void *
emulator_alloc(size_t bytes)
{
    void *memory = emulator::memory_take(bytes);
    if (memory == nullptr) {
        fprintf(stderr, "emulator: no memory\n");
        exit(3);
    }
    return memory;
}

void
emulator_free(void *memory)
{
    cudaFree(memory);
}

void
emulator_put(void *to, const void *from, size_t bytes)
{
    run_queue();
    emulator::Open open;
    memcpy(to, from, bytes);
}

void
emulator_get(void *to, const void *from, size_t bytes)
{
    run_queue();
    emulator::Open open;
    memcpy(to, from, bytes);
}
