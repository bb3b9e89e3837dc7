/* compose.c - building a chain: flattening, sizes, places and names of the
 * parameters, and who frees what.
 */
#include "runtime/chain.h"
#include "runtime/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The owner of a model made at run time; NULL for other models. */
static flux_owner *
model_owner(const flux_model *model)
{
    flux_affine_model *affine = flux_as_affine(model);
    if (affine != NULL)
        return &affine->owner;
    flux_chain_model *chain = flux_as_chain(model);
    return chain != NULL ? &chain->owner : NULL;
}

/* Frees a chain but not its parts. */
static void
chain_free_shell(flux_chain_model *c)
{
    free(c->part);
    free(c->param);
    free(c->names);
    free(c);
}

static void
model_free(const flux_model *model)
{
    flux_chain_model *chain = flux_as_chain(model);
    if (chain == NULL) {
        free(flux_as_affine(model));
        return;
    }
    for (size_t i = 0; i < chain->count; i++)
        free(flux_as_affine(chain->part[i].model));
    chain_free_shell(chain);
}

/* Frees a model made at run time, with all parts of a chain; see flux.h. */
void
flux_model_free(const flux_model *model)
{
    const flux_owner *owner = model_owner(model);
    if (owner != NULL && !owner->taken)
        model_free(model);
}

/* What flux_chain_of was given. */
typedef struct Given {
    const flux_model *const *part;
    size_t count;
} Given;

static int
given_before(Given given, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (given.part[k] == given.part[i])
            return 1;
    return 0;
}

/* First collects, then frees: a model may be given twice, or with its chain. */
static void
given_free(Given given)
{
    const flux_model *list = NULL;
    for (size_t i = 0; i < given.count; i++) {
        flux_owner *owner = model_owner(given.part[i]);
        if (owner == NULL || owner->taken)
            continue;
        owner->taken = 1;
        owner->next = list;
        list = given.part[i];
    }
    while (list != NULL) {
        const flux_model *model = list;
        list = model_owner(model)->next;
        model_free(model);
    }
}

/* Why a model cannot be part of a chain; FLUX_OK if it can. */
static flux_status
part_check(const flux_model *model, flux_dtype dtype, size_t number,
           flux_error *err)
{
    if (model == NULL)
        return flux_error_set(err, FLUX_E_NULL, "layer %zu is NULL", number);
    if (model->abi != FLUX_ABI)
        return flux_error_set(err, FLUX_E_ABI,
                              "layer %zu, %s, was generated for ABI %u, the "
                              "library has ABI %d",
                              number, model->name, (unsigned)model->abi,
                              FLUX_ABI);
    if (model->forward == NULL)
        return flux_error_set(err, FLUX_E_UNSUPPORTED,
                              "layer %zu, %s, takes sizes with each call",
                              number, model->name);
    if (model->ninput != 1 || model->noutput != 1)
        return flux_error_set(err, FLUX_E_UNSUPPORTED,
                              "layer %zu, %s, has %zu inputs and %zu outputs; "
                              "a chain takes one of each",
                              number, model->name, model->ninput,
                              model->noutput);
    if (model->dtype != dtype || model->input->dtype != dtype ||
        model->output->dtype != dtype)
        return flux_error_set(
            err, FLUX_E_MISMATCH,
            "layer %zu, %s, computes in %s from %s, the first "
            "layer in %s",
            number, model->name, flux_dtype_name(model->dtype),
            flux_dtype_name(model->input->dtype), flux_dtype_name(dtype));
    if ((model->input->size == 0) != (model->output->size == 0))
        return flux_error_set(err, FLUX_E_UNSUPPORTED,
                              "layer %zu, %s, has an input or an output, but "
                              "not both, of any length",
                              number, model->name);
    return FLUX_OK;
}

static flux_status
given_check(Given given, flux_error *err)
{
    if (given.count == 0 || given.part == NULL)
        return flux_error_set(err, FLUX_E_NULL, "a chain without layers");
    for (size_t i = 0; i < given.count; i++) {
        const flux_model *model = given.part[i];
        flux_dtype dtype = given.part[0] ? given.part[0]->dtype : FLUX_F32;
        flux_status status = part_check(model, dtype, i + 1, err);
        if (status != FLUX_OK)
            return status;
        const flux_owner *owner = model_owner(model);
        if (owner != NULL && (owner->taken || given_before(given, i)))
            return flux_error_set(err, FLUX_E_MISMATCH,
                                  "layer %zu, %s, already belongs to a chain; "
                                  "make another one",
                                  i + 1, model->name);
    }
    return FLUX_OK;
}

/* Allocates a chain of the given models, chains among them flattened. */
static flux_chain_model *
chain_flatten(Given given)
{
    size_t count = 0;
    for (size_t i = 0; i < given.count; i++) {
        const flux_chain_model *inner = flux_as_chain(given.part[i]);
        count += inner != NULL ? inner->count : 1;
    }
    flux_chain_model *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->part = calloc(count, sizeof *c->part);
    if (c->part == NULL) {
        free(c);
        return NULL;
    }
    for (size_t i = 0; i < given.count; i++) {
        const flux_chain_model *inner = flux_as_chain(given.part[i]);
        size_t some = inner != NULL ? inner->count : 1;
        for (size_t k = 0; k < some; k++)
            c->part[c->count++].model =
                inner != NULL ? inner->part[k].model : given.part[i];
    }
    return c;
}

/* Sizes and places of the parts; an error names the two that do not fit. */
static flux_status
chain_place(flux_chain_model *c, flux_error *err)
{
    size_t length = 0;
    for (size_t i = 0; i < c->count; i++) {
        flux_part *part = &c->part[i];
        const flux_model *model = part->model;
        size_t in = model->input->size;
        if (in != 0 && length != 0 && in != length)
            return flux_error_set(err, FLUX_E_MISMATCH,
                                  "layer %zu, %s, takes %zu values, layer %zu, "
                                  "%s, gives %zu",
                                  i + 1, model->name, in, i,
                                  c->part[i - 1].model->name, length);
        if (in != 0 && length == 0)
            for (size_t k = 0; k < i; k++)
                c->part[k].in = c->part[k].out = in;
        part->in = in != 0 ? in : length;
        part->out = in != 0 ? model->output->size : length;
        length = part->out;
        part->params = c->model.bytes;
        part->grads = c->model.grad_bytes;
        part->state = c->model.state;
        c->model.state += model->state;
        c->model.stepped |= model->stepped;
        c->model.bytes = flux_add(part->params, flux_align(model->bytes));
        c->model.grad_bytes =
            flux_add(part->grads, flux_align(model->grad_bytes));
        c->model.nparam += model->nparam;
    }
    if (c->model.bytes > PTRDIFF_MAX || c->model.grad_bytes > PTRDIFF_MAX)
        return flux_error_set(err, FLUX_E_SIZE,
                              "the parameters' size "
                              "overflows");
    return FLUX_OK;
}

/* "layer", a number and a dot before each parameter's name. */
static flux_status
chain_name(flux_chain_model *c, flux_error *err)
{
    enum { PREFIX = 32 };
    size_t room = 1;
    for (size_t i = 0; i < c->count; i++)
        for (size_t k = 0; k < c->part[i].model->nparam; k++)
            room += PREFIX + strlen(c->part[i].model->param[k].name);
    c->param = calloc(c->model.nparam + 1, sizeof *c->param);
    c->names = calloc(room, 1);
    if (c->param == NULL || c->names == NULL)
        return flux_error_set(err, FLUX_E_MEMORY, "out of memory");
    flux_param *param = c->param;
    size_t used = 0;
    for (size_t i = 0; i < c->count; i++) {
        const flux_part *part = &c->part[i];
        for (size_t k = 0; k < part->model->nparam; k++) {
            *param = part->model->param[k];
            param->offset += part->params;
            if (param->grad_offset != FLUX_NO_GRAD)
                param->grad_offset += part->grads;
            char *name = c->names + used;
            int length = snprintf(name, room - used, "layer%zu.%s", i + 1,
                                  part->model->param[k].name);
            used += (size_t)length + 1;
            param->name = name;
            param++;
        }
    }
    return FLUX_OK;
}

/* The chain's own descriptor: the ends of its first and last parts. A size that
 * only a later part fixes makes the port a vector.
 */
static void
chain_describe(flux_chain_model *c)
{
    const flux_part *first = &c->part[0];
    const flux_part *last = &c->part[c->count - 1];
    c->input = *first->model->input;
    c->output = *last->model->output;
    if (c->input.size != first->in) {
        c->input.size = first->in;
        c->input.rank = 1;
        c->input.dim[0] = first->in;
    }
    if (c->output.size != last->out) {
        c->output.size = last->out;
        c->output.rank = 1;
        c->output.dim[0] = last->out;
    }
    c->model.abi = FLUX_ABI;
    c->model.dtype = first->model->dtype;
    c->model.name = "chain";
    c->model.source = "";
    c->model.param = c->param;
    c->model.ninput = 1;
    c->model.input = &c->input;
    c->model.noutput = 1;
    c->model.output = &c->output;
    flux_chain_functions(c);
}

/* The chain owns its affine parts; chains that were flattened are gone. Streams
 * number the affine parts, as calls of `glorot` number those of a script.
 */
static void
chain_take(flux_chain_model *c, Given given)
{
    for (size_t i = 0; i < given.count; i++) {
        flux_chain_model *inner = flux_as_chain(given.part[i]);
        if (inner != NULL)
            chain_free_shell(inner);
    }
    uint64_t stream = 0;
    for (size_t i = 0; i < c->count; i++) {
        flux_affine_model *affine = flux_as_affine(c->part[i].model);
        if (affine == NULL)
            continue;
        affine->owner.taken = 1;
        affine->stream = stream++;
    }
}

/* Models one after another; see flux.h. */
flux_model *
flux_chain_of(const flux_model *const *part, size_t count, flux_error *err)
{
    Given given = {part, part == NULL ? 0 : count};
    flux_chain_model *c = NULL;
    flux_status status = given_check(given, err);
    if (status == FLUX_OK) {
        c = chain_flatten(given);
        if (c == NULL)
            status = flux_error_set(err, FLUX_E_MEMORY, "out of memory");
    }
    if (status == FLUX_OK)
        status = chain_place(c, err);
    if (status == FLUX_OK)
        status = chain_name(c, err);
    if (status != FLUX_OK) {
        if (c != NULL)
            chain_free_shell(c);
        given_free(given);
        return NULL;
    }
    chain_describe(c);
    chain_take(c, given);
    return &c->model;
}
