/* Why two kernels did not become one: what their loops say of it.
 *
 * The answer is looked up in the finished schedule, by the rules of fusion
 * (pass/fuse/fuse_merge.c): calls take whole operands; loops of other lengths,
 * of other order or behind a condition stay apart.
 */
#include "emit/explain/explain.h"

#include "emit/explain/explain_inner.h"

typedef struct {
    Schedule *s;
    int buffer;
    bool store;
    int key;      /* the outermost loop's variable; -1: none */
    bool found;   /* an access */
    bool rows;    /* all of them go through that loop row by row */
    Dim factor;   /* of its variable */
    bool differs; /* it is not the same in all */
} Rows;

static void
note_rows(void *user, int *buffer, Affine *at, bool store)
{
    Rows *rows = user;
    Dim factor = 0;
    Affine rest = *at;
    if (*buffer != rows->buffer || store != rows->store)
        return;
    bool simple = rows->key >= 0 &&
                  affine_factor(rows->s, at, rows->key, &factor) && factor != 0;
    if (simple)
        affine_drop(rows->s, &rest, rows->key);
    rows->rows = rows->rows && simple && affine_below(rows->s, &rest, factor);
    rows->differs = rows->differs || (rows->found && rows->factor != factor);
    rows->factor = factor;
    rows->found = true;
}

/* How a kernel goes through a buffer. */
static Rows
rows_of(Schedule *s, Stmt *kernel, int buffer, bool store)
{
    Rows rows = {.s = s, .buffer = buffer, .store = store, .key = -1};
    rows.rows = true;
    if (kernel->kind == STMT_loop)
        rows.key = schedule_key(s, kernel->var);
    schedule_accesses(s, kernel, note_rows, &rows);
    return rows;
}

/* The loop over blocks around a kernel, or NULL. */
static const Stmt *
block_around(const Schedule *s, const Stmt *kernel)
{
    const Stmt *loop = kernel->parent;
    while (loop != NULL &&
           s->var.item[schedule_var(s, loop->var)].kind != VAR_block)
        loop = loop->parent;
    return loop;
}

static const char *
why_call(const Schedule *s, const Stmt *maker, const Stmt *user)
{
    const Stmt *block = block_around(s, user);
    bool beside = block != NULL && block == block_around(s, maker);
    const char *what = user->kind == STMT_call
                           ? "a call takes its operands from memory"
                           : "a call stores before others read";
    return arena_printf(s->arena, "%s%s", what,
                        beside ? ", in blocks that stay in the cache" : "");
}

const char *
explain_why(Schedule *s, Stmt *maker, Stmt *user, int buffer)
{
    if (maker->kind == STMT_call || user->kind == STMT_call)
        return why_call(s, maker, user);
    if (maker->kind != STMT_loop || user->kind != STMT_loop)
        return "one of them is one thread";
    const LoopVar *from = &s->var.item[schedule_var(s, maker->var)];
    const LoopVar *to = &s->var.item[schedule_var(s, user->var)];
    if (maker->parent != user->parent)
        return "it is complete only behind another loop";
    if (maker->tag != user->tag)
        return "only one of them is left out where a result is not wanted";
    if (from->extent != to->extent)
        return "their loops are not of one length";
    Rows stored = rows_of(s, maker, buffer, true);
    Rows loaded = rows_of(s, user, buffer, false);
    if (!stored.rows || !loaded.rows || stored.differs || loaded.differs ||
        stored.factor != loaded.factor)
        return "a turn of its loop reads more than one turn has made";
    return "something between them needs all of the first";
}
