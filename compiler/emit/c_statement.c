/* Statements in C that hold no others: scalars, stores, accumulators, calls. */
#include "emit/c_print.h"

#include <math.h>
#include <string.h>

static const char *
value_wish(const Printer *printer, int v)
{
    const Value *value = &printer->s->value.item[v];
    if (value->kind == VALUE_sum)
        return "sum";
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

/* Notes that a line is too long; the longest part of it gets a name. */
static void
check_line(Printer *printer, int v, int width)
{
    if (width <= writer_room(printer->writer))
        return;
    int longest = -1;
    int length = 24;
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
            if ((c->kind == VALUE_map || c->kind == VALUE_sum ||
                 c->kind == VALUE_gather) &&
                own > length && own + 20 < width) {
                longest = child;
                length = own;
            }
            if (top < 64)
                stack[top++] = child;
        }
    }
    if (longest >= 0) {
        printer->bound[longest] = true;
        printer->again = true;
    }
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
        check_line(printer, stmt->value, width);
        ValueKind kind = printer->s->value.item[stmt->value].kind;
        if (width > writer_room(printer->writer) && !printer->again &&
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
    const char *isa = printer->isa;
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

/* The extent of one of a call's variables, as far as the call sees it. */
static const char *
call_count(Printer *printer, int var)
{
    if (var < 0)
        return "1";
    Schedule *s = printer->s;
    const LoopVar *v = &s->var.item[schedule_var(s, var)];
    if (v->kind != VAR_within)
        return c_dim(printer, v->extent).text;
    int block = schedule_var(s, v->parent);
    return arena_printf(printer->arena, "%s_end - %s", printer->var[block],
                        printer->var[block]);
}

/* The factor of a call's variable in one of its accesses; the variable itself
 * goes to the start of what the call does.
 */
static Dim
call_stride(Printer *printer, Affine *at, int var)
{
    Schedule *s = printer->s;
    if (var < 0)
        return 1;
    var = schedule_var(s, var);
    for (int i = 0; i < at->count; i++) {
        if (schedule_var(s, at->term[i].var) != var)
            continue;
        Dim factor = at->term[i].factor;
        Affine self = affine_var(var);
        affine_scale(s, &self, factor);
        affine_subtract(s, at, &self);
        if (s->var.item[var].kind == VAR_within) {
            Affine start = affine_var(schedule_key(s, var));
            affine_scale(s, &start, factor);
            affine_add(s, at, &start);
        }
        return factor;
    }
    return 0;
}

/* The instruction set of a call. */
static const char *
call_isa(const Printer *printer)
{
    return printer->isa != NULL ? printer->isa : "flux_best_isa()";
}

static const char *const orders[] = {"FLUX_SEQ", "FLUX_SEQ", "FLUX_SPLIT4",
                                     "FLUX_TREE16"};

/* The axes of the rows, columns or terms of a call over several; the strides in
 * a, b and c.
 */
static void
call_axes(Printer *printer, const Product *product, int side, Affine *at)
{
    static const char *const name[] = {"row", "column", "term"};
    int count = product->axes[side] + 1;
    writer_line(printer->writer, "const flux_axis %s[] = {", name[side]);
    for (int i = 0; i < count; i++) {
        int var = i == 0 ? product->var[side] : product->more[side][i - 1];
        Dim stride[3];
        for (int k = 0; k < 3; k++)
            stride[k] = call_stride(printer, &at[(k + 1) % 3], var);
        writer_line(printer->writer, "{%s, %s, %s, %s},",
                    call_count(printer, var), c_dim(printer, stride[0]).text,
                    c_dim(printer, stride[1]).text,
                    c_dim(printer, stride[2]).text);
    }
    writer_line(printer->writer, "};");
}

static void
call_windows(Printer *printer, const Product *product)
{
    Affine at[3];
    memcpy(at, product->at, sizeof at);
    writer_line(printer->writer, "{");
    for (int side = 0; side < 3; side++)
        call_axes(printer, product, side, at);
    writer_line(printer->writer,
                "flux_windows_%s(%s, %s, %d, row, %d, column, %d, term, %s, "
                "%s, %s);",
                c_suffix(product->dtype), call_isa(printer),
                orders[product->order], product->axes[0] + 1,
                product->axes[1] + 1, product->axes[2] + 1,
                c_pointer(printer, product->buffer[1], &at[1]),
                c_pointer(printer, product->buffer[2], &at[2]),
                c_pointer(printer, product->buffer[0], &at[0]));
    writer_line(printer->writer, "}");
}

void
c_call(Printer *printer, const Stmt *stmt)
{
    const Product *product = stmt->product;
    if (product->windows) {
        call_windows(printer, product);
        return;
    }
    Affine at[3];
    Dim stride[3][3];
    for (int i = 0; i < 3; i++) {
        at[i] = product->at[i];
        for (int v = 0; v < 3; v++)
            stride[i][v] = call_stride(printer, &at[i], product->var[v]);
    }
    bool step = product->end.kind == END_step;
    bool sums = product->buffer[2] < 0;
    const char *factor = "";
    const char *columns = "";
    const char *next = "";
    const char *pool = "";
    if (!sums) {
        pool = arena_printf(printer->arena, "%s, ",
                            printer->pool != NULL ? printer->pool : "NULL");
        columns = arena_printf(printer->arena, "%s, ",
                               call_count(printer, product->var[1]));
        factor = arena_printf(printer->arena, "%s, %s, %s, ",
                              c_pointer(printer, product->buffer[2], &at[2]),
                              c_dim(printer, stride[2][2]).text,
                              c_dim(printer, stride[2][1]).text);
        next = arena_printf(printer->arena, "%s, ",
                            c_dim(printer, stride[0][1]).text);
    }
    writer_line(printer->writer,
                "flux_%s_%s%s(%s, %s%s, %s, %s%s, %s, %s, %s, %s%s, %s, %s%s);",
                sums ? "sums" : "product", step ? "step_" : "",
                c_suffix(product->dtype), call_isa(printer), pool,
                orders[product->order], call_count(printer, product->var[0]),
                columns, call_count(printer, product->var[2]),
                c_pointer(printer, product->buffer[1], &at[1]),
                c_dim(printer, stride[1][0]).text,
                c_dim(printer, stride[1][2]).text, factor,
                c_pointer(printer, product->buffer[0], &at[0]),
                c_dim(printer, stride[0][0]).text, next,
                step ? c_value(printer, product->scale).text
                : product->end.kind == END_add ? "1"
                                               : "0");
}
