/* Files: idx, npy, savenpy, readcsv, save, load!. */
#include "runtime/flux.h"
#include "script/array/args.h"
#include "script/array/lift.h"
#include "script/array/numeric.h"
#include "script/array/seq.h"
#include "script/builtin/builtin.h"
#include "script/model/model.h"
#include "script/model/trace_model.h"
#include "script/value/scope.h"

#include <stdlib.h>
#include <string.h>

const char *
data_path(Script *s, Value v, Span span)
{
    if (v.kind != VALUE_string)
        script_fail(s, DIAG_value, span,
                    model_is(v) ? "save(file, model), but load!(model, file)"
                                : NULL,
                    "a file's name is a String, not %s", value_kind_name(v));
    const char *path = v.as.string.text;
    if (strlen(path) != v.as.string.length)
        script_fail(s, DIAG_file, span, NULL,
                    "a file's name holds no zero "
                    "byte");
    return path;
}

const char *
data_source(Script *s, Value v, Span span)
{
    Arena *arena = &s->context->arena;
    const char *path = data_path(s, v, span);
    VEC_PUSH(arena, &s->context->data, arena_printf(arena, "%s", path));
    return path;
}

static DiagCode
file_code(flux_status status)
{
    return status == FLUX_E_IO ? DIAG_file : DIAG_data;
}

/* Bytes of classes become Ints; images and numbers Float32, as they stand. */
static Value
fn_idx(Script *s, const Args *args)
{
    const char *path = data_source(s, args->item[0], args->span);
    flux_array array = {0};
    flux_error err = {{0}};
    flux_status status = flux_idx_read(path, &array, &err);
    if (status != FLUX_OK)
        script_fail(s, file_code(status), args->span, NULL, "%s", err.text);
    int64_t dim[IR_RANK] = {0};
    int rank = (int)array.rank;
    bool fits = rank < IR_RANK;
    for (int i = 0; fits && i < rank; i++)
        dim[i] = (int64_t)array.dim[i];
    DType dtype = array.dtype == FLUX_F64                ? DTYPE_f64
                  : array.dtype == FLUX_I32 && rank <= 1 ? DTYPE_i64
                                                         : DTYPE_f32;
    Tensor *t = fits ? tensor_new(&s->context->arena, dtype, rank, dim) : NULL;
    Tensor from = {.dtype = array.dtype == FLUX_F64   ? DTYPE_f64
                            : array.dtype == FLUX_F32 ? DTYPE_f32
                                                      : DTYPE_i32,
                   .data = array.data};
    for (int64_t i = 0, n = t ? tensor_count(t) : 0; i < n; i++)
        tensor_set(t, i, tensor_get(&from, i));
    flux_array_free(&array);
    if (t == NULL)
        script_fail(s, DIAG_data, args->span, NULL,
                    "%s holds an array of too many axes or elements", path);
    return value_array(s, t);
}

/* The script's type for an element type of the runtime, and back. */
static DType
array_dtype(flux_dtype dtype)
{
    switch (dtype) {
    case FLUX_F32:
        return DTYPE_f32;
    case FLUX_F64:
        return DTYPE_f64;
    case FLUX_BOOL:
        return DTYPE_bool;
    case FLUX_I32:
    case FLUX_U32:
        break;
    }
    return DTYPE_i64;
}

/* An array from NumPy, its elements as they stand; integers become Ints. */
static Value
fn_npy(Script *s, const Args *args)
{
    const char *path = data_source(s, args->item[0], args->span);
    flux_array array = {0};
    flux_error err = {{0}};
    flux_status status = flux_npy_read(path, &array, &err);
    if (status != FLUX_OK)
        script_fail(s, file_code(status), args->span, NULL, "%s", err.text);
    static const DType stored[] = {
        [FLUX_F32] = DTYPE_f32,   [FLUX_F64] = DTYPE_f64,
        [FLUX_I32] = DTYPE_i32,   [FLUX_U32] = DTYPE_u32,
        [FLUX_BOOL] = DTYPE_bool,
    };
    int64_t dim[IR_RANK] = {0};
    for (size_t i = 0; i < array.rank; i++)
        dim[i] = (int64_t)array.dim[i];
    Tensor *t = tensor_new(&s->context->arena, array_dtype(array.dtype),
                           (int)array.rank, dim);
    const Tensor from = {.dtype = stored[array.dtype], .data = array.data};
    for (int64_t i = 0, n = t ? tensor_count(t) : 0; i < n; i++)
        tensor_set(t, i, tensor_get(&from, i));
    flux_array_free(&array);
    if (t == NULL)
        script_fail(s, DIAG_limit, args->span, NULL, "%s is too large", path);
    return value_array(s, t);
}

/* savenpy(file, array): Ints as i4, which they must fit. */
static Value
fn_savenpy(Script *s, const Args *args)
{
    const char *path = data_path(s, args->item[0], args->span);
    Value v = seq_plain(s, numeric_plain(s, args->item[1], args->span));
    v = lift_array(s, v);
    if (v.kind != VALUE_array && v.kind != VALUE_batch)
        script_fail(s, DIAG_value, args->span, NULL,
                    "savenpy writes an array, not %s", value_kind_name(v));
    const Tensor *t = v.as.array->tensor;
    flux_array array = {.dtype = t->dtype == DTYPE_f64    ? FLUX_F64
                                 : t->dtype == DTYPE_f32  ? FLUX_F32
                                 : t->dtype == DTYPE_bool ? FLUX_BOOL
                                                          : FLUX_I32,
                        .rank = (size_t)t->rank,
                        .data = t->data};
    for (int i = 0; i < t->rank; i++)
        array.dim[i] = (size_t)t->dim[i];
    if (t->dtype == DTYPE_i64) {
        int32_t *small =
            ARENA_ARRAY(&s->context->arena, int32_t, tensor_count(t) + 1);
        for (int64_t i = 0; i < tensor_count(t); i++) {
            int64_t element = ((const int64_t *)t->data)[i];
            if (element < INT32_MIN || element > INT32_MAX)
                script_fail(s, DIAG_data, args->span, NULL,
                            "%lld does not fit the 32 bits of the file",
                            (long long)element);
            small[i] = (int32_t)element;
        }
        array.data = small;
    }
    flux_error err = {{0}};
    flux_status status = flux_npy_write(path, &array, &err);
    if (status != FLUX_OK)
        script_fail(s, DIAG_file, args->span, NULL, "%s", err.text);
    return value_nothing();
}

/* A table as a matrix, one column a record: what Batch takes. */
static Value
fn_readcsv(Script *s, const Args *args)
{
    const char *path = data_source(s, args->item[0], args->span);
    flux_csv_options options = {0};
    Value v;
    if (args_key(args, "header", &v)) {
        if (v.kind == VALUE_bool)
            options.header = v.as.boolean ? FLUX_CSV_NAMES : FLUX_CSV_NONE;
        else if (v.kind == VALUE_symbol && strcmp(v.as.symbol, "skip") == 0)
            options.header = FLUX_CSV_SKIP;
        else
            script_fail(s, DIAG_value, args->span, NULL,
                        "header is true, false or :skip");
    }
    if (args_key(args, "separator", &v)) {
        if (v.kind != VALUE_string || v.as.string.length != 1)
            script_fail(s, DIAG_value, args->span, NULL,
                        "separator is a String of one byte");
        options.separator = v.as.string.text[0];
    }
    flux_table table = {0};
    flux_error err = {{0}};
    flux_status status = flux_csv_read(path, &options, &table, &err);
    if (status != FLUX_OK)
        script_fail(s, file_code(status), args->span, NULL, "%s", err.text);
    int64_t dim[2] = {(int64_t)table.cols, (int64_t)table.rows};
    Tensor *t = tensor_new(&s->context->arena, DTYPE_f64, 2, dim);
    if (t != NULL && table.rows * table.cols > 0)
        memcpy(t->data, table.data,
               table.rows * table.cols * sizeof *table.data);
    flux_table_free(&table);
    if (t == NULL)
        script_fail(s, DIAG_limit, args->span, NULL, "%s is too large", path);
    return value_array(s, t);
}

static flux_tensor
checkpoint_tensor(const Param *p)
{
    const Tensor *t = p->array->tensor;
    flux_tensor out = {.name = p->path,
                       .dtype = t->dtype == DTYPE_f64 ? FLUX_F64 : FLUX_F32,
                       .rank = (size_t)t->rank,
                       .data = t->data};
    for (int i = 0; i < t->rank; i++)
        out.dim[i] = (size_t)t->dim[i];
    return out;
}

/* The parameters of a model, all rounded to the models' type. */
static Params
checkpoint_params(Script *s, Value model, Span span)
{
    Params params = trace_params(s, model_of(s, model, "a checkpoint", span));
    for (size_t i = 0; i < params.count; i++)
        if (!params.item[i].array->rounded)
            trace_round(s, params.item[i].array, s->options.dtype);
    return params;
}

static Value
fn_save(Script *s, const Args *args)
{
    const char *path = data_path(s, args->item[0], args->span);
    Params params = checkpoint_params(s, args->item[1], args->span);
    flux_tensor *tensor =
        ARENA_ARRAY(&s->context->arena, flux_tensor, params.count + 1);
    for (size_t i = 0; i < params.count; i++)
        tensor[i] = checkpoint_tensor(&params.item[i]);
    flux_error err = {{0}};
    flux_status status =
        flux_tensors_write(path, tensor, params.count, NULL, 0, &err);
    if (status != FLUX_OK)
        script_fail(s, DIAG_file, args->span, NULL, "%s", err.text);
    return value_nothing();
}

/* NULL, or why the file's tensor does not fit the parameter. */
static const char *
checkpoint_mismatch(Script *s, const Param *p, const flux_tensor *found)
{
    Arena *arena = &s->context->arena;
    flux_tensor want = checkpoint_tensor(p);
    if (found == NULL)
        return arena_printf(arena, "the file has no tensor %s", p->path);
    if (found->dtype != want.dtype)
        return arena_printf(arena, "%s has another element type", p->path);
    bool same = found->rank == want.rank;
    const char *file = "";
    const char *model = "";
    for (size_t i = 0; i < found->rank; i++)
        file =
            arena_printf(arena, "%s%s%zu", file, i ? "," : "", found->dim[i]);
    for (size_t i = 0; i < want.rank; i++) {
        same = same && found->dim[i] == want.dim[i];
        model =
            arena_printf(arena, "%s%s%zu", model, i ? "," : "", want.dim[i]);
    }
    return same ? NULL
                : arena_printf(arena,
                               "%s is (%s) in the file and (%s) in the "
                               "model",
                               p->path, file, model);
}

static Value
fn_load(Script *s, const Args *args)
{
    Params params = checkpoint_params(s, args->item[0], args->span);
    const char *path = data_source(s, args->item[1], args->span);
    flux_error err = {{0}};
    flux_tensors *file = flux_tensors_open(path, &err);
    if (file == NULL)
        script_fail(s, DIAG_checkpoint, args->span, NULL, "%s", err.text);
    size_t limit = arena_lift(&s->context->arena);
    const char *problem = NULL;
    for (size_t i = 0; i < params.count && problem == NULL; i++)
        problem = checkpoint_mismatch(
            s, &params.item[i], flux_tensors_find(file, params.item[i].path));
    for (size_t i = 0; i < params.count && problem == NULL; i++) {
        Array *a = params.item[i].array;
        const flux_tensor *t = flux_tensors_find(file, params.item[i].path);
        memcpy(a->tensor->data, t->data,
               (size_t)tensor_count(a->tensor) * dtype_size(a->tensor->dtype));
        a->recipe = REF_NONE;
    }
    flux_tensors_close(file);
    s->context->arena.limit = limit;
    if (problem != NULL)
        script_fail(s, DIAG_checkpoint, args->span, NULL, "%s: %s", path,
                    problem);
    return value_nothing();
}

void
data_define_all(Script *s)
{
    static const Builtin table[] = {
        {"idx", 1, 1, fn_idx, "an array from an IDX file, gzip or plain", NULL,
         false},
        {"npy", 1, 1, fn_npy, "an array from an NPY file of NumPy's", NULL,
         false},
        {"savenpy", 2, 2, fn_savenpy,
         "writes an NPY file: savenpy(file, array)", NULL, false},
        {"readcsv", 1, 1, fn_readcsv,
         "a matrix from a CSV file, one column a record", "header separator",
         false},
        {"plot!", 2, -1, plot_call,
         "draws values as SVG: plot!(file, vector or points, …)",
         "names classes", false},
        {"save", 2, 2, fn_save, "writes a checkpoint: save(file, model)", NULL,
         false},
        {"load!", 2, 2, fn_load, "reads a checkpoint: load!(model, file)", NULL,
         false},
    };
    scope_builtins(s, table, sizeof table / sizeof *table);
    data_text_define_all(s);
}
