/* The space between tokens: none or one. Operators have spaces but `^` and
 * what stands in a range (1:n-1). A list of plain names and numbers that was
 * written without spaces, [1,2,3], keeps that look.
 */
#include "syntax/fmt.h"

#include "base/vec.h"

#define NONE ((size_t)-1)

/* A bracket or block that is open. */
typedef struct {
    size_t commas;  /* the last comma, linked to those before */
    size_t element; /* tokens since it */
    bool tight;     /* no comma has a space, no element is more than plain */
    size_t terms;   /* the last term operator since a looser one, linked */
    bool range;     /* a `:` stood among them */
    bool use;       /* in a using statement */
} Level;

typedef struct {
    const char *text;
    const FmtToken *token;
    bool *glue;
    size_t *link; /* the token before in its list, or NONE */
    struct {
        Level *item;
        size_t count;
        size_t capacity;
    } level;
} Spacing;

static bool
glued_before(FmtKind kind)
{
    return kind == FMT_CALL || kind == FMT_CLOSE || kind == FMT_COMMA ||
           kind == FMT_SEMI || kind == FMT_POSTFIX || kind == FMT_JOIN ||
           kind == FMT_RANGE;
}

static bool
glued_after(FmtKind kind)
{
    return kind == FMT_OPEN || kind == FMT_CALL || kind == FMT_UNARY ||
           kind == FMT_JOIN || kind == FMT_RANGE;
}

static Level *
top(Spacing *s)
{
    return &s->level.item[s->level.count - 1];
}

/* The operator at i and its operands stand together. */
static void
glue_both(Spacing *s, size_t i)
{
    s->glue[i] = true;
    s->glue[i + 1] = true;
}

/* `+` and its like can lose their spaces: not `.+`, which a number before it
 * would take, and not behind 2e, where 2e-1 is a number.
 */
static bool
can_glue(const Spacing *s, size_t i)
{
    const FmtToken *t = &s->token[i];
    return s->text[t->begin] != '.' && !(i > 0 && t[-1].glued);
}

/* A looser operator, a bracket's end or a statement's ends a range. */
static void
end_range(Spacing *s)
{
    Level *level = top(s);
    if (level->range)
        for (size_t i = level->terms; i != NONE; i = s->link[i])
            if (can_glue(s, i))
                glue_both(s, i);
    level->terms = NONE;
    level->range = false;
}

static void
open_level(Arena *arena, Spacing *s, bool bracket)
{
    Level level = {.commas = NONE, .terms = NONE, .tight = bracket};
    VEC_PUSH(arena, &s->level, level);
}

static void
close_level(Spacing *s)
{
    end_range(s);
    Level *level = top(s);
    if (level->tight)
        for (size_t i = level->commas; i != NONE; i = s->link[i])
            s->glue[i + 1] = true;
    if (s->level.count > 1)
        s->level.count--;
    top(s)->tight = false; /* an element with brackets is not plain */
}

static void
comma(Spacing *s, size_t i)
{
    Level *level = top(s);
    end_range(s);
    if (s->token[i + 1].begin != s->token[i].end)
        level->tight = false;
    s->link[i] = level->commas;
    level->commas = i;
    level->element = 0;
}

/* `using A: b`, the only `:` with a space behind it. */
static void
range(Spacing *s, size_t i)
{
    Level *level = top(s);
    if (level->use)
        s->glue[i + 1] = false;
    else
        level->range = true;
    if (s->text[s->token[i + 1].begin] == ':')
        s->glue[i + 1] = false; /* a: :b, not a::b */
}

static void
visit(Arena *arena, Spacing *s, size_t i)
{
    const FmtToken *t = &s->token[i];
    Level *level = top(s);
    if (t->starts) {
        end_range(s);
        level->use = false;
    }
    bool plain = t->kind == FMT_OPERAND || t->kind == FMT_UNARY;
    if (!plain && t->kind != FMT_COMMA && t->kind != FMT_CLOSE)
        level->tight = false;
    if (t->kind == FMT_OPERAND && ++level->element > 1)
        level->tight = false;
    switch (t->kind) {
    case FMT_BLOCK:
        open_level(arena, s, false);
        break;
    case FMT_OPEN:
    case FMT_CALL:
        open_level(arena, s, true);
        break;
    case FMT_CLOSE:
    case FMT_END:
        close_level(s);
        break;
    case FMT_COMMA:
        comma(s, i);
        break;
    case FMT_TERM:
        s->link[i] = level->terms;
        level->terms = i;
        break;
    case FMT_POWER:
        if (can_glue(s, i))
            glue_both(s, i);
        break;
    case FMT_RANGE:
        range(s, i);
        break;
    case FMT_USE:
        level->use = true;
        break;
    case FMT_ASSIGN:
        end_range(s);
        if (i > 0 && t[-1].argument)
            glue_both(s, i);
        break;
    case FMT_WORD:
    case FMT_MIDDLE:
    case FMT_SEMI:
    case FMT_BINARY:
    case FMT_FILE_END:
        end_range(s);
        break;
    case FMT_OPERAND:
    case FMT_UNARY:
    case FMT_POSTFIX:
    case FMT_JOIN:
        break;
    }
}

bool *
fmt_glue(Arena *arena, const char *text, const FmtToken *token, size_t count)
{
    Spacing s = {.text = text, .token = token};
    s.glue = ARENA_ARRAY(arena, bool, count + 1);
    s.link = ARENA_ARRAY(arena, size_t, count);
    for (size_t i = 0; i < count; i++) {
        s.link[i] = NONE;
        s.glue[i] = glued_before(token[i].kind) || token[i].glued ||
                    (i > 0 && glued_after(token[i - 1].kind));
    }
    open_level(arena, &s, false);
    for (size_t i = 0; i < count; i++)
        visit(arena, &s, i);
    end_range(&s);
    return s.glue;
}
