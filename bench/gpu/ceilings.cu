/* ceilings BYTES BLOCKS TURNS LAUNCHES: what a GPU does at most, each a line of
 * a word and a number:
 *
 *   copy    bytes a second, of BYTES that are read and as many that are written
 *   launch  seconds of a kernel that does nothing, behind others in a stream
 *   node    the same, in a graph
 *   fma     operations a second, two of each multiply-add of floats
 *
 * Each is the best of some rounds, after one that is not counted.
 */
#include "kernels/flux_gpu_device.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace
{
enum { ROUNDS = 5, CHAINS = 8, NODES = 100 };

struct alignas(16) Four {
    float x[4];
};

cudaStream_t stream;
cudaEvent_t begin;
cudaEvent_t end;

void
must(cudaError_t error)
{
    if (error == cudaSuccess)
        return;
    fprintf(stderr, "%s\n", cudaGetErrorString(error));
    exit(1);
}

/* The least seconds that what `queue` queues took. */
template <class Queue>
double
seconds(Queue queue)
{
    float best = 0;
    for (int i = 0; i <= ROUNDS; i++) {
        float milliseconds;
        must(cudaEventRecord(begin, stream));
        must(queue());
        must(cudaEventRecord(end, stream));
        must(cudaStreamSynchronize(stream));
        must(cudaEventElapsedTime(&milliseconds, begin, end));
        best = i < 2 ? milliseconds : std::min(best, milliseconds);
    }
    return best / 1e3;
}
} // namespace

static __global__ void
nothing(int)
{
}

static __global__ void
copy(size_t n, const Four *from, Four *to)
{
    const size_t i = flux_thread();
    if (i < n)
        to[i] = from[i];
}

/* Chains of multiply-adds that do not wait for each other. */
static __global__ void
chains(size_t turns, float *out)
{
    float x[CHAINS];
    for (int c = 0; c < CHAINS; c++)
        x[c] = (float)(threadIdx.x + c);
    for (size_t i = 0; i < turns; i++)
        FLUX_UNROLL
    for (int c = 0; c < CHAINS; c++)
        x[c] = flux_fmaf(x[c], 0.999f, 0.5f);
    float sum = 0;
    for (int c = 0; c < CHAINS; c++)
        sum += x[c];
    out[flux_thread()] = sum;
}

static cudaError_t
queue_nothing(size_t count)
{
    cudaError_t error = cudaSuccess;
    for (size_t i = 0; i < count && error == cudaSuccess; i++)
        error = FLUX_LAUNCH(nothing, 1, stream, 0);
    return error;
}

/* By the driver's own way, or by a kernel: whichever is the faster. */
static double
copy_seconds(void *memory, size_t bytes)
{
    const size_t n = bytes / sizeof(Four);
    const Four *from = (const Four *)memory;
    Four *to = (Four *)memory + n;
    double own =
        seconds([=] { return FLUX_EACH(copy, n, stream, n, from, to); });
    double drivers = seconds([=] {
        return cudaMemcpyAsync(to, from, n * sizeof(Four),
                               cudaMemcpyDeviceToDevice, stream);
    });
    return std::min(own, drivers);
}

int
main(int argc, char **argv)
{
    size_t number[4];
    void *memory;
    void *graph;
    for (int i = 0; i < 4; i++)
        number[i] = argc == 5 ? strtoull(argv[i + 1], nullptr, 10) : 0;
    const size_t bytes = number[0];
    const size_t blocks = number[1];
    const size_t turns = number[2];
    const size_t launches = number[3];
    if (bytes < sizeof(Four) || blocks * FLUX_THREADS * sizeof(float) > bytes ||
        blocks * turns * launches == 0) {
        fputs("usage: ceilings BYTES BLOCKS TURNS LAUNCHES\n", stderr);
        return 2;
    }
    must(cudaStreamCreate(&stream));
    must(cudaEventCreate(&begin));
    must(cudaEventCreate(&end));
    must(cudaMalloc(&memory, 2 * bytes));
    must(cudaMemsetAsync(memory, 0, 2 * bytes, stream));
    printf("copy %.6g\n", 2.0 * (double)bytes / copy_seconds(memory, bytes));
    printf("launch %.6g\n",
           seconds([=] { return queue_nothing(launches); }) / (double)launches);
    must(flux_device_capture(stream));
    must(queue_nothing(NODES));
    must(flux_device_graph(stream, &graph));
    printf("node %.6g\n",
           seconds([=] { return flux_device_run(stream, graph); }) / NODES);
    float *out = (float *)memory;
    printf("fma %.6g\n", 2.0 * CHAINS * FLUX_THREADS *
                             (double)(blocks * turns) / seconds([=] {
                                 return FLUX_LAUNCH(chains, (unsigned)blocks,
                                                    stream, turns, out);
                             }));
    flux_device_drop(graph);
    cudaEventDestroy(begin);
    cudaEventDestroy(end);
    flux_device_close(stream, memory);
    return 0;
}
