/* cmocka.h - as much of cmocka as the tests of the kernels call, for processors
 * that it is not installed for. The first failure ends the program.
 */
#ifndef TARGETS_CMOCKA_H
#define TARGETS_CMOCKA_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
    void (*run)(void **state);
};

#define cmocka_unit_test(function)                                             \
    {                                                                          \
        function                                                               \
    }
#define fail_msg(...)                                                          \
    (printf("%s:%d: ", __FILE__, __LINE__), printf(__VA_ARGS__), printf("\n"), \
     exit(1))
#define assert_true(c)                  ((c) ? (void)0 : fail_msg("%s", #c))
#define assert_false(c)                 assert_true(!(c))
#define assert_non_null(p)              assert_true((p) != NULL)
#define assert_int_equal(a, b)          assert_true((a) == (b))
#define assert_memory_equal(a, b, n)    assert_true(memcmp(a, b, n) == 0)
#define cmocka_run_group_tests(t, a, b) run_tests(t, sizeof t / sizeof *t)

static inline int
run_tests(const struct CMUnitTest *test, size_t count)
{
    void *state = NULL;
    for (size_t i = 0; i < count; i++)
        test[i].run(&state);
    printf("all as it should be\n");
    return 0;
}

#endif
