/* What tests say to a device (control.h), of the GPU. Memory that they take is
 * poison until it is written (all bits 1: a NaN), and has red zones around it.
 */
#include "tests/cuda/control.h"

#include <cuda_runtime_api.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

namespace
{
enum { ZONE = 256, POISON = 0xff, MARK = 0xa5 };

std::map<unsigned char *, size_t> taken; /* memory between its zones: bytes */

void
must(cudaError_t error)
{
    if (error == cudaSuccess)
        return;
    fprintf(stderr, "the GPU: %s\n", cudaGetErrorString(error));
    exit(3);
}

bool
is_damaged(const unsigned char *zone)
{
    std::vector<unsigned char> found(ZONE);
    const std::vector<unsigned char> mark(ZONE, MARK);
    must(cudaMemcpy(found.data(), zone, ZONE, cudaMemcpyDeviceToHost));
    must(cudaMemset(const_cast<unsigned char *>(zone), MARK, ZONE));
    return found != mark;
}
} // namespace

void
emulator_order(unsigned)
{
}

void
emulator_fail(long)
{
}

int
emulator_failed(void)
{
    return 0;
}

int
emulator_emulates(void)
{
    return 0;
}

void
emulator_forget(void)
{
}

size_t
emulator_products(void)
{
    return 0;
}

size_t
emulator_live(void)
{
    return taken.size();
}

size_t
emulator_check(void)
{
    size_t damaged = 0;
    must(cudaDeviceSynchronize());
    for (const auto &one : taken)
        damaged +=
            is_damaged(one.first - ZONE) + is_damaged(one.first + one.second);
    return damaged;
}

void *
emulator_alloc(size_t bytes)
{
    void *memory;
    must(cudaMalloc(&memory, bytes + 2 * ZONE));
    unsigned char *begin = static_cast<unsigned char *>(memory) + ZONE;
    must(cudaMemset(memory, MARK, bytes + 2 * ZONE));
    must(cudaMemset(begin, POISON, bytes));
    taken[begin] = bytes;
    return begin;
}

void
emulator_free(void *memory)
{
    unsigned char *begin = static_cast<unsigned char *>(memory);
    if (taken.erase(begin) == 0) {
        fprintf(stderr, "the GPU: what is freed is not there\n");
        exit(3);
    }
    must(cudaFree(begin - ZONE));
}

void
emulator_put(void *to, const void *from, size_t bytes)
{
    must(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice));
}

void
emulator_get(void *to, const void *from, size_t bytes)
{
    must(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost));
}
