/* The functions of a model that no schedule says, in CUDA: update, a trainer's
 * init, parameters from tables. Each parameter is a kernel.
 */
#include "emit/c_emit.h"
#include "emit/cuda_print.h"

/* A kernel whose threads each do the lines of a body for an element i. */
static void
plain_kernel(Writer *writer, const char *name, const char *formal,
             long long count, const Writer *body)
{
    writer_raw(writer, "\nstatic __global__ void\n");
    writer_line(writer, "%s(%s)", name, formal);
    writer_line(writer, "{");
    if (count >= 0)
        writer_line(writer, "const size_t i = flux_thread();");
    cuda_guard(writer, count >= 0 ? "i" : "flux_thread()",
               arena_printf(writer->arena, "%lld", count < 0 ? 1 : count));
    writer_raw(writer, body->text);
    writer_line(writer, "}");
}

static void
plain_launch(Writer *writer, const char *name, const char *actual,
             long long count)
{
    writer_line(writer, "if (error == cudaSuccess)");
    writer->depth++;
    writer_line(writer, "error = FLUX_EACH(%s, %lld, stream, %s);", name,
                count < 0 ? 1 : count, actual);
    writer->depth--;
}

/* The elements of a parameter, or -1 of a scalar. */
static long long
elements(const Emit *emit, int param)
{
    return emit->model->param[param].rank == 0 ? -1
                                               : c_param_count(emit, param);
}

void
cuda_init_copies(Emit *emit, Function *f, const bool *tabled)
{
    Writer launches;
    writer_init(&launches, emit->arena);
    launches.depth = 1;
    for (int i = 0; i < emit->model->params; i++) {
        if (!tabled[i])
            continue;
        Writer body;
        writer_init(&body, emit->arena);
        body.depth = 1;
        c_init_copy(emit, &body, i);
        const char *name =
            arena_printf(emit->arena, "%s_copy%d", f->name, i + 1);
        plain_kernel(&emit->source, name,
                     arena_printf(emit->arena, "%s *m", emit->name),
                     elements(emit, i), &body);
        plain_launch(&launches, name, "m", elements(emit, i));
    }
    f->launches = launches.size > 0 ? launches.text : NULL;
    cuda_function_define(f);
}

const char *
cuda_update(Emit *emit, const char *formal)
{
    Writer launches;
    writer_init(&launches, emit->arena);
    launches.depth = 1;
    for (int i = 0; i < emit->model->params; i++) {
        if (emit->grad[i] == NULL)
            continue;
        Writer body;
        writer_init(&body, emit->arena);
        body.depth = 1;
        c_update_element(emit, &body, i);
        const char *name =
            arena_printf(emit->arena, "%s_update_cuda_%d", emit->name, i + 1);
        plain_kernel(&emit->source, name, formal, elements(emit, i), &body);
        plain_launch(&launches, name, "m, g, eta", elements(emit, i));
    }
    return launches.text;
}

void
cuda_trainer_init(Emit *emit, const Trainer *trainer)
{
    Writer *writer = &emit->source;
    const char *name = trainer->name;
    const char *formal =
        arena_printf(emit->arena, "%s *s, uint64_t seed", name);
    Writer body;
    writer_init(&body, emit->arena);
    body.depth = 1;
    writer_line(
        &body, "s->eta = %s;",
        c_number(emit->arena, emit->model->dtype, trainer->trainer->eta));
    writer_line(&body, "s->seed = seed;");
    plain_kernel(writer, arena_printf(emit->arena, "%s_init_cuda_1", name),
                 formal, -1, &body);
    writer_raw(&emit->header, "\n/* Zero moments, the source's eta. */\n");
    writer_line(&emit->header, "flux_status %s_init_cuda(%s);", name, formal);
    writer_raw(writer, "\nflux_status\n");
    writer_line(writer, "%s_init_cuda(%s)", name, formal);
    writer_line(writer, "{");
    writer_raw(writer, "    if (s == NULL)\n        return FLUX_E_NULL;\n");
    writer_line(writer, "cudaStream_t stream = NULL;");
    writer_line(writer, "cudaError_t error = "
                        "cudaMemsetAsync(s, 0, sizeof *s, stream);");
    plain_launch(writer, arena_printf(emit->arena, "%s_init_cuda_1", name),
                 "s, seed", -1);
    writer_line(writer, "return FLUX_GPU_STATUS(error);");
    writer_line(writer, "}");
}
