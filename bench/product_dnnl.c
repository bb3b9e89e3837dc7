/* The product by oneDNN's matmul, whose weights are put into the layout that
 * it likes best when they are set. */
#include "fixed.h"

#include <dnnl.h>
#include <stdio.h>

static dnnl_engine_t engine;
static dnnl_stream_t stream;
static dnnl_memory_t blocked; /* the weights */
static dnnl_primitive_t matmul;
static dnnl_memory_t source;
static dnnl_memory_t result;

static const char *
detail(void)
{
    static char text[64];
    const dnnl_version_t *v = dnnl_version();
    snprintf(text, sizeof text, "oneDNN %d.%d.%d, matmul, blocked weights",
             v->major, v->minor, v->patch);
    return text;
}

static void
must(dnnl_status_t status)
{
    if (status == dnnl_success)
        return;
    fprintf(stderr, "oneDNN: status %d\n", (int)status);
    exit(1);
}

static dnnl_memory_desc_t
matrix(size_t rows, size_t columns, dnnl_format_tag_t layout)
{
    dnnl_memory_desc_t d;
    dnnl_dims_t dims = {(dnnl_dim_t)rows, (dnnl_dim_t)columns};
    must(dnnl_memory_desc_init_by_tag(&d, 2, dims, dnnl_f32, layout));
    return d;
}

static bool
product_open(size_t n)
{
    must(dnnl_engine_create(&engine, dnnl_cpu, 0));
    must(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags));
    dnnl_memory_desc_t x = matrix(n, BENCH_IN, dnnl_ab);
    dnnl_memory_desc_t w = matrix(BENCH_IN, BENCH_OUT, dnnl_format_tag_any);
    dnnl_memory_desc_t y = matrix(n, BENCH_OUT, dnnl_ab);
    dnnl_matmul_desc_t operation;
    must(dnnl_matmul_desc_init(&operation, &x, &w, NULL, &y));
    dnnl_primitive_desc_t chosen;
    must(dnnl_primitive_desc_create(&chosen, &operation, NULL, engine, NULL));
    must(dnnl_primitive_create(&matmul, chosen));
    must(dnnl_memory_create(
        &blocked,
        dnnl_primitive_desc_query_md(chosen, dnnl_query_weights_md, 0), engine,
        DNNL_MEMORY_ALLOCATE));
    must(dnnl_memory_create(&source, &x, engine, DNNL_MEMORY_NONE));
    must(dnnl_memory_create(&result, &y, engine, DNNL_MEMORY_NONE));
    return fixed_open(n);
}

/* Copies the weights into their blocks. */
static void
product_set(const float *p)
{
    fixed_set(p);
    dnnl_memory_desc_t plain = matrix(BENCH_IN, BENCH_OUT, dnnl_ab);
    const dnnl_memory_desc_t *layout;
    must(dnnl_memory_get_memory_desc(blocked, &layout));
    dnnl_memory_t from;
    must(dnnl_memory_create(&from, &plain, engine, weights));
    dnnl_primitive_desc_t copy;
    must(dnnl_reorder_primitive_desc_create(&copy, &plain, engine, layout,
                                            engine, NULL));
    dnnl_primitive_t reorder;
    must(dnnl_primitive_create(&reorder, copy));
    dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, blocked}};
    must(dnnl_primitive_execute(reorder, stream, 2, args));
    must(dnnl_stream_wait(stream));
    dnnl_primitive_destroy(reorder);
    dnnl_primitive_desc_destroy(copy);
    dnnl_memory_destroy(from);
}

/* n is that of open. */
static void
product_infer(const float *x, size_t n, float *y)
{
    (void)n;
    must(dnnl_memory_set_data_handle(source, (void *)(uintptr_t)x));
    must(dnnl_memory_set_data_handle(result, y));
    dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, source},
                              {DNNL_ARG_WEIGHTS, blocked},
                              {DNNL_ARG_DST, result}};
    must(dnnl_primitive_execute(matmul, stream, 3, args));
    must(dnnl_stream_wait(stream));
}

const Implementation implementation = {
    .detail = detail,
    .open = product_open,
    .set = product_set,
    .get = fixed_get,
    .infer = product_infer,
};
