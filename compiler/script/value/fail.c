/* Failing: a diagnostic at the innermost place that the user wrote. */
#include "script/value/state.h"

#include <stdlib.h>
#include <string.h>

static bool
in_library(const Script *s, Span span)
{
    const Source *source = source_get(&s->context->sources, span.source);
    return source && !strncmp(source->path, "stdlib/", 7);
}

Span
script_place(const Script *s, Span span)
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
    Diag *diag = diag_vadd(diags, code, script_place(s, span), format, args);
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
