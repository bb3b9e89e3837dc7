/* Loops and statements in C.
 *
 * A scalar that is used once is written where it is used, unless a store to
 * memory that it reads, a loop or a call stands between, or the line would not
 * fit; any other becomes a constant with a name.
 */
#include "emit/c_print.h"

#include <math.h>
#include <string.h>

void
printer_init(Printer *printer, Schedule *s, Writer *writer)
{
    Arena *arena = s->arena;
    *printer = (Printer){
        .s = s,
        .writer = writer,
        .arena = arena,
        .scope.arena = arena,
        .seed = "seed",
        .memory = ARENA_ARRAY(arena, Memory, s->buffer.count + 1),
        .var = ARENA_ARRAY(arena, const char *, s->var.count + 1),
        .value = ARENA_ARRAY(arena, const char *, s->value.count + 1),
        .accumulator =
            ARENA_ARRAY(arena, const char *, s->accumulator.count + 1),
        .best = ARENA_ARRAY(arena, const char *, s->accumulator.count + 1),
        .uses = ARENA_ARRAY(arena, int, s->value.count + 1),
        .bound = ARENA_ARRAY(arena, bool, s->value.count + 1)};
    for (int i = 0; i < s->dims->symbols; i++)
        printer->dim_text[i] = s->dims->symbol[i];
}

const char *
printer_name(Printer *printer, const char *wish)
{
    return scope_take(&printer->scope, wish);
}

static const char *
loop_name(Printer *printer, const LoopVar *var)
{
    static const char *const axes[] = {"i", "j", "k", "l", "p", "q", "r", "u"};
    if (var->batch)
        return printer_name(printer, "s");
    size_t first = var->axis < 0 ? 2 : 0;
    for (size_t i = first; i < sizeof axes / sizeof *axes; i++) {
        if (!scope_has(&printer->scope, axes[i]))
            return printer_name(printer, axes[i]);
    }
    return printer_name(printer, "i");
}

/* How often each value is named in what is printed. */
static void
count_use(Printer *printer, int v, int times)
{
    const Value *value = &printer->s->value.item[v];
    printer->uses[v] += times;
    if (value->kind == VALUE_guard)
        count_use(printer, value->operand[0], times);
}

static void
count_uses(Printer *printer, const Block *block)
{
    for (size_t i = 0; i < block->count; i++) {
        const Stmt *stmt = block->item[i];
        if (stmt->kind == STMT_loop)
            count_uses(printer, &stmt->body);
        if (stmt->kind == STMT_store)
            count_use(printer, stmt->value, 1);
        if (stmt->kind == STMT_step) {
            AccKind kind = printer->s->accumulator.item[stmt->accumulator].kind;
            bool twice = kind == ACC_maximum || kind == ACC_argmax;
            count_use(printer, stmt->value, twice ? 2 : 1);
            if (stmt->factor >= 0)
                count_use(printer, stmt->factor, 1);
        }
        if (stmt->kind == STMT_let) {
            const Value *value = &printer->s->value.item[stmt->value];
            bool twice = value->op == OP_max || value->op == OP_min;
            for (int k = 0; k < value->operands; k++)
                count_use(printer, value->operand[k],
                          value->kind == VALUE_map && twice ? 2 : 1);
        }
    }
}

/* Whether an expression reads memory that a buffer may be. */
static bool
reads(const Printer *printer, int v, int buffer)
{
    const Value *value = &printer->s->value.item[v];
    if (printer->value[v] != NULL)
        return false;
    if ((value->kind == VALUE_load || value->kind == VALUE_sum) &&
        c_same_memory(printer->s, value->buffer, buffer))
        return true;
    for (int i = 0; i < value->operands; i++) {
        if (reads(printer, value->operand[i], buffer))
            return true;
    }
    return false;
}

static bool
names_value(const Printer *printer, int v, int wanted)
{
    const Value *value = &printer->s->value.item[v];
    return v == wanted || (value->kind == VALUE_guard &&
                           names_value(printer, value->operand[0], wanted));
}

static bool
uses_value(const Printer *printer, const Stmt *stmt, int wanted)
{
    if (stmt->kind == STMT_store)
        return names_value(printer, stmt->value, wanted);
    if (stmt->kind == STMT_step)
        return names_value(printer, stmt->value, wanted) ||
               (stmt->factor >= 0 &&
                names_value(printer, stmt->factor, wanted));
    if (stmt->kind != STMT_let)
        return false;
    const Value *value = &printer->s->value.item[stmt->value];
    for (int i = 0; i < value->operands; i++) {
        if (names_value(printer, value->operand[i], wanted))
            return true;
    }
    return false;
}

/* Where the let at a place is printed: at itself, if it gets a name, or where
 * it is used.
 */
static size_t
printed_at(const Printer *printer, const Block *block, const size_t *at,
           size_t let)
{
    int v = block->item[let]->value;
    const Value *value = &printer->s->value.item[v];
    if (printer->uses[v] != 1 || printer->bound[v] ||
        value->kind == VALUE_random)
        return let;
    size_t use = let + 1;
    while (use < block->count && !uses_value(printer, block->item[use], v))
        use++;
    if (use == block->count)
        return let;
    size_t end = at[use];
    for (size_t i = let + 1; i < end; i++) {
        const Stmt *stmt = block->item[i];
        if (stmt->kind == STMT_loop || stmt->kind == STMT_call ||
            (stmt->kind == STMT_store && reads(printer, v, stmt->buffer)))
            return let;
    }
    return end;
}

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
            if ((c->kind == VALUE_map || c->kind == VALUE_sum) &&
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

static void
print_let(Printer *printer, int v)
{
    c_check_reads(printer, v);
    const char *type = c_type(printer->s->value.item[v].dtype);
    Expr expr = c_compute(printer, v);
    const char *name = printer_name(printer, value_wish(printer, v));
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

static void
print_store(Printer *printer, const Stmt *stmt)
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

static void
print_init(Printer *printer, const Stmt *stmt)
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
        name = printer_name(printer, acc->total ? "sum" : "acc");
        if (acc->lanes > 1)
            writer_line(printer->writer, "%s %s[%d] = {0};", type, name,
                        acc->lanes);
        else
            writer_line(printer->writer, "%s %s = %s;", type, name, zero);
        break;
    case ACC_maximum:
        name = printer_name(printer, "max");
        writer_line(printer->writer, "%s %s = %s;", type, name, lowest);
        break;
    case ACC_argmax:
        printer->best[stmt->accumulator] = printer_name(printer, "max");
        name = printer_name(printer, "at");
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

static void
print_step(Printer *printer, const Stmt *stmt)
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
            writer_line(writer, "%s = flux_fma%s(%s, %s, %s);", lane, f,
                        value.text, factor.text, lane);
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

static void
print_call(Printer *printer, const Stmt *stmt)
{
    static const char *const orders[] = {"FLUX_SEQ", "FLUX_SEQ", "FLUX_SPLIT4",
                                         "FLUX_TREE16"};
    const Product *product = stmt->product;
    Affine at[3];
    Dim stride[3][3];
    for (int i = 0; i < 3; i++) {
        at[i] = product->at[i];
        for (int v = 0; v < 3; v++)
            stride[i][v] = call_stride(printer, &at[i], product->var[v]);
    }
    writer_line(
        printer->writer,
        "flux_product_%s(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, "
        "%d);",
        c_suffix(product->dtype), orders[product->order],
        call_count(printer, product->var[0]),
        call_count(printer, product->var[1]),
        call_count(printer, product->var[2]),
        c_pointer(printer, product->buffer[1], &at[1]),
        c_dim(printer, stride[1][0]).text, c_dim(printer, stride[1][2]).text,
        c_pointer(printer, product->buffer[2], &at[2]),
        c_dim(printer, stride[2][2]).text, c_dim(printer, stride[2][1]).text,
        c_pointer(printer, product->buffer[0], &at[0]),
        c_dim(printer, stride[0][0]).text, c_dim(printer, stride[0][1]).text,
        product->add ? 1 : 0);
}

/* Declares the local arrays whose home a body is. */
static void
declare_locals(Printer *printer, int locals)
{
    Schedule *s = printer->s;
    while (locals != 0) {
        const Buffer *buffer = &s->buffer.item[locals - 1];
        const char *name = printer_name(printer, "h");
        printer->memory[locals - 1] = (Memory){name, false};
        writer_line(printer->writer, "%s %s[%lld];", c_type(buffer->dtype),
                    name, (long long)(buffer->count > 0 ? buffer->count : 1));
        locals = buffer->next;
    }
}

static void print_block(Printer *printer, const Stmt *loop);

/* Whether a loop's body is one statement in C, so that it needs no braces. */
static bool
is_single(const Printer *printer, const Stmt *loop)
{
    const Schedule *s = printer->s;
    const LoopVar *var = &s->var.item[schedule_var(s, loop->var)];
    const Block *block = &loop->body;
    size_t *at = ARENA_ARRAY(printer->arena, size_t, block->count + 1);
    size_t printed = 0;
    size_t which = 0;
    if (var->kind == VAR_block || printer->check != NULL)
        return false;
    for (size_t i = block->count; i-- > 0;) {
        const Stmt *stmt = block->item[i];
        at[i] = stmt->kind == STMT_let ? printed_at(printer, block, at, i) : i;
        if (at[i] != i)
            continue;
        printed++;
        which = i;
    }
    if (printed != 1)
        return false;
    const Stmt *only = block->item[which];
    if (only->kind == STMT_loop)
        return is_single(printer, only);
    if (only->kind == STMT_step)
        return printer->s->accumulator.item[only->accumulator].kind !=
               ACC_argmax;
    return only->kind == STMT_store;
}

/* The loop's header. */
static void
open_loop(Printer *printer, const Stmt *stmt, bool single)
{
    Schedule *s = printer->s;
    int v = schedule_var(s, stmt->var);
    const LoopVar *var = &s->var.item[v];
    const char *extent = c_dim(printer, var->extent).text;
    /* gcc warns of an unsigned number below 0. */
    const char *below = var->extent == 0 ? "!=" : "<";
    if (var->kind == VAR_block) {
        const char *base = var->batch ? "s0" : "i0";
        const char *name = printer_name(printer, base);
        printer->var[v] = name;
        const char *end =
            printer_name(printer, arena_printf(printer->arena, "%s_end", name));
        writer_line(printer->writer,
                    "for (size_t %s = 0; %s %s %s; %s += %d) {", name, name,
                    below, extent, name, var->step);
        const char *minuend =
            c_at_least(printer, c_dim(printer, var->extent), PREC_add);
        if (dim_known(var->extent) && var->extent % var->step == 0)
            writer_line(printer->writer, "const size_t %s = %s + %d;", end,
                        name, var->step);
        else
            writer_line(printer->writer,
                        "const size_t %s = %s - %s < %d ? %s : %s + %d;", end,
                        minuend, name, var->step, extent, name, var->step);
        return;
    }
    const char *start = "0";
    if (var->kind == VAR_within) {
        start = printer->var[schedule_var(s, var->parent)];
        extent = arena_printf(printer->arena, "%s_end", start);
        below = "<";
    }
    const char *name = loop_name(printer, var);
    printer->var[v] = name;
    writer_line(printer->writer, "for (size_t %s = %s; %s %s %s; %s++)%s", name,
                start, name, below, extent, name, single ? "" : " {");
}

static void
print_derive(Printer *printer, const Stmt *stmt)
{
    Schedule *s = printer->s;
    int v = schedule_var(s, stmt->var);
    const LoopVar *var = &s->var.item[v];
    const char *text = printer->var[schedule_var(s, var->parent)];
    if (var->div != 1)
        text = arena_printf(
            printer->arena, "%s / %s", text,
            c_at_least(printer, c_dim(printer, var->div), PREC_unary));
    if (var->mod != 0)
        text = arena_printf(
            printer->arena, "%s %% %s", text,
            c_at_least(printer, c_dim(printer, var->mod), PREC_unary));
    printer->var[v] = loop_name(printer, var);
    writer_line(printer->writer, "const size_t %s = %s;", printer->var[v],
                text);
}

static void
print_stmt(Printer *printer, const Stmt *stmt)
{
    switch (stmt->kind) {
    case STMT_loop: {
        size_t scope = scope_mark(&printer->scope);
        bool single = is_single(printer, stmt);
        open_loop(printer, stmt, single);
        printer->writer->depth += single;
        print_block(printer, stmt);
        printer->writer->depth -= single;
        if (!single)
            writer_line(printer->writer, "}");
        scope_leave(&printer->scope, scope);
        break;
    }
    case STMT_derive:
        print_derive(printer, stmt);
        break;
    case STMT_let:
        print_let(printer, stmt->value);
        break;
    case STMT_store:
        print_store(printer, stmt);
        break;
    case STMT_init:
        print_init(printer, stmt);
        break;
    case STMT_step:
        print_step(printer, stmt);
        break;
    case STMT_call:
        print_call(printer, stmt);
        break;
    }
}

/* The body of a loop, or the whole program. */
static void
print_block(Printer *printer, const Stmt *loop)
{
    bool top = loop == NULL;
    const Block *block = top ? &printer->s->body : &loop->body;
    size_t *at = ARENA_ARRAY(printer->arena, size_t, block->count + 1);
    uint32_t tag = 0;
    size_t scope = scope_mark(&printer->scope);
    for (size_t i = block->count; i-- > 0;)
        at[i] = block->item[i]->kind == STMT_let
                    ? printed_at(printer, block, at, i)
                    : i;
    declare_locals(printer, top ? printer->s->locals : loop->locals);
    for (size_t i = 0; i < block->count; i++) {
        const Stmt *stmt = block->item[i];
        if (at[i] != i)
            continue;
        if (top && printer->condition != NULL && stmt->tag != tag) {
            if (tag != 0) {
                writer_line(printer->writer, "}");
                scope_leave(&printer->scope, scope);
            }
            tag = stmt->tag;
            scope = scope_mark(&printer->scope);
            if (tag != 0)
                writer_line(printer->writer, "if (%s) {",
                            printer->condition(printer, tag));
        }
        if (printer->comment != NULL)
            printer->comment(printer, stmt);
        print_stmt(printer, stmt);
    }
    if (tag != 0)
        writer_line(printer->writer, "}");
}

void
printer_body(Printer *printer)
{
    Schedule *s = printer->s;
    size_t size = printer->writer->size;
    size_t scope = scope_mark(&printer->scope);
    Memory *place = ARENA_ARRAY(printer->arena, Memory, s->buffer.count + 1);
    memcpy(place, printer->memory, s->buffer.count * sizeof *place);
    count_uses(printer, &s->body);
    for (size_t v = 0; printer->check != NULL && v < s->value.count; v++)
        printer->bound[v] = s->value.item[v].kind == VALUE_map;
    do {
        printer->again = false;
        printer->writer->size = size;
        scope_leave(&printer->scope, scope);
        memcpy(printer->memory, place, s->buffer.count * sizeof *place);
        memset(printer->value, 0, s->value.count * sizeof *printer->value);
        print_block(printer, NULL);
    } while (printer->again);
}
