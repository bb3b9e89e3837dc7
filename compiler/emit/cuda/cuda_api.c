/* The functions of a model that no schedule says, in CUDA: update, a trainer's
 * init, parameters from tables. Each parameter is a kernel.
 */
#include "emit/c/c_emit.h"
#include "emit/cuda/cuda_print.h"

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
    cuda_launch(writer, "",
                arena_printf(writer->arena, "FLUX_EACH(%s, %lld, stream, %s)",
                             name, count < 0 ? 1 : count, actual));
}

/* The elements of a parameter, or -1 of a scalar. */
static long long
elements(const Emit *emit, int param)
{
    return emit->model->param[param].rank == 0 ? -1
                                               : c_param_count(emit, param);
}

/* A kernel and its launch for each of some parameters. */
typedef struct {
    const char *name; /* to which its number is added */
    const char *formal;
    const char *actual;
    void (*element)(const Emit *emit, Writer *writer, int param);
} ParamKernel;

static void
param_launch(Emit *emit, Writer *launches, const ParamKernel *kernel, int param)
{
    Writer body;
    if (elements(emit, param) == 0)
        return;
    writer_init(&body, emit->arena);
    body.depth = 1;
    kernel->element(emit, &body, param);
    const char *name =
        arena_printf(emit->arena, "%s%d", kernel->name, param + 1);
    plain_kernel(&emit->device_part, name, kernel->formal,
                 elements(emit, param), &body);
    plain_launch(launches, name, kernel->actual, elements(emit, param));
}

void
cuda_init_copies(Emit *emit, Function *f, const bool *tabled)
{
    const ParamKernel kernel = {arena_printf(emit->arena, "%s_copy", f->name),
                                arena_printf(emit->arena, "%s *m", emit->name),
                                "m", c_init_copy};
    Writer launches;
    writer_init(&launches, emit->arena);
    launches.depth = 1;
    for (int i = 0; i < emit->model->params; i++) {
        if (tabled[i])
            param_launch(emit, &launches, &kernel, i);
    }
    f->launches = launches.size > 0 ? launches.text : NULL;
    cuda_function_define(f);
}

/* m -= eta * g; g = 0 for an element i of a parameter. */
static void
update_element(const Emit *emit, Writer *writer, int i)
{
    const char *at = emit->model->param[i].rank == 0 ? "" : "[i]";
    writer_line(writer, "m->%s%s -= eta * g->%s%s;", emit->param[i]->path, at,
                emit->grad[i]->path, at);
    writer_line(writer, "g->%s%s = %s;", emit->grad[i]->path, at,
                c_number(emit->arena, emit->model->dtype, 0));
}

const char *
cuda_update(Emit *emit, const char *formal)
{
    const ParamKernel kernel = {
        arena_printf(emit->arena, "%s_update_cuda_", emit->name), formal,
        "m, g, eta", update_element};
    Writer launches;
    writer_init(&launches, emit->arena);
    launches.depth = 1;
    for (int i = 0; i < emit->model->params; i++) {
        if (emit->grad[i] != NULL)
            param_launch(emit, &launches, &kernel, i);
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
    plain_kernel(&emit->device_part,
                 arena_printf(emit->arena, "%s_init_cuda_1", name), formal, -1,
                 &body);
    writer_raw(&emit->header, "\n/* Zero moments, the source's eta. */\n");
    writer_line(&emit->header, "flux_status %s_init_cuda(%s);", name, formal);
    writer_raw(writer, "\nflux_status\n");
    writer_line(writer, "%s_init_cuda(%s)", name, formal);
    writer_line(writer, "{");
    writer_raw(writer, "    if (s == NULL)\n        return FLUX_E_NULL;\n");
    Writer launches;
    writer_init(&launches, emit->arena);
    launches.depth = 1;
    cuda_launch(&launches, "", "cudaMemsetAsync(s, 0, sizeof *s, stream)");
    plain_launch(&launches, arena_printf(emit->arena, "%s_init_cuda_1", name),
                 "s, seed", -1);
    cuda_launches(writer, NULL, launches.text);
    writer_line(writer, "}");
}
