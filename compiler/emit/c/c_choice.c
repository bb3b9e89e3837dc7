/* Choices between values, and padded loads, in C.
 *
 * gcc before 14 makes masked loads of what only one side of a branch reads, and
 * gets their order wrong in loops of few passes (its bug 114375). A constant
 * before the branch does not help, for gcc moves it into the branch; so what is
 * read is read in any case, and a function without a branch chooses.
 */
#include "emit/c/c_print.h"

/* c ? a : b by a function that has no branch, see flux_fp.h. */
static Expr
choice(Printer *printer, DType dtype, const char *c, const char *a,
       const char *b)
{
    if (dtype_real(dtype))
        return (Expr){arena_printf(printer->arena, "flux_select%s(%s, %s, %s)",
                                   dtype == DTYPE_f32 ? "f" : "", c, a, b),
                      PREC_primary};
    const char *cast = dtype == DTYPE_u32 ? "" : "(uint32_t)";
    const char *text = arena_printf(
        printer->arena, "flux_selectu(%s, %s%s, %s%s)", c, cast, a, cast, b);
    if (dtype == DTYPE_u32)
        return (Expr){text, PREC_primary};
    return (Expr){arena_printf(printer->arena, "(%s)%s", c_type(dtype), text),
                  PREC_unary};
}

static bool
is_const(const Printer *printer, int v)
{
    return printer->s->value.item[v].kind == VALUE_const;
}

Expr
c_select(Printer *printer, const Value *value)
{
    const int *operand = value->operand;
    Expr c = c_value(printer, operand[0]);
    Expr a = c_value(printer, operand[1]);
    Expr b = c_value(printer, operand[2]);
    if (is_const(printer, operand[1]) && is_const(printer, operand[2]))
        return (Expr){arena_printf(printer->arena, "%s ? %s : %s",
                                   c_at_least(printer, c, PREC_or), a.text,
                                   b.text),
                      PREC_ternary};
    Prec prec = dtype_real(value->dtype) ? PREC_ternary : PREC_unary;
    return choice(printer, value->dtype, c.text, c_at_least(printer, a, prec),
                  c_at_least(printer, b, prec));
}

/* Whether a guard fails wherever it stands: its index is a number outside. In C
 * that number would be an int, so it is not left to the unsigned comparison.
 */
static bool
guard_fails(const Guard *guard)
{
    const Affine *index = &guard->index;
    if (guard->extent == 0)
        return true;
    return index->count == 0 && dim_known(index->start) &&
           dim_known(index->minus) && dim_known(guard->extent) &&
           (index->start < index->minus ||
            index->start - index->minus >= guard->extent);
}

/* The guards, joined. */
static const char *
guard_text(Printer *printer, const Value *value, const char *join)
{
    const char *text = "";
    for (int i = 0; i < value->guards; i++) {
        const Guard *guard = &value->guard[i];
        const char *one = arena_printf(
            printer->arena, "%s < %s", c_affine(printer, &guard->index).text,
            c_at_least(printer, c_dim(printer, guard->extent), PREC_add));
        text = i == 0 ? one : arena_printf(printer->arena, join, text, one);
    }
    return text;
}

/* Whether a value may stand in a branch: one that reads nothing. gcc only
 * mistakes the order of loads that differs from that of what is stored; and
 * where there may be nothing to read, there is no other way.
 */
static bool
may_branch(Printer *printer, const Value *load)
{
    Schedule *s = printer->s;
    if (load->kind != VALUE_load)
        return load->kind == VALUE_const || load->kind == VALUE_index ||
               load->kind == VALUE_extent;
    if (!dim_at_most(s->dims, 1, s->buffer.item[load->buffer].count))
        return true;
    if (printer->store == NULL)
        return false;
    Affine apart = load->at;
    affine_subtract(s, &apart, printer->store);
    return apart.count == 0;
}

Expr
c_guard(Printer *printer, const Value *value)
{
    const char *zero = c_number(printer->arena, value->dtype, 0);
    for (int i = 0; i < value->guards; i++) {
        if (guard_fails(&value->guard[i]))
            return (Expr){zero, PREC_primary};
    }
    const Value *from = &printer->s->value.item[value->operand[0]];
    bool load = from->kind == VALUE_load &&
                printer->value[value->operand[0]] == NULL &&
                !printer->memory[from->buffer].scalar;
    bool branch = may_branch(printer, from);
    const char *text =
        guard_text(printer, value, branch ? "%s && %s" : "flux_and(%s, %s)");
    Expr inside = c_value(printer, value->operand[0]);
    if (value->guards == 0)
        return inside;
    if (branch)
        return (Expr){arena_printf(printer->arena, "%s ? %s : %s", text,
                                   inside.text, zero),
                      PREC_ternary};
    if (!load)
        return choice(printer, value->dtype, text,
                      c_at_least(printer, inside, PREC_unary), zero);
    const char *memory = printer->memory[from->buffer].text;
    const char *at = c_affine(printer, &from->at).text;
    if (dtype_real(value->dtype))
        return (Expr){arena_printf(printer->arena, "flux_pad%s(%s, %s, %s)",
                                   value->dtype == DTYPE_f32 ? "f" : "", text,
                                   memory, at),
                      PREC_primary};
    return choice(printer, value->dtype, text,
                  arena_printf(printer->arena, "%s[flux_inside(%s, %s)]",
                               memory, text, at),
                  zero);
}
