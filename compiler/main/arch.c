/* --arch: the kernels of a .cu are compiled by NVRTC before the file is
 * written, so that what a device could not run is told here, without nvcc or a
 * GPU; where --math needs a later one, without NVRTC, too.
 */
#include "engine/nvrtc.h"
#include "main/commands.h"

#include <stdlib.h>
#include <string.h>

enum { TENSOR_CORES = 80 };

bool
check_architecture(const Options *o, Context *context)
{
    static const char *const name[] = {"exact", "tf32", "bf16"};
    if (o->arch == NULL || o->emit.math == MATH_exact ||
        strtol(o->arch + strlen("sm_"), NULL, 10) >= TENSOR_CORES)
        return true;
    diag_add(&context->diags, DIAG_tensor, (Span){0},
             "--math %s needs sm_%d or later, not %s", name[o->emit.math],
             TENSOR_CORES, o->arch);
    return false;
}

bool
check_kernels(Context *context, const char *arch, const FileText *header,
              const FileText *source)
{
    const EmbeddedFile own[] = {{source_name(header->path), header->text},
                                {NULL, NULL}};
    NvrtcResult result;
    const char *problem =
        nvrtc_compile(&context->arena, source->text, own, arch, &result);
    if (problem == NULL)
        return true;
    diag_add(&context->diags, DIAG_engine, (Span){0}, "%s for %s: %s",
             source_name(source->path), arch, problem);
    return false;
}
