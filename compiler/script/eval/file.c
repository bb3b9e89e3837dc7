/* Files: evaluated on their own, or where another one includes them. */
#define _XOPEN_SOURCE 700
#include "script/array/args.h"
#include "script/eval/eval.h"

#include <stdlib.h>
#include <string.h>

/* The folder of a path with its final slash, or "". */
static const char *
folder_of(Script *s, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) + 1 : 0;
    return arena_string(&s->context->arena, path, length);
}

static const char *
canonical(Script *s, const char *path)
{
    char *real = realpath(path, NULL);
    if (!real)
        return path;
    size_t limit = arena_lift(&s->context->arena);
    const char *copy = arena_string(&s->context->arena, real, strlen(real));
    s->context->arena.limit = limit;
    free(real);
    return copy;
}

/* Evaluates a file; `at` is the include that names it, or nowhere. */
static bool
run_file(Script *s, const char *path, bool echo, Span at)
{
    const char *problem = NULL;
    size_t limit = arena_lift(&s->context->arena);
    uint32_t source = source_read(&s->context->sources, path, &problem);
    s->context->arena.limit = limit;
    if (!source) {
        diag_add(&s->context->diags, DIAG_file, at, "%s: %s", path, problem);
        return false;
    }
    Including including = {.by = s->eval->including,
                           .path = canonical(s, path)};
    const char *folder = s->folder;
    s->eval->including = &including;
    s->folder = folder_of(s, path);
    bool good = script_run_source(s, source, echo);
    s->eval->including = including.by;
    s->folder = folder;
    return good;
}

bool
script_run_file(Script *s, const char *path)
{
    return run_file(s, path, s->options.echo, (Span){0});
}

/* include("f.net"): in the folder of the file that includes. */
Value
builtin_include(Script *s, const Args *args)
{
    Text name = args_text(s, args, 0);
    const char *path = name.text;
    if (*path == '\0')
        script_fail(s, DIAG_file, args->span, NULL,
                    "an empty name is no file's");
    if (name.text[0] != '/' && s->folder)
        path = arena_printf(&s->context->arena, "%s%s", s->folder, name.text);
    const char *real = canonical(s, path);
    for (const Including *i = s->eval->including; i; i = i->by)
        if (!strcmp(i->path, real))
            script_fail(s, DIAG_file, args->span, NULL, "%s includes itself",
                        name.text);
    if (s->graph)
        script_fail(s, DIAG_traced, args->span, NULL, "include inside a model");
    if (!run_file(s, path, false, args->span))
        script_abandon(s);
    return value_nothing();
}
