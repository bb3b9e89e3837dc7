/* Trainer, train!: the runtime's training loop around a step that an engine
 * runs.
 */
#include "script/train/train.h"

#include "runtime/flux.h"
#include "script/array/args.h"
#include "script/array/number.h"
#include "script/model/model.h"
#include "script/train/step.h"
#include "script/train/train_run.h"
#include "script/value/call.h"
#include "script/value/scope.h"

#include <string.h>

/* A call of train!. */
typedef struct {
    Step step;
    TrainRun run;
    Samples all;
    Args validation;     /* batches, or nothing */
    Value callback;      /* cb = …, or nothing */
    bool failed;         /* it reported an error */
    const char *refused; /* why a file could not be written */
} Training;

/* ---- the runtime's view of it ---- */

static flux_status
train_thunk(void *state, void *m, const void *const *x, const void *y, size_t n,
            void *loss, const flux_work *w)
{
    (void)m;
    (void)w;
    Training *t = state;
    Step *step = &t->step;
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
epoch_end(Training *t, const flux_epoch *epoch)
{
    Script *s = t->step.s;
    bool stop = false;
    flux_error err = {{0}};
    double validation = 0;
    if (t->run.validates)
        validation = trainer_loss(s, t->step.trainer, &t->validation);
    if (train_run_epoch(&t->run, epoch->epoch, epoch->loss, validation, &stop,
                        &err) != FLUX_OK)
        script_fail(s, DIAG_file, t->step.span, NULL, "%s", err.text);
    if (t->callback.kind == VALUE_nothing)
        return stop;
    Value item[3] = {value_int((int64_t)epoch->epoch), value_float(epoch->loss),
                     value_float(validation)};
    size_t count = t->run.validates ? 3 : 2;
    Value v = call_values(s, t->callback, item, count, t->step.span);
    return stop ||
           (v.kind == VALUE_symbol && strcmp(v.as.symbol, "stop") == 0) ||
           (v.kind == VALUE_bool && !v.as.boolean);
}

/* The same with a recovery of its own: an error ends the training first. */
static int
epoch_thunk(void *user, const flux_epoch *epoch)
{
    Training *t = user;
    Script *s = t->step.s;
    jmp_buf here;
    jmp_buf *outer = s->recover;
    TraceState state = trace_enter(s, s->trace, s->graph);
    s->recover = &here;
    volatile int stop = 1;
    if (setjmp(here) == 0) {
        stop = epoch_end(t, epoch);
    } else {
        trace_leave(s, &state);
        t->failed = true;
    }
    s->recover = outer;
    return stop;
}

/* A checkpoint, where one is due. */
static flux_status
step_thunk(void *user, const flux_position *now)
{
    Training *t = user;
    TrainRun *run = &t->run;
    int64_t steps = (int64_t)tensor_get(run->trainer->step, 0);
    bool due = now->done == run->samples ||
               (run->every > 0 && steps % run->every == 0);
    run->at = *now;
    if (run->checkpoint == NULL || !due)
        return FLUX_OK;
    flux_error err = {{0}};
    flux_status status = train_run_save(run, &err);
    if (status != FLUX_OK)
        t->refused =
            arena_string(&run->s->context->arena, err.text, strlen(err.text));
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
                "%s has no parameters: nothing trains",
                trainer_model_name(s, model));
}

/* Refuses a loss of the script that does not take a result and a target. */
static void
check_loss(Script *s, Value loss, Span span)
{
    const Function *f = loss.kind == VALUE_function ? loss.as.function : NULL;
    if (f != NULL && f->fallback == NULL && !model_takes(loss, 2))
        script_fail(s, DIAG_arity, span,
                    "as in (ŷ, y) -> mse(ŷ, y); several targets are a tuple, "
                    "(ŷ, (a, b)) -> …",
                    "a loss takes the result and the target; %s does not take "
                    "two arguments",
                    f->name != NULL ? f->name : "this function");
}

/* what: the builtin that makes it. */
static Value
trainer_make(Script *s, const char *what, Value model, Value loss, Value opt,
             Span span)
{
    Value v = {.kind = VALUE_trainer};
    v.as.trainer = ARENA_NEW(&s->context->arena, Trainer);
    if (model.kind == VALUE_trainer)
        script_fail(s, DIAG_model, span,
                    "a trainer is itself called, step(x, y); train! makes one",
                    "%s wants a model, not a trainer", what);
    check_loss(s, loss, span);
    *v.as.trainer = (Trainer){.model = model_of(s, model, what, span),
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
    return trainer_make(s, "Trainer", args->item[0], args->item[1],
                        args->item[2], args->span);
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
read_validation(Training *t, const Args *args)
{
    Script *s = t->step.s;
    Value v;
    if (!args_key(args, "validation", &v)) {
        if (t->run.patience > 0)
            script_fail(s, DIAG_value, args->span,
                        "as in train!(m, data; validation = (xs, ys), patience "
                        "= 5)",
                        "patience needs validation data");
        return;
    }
    Samples all = samples_of_data(s, t->step.trainer->model, v, args->span);
    t->run.validates = true;
    t->validation = samples_as_args(s, &all, args->span);
    trainer_loss(s, t->step.trainer, &t->validation);
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
run_begin(Training *t, const Args *args)
{
    Script *s = t->step.s;
    TrainRun *run = &t->run;
    Arena *arena = &s->context->arena;
    Value v;
    *run = (TrainRun){.s = s,
                      .trainer = t->step.trainer,
                      .samples = (size_t)t->all.n,
                      .batch = (size_t)int_key(s, args, "batch", 32),
                      .seed = t->step.trainer->seed,
                      .span = args->span};
    run->params = trace_params(s, run->trainer->model);
    run->checkpoint = file_key(s, args, "checkpoint");
    run->log = file_key(s, args, "log");
    run->every = args_key(args, "every", &v) ? int_key(s, args, "every", 1) : 0;
    if (run->every > 0 && run->checkpoint == NULL)
        script_fail(
            s, DIAG_value, args->span,
            "as in train!(m, data; checkpoint = \"run.st\", every = 100)",
            "every is the number of steps between checkpoints");
    run->patience =
        args_key(args, "patience", &v) ? int_key(s, args, "patience", 1) : 0;
    run->best = ARENA_ARRAY(arena, void *, run->params.count + 1);
    for (size_t i = 0; run->patience > 0 && i < run->params.count; i++) {
        const Tensor *p = run->params.item[i].array->tensor;
        run->best[i] =
            arena_alloc(arena, (size_t)tensor_count(p) * dtype_size(p->dtype));
    }
    read_validation(t, args);
    train_run_load(run);
}

/* The trainer of a call of train!, with its own loss and optimiser or those of
 * the library.
 */
static Trainer *
trainer_of(Script *s, const Args *args)
{
    Value loss;
    Value opt;
    if (!args_key(args, "loss", &loss))
        loss = *scope_find(s->eval->library,
                           intern_text(&s->context->names, "logloss"));
    if (!args_key(args, "opt", &opt))
        opt = call_named(s, s->eval->library, "ADAM", NULL, 0, args->span);
    Value made =
        trainer_make(s, "train!", args->item[0], loss, opt, args->span);
    return made.as.trainer;
}

/* The runtime's loop over the samples. What went wrong is reported. */
static flux_train_result
train(Training *t, const Args *args)
{
    Script *s = t->step.s;
    flux_port input[TRACE_INPUTS];
    const void *data[TRACE_INPUTS];
    for (int i = 0; i < t->all.count; i++) {
        input[i] = port_of(t->step.trace->input[i].name, t->all.x[i]);
        data[i] = t->all.x[i]->data;
    }
    const int last = t->all.count - 1; /* to the runtime, the target */
    flux_model model = {.abi = FLUX_ABI,
                        .dtype =
                            s->options.dtype == DTYPE_f64 ? FLUX_F64 : FLUX_F32,
                        .name = value_name(t->step.trainer->model),
                        .ninput = (size_t)last,
                        .input = input};
    flux_trainer trainer = {.abi = FLUX_ABI,
                            .name = "train!",
                            .model = &model,
                            .target = &input[last],
                            .train = train_thunk,
                            .arena = no_arena};
    flux_data all = {.n = t->run.samples, .x = data, .y = data[last]};
    flux_train_options options = {
        .epochs = (size_t)int_key(s, args, "epochs", 1),
        .batch = t->run.batch,
        .seed = t->run.seed,
        .verbose = 1,
        .on_epoch = epoch_thunk,
        .from = t->run.at,
        .on_step = step_thunk,
        .user = t,
    };
    flux_train_result result = {0};
    flux_error err = {{0}};
    flux_status status =
        flux_train(&trainer, t, NULL, &all, &options, &result, &err);
    if (t->failed)
        script_abandon(s);
    if (t->refused != NULL)
        script_fail(s, DIAG_file, args->span, NULL, "%s", t->refused);
    if (t->step.fault.text != NULL)
        run_fail(s, t->step.graph, &t->step.fault, args->span);
    if (status != FLUX_OK)
        script_fail(s, DIAG_engine, args->span, NULL, "%s", err.text);
    return result;
}

static Value
fn_train(Script *s, const Args *args)
{
    if (s->options.compiling)
        script_fail(s, DIAG_compile_time, args->span,
                    "put it into `function main() … end`; fluxc run calls it",
                    "train! while compiling: a model is trained by fluxc run "
                    "or by the program that uses it");
    Training t = {.step = {.s = s, .span = args->span}};
    t.step.trainer = trainer_of(s, args);
    if (args_key(args, "cb", &t.callback) && !model_is(t.callback))
        script_fail(s, DIAG_value, args->span, "as in cb = (epoch, loss) -> …",
                    "cb is called after each epoch; %s cannot be called",
                    value_kind_name(t.callback));
    t.all =
        samples_of_data(s, t.step.trainer->model, args->item[1], args->span);
    Value seed;
    if (args_key(args, "seed", &seed))
        t.step.trainer->seed =
            (uint64_t)number_int(s, seed, "seed", 0, INT64_MAX, args->span);
    step_prepare(&t.step, &t.all);
    run_begin(&t, args);
    const size_t before = t.run.at.epoch > 0 ? t.run.at.epoch - 1 : 0;
    flux_train_result result = train(&t, args);
    train_run_end(&t.run);
    if (result.epochs == before && t.run.loss.count > 0) /* none was left */
        return value_float(t.run.loss.item[t.run.loss.count - 1]);
    return value_float(result.loss);
}

void
train_define_all(Script *s)
{
    static const Builtin table[] = {
        {"Trainer", 3, 3, fn_trainer, "a training step: model, loss, optimiser",
         NULL, false},
        {"train!", 2, 2, fn_train,
         "trains a model on data: loss, opt, epochs, batch, cb, seed, "
         "validation, patience, log, checkpoint, every",
         "loss opt epochs batch cb seed validation patience log checkpoint "
         "every",
         false},
    };
    scope_builtins(s, table, sizeof table / sizeof *table);
}
