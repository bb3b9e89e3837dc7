/* The kernels' headers that a text needs: those of which it names something.
 *
 * Products bring the machine's intrinsics along, which take a C compiler longer
 * than all the rest of a small model.
 */
#include "emit/c/c_emit.h"

#include <string.h>

enum { HEADERS = 10, NAMES = 6 }; /* a NULL behind the last */

typedef struct {
    const char *header;
    const char *name[NAMES]; /* how its names begin */
} Header;

static const Header kernels[TARGETS][HEADERS] = {
    {{"kernels/flux_math.h", {""}},
     {"kernels/flux_isa.h",
      {"FLUX_BODY", "FLUX_SELDOM", "FLUX_CALLS", "flux_best_isa"}},
     {"kernels/flux_sum.h", {"flux_sum_", "flux_join_", "flux_maximum_"}},
     {"kernels/flux_rows.h", {"flux_row_", "flux_turn_"}},
     {"kernels/flux_product.h",
      {"flux_product_", "flux_sums_", "flux_panels_"}},
     {"kernels/flux_windows.h", {"flux_windows_"}},
     {"kernels/flux_maxima.h", {"flux_maxima_"}},
     {"kernels/flux_scatter.h", {"flux_scatter_"}},
     {"kernels/flux_random.h",
      {"flux_uniform", "flux_normal", "flux_draw", "flux_philox"}}},
    {{"kernels/flux_gpu.h", {""}},
     {"kernels/flux_gpu_product.h",
      {"flux_tile", "flux_gpu_windows_", "flux_gpu_sum", "flux_gpu_max",
       "flux_gpu_argmax_"}},
     {"kernels/flux_gpu_tensor.h", {"flux_tensor_"}},
     {"kernels/flux_gpu_grid.h", {"flux_grid "}},
     {"kernels/flux_gpu_gemm.h", {"flux_gemm_"}},
     {"kernels/flux_gpu_device.h", {"flux_device_"}},
     {"kernels/flux_gpu_session.h", {"FLUX_DEVICE_CALLS"}},
     {"kernels/flux_random.h",
      {"flux_uniform", "flux_normal", "flux_draw", "flux_philox"}},
     {"flux_device.h", {"const flux_device "}}}};

/* What ends in an optimiser's step, in C. */
static const char *const products[NAMES] = {"flux_product_", "flux_sums_",
                                            "flux_scatter_"};

/* The optimisers of flux_sum.h. */
static const struct {
    const char *call; /* a part of what is called */
    const char *name;
} optimisers[] = {{"_sgd_f", "FLUX_SGD"},
                  {"_momentum_f", "FLUX_MOMENTUM"},
                  {"_rmsprop_f", "FLUX_RMSPROP"},
                  {"_adam_f", "FLUX_ADAM"},
                  {"_adamw_f", "FLUX_ADAMW"}};

/* Products with epilogues. */
static const char *const epilogues[] = {
    "flux_product_bias_",  "flux_product_relu_",
    "flux_product_sigma_", "flux_product_tanh_",
    "flux_product_drelu_", "flux_product_dsigma_",
    "flux_product_dtanh_", NULL};

/* Those that a text needs, as a constant of C. */
static const char *
optimisers_of(Arena *arena, const char *text)
{
    const char *all = "";
    for (size_t i = 0; i < sizeof optimisers / sizeof *optimisers; i++) {
        if (strstr(text, optimisers[i].call) != NULL)
            all = arena_printf(arena, "%s%s1 << %s", all,
                               *all != 0 ? " | " : "", optimisers[i].name);
    }
    return *all != 0 ? all : "0";
}

static bool
names_any(const char *text, const char *const *name)
{
    for (int i = 0; name[i] != NULL; i++) {
        if (strstr(text, name[i]) != NULL)
            return true;
    }
    return false;
}

void
c_kernels(Writer *writer, size_t at, const EmitOptions *options)
{
    const Header *header = kernels[options->target];
    bool pasted = options->standalone;
    const char *used[HEADERS + 1] = {NULL};
    int count = 0;
    for (int i = 0; i < HEADERS && header[i].header != NULL; i++) {
        if (names_any(writer->text + at, header[i].name))
            used[count++] = header[i].header;
    }
    Writer text;
    writer_init(&text, writer->arena);
    if (options->fast)
        writer_line(&text, "#define FLUX_FAST /* not exact: flux_fp.h */");
    if (pasted) {
        writer_line(&text, "#define FLUX_KERNELS_HERE 1 /* no libflux.a */");
        if (names_any(writer->text + at, products)) {
            writer_line(&text, "#define FLUX_USED_OPTIMISERS (%s)",
                        optimisers_of(writer->arena, writer->text + at));
            writer_line(&text, "#define FLUX_USED_EPILOGUES %d",
                        names_any(writer->text + at, epilogues));
        }
        emit_pasted(&text, used);
    }
    for (int i = 0; i < count && !pasted; i++)
        writer_line(&text, "#include \"%s\"", used[i]);
    writer_insert(writer, at, text.text, text.size);
}
