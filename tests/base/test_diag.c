/* Tests of compiler/base: diagnostics, printed and as JSON. */
#define _POSIX_C_SOURCE 200809L
#include "base/context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What diag_print writes; the caller frees it. */
static char *
printed(const Diags *diags, bool colour)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    diag_print(diags, 0, file, colour);
    fclose(file);
    return text;
}

static Span
span_of(const Source *source, uint32_t number, const char *text)
{
    const char *at = strstr(source->text, text);
    assert_non_null(at);
    uint32_t begin = (uint32_t)(at - source->text);
    return (Span){number, begin, begin + (uint32_t)strlen(text)};
}

static void
diagnostics_print_with_frames(void **state)
{
    (void)state;
    Context context;
    context_init(&context);
    static const char model[] = "first = Affine(10, 20)\n"
                                "@net function TLP(x)\n"
                                "    l1 = first(x)\n"
                                "    softmax(second(l1))\n"
                                "end\n\n\n\nmodel(rand(10))\n";
    static const char library[] = "\n\n\n  x -> W * x + b\n";
    Sources *sources = &context.sources;
    uint32_t a = source_add(sources, "model.net", model, sizeof model - 1);
    uint32_t b =
        source_add(sources, "stdlib/affine.net", library, sizeof library - 1);
    Span call = span_of(source_get(sources, a), a, "second(l1)");
    Span end = span_of(source_get(sources, a), a, "model(rand");
    end.end = end.begin;
    Frame outer = {.model = "model", .span = end};
    Frame middle = {.caller = &outer, .model = "TLP", .span = call};
    Frame inner = {.caller = &middle,
                   .model = "Affine",
                   .span = span_of(source_get(sources, b), b, "W * x + b"),
                   .shapes = "W (15,21), x (20,)"};
    Diag *diag = diag_add(&context.diags, DIAG_shape, call,
                          "shapes do not fit: (%d,%d) * (20,)", 15, 21);
    diag->frame = &inner;
    diag_hint(&context.diags, diag,
              "`second` wants an input of length %d; `first` gives 20", 21);
    char *text = printed(&context.diags, false);
    assert_string_equal(
        text,
        "model.net:4:13: error[F0201]: shapes do not fit: (15,21) * (20,)\n"
        "  4 |     softmax(second(l1))\n"
        "    |             ^^^^^^^^^^\n"
        "  in Affine      stdlib/affine.net:4   W * x + b      W (15,21), x "
        "(20,)\n"
        "  in TLP         model.net:4           second(l1)\n"
        "  in model       model.net:9\n"
        "hint: `second` wants an input of length 21; `first` gives 20\n");
    free(text);
    text = printed(&context.diags, true);
    assert_non_null(strstr(text, "\033[1;31merror[F0201]\033[0m: "));
    free(text);
    context_free(&context);
}

static void
diagnostics_are_bounded(void **state)
{
    (void)state;
    Context context;
    context_init(&context);
    Diags *diags = &context.diags;
    Span nowhere = {0, 0, 0};
    const Diag *first = diag_add(diags, DIAG_name, nowhere, "unknown `a`");
    assert_ptr_equal(diag_add(diags, DIAG_name, nowhere, "unknown `a`"), first);
    assert_int_equal(diags->errors, 1);
    diag_add(diags, DIAG_rebound, nowhere, "a warning");
    assert_int_equal(diags->errors, 1);
    for (int i = 0; i < 30; i++)
        assert_non_null(diag_add(diags, DIAG_name, nowhere, "unknown %d", i));
    assert_int_equal(diags->errors, 31);
    assert_int_equal(diags->count, 21);
    size_t size;
    char *text = printed(diags, false);
    assert_non_null(strstr(text, "fluxc: error[F0101]: unknown `a`\n"));
    assert_non_null(strstr(text, "fluxc: warning[F0108]: a warning\n"));
    assert_non_null(strstr(text, "fluxc: 11 more errors are not shown\n"));
    free(text);
    size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    diag_print(diags, diags->count, file, false);
    fclose(file);
    assert_int_equal(size, 0);
    free(text);
    context_free(&context);
}

static void
diagnostics_show_what_is_printable(void **state)
{
    (void)state;
    Context context;
    context_init(&context);
    static const char text[] = "a\t\033[2J\xFF y\xCC\x82 = oops\n";
    uint32_t number =
        source_add(&context.sources, "t.net", text, sizeof text - 1);
    Span span = span_of(source_get(&context.sources, number), number, "oops");
    diag_add(&context.diags, DIAG_name, span, "unknown \033 name");
    char *shown = printed(&context.diags, false);
    assert_string_equal(shown, "t.net:1:14: error[F0101]: unknown ? name\n"
                               "  1 | a ?[2J? y\xCC\x82 = oops\n"
                               "    |             ^^^^\n");
    free(shown);
    context_free(&context);
}

/* The two lines under the message of one diagnostic at `mark` in the text. */
static char *
excerpt(const char *text, const char *mark)
{
    Context context;
    context_init(&context);
    uint32_t number = source_add(&context.sources, "t.net", text, strlen(text));
    Span span = span_of(source_get(&context.sources, number), number, mark);
    diag_add(&context.diags, DIAG_name, span, "-");
    char *shown = printed(&context.diags, false);
    context_free(&context);
    char *lines = strchr(shown, '\n') + 1;
    memmove(shown, lines, strlen(lines) + 1);
    return shown;
}

/* Carets stand under what they mean: marks over a letter take no column, other
 * letters of the same first bytes do.
 */
static void
carets_count_columns(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *mark;
        const char *shown;
    } cases[] = {
        {"a\xCD\x80 b", "b", "a\xCD\x80 b\n    |   ^\n"},
        {"\xCD\xB0 b", "b", "\xCD\xB0 b\n    |   ^\n"},
        {"a\xE2\x83\x97 b", "b", "a\xE2\x83\x97 b\n    |   ^\n"},
        {"\xE2\x82\xAC b", "b", "\xE2\x82\xAC b\n    |   ^\n"},
        {"\xE2\x83\x80 b", "b", "\xE2\x83\x80 b\n    |   ^\n"},
        {"\xE3\x83\x97 b", "b", "\xE3\x83\x97 b\n    |   ^\n"},
        {"\xC2\x85\x7F b", "b", "?? b\n    |    ^\n"},
        {"\xC2\xA0 b", "b", "\xC2\xA0 b\n    |   ^\n"},
        {"ab\r\nc", "\nc", "ab\n    |   ^\n"},
        {"ab\ncd", "b\ncd", "ab\n    |  ^\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *shown = excerpt(cases[i].text, cases[i].mark);
        assert_string_equal(shown + strlen("  1 | "), cases[i].shown);
        free(shown);
    }
}

/* Of a long line what is around the mistake is shown, from a whole letter. */
static void
long_lines_are_cut(void **state)
{
    (void)state;
    char text[400] = "";
    for (int i = 0; i < 40; i++)
        strcat(text, "\xE2\x82\xAC");
    strcat(text, " oops");
    char *shown = excerpt(text, "oops");
    assert_true(source_utf8(shown + strlen("  1 | "), 4) == 3);
    assert_non_null(strstr(shown, "\xE2\x82\xAC oops\n"));
    free(shown);
    memset(text, 'x', 300);
    text[300] = 0;
    shown = excerpt(text, text);
    assert_int_equal(strspn(shown + strlen("  1 | "), "x"), 120);
    assert_int_equal(strcspn(strchr(shown, '^'), "\n"), 120);
    free(shown);
}

static void
json_is_utf8(void **state)
{
    (void)state;
    Context context;
    context_init(&context);
    diag_add(&context.diags, DIAG_name, (Span){0, 0, 0}, "\xFF\x7F\"\\\x01σ");
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    diag_json(&context.diags, file);
    fclose(file);
    assert_non_null(strstr(text, "\"\\ufffd\\u007f\\\"\\\\\\u0001σ\""));
    free(text);
    context_free(&context);
}

static void
codes_are_unique_and_found(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DIAG_COUNT; i++) {
        assert_int_equal(strlen(diag_info[i].code), 5);
        assert_int_equal(diag_find(diag_info[i].code), i);
        assert_true(strlen(diag_info[i].title) && strlen(diag_info[i].text));
    }
    assert_int_equal(diag_find("F9999"), DIAG_COUNT);
    assert_int_equal(diag_find(""), DIAG_COUNT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(diagnostics_print_with_frames),
        cmocka_unit_test(diagnostics_are_bounded),
        cmocka_unit_test(diagnostics_show_what_is_printable),
        cmocka_unit_test(carets_count_columns),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(json_is_utf8),
        cmocka_unit_test(codes_are_unique_and_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
