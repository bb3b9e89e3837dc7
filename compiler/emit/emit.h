/* Targets: what is known of a model, and the files that are made of it.
 *
 * The graphs are those after the meaning passes; the emitter optimises,
 * schedules and plans them itself. Nothing here is changed, and nothing kept.
 */
#ifndef FLUXC_EMIT_EMIT_H
#define FLUXC_EMIT_EMIT_H

#include "ir/ir.h"
#include "pass/pass.h"

/* A parameter of the model, in the order of the struct. */
typedef struct {
    const char *path; /* UTF-8, "layer1.W": the leaf's name in the graphs */
    bool frozen;      /* it does not train */
    int rank;
    Dim dim[IR_RANK];   /* numbers */
    Span span;          /* where the source makes it */
    const Tensor *data; /* its values in the script; needed where `init` has
                           no output of this path, and for WEIGHTS_const */
} EmitParam;

/* A training step, `step = Trainer(model, loss, opt)`.
 *
 * Its graph's leaves are the model's inputs, batched, by their names; the
 * target, an input "y" (where the model has an input of that name, the target
 * is "target"); the parameters;
 * and states: "eta", a scalar of the model's dtype, and "step", a scalar i32,
 * where they are used, and the optimiser's, named KIND.PATH ("m.layer1.W").
 * Outputs are "loss", a scalar, and next values of parameters and states.
 * Random nodes take the seed of the trainer's struct.
 */
typedef struct {
    const char *name; /* the source's, "step"; without the model's name */
    Span span;
    const Graph *step;
    double eta;      /* what _init sets */
    int64_t classes; /* there is a form for labels, 0 … classes - 1; 0: none */
} EmitTrainer;

typedef struct {
    const char *name;     /* the source's */
    const char *prefix;   /* of all C names; NULL: the name */
    const char *base;     /* of the files: BASE.h is what BASE.c includes */
    const char *command;  /* for the first comment, without paths of the host */
    DType dtype;          /* f32 or f64 */
    const Source *source; /* echoed at the top */
    Span span;            /* the definition of the model */
    uint64_t seed;        /* of the script */
    bool stepped;         /* one step of a model that keeps its state */
    const EmitParam *param;
    int params;
    const Graph *forward; /* batched: inputs and outputs by their names; the
                             states of its steps as carried.c has them */
    const Graph *back;    /* diff_back(forward); NULL: no _back */
    const Graph *init;    /* outputs by parameters' paths, of any real type;
                             NULL: nothing has a recipe */
    const EmitTrainer *trainer;
    int trainers;
} EmitModel;

typedef enum { WEIGHTS_struct, WEIGHTS_const } EmitWeights;
typedef enum { TARGET_c, TARGET_cuda, TARGETS } EmitTarget;
typedef enum { MATH_exact, MATH_tf32, MATH_bf16 } EmitMath;

typedef struct {
    EmitTarget target;
    bool standalone;  /* paste flux.h's types and the kernels: no library */
    bool debug_lines; /* #line of the source before each loop nest */
    bool no_graph;    /* CUDA: NAME_create captures none */
    bool persistent;  /* CUDA: one kernel for all that a function launches */
    bool cublaslt;    /* CUDA: cublasLt may make products of floats */
    EmitMath math;    /* CUDA: what products of floats are rounded to */
    bool fast;        /* FLUX_FAST: the C compiler may contract */
    bool debug_nan;   /* look at each result; FLUX_E_NAN names the first bad */
    EmitWeights weights;
    int64_t ram;             /* bytes of arena that a step may need; 0: any */
    int64_t samples;         /* … with so many */
    const PassOptions *pass; /* NULL: the defaults */
} EmitOptions;

/* Writes the model's header and source, as C or CUDA. Equal models give equal
 * bytes. False where something was reported; the files are then not complete.
 */
bool emit_c(Context *context, const EmitModel *model,
            const EmitOptions *options, FILE *header, FILE *source);

/* Writes one graph as a plain C function, as the native engine compiles it:
 *
 *     int fluxc_run(const void *const *leaf, void *const *out,
 *                   const size_t *dims, uint64_t seed, void *arena);
 *     size_t fluxc_arena(const size_t *dims);
 */
bool emit_raw(Context *context, const Graph *graph, const PassOptions *pass,
              FILE *file);

/* The same for a GPU: its kernels as CUDA, and the C that launches them by
 * their names, each with pointers to its arguments. All pointers are to the
 * memory of the GPU, and fluxc_run gives what the first launch that failed
 * gave, or 0 (kernels/flux_gpu_stream.h):
 *
 *     int fluxc_run(…, void *arena, const flux_gpu_stream *stream);
 */
bool emit_raw_cuda(Context *context, const Graph *graph,
                   const PassOptions *pass, FILE *kernels, FILE *host);

/* Writes the schedule of a graph, one kernel a paragraph (--emit kernels). */
bool emit_kernels(Context *context, const Graph *graph, const PassOptions *pass,
                  FILE *file);

/* The C name for a name of the source: Greek letters by their names, primes as
 * _p, subscripts as digits; a keyword of C gets a final _.
 */
const char *emit_c_name(Arena *arena, const char *name);

/* The same for a model's type and files: one that C, POSIX or CUDA declares
 * gets a final _net.
 */
const char *emit_model_name(Arena *arena, const char *name);

/* Text that the compiler carries: the kernels' headers and flux.h. embed.sh
 * makes the table, whose last name is NULL.
 */
typedef struct {
    const char *name; /* "flux_math.h" */
    const char *text;
} EmbeddedFile;
extern const EmbeddedFile embedded[];

#endif
