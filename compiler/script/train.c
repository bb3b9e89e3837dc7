/* Trainer, train!: the runtime's training loop around a step that an engine
 * runs.
 */
#include "script/args.h"
#include "script/eval.h"
#include "script/lift.h"
#include "script/model.h"
#include "script/number.h"
#include "script/train_run.h"
#include "script/seq.h"

#include "runtime/flux.h"

#include <string.h>

/* A step made ready for samples of certain shapes. */
typedef struct {
    Script *s;
    Trainer *trainer;
    const Graph *graph;
    Trace *trace;
    Executable *executable;
    Bindings bound;      /* the inputs come first, then the states */
    Fault fault;         /* why the last step failed */
    Value callback;      /* cb = …, or nothing */
    bool failed;         /* the callback reported an error */
    TrainRun *run;       /* of train! */
    Args validation;     /* batches, or nothing */
    const char *refused; /* why a file could not be written */
    Span span;
} Step;

/* Tells the trace the shapes of inputs and target, the last axis of each being
 * the samples. Inputs that are whole numbers become that.
 */
static void
step_prepare(Step *step, Tensor **x, int inputs, const Tensor *y)
{
    Script *s = step->s;
    Trace *t = step->trace = trainer_trace(s, step->trainer, inputs);
    for (int i = 0; i <= inputs; i++) {
        InputShape *in = &t->input[i];
        if (i < inputs && in->dtype != x[i]->dtype)
            x[i] = model_input(s, value_array(s, x[i]), in, step->span);
        const Tensor *from = i < inputs ? x[i] : y;
        in->rank = from->rank - 1;
        for (int k = 0; k < in->rank; k++)
            in->dim[k] = from->dim[k];
    }
    step->graph = trainer_graph(s, step->trainer, t, step->span);
    step->executable = run_prepare(s, step->graph, s->options.engine);
    for (int i = 0; i <= inputs; i++) {
        Tensor *room = ARENA_NEW(&s->context->arena, Tensor);
        *room = i < inputs ? *x[i] : *y;
        Bound1 b = {OP_input, t->input[i].name, room, t->input[i].from0};
        VEC_PUSH(&s->context->arena, &step->bound, b);
    }
    trainer_bind(s, step->trainer, step->graph, &step->bound);
}

/* Runs the step on n samples; the loss is the mean before the update. False
 * where that failed: step->fault.
 */
static bool
step_run(Step *step, const void *const *x, const void *y, size_t n,
         double *loss, Arena *arena)
{
    Script *s = step->s;
    const Graph *g = step->graph;
    for (int i = 0; i < step->trace->inputs; i++) {
        Tensor *t = step->bound.item[i].tensor;
        t->dim[t->rank - 1] = (int64_t)n;
        t->data = (void *)(uintptr_t)(i + 1 < step->trace->inputs ? x[i] : y);
    }
    Tensor *result = ARENA_ARRAY(arena, Tensor, g->output.count);
    Fault *fault = &step->fault;
    *fault = run_bound(s, step->executable, g, &step->bound, (int64_t)n, arena,
                       result);
    if (fault->text != NULL) {
        fault->text =
            arena_string(&s->context->arena, fault->text, strlen(fault->text));
        return false;
    }
    *loss = tensor_get(&result[0], 0);
    return true;
}

/* ---- the runtime's view of the step ---- */

static flux_status
train_thunk(void *state, void *m, const void *const *x, const void *y, size_t n,
            void *loss, const flux_work *w)
{
    (void)m;
    (void)w;
    Step *step = state;
    Arena arena = {0};
    double mean = 0;
    bool good = step_run(step, x, y, n, &mean, &arena);
    arena_free(&arena);
    if (step->trace->dtype == DTYPE_f64)
        *(double *)loss = mean;
    else
        *(float *)loss = (float)mean;
    return good ? FLUX_OK : FLUX_E_UNSUPPORTED;
}

static size_t
no_arena(size_t n)
{
    (void)n;
    return 0;
}

/* Notes an epoch, and calls cb(epoch, loss); gives whether training ends:
 * `:stop` or false do that, and patience that has run out.
 */
static int
epoch_end(Step *step, const flux_epoch *epoch)
{
    Script *s = step->s;
    bool stop = false;
    flux_error err = {{0}};
    double validation = 0;
    if (step->run->validates)
        validation = trainer_loss(s, step->trainer, &step->validation);
    if (train_run_epoch(step->run, epoch->epoch, epoch->loss, validation, &stop,
                        &err) != FLUX_OK)
        script_fail(s, DIAG_file, step->span, NULL, "%s", err.text);
    if (step->callback.kind == VALUE_nothing)
        return stop;
    Value item[3] = {value_int((int64_t)epoch->epoch), value_float(epoch->loss),
                     value_float(validation)};
    size_t count = step->run->validates ? 3 : 2;
    Value v = call_values(s, step->callback, item, count, step->span);
    return stop ||
           (v.kind == VALUE_symbol && strcmp(v.as.symbol, "stop") == 0) ||
           (v.kind == VALUE_bool && !v.as.boolean);
}

/* The same with a recovery of its own: an error ends the training first. */
static int
epoch_thunk(void *user, const flux_epoch *epoch)
{
    Step *step = user;
    Script *s = step->s;
    jmp_buf here;
    jmp_buf *outer = s->recover;
    TraceState state = trace_enter(s, s->trace, s->graph);
    s->recover = &here;
    volatile int stop = 1;
    if (setjmp(here) == 0) {
        stop = epoch_end(step, epoch);
    } else {
        trace_leave(s, &state);
        step->failed = true;
    }
    s->recover = outer;
    return stop;
}

/* A checkpoint, where one is due. */
static flux_status
step_thunk(void *user, const flux_position *now)
{
    Step *step = user;
    TrainRun *run = step->run;
    int64_t steps = (int64_t)tensor_get(step->trainer->step, 0);
    bool due = now->done == run->samples ||
               (run->every > 0 && steps % run->every == 0);
    run->at = *now;
    if (run->checkpoint == NULL || !due)
        return FLUX_OK;
    flux_error err = {{0}};
    flux_status status = train_run_save(run, &err);
    if (status != FLUX_OK)
        step->refused =
            arena_string(&step->s->context->arena, err.text, strlen(err.text));
    return status;
}

static flux_port
port_of(const char *name, const Tensor *t)
{
    flux_port port = {.name = name,
                      .dtype = t->dtype == DTYPE_f64   ? FLUX_F64
                               : t->dtype == DTYPE_f32 ? FLUX_F32
                                                       : FLUX_I32,
                      .rank = (size_t)t->rank - 1,
                      .size = 1};
    for (size_t i = 0; i < port.rank; i++) {
        port.dim[i] = (size_t)t->dim[i];
        port.size *= port.dim[i];
    }
    return port;
}

/* ---- data ---- */

/* Samples as a tensor of the model's type, the last axis counting them. */
static Tensor *
samples(Script *s, Value v, DType dtype, Span span)
{
    v = lift_array(s, v);
    if (v.kind == VALUE_list) {
        Args one = {.item = &v, .count = 1, .span = span};
        v = call_named(s, s->eval->library, "Batch", one.item, 1, span);
    }
    if ((v.kind != VALUE_array && v.kind != VALUE_batch) ||
        v.as.array->tensor->rank == 0)
        script_fail(s, DIAG_value, span, NULL,
                    "samples are a Batch or an array whose last axis counts "
                    "them, not %s",
                    value_kind_name(v));
    return lift_tensor(s, v.as.array->tensor, dtype);
}

/* The lists of the elements of tuples; or the list itself, if its elements are
 * none.
 */
static Value
transpose_tuples(Script *s, Value list, Span span)
{
    Arena *arena = &s->context->arena;
    const Values *all = list.as.values;
    if (all->count == 0 || all->item[0].kind != VALUE_tuple)
        return list;
    size_t inputs = all->item[0].as.values->count;
    Value *column = ARENA_ARRAY(arena, Value, inputs + 1);
    for (size_t k = 0; k < inputs; k++)
        column[k] = value_list(s, all->item, all->count);
    for (size_t i = 0; i < all->count; i++) {
        const Values *row =
            all->item[i].kind == VALUE_tuple ? all->item[i].as.values : NULL;
        if (row == NULL || row->count != inputs)
            script_fail(s, DIAG_value, span, NULL,
                        "sample %zu has not as many inputs as the first",
                        i + 1);
        for (size_t k = 0; k < inputs; k++)
            column[k].as.values->item[i] = row->item[k];
    }
    return value_tuple(s, column, inputs);
}

/* A list of (x, y) pairs as two lists; x may be a tuple of inputs. */
static Value
transpose_pairs(Script *s, const Values *list, Span span)
{
    Arena *arena = &s->context->arena;
    Value *x = ARENA_ARRAY(arena, Value, list->count + 1);
    Value *y = ARENA_ARRAY(arena, Value, list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        Value v = list->item[i];
        if ((v.kind != VALUE_tuple && v.kind != VALUE_pair) ||
            v.as.values->count != 2)
            script_fail(s, DIAG_value, span, NULL,
                        "data is a pair of batches or a list of (x, y) pairs");
        x[i] = v.as.values->item[0];
        y[i] = v.as.values->item[1];
    }
    Value in = value_list(s, x, list->count);
    Value both[2] = {transpose_tuples(s, in, span),
                     value_list(s, y, list->count)};
    return value_tuple(s, both, 2);
}

static void
read_data(Script *s, Value data, DType dtype, Tensor **x, int *inputs,
          Tensor **y, Span span)
{
    if (data.kind == VALUE_list)
        data = transpose_pairs(s, data.as.values, span);
    if ((data.kind != VALUE_tuple && data.kind != VALUE_pair) ||
        data.as.values->count != 2)
        script_fail(s, DIAG_value, span, "as in train!(m, (xs, ys); …)",
                    "data is a pair of batches or a list of (x, y) pairs");
    Value in = data.as.values->item[0];
    const Value *item = &in;
    *inputs = 1;
    if (in.kind == VALUE_tuple) {
        item = in.as.values->item;
        *inputs = (int)in.as.values->count;
    }
    if (*inputs > TRACE_INPUTS - 1)
        script_fail(s, DIAG_arity, span, NULL, "too many inputs");
    *y = samples(s, data.as.values->item[1], dtype, span);
    int64_t n = (*y)->dim[(*y)->rank - 1];
    for (int i = 0; i < *inputs; i++) {
        x[i] = samples(s, item[i], dtype, span);
        if (x[i]->dim[x[i]->rank - 1] != n)
            script_fail(s, DIAG_shape, span, NULL,
                        "%lld inputs and %lld targets",
                        (long long)x[i]->dim[x[i]->rank - 1], (long long)n);
    }
}

/* ---- builtins ---- */

/* Warns where a trainer has nothing to train. */
static void
warn_untrained(Script *s, Value model, Span span)
{
    Params params = trace_params(s, model);
    for (size_t i = 0; i < params.count; i++)
        if (!params.item[i].frozen)
            return;
    bool plain = model.kind == VALUE_function && !model_is_net(model);
    script_warn(s, DIAG_untrained, span,
                plain ? "arrays that a plain function uses are constants: "
                        "write @net before it"
                      : NULL,
                "%s has no parameters: nothing trains", call_name(s, model));
}

static Value
trainer_make(Script *s, Value model, Value loss, Value opt, Span span)
{
    Value v = {.kind = VALUE_trainer};
    v.as.trainer = ARENA_NEW(&s->context->arena, Trainer);
    *v.as.trainer = (Trainer){.model = model_of(s, model, "Trainer", span),
                              .loss = model_of(s, loss, "loss", span),
                              .opt = opt,
                              .seed = s->seed,
                              .span = span};
    trainer_eta(s, v.as.trainer);
    warn_untrained(s, v.as.trainer->model, span);
    return v;
}

static Value
fn_trainer(Script *s, const Args *args)
{
    return trainer_make(s, args->item[0], args->item[1], args->item[2],
                        args->span);
}

Value
trainer_call(Script *s, Trainer *trainer, const Args *args)
{
    if (args->count < 2 || args->keys > 0)
        script_fail(s, DIAG_arity, args->span, NULL,
                    "a trainer takes the model's inputs and the target");
    Arena *arena = &s->context->arena;
    int inputs = (int)args->count - 1;
    Tensor *x[TRACE_INPUTS];
    const void *data[TRACE_INPUTS];
    Tensor *y = NULL;
    for (int i = 0; i <= inputs && i < TRACE_INPUTS; i++) {
        Value v = seq_plain(s, args->item[i]);
        Tensor *t = v.kind == VALUE_batch
                        ? lift_tensor(s, v.as.array->tensor, s->options.dtype)
                        : NULL;
        if (t == NULL) { /* one sample */
            Value list = value_list(s, &v, 1);
            t = samples(s, list, s->options.dtype, args->span);
        }
        if (i < inputs)
            x[i] = t;
        else
            y = t;
    }
    if (y == NULL)
        script_fail(s, DIAG_arity, args->span, NULL, "too many inputs");
    int64_t n = y->dim[y->rank - 1];
    for (int i = 0; i < inputs; i++)
        if (x[i]->dim[x[i]->rank - 1] != n)
            script_fail(s, DIAG_shape, args->span, NULL,
                        "%lld inputs and %lld targets",
                        (long long)x[i]->dim[x[i]->rank - 1], (long long)n);
    Step step = {.s = s, .trainer = trainer, .span = args->span};
    step_prepare(&step, x, inputs, y);
    for (int i = 0; i < inputs; i++)
        data[i] = x[i]->data;
    double loss = 0;
    if (!step_run(&step, data, y->data, (size_t)n, &loss, arena))
        run_fail(s, step.graph, &step.fault, args->span);
    return (Value){.kind = s->options.dtype == DTYPE_f64 ? VALUE_float
                                                         : VALUE_float32,
                   .as.number = loss};
}

static int64_t
int_key(Script *s, const Args *args, const char *name, int64_t otherwise)
{
    Value v = value_int(otherwise);
    args_key(args, name, &v);
    return number_int(s, v, name, 1, INT64_C(1) << 40, args->span);
}

/* The batches that validation = (xs, ys) names, and their loss once, so that a
 * mistake is told before any training.
 */
static void
read_validation(Step *step, const Args *args)
{
    Script *s = step->s;
    Value v;
    if (!args_key(args, "validation", &v)) {
        if (step->run->patience > 0)
            script_fail(s, DIAG_value, args->span,
                        "as in train!(m, data; validation = (xs, ys), patience "
                        "= 5)",
                        "patience needs validation data");
        return;
    }
    Tensor *x[TRACE_INPUTS] = {NULL};
    Tensor *y = NULL;
    int inputs = 0;
    read_data(s, v, s->options.dtype, x, &inputs, &y, args->span);
    Value *item = ARENA_ARRAY(&s->context->arena, Value, inputs + 1);
    for (int i = 0; i <= inputs; i++) {
        item[i] = value_array(s, i < inputs ? x[i] : y);
        item[i].kind = VALUE_batch;
    }
    step->run->validates = true;
    step->validation =
        (Args){.item = item, .count = (size_t)inputs + 1, .span = args->span};
    trainer_loss(s, step->trainer, &step->validation);
}

/* The name of a file given by a keyword; NULL: none is. */
static const char *
file_key(Script *s, const Args *args, const char *name)
{
    Value v;
    if (!args_key(args, name, &v))
        return NULL;
    if (v.kind != VALUE_string ||
        strlen(v.as.string.text) != v.as.string.length)
        script_fail(s, DIAG_value, args->span, NULL,
                    "%s is the name of a file, not %s", name,
                    value_kind_name(v));
    return v.as.string.text;
}

/* What a run keeps, from the keywords and, if there is one, the checkpoint. */
static void
run_begin(Step *step, TrainRun *run, const Args *args)
{
    Script *s = step->s;
    Arena *arena = &s->context->arena;
    Value v;
    run->params = trace_params(s, step->trainer->model);
    run->checkpoint = file_key(s, args, "checkpoint");
    run->log = file_key(s, args, "log");
    run->every = args_key(args, "every", &v) ? int_key(s, args, "every", 1) : 0;
    run->patience =
        args_key(args, "patience", &v) ? int_key(s, args, "patience", 1) : 0;
    run->best = ARENA_ARRAY(arena, void *, run->params.count + 1);
    for (size_t i = 0; run->patience > 0 && i < run->params.count; i++) {
        const Tensor *t = run->params.item[i].array->tensor;
        run->best[i] =
            arena_alloc(arena, (size_t)tensor_count(t) * dtype_size(t->dtype));
    }
    read_validation(step, args);
    train_run_load(run);
}

static Value
fn_train(Script *s, const Args *args)
{
    if (s->options.compiling)
        script_fail(s, DIAG_compile_time, args->span,
                    "put it into `function main() … end`; fluxc run calls it",
                    "train! while compiling: a model is trained by fluxc run "
                    "or by the program that uses it");
    Value loss;
    Value opt;
    if (!args_key(args, "loss", &loss))
        loss = *scope_find(s->eval->library,
                           intern_text(&s->context->names, "logloss"));
    if (!args_key(args, "opt", &opt))
        opt = call_named(s, s->eval->library, "ADAM", NULL, 0, args->span);
    Value made = trainer_make(s, args->item[0], loss, opt, args->span);
    Step step = {.s = s, .trainer = made.as.trainer, .span = args->span};
    if (args_key(args, "cb", &step.callback) && !model_is(step.callback))
        script_fail(s, DIAG_value, args->span, "as in cb = (epoch, loss) -> …",
                    "cb is called after each epoch; %s cannot be called",
                    value_kind_name(step.callback));
    Tensor *x[TRACE_INPUTS] = {NULL};
    Tensor *y = NULL;
    int inputs = 0;
    read_data(s, args->item[1], s->options.dtype, x, &inputs, &y, args->span);
    size_t n = (size_t)y->dim[y->rank - 1];
    Value seed;
    if (args_key(args, "seed", &seed))
        step.trainer->seed =
            (uint64_t)number_int(s, seed, "seed", 0, INT64_MAX, args->span);
    step_prepare(&step, x, inputs, y);
    TrainRun run = {.s = s,
                    .trainer = step.trainer,
                    .samples = n,
                    .batch = (size_t)int_key(s, args, "batch", 32),
                    .seed = step.trainer->seed,
                    .span = args->span};
    step.run = &run;
    run_begin(&step, &run, args);
    flux_port input[TRACE_INPUTS];
    const void *data[TRACE_INPUTS];
    for (int i = 0; i < inputs; i++) {
        input[i] = port_of(step.trace->input[i].name, x[i]);
        data[i] = x[i]->data;
    }
    flux_port target = port_of("y", y);
    flux_model model = {.abi = FLUX_ABI,
                        .dtype =
                            s->options.dtype == DTYPE_f64 ? FLUX_F64 : FLUX_F32,
                        .name = call_name(s, made.as.trainer->model),
                        .ninput = (size_t)inputs,
                        .input = input};
    flux_trainer trainer = {.abi = FLUX_ABI,
                            .name = "train!",
                            .model = &model,
                            .target = &target,
                            .train = train_thunk,
                            .arena = no_arena};
    flux_data all = {.n = n, .x = data, .y = y->data};
    flux_train_options options = {
        .epochs = (size_t)int_key(s, args, "epochs", 1),
        .batch = run.batch,
        .seed = run.seed,
        .verbose = 1,
        .on_epoch = epoch_thunk,
        .from = run.at,
        .on_step = step_thunk,
        .user = &step,
    };
    flux_train_result result = {0};
    flux_error err = {{0}};
    flux_status status =
        flux_train(&trainer, &step, NULL, &all, &options, &result, &err);
    if (step.failed)
        script_abandon(s);
    if (step.refused != NULL)
        script_fail(s, DIAG_file, args->span, NULL, "%s", step.refused);
    if (step.fault.text != NULL)
        run_fail(s, step.graph, &step.fault, args->span);
    if (status != FLUX_OK)
        script_fail(s, DIAG_engine, args->span, NULL, "%s", err.text);
    train_run_end(&run);
    if (result.epochs == 0 && run.loss.count > 0) /* all was done before */
        return value_float(run.loss.item[run.loss.count - 1]);
    return value_float(result.loss);
}

void
train_define_all(Script *s)
{
    static const Builtin table[] = {
        {"Trainer", 3, 3, fn_trainer, "a training step: model, loss, optimiser",
         NULL},
        {"train!", 2, 2, fn_train,
         "trains a model on data: loss, opt, epochs, batch, cb, seed, "
         "validation, patience, log, checkpoint, every",
         "loss opt epochs batch cb seed validation patience log checkpoint "
         "every"},
    };
    builtin_define(s, table, sizeof table / sizeof *table);
}
