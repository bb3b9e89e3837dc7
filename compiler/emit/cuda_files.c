/* A model's CUDA: the functions of its C, as kernels and what launches them.
 *
 * The header has been written for C; each function is declared a second time
 * behind that. Kernels and the tables that they read come first in the source,
 * then the host's part, which NVRTC does not compile.
 */
#include "emit/c_emit.h"
#include "emit/cuda_print.h"

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
        "--math %s: products of at least %d rows, columns and terms, where a "
        "number of samples counts as enough, are made in tensor cores, of "
        "sm_80 or later. Their operands are rounded to %d bits, which is a "
        "relative error of 2^-%d for each, and their sums are floats, added "
        "in an order of the device's own. So results are near those of the C, "
        "and the same in every run on a device. All else is exact.",
        name[math], CUDA_TENSOR, bits[math], bits[math]);
}

bool
emit_device(Emit *emit)
{
    Writer *source = &emit->source;
    emit->device = true;
    writer_init(source, emit->arena);
    writer_init(&emit->device_part, emit->arena);
    c_file_head(emit, source, ".cu", true);
    const char *math = math_text(emit);
    if (*math != 0) {
        writer_raw(source, "\n");
        writer_comment(source, math);
    }
    emit->kernels = source->size;
    writer_raw(source, "\n");
    writer_line(source, "#include \"%s.h\"", emit->model->base);
    writer_raw(source, "\n#include <string.h>\n");
    size_t kernels = source->size;
    writer_raw(source, "\n#ifndef __CUDACC_RTC__ /* the host's part */\n");
    writer_raw(&emit->header, "\n");
    writer_comment(
        &emit->header,
        arena_printf(emit->arena,
                     "The same on a GPU, in %s.cu. All pointers but the "
                     "flux_work are to its memory; work is queued on the "
                     "flux_work's stream, or on the default one.%s%s",
                     emit->model->base, *math != 0 ? " " : "", math));
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
