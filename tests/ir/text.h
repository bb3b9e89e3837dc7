/* A graph as text, and back. For files that begin with _POSIX_C_SOURCE. */
#ifndef TESTS_IR_TEXT_H
#define TESTS_IR_TEXT_H

#include "tests/ir/fixture.h"

#include <stdio.h>

/* The text of a graph, in an arena. */
static inline const char *
text_of(Arena *arena, const Graph *g)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    ir_print(g, file);
    fclose(file);
    const char *copy = arena_string(arena, text, size);
    free(text);
    return copy;
}

/* The graph of a text; NULL, reported, where it is none. */
static inline Graph *
graph_of(Fixture *f, const char *text, size_t size)
{
    Sources *sources = &f->context.sources;
    uint32_t number = source_add(sources, "test.ir", text, size);
    return ir_read(&f->context, &f->dims, source_get(sources, number));
}

#endif
