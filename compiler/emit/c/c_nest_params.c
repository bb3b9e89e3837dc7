/* The parameters of nests that are functions: what they name of what is around
 * them.
 */
#include "emit/c/c_layers.h"
#include "emit/c/c_nest.h"

#include <string.h>

/* The parameter that an array is; a new one, if it is none yet. One text is one
 * array, as elements of one type.
 */
static size_t
param_of(NestParams *params, int buffer)
{
    const Printer *printer = params->printer;
    const char *text = printer->memory[buffer].text;
    params->known.arena = printer->arena;
    int known = map_get(&params->known, text);
    if (known >= 0)
        return (size_t)known;
    NestParam param = {.buffer = buffer, .value = -1};
    map_put(&params->known, text, (int)params->param.count);
    VEC_PUSH(printer->arena, &params->param, param);
    return params->param.count - 1;
}

/* Notes that a nest reaches a buffer; gives the use. */
static const NestUse *
use_of(NestParams *params, int buffer)
{
    const Printer *printer = params->printer;
    size_t *number = &printer->use[buffer];
    if (*number != 0)
        return &params->use.item[*number - 1];
    NestUse use = {.buffer = buffer,
                   .storage = schedule_memory(printer->s, buffer),
                   .param = param_of(params, buffer),
                   .memory = printer->memory[buffer]};
    VEC_PUSH(printer->arena, &params->use, use);
    *number = params->use.count;
    NestParam *param = &params->param.item[use.param];
    if (param->last != 0)
        params->use.item[param->last - 1].next = *number;
    else
        param->first = *number;
    param->last = *number;
    return &params->use.item[*number - 1];
}

static NestParam *
add_buffer(NestParams *params, int buffer, bool stored)
{
    const Printer *printer = params->printer;
    const Buffer *b = &printer->s->buffer.item[buffer];
    if (params->rooms && b->room != 0)
        buffer = b->room - 1;
    if (printer->memory[buffer].text == NULL)
        return NULL; /* declared in the nest */
    const NestUse *use = use_of(params, buffer);
    NestParam *param = &params->param.item[use->param];
    param->stored = param->stored || stored;
    return param;
}

static void
add_value(NestParams *params, int v)
{
    const Printer *printer = params->printer;
    const Value *value = &printer->s->value.item[v];
    if (printer->value[v] != NULL) {
        for (size_t i = 0; i < params->param.count; i++)
            if (params->param.item[i].value == v)
                return;
        NestParam param = {.buffer = -1, .value = v};
        VEC_PUSH(printer->arena, &params->param, param);
        return;
    }
    if (value->kind == VALUE_load || value->kind == VALUE_sum ||
        value->kind == VALUE_gather)
        add_buffer(params, value->buffer, false);
    for (int i = 0; i < value->operands; i++)
        add_value(params, value->operand[i]);
}

/* The results that a statement is for, which the code asks for. */
static void
add_results(NestParams *params, uint32_t tag)
{
    const Schedule *s = params->printer->s;
    for (size_t o = 0; o < s->graph->output.count && o < 32; o++)
        if ((tag >> o & 1) != 0 && s->output_buffer[o] >= 0) {
            NestParam *param = add_buffer(params, s->output_buffer[o], false);
            if (param != NULL)
                param->asked = true;
        }
}

static void
add_stmt(NestParams *params, const Stmt *stmt)
{
    const Product *product = stmt->product;
    if (stmt->parent != NULL && stmt->tag != stmt->parent->tag)
        add_results(params, stmt->tag);
    switch (stmt->kind) {
    case STMT_loop:
        for (size_t i = 0; i < stmt->body.count; i++)
            add_stmt(params, stmt->body.item[i]);
        break;
    case STMT_let:
        add_value(params, stmt->value);
        break;
    case STMT_store:
        add_value(params, stmt->value);
        add_buffer(params, stmt->buffer, true);
        break;
    case STMT_step:
        add_value(params, stmt->value);
        if (stmt->factor >= 0)
            add_value(params, stmt->factor);
        break;
    case STMT_call:
        add_buffer(params, product->buffer[1], false);
        if (product->panels != 0)
            add_buffer(params, product->panels - 1, false);
        if (product->buffer[2] >= 0)
            add_buffer(params, product->buffer[2], product->maxima);
        for (int i = 0; i < product->end.scalars; i++)
            add_value(params, product->scalar[i]);
        if (product->end.givens > 0)
            add_buffer(params, product->given, false);
        add_buffer(params, product->buffer[0], true);
        for (int i = 0; i < product->end.moments; i++)
            add_buffer(params, product->moment[i], true);
        break;
    case STMT_init:
    case STMT_derive:
        break;
    }
}

static bool
is_name(const char *text)
{
    for (; *text != 0; text++)
        if (strchr("*&.->[ ", *text) != NULL)
            return false;
    return true;
}

/* The layer of what an array holds while a nest runs. */
static const char *
layer_wish(const NestParams *params, size_t number)
{
    VEC(int) lie = {0};
    size_t i = params->param.item[number].first;
    for (; i != 0; i = params->use.item[i - 1].next)
        VEC_PUSH(params->printer->arena, &lie, params->use.item[i - 1].buffer);
    return layers_array(params->printer, lie.item, lie.count);
}

/* What an array is called in a nest: a parameter that it reads, as in the
 * source; what is asked for, as around it; and so what comes from a caller,
 * where names say something.
 */
static const char *
array_wish(const NestParams *params, size_t number)
{
    const Printer *printer = params->printer;
    const NestParam *param = &params->param.item[number];
    const Schedule *s = printer->s;
    const Buffer *b = &s->buffer.item[param->buffer];
    const char *text = printer->memory[param->buffer].text;
    const Ref ref = b->kind == BUFFER_leaf ? b->node : REF_NONE;
    const bool room = strncmp(text, "room", 4) == 0;
    if (ref != REF_NONE && ir_node(s->graph, ref)->op == OP_param) {
        const char *path = ir_node(s->graph, ref)->as.leaf.name;
        const char *dot = strrchr(path, '.');
        return param->stored
                   ? "p"
                   : emit_c_name(printer->arena, dot != NULL ? dot + 1 : path);
    }
    if (param->asked && is_name(text))
        return text;
    if (printer->alike || b->kind == BUFFER_data)
        return "h";
    if (b->kind == BUFFER_temp)
        return room ? "room" : layer_wish(params, number);
    return is_name(text) ? text : "h";
}

/* Whether what is stored through a parameter is reached through no other: a C
 * compiler is told, and compiles no loop a second time for arrays that meet.
 */
static bool
is_alone(const NestParams *params, size_t param)
{
    const Schedule *s = params->printer->s;
    const NestUse *own;
    size_t i = params->param.item[param].first;
    if (!params->param.item[param].stored)
        return false;
    for (; i != 0; i = own->next) {
        own = &params->use.item[i - 1];
        for (size_t k = 0; k < params->use.count; k++) {
            const NestUse *other = &params->use.item[k];
            if (other->param != param &&
                (other->storage == own->storage ||
                 schedule_overlap(s, own->buffer, other->buffer)))
                return false;
        }
    }
    return true;
}

/* Names an array in the nest; it is reached through a pointer there, a scalar
 * that is only read through none.
 */
static void
name_buffer(NestParams *params, size_t number)
{
    Printer *printer = params->printer;
    NestParam *param = &params->param.item[number];
    const bool alone = is_alone(params, number);
    const Memory *memory = &printer->memory[param->buffer];
    const char *text = memory->text;
    const char *type = c_type(printer->s->buffer.item[param->buffer].dtype);
    bool value = memory->scalar && !param->stored;
    type = arena_printf(printer->arena, "%s%s%s",
                        param->stored || value ? "" : "const ", type,
                        value   ? " "
                        : alone ? " *restrict "
                                : " *");
    param->name = printer_typed(printer, array_wish(params, number), type);
    param->actual = text;
    if (memory->scalar && !value)
        param->actual =
            *text == '*' ? text + 1 : arena_printf(printer->arena, "&%s", text);
}

static void
name_params(NestParams *params)
{
    Printer *printer = params->printer;
    for (size_t i = 0; i < params->param.count; i++) {
        NestParam *param = &params->param.item[i];
        if (param->buffer >= 0) {
            name_buffer(params, i);
            continue;
        }
        const Value *value = &printer->s->value.item[param->value];
        const char *type =
            arena_printf(printer->arena, "%s ", c_type(value->dtype));
        param->name = printer_typed(printer, "c", type);
        param->actual = printer->value[param->value];
        printer->value[param->value] = param->name;
    }
    for (size_t i = 0; i < params->use.count; i++) {
        const NestUse *use = &params->use.item[i];
        const NestParam *param = &params->param.item[use->param];
        bool star = use->memory.scalar && param->stored;
        printer->memory[use->buffer] =
            (Memory){star ? arena_printf(printer->arena, "*%s", param->name)
                          : param->name,
                     use->memory.scalar};
    }
}

void
nest_end(NestParams *params)
{
    Printer *printer = params->printer;
    for (size_t i = 0; i < params->block.count; i++)
        printer->var[params->block.item[i].var] = params->block.item[i].actual;
    for (size_t i = 0; i < params->use.count; i++)
        printer->memory[params->use.item[i].buffer] =
            params->use.item[i].memory;
    for (size_t i = 0; i < params->param.count; i++) {
        const NestParam *param = &params->param.item[i];
        if (param->value >= 0)
            printer->value[param->value] = param->actual;
    }
}

/* What a nest is called with for a parameter, by its name. Those of arrays and
 * values are asked for in their order: *next is where the last one stood.
 */
static const char *
actual_of(const NestParams *params, const Printer *around, const char *name,
          size_t *next)
{
    const Printer *own = params->printer;
    for (int i = 0; i < own->s->dims->symbols; i++)
        if (own->dim_text[i] == name)
            return around->dim_text[i];
    for (size_t i = *next; i < params->param.count; i++)
        if (params->param.item[i].name == name) {
            *next = i;
            return params->param.item[i].actual;
        }
    for (size_t i = 0; i < params->block.count; i++) {
        const NestBlock *block = &params->block.item[i];
        if (block->name == name)
            return block->actual;
        if (block->end == name)
            return arena_printf(own->arena, "%s_end", block->actual);
    }
    if (name == own->count)
        return params->turns;
    return name == own->pool ? around->pool : around->seed;
}

const char *
nest_arguments(const NestParams *params, const Printer *around)
{
    const Printer *own = params->printer;
    size_t count = c_scope_mark(&own->scope);
    const char **actual = ARENA_ARRAY(own->arena, const char *, count + 1);
    size_t size = 1;
    size_t next = 0;
    for (size_t i = 0; i < count; i++) {
        const CScopeName *name = &own->scope.name.item[i];
        if (!name->used || name->text == own->isa)
            continue;
        actual[i] = actual_of(params, around, name->text, &next);
        size += strlen(actual[i]) + 2;
    }
    char *text = arena_alloc(own->arena, size);
    char *end = text;
    for (size_t i = 0; i < count; i++)
        if (actual[i] != NULL)
            end += sprintf(end, "%s%s", end > text ? ", " : "", actual[i]);
    return text;
}

/* Names the variables of the blocks around a nest. */
static void
name_blocks(NestParams *params, Printer *own, const Stmt *loop)
{
    const Schedule *s = own->s;
    if (loop == NULL)
        return;
    name_blocks(params, own, loop->parent);
    int v = schedule_var(s, loop->var);
    NestBlock block = {.var = v, .actual = own->var[v]};
    const char *wish = s->var.item[v].batch ? "s0" : "i0";
    block.name = printer_typed(own, wish, "size_t ");
    block.end = printer_typed(
        own, arena_printf(own->arena, "%s_end", block.name), "size_t ");
    own->var[v] = block.name;
    VEC_PUSH(own->arena, &params->block, block);
}

/* Whether a nest is one loop of a known number of turns, which do not know how
 * many they are.
 */
static bool
is_flat(const Printer *printer, const Stmt *loop)
{
    const Schedule *s = printer->s;
    const LoopVar *var = &s->var.item[schedule_var(s, loop->var)];
    bool flat = var->kind == VAR_plain && dim_known(var->extent) &&
                var->extent > FEW_TURNS;
    for (size_t i = 0; i < loop->body.count; i++) {
        StmtKind kind = loop->body.item[i]->kind;
        flat = flat && (kind == STMT_let || kind == STMT_store);
    }
    return flat;
}

void
nest_begin(NestParams *params, Printer *own, Printer *around, const Stmt *stmt,
           Writer *body)
{
    *own = *around;
    params->printer = around;
    add_stmt(params, stmt);
    for (size_t i = 0; i < params->use.count; i++)
        around->use[params->use.item[i].buffer] = 0;
    writer_init(body, around->arena);
    body->depth = 1;
    own->writer = body;
    own->scope = (CScope){.arena = around->arena};
    own->nested = around->nested && params->rooms;
    own->alike = !params->rooms;
    own->calls = false;
    own->around = NULL;
    own->isa = printer_typed(own, "isa", "flux_isa ");
    if (around->pool != NULL)
        own->pool = printer_typed(own, "pool", "flux_pool *");
    for (int i = 0; i < own->s->dims->symbols; i++)
        own->dim_text[i] = printer_typed(
            own, emit_c_name(own->arena, own->s->dims->symbol[i]), "size_t ");
    own->seed = printer_typed(own, "seed", "uint64_t ");
    name_blocks(params, own, stmt->parent);
    if (is_flat(own, stmt)) {
        const Schedule *s = own->s;
        own->flat = stmt;
        own->count = printer_typed(own, "count", "size_t ");
        params->turns =
            c_dim(around, s->var.item[schedule_var(s, stmt->var)].extent).text;
    }
    params->printer = own;
    name_params(params);
}
