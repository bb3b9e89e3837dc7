/* Compiles a graph for the device, and runs it there.
 *
 * Its arrays and its arena are one piece of the device's memory, which is kept
 * from run to run and grows.
 */
#define _POSIX_C_SOURCE 200809L
#include "engine/cuda.h"

#include "kernels/flux_gpu_stream.h"

#include "emit/emit.h"
#include "engine/build.h"
#include "engine/cache.h"
#include "engine/driver.h"
#include "engine/library.h"
#include "engine/nvrtc.h"
#include "engine/operands.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PLACE_ALIGN = 256 }; /* bytes */

typedef int RunFunction(const void *const *leaf, void *const *out,
                        const size_t *dims, uint64_t seed, void *arena,
                        const flux_gpu_stream *stream);
typedef size_t ArenaFunction(const size_t *dims);

struct Cuda {
    const Graph *graph;
    const Driver *driver;
    void *library;
    RunFunction *run;
    ArenaFunction *arena;
    void *module;
    DevicePointer memory;
    size_t bytes;
};

/* A text, as C strings and files have it. */
typedef struct {
    char *text;
    size_t size;
} Text;

const char *
engine_cuda_missing(void)
{
    const char *missing;
    if (driver_get(&missing) == NULL)
        return missing;
    if (!nvrtc_available())
        return "NVRTC, the library libnvrtc.so, is not there";
    return engine_native_available() ? NULL : "there is no C compiler";
}

/* The kernels' code, from the cache if it is there. */
static const char *
compile_kernels(Arena *arena, const Text *kernels, const char *architecture,
                const char *cached, NvrtcResult *result)
{
    *result = (NvrtcResult){.log = ""};
    if (cached != NULL && cache_has(cached))
        result->code = cache_read(arena, cached, &result->bytes);
    if (result->code != NULL)
        return NULL;
    const char *problem =
        nvrtc_compile(arena, kernels->text, NULL, architecture, result);
    if (problem == NULL && cached != NULL)
        cache_write(arena, cached, result->code, result->bytes);
    return problem;
}

/* What the cache keeps may be damaged: it is compiled again then. */
static const char *
load_kernels(Cuda *cuda, Arena *arena, const Text *kernels, bool no_cache)
{
    const char *architecture = cuda->driver->architecture;
    const char *cached =
        no_cache ? NULL
                 : cache_path(arena, nvrtc_how(arena, architecture),
                              kernels->text, kernels->size, ".cubin");
    for (bool again = false;; again = true) {
        NvrtcResult result;
        bool kept = cached != NULL && cache_has(cached);
        const char *problem =
            compile_kernels(arena, kernels, architecture, cached, &result);
        if (problem != NULL)
            return problem;
        int error = cuda->driver->ModuleLoadData(&cuda->module, result.code);
        if (error == 0 || !kept || again)
            return driver_error(arena, "the kernels cannot be loaded", error);
        unlink(cached);
    }
}

static const char *
load(Cuda *cuda, Arena *arena, const Text *kernels, const Text *host,
     bool no_cache)
{
    const char *problem =
        build_library(arena, host->text, host->size, no_cache, &cuda->library);
    if (problem != NULL)
        return problem;
    library_function(cuda->library, "fluxc_run", &cuda->run);
    library_function(cuda->library, "fluxc_arena", &cuda->arena);
    return load_kernels(cuda, arena, kernels, no_cache);
}

/* Writes both texts; false where something was reported. */
static bool
print(Context *context, const Graph *graph, const PassOptions *pass,
      Text *kernels, Text *host)
{
    FILE *first = open_memstream(&kernels->text, &kernels->size);
    FILE *second = open_memstream(&host->text, &host->size);
    if (first == NULL || second == NULL)
        base_out_of_memory();
    bool fine = emit_raw_cuda(context, graph, pass, first, second);
    base_close_memory(first, &kernels->text);
    base_close_memory(second, &host->text);
    return fine;
}

Cuda *
cuda_compile(Context *context, const Graph *graph, const EngineOptions *options,
             const char **problem)
{
    PassOptions defaults = {0};
    Text kernels = {0};
    Text host = {0};
    const char *missing;
    size_t limit = arena_lift(&context->arena);
    Cuda *cuda = base_alloc(sizeof *cuda);
    *cuda = (Cuda){.graph = graph, .driver = driver_get(&missing)};
    bool fine =
        print(context, graph, options->pass != NULL ? options->pass : &defaults,
              &kernels, &host);
    *problem = NULL;
    if (fine)
        *problem =
            load(cuda, &context->arena, &kernels, &host, options->no_cache);
    free(kernels.text);
    free(host.text);
    context->arena.limit = limit;
    if (fine && *problem == NULL)
        return cuda;
    cuda_free(cuda);
    return NULL;
}

void
cuda_free(Cuda *cuda)
{
    if (cuda == NULL)
        return;
    if (cuda->memory != 0)
        cuda->driver->MemFree_v2(cuda->memory);
    if (cuda->module != NULL)
        cuda->driver->ModuleUnload(cuda->module);
    library_close(cuda->library);
    free(cuda);
}

static int
launch(void *user, const char *kernel, unsigned blocks, void **argument)
{
    const Cuda *cuda = user;
    void *function = NULL;
    int error =
        cuda->driver->ModuleGetFunction(&function, cuda->module, kernel);
    if (error != 0)
        return error;
    return cuda->driver->LaunchKernel(function, blocks, 1, 1, FLUX_THREADS, 1,
                                      1, 0, NULL, argument, NULL);
}

/* The arrays of a run, on both sides. */
typedef struct {
    size_t leaves;
    size_t outputs;
    size_t *bytes; /* of the leaves, then of the outputs */
    void **place;  /* offsets first, then addresses */
    size_t total;
} Places;

static size_t
tensor_bytes(const Tensor *t)
{
    return (size_t)tensor_count(t) * dtype_size(t->dtype);
}

static void
take_place(Places *p, size_t number, size_t bytes)
{
    p->bytes[number] = bytes;
    p->place[number] = (void *)p->total;
    p->total += (bytes + PLACE_ALIGN - 1) / PLACE_ALIGN * PLACE_ALIGN;
}

/* A next value is made where the old one is. */
static void
find_places(const Graph *g, Arena *arena, const Tensor *const *value,
            const Tensor *result, Places *p)
{
    p->leaves = g->leaf.count;
    p->outputs = g->output.count;
    p->bytes = ARENA_ARRAY(arena, size_t, p->leaves + p->outputs + 1);
    p->place = ARENA_ARRAY(arena, void *, p->leaves + p->outputs + 1);
    for (size_t i = 0; i < p->leaves; i++)
        take_place(p, i, tensor_bytes(value[i]));
    for (size_t o = 0; o < p->outputs; o++) {
        size_t own = p->leaves + o;
        size_t from = own;
        for (size_t i = 0; i < p->leaves; i++) {
            if (g->output.item[o].next == g->leaf.item[i])
                from = i;
        }
        if (from == own)
            take_place(p, own, tensor_bytes(&result[o]));
        p->bytes[own] = tensor_bytes(&result[o]);
        p->place[own] = p->place[from];
    }
}

/* Memory for all of it, with the arena behind the arrays. */
static const char *
take_memory(Cuda *cuda, Arena *arena, Places *p, size_t more)
{
    size_t bytes = p->total + more + PLACE_ALIGN;
    if (bytes > cuda->bytes) {
        if (cuda->memory != 0)
            cuda->driver->MemFree_v2(cuda->memory);
        cuda->memory = 0;
        cuda->bytes = 0;
        int error = cuda->driver->MemAlloc_v2(&cuda->memory, bytes);
        if (error != 0)
            return driver_error(arena, "the GPU's memory does not suffice",
                                error);
        cuda->bytes = bytes;
    }
    for (size_t i = 0; i < p->leaves + p->outputs; i++)
        p->place[i] = (void *)(cuda->memory + (uintptr_t)p->place[i]);
    return NULL;
}

static int
copy_in(const Cuda *cuda, const Places *p, const Operands *operands)
{
    int error = 0;
    for (size_t i = 0; i < p->leaves && error == 0; i++) {
        if (p->bytes[i] > 0)
            error = cuda->driver->MemcpyHtoD_v2((DevicePointer)p->place[i],
                                                operands->leaf[i], p->bytes[i]);
    }
    return error;
}

static int
copy_out(const Cuda *cuda, const Places *p, const Operands *operands)
{
    int error = 0;
    for (size_t o = 0; o < p->outputs && error == 0; o++) {
        size_t own = p->leaves + o;
        if (p->bytes[own] > 0)
            error = cuda->driver->MemcpyDtoH_v2(
                operands->out[o], (DevicePointer)p->place[own], p->bytes[own]);
    }
    return error;
}

const char *
cuda_run(Cuda *cuda, const Tensor *const *value, const RunOptions *options,
         Arena *arena, Tensor *result)
{
    Places places = {0};
    Operands operands;
    const char *problem =
        operands_prepare(cuda->graph, value, options, arena, result, &operands);
    if (problem != NULL)
        return problem;
    find_places(cuda->graph, arena, value, result, &places);
    problem = take_memory(cuda, arena, &places, cuda->arena(operands.dims));
    if (problem != NULL)
        return problem;
    const flux_gpu_stream stream = {launch, cuda};
    int error = copy_in(cuda, &places, &operands);
    if (error != 0)
        return driver_error(arena, "nothing can be copied to the GPU", error);
    error =
        cuda->run((const void *const *)places.place,
                  places.place + places.leaves, operands.dims, options->seed,
                  (void *)(cuda->memory + places.total), &stream);
    if (error != 0)
        return driver_error(arena, "a kernel cannot be launched", error);
    error = cuda->driver->CtxSynchronize();
    if (error == 0)
        error = copy_out(cuda, &places, &operands);
    return driver_error(arena, "the GPU failed", error);
}
