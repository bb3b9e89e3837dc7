/* Products by cublasLt (--gemm cublaslt): the launch of such a kernel becomes a
 * choice between it and a call of the library (kernels/flux_gpu_gemm.h).
 *
 * The library takes what is large enough for tensor cores, whole, and stored or
 * added where it is, with no epilogue of ours: what is done with its elements
 * is a kernel of its own. A training step's product, whose factor is in the
 * device's memory, stays ours.
 */
#include "emit/cuda/cuda_print.h"

/* Whether an operand of `rows` by other things is a matrix of the library's:
 * one step is 1, and the other leaves room for a line.
 */
static bool
is_matrix(const Printer *printer, const Product *product, const Dim *stride,
          const int axis[2])
{
    for (int i = 0; i < 2; i++) {
        const Schedule *s = printer->s;
        int var = schedule_var(s, product->var[axis[i]]);
        Dim line = s->var.item[var].extent;
        Dim step = stride[axis[1 - i]];
        if (stride[axis[i]] == 1 && dim_known(line) && dim_known(step) &&
            step >= line)
            return true;
    }
    return false;
}

bool
cuda_gemm(Printer *printer, const Product *product)
{
    static const int axis[3][2] = {{0, 1}, {0, 2}, {1, 2}};
    Affine at[3];
    Dim stride[3][3];
    if (printer->gemm == NULL || product->windows || product->buffer[2] < 0 ||
        product->dtype != DTYPE_f32 || product->end.kind == END_step ||
        product->axes[0] + product->axes[1] + product->axes[2] > 0 ||
        !cuda_is_large(printer, product))
        return false;
    c_call_strides(printer, product, at, stride);
    for (int i = 0; i < 3; i++)
        if (!is_matrix(printer, product, stride[i], axis[i]))
            return false;
    return true;
}

const char *
cuda_gemm_launch(Printer *printer, const Product *product, const char *launch)
{
    static const char *const compute[] = {"CUBLAS_COMPUTE_32F",
                                          "CUBLAS_COMPUTE_32F_FAST_TF32",
                                          "CUBLAS_COMPUTE_32F_FAST_16BF"};
    return arena_printf(
        printer->arena,
        "%s != NULL ? flux_gemm_product(%s, stream, %s, %s, %s) : %s",
        printer->gemm, printer->gemm, compute[printer->math],
        cuda_product_arguments(printer, product),
        product->end.kind == END_add ? "1" : "0", launch);
}

void
cuda_gemm_declare(const Function *f, Writer *writer)
{
    const Printer *printer = &f->printer;
    const char *sizes = printer->dim_text[0];
    for (int i = 1; i < printer->s->dims->symbols; i++)
        sizes = arena_printf(printer->arena, "%s * %s", sizes,
                             printer->dim_text[i]);
    writer_line(writer, "const flux_gemm *%s = FLUX_GEMM_OF(%s, %s);",
                printer->gemm, f->work, sizes);
}
