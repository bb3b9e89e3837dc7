/* Macros about models: @shapes, @gradcheck, @code_c, @code_cuda. */
#include "script/eval/eval.h"
#include "script/model/gradcheck.h"
#include "script/model/model.h"

#include <string.h>

/* The model of a macro's first argument, a call, and the arguments of that;
 * `most`: how many arguments the macro takes.
 */
static Value
model_of_call(Script *s, Scope *scope, const Ast *macro, size_t most,
              Args *args)
{
    const char *name = macro->as.macro.name;
    const AstList *argument = &macro->as.macro.argument;
    const Ast *call = argument->count > 0 ? argument->item[0] : NULL;
    if (call == NULL || call->kind != AST_CALL || argument->count > most)
        script_fail(s, DIAG_value, macro->span, NULL,
                    "%s wants a call: %s model(rand(10))", name, name);
    Value model = eval_operand(s, scope, call->as.call.callee);
    Values values = {0};
    eval_splat(s, scope, &call->as.call.positional, &values);
    *args =
        (Args){.item = values.item, .count = values.count, .span = call->span};
    return model_of(s, model, name, macro->span);
}

/* The number of `tol = 1e-4` behind the call. */
static double
tolerance_of(Script *s, Scope *scope, const Ast *macro)
{
    const AstList *list = &macro->as.macro.argument;
    double tolerance = 1e-4;
    for (size_t i = 1; i < list->count; i++) {
        const Ast *option = list->item[i];
        bool named = option->kind == AST_ASSIGN &&
                     option->as.binary.left->kind == AST_NAME &&
                     strcmp(option->as.binary.left->as.name, "tol") == 0;
        Value v = value_nothing();
        if (named)
            v = eval_operand(s, scope, option->as.binary.right);
        if (!value_is_number(v))
            script_fail(s, DIAG_value, option->span, NULL,
                        "@gradcheck takes a call and a number `tol`: "
                        "@gradcheck m(x) tol = 1e-4");
        tolerance = value_number(v);
    }
    return tolerance;
}

/* @shapes m(x): the steps of the model, lowered, with their shapes. */
Value
macro_shapes(Script *s, Scope *scope, const Ast *macro)
{
    Args args;
    Value model = model_of_call(s, scope, macro, 1, &args);
    inspect_shapes(s, model, &args);
    return value_nothing();
}

/* @gradcheck m(x) tol = 1e-4 */
Value
macro_gradcheck(Script *s, Scope *scope, const Ast *macro)
{
    Args args;
    Value model = model_of_call(s, scope, macro, SIZE_MAX, &args);
    const Ast *callee = macro->as.macro.argument.item[0]->as.call.callee;
    const char *name =
        callee->kind == AST_NAME ? callee->as.name : value_name(model);
    gradcheck_call(s, model, name, &args, tolerance_of(s, scope, macro),
                   macro->span);
    return value_nothing();
}

/* @code_c m, @code_cuda m: the source that fluxc would write. */
static Value
show_code(Script *s, Scope *scope, const Ast *macro, EmitTarget target)
{
    const AstList *argument = &macro->as.macro.argument;
    const char *own = macro->as.macro.name;
    if (argument->count != 1 || argument->item[0]->kind != AST_NAME)
        script_fail(s, DIAG_value, macro->span, NULL,
                    "%s wants the name of a model: %s f", own, own);
    Value model = eval_operand(s, scope, argument->item[0]);
    model_of(s, model, own, macro->span);
    inspect_code(s, model, argument->item[0]->as.name, target, macro->span);
    return value_nothing();
}

Value
macro_code_c(Script *s, Scope *scope, const Ast *macro)
{
    return show_code(s, scope, macro, TARGET_c);
}

Value
macro_code_cuda(Script *s, Scope *scope, const Ast *macro)
{
    return show_code(s, scope, macro, TARGET_cuda);
}
