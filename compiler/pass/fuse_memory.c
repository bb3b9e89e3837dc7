/* What memory a schedule's buffers are: next values in the place of the old,
 * results computed in place, and buffers that need hold only a part at a time.
 */
#include "pass/schedule.h"

/* One access, with the loops around it and its place in the program. */
typedef struct {
    int buffer;
    Affine *at;
    bool store;
    bool call;  /* of a kernel, which reads many elements */
    int place;  /* the statement's number, in order */
    Block path; /* loops, outermost first */
    const Block *body;
    uint32_t tag;
} Use;

typedef struct {
    Schedule *s;
    Block path;
    const Block *body;
    uint32_t tag;
    bool call;
    int place;
    VEC(Use) use;
} Uses;

static void
uses_add(void *user, int buffer, Affine *at, bool store)
{
    Uses *uses = user;
    Arena *arena = &uses->s->context->arena;
    Use use = {.buffer = buffer,
               .at = at,
               .store = store,
               .call = uses->call,
               .place = uses->place,
               .body = uses->body,
               .tag = uses->tag};
    for (size_t i = 0; i < uses->path.count; i++)
        VEC_PUSH(arena, &use.path, uses->path.item[i]);
    VEC_PUSH(arena, &uses->use, use);
}

static void
uses_block(Uses *uses, const Block *block)
{
    for (size_t i = 0; i < block->count; i++) {
        Stmt *stmt = block->item[i];
        uses->place++;
        uses->tag = stmt->tag;
        if (stmt->kind == STMT_loop) {
            VEC_PUSH(&uses->s->context->arena, &uses->path, stmt);
            uses_block(uses, &stmt->body);
            uses->path.count--;
        } else {
            uses->body = block;
            uses->call = stmt->kind == STMT_call ||
                         (stmt->kind == STMT_let &&
                          uses->s->value.item[stmt->value].kind == VALUE_sum);
            schedule_accesses(uses->s, stmt, uses_add, uses);
        }
    }
}

static Uses
uses_all(Schedule *s)
{
    Uses uses = {.s = s};
    uses_block(&uses, &s->body);
    return uses;
}

static size_t
common_loops(const Use *a, const Use *b)
{
    size_t n = 0;
    while (n < a->path.count && n < b->path.count &&
           a->path.item[n] == b->path.item[n])
        n++;
    return n;
}

/* Whether a load reads the old value though `store` replaces it in place: it
 * comes first, and turns of shared loops keep to their own rows.
 */
static bool
reads_old(Schedule *s, const Use *load, const Use *store)
{
    if (load->place > store->place)
        return false;
    size_t common = common_loops(load, store);
    if (common > 0 && load->body == store->body)
        return affine_same(s, load->at, store->at);
    Affine a = *load->at;
    Affine b = *store->at;
    for (size_t i = 0; i < common; i++) {
        Dim factor;
        Dim other;
        int key = schedule_key(s, load->path.item[i]->var);
        if (i + 1 < common &&
            key == schedule_key(s, load->path.item[i + 1]->var))
            continue;
        if (!affine_factor(s, &a, key, &factor) ||
            !affine_factor(s, &b, key, &other) || factor != other ||
            factor == 0)
            return false;
        affine_drop(s, &a, key);
        affine_drop(s, &b, key);
        if (!affine_below(s, &a, factor) || !affine_below(s, &b, factor))
            return false;
    }
    return true;
}

/* The leaf whose memory a next value takes, as a buffer; -1 for others. */
static int
next_leaf(const Schedule *s, int buffer)
{
    const Buffer *b = &s->buffer.item[buffer];
    if (b->kind != BUFFER_output)
        return -1;
    Ref leaf = s->graph->output.item[b->number].next;
    return leaf == REF_NONE ? -1 : s->node_buffer[leaf];
}

static bool
next_in_place(Schedule *s, const Uses *uses, int buffer, int leaf)
{
    for (size_t i = 0; i < uses->use.count; i++) {
        const Use *store = &uses->use.item[i];
        if (store->buffer != buffer)
            continue;
        if (!store->store)
            return false;
        for (size_t j = 0; j < uses->use.count; j++) {
            const Use *load = &uses->use.item[j];
            if (load->buffer == leaf && !load->store &&
                !reads_old(s, load, store))
                return false;
        }
    }
    return true;
}

/* Copies a buffer into an output, at the end of the program. */
static void
copy_back(Schedule *s, int from, int output)
{
    const Buffer *b = &s->buffer.item[from];
    int var = schedule_new_var(s, VAR_plain, b->count);
    Stmt *loop = schedule_stmt(s, STMT_loop, b->node);
    loop->var = var;
    Value value = {.kind = VALUE_load,
                   .dtype = b->dtype,
                   .buffer = from,
                   .at = affine_var(var),
                   .node = b->node};
    Stmt *store = schedule_stmt(s, STMT_store, b->node);
    store->buffer = output;
    store->value = schedule_value(s, &value);
    store->at = affine_var(var);
    schedule_push(s, &loop->body, store);
    schedule_push(s, &s->body, loop);
}

/* Next values that cannot be stored in place wait in memory of their own. */
void
schedule_next(Schedule *s)
{
    Uses uses = uses_all(s);
    size_t buffers = s->buffer.count;
    s->tag = 0;
    for (size_t b = 0; b < buffers; b++) {
        int leaf = next_leaf(s, (int)b);
        if (leaf < 0 || next_in_place(s, &uses, (int)b, leaf))
            continue;
        Buffer output = s->buffer.item[b];
        s->buffer.item[b].kind = BUFFER_temp;
        VEC_PUSH(&s->context->arena, &s->buffer, output);
        s->output_buffer[output.number] = (int)s->buffer.count - 1;
        copy_back(s, (int)b, (int)s->buffer.count - 1);
    }
}

static bool
optional(const Schedule *s, const Buffer *b)
{
    return b->kind == BUFFER_output && b->number < 32 &&
           (s->optional >> b->number & 1) != 0;
}

/* Whether two accesses below shared loops go through their own loops in the
 * same order.
 */
static bool
same_order(Schedule *s, const Use *a, const Use *b, size_t common)
{
    Affine x = *a->at;
    Affine y = *b->at;
    if (a->path.count != b->path.count)
        return false;
    for (size_t i = common; i < a->path.count; i++) {
        Dim factor;
        Dim other;
        int key = schedule_key(s, a->path.item[i]->var);
        int next = schedule_key(s, b->path.item[i]->var);
        if (!affine_factor(s, &x, key, &factor) ||
            !affine_factor(s, &y, next, &other) || factor != other)
            return false;
        affine_drop(s, &x, key);
        affine_drop(s, &y, next);
    }
    return affine_same(s, &x, &y);
}

/* Whether a later statement of the same turn reads what a store stores in
 * another order, kernels aside. clang 14 takes such reads for reads of the old
 * value, if the store is an update in place and the outer loop becomes vectors.
 */
static bool
read_across(Schedule *s, const Uses *uses, const Use *store)
{
    for (size_t i = 0; i < uses->use.count; i++) {
        const Use *use = &uses->use.item[i];
        size_t common = common_loops(use, store);
        if (use->buffer == store->buffer && !use->store && !use->call &&
            use->place > store->place && use->body != store->body &&
            common > 0 && !same_order(s, use, store, common))
            return true;
    }
    return false;
}

/* Whether `old` may live in the memory of what `store` stores: at that place it
 * is read for the last time, element by element.
 */
static bool
may_share(Schedule *s, const Uses *uses, const Use *store, int old)
{
    const Buffer *to = &s->buffer.item[store->buffer];
    const Buffer *from = &s->buffer.item[old];
    bool read = false;
    if (old == store->buffer || from->kind != BUFFER_temp ||
        from->count != to->count || from->dtype != to->dtype ||
        read_across(s, uses, store))
        return false;
    for (size_t i = 0; i < uses->use.count; i++) {
        const Use *use = &uses->use.item[i];
        if (use->buffer == store->buffer &&
            (use->store ? use != store : use->place <= store->place))
            return false;
        if (use->buffer != old)
            continue;
        if (use->tag != store->tag || use->place > store->place)
            return false;
        if (use->store)
            continue;
        if (use->body == store->body) {
            if (!affine_same(s, use->at, store->at))
                return false;
            read = true;
        } else if (!reads_old(s, use, store)) {
            return false;
        }
    }
    return read;
}

static void
rename_buffer(Schedule *s, Block *block, int from, int to)
{
    for (size_t i = 0; i < block->count; i++) {
        Stmt *stmt = block->item[i];
        if (stmt->kind == STMT_loop)
            rename_buffer(s, &stmt->body, from, to);
        if (stmt->kind == STMT_store && stmt->buffer == from)
            stmt->buffer = to;
        for (int k = 0; stmt->kind == STMT_call && k < 3; k++) {
            if (stmt->product->buffer[k] == from)
                stmt->product->buffer[k] = to;
        }
    }
}

/* Gives a buffer the memory of another. */
static void
share(Schedule *s, int from, int to)
{
    rename_buffer(s, &s->body, from, to);
    for (size_t v = 0; v < s->value.count; v++) {
        Value *value = &s->value.item[v];
        if ((value->kind == VALUE_load || value->kind == VALUE_sum) &&
            value->buffer == from)
            value->buffer = to;
    }
    s->buffer.item[from].kind = BUFFER_gone;
}

void
schedule_share(Schedule *s)
{
    bool again = true;
    while (again) {
        Uses uses = uses_all(s);
        again = false;
        for (size_t i = 0; i < uses.use.count && !again; i++) {
            const Use *store = &uses.use.item[i];
            const Buffer *to = &s->buffer.item[store->buffer];
            if (!store->store || next_leaf(s, store->buffer) >= 0 ||
                optional(s, to))
                continue;
            for (size_t j = 0; j < i && !again; j++) {
                const Use *load = &uses.use.item[j];
                if (load->store || load->body != store->body ||
                    !may_share(s, &uses, store, load->buffer))
                    continue;
                share(s, load->buffer, store->buffer);
                again = true;
            }
        }
    }
}

/* Takes one loop out of a buffer's indices. */
static void
shrink_by(Schedule *s, const Uses *uses, int buffer, const Stmt *loop,
          Dim factor)
{
    int key = schedule_var(s, loop->var);
    bool block = s->var.item[key].kind == VAR_block;
    for (size_t i = 0; i < uses->use.count; i++) {
        const Use *use = &uses->use.item[i];
        if (use->buffer != buffer)
            continue;
        if (block) {
            Affine start = affine_var(key);
            affine_scale(s, &start, factor);
            affine_subtract(s, use->at, &start);
        } else {
            affine_drop(s, use->at, schedule_key(s, key));
        }
    }
    s->buffer.item[buffer].count =
        block ? dim_mul(s->dims, factor, s->var.item[key].step) : factor;
}

/* Whether every use of a buffer keeps to one row in each turn of a loop. */
static bool
shrinks(Schedule *s, const Uses *uses, int buffer, int key, Dim *factor)
{
    bool first = true;
    for (size_t i = 0; i < uses->use.count; i++) {
        const Use *use = &uses->use.item[i];
        if (use->buffer != buffer)
            continue;
        Dim own;
        Affine rest = *use->at;
        if (!affine_factor(s, &rest, key, &own) || own == 0 ||
            (!first && own != *factor))
            return false;
        affine_drop(s, &rest, key);
        if (!affine_below(s, &rest, own))
            return false;
        *factor = own;
        first = false;
    }
    return !first;
}

static void
shrink_buffer(Schedule *s, const Uses *uses, int buffer)
{
    const Use *first = NULL;
    size_t common = 0;
    for (size_t i = 0; i < uses->use.count; i++) {
        const Use *use = &uses->use.item[i];
        if (use->buffer != buffer)
            continue;
        size_t n = first == NULL ? use->path.count : common_loops(first, use);
        if (first == NULL)
            first = use;
        if (first == use || n < common)
            common = n;
    }
    for (size_t i = 0; i < common; i++) {
        const Stmt *loop = first->path.item[i];
        int key = schedule_key(s, loop->var);
        Dim factor = 0;
        if (i + 1 < common &&
            schedule_key(s, first->path.item[i + 1]->var) == key)
            continue;
        if (!shrinks(s, uses, buffer, key, &factor))
            return;
        shrink_by(s, uses, buffer, loop, factor);
        if (s->var.item[schedule_var(s, loop->var)].kind == VAR_block)
            return;
    }
}

void
schedule_shrink(Schedule *s)
{
    Uses uses = uses_all(s);
    for (size_t b = 0; b < s->buffer.count; b++) {
        if (s->buffer.item[b].kind == BUFFER_temp)
            shrink_buffer(s, &uses, (int)b);
    }
}
