/* Names in scope: numbers behind wishes, types, scopes that end. */
#include "emit/c/c_scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
names_get_the_lowest_number(void **state)
{
    Arena arena = {0};
    CScope scope = {.arena = &arena};
    (void)state;
    assert_string_equal(c_scope_take(&scope, "h"), "h");
    assert_string_equal(c_scope_take(&scope, "h3"), "h3");
    size_t mark = c_scope_mark(&scope);
    assert_string_equal(c_scope_take(&scope, "h"), "h2");
    assert_string_equal(c_scope_take(&scope, "h"), "h4");
    c_scope_leave(&scope, mark);
    assert_true(c_scope_has(&scope, "h3"));
    assert_false(c_scope_has(&scope, "h2"));
    assert_string_equal(c_scope_take(&scope, "h"), "h2");
    for (int i = 4; i < 2000; i++)
        assert_string_equal(c_scope_take(&scope, "h"),
                            arena_printf(&arena, "h%d", i));
    c_scope_leave(&scope, 0);
    assert_string_equal(c_scope_take(&scope, "h"), "h");
    assert_string_equal(c_scope_take(&scope, "layer1"), "layer1");
    assert_string_equal(c_scope_take(&scope, "layer1"), "layer1_2");
    assert_string_equal(c_scope_take(&scope, "layer1"), "layer1_3");
    arena_free(&arena);
}

static void
names_are_found_with_their_types(void **state)
{
    Arena arena = {0};
    CScope scope = {.arena = &arena};
    (void)state;
    assert_int_equal(c_scope_find(&scope, "x", 1), 0);
    c_scope_take(&scope, "x");
    c_scope_take(&scope, "xy");
    c_scope_type(&scope, "xy", "float *");
    assert_int_equal(c_scope_find(&scope, "xyz", 2), 1);
    assert_int_equal(c_scope_find(&scope, "xyz", 3), 2);
    assert_null(scope.name.item[0].type);
    assert_string_equal(scope.name.item[1].type, "float *");
    arena_free(&arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_get_the_lowest_number),
        cmocka_unit_test(names_are_found_with_their_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
