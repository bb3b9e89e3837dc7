/* checkpoint.c - a model's parameters, a trainer's state, and its best epoch so
 * far, in safetensors files. A load checks everything before it writes the
 * first parameter.
 */
#include "runtime/error.h"
#include "runtime/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Named arrays inside one struct. */
typedef struct Group {
    const char *prefix; /* before each name in the file */
    const flux_param *param;
    size_t count;
    size_t bytes; /* of the struct */
    void *base;
} Group;

static const char state_prefix[] = "trainer.";

/* The best epoch's number, accuracy and error, named as no state is. An
 * epoch's number is whole, and below 2^31.
 */
enum { BEST = 3 };
static const char best_name[] = "trainer.best";
static const flux_param best_param[] = {
    {"best", FLUX_F64, 1, {BEST}, 0, FLUX_NO_GRAD}};
static const double best_most = 2147483648.0;

static size_t
param_bytes(const flux_param *p)
{
    return flux_mul(flux_elements(p->rank, p->dim), flux_dtype_size(p->dtype));
}

/* prefix and name into one malloc'ed text. */
static char *
group_name(const Group *group, size_t i)
{
    const char *name = group->param[i].name;
    size_t room = strlen(group->prefix) + strlen(name) + 1;
    char *text = malloc(room);
    if (text != NULL)
        snprintf(text, room, "%s%s", group->prefix, name);
    return text;
}

static flux_status
groups_check(const Group *group, size_t groups, flux_error *err)
{
    for (size_t k = 0; k < groups; k++) {
        if (group[k].base == NULL && group[k].count > 0)
            return flux_error_set(err, FLUX_E_NULL,
                                  "no memory to save or load");
        for (size_t i = 0; i < group[k].count; i++) {
            const flux_param *p = &group[k].param[i];
            size_t end = flux_add(p->offset, param_bytes(p));
            if (p->rank > FLUX_MAX_RANK || end > group[k].bytes)
                return flux_error_set(err, FLUX_E_SIZE,
                                      "parameter %s lies outside its struct",
                                      p->name);
        }
    }
    return FLUX_OK;
}

static size_t
groups_count(const Group *group, size_t groups)
{
    size_t count = 0;
    for (size_t k = 0; k < groups; k++)
        count += group[k].count;
    return count;
}

static void
tensors_free(flux_tensor *tensor, size_t count)
{
    for (size_t i = 0; tensor != NULL && i < count; i++)
        free((char *)tensor[i].name);
    free(tensor);
}

/* The groups' parameters as tensors of their file; NULL without memory. */
static flux_tensor *
groups_tensors(const Group *group, size_t groups)
{
    size_t count = groups_count(group, groups);
    flux_tensor *tensor = calloc(count + 1, sizeof *tensor);
    flux_tensor *t = tensor;
    for (size_t k = 0; tensor != NULL && k < groups; k++)
        for (size_t i = 0; i < group[k].count; i++, t++) {
            const flux_param *p = &group[k].param[i];
            t->name = group_name(&group[k], i);
            if (t->name == NULL) {
                tensors_free(tensor, count);
                return NULL;
            }
            t->dtype = p->dtype;
            t->rank = p->rank;
            memcpy(t->dim, p->dim, sizeof t->dim);
            t->data = (const unsigned char *)group[k].base + p->offset;
        }
    return tensor;
}

/* The metadata of every checkpoint. */
static const flux_note order_note = {
    "order", "column-major arrays; shapes list the slowest dimension first"};

/* To a file, or to memory where path is NULL. */
static flux_status
groups_save(const Group *group, size_t groups, const char *model,
            const char *path, void **bytes, size_t *size, flux_error *err)
{
    flux_status status = groups_check(group, groups, err);
    if (status != FLUX_OK)
        return status;
    flux_note note[] = {{"format", "fluxc"}, {"model", model}, order_note};
    flux_tensor *tensor = groups_tensors(group, groups);
    if (tensor == NULL)
        return flux_error_set(err, FLUX_E_MEMORY, "out of memory");
    size_t count = groups_count(group, groups);
    if (path != NULL)
        status = flux_tensors_write(path, tensor, count, note, 3, err);
    else
        status = flux_tensors_pack(tensor, count, note, 3, bytes, size, err);
    tensors_free(tensor, count);
    return status;
}

/* The tensor of the file that holds want, or an error that names both. */
static const flux_tensor *
tensor_match(const flux_tensors *t, const flux_tensor *want,
             flux_status *status, flux_error *err)
{
    const flux_tensor *found = flux_tensors_find(t, want->name);
    if (found == NULL) {
        *status = flux_error_set(err, FLUX_E_MISMATCH,
                                 "tensor %s is not in the file", want->name);
        return NULL;
    }
    if (found->dtype == want->dtype && found->rank == want->rank &&
        memcmp(found->dim, want->dim, want->rank * sizeof *want->dim) == 0)
        return found;
    char have[80];
    char need[80];
    flux_shape_text(found->rank, found->dim, have, sizeof have);
    flux_shape_text(want->rank, want->dim, need, sizeof need);
    *status =
        flux_error_set(err, FLUX_E_MISMATCH,
                       "tensor %s is %s %s in the file, %s %s in the model",
                       want->name, flux_dtype_name(found->dtype), have,
                       flux_dtype_name(want->dtype), need);
    return NULL;
}

static int
is_state(const char *name)
{
    return strncmp(name, state_prefix, sizeof state_prefix - 1) == 0;
}

/* A tensor of the file that nothing asks for, or NULL; whatever begins with
 * `passed`, if that is not NULL, may be there.
 */
static const char *
tensors_stranger(const flux_tensors *t, const flux_tensor *want, size_t count,
                 const char *passed)
{
    for (size_t i = 0; i < flux_tensors_count(t); i++) {
        const char *name = flux_tensors_at(t, i)->name;
        size_t k = 0;
        while (k < count && strcmp(want[k].name, name) != 0)
            k++;
        if (k == count &&
            (passed == NULL || strncmp(name, passed, strlen(passed)) != 0))
            return name;
    }
    return NULL;
}

/* All or none; what begins with `passed` may be in the file beside them. */
static flux_status
groups_load(const Group *group, size_t groups, const flux_tensors *t,
            const char *passed, flux_error *err)
{
    flux_status status = groups_check(group, groups, err);
    if (status != FLUX_OK)
        return status;
    flux_tensor *want = groups_tensors(group, groups);
    if (want == NULL)
        return flux_error_set(err, FLUX_E_MEMORY, "out of memory");
    size_t count = groups_count(group, groups);
    for (size_t i = 0; i < count && status == FLUX_OK; i++)
        (void)tensor_match(t, &want[i], &status, err);
    const char *stranger = tensors_stranger(t, want, count, passed);
    if (status == FLUX_OK && stranger != NULL)
        status = flux_error_set(err, FLUX_E_MISMATCH, "the %s for tensor %s",
                                is_state(stranger) ? "trainer has no state"
                                                   : "model has no parameter",
                                stranger);
    size_t at = 0;
    for (size_t k = 0; k < groups && status == FLUX_OK; k++)
        for (size_t i = 0; i < group[k].count; i++, at++) {
            const flux_param *p = &group[k].param[i];
            const flux_tensor *from = flux_tensors_find(t, want[at].name);
            memcpy((unsigned char *)group[k].base + p->offset, from->data,
                   param_bytes(p));
        }
    tensors_free(want, count);
    return status;
}

static flux_status
groups_load_file(const Group *group, size_t groups, const char *path,
                 flux_error *err)
{
    flux_tensors *t = NULL;
    flux_status status = flux_tensors_read(path, &t, err);
    if (status != FLUX_OK)
        return status;
    status = groups_load(group, groups, t, state_prefix, err);
    flux_tensors_close(t);
    if (status != FLUX_OK)
        flux_error_prefix(err, path);
    return status;
}

static Group
model_group(const flux_model *model, const void *m)
{
    return (Group){"", model->param, model->nparam, model->bytes, (void *)m};
}

/* Whether the first of the best epoch's numbers is one; false for NaN. */
static int
best_number_is_whole(const flux_tensor *t)
{
    double number;
    if (t->dtype != FLUX_F64 || flux_elements(t->rank, t->dim) != BEST)
        return 1; /* groups_load says so better */
    memcpy(&number, t->data, sizeof number);
    return number >= 1.0 && number < best_most &&
           (double)(size_t)number == number;
}

/* Saves the parameters; see flux.h. */
flux_status
flux_save(const flux_model *model, const void *m, const char *path,
          flux_error *err)
{
    if (model == NULL || path == NULL)
        return flux_error_set(err, FLUX_E_NULL, "no model, or no file name");
    Group group = model_group(model, m);
    return groups_save(&group, 1, model->name, path, NULL, NULL, err);
}

/* Loads the parameters, all or none; see flux.h. */
flux_status
flux_load(const flux_model *model, void *m, const char *path, flux_error *err)
{
    if (model == NULL || path == NULL)
        return flux_error_set(err, FLUX_E_NULL, "no model, or no file name");
    Group group = model_group(model, m);
    return groups_load_file(&group, 1, path, err);
}

/* Saves the parameters to memory; see flux.h. */
flux_status
flux_save_bytes(const flux_model *model, const void *m, void **bytes,
                size_t *size, flux_error *err)
{
    if (model == NULL)
        return flux_error_set(err, FLUX_E_NULL, "no model");
    Group group = model_group(model, m);
    return groups_save(&group, 1, model->name, NULL, bytes, size, err);
}

/* Loads the parameters from memory, all or none; see flux.h. */
flux_status
flux_load_bytes(const flux_model *model, void *m, const void *bytes,
                size_t size, flux_error *err)
{
    if (model == NULL)
        return flux_error_set(err, FLUX_E_NULL, "no model");
    flux_tensors *t = NULL;
    flux_status status = flux_tensors_parse(bytes, size, &t, err);
    if (status != FLUX_OK)
        return status;
    Group group = model_group(model, m);
    status = groups_load(&group, 1, t, state_prefix, err);
    flux_tensors_close(t);
    return status;
}

/* The parts of a training's file; the last two are the best epoch's. */
static void
training_groups(const flux_trainer *trainer, const void *state, const void *m,
                const flux_best *best, double *number, Group *group)
{
    group[0] = model_group(trainer->model, m);
    group[1] = (Group){state_prefix, trainer->state, trainer->nstate,
                       trainer->bytes, (void *)state};
    group[2] =
        (Group){state_prefix, best_param, 1, BEST * sizeof *number, number};
    group[3] = model_group(trainer->model, best != NULL ? best->m : NULL);
    group[3].prefix = "trainer.best/";
}

/* Saves parameters, a trainer's state and its best epoch; see flux.h. */
flux_status
flux_save_training(const flux_trainer *trainer, const void *state,
                   const void *m, const flux_best *best, const char *path,
                   flux_error *err)
{
    if (trainer == NULL || path == NULL)
        return flux_error_set(err, FLUX_E_NULL, "no trainer, or no file name");
    const int some = best != NULL && best->epoch > 0;
    if (some && (double)best->epoch >= best_most)
        return flux_error_set(err, FLUX_E_SIZE, "epoch %zu is past 2^31 - 1",
                              best->epoch);
    double number[BEST] = {0};
    Group group[4];
    training_groups(trainer, state, m, best, number, group);
    if (some) {
        number[0] = (double)best->epoch;
        number[1] = best->scores.accuracy;
        number[2] = best->scores.error;
    }
    return groups_save(group, some ? 4 : 2, trainer->model->name, path, NULL,
                       NULL, err);
}

/* Loads the same, all or none; see flux.h. */
flux_status
flux_load_training(const flux_trainer *trainer, void *state, void *m,
                   flux_best *best, const char *path, flux_error *err)
{
    if (trainer == NULL || path == NULL)
        return flux_error_set(err, FLUX_E_NULL, "no trainer, or no file name");
    const size_t bytes = trainer->model->bytes;
    if (best != NULL && flux_overlap(best->m, bytes, m, bytes))
        return flux_error_set(err, FLUX_E_OVERLAP,
                              "the best epoch's parameters are the model's");
    flux_tensors *t = NULL;
    flux_status status = flux_tensors_read(path, &t, err);
    if (status != FLUX_OK)
        return status;
    const flux_tensor *saved = flux_tensors_find(t, best_name);
    const int some = best != NULL && saved != NULL;
    double number[BEST] = {0};
    Group group[4];
    training_groups(trainer, state, m, best, number, group);
    if (some && !best_number_is_whole(saved))
        status = flux_error_set(err, FLUX_E_MISMATCH,
                                "tensor %s has no epoch's number", best_name);
    if (status == FLUX_OK)
        status = groups_load(group, some ? 4 : 2, t,
                             best == NULL ? best_name : NULL, err);
    flux_tensors_close(t);
    if (status != FLUX_OK) {
        flux_error_prefix(err, path);
        return status;
    }
    if (best != NULL) {
        best->epoch = (size_t)number[0];
        best->scores = (flux_scores){number[1], number[2]};
    }
    return status;
}
