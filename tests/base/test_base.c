/* Tests of compiler/base: memory, names, sources. */
#define _POSIX_C_SOURCE 200809L
#include "base/context.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void
arena_gives_zeroed_aligned_memory(void **state)
{
    (void)state;
    Arena arena = {0};
    unsigned char *last = NULL;
    for (size_t size = 0; size < 300000; size = 2 * size + 1) {
        unsigned char *memory = arena_alloc(&arena, size);
        assert_non_null(memory);
        assert_true((uintptr_t)memory % _Alignof(max_align_t) == 0);
        assert_true(memory != last || size < 2);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xAA, size);
        last = memory;
    }
    assert_true(arena.used > 300000);
    arena_free(&arena);
    assert_null(arena.chunk);
    assert_string_equal(arena_string(&arena, "again", 3), "aga");
    arena_free(&arena);
}

static void
arena_rewinds_to_a_mark(void **state)
{
    (void)state;
    for (size_t size = 1; size < 5000000; size *= 7) {
        Arena arena = {0};
        ArenaMark empty = arena_mark(&arena);
        char *kept = arena_string(&arena, "kept", 4);
        ArenaMark mark = arena_mark(&arena);
        size_t used = arena.used;
        for (int i = 0; i < 9; i++)
            memset(arena_alloc(&arena, size), 0xAA, size);
        arena_rewind(&arena, &mark);
        assert_true(arena.used == used);
        assert_ptr_equal(arena.chunk, mark.chunk);
        assert_string_equal(kept, "kept");
        const char *again = arena_alloc(&arena, size);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(again[i], 0);
        arena_rewind(&arena, &empty);
        assert_null(arena.chunk);
        assert_true(arena.used == 0);
    }
}

static void
arena_formats_and_copies(void **state)
{
    (void)state;
    Arena arena = {0};
    assert_string_equal(arena_printf(&arena, "%d %s", 42, "x"), "42 x");
    const int numbers[] = {1, 2, 3};
    const int *copy = arena_copy(&arena, numbers, sizeof numbers);
    assert_memory_equal(copy, numbers, sizeof numbers);
    assert_non_null(arena_copy(&arena, NULL, 0));
    arena_free(&arena);
}

/* The exit code of a child that runs a function. */
static int
exit_code(void (*run)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (!child) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(9);
        run();
        _exit(0);
    }
    int status = 0;
    assert_true(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
ask_product(void)
{
    Arena arena = {0};
    arena_array(&arena, SIZE_MAX / 2, 3);
}

static void
ask_all(void)
{
    Arena arena = {0};
    arena_alloc(&arena, SIZE_MAX - 8);
}

static void
ask_string(void)
{
    Arena arena = {0};
    arena_string(&arena, "", SIZE_MAX);
}

static void
no_memory_is_exit_code_3(void **state)
{
    (void)state;
    assert_int_equal(exit_code(ask_product), 3);
    assert_int_equal(exit_code(ask_all), 3);
    assert_int_equal(exit_code(ask_string), 3);
}

static void
vectors_grow(void **state)
{
    (void)state;
    Arena arena = {0};
    VEC(int) list = {0};
    for (int i = 0; i < 1000; i++)
        VEC_PUSH(&arena, &list, 3 * i);
    assert_int_equal(list.count, 1000);
    assert_true(list.capacity >= 1000 && list.capacity < 2100);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(list.item[i], 3 * i);
    arena_free(&arena);
}

static void
equal_names_are_one_pointer(void **state)
{
    (void)state;
    Context context;
    context_init(&context);
    Names *names = &context.names;
    const char *first[2000];
    char text[20];
    for (int i = 0; i < 2000; i++) {
        snprintf(text, sizeof text, "name%d", i);
        first[i] = intern_text(names, text);
    }
    for (int i = 0; i < 2000; i++) {
        snprintf(text, sizeof text, "name%dx", i);
        assert_ptr_equal(intern(names, text, strlen(text) - 1), first[i]);
    }
    assert_int_equal(names->count, 2000);
    assert_ptr_not_equal(intern(names, "name", 4), first[1]);
    assert_ptr_equal(intern(names, "", 0), intern_text(names, ""));
    assert_ptr_equal(intern(names, "cut\0off", 7), intern_text(names, "cut"));
    context_free(&context);
}

static void
near_words_are_found(void **state)
{
    (void)state;
    static const char *const known[] = {"tan",  "tanh",       "exp", "softmax",
                                        "relu", "logsoftmax", "x",   "gelu",
                                        "ADAM", "AdamW"};
    static const struct {
        const char *word;
        const char *near;
    } cases[] = {{"tahn", "tanh"},
                 {"tanhh", "tanh"},
                 {"than", "tan"},
                 {"tn", "tan"},
                 {"exp2", "exp"},
                 {"pxe", NULL},
                 {"sfotmxa", "softmax"},
                 {"softmaxing", NULL},
                 {"sofmacks", NULL},
                 {"rleu", "relu"},
                 {"Gelu", "gelu"},
                 {"Adam", "ADAM"},
                 {"aDAM", "ADAM"},
                 {"ex`", "exp"},
                 {"rule", NULL},
                 {"rual", NULL},
                 {"y", NULL},
                 {"", NULL},
                 {"logsftmaxx", "logsoftmax"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Near near = near_to(cases[i].word);
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            near_try(&near, known[k], known[k]);
        if (cases[i].near == NULL)
            assert_null(near.best);
        else
            assert_string_equal(near.best, cases[i].near);
    }
    char word[60];
    memset(word, 'a', 59);
    word[59] = 0;
    Near near = near_to(word);
    near_try(&near, word, word); /* no name is so long */
    near_try(&near, "a", word);
    near_try(&near, "", word);
    assert_null(near.best);
}

static void
places_count_code_points(void **state)
{
    (void)state;
    Context context;
    context_init(&context);
    static const char text[] = "\xEF\xBB\xBFσ = 1\r\n\nŷ′ = 22";
    uint32_t number =
        source_add(&context.sources, "a.net", text, sizeof text - 1);
    assert_int_equal(number, 1);
    const Source *source = source_get(&context.sources, number);
    assert_int_equal(source->lines, 3);
    assert_int_equal(source->text[source->size + 15], 0);
    assert_null(source_get(&context.sources, 0));
    assert_null(source_get(&context.sources, 2));
    const struct {
        const char *at;
        uint32_t line;
        uint32_t column;
    } cases[] = {
        {"σ", 1, 1}, {"= 1", 1, 3}, {"ŷ", 3, 1}, {"′", 3, 2}, {"22", 3, 6}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *at = strstr(source->text, cases[i].at);
        assert_non_null(at);
        Place place = source_place(source, (uint32_t)(at - source->text));
        assert_int_equal(place.line, cases[i].line);
        assert_int_equal(place.column, cases[i].column);
    }
    assert_int_equal(source_place(source, UINT32_MAX).line, 3);
    size_t length;
    const char *line = source_line(source, 1, &length);
    assert_memory_equal(line, "σ = 1", 6);
    assert_int_equal(length, 6);
    source_line(source, 2, &length);
    assert_int_equal(length, 0);
    source_line(source, 4, &length);
    assert_int_equal(length, 0);
    source_line(source, 0, &length);
    assert_int_equal(length, 0);
    context_free(&context);
}

static void
utf8_is_checked(void **state)
{
    (void)state;
    const struct {
        const char *text;
        size_t length;
    } cases[] = {{"a", 1},
                 {"\xCF\x83", 2},
                 {"\xE2\x80\xB2", 3},
                 {"\xF0\x9D\x94\xB8", 4},
                 {"\x80", 0},
                 {"\xC0\x80", 0},
                 {"\xE0\xA0\x80", 3},
                 {"\xE0\x80\x80", 0},
                 {"\xED\x9F\xBF", 3},
                 {"\xED\xA0\x80", 0},
                 {"\xF0\x80\x80\x80", 0},
                 {"\xF4\x8F\xBF\xBF", 4},
                 {"\xF4\x90\x80\x80", 0},
                 {"\xF5\x80\x80\x80", 0},
                 {"\xE2\x80", 0},
                 {"\xCF", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(source_utf8(cases[i].text, strlen(cases[i].text)),
                         cases[i].length);
}

static void
code_points_are_encoded(void **state)
{
    (void)state;
    static const struct {
        uint32_t point;
        const char *text;
    } cases[] = {{0x7F, "\x7F"},
                 {0x80, "\xC2\x80"},
                 {0x3C3, "\xCF\x83"},
                 {0x7FF, "\xDF\xBF"},
                 {0x800, "\xE0\xA0\x80"},
                 {0xFFFD, "\xEF\xBF\xBD"},
                 {0x10000, "\xF0\x90\x80\x80"},
                 {0x10FFFF, "\xF4\x8F\xBF\xBF"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[5] = "";
        assert_int_equal(source_encode(cases[i].point, text),
                         strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

static void
files_are_read(void **state)
{
    (void)state;
    Context context;
    context_init(&context);
    char path[] = "/tmp/test_base.XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    static char large[200000];
    memset(large, 'x', sizeof large);
    large[100] = 0;
    assert_int_equal(write(descriptor, large, sizeof large), sizeof large);
    close(descriptor);
    const char *problem = NULL;
    uint32_t number = source_read(&context.sources, path, &problem);
    const Source *source = source_get(&context.sources, number);
    assert_non_null(source);
    assert_int_equal(source->size, sizeof large);
    assert_memory_equal(source->text, large, sizeof large);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(source_read(&context.sources, path, &problem), 0);
    assert_non_null(strstr(problem, "No such file"));
    assert_int_equal(source_read(&context.sources, "/tmp", &problem), 0);
    assert_non_null(problem);
    context_free(&context);
}

static void
spans_join(void **state)
{
    (void)state;
    Span none = {0, 0, 0};
    Span a = {1, 3, 5};
    Span b = {1, 8, 9};
    Span other = {2, 8, 9};
    assert_int_equal(span_join(a, b).end, 9);
    assert_int_equal(span_join(a, b).begin, 3);
    assert_int_equal(span_join(a, other).end, 5);
    assert_int_equal(span_join(none, b).begin, 8);
    assert_false(span_known(none));
}

/* The values are those of the FNV test suite. */
static void
hashes_are_fnv_1a(void **state)
{
    (void)state;
    assert_true(hash_text("", 0) == HASH_NOTHING);
    assert_true(hash_text("a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(hash_text("foobar", 6) == UINT64_C(0x85944171f73967e8));
    assert_true(hash_more(hash_text("foo", 3), "bar", 3) ==
                hash_text("foobar", 6));
    assert_true(hash_text("\xff", 1) == hash_word(HASH_NOTHING, 0xff));
    assert_true(hash_slot(UINT64_C(0x700000012), 16) == (0x12 ^ 7) % 16);
}

static void
maps_number_texts(void **state)
{
    Arena arena = {0};
    Map map = {.arena = &arena};
    (void)state;
    assert_int_equal(map_get(&map, "none"), -1);
    for (int i = 0; i < 1000; i++)
        map_put(&map, arena_printf(&arena, "name%d", i), i);
    map_put(&map, "name7", 7000);
    assert_int_equal(map.count, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(map_get(&map, arena_printf(&arena, "name%d", i)),
                         i == 7 ? 7000 : i);
    assert_int_equal(map_get(&map, "name1000"), -1);
    arena_free(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_fnv_1a),
        cmocka_unit_test(maps_number_texts),
        cmocka_unit_test(arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(arena_rewinds_to_a_mark),
        cmocka_unit_test(arena_formats_and_copies),
        cmocka_unit_test(no_memory_is_exit_code_3),
        cmocka_unit_test(vectors_grow),
        cmocka_unit_test(equal_names_are_one_pointer),
        cmocka_unit_test(near_words_are_found),
        cmocka_unit_test(places_count_code_points),
        cmocka_unit_test(utf8_is_checked),
        cmocka_unit_test(code_points_are_encoded),
        cmocka_unit_test(files_are_read),
        cmocka_unit_test(spans_join),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
