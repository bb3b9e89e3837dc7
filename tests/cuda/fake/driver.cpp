/* libcuda.so.1 of tests: the driver's functions that fluxc calls, on the
 * emulator. Code for the device is a shared object that links this library,
 * behind its length (nvrtc.cpp beside this makes it).
 *
 * FAKE_CUDA=none: there is no device; stop: cuInit fails. FAKE_CUDA_FAIL=N:
 * call number N of those that the emulator lets fail does. At the end of the
 * process it says what has not been freed, and what was written outside of its
 * memory.
 */
#include "tests/cuda/control.h"
#include "tests/cuda/emulator.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

namespace
{
enum { INVALID = 1, NO_DEVICE = 100, NO_IMAGE = 200, NOT_FOUND = 500 };
enum {
    STOPPED = 3,
    CAPABILITY_MAJOR = 75,
    CAPABILITY_MINOR = 76,
    THREADS = 256
};

const char magic[8] = {'f', 'a', 'k', 'e', 'b', 'i', 'n', '\n'};
int modules;
bool begun;

typedef emulator::Kernel *Bind(void **argument);

bool
is_set(const char *name, const char *value)
{
    const char *set = getenv(name);
    return set != nullptr && strcmp(set, value) == 0;
}

struct Report {
    ~Report()
    {
        if (begun && (modules != 0 || emulator_live() != 0))
            fprintf(stderr, "fake driver: something is not freed\n");
        if (begun && emulator_check() != 0)
            fprintf(stderr, "fake driver: memory is damaged\n");
    }
} report;

/* A shared object of these bytes. Its file stays open: a library is known by its
 * name, which no other may have.
 */
void *
load(const char *bytes, size_t size)
{
    char path[64];
    int file = memfd_create("kernels", 0);
    if (file < 0 || write(file, bytes, size) != static_cast<ssize_t>(size))
        return nullptr;
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr)
        fprintf(stderr, "fake driver: %s\n", dlerror());
    return library;
}
} // namespace

extern "C" {
int
cuInit(unsigned)
{
    const char *fail = getenv("FAKE_CUDA_FAIL");
    if (is_set("FAKE_CUDA", "none"))
        return NO_DEVICE;
    if (is_set("FAKE_CUDA", "stop"))
        return STOPPED;
    begun = true;
    if (fail != nullptr)
        emulator_fail(atol(fail));
    return 0;
}

int
cuGetErrorString(int error, const char **text)
{
    static char own[32];
    snprintf(own, sizeof own, "fake error %d", error);
    *text = own;
    return 0;
}

int
cuDeviceGetCount(int *count)
{
    *count = 1;
    return 0;
}

int
cuDeviceGet(int *device, int number)
{
    *device = number;
    return 0;
}

int
cuDeviceGetName(char *name, int bytes, int)
{
    snprintf(name, static_cast<size_t>(bytes), "a fake");
    return 0;
}

int
cuDeviceTotalMem_v2(size_t *bytes, int)
{
    *bytes = static_cast<size_t>(1) << 30;
    return 0;
}

int
cuDriverGetVersion(int *version)
{
    *version = 13020;
    return 0;
}

int
cuDeviceGetAttribute(int *value, int attribute, int)
{
    *value = attribute == CAPABILITY_MAJOR ? 9 : 0;
    return attribute == CAPABILITY_MAJOR || attribute == CAPABILITY_MINOR
               ? 0
               : INVALID;
}

int
cuDevicePrimaryCtxRetain(void **context, int)
{
    *context = &modules;
    return 0;
}

int
cuCtxSetCurrent(void *context)
{
    return context == &modules ? 0 : INVALID;
}

int
cuCtxSynchronize(void)
{
    return cudaStreamSynchronize(nullptr);
}

int
cuModuleLoadData(void **module, const void *code)
{
    const char *bytes = static_cast<const char *>(code);
    size_t size = 0;
    *module = nullptr;
    if (memcmp(bytes, magic, sizeof magic) == 0) {
        memcpy(&size, bytes + sizeof magic, sizeof size);
        *module = load(bytes + sizeof magic + sizeof size, size);
    }
    modules += *module != nullptr;
    return *module != nullptr ? 0 : NO_IMAGE;
}

int
cuModuleUnload(void *module)
{
    modules--;
    return dlclose(module) == 0 ? 0 : INVALID;
}

int
cuModuleGetFunction(void **function, void *module, const char *name)
{
    char bind[256];
    snprintf(bind, sizeof bind, "bind_%s", name);
    *function = dlsym(module, bind);
    return *function != nullptr ? 0 : NOT_FOUND;
}

int
cuLaunchKernel(void *function, unsigned x, unsigned y, unsigned z,
               unsigned thread_x, unsigned thread_y, unsigned thread_z,
               unsigned shared, void *stream, void **argument, void **extra)
{
    Bind *bind;
    memcpy(&bind, &function, sizeof bind);
    if (y != 1 || z != 1 || thread_x != THREADS || thread_y != 1 ||
        thread_z != 1 || shared != 0 || stream != nullptr || extra != nullptr)
        return INVALID;
    return emulator::launch(x, nullptr, bind(argument));
}

int
cuMemAlloc_v2(uintptr_t *memory, size_t bytes)
{
    void *own = nullptr;
    cudaError_t error = cudaMalloc(&own, bytes);
    *memory = reinterpret_cast<uintptr_t>(own);
    return error;
}

int
cuMemFree_v2(uintptr_t memory)
{
    return cudaFree(reinterpret_cast<void *>(memory));
}

int
cuMemcpyHtoD_v2(uintptr_t to, const void *from, size_t bytes)
{
    return cudaMemcpy(reinterpret_cast<void *>(to), from, bytes,
                      cudaMemcpyHostToDevice);
}

int
cuMemcpyDtoH_v2(void *to, uintptr_t from, size_t bytes)
{
    return cudaMemcpy(to, reinterpret_cast<const void *>(from), bytes,
                      cudaMemcpyDeviceToHost);
}
}
