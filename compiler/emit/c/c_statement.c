/* Statements in C that hold no others: scalars, stores, accumulators. */
#include "emit/c/c_print.h"

#include <math.h>
#include <string.h>

static const char *
value_wish(const Printer *printer, int v)
{
    const Value *value = &printer->s->value.item[v];
    if (value->kind == VALUE_sum)
        return value->op == OP_maximum ? "max" : "sum";
    if (value->kind == VALUE_join)
        return "sum";
    if (value->node == REF_NONE)
        return "t";
    switch (ir_node(printer->s->graph, value->node)->op) {
    case OP_exp:
        return "e";
    case OP_sum:
        return "sum";
    default:
        return "t";
    }
}

/* What a part has at least that gets a name; columns of "const float t10 = ;".
 */
enum { PART = 25, NAMED = 20 };

/* Whether a line is too long and has a part that gets a name for that: of those
 * that fit on a line of their own the longest.
 */
static bool
check_line(Printer *printer, int v, int width)
{
    const int room = writer_room(printer->writer);
    if (width <= room)
        return false;
    int longest = -1;
    int length = PART - 1;
    int stack[64];
    int top = 0;
    stack[top++] = v;
    while (top > 0) {
        const Value *value = &printer->s->value.item[stack[--top]];
        for (int i = 0; i < value->operands; i++) {
            int child = value->operand[i];
            const Value *c = &printer->s->value.item[child];
            if (printer->value[child] != NULL)
                continue;
            int own = writer_width(c_compute(printer, child).text);
            int worth = own + NAMED <= room || own < PART ? own : PART;
            if ((c->kind == VALUE_map || c->kind == VALUE_sum ||
                 c->kind == VALUE_gather) &&
                worth > length && own + 20 < width) {
                longest = child;
                length = worth;
            }
            if (top < 64)
                stack[top++] = child;
        }
    }
    if (longest < 0)
        return false;
    printer->bound[longest] = true;
    printer->again = true;
    return true;
}

void
c_let(Printer *printer, int v)
{
    c_check_reads(printer, v);
    const char *type = c_type(printer->s->value.item[v].dtype);
    Expr expr = c_compute(printer, v);
    const char *name = printer_typed(printer, value_wish(printer, v),
                                     arena_printf(printer->arena, "%s ", type));
    check_line(printer, v,
               writer_width(expr.text) + writer_width(type) +
                   writer_width(name) + 11);
    writer_line(printer->writer, "const %s %s = %s;", type, name, expr.text);
    printer->value[v] = name;
    if (printer->check != NULL && dtype_real(printer->s->value.item[v].dtype))
        printer->check(printer, name, printer->s->value.item[v].node);
}

/* target op= value where the value is target op something. */
static const char *
store_text(Printer *printer, const char *target, int v)
{
    const Value *value = &printer->s->value.item[v];
    if (printer->value[v] == NULL && value->kind == VALUE_map &&
        dtype_real(value->dtype)) {
        static const Op ops[] = {OP_add, OP_sub, OP_mul, OP_div};
        for (size_t i = 0; i < 4; i++) {
            if (value->op != ops[i] ||
                strcmp(c_value(printer, value->operand[0]).text, target) != 0)
                continue;
            return arena_printf(printer->arena, "%s %c= %s;", target, "+-*/"[i],
                                c_value(printer, value->operand[1]).text);
        }
    }
    return arena_printf(printer->arena, "%s = %s;", target,
                        c_value(printer, v).text);
}

void
c_store(Printer *printer, const Stmt *stmt)
{
    c_check_reads(printer, stmt->value);
    const char *target = c_load(printer, stmt->buffer, &stmt->at);
    printer->store = &stmt->at;
    const char *text = store_text(printer, target, stmt->value);
    if (printer->value[stmt->value] == NULL) {
        int width = writer_width(text);
        bool named = check_line(printer, stmt->value, width);
        ValueKind kind = printer->s->value.item[stmt->value].kind;
        if (width > writer_room(printer->writer) && !named &&
            kind == VALUE_map && !printer->bound[stmt->value]) {
            printer->bound[stmt->value] = true;
            printer->again = true;
        }
    }
    printer->store = NULL;
    writer_line(printer->writer, "%s", text);
}

void
c_init(Printer *printer, const Stmt *stmt)
{
    const Accumulator *acc = &printer->s->accumulator.item[stmt->accumulator];
    const char *type = c_type(acc->dtype);
    const char *zero = c_number(printer->arena, acc->dtype, 0);
    double least = dtype_real(acc->dtype)    ? -(double)INFINITY
                   : acc->dtype == DTYPE_i32 ? -2147483648.0
                                             : 0;
    const char *lowest = c_number(printer->arena, acc->dtype, least);
    const char *name = NULL;
    switch (acc->kind) {
    case ACC_sum:
    case ACC_product:
        name = printer_typed(printer, acc->total ? "sum" : "acc",
                             arena_printf(printer->arena, "%s %s", type,
                                          acc->lanes > 1 ? "*" : ""));
        if (acc->lanes > 1)
            writer_line(printer->writer, "%s %s[%d] = {0};", type, name,
                        acc->lanes);
        else
            writer_line(printer->writer, "%s %s = %s;", type, name, zero);
        break;
    case ACC_maximum:
        name = printer_typed(printer, "max",
                             arena_printf(printer->arena, "%s ", type));
        writer_line(printer->writer, "%s %s = %s;", type, name, lowest);
        printer->best[stmt->accumulator] = NULL;
        if (cuda_shares(printer) &&
            cuda_lanes_find(printer, stmt->accumulator)) {
            const char *at = printer_typed(printer, "at", "size_t ");
            writer_line(printer->writer, "size_t %s = 0;", at);
            printer->best[stmt->accumulator] = at;
        }
        break;
    case ACC_argmax:
        printer->best[stmt->accumulator] = printer_name(printer, "max");
        name = printer_typed(printer, "at", "int32_t ");
        writer_line(printer->writer, "%s %s = %s;", type,
                    printer->best[stmt->accumulator], lowest);
        writer_line(printer->writer, "int32_t %s = 0;", name);
        break;
    }
    printer->accumulator[stmt->accumulator] = name;
}

static const char *
lane_text(Printer *printer, const Stmt *stmt)
{
    const Accumulator *acc = &printer->s->accumulator.item[stmt->accumulator];
    const char *name = printer->accumulator[stmt->accumulator];
    if (acc->lanes == 1)
        return name;
    Expr number = c_affine(printer, &stmt->at);
    return arena_printf(printer->arena, "%s[%s %% %d]", name,
                        c_at_least(printer, number, PREC_unary), acc->lanes);
}

void
c_step(Printer *printer, const Stmt *stmt)
{
    Writer *writer = printer->writer;
    const Accumulator *acc = &printer->s->accumulator.item[stmt->accumulator];
    c_check_reads(printer, stmt->value);
    if (stmt->factor >= 0)
        c_check_reads(printer, stmt->factor);
    const char *lane = lane_text(printer, stmt);
    Expr value = c_value(printer, stmt->value);
    const char *f = acc->dtype == DTYPE_f32 ? "f" : "";
    bool real = dtype_real(acc->dtype);
    const char *best = printer->best[stmt->accumulator];
    const char *isa = printer->calls ? NULL : printer->isa;
    switch (acc->kind) {
    case ACC_sum:
        if (real || acc->dtype == DTYPE_u32)
            writer_line(writer, "%s += %s;", lane, value.text);
        else
            writer_line(writer, "%s = (int32_t)((uint32_t)%s + (uint32_t)%s);",
                        lane, lane, c_at_least(printer, value, PREC_primary));
        break;
    case ACC_product: {
        Expr factor = c_value(printer, stmt->factor);
        if (real)
            writer_line(writer, "%s = flux_fma%s%s(%s%s%s, %s, %s);", lane, f,
                        isa != NULL ? "_isa" : "", isa != NULL ? isa : "",
                        isa != NULL ? ", " : "", value.text, factor.text, lane);
        else
            writer_line(writer,
                        "%s = (%s)((uint32_t)%s + (uint32_t)%s * "
                        "(uint32_t)%s);",
                        lane, c_type(acc->dtype), lane,
                        c_at_least(printer, value, PREC_primary),
                        c_at_least(printer, factor, PREC_primary));
        break;
    }
    case ACC_maximum: {
        const char *x = c_at_least(printer, value, PREC_add);
        if (best != NULL) {
            writer_line(writer, "if (%s > %s) {", x, lane);
            writer_line(writer, "%s = %s;", lane, value.text);
            writer_line(writer, "%s = %s;", best, printer->turn);
            writer_line(writer, "}");
            break;
        }
        writer_line(writer, "%s = %s > %s ? %s : %s;", lane, x, lane,
                    value.text, lane);
        break;
    }
    case ACC_argmax:
        writer_line(writer, "if (%s > %s) {",
                    c_at_least(printer, value, PREC_add), best);
        writer_line(writer, "%s = %s;", best, value.text);
        writer_line(
            writer, "%s = (int32_t)%s;", lane,
            c_at_least(printer, c_affine(printer, &stmt->at), PREC_unary));
        writer_line(writer, "}");
        break;
    }
}
