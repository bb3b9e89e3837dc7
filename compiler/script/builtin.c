/* The table of builtins, and operators as functions. */
#include "script/builtin.h"

/* a op b op c …; one operand is a sign. */
static Value
fold(Script *s, const Args *args, const char *op)
{
    if (args->count == 1 && (op[0] == '-' || op[0] == '+') && !op[1])
        return eval_binary(s, op, value_int(0), args->item[0], args->span);
    Value v = args->item[0];
    for (size_t i = 1; i < args->count; i++)
        v = eval_binary(s, op, v, args->item[i], args->span);
    return v;
}

#define BUILTIN(name, min, max, run, summary)
#define OPERATOR(op, name)                                                     \
    static Value run_##name(Script *s, const Args *args)                       \
    {                                                                          \
        return fold(s, args, op);                                              \
    }
#define COMPARISON(op, name)                                                   \
    static Value run_##name(Script *s, const Args *args)                       \
    {                                                                          \
        return eval_compared(s, op, args->item[0], args->item[1], args->span); \
    }
#include "script/builtins.def"
#undef BUILTIN
#undef OPERATOR
#undef COMPARISON

static const Builtin table[] = {
#define BUILTIN(name, min, max, run, summary)                                  \
    {name, min, max, builtin_##run, summary, NULL},
#define OPERATOR(op, name)   {op, 1, -1, run_##name, "an operator", NULL},
#define COMPARISON(op, name) {op, 2, 2, run_##name, "a comparison", NULL},
#include "script/builtins.def"
#undef BUILTIN
#undef OPERATOR
#undef COMPARISON
};

bool
builtin_is_plain(const Builtin *builtin)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (builtin == &table[i])
            return true;
    return false;
}

void
builtin_define(Script *s, const Builtin *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        scope_define(s, s->globals,
                     intern_text(&s->context->names, from[i].name),
                     (Value){.kind = VALUE_builtin, .as.builtin = &from[i]});
}

void
builtin_define_all(Script *s)
{
    Names *names = &s->context->names;
    builtin_define(s, table, sizeof table / sizeof *table);
    scope_define(s, s->globals, intern_text(names, "nothing"), value_nothing());
    scope_define(s, s->globals, intern_text(names, "Inf"),
                 value_float((double)__builtin_inff()));
    scope_define(s, s->globals, intern_text(names, "NaN"),
                 value_float((double)__builtin_nanf("")));
    static const double pi = 3.14159265358979323846;
    scope_define(s, s->globals, intern_text(names, "π"), value_float(pi));
    scope_define(s, s->globals, intern_text(names, "pi"), value_float(pi));
}

/* The place of argument i. */
Span
builtin_at(const Args *args, size_t i)
{
    return args->at ? args->at[i] : args->span;
}

Text
builtin_text(Script *s, const Args *args, size_t i)
{
    Value v = args->item[i];
    if (v.kind == VALUE_symbol) {
        Text text = {v.as.symbol, 0};
        while (text.text[text.length])
            text.length++;
        return text;
    }
    if (v.kind != VALUE_string)
        script_fail(s, DIAG_value, builtin_at(args, i), NULL,
                    "a String was expected, not %s", value_kind_name(v));
    return v.as.string;
}
