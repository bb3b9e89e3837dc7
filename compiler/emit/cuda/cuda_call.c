/* Products, sums of columns and convolutions as the bodies of kernels.
 *
 * A product is made in tiles, each by the threads of a block together
 * (kernels/flux_gpu_product.h), in tensor cores where --math says so and it is
 * large enough (kernels/flux_gpu_tensor.h). Of the others each thread makes one
 * element.
 */
#include "emit/cuda/cuda_print.h"

#include <string.h>

enum {
    TILE = 16,        /* threads along a tile's side */
    TILE_MOST = 4,    /* sums along a thread's side */
    TILE_SUMS = 16,   /* accumulators of a thread, at most */
    LINE_TERMS = 32,  /* of sums of columns that are worth a block's threads */
    TENSOR_LEAST = 2, /* as TILE_MOST, in tensor cores */
    TENSOR_MOST = 8,
    TENSOR_BLOCKS = 128, /* that keep a device busy */
    TILE_BATCH = 128     /* a named dimension that is not known */
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

bool
cuda_in_tensor_cores(const Printer *printer, const Product *product)
{
    return printer->math != MATH_exact && product->buffer[2] >= 0 &&
           product->dtype == DTYPE_f32 && cuda_is_large(printer, product);
}

/* As many as leave work for all of the device. */
int
cuda_tensor_side(const Printer *printer, const Product *product)
{
    for (int side = TENSOR_MOST; side > TENSOR_LEAST; side /= 2) {
        int64_t edge = (int64_t)TILE * side;
        int64_t rows = (extent_of(printer, product, 0) + edge - 1) / edge;
        int64_t columns = (extent_of(printer, product, 1) + edge - 1) / edge;
        if (rows * columns >= TENSOR_BLOCKS)
            return side;
    }
    return TENSOR_LEAST;
}

/* How many elements along a side of a tile a thread may make: those that there
 * are, of which all lanes are accumulators.
 */
static int
most_along(const Printer *printer, const Product *product, int i)
{
    const Schedule *s = printer->s;
    int lanes = product->order == ORDER_tree16   ? 16
                : product->order == ORDER_split4 ? 4
                                                 : 1;
    int var = product->var[i];
    Dim extent = var < 0 ? 1 : s->var.item[schedule_var(s, var)].extent;
    int most = TILE_MOST;
    while (most > 1 && dim_known(extent) && extent <= (int64_t)most / 2 * TILE)
        most /= 2;
    int other = i == 0 ? 1 : most_along(printer, product, 0);
    while (most > 1 && most * other * lanes > TILE_SUMS)
        most /= 2;
    return most;
}

/* "down, across" of the tiles of a product. */
static const char *
most_of(const Printer *printer, const Product *product)
{
    return arena_printf(printer->arena, "%d, %d",
                        most_along(printer, product, 0),
                        most_along(printer, product, 1));
}

/* Whether the threads of a block bring the terms of sums of columns together.
 */
static bool
is_line(const Printer *printer, const Product *product)
{
    return product->buffer[2] < 0 && product->order == ORDER_seq &&
           extent_of(printer, product, 2) >= LINE_TERMS;
}

Tiles
cuda_tiles_of(const Printer *printer, const Product *product)
{
    if (product->windows ||
        (product->buffer[2] < 0 && !is_line(printer, product)))
        return (Tiles){.kind = TILES_none};
    if (product->buffer[2] < 0)
        return (Tiles){.kind = TILES_lines};
    if (cuda_in_tensor_cores(printer, product))
        return (Tiles){TILES_tensor, cuda_tensor_side(printer, product), 0};
    return (Tiles){TILES_plain, most_along(printer, product, 0),
                   most_along(printer, product, 1)};
}

const char *
cuda_tiles(Printer *printer, const Product *product, const char *turns)
{
    Tiles tiles = cuda_tiles_of(printer, product);
    const char *rows = c_call_count(printer, product->var[0]);
    const char *columns = c_call_count(printer, product->var[1]);
    switch (tiles.kind) {
    case TILES_none:
        break;
    case TILES_lines:
        return arena_printf(printer->arena, "flux_lines(%s)", rows);
    case TILES_tensor:
        return arena_printf(printer->arena, "flux_tensor_tiles(%d, %s, %s)",
                            tiles.down, rows, columns);
    case TILES_plain:
        return arena_printf(printer->arena, "flux_tiles(%d, %d, %s, %s, %s)",
                            tiles.down, tiles.across, rows, columns, turns);
    }
    return NULL;
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

void
cuda_end(Printer *printer, const Product *product, const char *sum)
{
    static const char *const assign[] = {"=", "+=", "-="};
    const char *scale = "";
    if (product->end.kind == END_step)
        scale = arena_printf(printer->arena, "%s * ",
                             c_at_least(printer,
                                        c_value(printer, product->scalar[0]),
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
    cuda_end(printer, product,
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
    cuda_end(printer, product,
             arena_printf(printer->arena,
                          "flux_gpu_windows_%s(%s, %d, term, %s, %s)",
                          c_suffix(product->dtype), c_order(product->order),
                          terms, c_pointer(printer, product->buffer[1], &at[0]),
                          c_pointer(printer, product->buffer[2], &at[1])));
}

/* The sizes and operands of a product in C. */
static const char *
factors_of(Printer *printer, const Product *product)
{
    Affine at[3];
    Dim stride[3][3];
    c_call_strides(printer, product, at, stride);
    return arena_printf(
        printer->arena, "%s, %s, %s, %s, %s, %s, %s, %s, %s",
        c_call_count(printer, product->var[0]),
        c_call_count(printer, product->var[1]),
        c_call_count(printer, product->var[2]),
        c_pointer(printer, product->buffer[1], &at[1]),
        c_dim(printer, stride[1][0]).text, c_dim(printer, stride[1][2]).text,
        c_pointer(printer, product->buffer[2], &at[2]),
        c_dim(printer, stride[2][2]).text, c_dim(printer, stride[2][1]).text);
}

const char *
cuda_product_arguments(Printer *printer, const Product *product)
{
    Affine at[3];
    Dim stride[3][3];
    c_call_strides(printer, product, at, stride);
    return arena_printf(
        printer->arena, "%s, %s, %s, %s", factors_of(printer, product),
        c_pointer(printer, product->buffer[0], &at[0]),
        c_dim(printer, stride[0][0]).text, c_dim(printer, stride[0][1]).text);
}

/* The memory for a tile of a kind that the threads of a block share: of a
 * phase, that of all, which those that still read it leave first.
 */
static const char *
shared_memory(Printer *printer, const char *kind)
{
    if (printer->grid == NULL) {
        writer_line(printer->writer, "FLUX_SHARED(flux_%s, shared);", kind);
        return "shared";
    }
    writer_line(printer->writer, "__syncthreads();");
    return cuda_grid_shared(printer, kind);
}

static void
print_tensor(Printer *printer, const Product *product, const char *block)
{
    static const char *const ends[] = {"FLUX_SET", "FLUX_ADD", "FLUX_STEP"};
    static const char *const maths[] = {NULL, "tf32", "bf16"};
    const char *scale = "0";
    if (product->end.kind == END_step)
        scale = c_value(printer, product->scalar[0]).text;
    const char *shared = shared_memory(printer, "tensor_tile");
    writer_line(printer->writer, "const flux_product_end end = {%s, %s, 0};",
                ends[product->end.kind], scale);
    writer_line(printer->writer, "flux_gpu_product_%s(%s, %d, %s, %s, end);",
                maths[printer->math], shared,
                cuda_tensor_side(printer, product), block,
                cuda_product_arguments(printer, product));
}

/* Sums of columns. */
static void
print_line(Printer *printer, const Product *product, const char *block)
{
    Affine at = product->at[1];
    Dim stride[2];
    for (int i = 0; i < 2; i++)
        stride[i] = c_call_stride(printer, &at, product->var[2 * i]);
    writer_line(printer->writer, "const flux_tile %s = flux_line_of(%s);",
                printer->tile, block);
    writer_line(printer->writer,
                "flux_gpu_sums_%s(%s, %s, %s, %s, %s, %s, %s);",
                c_suffix(product->dtype), printer->shared, printer->tile,
                c_call_count(printer, product->var[0]),
                c_call_count(printer, product->var[2]),
                c_pointer(printer, product->buffer[1], &at),
                c_dim(printer, stride[0]).text, c_dim(printer, stride[1]).text);
}

/* A tile or line whose sums the threads of the block go on with. */
static void
print_tile(Printer *printer, const Product *product, const char *block,
           const char *turns)
{
    const char *suffix = c_suffix(product->dtype);
    Writer *writer = printer->writer;
    printer->tile = printer_name(printer, "tile");
    printer->shared =
        shared_memory(printer, arena_printf(printer->arena, "tile_%s", suffix));
    if (product->buffer[2] < 0) {
        print_line(printer, product, block);
        return;
    }
    writer_line(writer,
                "const flux_tile %s = flux_tile_of(%s, %s, %s, %s, %s);",
                printer->tile, most_of(printer, product), block,
                c_call_count(printer, product->var[0]),
                c_call_count(printer, product->var[1]), turns);
    writer_line(writer, "flux_gpu_product_%s(%s, %s, %s, %s);", suffix,
                printer->shared, c_order(product->order), printer->tile,
                factors_of(printer, product));
}

void
cuda_call(Printer *printer, const Stmt *stmt, const char *block,
          const char *turns)
{
    const Product *product = stmt->product;
    if (block == NULL && product->windows)
        print_windows(printer, product);
    else if (block == NULL)
        print_sum(printer, product);
    else if (cuda_in_tensor_cores(printer, product))
        print_tensor(printer, product, block);
    else
        print_tile(printer, product, block, turns);
}

bool
cuda_layer(Printer *printer, const Product *product, Stmt *inner,
           const EpilogueVars *var)
{
    Writer *writer = printer->writer;
    const char *suffix = c_suffix(product->dtype);
    const char *rows = c_call_count(printer, product->var[0]);
    const char *first = "0";
    int down = most_along(printer, product, 0);
    bool several = extent_of(printer, product, 0) > (int64_t)down * TILE;
    if (several) {
        first = printer_name(printer, "i0");
        writer_line(writer, "for (size_t %s = 0; %s < %s; %s += %d) {", first,
                    first, rows, first, down * TILE);
    }
    writer_line(writer, "%s = flux_layer_tile(%d, %s);", printer->tile, down,
                first);
    writer_line(writer, "flux_gpu_layer_%s(%s, %s, %s, %s);", suffix,
                printer->shared, c_order(product->order), printer->tile,
                factors_of(printer, product));
    cuda_epilogue_body(printer, product, inner, var);
    if (several) {
        writer_line(writer, "__syncthreads();");
        writer_line(writer, "}");
    }
    return several;
}
