/* Lines that are too long and what they become: as clang-format 14 breaks them,
 * but for strings, which it would break inside.
 */
#include "emit/text/line.h"
#include "emit/text/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Each as it is to be, in lines of at most 60 columns. */
static const char *const wanted[] = {
    "    acc[k % 4] = flux_fmaf(h2[k + 9 * s], dy1[k + 3 * i],\n"
    "                           acc[k % 4]);",
    "    h3[k + 40 * j] =\n"
    "        flux_padf(j < 1, dy2, k + 40 * i + 120 * s) * t;",
    "    const float t3 =\n"
    "        flux_padf(flux_and(k < 1, i < 1), dy3, k - j - 8) *\n"
    "        W[k];",
    "    acc[0] = flux_fma(\n"
    "        t,\n"
    "        flux_select(t5, flux_select(t4, t6, 0.0) + t, 0.0) +\n"
    "            t6,\n"
    "        acc[0]);",
    "    const float share = first_layer > 0.0f\n"
    "                            ? second_layer / first_layer\n"
    "                            : 0.0f;",
    "    const float share =\n"
    "        of_the_first_layer > of_the_second_layer\n"
    "            ? of_the_second_layer / of_the_first_layer\n"
    "            : 0.0f;",
    "    y[first_of_the_rows * columns_of_it +\n"
    "      first_of_the_columns + 40 * (s + offset)] = 0.0f;",
    "    h->of_the_first_layer[(size_t)first_of_the_rows * 40 +\n"
    "                          first_of_the_columns] += t;",
    "    const size_t one = (size_t)batch * channels * rows *\n"
    "                       (columns + 2 * padding);",
    "    if (x == NULL || y_of_the_output == NULL ||\n"
    "        (n > 0 && arena == NULL)) {",
    "    if (flux_overlap(x, n * 12 * sizeof(float), y,\n"
    "                     n * 8 * sizeof(float)) ||\n"
    "        arena == NULL) {",
    "    for (size_t first = 0; first < rows_of_the_matrix;\n"
    "         first++) {",
    "    report(\"Schicht größer als alle\", \"sie (\\\", ?\", step);",
    "    report(\n"
    "        \"a string of so many words that no line has room for"
    " it\");",
    "    return a[i] * first_layer[i] + b[i] * second_layer[i] +\n"
    "           c[i];",
    "    const float *x =\n"
    "        (const float *)(arena + of_the_first_buffer_of_it);",
    "    one_word_of_more_characters_than_any_line_may_ever_have_columns;",
    "    one_word_of_more_characters_than_any_line_may_ever_have_columns =\n"
    "        flux_expf(another_word_of_many_more_characters(x));",
    "    model->first_layer_of_all.inner_layer.weights[i] =\n"
    "        -flux_expf(y[i] * 2.5e-3f);",
    "flux_status logistic_forward(const logistic *m, size_t n,\n"
    "                             float *y);",
    "logistic_forward(const logistic *m, const float *x,\n"
    "                 size_t n)",
    "flux_status\n"
    "a_function_whose_name_leaves_no_room_for_parameters(\n"
    "    const float *x);",
};

/* A broken line as one: its lines, joined by spaces but behind (. */
static char *
joined(Arena *arena, const char *text)
{
    char *line = arena_alloc(arena, strlen(text) + 1);
    size_t length = 0;
    for (text += strspn(text, " "); *text != 0; text++) {
        line[length++] = *text;
        if (*text != '\n')
            continue;
        length--;
        text += strspn(text, " \n") - 1;
        if (line[length - 1] != '(')
            line[length++] = ' ';
    }
    return line;
}

static void
lines_break_where_it_costs_least(void **state)
{
    Arena arena = {0};
    (void)state;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const char *line = joined(&arena, wanted[i]);
        int indent = (int)strspn(wanted[i], " ");
        assert_string_equal(line_break(&arena, line, indent, 60), wanted[i]);
    }
    arena_free(&arena);
}

static void
some_lines_stay_whole(void **state)
{
    static const char *const lines[] = {
        "#define a_long_name (another + number)",
        " * a comment, which has lines before it",
        "/* a comment (of one line, and more",
        "a_call_of(many, arguments, and, [brackets)",
        "} a_name_that_is_longer_than_a_line;",
        ("x = (((((((((((((((((((((((((((((((((((((((((((((((((((y + "
         "1)))))))))))))))))))))))))))))))))))))))))))))))))));"),
    };
    Arena arena = {0};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *line = arena_printf(&arena, "    %s", lines[i]);
        assert_string_equal(line_break(&arena, lines[i], 4, 20), line);
    }
    arena_free(&arena);
}

/* What the writer makes of one line, with four columns of indentation. */
static const char *
written(Arena *arena, const char *line)
{
    Writer writer;
    writer_init(&writer, arena);
    writer.depth = 1;
    writer_line(&writer, "%s", line);
    return writer.text;
}

static void
eighty_columns_fit(void **state)
{
    Arena arena = {0};
    (void)state;
    static const char line[] =
        "the_sum_of_all_elements = "
        "first_element_of_all * 3.0f + last_element_of_al * 2.0f;";
    const char *out = written(&arena, line + 6);
    assert_int_equal(strlen(out), 81);
    assert_int_equal(strcspn(out, "\n"), 80);
    assert_string_equal(
        written(&arena, line + 5),
        "    um_of_all_elements =\n"
        "        first_element_of_all * 3.0f + last_element_of_al * 2.0f;\n");
    out = written(&arena, "/* \xce\xb7\xce\xb7 of many words, of which each has"
                          " its place in one of the lines of the comment */");
    assert_string_equal(out, "    /* \xce\xb7\xce\xb7 of many words, of which "
                             "each has its place in one of the lines of "
                             "the\n     * comment */\n");
    arena_free(&arena);
}

static void
macros_go_on_behind_a_backslash(void **state)
{
    Arena arena = {0};
    Writer writer;
    (void)state;
    writer_init(&writer, &arena);
    writer_macro(&writer, "ARENA(n)", "((size_t)(n) * 40)");
    writer_macro(&writer, "MODEL_ARENA(batch)",
                 "(52 * (size_t)(batch) * 1024 + 12 * (size_t)(batch) + 12 * "
                 "512 + 4096)");
    writer_macro(&writer, "MODEL_ARENA(batch)",
                 "(52 * (size_t)(batch) * 1024 + 12 * (size_t)(batch) + 12 * "
                 "512 + 4096 + 12 * 8)");
    assert_string_equal(
        writer.text,
        "#define ARENA(n) ((size_t)(n) * 40)\n"
        "#define MODEL_ARENA(batch)                                            "
        " "
        "        \\\n"
        "    (52 * (size_t)(batch) * 1024 + 12 * (size_t)(batch) + 12 * 512 + "
        "4096)\n"
        "#define MODEL_ARENA(batch)                                            "
        " "
        "        \\\n"
        "    (52 * (size_t)(batch) * 1024 + 12 * (size_t)(batch) + 12 * 512 + "
        "4096 +    \\\n"
        "     12 * 8)\n");
    arena_free(&arena);
}

/* Nothing is lost, and no search takes long. */
static void
longest_lines_are_broken(void **state)
{
    Arena arena = {0};
    (void)state;
    for (int nested = 0; nested < 2; nested++) {
        size_t size = 40000;
        char *line = arena_alloc(&arena, size);
        size_t length = 0;
        int terms = nested ? 12 : 400;
        for (int i = 0; i < terms; i++)
            length += (size_t)snprintf(
                line + length, size - length,
                "flux_fmaf(name[i * %d + k], flux_exp(b * c), (d - e) * f%s", i,
                nested ? " + " : ") + ");
        length += (size_t)snprintf(line + length, size - length, "x");
        for (int i = 0; nested && i < terms; i++)
            line[length++] = ')';
        const char *from = line;
        const char *text = line_break(&arena, line, 4, 80);
        int column = 0;
        for (; *text != 0; text++) {
            column = *text == '\n' ? 0 : column + 1;
            assert_true(nested || column <= 80);
            if (*text == ' ' || *text == '\n')
                continue;
            from += *from == ' ';
            assert_int_equal(*text, *from);
            from++;
        }
        assert_int_equal(*from, 0);
    }
    arena_free(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_break_where_it_costs_least),
        cmocka_unit_test(some_lines_stay_whole),
        cmocka_unit_test(eighty_columns_fit),
        cmocka_unit_test(macros_go_on_behind_a_backslash),
        cmocka_unit_test(longest_lines_are_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
