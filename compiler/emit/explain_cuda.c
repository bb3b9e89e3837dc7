/* The kernels of a model on a GPU, in the order of their launches: how many
 * blocks of threads each has, and how long it takes at least.
 *
 * What a kernel is says cuda_kernel.c; here it is only looked at. Lengths are
 * numbers, so the numbers of blocks are, as the C of a launch has them.
 */
#include "emit/explain.h"

#include "emit/cuda_group.h"
#include "emit/explain_inner.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define FLUX_INLINE static inline
#include "kernels/flux_gpu_launch.h"

enum { ARGUMENTS = 5 };

static size_t value_sum(const char **at);

static size_t
tiles_value(const size_t *a)
{
    return flux_tiles(a[0], a[1], a[2], a[3], a[4]);
}

static size_t
tensor_value(const size_t *a)
{
    return flux_tensor_tiles(a[0], a[1], a[2]);
}

static size_t
lines_value(const size_t *a)
{
    return flux_lines(a[0]);
}

/* What cuda_tiles calls. */
static const struct {
    const char *name;
    size_t (*value)(const size_t *argument);
} calls[] = {{"flux_tiles(", tiles_value},
             {"flux_tensor_tiles(", tensor_value},
             {"flux_lines(", lines_value}};
enum { CALLS = sizeof calls / sizeof *calls };

static size_t
value_call(const char **at)
{
    size_t a[ARGUMENTS] = {0};
    int call = 0;
    while (call < CALLS &&
           strncmp(*at, calls[call].name, strlen(calls[call].name)) != 0)
        call++;
    *at = strchr(*at, '(') + 1;
    for (int i = 0; i < ARGUMENTS && **at != ')'; i++) {
        a[i] = value_sum(at);
        *at += strspn(*at, ", ");
    }
    (*at)++;
    return call < CALLS ? calls[call].value(a) : 0;
}

static size_t
value_factor(const char **at)
{
    if (isalpha((unsigned char)**at))
        return value_call(at);
    if (**at != '(') {
        char *end;
        size_t value = strtoull(*at, &end, 10);
        *at = end;
        return value;
    }
    (*at)++;
    size_t value = value_sum(at);
    (*at)++;
    return value;
}

static size_t
value_product(const char **at)
{
    size_t value = value_factor(at);
    while (strncmp(*at, " * ", 3) == 0 || strncmp(*at, " / ", 3) == 0) {
        bool times = (*at)[1] == '*';
        *at += 3;
        size_t other = value_factor(at);
        value = times ? value * other : value / other;
    }
    return value;
}

/* The value of an expression in C, without names. */
static size_t
value_sum(const char **at)
{
    size_t value = value_product(at);
    while (strncmp(*at, " + ", 3) == 0 || strncmp(*at, " - ", 3) == 0) {
        bool plus = (*at)[1] == '+';
        *at += 3;
        size_t other = value_product(at);
        value = plus ? value + other : value - other;
    }
    return value;
}

/* "12 tiles", "3": the blocks of a kernel; NULL: it has nothing to do. */
static const char *
blocks_of(Explain *e, const Block *block, size_t from, size_t count)
{
    Printer *printer = e->printer;
    Stmt *first = block->item[from];
    Nest nest = {0};
    const Stmt *inner = count == 1 || cuda_turn_nest(printer, first, &nest)
                            ? cuda_nest(printer, &nest, first)
                            : NULL;
    const Stmt *call =
        inner != NULL && inner->body.count == 1 ? inner->body.item[0] : first;
    double turns = explain_number(e, cuda_turns(printer, &nest));
    const char *tiles =
        call->kind == STMT_call
            ? cuda_tiles(printer, call->product,
                         arena_printf(e->s->arena, "%.0f", turns))
            : NULL;
    if (tiles != NULL)
        return turns == 0 ? NULL
                          : arena_printf(e->s->arena, "%.0f tiles",
                                         turns * (double)value_sum(&tiles));
    if (call->kind == STMT_call)
        cuda_call_nest(call->product, &nest);
    else if (inner != NULL && cuda_has_lanes(printer, &nest, inner))
        turns *= 16;
    if (call->kind == STMT_call)
        turns = explain_number(e, cuda_turns(printer, &nest));
    return turns == 0 ? NULL
                      : arena_printf(e->s->arena, "%zu",
                                     ((size_t)turns - 1) / FLUX_THREADS + 1);
}

/* The blocks of narrow layers in one kernel. */
static const char *
groups_of(const Explain *e)
{
    return arena_printf(e->s->arena, "%zu", flux_groups((size_t)e->symbol[0]));
}

static void
print_launches(Explain *e, const Block *block, double times)
{
    for (size_t i = 0; i < block->count;) {
        Stmt *stmt = block->item[i];
        size_t count = cuda_kernel_length(e->printer, block, i);
        Group group;
        if (cuda_group_find(&group, e->printer, block, i)) {
            count = group.end - i;
            e->own = group.own;
            explain_kernel(e, &block->item[i], count, groups_of(e), times);
            e->own = NULL;
        } else if (schedule_is_step_loop(e->s, stmt)) {
            print_launches(e, &stmt->body, times * explain_turns(e, stmt->var));
        } else {
            const char *blocks = blocks_of(e, block, i, count);
            if (blocks != NULL)
                explain_kernel(e, &block->item[i], count, blocks, times);
        }
        i += count;
    }
}

void
explain_cuda(Explain *e)
{
    Printer *printer = e->printer;
    printer->device = true;
    for (int i = 0; i < DIM_SYMBOLS; i++)
        printer->dim_text[i] =
            arena_printf(e->s->arena, "%lld", (long long)e->symbol[i]);
    print_launches(e, &e->s->body, 1);
}
