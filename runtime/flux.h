/* flux.h - the runtime's interface, the only header that a program includes
 * besides its models' own; and flux_device.h, for a GPU.
 *
 * The first part (status, work, arena helpers, descriptors) is all that
 * generated code needs, but for the kernels it calls. The second part
 * (sessions, models made at run time, checkpoints, data, training) is in
 * libflux.a, and so are the large kernels.
 *
 * Arrays are column-major: the first dimension is the fastest, a batch is the
 * last one, and each sample is contiguous. Class numbers count from 0.
 */
#ifndef FLUX_H
#define FLUX_H

#include "kernels/flux_pool.h"

#include <stddef.h>
#include <stdint.h>

#define FLUX_ABI      5
#define FLUX_MAX_RANK 8

#include "flux_library.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum flux_status {
    FLUX_OK,
    FLUX_E_ARENA,   /* the arena is too small */
    FLUX_E_OVERLAP, /* two arguments share memory */
    FLUX_E_SIZE,    /* a size overflows, or is not the expected one */
    FLUX_E_NULL,    /* an argument that must be there is NULL */
    FLUX_E_LABEL,   /* a class outside the classes, an index its table */
    FLUX_E_NAN,     /* --debug-nan: a value is no finite number */
    /* The library's; generated code returns only the above. */
    FLUX_E_MEMORY,      /* an allocation failed */
    FLUX_E_IO,          /* the system refused to open, read or write */
    FLUX_E_FORMAT,      /* a file does not hold what it should */
    FLUX_E_MISMATCH,    /* names, shapes or dtypes do not fit each other */
    FLUX_E_UNSUPPORTED, /* this build or this model cannot do that */
    FLUX_E_ABI,         /* generated for another version of the runtime */
    FLUX_E_DEVICE       /* a call of CUDA failed: generated code's, too */
} flux_status;

/* One sentence without a full stop; never NULL. */
const char *flux_status_text(flux_status status);

/* What a call may use; zeroes are legal. */
typedef struct flux_work {
    void *arena;
    size_t bytes;       /* of the arena */
    flux_pool *pool;    /* NULL: one thread */
    const void *packed; /* NULL: weights as they stand in the model */
    void *stream;       /* CUDA */
    uint64_t seed;      /* of random nodes in an exported training form */
    const char **nan;   /* --debug-nan: where FLUX_E_NAN came from, or NULL */
    void *state; /* of a recurrent model that is called by its flux_model; NULL:
                    the steps begin with the initial state */
    int32_t *fault; /* CUDA: a word of the GPU's memory for what kernels find
                       wrong; NULL: they do not look */
    void *gemm;     /* CUDA, --gemm cublaslt: a flux_gemm of this stream; NULL:
                       products are the file's own kernels */
} flux_work;

/* bytes rounded up to a multiple of 64; a constant expression. */
#define FLUX_ALIGN(bytes) (((size_t)(bytes) + 63) / 64 * 64)

/* The larger and the smaller of two sizes; constant expressions. */
#define FLUX_MAX(a, b) ((a) > (b) ? (a) : (b))
#define FLUX_MIN(a, b) ((a) < (b) ? (a) : (b))

/* The most threads that share n samples; a constant expression. */
#define FLUX_SHARES(n) ((FLUX_MIN(n, 64) + 7) / 8)

/* The first address in the arena that is a multiple of 64; NULL without an
 * arena. Arena formulas count the up to 63 bytes that this skips.
 */
static inline void *
flux_arena_base(const flux_work *w)
{
    if (w == NULL || w->arena == NULL)
        return NULL;
    size_t skip = (size_t)(64 - (uintptr_t)w->arena % 64) % 64;
    return (void *)((unsigned char *)w->arena + skip);
}

/* The pool for a call of n samples and so many multiply-adds; NULL where
 * threads would not pay. One sample never wakes a thread.
 */
static inline flux_pool *
flux_pool_for(const flux_work *w, size_t n, size_t work)
{
    return w != NULL && n > 1 && work >= FLUX_POOL_FROM ? w->pool : NULL;
}

/* The same for a call that changes the weights. */
static inline flux_pool *
flux_pool_for_step(const flux_work *w, size_t n, size_t work)
{
    return n >= FLUX_POOL_SAMPLES ? flux_pool_for(w, n, work) : NULL;
}

/* One copy for each file: what is called often but is never in a loop. */
#if defined(__GNUC__)
#define FLUX_OUT_OF_LINE static __attribute__((noinline, unused))
#else
#define FLUX_OUT_OF_LINE static inline
#endif

/* Whether the an bytes at a and the bn bytes at b share one. */
FLUX_OUT_OF_LINE int
flux_overlap(const void *a, size_t an, const void *b, size_t bn)
{
    uintptr_t p = (uintptr_t)a;
    uintptr_t q = (uintptr_t)b;
    if (a == NULL || b == NULL || an == 0 || bn == 0)
        return 0;
    return p <= q ? q - p < an : p - q < bn;
}

typedef enum flux_dtype {
    FLUX_F32,
    FLUX_F64,
    FLUX_I32,
    FLUX_U32,
    FLUX_BOOL /* one byte, 0 or 1 */
} flux_dtype;

/* Bytes of one element; 0 for a value outside the enumeration. */
size_t flux_dtype_size(flux_dtype dtype);

/* "f32", "f64", "i32", "u32", "bool"; "?" outside the enumeration. */
const char *flux_dtype_name(flux_dtype dtype);

#define FLUX_NO_GRAD ((size_t)-1)

/* A named array inside a model's struct (or a trainer's). */
typedef struct flux_param {
    const char *name; /* UTF-8 path, as in the source: "layer1.W" */
    flux_dtype dtype;
    size_t rank; /* 0: a scalar */
    size_t dim[FLUX_MAX_RANK];
    size_t offset;      /* bytes from the start of the struct */
    size_t grad_offset; /* in the gradient's; FLUX_NO_GRAD: does not train */
} flux_param;

/* An input or an output of one sample. */
typedef struct flux_port {
    const char *name;
    flux_dtype dtype;
    size_t rank;
    size_t dim[FLUX_MAX_RANK];
    size_t size; /* elements; 0: any length, and a call's n is that length */
} flux_port;

/* A model as data: what sessions, chains, checkpoints and bindings read. A
 * generated model's is `extern const flux_model <name>_model`.
 *
 * x and y point to one array per input or output, dy and dx to one for each of
 * those that are real. The functions return what the generated functions
 * return; `self` is for models made at run time.
 */
typedef struct flux_model flux_model;
typedef struct flux_device flux_device; /* flux_device.h: a model on a GPU */
struct flux_model {
    uint32_t abi; /* FLUX_ABI */
    flux_dtype dtype;
    const char *name;
    const char *source; /* file name; "" at run time */
    uint64_t source_hash;
    uint64_t seed;     /* that gives the script's weights */
    size_t bytes;      /* of the struct of parameters */
    size_t grad_bytes; /* of the struct of gradients */
    size_t state; /* numbers of a recurrent model's state, a sample; else 0 */
    int stepped;  /* each call is one step */
    size_t nparam;
    const flux_param *param;
    size_t ninput;
    const flux_port *input;
    size_t noutput;
    const flux_port *output;

    flux_status (*init)(const flux_model *self, void *m, uint64_t seed);

    /* The state before the first step, of n samples; NULL where there is none.
     */
    flux_status (*reset)(const flux_model *self, const void *m, void *state,
                         size_t n);

    /* y = m(x) for n samples; w->state becomes the state behind the steps.
     * NULL, as are back and the arenas, where a call takes sizes beside n: such
     * a model is for checkpoints.
     */
    flux_status (*forward)(const flux_model *self, const void *m,
                           const void *const *x, size_t n, void *const *y,
                           const flux_work *w);

    /* Runs its own forward, adds to the gradients g, writes dx; dx or elements
     * of it may be NULL.
     */
    flux_status (*back)(const flux_model *self, const void *m,
                        const void *const *dy, const void *const *x, size_t n,
                        void *g, void *const *dx, const flux_work *w);

    /* m -= eta * g; g = 0. */
    flux_status (*update)(const flux_model *self, void *m, void *g, double eta);

    /* Bytes of arena for n samples; SIZE_MAX where that overflows. */
    size_t (*arena)(const flux_model *self, size_t n);
    size_t (*back_arena)(const flux_model *self, size_t n);

    const void *context; /* of models made at run time */
};

/* A training step as data: `extern const flux_trainer <model>_<step>_trainer`.
 * The struct s holds the step's own state: eta, counters, moments.
 */
typedef struct flux_trainer {
    uint32_t abi; /* FLUX_ABI */
    const char *name;
    const flux_model *model;
    const flux_port *target; /* y of one sample */
    int takes_labels;        /* whether train_labels is there */
    size_t bytes;            /* of the state */
    size_t nstate;
    const flux_param *state;

    flux_status (*init)(void *s, uint64_t seed);

    /* One step on n samples. *loss is one value of the model's dtype: the mean
     * over the batch, before the update.
     */
    flux_status (*train)(void *s, void *m, const void *const *x, const void *y,
                         size_t n, void *loss, const flux_work *w);
    flux_status (*train_labels)(void *s, void *m, const void *const *x,
                                const int32_t *label, size_t n, void *loss,
                                const flux_work *w);

    size_t (*arena)(size_t n);
    flux_status (*set_eta)(void *s, double eta);
} flux_trainer;

/* ---- The library, libflux.a, from here on. ---- */

/* What went wrong, in words: one line, UTF-8, without a newline. Functions that
 * take a flux_error write it only when they fail; NULL is legal.
 */
typedef struct flux_error {
    char text[256];
} flux_error;

/* pool.c: threads for flux_work.pool. */

/* A pool of so many threads, 1 to 64, the caller's among them; of fewer where
 * the system refuses to make them. NULL where memory does not suffice. Its
 * threads look for work for some microseconds after each task, then sleep.
 *
 * A pool can be shared by all that run models: while it works for one, another
 * one's work is done by its caller alone; so it is in a process forked from the
 * one that opened it, which may close it, too. The bits are the same in any
 * case.
 */
flux_pool *flux_pool_open(size_t threads);

/* Ends its threads. It must not be at work; pool may be NULL. */
void flux_pool_close(flux_pool *pool);

/* session.c: a model with its parameters, gradients and arena. */

typedef struct flux_session flux_session;

/* Parameters initialised from seed, gradients 0. max_batch is the number of
 * samples that forward and back take at once, at least 1. NULL where memory
 * does not suffice, or the model is not of this ABI.
 */
flux_session *flux_open(const flux_model *model, uint64_t seed,
                        size_t max_batch);
void flux_close(flux_session *s);

/* For models of one input and one output: y = m(x); gradients += those of
 * dot(dy, y), and dx too where it is not NULL; p -= eta * gradient, gradient =
 * 0. More than max_batch samples are taken max_batch at a time.
 */
flux_status flux_forward(flux_session *s, const void *x, size_t n, void *y);
flux_status flux_back(flux_session *s, const void *dy, const void *x, size_t n,
                      void *dx);
flux_status flux_update(flux_session *s, double eta);

/* The same for any number of inputs and outputs: arrays of pointers, one for
 * each; those of dy and dx for integers are not looked at.
 */
flux_status flux_forward_all(flux_session *s, const void *const *x, size_t n,
                             void *const *y);
flux_status flux_back_all(flux_session *s, const void *const *dy,
                          const void *const *x, size_t n, void *const *dx);

/* A recurrent model: whether the session keeps its state, so that a call of
 * flux_forward goes on where the last one ended, as at first for models of
 * unroll1 only; else each call begins with the initial state, and so does
 * flux_back. With a state kept, n is that of the call before, at most
 * max_batch, else FLUX_E_SIZE, until flux_reset begins anew.
 */
void flux_session_keep(flux_session *s, int keeps);
void flux_reset(flux_session *s);

/* The pool that the session's calls use; NULL, as at first: one thread. The
 * pool stays the caller's.
 */
void flux_session_pool(flux_session *s, flux_pool *pool);

const flux_model *flux_session_model(const flux_session *s);
void *flux_params(flux_session *s); /* the model's struct */
void *flux_grads(flux_session *s);  /* the gradients' struct */

/* affine.c, model.c, compose.c, chain.c: models made at run time, in float. */

/* y = W * x + b; W is out x in, glorot-uniform, b is 0. NULL where a size is 0
 * or overflows, or memory does not suffice.
 */
flux_model *flux_affine(size_t in, size_t out);

/* Of any length: alone, n is the length of the one sample. */
extern const flux_model flux_sigma_model;
extern const flux_model flux_tanh_model;
extern const flux_model flux_relu_model;
extern const flux_model flux_exp_model; /* y = exp(x) */
extern const flux_model flux_softmax_model;

/* The models one after another; chains among them are flattened. The chain
 * takes over the models made at run time, also when it fails: then it returns
 * NULL and says why. Parameters are named layer1.W, layer1.b, …, where the
 * number counts every element of the chain.
 */
flux_model *flux_chain_of(const flux_model *const *part, size_t count,
                          flux_error *err);

/* flux_chain(&err, flux_affine(784, 128), &flux_sigma_model, flux_affine(128,
 * 10)) */
#define flux_chain(err, ...)                                                   \
    flux_chain_of((const flux_model *const[]){__VA_ARGS__},                    \
                  sizeof((const flux_model *const[]){__VA_ARGS__}) /           \
                      sizeof(const flux_model *),                              \
                  err)

/* Frees what flux_affine or flux_chain made; does nothing for models that a
 * chain owns, and for others.
 */
void flux_model_free(const flux_model *model);

/* safetensors.c, tensors_write.c: arrays by name in a file. checkpoint.c:
 * models in such files.
 *
 * The file lists a shape slowest dimension first: W, out x in here, stands as
 * [in, out], with the same bytes.
 */

typedef struct flux_tensor {
    const char *name;
    flux_dtype dtype;
    size_t rank;
    size_t dim[FLUX_MAX_RANK]; /* column-major */
    const void *data;
} flux_tensor;

/* A text of the file's __metadata__. */
typedef struct flux_note {
    const char *key;
    const char *value;
} flux_note;

/* Writes path whole or not at all: temporary file, sync, rename. */
flux_status flux_tensors_write(const char *path, const flux_tensor *tensor,
                               size_t count, const flux_note *note,
                               size_t notes, flux_error *err);

/* The file's bytes in memory: *bytes is malloc'ed. */
flux_status flux_tensors_pack(const flux_tensor *tensor, size_t count,
                              const flux_note *note, size_t notes, void **bytes,
                              size_t *size, flux_error *err);

/* A file read into memory and checked whole. */
typedef struct flux_tensors flux_tensors;
flux_tensors *flux_tensors_open(const char *path, flux_error *err);
flux_tensors *flux_tensors_unpack(const void *bytes, size_t size,
                                  flux_error *err);
size_t flux_tensors_count(const flux_tensors *t);
const flux_tensor *flux_tensors_at(const flux_tensors *t, size_t i);
const flux_tensor *flux_tensors_find(const flux_tensors *t, const char *name);
const char *flux_tensors_note(const flux_tensors *t, const char *key);
void flux_tensors_close(flux_tensors *t);

/* The parameters of the model m. A load that fails leaves m as it was. */
flux_status flux_save(const flux_model *model, const void *m, const char *path,
                      flux_error *err);
flux_status flux_load(const flux_model *model, void *m, const char *path,
                      flux_error *err);

/* The same in memory: *bytes is malloc'ed. */
flux_status flux_save_bytes(const flux_model *model, const void *m,
                            void **bytes, size_t *size, flux_error *err);
flux_status flux_load_bytes(const flux_model *model, void *m, const void *bytes,
                            size_t size, flux_error *err);

/* Means over the samples, of the model's first output. */
typedef struct flux_scores {
    double accuracy; /* largest output = label (or largest target) */
    double error;    /* squared error summed over a sample's outputs */
} flux_scores;

/* The best epoch of a training so far; zeroes, but for m, at its beginning. */
typedef struct flux_best {
    size_t epoch;       /* from 1; 0: none yet */
    flux_scores scores; /* of the validation data */
    void *m;            /* the caller's memory for its parameters */
} flux_best;

/* Model and training state together, to go on training later, and the best
 * epoch, which may be NULL. The tensors of the state are named "trainer." and
 * their name; "trainer.best" is the best epoch's number, accuracy and error,
 * and its parameters are "trainer.best/" and their name. A file without them is
 * loaded, too: best->epoch becomes 0. One with the state of another trainer is
 * not, nor with anything else that is not asked for; flux_load takes the
 * parameters of each.
 */
flux_status flux_save_training(const flux_trainer *trainer, const void *state,
                               const void *m, const flux_best *best,
                               const char *path, flux_error *err);
flux_status flux_load_training(const flux_trainer *trainer, void *state,
                               void *m, flux_best *best, const char *path,
                               flux_error *err);

/* idx.c, npy.c, csv.c, array.c: data files. */

typedef struct flux_array {
    flux_dtype dtype;
    size_t rank;
    size_t dim[FLUX_MAX_RANK]; /* column-major */
    void *data;                /* malloc'ed */
} flux_array;

/* Reads an IDX file, gzip or plain. Its last index is the first dimension here:
 * 60,000 images of 28 rows by 28 columns are 28 x 28 x 60000. Integers of any
 * width become i32, float f32, double f64.
 */
flux_status flux_idx_read(const char *path, flux_array *array, flux_error *err);
flux_status flux_idx_parse(const void *bytes, size_t size, flux_array *array,
                           flux_error *err);

/* Reads or writes an array in NumPy's NPY format: a[i, j] there is element
 * i + dim[0] * j here. f4, f8, i4, u4, b1 keep their type; i1, u1 and i8 become
 * i32, and an i8 that does not fit is FLUX_E_SIZE. Big-endian files and other
 * types are FLUX_E_UNSUPPORTED.
 */
flux_status flux_npy_read(const char *path, flux_array *array, flux_error *err);
flux_status flux_npy_parse(const void *bytes, size_t size, flux_array *array,
                           flux_error *err);
flux_status flux_npy_write(const char *path, const flux_array *array,
                           flux_error *err);

/* to = scale * from, as f32; to->data is malloc'ed. */
flux_status flux_array_f32(const flux_array *from, double scale,
                           flux_array *to);
size_t flux_array_size(const flux_array *array); /* elements */
void flux_array_free(flux_array *array);

typedef enum flux_csv_header {
    FLUX_CSV_AUTO, /* the first record is names if one field is no number */
    FLUX_CSV_NAMES,
    FLUX_CSV_NONE,
    FLUX_CSV_SKIP /* drop the first record, whatever its width */
} flux_csv_header;

typedef struct flux_csv_options {
    char separator; /* 0: ',' */
    flux_csv_header header;
} flux_csv_options;

/* Numbers; record r's field c is data[c + cols * r]. */
typedef struct flux_table {
    size_t rows;
    size_t cols;
    char **name; /* cols names, or NULL */
    double *data;
} flux_table;

/* Reads comma-separated values (RFC 4180), gzip or plain; every field but the
 * names must be a number. Errors carry line and column, counted from 1. options
 * may be NULL.
 */
flux_status flux_csv_read(const char *path, const flux_csv_options *options,
                          flux_table *table, flux_error *err);
flux_status flux_csv_parse(const char *text, size_t size,
                           const flux_csv_options *options, flux_table *table,
                           flux_error *err);
void flux_table_free(flux_table *table);

/* progress.c: a bar with the time left, on stderr when that is a terminal. */

typedef struct flux_progress {
    const char *label;
    size_t total;
    size_t done;
    double started; /* seconds of a monotonic clock */
    double drawn;
    int on; /* whether anything is drawn */
} flux_progress;

void flux_progress_start(flux_progress *p, const char *label, size_t total);
/* Draws at most ten times a second; note may be NULL. */
void flux_progress_step(flux_progress *p, size_t done, const char *note);
void flux_progress_end(flux_progress *p); /* removes the bar */
/* The bar as text, width columns wide at most, without a newline. */
void flux_progress_text(const flux_progress *p, double elapsed,
                        const char *note, size_t width, char *text,
                        size_t room);

/* train.c, evaluate.c: training and measuring. */

/* n samples: one array per input; targets y, or class numbers, or both. */
typedef struct flux_data {
    size_t n;
    const void *const *x;
    const void *y;
    const int32_t *label;
} flux_data;

/* batch is the number of samples taken at once; 0: 256. A model of one output
 * answers class 1 from 0.5 on.
 */
flux_status flux_evaluate(const flux_model *model, const void *m,
                          const flux_data *data, size_t batch,
                          flux_scores *scores);
flux_status flux_accuracy(const flux_model *model, const void *m,
                          const flux_data *data, size_t batch,
                          double *accuracy);

typedef enum flux_monitor { FLUX_BY_ACCURACY, FLUX_BY_ERROR } flux_monitor;

typedef struct flux_epoch {
    size_t epoch; /* from 1 */
    double loss;  /* mean over the epoch's samples, while they were trained */
    flux_scores validation; /* zeroes without validation data */
    double seconds;         /* since training began */
    void *state;
    void *m;
} flux_epoch;

/* Where training stands: `done` samples of an epoch are behind it. */
typedef struct flux_position {
    size_t epoch; /* from 1; 0: at the beginning */
    size_t done;
    double sum; /* of their losses */
} flux_position;

/* Zeroes give the defaults. */
typedef struct flux_train_options {
    size_t epochs; /* 0: 1 */
    size_t batch;  /* 0: 32 */
    uint64_t seed; /* of the shuffling */
    int in_order;  /* do not shuffle */
    const flux_data *validation;
    flux_monitor monitor; /* what early stopping looks at */
    size_t patience;      /* epochs without progress before stopping; 0: never.
                           * m becomes the best epoch's parameters */
    flux_best *best;      /* kept up to date, so that a checkpoint can hold it,
                           * and looked at where training goes on; NULL: there
                           * was none, and none is kept */
    int verbose;          /* a line an epoch on stderr */
    int quiet;            /* no bar, even on a terminal */
    int (*on_epoch)(void *user, const flux_epoch *epoch); /* not 0: stop */
    flux_position from; /* where to go on; the order of samples and the seed are
                         * those of a training from the beginning */
    /* After each step: a checkpoint can be written. What is not FLUX_OK ends
     * the training, which returns it.
     */
    flux_status (*on_step)(void *user, const flux_position *now);
    void *user;
    flux_pool *pool;           /* NULL: one thread */
    const flux_device *device; /* NULL: the CPU */
} flux_train_options;

typedef struct flux_train_result {
    size_t epochs; /* run, those before options.from among them */
    double loss;   /* of the last epoch; 0 where none was left to run */
    size_t best_epoch;
    flux_scores best; /* validation scores of the best epoch */
    int stopped;      /* by patience or on_epoch */
} flux_train_result;

/* Trains m with the step's state, both initialised by the caller. Labels are
 * used where the data has them and the step takes them, else targets. The
 * order of samples in an epoch depends on seed and epoch alone. options,
 * result and err may be NULL.
 *
 * On a device, which the data is copied to once, and may be on, m and state,
 * the host's, are up to date when on_step or on_epoch is called, and at the
 * end; after a failure there they are what they were then.
 */
flux_status flux_train(const flux_trainer *trainer, void *state, void *m,
                       const flux_data *data, const flux_train_options *options,
                       flux_train_result *result, flux_error *err);

#ifdef __cplusplus
}
#endif
#endif
