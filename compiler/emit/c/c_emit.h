/* One model on its way to C: what its files' parts share. */
#ifndef FLUXC_EMIT_C_EMIT_H
#define FLUXC_EMIT_C_EMIT_H

#include "base/map.h"
#include "emit/c/c_function.h"

/* Named dimensions but the batch, in a self-test. */
enum { SELFTEST_LENGTH = 3 };

typedef struct Device Device;

typedef struct {
    Context *context;
    Arena *arena;
    const EmitModel *model;
    const EmitOptions *options;
    Writer header;
    Writer source;
    Writer device_part; /* CUDA: kernels and their tables, before the host's */
    size_t kernels;     /* where their headers go in the source */
    const char *name;   /* in C */
    const char *upper;  /* in C, for macros */
    const char *real;   /* float or double */
    Member *params;     /* the struct's root */
    Member *grads;
    Member **param;          /* by parameter */
    Member **grad;           /* by parameter; NULL: it does not train */
    Map number;              /* of parameters, by path */
    const Graph *forward;    /* optimised; states begin as what was kept */
    const Graph *alone;      /* not optimised; states begin with the call */
    VEC(State) state;        /* that the caller keeps */
    Dim states;              /* their elements */
    Nests *nests;            /* of its functions */
    const char *table;       /* begins the names of the descriptor */
    bool batched;            /* every port has the batch */
    bool describable;        /* a flux_model can say what its ports are */
    bool any_length;         /* elementwise: n is the length */
    bool device;             /* what is now written is CUDA */
    Device *gpu;             /* cuda_device.c's */
    VEC(const char *) fault; /* cuda_fault.c's */
    VEC(const char *) steps; /* the tables of trainers on a device */
} Emit;

/* One trainer. */
typedef struct {
    const EmitTrainer *trainer;
    const char *name; /* "mlp_step" */
    const char *upper;
    const Graph *step;
    const Node *target; /* the last input that is not the model's, or NULL */
    int targets;        /* how many such inputs there are */
    int64_t classes;    /* there is a form for labels of so many; 0: none */
    Member *state;      /* the struct's root */
    VEC(Ref) leaf;      /* states by number, but eta and step */
    VEC(Member *) member;
} Trainer;

/* c_files.c: a name in capitals, for macros; a span as "digits.net:4", or "";
 * a graph, what is made of which is given back when its function is printed;
 * the comment that a file begins with; the functions of a model, and those of
 * its trainers; what a trainer is called, by none of the model's own names.
 */
const char *c_upper(Arena *arena, const char *name);
const char *c_model_name(Arena *arena, const EmitModel *model);
const char *c_trainer_name(const Emit *emit, const EmitTrainer *trainer);
const char *c_place(const Emit *emit, Span span);
const Graph *emit_here(const Emit *emit, const Graph *g);
void c_file_head(Emit *emit, Writer *writer, const char *end, bool whole);
bool emit_functions(Emit *emit);
bool emit_trainers(Emit *emit);

/* c_arguments.c: a parameter's number by its path, or -1; whether a graph has a
 * named dimension.
 */
int c_param(const Emit *emit, const char *path);
bool c_uses_symbol(const Graph *g, int symbol);

/* c_state.c: finds the states that a model's caller keeps; their number as a
 * macro, and the function that gives their initial values.
 */
void c_find_states(Emit *emit);
bool emit_state(Emit *emit);

/* The argument with the states, behind the model `m`, which stays as it is or
 * gets the next values; where the schedule's states are. Nothing where the
 * model has none.
 */
void c_add_state(Emit *emit, Function *f, const char *m, bool stays);

/* The bytes of arena for them, where the caller keeps none. */
Dim c_state_room(const Emit *emit);

/* Declares pointers to the states; where the arena begins that is no state's;
 * the states where the caller keeps none.
 */
void c_state_pointers(Function *f);
const char *c_state_base(const Function *f);
void c_state_default(Function *f);

/* What a descriptor's functions give as that argument, with a comma, or "". */
const char *c_state_thunk(const Emit *emit);

/* Whether a leaf is such a state, or says whether they begin anew. */
bool c_is_kept(const Emit *emit, const char *name);

/* c_api.c: the functions of a model; the results of back! that its caller may
 * leave out, by their bits.
 */
uint32_t c_optional(const Graph *back);
bool emit_forward(Emit *emit);
bool emit_back(Emit *emit);
bool emit_init(Emit *emit);
void emit_update(Emit *emit);

/* Of one parameter: its elements; the line that copies element i from a table.
 */
long long c_param_count(const Emit *emit, int param);
void c_init_copy(const Emit *emit, Writer *writer, int param);

/* c_budget.c: the graph of a function that goes forward and back, optimised.
 * With --ram what a loop's steps can be given at once stays in the loop: it
 * would hold much memory.
 */
const Graph *c_step_graph(const Emit *emit, const Graph *g);

/* c_budget.c: the schedule of a function that goes forward, up to the node
 * `split`, and back, in the memory of --ram, of which something else takes
 * `more`; NULL where that does not suffice, which is reported.
 */
Schedule *c_schedule(Emit *emit, const char *name, const Graph *g, Ref split,
                     Dim more, const ScheduleOptions *options);

/* c_trainer.c: those of a trainer; what its step is called with, the target or
 * an argument in its place; the arena of a step with this schedule; what of
 * that is for targets of labels and for states, or for states alone.
 */
bool emit_trainer(Emit *emit, const EmitTrainer *trainer);
Dim c_trainer_room(const Emit *emit, const EmitTrainer *trainer,
                   const Graph *step);
Sizes c_trainer_bytes(const Emit *emit, const EmitTrainer *trainer,
                      const Schedule *s);
void c_train_arguments(Emit *emit, const Trainer *t, Function *f,
                       const Argument *labels);

/* c_labels.c: the step on class numbers, which calls the computation of
 * `train`; the bytes of the targets that it makes.
 */
void emit_train_labels(Emit *emit, const Trainer *t, const Function *train);
Dim c_target_bytes(const Trainer *t);

/* c_table.c: a string as C has it. */
const char *c_quoted(Arena *arena, const char *text);

/* c_describe.c: flux_model and flux_trainer. */
void emit_model_table(Emit *emit);
void emit_trainer_table(Emit *emit, const Trainer *trainer);

/* c_selftest.c: the program under `#ifdef NAME_SELFTEST`, and what it includes.
 */
void emit_selftest_header(Emit *emit);
bool emit_selftest(Emit *emit);

/* c_comment.c: the mathematics above a loop nest; its lines by themselves, how
 * many there are, and the place of the first; of one node, or NULL where its
 * place is not known.
 */
bool c_comment(Printer *printer, const Stmt *stmt);

/* c_lines.c: writes the source with the lines that c_comment has marked; false
 * where not all could be written.
 */
bool c_lines(const Emit *emit, FILE *file);
enum { COMMENT_LINES = 3 };
int c_origins(Printer *printer, const Stmt *stmt, const Source **source,
              Place *place, const char *text[COMMENT_LINES]);
const char *c_origin(Printer *printer, Ref node);

/* c_nan.c, for --debug-nan: the function that notes a place; checks of a
 * function's arguments, of its values and of its results.
 */
void c_nan_helper(Emit *emit);
void c_nan_arguments(Function *f);
void c_nan_value(Printer *printer, const char *text, Ref node);
void c_nan_results(Function *f);

/* c_standalone.c: the kernels' text, with their includes in place. */
void emit_pasted(Writer *writer, const char *const *names);

#endif
