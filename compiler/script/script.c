/* A script: its state made, the library evaluated, then what is asked of it. */
#define _XOPEN_SOURCE 700
#include "script/script.h"

#include "emit/emit.h"
#include "script/array/numeric.h"
#include "script/builtin/builtin.h"
#include "script/eval/eval.h"
#include "script/model/model.h"
#include "script/model/run.h"
#include "script/model/trace_model.h"
#include "script/train/train.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { STACK_DEFAULT = 8 << 20, STACK_MAX = 64 << 20 };

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
    train_define_all(s);
    data_define_all(s);
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

bool
script_call_main(Script *s, const char *const *argument, int arguments)
{
    Value *f = scope_find(s->globals, intern_text(&s->context->names, "main"));
    if (f == NULL || f->kind != VALUE_function)
        return true;
    size_t count = arguments > 0 ? (size_t)arguments : 0;
    Value *item = ARENA_ARRAY(&s->context->arena, Value, count + 1);
    for (size_t i = 0; i < count; i++)
        item[i] = value_string(s, argument[i], strlen(argument[i]));
    Args args = {.item = item, .count = count};
    jmp_buf here;
    jmp_buf *outer = s->recover;
    TraceState state = trace_enter(s, NULL, NULL);
    s->recover = &here;
    volatile bool done = false;
    if (setjmp(here) == 0) {
        call_value(s, *f, &args);
        done = true;
    }
    trace_leave(s, &state);
    s->recover = outer;
    return done;
}

bool
script_run_piece(Script *s, uint32_t source)
{
    s->eval->steps = 0;
    s->eval->stopped = false;
    s->eval->answers = true;
    return script_run_source(s, source, true);
}

bool
script_can_go_on(const Script *s)
{
    return s->context->arena.limit != 0;
}
