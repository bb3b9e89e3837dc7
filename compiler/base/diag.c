/* Diagnostics: the list of them. Printing is in diag_print.c. */
#include "base/diag.h"
#include "base/vec.h"

#include <string.h>

#define ERRORS_KEPT 20
#define OTHERS_KEPT 200 /* warnings and notes */

const DiagInfo diag_info[DIAG_COUNT] = {
#define DIAG(name, code, severity, title, text)                                \
    [DIAG_##name] = {code, severity, title, text},
#include "base/diag.def"
#undef DIAG
};

static bool
same_span(Span a, Span b)
{
    return a.source == b.source && a.begin == b.begin && a.end == b.end;
}

Diag *
diag_vadd(Diags *diags, DiagCode code, Span span, const char *format,
          va_list args)
{
    Diag *diag = ARENA_NEW(diags->arena, Diag);
    diag->code = code;
    diag->span = span;
    diag->message = arena_vprintf(diags->arena, format, args);
    for (size_t i = 0; i < diags->count; i++) {
        Diag *old = diags->item[i];
        if (old->code == code && same_span(old->span, span) &&
            !strcmp(old->message, diag->message))
            return old;
    }
    bool keep = diags->count < ERRORS_KEPT + OTHERS_KEPT;
    if (diag_info[code].severity == SEVERITY_error) {
        size_t limit = diags->limit ? diags->limit : ERRORS_KEPT;
        keep = diags->errors++ < limit;
    }
    if (keep)
        VEC_PUSH(diags->arena, diags, diag);
    return diag;
}

Diag *
diag_add(Diags *diags, DiagCode code, Span span, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    Diag *diag = diag_vadd(diags, code, span, format, args);
    va_end(args);
    return diag;
}

void
diag_hint(Diags *diags, Diag *diag, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diag->hint = arena_vprintf(diags->arena, format, args);
    va_end(args);
}

DiagCode
diag_find(const char *code)
{
    unsigned i = 0;
    while (i < DIAG_COUNT && strcmp(diag_info[i].code, code) != 0)
        i++;
    return (DiagCode)i;
}
