/* A model's CUDA: the functions of its C, as kernels and what launches them.
 *
 * The header has been written for C; each function is declared a second time
 * behind that. Kernels and the tables that they read come first in the source,
 * then the host's part, which NVRTC does not compile.
 */
#include "emit/c_emit.h"

bool
emit_device(Emit *emit)
{
    Writer *source = &emit->source;
    emit->device = true;
    writer_init(source, emit->arena);
    writer_init(&emit->device_part, emit->arena);
    c_file_head(emit, source, ".cu", true);
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
                     "flux_work's stream, or on the default one.",
                     emit->model->base));
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
