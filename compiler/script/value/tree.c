/* Trees: the arguments and results of models, which are numbers, arrays, or
 * tuples of such.
 *
 * A graph has a list of inputs and one of results. Those are the leaves of the
 * arguments and of what a model returns; the tuples are taken apart before it
 * and put together behind it.
 */
#include "script/value/tree.h"

#include "script/value/state.h"

enum { TREE_DEPTH = 100 };

static void
put_leaves(Script *s, Value tree, int depth, Values *leaves)
{
    if (tree.kind != VALUE_tuple) {
        VEC_PUSH(&s->context->arena, leaves, tree);
        return;
    }
    if (depth == TREE_DEPTH)
        script_fail(s, DIAG_limit, s->span, NULL,
                    "tuples of a model's numbers nest at most %d deep",
                    TREE_DEPTH);
    for (size_t i = 0; i < tree.as.values->count; i++)
        put_leaves(s, tree.as.values->item[i], depth + 1, leaves);
}

void
tree_leaves(Script *s, Value tree, Values *leaves)
{
    put_leaves(s, tree, 0, leaves);
}

Value
tree_like(Script *s, Value tree, const Value **next)
{
    if (tree.kind != VALUE_tuple)
        return *(*next)++;
    const Values *from = tree.as.values;
    Value like = value_tuple(s, from->item, from->count);
    like.as.values->name = from->name;
    for (size_t i = 0; i < from->count; i++)
        like.as.values->item[i] = tree_like(s, from->item[i], next);
    return like;
}

/* Puts the names of the leaves behind each other; gives their end. */
static const char **
put_names(Script *s, Value tree, const char *path, bool top, const char **name)
{
    Arena *arena = &s->context->arena;
    if (tree.kind != VALUE_tuple) {
        *name = path;
        return name + 1;
    }
    const Values *all = tree.as.values;
    for (size_t i = 0; i < all->count; i++) {
        const char *inner =
            arena_printf(arena, "%s%s%zu", path, top ? "" : "_", i + 1);
        if (all->name != NULL)
            inner = top ? all->name[i]
                        : arena_printf(arena, "%s_%s", path, all->name[i]);
        name = put_names(s, all->item[i], inner, false, name);
    }
    return name;
}

const char **
tree_names(Script *s, Value tree, size_t leaves)
{
    const char **name =
        ARENA_ARRAY(&s->context->arena, const char *, leaves + 1);
    put_names(s, tree, "y", true, name);
    return name;
}
