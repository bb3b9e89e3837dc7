/* A model's CUDA: the functions of its C, as kernels and what launches them.
 *
 * The header has been written for C; each function is declared a second time
 * behind that. Kernels and the tables that they read come first in the source,
 * then the host's part, which NVRTC does not compile.
 */
#include "emit/c/c_emit.h"
#include "emit/cuda/cuda_print.h"

static const char large[] =
    "of at least %d rows, columns and terms, where a number of samples counts "
    "as enough,";

/* What --math means for accuracy; of `exact`, nothing. */
static const char *
math_text(const Emit *emit)
{
    static const char *const name[] = {"exact", "tf32", "bf16"};
    static const int bits[] = {24, 11, 8};
    EmitMath math = emit->options->math;
    if (math == MATH_exact)
        return "";
    return arena_printf(
        emit->arena,
        "--math %s: products %s are made in tensor cores, of sm_80 or later. "
        "Their operands are rounded to %d bits, which is a relative error of "
        "2^-%d for each, and their sums are floats, added in an order of the "
        "device's own. So results are near those of the C, and the same in "
        "every run on a device. All else is exact.",
        name[math], arena_printf(emit->arena, large, CUDA_LARGE), bits[math],
        bits[math]);
}

/* What --gemm means; of `own`, nothing. */
static const char *
gemm_text(const Emit *emit)
{
    if (!emit->options->cublaslt)
        return "";
    return arena_printf(
        emit->arena,
        "--gemm cublaslt: products %s may be made by cublasLt (link with "
        "-lcublasLt): in calls whose flux_work has a flux_gemm "
        "(kernels/flux_gpu_gemm.h), as that of create. Sums are floats then, "
        "added in an order of the library's own, which may depend on the "
        "number of samples. So results are near those of the C.",
        arena_printf(emit->arena, large, CUDA_LARGE));
}

/* Adds a comment, if it is any, to the source; the header's goes on with it. */
static const char *
add_comment(Emit *emit, const char *header, const char *comment)
{
    if (*comment == 0)
        return header;
    writer_raw(&emit->source, "\n");
    writer_comment(&emit->source, comment);
    return arena_printf(emit->arena, "%s %s", header, comment);
}

bool
emit_device(Emit *emit)
{
    Writer *source = &emit->source;
    emit->device = true;
    writer_init(source, emit->arena);
    writer_init(&emit->device_part, emit->arena);
    c_file_head(emit, source, ".cu", true);
    const char *comment = arena_printf(
        emit->arena,
        "The same on a GPU, in %s.cu. All pointers but the flux_work are to "
        "its memory; work is queued on the flux_work's stream, or on the "
        "default one.",
        emit->model->base);
    comment = add_comment(emit, comment, math_text(emit));
    comment = add_comment(emit, comment, gemm_text(emit));
    emit->kernels = source->size;
    writer_raw(source, "\n");
    writer_line(source, "#include \"%s.h\"", emit->model->base);
    writer_raw(source, "\n#include <string.h>\n");
    size_t kernels = source->size;
    writer_raw(source, "\n#ifndef __CUDACC_RTC__ /* the host's part */\n");
    writer_raw(&emit->header, "\n");
    writer_comment(&emit->header, comment);
    if (!emit_functions(emit))
        return false;
    if (emit->describable)
        emit_model_table(emit);
    if (!emit_trainers(emit))
        return false;
    cuda_device(emit);
    if (emit->describable)
        cuda_describe(emit);
    writer_raw(source, "\n#endif\n");
    writer_insert(source, kernels, emit->device_part.text,
                  emit->device_part.size);
    return true;
}
