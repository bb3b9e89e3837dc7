/* Methods: which values an annotation takes, and which method a call means.
 *
 * A method fits if the number of arguments and every annotation do; of those
 * that fit, the one with the most exact annotations is meant, and of equals
 * the one that was defined last.
 */
#include "base/near.h"
#include "script/eval/eval.h"

#include <string.h>

/* The source text of a span, on one line. */
static const char *
span_text(Script *s, Span span)
{
    const Source *source = source_get(&s->context->sources, span.source);
    if (!source || span.end > source->size || span.begin >= span.end)
        return "_";
    char *text = arena_string(&s->context->arena, source->text + span.begin,
                              span.end - span.begin);
    for (char *c = text; *c; c++)
        if (*c == '\n')
            *c = ' ';
    return text;
}

/* "f(x::Int, y = 1; k)": the signature as the source has it. */
const char *
method_signature(Script *s, const char *name, const Ast *function)
{
    const AstParams *params = &function->as.function.params;
    Arena *arena = &s->context->arena;
    const char *text = arena_printf(arena, "%s(", name);
    bool keyword = false;
    for (size_t i = 0; i < params->count; i++) {
        const AstParam *p = &params->item[i];
        const char *comma = i ? ", " : "";
        if (p->keyword && !keyword) {
            comma = "; ";
            keyword = true;
        }
        text =
            arena_printf(arena, "%s%s%s", text, comma, span_text(s, p->span));
    }
    return arena_printf(arena, "%s)", text);
}

/* How exactly a method takes the arguments; -1 if it does not. */
static int
method_score(Script *s, const Method *method, const Args *args)
{
    const AstParams *params = &method->function->as.function.params;
    size_t next = 0;
    int score = 0;
    for (size_t i = 0; i < params->count; i++) {
        const AstParam *p = &params->item[i];
        if (p->keyword)
            continue;
        size_t end = p->splat ? args->count : next + 1;
        if (end > args->count) {
            if (!p->value)
                return -1;
            continue;
        }
        for (; next < end; next++) {
            int match = type_match(s, method->scope, p->type, args->item[next]);
            if (match < 0)
                return -1;
            if (p->pattern && args->item[next].kind != VALUE_tuple)
                return -1;
            score += p->splat ? 0 : 2 * match + 1;
        }
    }
    return next == args->count ? score : -1;
}

const Method *
method_find(Script *s, const Function *f, const Args *args)
{
    const Method *best = NULL;
    int best_score = -1;
    for (size_t i = 0; i < f->method.count; i++) {
        int score = method_score(s, &f->method.item[i], args);
        if (score >= 0 && score >= best_score) {
            best = &f->method.item[i];
            best_score = score;
        }
    }
    return best;
}
