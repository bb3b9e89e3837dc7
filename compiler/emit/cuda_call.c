/* Products, sums of columns and convolutions as the bodies of kernels.
 *
 * A product is made in tiles, each by the threads of a block together
 * (kernels/flux_gpu_product.h), in tensor cores where --math says so and it is
 * large enough (kernels/flux_gpu_tensor.h). Of the others each thread makes one
 * element.
 */
#include "emit/cuda_print.h"

#include <string.h>

enum {
    TILE = 16,        /* threads along a tile's side */
    TILE_MOST = 4,    /* sums along a thread's side */
    TENSOR_LEAST = 2, /* the same in tensor cores */
    TENSOR_MOST = 8,
    TILE_BLOCKS = 128, /* that keep a device busy */
    TILE_BATCH = 128   /* a named dimension that is not known */
};

/* Rows, columns or terms of a product. */
static int64_t
extent_of(const Printer *printer, const Product *product, int i)
{
    const Schedule *s = printer->s;
    int var = product->var[i];
    Dim dim = var < 0 ? 1 : s->var.item[schedule_var(s, var)].extent;
    return dim_known(dim) ? dim : TILE_BATCH;
}

bool
cuda_is_large(const Printer *printer, const Product *product)
{
    bool large = true;
    for (int i = 0; i < 3; i++)
        large = large && extent_of(printer, product, i) >= CUDA_LARGE;
    return large;
}

/* Whether tensor cores make a product. */
static bool
in_tensor_cores(const Printer *printer, const Product *product)
{
    return printer->math != MATH_exact && product->dtype == DTYPE_f32 &&
           cuda_is_large(printer, product);
}

const char *
cuda_tile_kind(const Printer *printer, const Product *product)
{
    return in_tensor_cores(printer, product) ? "tensor" : "tile";
}

/* As many as leave work for all of the device. All sums of a thread at once
 * have 16 accumulators, but in tensor cores.
 */
int
cuda_tile_side(const Printer *printer, const Product *product)
{
    bool tensor = in_tensor_cores(printer, product);
    int least = tensor ? TENSOR_LEAST : 1;
    int most = tensor                           ? TENSOR_MOST
               : product->order == ORDER_tree16 ? 1
               : product->order == ORDER_split4 ? 2
                                                : TILE_MOST;
    for (int side = most; side > least; side /= 2) {
        int64_t edge = (int64_t)TILE * side;
        int64_t rows = (extent_of(printer, product, 0) + edge - 1) / edge;
        int64_t columns = (extent_of(printer, product, 1) + edge - 1) / edge;
        if (rows * columns >= TILE_BLOCKS)
            return side;
    }
    return least;
}

const char *
cuda_tiles(Printer *printer, const Product *product)
{
    if (product->windows || product->buffer[2] < 0)
        return NULL;
    return arena_printf(printer->arena, "flux_tiles(%d, %s, %s)",
                        cuda_tile_side(printer, product),
                        c_call_count(printer, product->var[0]),
                        c_call_count(printer, product->var[1]));
}

void
cuda_call_nest(const Product *product, Nest *nest)
{
    for (int side = 1; side >= 0; side--) {
        for (int i = product->axes[side]; i-- > 0;)
            nest->var[nest->count++] = product->more[side][i];
        if (product->var[side] >= 0)
            nest->var[nest->count++] = product->var[side];
    }
}

/* Stores a sum, as the end of the product says. */
static void
print_end(Printer *printer, const Product *product, const char *sum)
{
    static const char *const assign[] = {"=", "+=", "-="};
    const char *scale = "";
    if (product->end.kind == END_step)
        scale =
            arena_printf(printer->arena, "%s * ",
                         c_at_least(printer, c_value(printer, product->scale),
                                    PREC_multiply));
    writer_line(printer->writer, "%s %s %s%s;",
                c_load(printer, product->buffer[0], &product->at[0]),
                assign[product->end.kind], scale, sum);
}

static void
print_sum(Printer *printer, const Product *product)
{
    Affine at = product->at[1];
    Dim stride = c_call_stride(printer, &at, product->var[2]);
    print_end(printer, product,
              arena_printf(printer->arena, "flux_sum_%s(%s, %s, %s, %s)",
                           c_suffix(product->dtype), c_order(product->order),
                           c_call_count(printer, product->var[2]),
                           c_pointer(printer, product->buffer[1], &at),
                           c_dim(printer, stride).text));
}

static void
print_windows(Printer *printer, const Product *product)
{
    Affine at[2] = {product->at[1], product->at[2]};
    int terms = product->axes[2] + 1;
    writer_line(printer->writer, "const flux_gpu_axis term[] = {");
    for (int i = 0; i < terms; i++) {
        int var = i == 0 ? product->var[2] : product->more[2][i - 1];
        Dim a = c_call_stride(printer, &at[0], var);
        Dim b = c_call_stride(printer, &at[1], var);
        writer_line(printer->writer, "{%s, %s, %s},",
                    c_call_count(printer, var), c_dim(printer, a).text,
                    c_dim(printer, b).text);
    }
    writer_line(printer->writer, "};");
    print_end(printer, product,
              arena_printf(
                  printer->arena, "flux_gpu_windows_%s(%s, %d, term, %s, %s)",
                  c_suffix(product->dtype), c_order(product->order), terms,
                  c_pointer(printer, product->buffer[1], &at[0]),
                  c_pointer(printer, product->buffer[2], &at[1])));
}

const char *
cuda_product_arguments(Printer *printer, const Product *product)
{
    Affine at[3];
    Dim stride[3][3];
    c_call_strides(printer, product, at, stride);
    return arena_printf(
        printer->arena, "%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s",
        c_call_count(printer, product->var[0]),
        c_call_count(printer, product->var[1]),
        c_call_count(printer, product->var[2]),
        c_pointer(printer, product->buffer[1], &at[1]),
        c_dim(printer, stride[1][0]).text, c_dim(printer, stride[1][2]).text,
        c_pointer(printer, product->buffer[2], &at[2]),
        c_dim(printer, stride[2][2]).text, c_dim(printer, stride[2][1]).text,
        c_pointer(printer, product->buffer[0], &at[0]),
        c_dim(printer, stride[0][0]).text, c_dim(printer, stride[0][1]).text);
}

static void
print_product(Printer *printer, const Product *product, const char *tile)
{
    static const char *const ends[] = {"FLUX_SET", "FLUX_ADD", "FLUX_STEP"};
    static const char *const maths[] = {NULL, "tf32", "bf16"};
    Arena *arena = printer->arena;
    const char *suffix = c_suffix(product->dtype);
    const char *kind = "tensor_tile";
    const char *order = "";
    const char *scale = "0";
    if (product->end.kind == END_step)
        scale = c_value(printer, product->scale).text;
    if (in_tensor_cores(printer, product)) {
        suffix = maths[printer->math];
    } else {
        kind = arena_printf(arena, "tile_%s", suffix);
        order = arena_printf(arena, "%s, ", c_order(product->order));
    }
    writer_line(printer->writer, "FLUX_SHARED(flux_%s, shared);", kind);
    writer_line(printer->writer, "const flux_product_end end = {%s, %s};",
                ends[product->end.kind], scale);
    writer_line(printer->writer,
                "flux_gpu_product_%s(shared, %s%d, %s, %s, end);", suffix,
                order, cuda_tile_side(printer, product), tile,
                cuda_product_arguments(printer, product));
}

void
cuda_call(Printer *printer, const Stmt *stmt, const char *tile)
{
    const Product *product = stmt->product;
    if (tile != NULL)
        print_product(printer, product, tile);
    else if (product->windows)
        print_windows(printer, product);
    else
        print_sum(printer, product);
}
