/* diff_hold: what stops in a graph and in its loops becomes inputs. */
#define _POSIX_C_SOURCE 200809L
#include "pass/pass.h"
#include "tests/ir/text.h"

static Graph *
read_text(Fixture *f, const char *text)
{
    Graph *g = graph_of(f, text, strlen(text));
    assert_non_null(g);
    return g;
}

static void
becomes(Fixture *f, const char *text, const char *expected)
{
    const Graph *held = diff_hold(read_text(f, text));
    assert_null(ir_verify(held));
    assert_string_equal(text_of(&f->context.arena, held), expected);
}

static const char held_loops[] =
    "graph g\n"
    "  %0 = input \"xs\" : f64[2,3,4]\n"
    "  %1 = param \"s\" : f64[2]\n"
    "  %2 = input \"held\" : f64[2]\n"
    "  %3 = input \"held\" : f64[2,4]\n"
    "  %4 = input \"held\" : f64[2,3,4]\n"
    "  %5 = input \"held\" : f64[2,4]\n"
    "  %6 = input \"held\" : f64[2]\n"
    "  %7 = scan 4 sequences(%0@2,%3@1,%4@2,%5@1) states(%1) captured(%2) "
    "results(@1,@1,@2,@1) {\n"
    "    %0 = input \"x\" : f64[2,3]\n"
    "    %1 = input \"held\" : f64[2]\n"
    "    %2 = input \"held\" : f64[2,3]\n"
    "    %3 = input \"held\" : f64[2]\n"
    "    %4 = input \"s\" : f64[2]\n"
    "    %5 = input \"c\" : f64[2]\n"
    "    %6 = scan 3 sequences(%0@1,%2@1) states(%1) captured(%5) "
    "results(@1,@1) {\n"
    "      %0 = input \"x\" : f64[2]\n"
    "      %1 = input \"held\" : f64[2]\n"
    "      %2 = input \"h\" : f64[2]\n"
    "      %3 = input \"c\" : f64[2]\n"
    "      %4 = mul %0 %2 : f64[2]\n"
    "      %5 = mul %1 %3 : f64[2]\n"
    "      out \"h\" = %5\n"
    "      out \"y\" = %1\n"
    "      out \"stop\" = %4\n"
    "    }\n"
    "    %7 = part %6 2 : f64[2,3]\n"
    "    %8 = part %6 0 : f64[2]\n"
    "    out \"s\" = %3\n"
    "    out \"y\" = %1\n"
    "    out \"stop\" = %4\n"
    "    out \"stop\" = %7\n"
    "    out \"stop\" = %8\n"
    "  }\n"
    "  %8 = part %7 2 : f64[2,4]\n"
    "  %9 = part %7 3 : f64[2,3,4]\n"
    "  %10 = part %7 4 : f64[2,4]\n"
    "  %11 = part %7 0 : f64[2]\n"
    "  %12 = part %7 1 : f64[2,4]\n"
    "  out \"s\" = %6\n"
    "  out \"y\" = %12\n"
    "  out \"stop\" = %1\n"
    "  out \"stop\" = %8\n"
    "  out \"stop\" = %9\n"
    "  out \"stop\" = %10\n"
    "  out \"stop\" = %11\n";

/* Stops before a loop, in it, in a loop in it, and behind it. */
static void
loops_hold(void **state)
{
    becomes(*state,
            "graph g\n"
            "  %0 = input \"xs\" : f64[2,3,4]\n"
            "  %1 = param \"s\" : f64[2]\n"
            "  %2 = stop %1 : f64[2]\n"
            "  %3 = scan 4 sequences(%0@2) states(%1) captured(%2) "
            "results(@1) {\n"
            "    %0 = input \"x\" : f64[2,3]\n"
            "    %1 = input \"s\" : f64[2]\n"
            "    %2 = input \"c\" : f64[2]\n"
            "    %3 = stop %1 : f64[2]\n"
            "    %4 = scan 3 sequences(%0@1) states(%3) captured(%2) "
            "results(@1) {\n"
            "      %0 = input \"x\" : f64[2]\n"
            "      %1 = input \"h\" : f64[2]\n"
            "      %2 = input \"c\" : f64[2]\n"
            "      %3 = mul %0 %1 : f64[2]\n"
            "      %4 = stop %3 : f64[2]\n"
            "      %5 = mul %4 %2 : f64[2]\n"
            "      out \"h\" = %5\n"
            "      out \"y\" = %4\n"
            "    }\n"
            "    %5 = part %4 0 : f64[2]\n"
            "    %6 = stop %5 : f64[2]\n"
            "    out \"s\" = %6\n"
            "    out \"y\" = %3\n"
            "  }\n"
            "  %4 = part %3 0 : f64[2]\n"
            "  %5 = part %3 1 : f64[2,4]\n"
            "  %6 = stop %4 : f64[2]\n"
            "  out \"s\" = %6\n"
            "  out \"y\" = %5\n",
            held_loops);
}

static const char held_others[] =
    "graph g\n"
    "  %0 = input \"k\" : i32\n"
    "  %1 = param \"w\" : f64[1,1,1,1,1,1,1,2]\n"
    "  %2 = param \"h\" : f64\n"
    "  %3 = input \"held\" : f64[4]\n"
    "  %4 = input \"held\" : f64[1,1,1,1,1,1,1,2]\n"
    "  %5 = stop %0 : i32\n"
    "  %6 = scan 4 sequences(%3@0) states(%2) captured(%5,%1) results(@0) {\n"
    "    %0 = input \"held\" : f64\n"
    "    %1 = input \"h\" : f64\n"
    "    %2 = input \"k\" : i32\n"
    "    %3 = input \"w\" : f64[1,1,1,1,1,1,1,2]\n"
    "    %4 = stop %2 : i32\n"
    "    %5 = cast %4 : f64\n"
    "    %6 = stop %3 : f64[1,1,1,1,1,1,1,2]\n"
    "    %7 = sum %6 axes(0,1,2,3,4,5,6,7) tree16 : f64\n"
    "    %8 = mul %7 %0 : f64\n"
    "    %9 = add %8 %5 : f64\n"
    "    out \"h\" = %9\n"
    "    out \"stop\" = %1\n"
    "  }\n"
    "  %7 = part %6 1 : f64[4]\n"
    "  %8 = part %6 0 : f64\n"
    "  out \"y\" = %8\n"
    "  out \"w\" = %4\n"
    "  out \"stop\" = %7\n"
    "  out \"stop\" = %1\n";

/* What is no real number stops no derivative, and a value of all axes leaves
 * none for the steps; a loop without sequences.
 */
static void
others_stay(void **state)
{
    becomes(*state,
            "graph g\n"
            "  %0 = input \"k\" : i32\n"
            "  %1 = param \"w\" : f64[1,1,1,1,1,1,1,2]\n"
            "  %2 = param \"h\" : f64\n"
            "  %3 = stop %0 : i32\n"
            "  %4 = scan 4 sequences() states(%2) captured(%3,%1) results() "
            "{\n"
            "    %0 = input \"h\" : f64\n"
            "    %1 = input \"k\" : i32\n"
            "    %2 = input \"w\" : f64[1,1,1,1,1,1,1,2]\n"
            "    %3 = stop %1 : i32\n"
            "    %4 = cast %3 : f64\n"
            "    %5 = stop %2 : f64[1,1,1,1,1,1,1,2]\n"
            "    %6 = sum %5 axes(0,1,2,3,4,5,6,7) tree16 : f64\n"
            "    %7 = stop %0 : f64\n"
            "    %8 = mul %6 %7 : f64\n"
            "    %9 = add %8 %4 : f64\n"
            "    out \"h\" = %9\n"
            "  }\n"
            "  %5 = part %4 0 : f64\n"
            "  %6 = stop %1 : f64[1,1,1,1,1,1,1,2]\n"
            "  out \"y\" = %5\n"
            "  out \"w\" = %6\n",
            held_others);
}

static const char held_last[] =
    "graph g\n"
    "  %0 = input \"x\" : f64[4,3,1,1,1,1,1,2]\n"
    "  %1 = input \"held\" : f64[4,3,1,1,1,1,1,2]\n"
    "  %2 = input \"held\" : f64[4,3,1,1,1,1,1,2]\n"
    "  %3 = scan 4 sequences(%0@0,%1@0,%2@0) states() captured() "
    "results(@0,@0,@0) {\n"
    "    %0 = input \"x\" : f64[3,1,1,1,1,1,2]\n"
    "    %1 = input \"held\" : f64[3,1,1,1,1,1,2]\n"
    "    %2 = input \"held\" : f64[3,1,1,1,1,1,2]\n"
    "    %3 = scan 3 sequences(%1@0,%2@0) states() captured() "
    "results(@0,@0) {\n"
    "      %0 = input \"x\" : f64[1,1,1,1,1,2]\n"
    "      %1 = input \"held\" : f64[1,1,1,1,1,2]\n"
    "      out \"y\" = %1\n"
    "      out \"stop\" = %0\n"
    "    }\n"
    "    %4 = part %3 1 : f64[3,1,1,1,1,1,2]\n"
    "    %5 = part %3 0 : f64[3,1,1,1,1,1,2]\n"
    "    out \"y\" = %5\n"
    "    out \"stop\" = %0\n"
    "    out \"stop\" = %4\n"
    "  }\n"
    "  %4 = part %3 1 : f64[4,3,1,1,1,1,1,2]\n"
    "  %5 = part %3 2 : f64[4,3,1,1,1,1,1,2]\n"
    "  %6 = part %3 0 : f64[4,3,1,1,1,1,1,2]\n"
    "  out \"y\" = %6\n"
    "  out \"stop\" = %4\n"
    "  out \"stop\" = %5\n";

/* A value of all axes but those that the loops need is held; a loop of nothing
 * but a sequence.
 */
static void
last_axes_hold(void **state)
{
    becomes(*state,
            "graph g\n"
            "  %0 = input \"x\" : f64[4,3,1,1,1,1,1,2]\n"
            "  %1 = scan 4 sequences(%0@0) states() captured() "
            "results(@0) {\n"
            "    %0 = input \"x\" : f64[3,1,1,1,1,1,2]\n"
            "    %1 = stop %0 : f64[3,1,1,1,1,1,2]\n"
            "    %2 = scan 3 sequences(%1@0) states() captured() "
            "results(@0) {\n"
            "      %0 = input \"x\" : f64[1,1,1,1,1,2]\n"
            "      %1 = stop %0 : f64[1,1,1,1,1,2]\n"
            "      out \"y\" = %1\n"
            "    }\n"
            "    %3 = part %2 0 : f64[3,1,1,1,1,1,2]\n"
            "    out \"y\" = %3\n"
            "  }\n"
            "  %2 = part %1 0 : f64[4,3,1,1,1,1,1,2]\n"
            "  out \"y\" = %2\n",
            held_last);
}

/* What is held, and a loop that has become another, stand where they stood. */
static void
places_are_kept(void **state)
{
    Graph *g = read_text(*state, "graph g\n"
                                 "  %0 = param \"s\" : f64\n"
                                 "  %1 = stop %0 : f64\n"
                                 "  %2 = scan 4 sequences() states(%1) "
                                 "captured() results() {\n"
                                 "    %0 = input \"s\" : f64\n"
                                 "    %1 = stop %0 : f64\n"
                                 "    out \"s\" = %1\n"
                                 "  }\n"
                                 "  %3 = part %2 0 : f64\n"
                                 "  out \"s\" = %3\n");
    const Frame frame[] = {{.model = "a"}, {.model = "b"}};
    for (int i = 0; i < 2; i++) {
        g->node.item[1 + i].span = (Span){1, 2 + (uint32_t)i, 5};
        g->node.item[1 + i].frame = &frame[i];
    }
    const Graph *held = diff_hold(g);
    int loops = 0;
    for (Ref i = 0; i < (Ref)held->node.count; i++) {
        const Node *n = ir_node(held, i);
        loops += n->op == OP_scan;
        if (i != 1 && n->op != OP_scan)
            continue;
        assert_int_equal(n->span.begin, i == 1 ? 2 : 3);
        assert_ptr_equal(n->frame, &frame[i == 1 ? 0 : 1]);
    }
    assert_int_equal(loops, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(loops_hold),
        TEST(others_stay),
        TEST(last_axes_hold),
        TEST(places_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
