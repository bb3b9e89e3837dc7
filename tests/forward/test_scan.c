/* Forward mode of loops, as text: a loop with every kind of operand and result,
 * of which some have tangents, becomes the one below, which a person has
 * checked (tests/forward and tests/grad compare the values of others with
 * differences).
 */
#define _POSIX_C_SOURCE 200809L
#include "pass/pass.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* x and n have tangents, w none; n's next value is the same in every step, and
 * k counts.
 */
static const char loop[] =
    "graph g\n"
    "  %0 = input \"x\" : f32[3,4]\n"
    "  %1 = input \"h\" : f32[3]\n"
    "  %2 = const 0 : i32\n"
    "  %3 = input \"n\" : f32[3]\n"
    "  %4 = input \"w\" : f32[3]\n"
    "  %5 = scan 4 sequences(%0@1) states(%1,%2,%3,%4) captured(%4,%3) "
    "results(@1,@1,@0,@1) {\n"
    "    %0 = input \"x\" : f32[3]\n"
    "    %1 = input \"h\" : f32[3]\n"
    "    %2 = input \"k\" : i32\n"
    "    %3 = input \"n\" : f32[3]\n"
    "    %4 = input \"m\" : f32[3]\n"
    "    %5 = input \"w\" : f32[3]\n"
    "    %6 = input \"c\" : f32[3]\n"
    "    %7 = mul %0 %1 : f32[3]\n"
    "    %8 = add %7 %3 : f32[3]\n"
    "    %9 = const 1 : i32\n"
    "    %10 = add %2 %9 : i32\n"
    "    %11 = exp %5 : f32[3]\n"
    "    %12 = mul %8 %6 : f32[3]\n"
    "    %13 = stop %8 : f32[3]\n"
    "    out \"h\" = %8\n"
    "    out \"k\" = %10\n"
    "    out \"n\" = %11\n"
    "    out \"m\" = %11\n"
    "    out \"a\" = %12\n"
    "    out \"b\" = %11\n"
    "    out \"c\" = %10\n"
    "    out \"d\" = %13\n"
    "  }\n";

static const char expected[] =
    "graph g\n"
    "  %0 = input \"x\" : f32[3,4]\n"
    "  %1 = input \"h\" : f32[3]\n"
    "  %2 = const 0 : i32\n"
    "  %3 = input \"n\" : f32[3]\n"
    "  %4 = input \"w\" : f32[3]\n"
    "  %5 = scan 4 sequences(%0@1) states(%1,%2,%3,%4) captured(%4,%3) "
    "results(@1,@1,@0,@1,@1,@1) {\n"
    "    %0 = input \"x\" : f32[3]\n"
    "    %1 = input \"h\" : f32[3]\n"
    "    %2 = input \"k\" : i32\n"
    "    %3 = input \"n\" : f32[3]\n"
    "    %4 = input \"m\" : f32[3]\n"
    "    %5 = input \"w\" : f32[3]\n"
    "    %6 = input \"c\" : f32[3]\n"
    "    %7 = mul %0 %1 : f32[3]\n"
    "    %8 = add %7 %3 : f32[3]\n"
    "    %9 = const 1 : i32\n"
    "    %10 = add %2 %9 : i32\n"
    "    %11 = exp %5 : f32[3]\n"
    "    %12 = mul %8 %6 : f32[3]\n"
    "    %13 = stop %8 : f32[3]\n"
    "    out \"h\" = %8\n"
    "    out \"k\" = %10\n"
    "    out \"n\" = %11\n"
    "    out \"m\" = %11\n"
    "    out \"a\" = %12\n"
    "    out \"b\" = %11\n"
    "    out \"c\" = %10\n"
    "    out \"d\" = %13\n"
    "    out \"saved\" = %8\n"
    "    out \"saved\" = %1\n"
    "  }\n"
    "  %6 = input \"v\" : f32[3,4]\n"
    "  %7 = input \"v\" : f32[3]\n"
    "  %8 = part %5 0 : f32[3]\n"
    "  %9 = part %5 1 : i32\n"
    "  %10 = part %5 2 : f32[3]\n"
    "  %11 = part %5 3 : f32[3]\n"
    "  %12 = part %5 4 : f32[3,4]\n"
    "  %13 = part %5 5 : f32[3,4]\n"
    "  %14 = part %5 6 : i32[4]\n"
    "  %15 = part %5 7 : f32[3,4]\n"
    "  %16 = const 0 : f32\n"
    "  %17 = broadcast %16 map() : f32[3]\n"
    "  %18 = part %5 8 : f32[3,4]\n"
    "  %19 = part %5 9 : f32[3,4]\n"
    "  %20 = scan 4 sequences(%6@1,%18@1,%19@1,%0@1) states(%17,%7) "
    "captured(%7,%3) results(@1) {\n"
    "    %0 = input \"d\" : f32[3]\n"
    "    %1 = input \"saved\" : f32[3]\n"
    "    %2 = input \"h\" : f32[3]\n"
    "    %3 = input \"x\" : f32[3]\n"
    "    %4 = input \"d\" : f32[3]\n"
    "    %5 = input \"d\" : f32[3]\n"
    "    %6 = input \"d\" : f32[3]\n"
    "    %7 = input \"c\" : f32[3]\n"
    "    %8 = mul %0 %2 : f32[3]\n"
    "    %9 = mul %4 %3 : f32[3]\n"
    "    %10 = add %8 %9 : f32[3]\n"
    "    %11 = add %10 %5 : f32[3]\n"
    "    %12 = mul %11 %7 : f32[3]\n"
    "    %13 = mul %6 %1 : f32[3]\n"
    "    %14 = add %12 %13 : f32[3]\n"
    "    %15 = const 0 : f32\n"
    "    %16 = broadcast %15 map() : f32[3]\n"
    "    out \"next\" = %11\n"
    "    out \"next\" = %16\n"
    "    out \"d\" = %14\n"
    "  }\n"
    "  %21 = part %20 0 : f32[3]\n"
    "  %22 = part %20 1 : f32[3]\n"
    "  %23 = part %20 2 : f32[3,4]\n"
    "  out \"h\" = %21\n"
    "  out \"n\" = %22\n"
    "  out \"a\" = %23\n";

static Graph *
read_graph(Context *context, Dims *dims, const char *text)
{
    context_init(context);
    dims_init(dims, &context->arena);
    uint32_t number = source_add(&context->sources, "g.ir", text, strlen(text));
    Graph *g = ir_read(context, dims, source_get(&context->sources, number));
    assert_non_null(g);
    return g;
}

static void
loop_is_as_written(void **state)
{
    (void)state;
    Context context;
    Dims dims;
    Graph *g = read_graph(&context, &dims, loop);
    Frame frame = {.model = "m"};
    Node *scan = ir_node(g, 5);
    scan->span = (Span){1, 1, 2};
    scan->frame = &frame;
    Ref x[] = {0, 3};
    Ref dx[2];
    Ref y[8];
    Ref dy[8];
    for (int i = 0; i < 2; i++) {
        Node n = *ir_node(g, x[i]);
        dx[i] = ir_leaf(g, OP_input, "v", n.dtype, n.rank, n.dim);
    }
    for (int i = 0; i < 8; i++)
        y[i] = ir_part(g, 5, i);
    assert_true(diff_forward(g, x, dx, 2, y, 8, dy));
    static const char *const name[] = {"h", "k", "n", "m", "a", "b", "c", "d"};
    for (int i = 0; i < 8; i++)
        if (dy[i] != REF_NONE)
            ir_output(g, name[i], dy[i], REF_NONE);
    assert_null(ir_verify(g));
    Ref made = ir_node(g, dy[0])->operand[0];
    assert_ptr_equal(ir_node(g, made)->region->frame, &frame);
    assert_int_equal(ir_node(g, made)->region->span.begin, 1);

    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    for (size_t i = 0; i < g->node.count; i++) {
        Node *n = ir_node(g, (Ref)i);
        n->span = (Span){0};
        for (size_t k = 0; n->region != NULL && k < n->region->node.count; k++)
            n->region->node.item[k].span = (Span){0};
    }
    ir_print(g, file);
    fclose(file);
    assert_string_equal(text, expected);
    free(text);
    context_free(&context);
}

/* What adds up over the steps stands where the loop does. */
static void
sums_have_a_place(void **state)
{
    (void)state;
    Context context;
    Dims dims;
    Graph *g = read_graph(&context, &dims, loop);
    Frame frame = {.model = "m"};
    ir_node(g, 5)->span = (Span){1, 1, 2};
    ir_node(g, 5)->frame = &frame;
    Ref x = 4;
    Ref y = ir_part(g, 5, 4);
    Ref dy = ir_fill(g, y, 1);
    Ref dx = REF_NONE;
    assert_true(diff_reverse(g, &y, &dy, 1, &x, 1, &dx));
    const Graph *body = NULL;
    for (size_t i = 6; i < g->node.count; i++)
        if (g->node.item[i].op == OP_scan)
            body = g->node.item[i].region;
    assert_non_null(body);
    size_t last = body->output.count - 1;
    while (strcmp(body->output.item[last].name, "next") != 0)
        last--;
    const Node *sum = ir_node(body, body->output.item[last].ref);
    assert_int_equal(sum->op, OP_add);
    assert_int_equal(sum->span.begin, 1);
    assert_ptr_equal(sum->frame, &frame);
    context_free(&context);
}

/* A loop in a loop whose steps' values have all axes: neither has a derivative.
 */
static const char wide[] =
    "graph g\n"
    "  %0 = input \"x\" : f32\n"
    "  %1 = scan 2 sequences() states(%0) captured() results() {\n"
    "    %0 = input \"x\" : f32\n"
    "    %1 = scan 2 sequences() states(%0) captured() results() {\n"
    "      %0 = input \"x\" : f32\n"
    "      %1 = reshape %0 : f32[1,1,1,1,1,1,1,1]\n"
    "      %2 = sin %1 : f32[1,1,1,1,1,1,1,1]\n"
    "      %3 = mul %2 %2 : f32[1,1,1,1,1,1,1,1]\n"
    "      %4 = reshape %3 : f32\n"
    "      out \"x\" = %4\n"
    "    }\n"
    "    %2 = part %1 0 : f32\n"
    "    out \"x\" = %2\n"
    "  }\n"
    "  %2 = part %1 0 : f32\n";

static void
inner_loops_are_told(void **state)
{
    (void)state;
    for (int reverse = 0; reverse < 2; reverse++) {
        Context context;
        Dims dims;
        Graph *g = read_graph(&context, &dims, wide);
        Ref x = 0;
        Ref y = 2;
        Ref found = REF_NONE;
        Ref one = ir_const(g, DTYPE_f32, 1);
        assert_false(reverse ? diff_reverse(g, &y, &one, 1, &x, 1, &found)
                             : diff_forward(g, &x, &one, 1, &y, 1, &found));
        assert_int_equal(context.diags.count, 1);
        assert_int_equal(context.diags.item[0]->code, DIAG_derivative);
        context_free(&context);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loop_is_as_written),
        cmocka_unit_test(sums_have_a_place),
        cmocka_unit_test(inner_loops_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
