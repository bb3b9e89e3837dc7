/* The state of a training run: see train_run.h. A checkpoint is a safetensors
 * file with the parameters by their paths, as save writes them; the trainer's
 * states as trainer.NAME; history.loss and history.validation; best.PATH where
 * there is patience; and notes of the position in the data and the seed.
 */
#define _POSIX_C_SOURCE 200809L
#include "script/train/train_run.h"

#include "runtime/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT = 96 };

static size_t
bytes_of(const Tensor *t)
{
    return (size_t)tensor_count(t) * dtype_size(t->dtype);
}

typedef struct {
    flux_tensor *item;
    size_t count;
    size_t capacity;
} Tensors;

static void
add(Arena *arena, Tensors *all, const char *prefix, const char *name,
    const Tensor *t, const void *data)
{
    flux_tensor one = {.name = arena_printf(arena, "%s%s", prefix, name),
                       .dtype = t->dtype == DTYPE_f64   ? FLUX_F64
                                : t->dtype == DTYPE_f32 ? FLUX_F32
                                                        : FLUX_I32,
                       .rank = (size_t)t->rank,
                       .data = data};
    for (int i = 0; i < t->rank; i++)
        one.dim[i] = (size_t)t->dim[i];
    VEC_PUSH(arena, all, one);
}

static void
add_history(Arena *arena, Tensors *all, const char *name, double *value,
            size_t count)
{
    Tensor t = {.dtype = DTYPE_f64, .rank = 1, .dim = {(int64_t)count}};
    if (count > 0)
        add(arena, all, "history.", name, &t, value);
}

/* All tensors of the file: what is trained, and where it stands. */
static Tensors
tensors_of(const TrainRun *run, Arena *arena)
{
    Tensors all = {0};
    const Trainer *trainer = run->trainer;
    for (size_t i = 0; i < run->params.count; i++) {
        const Param *p = &run->params.item[i];
        add(arena, &all, "", p->path, p->array->tensor, p->array->tensor->data);
        if (run->best_epoch > 0)
            add(arena, &all, "best.", p->path, p->array->tensor, run->best[i]);
    }
    if (trainer->eta != NULL)
        add(arena, &all, "trainer.", "eta", trainer->eta, trainer->eta->data);
    if (trainer->step != NULL)
        add(arena, &all, "trainer.", "step", trainer->step,
            trainer->step->data);
    for (size_t i = 0; i < trainer->moments.count; i++) {
        const Moment *m = &trainer->moments.item[i];
        add(arena, &all, "trainer.", m->name, m->tensor, m->tensor->data);
    }
    return all;
}

flux_status
train_run_save(TrainRun *run, flux_error *err)
{
    Arena arena = {0};
    char position[TEXT];
    char seed[TEXT];
    char data[TEXT];
    char best[TEXT];
    snprintf(position, TEXT, "%zu %zu %a", run->at.epoch, run->at.done,
             run->at.sum);
    snprintf(seed, TEXT, "%llu", (unsigned long long)run->seed);
    snprintf(data, TEXT, "%zu %zu", run->samples, run->batch);
    snprintf(best, TEXT, "%zu", run->best_epoch);
    const flux_note note[] = {{"position", position},
                              {"seed", seed},
                              {"samples and batch", data},
                              {"best epoch", best}};
    Tensors all = tensors_of(run, &arena);
    add_history(&arena, &all, "loss", run->loss.item, run->loss.count);
    add_history(&arena, &all, "validation", run->validation.item,
                run->validation.count);
    flux_status status =
        flux_tensors_write(run->checkpoint, all.item, all.count, note,
                           sizeof note / sizeof *note, err);
    arena_free(&arena);
    return status;
}

_Noreturn static void
refuse(const TrainRun *run, const char *problem)
{
    script_fail(run->s, DIAG_checkpoint, run->span,
                "remove the file to train from the beginning", "%s: %s",
                run->checkpoint, problem);
}

static bool
same_shape(const flux_tensor *a, const flux_tensor *b)
{
    bool same = a->dtype == b->dtype && a->rank == b->rank;
    for (size_t i = 0; same && i < a->rank; i++)
        same = a->dim[i] == b->dim[i];
    return same;
}

/* NULL, or why a file is not a checkpoint of this run. */
static const char *
mismatch(const TrainRun *run, const flux_tensors *file, const Tensors *want)
{
    Arena *arena = &run->s->context->arena;
    for (size_t i = 0; i < want->count; i++) {
        const flux_tensor *found = flux_tensors_find(file, want->item[i].name);
        if (found == NULL || !same_shape(found, &want->item[i]))
            return arena_printf(arena, "%s is not what this training has",
                                want->item[i].name);
    }
    size_t samples = 0;
    size_t batch = 0;
    const char *data = flux_tensors_note(file, "samples and batch");
    if (data == NULL || sscanf(data, "%zu %zu", &samples, &batch) != 2)
        return "it holds no training";
    if (samples != run->samples || batch != run->batch)
        return arena_printf(arena,
                            "it is of %zu samples in batches of %zu, here are "
                            "%zu in batches of %zu",
                            samples, batch, run->samples, run->batch);
    return NULL;
}

static void
load_history(const TrainRun *run, const flux_tensors *file, const char *name,
             double **item, size_t *count)
{
    const flux_tensor *t = flux_tensors_find(file, name);
    if (t == NULL || t->dtype != FLUX_F64 || t->rank != 1)
        return;
    *count = t->dim[0];
    *item =
        arena_copy(&run->s->context->arena, t->data, *count * sizeof **item);
}

static const char *
load_notes(TrainRun *run, const flux_tensors *file)
{
    const char *position = flux_tensors_note(file, "position");
    const char *seed = flux_tensors_note(file, "seed");
    const char *best = flux_tensors_note(file, "best epoch");
    unsigned long long number = 0;
    if (position == NULL || seed == NULL || best == NULL ||
        sscanf(position, "%zu %zu %la", &run->at.epoch, &run->at.done,
               &run->at.sum) != 3 ||
        sscanf(seed, "%llu", &number) != 1 ||
        sscanf(best, "%zu", &run->best_epoch) != 1 ||
        run->at.done > run->samples)
        return "it holds no training";
    run->seed = run->trainer->seed = number;
    return NULL;
}

void
train_run_load(TrainRun *run)
{
    if (run->checkpoint == NULL || access(run->checkpoint, F_OK) != 0)
        return;
    flux_error err = {{0}};
    flux_tensors *file = flux_tensors_open(run->checkpoint, &err);
    if (file == NULL)
        script_fail(run->s, DIAG_checkpoint, run->span, NULL, "%s", err.text);
    Arena arena = {0};
    Tensors all = tensors_of(run, &arena);
    const char *problem = mismatch(run, file, &all);
    if (problem == NULL)
        problem = load_notes(run, file);
    for (size_t i = 0; i < all.count && problem == NULL; i++) {
        const flux_tensor *t = flux_tensors_find(file, all.item[i].name);
        size_t size = flux_dtype_size(t->dtype);
        for (size_t k = 0; k < t->rank; k++)
            size *= t->dim[k];
        memcpy((void *)(uintptr_t)all.item[i].data, t->data, size);
    }
    load_history(run, file, "history.loss", &run->loss.item, &run->loss.count);
    load_history(run, file, "history.validation", &run->validation.item,
                 &run->validation.count);
    run->loss.capacity = run->loss.count;
    run->validation.capacity = run->validation.count;
    for (size_t i = 0; run->best_epoch > 0 && i < run->params.count; i++) {
        const Tensor *t = run->params.item[i].array->tensor;
        const flux_tensor *b = flux_tensors_find(
            file, arena_printf(&arena, "best.%s", run->params.item[i].path));
        if (problem == NULL && b != NULL)
            memcpy(run->best[i], b->data, bytes_of(t));
    }
    flux_tensors_close(file);
    arena_free(&arena);
    if (problem != NULL)
        refuse(run, problem);
}

/* epoch,loss,validation: a line an epoch, all of them anew. */
static flux_status
write_log(const TrainRun *run, flux_error *err)
{
    flux_output out;
    flux_status status = flux_output_open(&out, run->log, err);
    if (status != FLUX_OK)
        return status;
    char line[3 * TEXT];
    int size = snprintf(line, sizeof line, "epoch,loss%s\n",
                        run->validates ? ",validation" : "");
    status = flux_output_write(&out, line, (size_t)size, err);
    for (size_t i = 0; i < run->loss.count && status == FLUX_OK; i++) {
        size =
            snprintf(line, sizeof line, "%zu,%.9g", i + 1, run->loss.item[i]);
        if (i < run->validation.count)
            size += snprintf(line + size, sizeof line - (size_t)size, ",%.9g",
                             run->validation.item[i]);
        line[size++] = '\n';
        status = flux_output_write(&out, line, (size_t)size, err);
    }
    if (status == FLUX_OK)
        return flux_output_finish(&out, err);
    flux_output_cancel(&out);
    return status;
}

static void
keep_best(TrainRun *run, size_t epoch)
{
    run->best_epoch = epoch;
    for (size_t i = 0; i < run->params.count; i++) {
        const Tensor *t = run->params.item[i].array->tensor;
        if (bytes_of(t) > 0)
            memcpy(run->best[i], t->data, bytes_of(t));
    }
}

flux_status
train_run_epoch(TrainRun *run, size_t epoch, double loss, double validation,
                bool *stop, flux_error *err)
{
    Arena *arena = &run->s->context->arena;
    run->loss.count = run->loss.count < epoch ? run->loss.count : epoch - 1;
    VEC_PUSH(arena, &run->loss, loss);
    if (run->validates) {
        if (run->validation.count >= epoch)
            run->validation.count = epoch - 1;
        VEC_PUSH(arena, &run->validation, validation);
    }
    if (run->patience > 0 &&
        (run->best_epoch == 0 || run->best_epoch > run->validation.count ||
         validation < run->validation.item[run->best_epoch - 1]))
        keep_best(run, epoch);
    *stop =
        run->patience > 0 && epoch - run->best_epoch >= (size_t)run->patience;
    return run->log != NULL ? write_log(run, err) : FLUX_OK;
}

void
train_run_end(TrainRun *run)
{
    for (size_t i = 0; run->best_epoch > 0 && i < run->params.count; i++) {
        const Tensor *t = run->params.item[i].array->tensor;
        if (bytes_of(t) > 0)
            memcpy(t->data, run->best[i], bytes_of(t));
    }
}
