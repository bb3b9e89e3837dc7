/* Prints a schedule of kernels as CUDA: kernels, and the calls that launch
 * them. Statements and scalars are printed as C (c_print.h); what differs is
 * which loops are threads, and products.
 */
#ifndef FLUXC_EMIT_CUDA_PRINT_H
#define FLUXC_EMIT_CUDA_PRINT_H

#include "emit/c/c_device.h"

/* The loops whose turns are a kernel's threads, the slowest first. */
enum { NEST_VARS = 32 };
typedef struct {
    int count;
    int var[NEST_VARS];
    bool idle; /* a loop inside has no turns, and what it names no other may */
} Nest;

/* The loops behind a product, over its rows and columns, or one over
 * both; there may be no columns.
 */
typedef struct {
    int loop[2];
    bool flat;
} EpilogueVars;

/* cuda_kernel.c: how many statements of a block, from a place on, are one
 * kernel; prints them as one into printer->parts, and its launch where the
 * printer writes.
 */
size_t cuda_kernel_length(Printer *printer, const Block *block, size_t from);
void cuda_kernel(Printer *printer, const Block *block, size_t from,
                 size_t count);

/* Statements as the body of a loop that is run once; a kernel's launch, where
 * what it is for is wanted.
 */
Stmt cuda_statements(Printer *printer, const Block *block, size_t from,
                     size_t count);
void cuda_kernel_launch(Printer *printer, uint32_t tag, const char *launch);

/* cuda_layers.c: prints narrow layers from a place of a block on as one kernel,
 * and its launch; how many statements these are, or 0.
 */
size_t cuda_group(Printer *printer, const Block *block, size_t from);

/* The innermost of the loops that are threads, of those that a kernel's first
 * statement begins with; NULL: none.
 */
Stmt *cuda_nest(const Printer *printer, Nest *nest, Stmt *stmt);

/* Whether a statement does something in each turn of a nest, a thread each
 * turn, and calls nothing.
 */
bool cuda_turn_nest(Printer *printer, Stmt *stmt, Nest *nest);

/* cuda_join.c: the buffers that kernels touch, those that one does, and whether
 * kernels depend on others before them but turn by turn.
 */
typedef struct {
    int buffer;
    bool store;
    bool own; /* in turn i, element i */
} Effect;
typedef struct {
    Schedule *s;
    const Nest *nest; /* of the statement that is looked at, or NULL */
    VEC(Effect) effect;
} Effects;
void cuda_effects(Printer *printer, Effects *effects, const Block *block,
                  size_t from, size_t count);
void cuda_add_effects(Effects *effects, const Effects *more);
bool cuda_depend(const Effects *a, const Effects *b);

/* How many statements with a thread for each turn, as many turns in each, are
 * one kernel; prints such ones, and gives the number of turns in C.
 */
size_t cuda_joined(Printer *printer, const Block *block, size_t from);
const char *cuda_joined_turns(Printer *printer, const Stmt *group);

/* Writes a kernel with what its body names as parameters; its launch. `how` is
 * FLUX_EACH or FLUX_TILES.
 */
const char *cuda_kernel_function(Printer *printer, PartText *part,
                                 const char *how, const char *size);

/* cuda_grid.c: one kernel for all of a schedule, and its launch: what would be
 * kernels are its phases. False, and nothing is printed, where no phase needs
 * what another has done.
 */
typedef struct CudaGrid CudaGrid;
bool cuda_grid(Printer *printer);
/* A phase has so many turns, or so many tiles, in C. */
void cuda_grid_turns(Printer *printer, Dim turns);
void cuda_grid_tiles(Printer *printer, const char *tiles);
/* The memory that all products' tiles of a kind are made in. */
const char *cuda_grid_shared(Printer *printer, const char *kind);

/* Opens a loop over the tiles that a block makes; what stands for its number.
 */
const char *cuda_grid_loop(Printer *printer, const char *blocks);
const char *cuda_block(const Printer *printer);

/* The turns of a kernel's threads, or a phase's, and the name of the number of
 * one.
 */
void cuda_open_turns(Printer *printer, const char *name, const char *count);

/* The turns of a nest; what gives each of its variables its value, where
 * `index` is the number of the turn.
 */
Dim cuda_turns(const Printer *printer, const Nest *nest);
void cuda_indices(Printer *printer, const Nest *nest, const char *index);

/* Rows, columns and terms that a product for tensor cores or cublasLt has at
 * least, each: as many as the edge of the smallest tile in tensor cores.
 */
enum { CUDA_LARGE = 32 };

/* cuda_call.c: what blocks of threads make of a product: tiles, in tensor cores
 * or not, or lines of its sums of columns; or each thread makes one element,
 * and the rows and columns join the nest.
 */
typedef enum { TILES_none, TILES_plain, TILES_tensor, TILES_lines } TileKind;
typedef struct {
    TileKind kind;
    int down; /* elements of a thread, at most; in tensor cores as many across
               */
    int across;
} Tiles;
Tiles cuda_tiles_of(const Printer *printer, const Product *product);

/* The body of a kernel with a call in a nest of so many turns. How many tiles,
 * or lines, one turn has, in C. Which block of a turn's this is, in C, says
 * `block`. Behind a product in tiles, its sums are in the memory that the
 * threads share, as those of printer->tile.
 */
const char *cuda_tiles(Printer *printer, const Product *product,
                       const char *turns);
void cuda_call_nest(const Product *product, Nest *nest);
void cuda_call(Printer *printer, const Stmt *stmt, const char *block,
               const char *turns);
/* A product of narrow layers as a part of a kernel, for the samples of a block,
 * and what is done with its elements, or NULL. Whether its threads have met
 * then.
 */
bool cuda_layer(Printer *printer, const Product *product, Stmt *inner,
                const EpilogueVars *var);
/* Stores a sum, as the end of the product says. */
void cuda_end(Printer *printer, const Product *product, const char *sum);
/* Whether tensor cores make a product; how many elements of a tile's side one
 * thread makes then.
 */
bool cuda_in_tensor_cores(const Printer *printer, const Product *product);
int cuda_tensor_side(const Printer *printer, const Product *product);
/* Whether a product has as many; lengths that are not known are long enough, so
 * that bits do not depend on them. Its sizes and operands, as a call has them.
 */
bool cuda_is_large(const Printer *printer, const Product *product);
const char *cuda_product_arguments(Printer *printer, const Product *product);

/* cuda_gemm.c: whether cublasLt may make a product; the choice between that and
 * a kernel's launch; a line that says which it is, in a function that has one.
 */
bool cuda_gemm(Printer *printer, const Product *product);
const char *cuda_gemm_launch(Printer *printer, const Product *product,
                             const char *launch);
void cuda_gemm_declare(const Function *f, Writer *writer);

/* cuda_lanes.c: whether each turn of a nest is worth 16 threads, which share
 * its body, and may be theirs.
 */
bool cuda_has_lanes(Printer *printer, const Nest *nest, const Stmt *body);

/* cuda_epilogue.c: the innermost of the loops behind a product or sums that go
 * on with each of their elements; NULL: they do something else. Prints them
 * behind that; of a product in tiles, what becomes of its sums, and of NULL no
 * more.
 */
Stmt *cuda_epilogue(Printer *printer, const Block *block, size_t at,
                    EpilogueVars *var);
void cuda_epilogue_body(Printer *printer, const Product *product, Stmt *inner,
                        const EpilogueVars *var);

/* cuda_fault.c: kernels that look at ranges, the pointer that they need, and
 * their launches.
 */
void cuda_faults(Function *f, Writer *kernels, Writer *memory,
                 Writer *launches);

#endif
