/* --arch: the kernels of a .cu are compiled by NVRTC before the file is
 * written, so that what a device could not run is told here, without nvcc or a
 * GPU.
 */
#include "engine/nvrtc.h"
#include "main/commands.h"

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
