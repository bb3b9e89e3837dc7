/* emulator.h - CUDA on a CPU: what generated code uses of it. flux_gpu.h
 * includes this in the place of cuda_runtime.h.
 *
 * Every thread of a block is a fibre, so that barriers work; one runs at a
 * time, in one of several orders. Work is queued on streams and runs when the
 * host waits for it, not before. Memory of the device is poison until it is
 * written (all bits 1: a NaN), has red zones around it, and cannot be touched
 * by the host. Each call can be made to fail.
 */
#ifndef EMULATOR_H
#define EMULATOR_H

#include <cstddef>
#include <cstdint>

#define __global__
#define __device__
#define __host__
#define __forceinline__  inline
#define __align__(bytes) __attribute__((aligned(bytes)))

/* Kernels' functions are not inlined: the compiler has a third of the work. */
#define FLUX_INLINE static inline __attribute__((unused))
#define FLUX_STATIC static inline __attribute__((unused))

#define FLUX_LAUNCH(kernel, blocks, stream, ...)                               \
    emulator::launch((blocks), (stream),                                       \
                     emulator::bind([=] { kernel(__VA_ARGS__); }))
#define FLUX_LAUNCH_GRID(kernel, blocks, stream, ...)                          \
    emulator::launch_grid((blocks), (stream),                                  \
                          emulator::bind([=] { kernel(__VA_ARGS__); }))
#define FLUX_RELAX()          emulator::relax()
#define FLUX_WITHIN(holds, x) emulator::within((holds), (x))
#define FLUX_SHARED(type, name)                                                \
    type *const name = static_cast<type *>(emulator::shared(sizeof(type)))
#define FLUX_SHARED_ARRAY(type, name, count)                                   \
    type *const name =                                                         \
        static_cast<type *>(emulator::shared((count) * sizeof(type)))

enum cudaError_t {
    cudaSuccess,
    cudaErrorInvalidValue,
    cudaErrorMemoryAllocation,
    cudaErrorInvalidConfiguration = 9,
    cudaErrorNoDevice = 100,
    cudaErrorLaunchFailure = 719,
    cudaErrorCooperativeLaunchTooLarge = 720,
    cudaErrorStreamCaptureUnsupported = 900,
    cudaErrorUnknown = 999
};
enum cudaMemcpyKind {
    cudaMemcpyHostToHost,
    cudaMemcpyHostToDevice,
    cudaMemcpyDeviceToHost,
    cudaMemcpyDeviceToDevice,
    cudaMemcpyDefault
};
enum cudaDeviceAttr { cudaDevAttrMultiProcessorCount = 16 };
enum cudaStreamCaptureMode { cudaStreamCaptureModeThreadLocal = 1 };

namespace emulator
{
struct Stream;
struct Graph;
struct Event;

/* The indices of the fibre that runs. */
struct Index {
    unsigned x;
};
extern Index thread;
extern Index block;
extern Index grid; /* how many blocks it has */

/* A kernel with its arguments; std::function would take a compiler longer than
 * all the rest.
 */
struct Kernel {
    virtual void run() const = 0;
    virtual ~Kernel() = default;
};

template <class Body> struct Bound final : Kernel {
    Body body;
    explicit Bound(Body to) : body(to)
    {
    }
    void
    run() const override
    {
        body();
    }
};

template <class Body>
inline Kernel *
bind(Body body)
{
    return new Bound<Body>(body);
}

/* Queues a kernel, which is deleted some time after it has run. */
cudaError_t launch(unsigned blocks, Stream *stream, Kernel *kernel);
cudaError_t launch_grid(unsigned blocks, Stream *stream, Kernel *kernel);
void *shared(size_t bytes);
void barrier();

/* x, or a NaN. */
template <class T>
inline T
within(bool holds, T x)
{
    return holds ? x : static_cast<T>(__builtin_nan(""));
}

/* What a thread does in a loop that waits for other blocks; an atomic sum. */
void relax();
unsigned add(unsigned *word, unsigned value);

/* Gives `bytes` of a value to those threads of the warp that are in the mask,
 * and takes those of thread `from`; all of them must come here.
 */
void exchange(void *value, size_t bytes, unsigned from, unsigned mask);
} // namespace emulator

#define threadIdx              emulator::thread
#define blockIdx               emulator::block
#define gridDim                emulator::grid
#define __syncthreads()        emulator::barrier()
#define __threadfence()        ((void)0)
#define atomicAdd(word, value) emulator::add((word), (value))

template <class Value>
inline Value
__shfl_xor_sync(unsigned mask, Value value, int lanes)
{
    emulator::exchange(&value, sizeof value,
                       threadIdx.x ^ static_cast<unsigned>(lanes), mask);
    return value;
}

/* Tensor cores, as kernels/flux_gpu_mma.h has them. */
uint32_t flux_tf32(float x);
uint32_t flux_bf16(float first, float second);
void flux_mma_tf32(float sum[4], const uint32_t a[4], const uint32_t b[2]);
void flux_mma_bf16(float sum[4], const uint32_t a[4], const uint32_t b[2]);

typedef emulator::Stream *cudaStream_t;
typedef emulator::Graph *cudaGraph_t;
typedef emulator::Graph *cudaGraphExec_t;
typedef emulator::Event *cudaEvent_t;

/* As with CUDA, a failure is the last one until it is asked for, and a launch
 * gives the last one.
 */
cudaError_t cudaGetLastError();
const char *cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaGetDevice(int *device);
cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute,
                                   int device);
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks,
                                                          const void *kernel,
                                                          int threads,
                                                          size_t shared);
cudaError_t cudaMalloc(void **memory, size_t bytes);
cudaError_t cudaFree(void *memory);
cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes,
                       cudaMemcpyKind kind);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes,
                            cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes,
                            cudaStream_t stream);
cudaError_t cudaStreamCreate(cudaStream_t *stream);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamBeginCapture(cudaStream_t stream,
                                   cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph,
                                 unsigned long long flags);
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec);

/* Events have the time of the host (emulator_event.cpp). */
cudaError_t cudaEventCreate(cudaEvent_t *event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t begin,
                                 cudaEvent_t end);
cudaError_t cudaEventDestroy(cudaEvent_t event);

#endif
