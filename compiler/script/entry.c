#include "script/entry.h"

#include "script/eval.h"
#include "script/trace.h"

#include <string.h>

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
