/* Loops and statements in C.
 *
 * A scalar that is used once is written where it is used, unless a store to
 * memory that it reads, a loop or a call stands between, or the line would not
 * fit; any other becomes a constant with a name.
 */
#include "emit/c/c_print.h"

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
        .use = ARENA_ARRAY(arena, size_t, s->buffer.count + 1),
        .share = ARENA_ARRAY(arena, bool, s->buffer.count + 1),
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
    return c_scope_take(&printer->scope, wish);
}

const char *
printer_typed(Printer *printer, const char *wish, const char *type)
{
    const char *name = printer_name(printer, wish);
    c_scope_type(&printer->scope, name, type);
    return name;
}

const char *
printer_var(Printer *printer, const LoopVar *var)
{
    static const char *const axes[] = {"i", "j", "k", "l", "p", "q", "r", "u"};
    if (var->batch)
        return printer_typed(printer, "s", "size_t ");
    size_t first = var->axis < 0 ? 2 : 0;
    for (size_t i = first; i < sizeof axes / sizeof *axes; i++) {
        if (!c_scope_has(&printer->scope, axes[i]))
            return printer_typed(printer, axes[i], "size_t ");
    }
    return printer_typed(printer, "i", "size_t ");
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

/* Whether a value has, or will have, a line and a name of its own. */
static bool
is_named(const Printer *printer, int v)
{
    ValueKind kind = printer->s->value.item[v].kind;
    bool let = kind == VALUE_map || kind == VALUE_sum || kind == VALUE_gather ||
               kind == VALUE_random;
    return printer->value[v] != NULL ||
           (let && (printer->uses[v] != 1 || printer->bound[v]));
}

/* Whether a value's expression reads memory that a buffer may be; what has a
 * name is read where that is given.
 */
static bool
reads(const Printer *printer, int v, int buffer)
{
    const Value *value = &printer->s->value.item[v];
    if ((value->kind == VALUE_load || value->kind == VALUE_sum ||
         value->kind == VALUE_gather) &&
        c_same_memory(printer->s, value->buffer, buffer))
        return true;
    for (int i = 0; i < value->operands; i++) {
        int operand = value->operand[i];
        if (!is_named(printer, operand) && reads(printer, operand, buffer))
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

/* Declares the local arrays whose home a body is. */
static void
declare_locals(Printer *printer, int locals)
{
    Schedule *s = printer->s;
    while (locals != 0) {
        const Buffer *buffer = &s->buffer.item[locals - 1];
        const char *name = printer_typed(
            printer, "h",
            arena_printf(printer->arena, "%s *", c_type(buffer->dtype)));
        bool share = cuda_shares(printer);
        Dim count = share ? (buffer->count + 15) / 16 : buffer->count;
        printer->memory[locals - 1] = (Memory){name, false};
        printer->share[locals - 1] = share;
        writer_line(printer->writer, "%s %s[%lld];", c_type(buffer->dtype),
                    name, (long long)(count > 0 ? count : 1));
        locals = buffer->next;
    }
}

static bool
has_few_turns(const Schedule *s, const Stmt *loop)
{
    const LoopVar *var = &s->var.item[schedule_var(s, loop->var)];
    return dim_known(var->extent) &&
           (var->extent <= FEW_TURNS || (var->cut && !s->kernels)) &&
           var->kind != VAR_step && var->kind != VAR_block;
}

/* Whether a body has neither calls nor sums nor loops, but for those of few
 * turns: written out, they leave one line of operations.
 */
static bool
straightens(const Schedule *s, const Stmt *loop)
{
    for (size_t i = 0; i < loop->body.count; i++) {
        const Stmt *stmt = loop->body.item[i];
        if (stmt->kind == STMT_call ||
            (stmt->kind == STMT_let &&
             s->value.item[stmt->value].kind != VALUE_map) ||
            (stmt->kind == STMT_step &&
             s->accumulator.item[stmt->accumulator].lanes > 1) ||
            (stmt->kind == STMT_loop &&
             !(has_few_turns(s, stmt) && straightens(s, stmt))))
            return false;
    }
    return true;
}

/* Whether the turns of a loop are written out, so that the loop around it can
 * have vectors; `out` says whether that one's are.
 */
static bool
is_written_out(const Printer *printer, const Stmt *loop, const Stmt *around,
               bool out)
{
    const Schedule *s = printer->s;
    return around != NULL && printer->check == NULL && !printer->device &&
           has_few_turns(s, loop) && straightens(s, around) &&
           (out || !has_few_turns(s, around));
}

/* Whether a loop's body is one statement in C, so that it needs no braces. */
static bool
is_single(const Printer *printer, const Stmt *loop, bool out)
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
    if (printer->condition != NULL && only->tag != loop->tag)
        return false;
    if (only->kind == STMT_loop)
        return !c_apart(printer->s, only) &&
               !is_written_out(printer, only, loop, out) &&
               is_single(printer, only, false);
    if (only->kind == STMT_step)
        return printer->best[only->accumulator] == NULL;
    return only->kind == STMT_store;
}

/* gcc warns of an unsigned number below 0. */
static const char *
below_of(const LoopVar *var)
{
    return var->extent == 0 ? "!=" : "<";
}

/* The head of a loop over steps. */
static void
step_loop(Printer *printer, const LoopVar *var, int v, bool single)
{
    const char *extent = c_dim(printer, var->extent).text;
    const char *name = printer_typed(printer, "t", "size_t ");
    const char *head =
        var->backward ? arena_printf(printer->arena, "%s = %s; %s-- > 0;", name,
                                     extent, name)
                      : arena_printf(printer->arena, "%s = 0; %s %s %s; %s++",
                                     name, name, below_of(var), extent, name);
    printer->var[v] = name;
    writer_line(printer->writer, "for (size_t %s)%s", head, single ? "" : " {");
}

/* The head of a loop over blocks, and where a block ends. Where threads share
 * it, it is one thread's.
 */
static void
block_loop(Printer *printer, const LoopVar *var, int v, bool shared)
{
    Writer *writer = printer->writer;
    Expr extent = c_dim(printer, var->extent);
    const char *name =
        printer_typed(printer, var->batch ? "s0" : "i0", "size_t ");
    const char *end = printer_typed(
        printer, arena_printf(printer->arena, "%s_end", name), "size_t ");
    const char *step = arena_printf(printer->arena, "%d", var->step);
    const char *below = below_of(var);
    const char *begin = "0";
    printer->var[v] = name;
    if (shared) {
        extent = (Expr){printer->end, PREC_primary};
        step = printer->block;
        below = "<";
        begin = printer->begin;
    }
    writer_line(writer, "for (size_t %s = %s; %s %s %s; %s += %s) {", name,
                begin, name, below, extent.text, name, step);
    if (!shared && dim_known(var->extent) && var->extent % var->step == 0)
        writer_line(writer, "const size_t %s = %s + %s;", end, name, step);
    else
        writer_line(writer, "const size_t %s = %s - %s < %s ? %s : %s + %s;",
                    end, c_at_least(printer, extent, PREC_add), name, step,
                    extent.text, name, step);
}

void
printer_loop(Printer *printer, const Stmt *stmt, bool single)
{
    Schedule *s = printer->s;
    int v = schedule_var(s, stmt->var);
    const LoopVar *var = &s->var.item[v];
    const char *extent = printer->flat == stmt
                             ? printer->count
                             : c_dim(printer, var->extent).text;
    const char *below = below_of(var);
    bool shared = stmt->shared && printer->block != NULL;
    if (var->kind == VAR_step) {
        step_loop(printer, var, v, single);
        return;
    }
    if (var->kind == VAR_block) {
        block_loop(printer, var, v, shared);
        return;
    }
    const char *start = "0";
    if (shared) {
        start = printer->begin;
        extent = printer->end;
        below = "<";
    } else if (var->kind == VAR_within) {
        start = printer->var[schedule_var(s, var->parent)];
        extent = arena_printf(printer->arena, "%s_end", start);
        below = "<";
        if (var->row != 0) {
            const char *row = c_dim(printer, var->row).text;
            start = arena_printf(printer->arena, "%s * %s", row, start);
            extent = arena_printf(printer->arena, "%s * %s", row, extent);
        }
    }
    const char *name = printer_var(printer, var);
    const char *next = "++";
    if (cuda_shares(printer)) {
        printer->turn = name;
        if (var->extent != 0) {
            start = "flux_lane()";
            next = " += 16";
        }
    }
    printer->var[v] = name;
    writer_line(printer->writer, "for (size_t %s = %s; %s %s %s; %s%s)%s", name,
                start, name, below, extent, name, next, single ? "" : " {");
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
    printer->var[v] = printer_var(printer, var);
    writer_line(printer->writer, "const size_t %s = %s;", printer->var[v],
                text);
}

void
printer_stmt(Printer *printer, const Stmt *stmt)
{
    switch (stmt->kind) {
    case STMT_loop: {
        if (share_print(printer, stmt) || nest_print(printer, stmt))
            break;
        size_t scope = c_scope_mark(&printer->scope);
        const Stmt *around = printer->around;
        bool out = printer->written_out;
        printer->written_out = is_written_out(printer, stmt, around, out);
        bool single = is_single(printer, stmt, printer->written_out);
        if (printer->written_out)
            writer_line(printer->writer, "FLUX_UNROLL");
        else if (printer->check == NULL && !printer->device &&
                 c_apart(printer->s, stmt))
            writer_line(printer->writer, "FLUX_APART");
        printer_loop(printer, stmt, single);
        printer->around = stmt;
        printer->writer->depth += single;
        printer_block(printer, stmt);
        printer->writer->depth -= single;
        if (!single)
            writer_line(printer->writer, "}");
        printer->around = around;
        printer->written_out = out;
        if (cuda_shares(printer))
            cuda_lanes_join(printer, stmt);
        c_scope_leave(&printer->scope, scope);
        break;
    }
    case STMT_derive:
        print_derive(printer, stmt);
        break;
    case STMT_let:
        c_let(printer, stmt->value);
        break;
    case STMT_store:
        c_store(printer, stmt);
        break;
    case STMT_init:
        c_init(printer, stmt);
        break;
    case STMT_step:
        c_step(printer, stmt);
        break;
    case STMT_call:
        c_call(printer, stmt);
        break;
    }
}

void
printer_headed(Printer *printer, const Stmt *stmt)
{
    bool marked = printer->comment != NULL && printer->comment(printer, stmt);
    printer_stmt(printer, stmt);
    if (marked)
        writer_raw(printer->writer, LINES_END);
}

/* The body of a loop, or the whole program. */
void
printer_block(Printer *printer, const Stmt *loop)
{
    bool top = loop == NULL;
    const Block *block = top ? &printer->s->body : &loop->body;
    size_t *at = ARENA_ARRAY(printer->arena, size_t, block->count + 1);
    const uint32_t own = top ? 0 : loop->tag;
    uint32_t tag = own;
    size_t scope = c_scope_mark(&printer->scope);
    for (size_t i = block->count; i-- > 0;)
        at[i] = block->item[i]->kind == STMT_let
                    ? printed_at(printer, block, at, i)
                    : i;
    declare_locals(printer, top ? printer->s->locals : loop->locals);
    for (size_t i = 0; i < block->count; i++) {
        const Stmt *stmt = block->item[i];
        if (at[i] != i)
            continue;
        if (printer->condition != NULL && stmt->tag != tag) {
            if (tag != own) {
                writer_line(printer->writer, "}");
                c_scope_leave(&printer->scope, scope);
            }
            tag = stmt->tag;
            scope = c_scope_mark(&printer->scope);
            if (tag != own) {
                writer_apart(printer->writer);
                writer_line(printer->writer, "if (%s) {",
                            printer->condition(printer, tag));
            }
        }
        printer_headed(printer, stmt);
    }
    if (tag != own)
        writer_line(printer->writer, "}");
}

void
printer_repeat(Printer *printer, void (*print)(Printer *printer))
{
    Schedule *s = printer->s;
    size_t size = printer->writer->size;
    size_t scope = c_scope_mark(&printer->scope);
    Memory *place = ARENA_ARRAY(printer->arena, Memory, s->buffer.count + 1);
    memcpy(place, printer->memory, s->buffer.count * sizeof *place);
    size_t nests = nests_mark(printer->nests);
    printer->nested = nests_needed(printer, &s->body);
    printer->calls = printer->nested;
    count_uses(printer, &s->body);
    for (size_t v = 0; printer->check != NULL && v < s->value.count; v++)
        printer->bound[v] = s->value.item[v].kind == VALUE_map;
    do {
        printer->again = false;
        printer->writer->size = size;
        printer->part = 0;
        printer->shares = 0;
        if (printer->parts != NULL)
            printer->parts->size = 0;
        nests_leave(printer->nests, nests);
        c_scope_leave(&printer->scope, scope);
        memcpy(printer->memory, place, s->buffer.count * sizeof *place);
        memset(printer->value, 0, s->value.count * sizeof *printer->value);
        print(printer);
    } while (printer->again);
}

static void
print_all(Printer *printer)
{
    printer_block(printer, NULL);
}

void
printer_body(Printer *printer)
{
    printer_repeat(printer, print_all);
}
