/* Running a script: statement by statement, with recovery from errors. */
#define _XOPEN_SOURCE 700
#include "script/script.h"
#include "emit/emit.h"
#include "grammar/grammar.h"
#include "script/builtin.h"
#include "script/eval.h"
#include "script/model.h"
#include "script/numeric.h"
#include "script/run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { STACK_DEFAULT = 8 << 20, STACK_MAX = 64 << 20, ERRORS_MAX = 20 };

static bool
in_library(const Script *s, Span span)
{
    const Source *source = source_get(&s->context->sources, span.source);
    return source && !strncmp(source->path, "stdlib/", 7);
}

/* The innermost place that the user wrote. */
static Span
place_of(const Script *s, Span span)
{
    if (!span_known(span))
        span = s->span;
    Span shown = span;
    for (const Frame *f = s->frame; f && in_library(s, shown); f = f->caller)
        shown = f->span;
    return span_known(shown) ? shown : span;
}

_Noreturn void
script_abandon(Script *s)
{
    if (!s->recover) {
        diag_print(&s->context->diags, 0, stderr, false);
        exit(3);
    }
    longjmp(*s->recover, 1);
}

/* Notes a diagnostic with the stack of what is being called. */
static void
report(Script *s, DiagCode code, Span span, const char *hint,
       const char *format, va_list args)
{
    Diags *diags = &s->context->diags;
    if (!span_known(span))
        span = s->span;
    Diag *diag = diag_vadd(diags, code, place_of(s, span), format, args);
    if (!diag->frame)
        diag->frame = script_frames(s, span, s->frame);
    if (hint && !diag->hint)
        diag_hint(diags, diag, "%s", hint);
}

_Noreturn void
script_fail(Script *s, DiagCode code, Span span, const char *hint,
            const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(s, code, span, hint, format, args);
    va_end(args);
    script_abandon(s);
}

void
script_warn(Script *s, DiagCode code, Span span, const char *hint,
            const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(s, code, span, hint, format, args);
    va_end(args);
}

/* The arena's limit: the statement ends, and with it the script. */
static void
memory_full(void *owner)
{
    Script *s = owner;
    if (!s->recover)
        return;
    s->context->arena.limit = 0;
    s->eval->stopped = true;
    script_fail(s, DIAG_limit, s->span, "--max-memory=MiB allows more",
                "the script needs more than %zu MiB of memory",
                s->options.max_memory >> 20);
}

/* What an error leaves half done, to be put back. */
typedef struct {
    jmp_buf *recover;
    const Frame *frame;
    Span span;
    int depth;
    Graph *graph;
    Trace *trace;
    const char *folder;
    Flow flow;
    const IndexContext *index;
    CallFrame *call;
    Active *active;
    const Including *including;
    bool dotted;
} Saved;

static Saved
save(const Script *s)
{
    const Eval *eval = s->eval;
    return (Saved){.recover = s->recover,
                   .frame = s->frame,
                   .span = s->span,
                   .depth = s->depth,
                   .graph = s->graph,
                   .trace = s->trace,
                   .folder = s->folder,
                   .flow = eval->flow,
                   .index = eval->index,
                   .call = eval->call,
                   .active = eval->active,
                   .including = eval->including,
                   .dotted = eval->dotted};
}

static void
restore(Script *s, const Saved *saved)
{
    Eval *eval = s->eval;
    s->recover = saved->recover;
    s->frame = saved->frame;
    s->span = saved->span;
    s->depth = saved->depth;
    s->graph = saved->graph;
    s->trace = saved->trace;
    s->folder = saved->folder;
    eval->flow = saved->flow;
    eval->index = saved->index;
    eval->call = saved->call;
    eval->active = saved->active;
    eval->including = saved->including;
    eval->dotted = saved->dotted;
    eval->dot_next = false;
}

static void poison_names(Script *s, const Ast *ast, bool bound_only);

static void
poison_target(Script *s, const Ast *target, bool bound_only)
{
    if (target->kind == AST_NAME)
        scope_poison(s, target->as.name, bound_only);
    else if (target->kind == AST_DECLARE && target->as.declare.value)
        poison_target(s, target->as.declare.value, bound_only);
    else if (target->kind == AST_TUPLE)
        for (size_t i = 0; i < target->as.list.count; i++)
            poison_target(s, target->as.list.item[i], bound_only);
}

/* Marks what a failed statement would have bound; in a loop only what was
 * bound before.
 */
static void
poison_names(Script *s, const Ast *ast, bool bound_only)
{
    switch (ast->kind) {
    case AST_ASSIGN:
        poison_target(s, ast->as.binary.left, bound_only);
        poison_names(s, ast->as.binary.right, bound_only);
        break;
    case AST_CONST:
        poison_names(s, ast->as.operand, bound_only);
        break;
    case AST_FUNCTION:
        if (ast->as.function.name &&
            !scope_find(s->globals, ast->as.function.name))
            scope_poison(s, ast->as.function.name, bound_only);
        break;
    case AST_TYPE:
        scope_poison(s, ast->as.type.name, bound_only);
        break;
    case AST_MACRO:
        for (size_t i = 0; i < ast->as.macro.argument.count; i++)
            poison_names(s, ast->as.macro.argument.item[i], bound_only);
        break;
    case AST_BLOCK:
        for (size_t i = 0; i < ast->as.list.count; i++)
            poison_names(s, ast->as.list.item[i], bound_only);
        break;
    case AST_IF:
        poison_names(s, ast->as.branch.then, bound_only);
        if (ast->as.branch.otherwise)
            poison_names(s, ast->as.branch.otherwise, bound_only);
        break;
    case AST_FOR:
        poison_names(s, ast->as.loop.body, true);
        break;
    case AST_WHILE:
        poison_names(s, ast->as.repeat.body, true);
        break;
    default:
        break;
    }
}

/* Whether a statement has no value to be echoed. */
static bool
is_silent(const Ast *ast)
{
    static const char *const silent[] = {"@show", "@test", "@assert"};
    const Ast *inner = ast;
    if (ast->quiet)
        return true;
    if (ast->kind == AST_MACRO) {
        for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
            if (!strcmp(ast->as.macro.name, silent[i]))
                return true;
        if (!strcmp(ast->as.macro.name, "@net") && ast->as.macro.argument.count)
            inner = ast->as.macro.argument.item[0];
    }
    return inner->kind == AST_TYPE || inner->kind == AST_FOR ||
           inner->kind == AST_WHILE || inner->kind == AST_EXPORT ||
           inner->kind == AST_USING ||
           (inner->kind == AST_FUNCTION && inner->as.function.name);
}

static void
run_statement(Script *s, const Ast *ast, bool echo)
{
    Value v = eval(s, s->globals, ast);
    if (s->eval->flow != FLOW_none)
        script_fail(s, DIAG_value, ast->span, NULL,
                    "return, break or continue outside of a function or loop");
    if (s->eval->answers && v.kind != VALUE_nothing)
        scope_set(s, s->globals, intern_text(&s->context->names, "ans"), v);
    if (echo && !is_silent(ast) && v.kind != VALUE_nothing)
        fprintf(s->options.out, "%s\n", value_show(s, v));
}

/* Runs one statement; false if it failed, which was then reported. */
static bool
try_statement(Script *s, const Ast *ast, bool echo)
{
    const Saved saved = save(s);
    jmp_buf here;
    if (setjmp(here)) {
        restore(s, &saved);
        poison_names(s, ast, false);
        return false;
    }
    s->recover = &here;
    run_statement(s, ast, echo);
    s->recover = saved.recover;
    return true;
}

bool
script_run_source(Script *s, uint32_t source, bool echo)
{
    Diags *diags = &s->context->diags;
    size_t before = diags->errors;
    size_t limit = arena_lift(&s->context->arena);
    const Ast *program =
        grammar_parse(s->context, source_get(&s->context->sources, source));
    s->context->arena.limit = limit;
    if (diags->errors > before || !program)
        return false;
    const AstList *list = &program->as.list;
    bool good = true;
    for (size_t i = 0; i < list->count; i++) {
        if (s->eval->stopped || diags->errors >= ERRORS_MAX)
            break;
        good = try_statement(s, list->item[i], echo) && good;
        while (s->named_at.count < s->named.count)
            VEC_PUSH(&s->context->arena, &s->named_at, list->item[i]->span);
    }
    return good && diags->errors == before;
}

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
    Text name = builtin_text(s, args, 0);
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

/* The lowest address that evaluation may use of the C stack. */
static const char *
stack_limit(void)
{
    struct rlimit limit;
    size_t size = STACK_DEFAULT;
    if (!getrlimit(RLIMIT_STACK, &limit))
        size = limit.rlim_cur > STACK_MAX ? STACK_MAX : (size_t)limit.rlim_cur;
    return (const char *)__builtin_frame_address(0) - size / 4 * 3;
}

static bool
run_library(Script *s)
{
    for (const EmbeddedFile *file = embedded; file->name; file++) {
        if (strncmp(file->name, "stdlib/", 7) != 0)
            continue;
        uint32_t source = source_add(&s->context->sources, file->name,
                                     file->text, strlen(file->text));
        if (!script_run_source(s, source, false))
            return false;
    }
    return true;
}

/* Half of the machine's memory, and no less than 4 GiB. */
static size_t
memory_default(void)
{
    const size_t least = (size_t)4 << 30;
    long pages = sysconf(_SC_PHYS_PAGES);
    long size = sysconf(_SC_PAGESIZE);
    if (pages <= 0 || size <= 0 ||
        (size_t)pages / 2 > (SIZE_MAX >> 1) / (size_t)size)
        return least;
    size_t half = (size_t)pages / 2 * (size_t)size;
    return half > least ? half : least;
}

/* Whether the engine of all models is there, or else that it is not. */
static bool
check_engine(Script *s)
{
    Span nowhere = {0};
    const char *missing =
        s->options.engine == ENGINE_cuda ? engine_cuda_missing() : NULL;
    if (missing == NULL)
        return true;
    Diag *diag = diag_add(&s->context->diags, DIAG_no_gpu, nowhere,
                          "--engine=cuda: %s", missing);
    diag_hint(&s->context->diags, diag, "--engine=auto gives the same numbers");
    return false;
}

bool
script_init(Script *s, Context *context, const ScriptOptions *options)
{
    *s = (Script){.context = context, .options = *options};
    if (!s->options.out)
        s->options.out = stdout;
    s->eval = ARENA_NEW(&context->arena, Eval);
    s->eval->call = &s->eval->root;
    s->eval->stack_limit = stack_limit();
    dims_init(&s->dims, &context->arena);
    s->initial = ir_graph(context, &s->dims, "initial");
    s->globals = scope_new(s, NULL);
    s->globals->kind = SCOPE_script;
    s->eval->library = s->globals;
    numeric_define_all(s);
    model_define_all(s);
    builtin_define_all(s);
    if (!check_engine(s) || !run_library(s))
        return false;
    s->globals = scope_new(s, s->eval->library);
    s->globals->kind = SCOPE_script;
    s->named.count = 0;
    s->named_at.count = 0;
    s->exported.count = 0;
    if (s->options.max_memory == 0)
        s->options.max_memory = memory_default();
    context->arena.limit = s->options.max_memory;
    context->arena.full = memory_full;
    context->arena.owner = s;
    return true;
}

/* All memory but the engines' is the context's. */
void
script_free(Script *s)
{
    run_free(s);
    s->context->arena.limit = 0;
    s->context->arena.full = NULL;
    *s = (Script){0};
}
