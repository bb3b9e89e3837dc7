/* The table of builtins, and operators as functions. */
#include "script/builtin/builtin.h"

#include "script/model/recur.h"

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
#include "script/builtin/builtins.def"
#undef BUILTIN
#undef OPERATOR
#undef COMPARISON

static const Builtin table[] = {
#define BUILTIN(name, min, max, run, summary)                                  \
    {name, min, max, builtin_##run, summary, NULL, true},
#define OPERATOR(op, name)   {op, 1, -1, run_##name, "an operator", NULL, true},
#define COMPARISON(op, name) {op, 2, 2, run_##name, "a comparison", NULL, true},
#include "script/builtin/builtins.def"
#undef BUILTIN
#undef OPERATOR
#undef COMPARISON
};

void
builtin_define_all(Script *s)
{
    Names *names = &s->context->names;
    scope_builtins(s, table, sizeof table / sizeof *table);
    scope_define(s, s->globals, intern_text(names, "nothing"), value_nothing());
    scope_define(s, s->globals, intern_text(names, "Inf"),
                 value_float((double)__builtin_inff()));
    scope_define(s, s->globals, intern_text(names, "NaN"),
                 value_float((double)__builtin_nanf("")));
    static const double pi = 3.14159265358979323846;
    scope_define(s, s->globals, intern_text(names, "π"), value_float(pi));
    scope_define(s, s->globals, intern_text(names, "pi"), value_float(pi));
}
