/* The calls under way, and the stack as messages show it.
 *
 * Every evaluation of a body has a frame; equal calls share theirs, since the
 * nodes of graphs keep them.
 */
#include "script/value/scope.h"
#include "script/value/state.h"

static bool
same_span(Span a, Span b)
{
    return a.source == b.source && a.begin == b.begin && a.end == b.end;
}

CallFrame *
frame_of(Script *s, const char *model, Span span, Span made)
{
    CallFrame *call = s->eval->call;
    for (CallFrame *child = call->child; child; child = child->next)
        if (child->frame.model == model && same_span(child->frame.span, span) &&
            same_span(child->frame.made, made))
            return child;
    CallFrame *child = ARENA_NEW(&s->context->arena, CallFrame);
    child->frame =
        (Frame){.caller = s->frame, .model = model, .span = span, .made = made};
    child->next = call->child;
    call->child = child;
    return child;
}

bool
frame_is_running(const Script *s, uint64_t number)
{
    const Active *active = s->eval->active;
    while (active && active->number != number)
        active = active->caller;
    return active != NULL;
}

static bool
is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '!' ||
           (unsigned char)c >= 0x80;
}

static bool
has_shape(Value v)
{
    return v.kind == VALUE_array || v.kind == VALUE_batch ||
           v.kind == VALUE_seq || v.kind == VALUE_node;
}

/* "W (15,21), x (20,)": the arrays whose names stand in the source text of a
 * span, each once; NULL where there is none.
 */
static const char *
shapes_text(Script *s, Scope *scope, Span span)
{
    enum { NAMES = 6 };
    const Source *source = source_get(&s->context->sources, span.source);
    if (!source || !scope || span.end > source->size)
        return NULL;
    const char *seen[NAMES];
    size_t count = 0;
    const char *text = NULL;
    const char *end = source->text + span.end;
    for (const char *at = source->text + span.begin; at < end;) {
        const char *start = at;
        while (at < end && is_name_byte(*at))
            at++;
        if (at == start) {
            at++;
            continue;
        }
        const char *name =
            intern(&s->context->names, start, (size_t)(at - start));
        const Value *v = scope_find(scope, name);
        bool shown = !v || !has_shape(*v) || count == NAMES;
        for (size_t i = 0; i < count; i++)
            shown = shown || seen[i] == name;
        if (shown)
            continue;
        seen[count++] = name;
        text = arena_printf(&s->context->arena, "%s%s%s %s", text ? text : "",
                            text ? ", " : "", name, value_shape_text(s, *v));
    }
    return text;
}

/* "k 3": which pass of the loops around a call it was, by the Ints that they
 * count; NULL outside of loops.
 */
static const char *
pass_text(Script *s, const Scope *scope)
{
    const char *text = NULL;
    for (; scope && scope->kind == SCOPE_soft; scope = scope->parent)
        for (uint32_t i = scope->count; i-- > 0;) {
            const Binding *b = &scope->item[i];
            if (b->value.kind == VALUE_int)
                text = arena_printf(&s->context->arena, "%s %s%s%s", b->name,
                                    value_text(s, b->value), text ? ", " : "",
                                    text ? text : "");
        }
    return text;
}

/* At most `FRAMES_SHOWN` frames: the innermost, a line for what is left out,
 * and the outermost.
 */
const Frame *
script_frames(Script *s, Span innermost, const Frame *frame)
{
    enum { FRAMES_INNER = 8, FRAMES_OUTER = 4 };
    size_t count = 0;
    for (const Frame *f = frame; f; f = f->caller)
        count++;
    Frame *first = NULL;
    Frame **link = &first;
    Frame *last = NULL;
    const Active *active = s->eval->active;
    Span span = innermost;
    size_t i = 0;
    for (const Frame *f = frame; f; span = f->span, f = f->caller, i++) {
        bool leave = count > FRAMES_INNER + FRAMES_OUTER + 1 &&
                     i >= FRAMES_INNER && i < count - FRAMES_OUTER;
        if (leave && i > FRAMES_INNER)
            continue;
        last = ARENA_NEW(&s->context->arena, Frame);
        *last = (Frame){.model = f->model, .span = span};
        if (leave)
            *last = (Frame){
                .model = arena_printf(&s->context->arena, "%zu more",
                                      count - FRAMES_INNER - FRAMES_OUTER)};
        const Active *of = active;
        while (of && of->frame != f)
            of = of->caller;
        if (of && !leave)
            last->shapes = i == 0 ? shapes_text(s, of->scope, span)
                                  : pass_text(s, of->scope);
        active = of ? of->caller : active;
        *link = last;
        link = (Frame **)(void *)&last->caller;
    }
    if (last) {
        Frame *script = ARENA_NEW(&s->context->arena, Frame);
        *script = (Frame){.model = "script", .span = span};
        last->caller = script;
    }
    return first;
}
