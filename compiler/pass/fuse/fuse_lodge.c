/* What a loop's steps keep moves into the memory of what they were given.
 *
 * A step reads its part of a sequence, to which its product was added, and
 * keeps values for the way back: as the gates of an LSTM. Where they are stored
 * after all of that part has been read, sample by sample, they take its place,
 * side by side along the first axis. What a later loop stores for each step
 * after it has read them there takes theirs: as the gradients of the gates.
 */
#include "pass/fuse/fuse_uses.h"

/* The axes of a value of all steps, and the steps among them. */
typedef struct {
    int rank;
    Dim dim[IR_RANK];
    Dim stride[IR_RANK];
    Dim steps;
    Dim step; /* the stride of the steps */
} Layout;

/* An index, axis by axis. */
typedef struct {
    Affine axis[IR_RANK];
    Affine step;
} Where;

/* A buffer, one value of which each turn of a loop stores. */
typedef struct {
    int buffer;
    const Stmt *loop; /* over steps */
    int turn;         /* its variable */
    Layout layout;
    const Use *store;
    Dim at; /* its place on the first axis of another */
} Kept;

static Layout
layout_of(const Schedule *s, Ref ref, int steps)
{
    const Node *node = ir_node(s->graph, ref);
    Layout layout = {.rank = node->rank - 1};
    Dim stride = 1;
    for (int a = 0, to = 0; a < node->rank; a++) {
        if (a == steps) {
            layout.steps = node->dim[a];
            layout.step = stride;
        } else {
            layout.dim[to] = node->dim[a];
            layout.stride[to++] = stride;
        }
        stride = dim_mul(s->dims, stride, node->dim[a]);
    }
    return layout;
}

/* Takes an index apart; false where that is not simple. */
static bool
find_where(Schedule *s, const Layout *layout, const Affine *at, Where *where)
{
    *where = (Where){0};
    where->axis[0] = affine_of(at->start);
    where->axis[0].minus = at->minus;
    for (int i = 0; i < at->count; i++) {
        Affine term = affine_var(at->term[i].var);
        Affine *to = &where->axis[0];
        if (at->term[i].minus)
            return false;
        if (at->term[i].factor == layout->step)
            to = &where->step;
        for (int a = 1; a < layout->rank; a++)
            if (at->term[i].factor == layout->stride[a])
                to = &where->axis[a];
        if (to == &where->axis[0])
            affine_scale(s, &term, at->term[i].factor);
        affine_add(s, to, &term);
    }
    for (int a = 0; a < layout->rank; a++)
        if (!affine_below(s, &where->axis[a], layout->dim[a]))
            return false;
    return affine_below(s, &where->step, layout->steps);
}

/* Whether an index is a loop's variable; of blocks, one within. */
static bool
is_var(const Schedule *s, const Affine *index, int var)
{
    return index->start == 0 && index->minus == 0 && index->count == 1 &&
           index->term[0].factor == 1 &&
           (schedule_var(s, index->term[0].var) == var ||
            (s->var.item[var].kind == VAR_block &&
             schedule_key(s, index->term[0].var) == var));
}

static bool
stands_in(const Use *use, const Stmt *loop)
{
    for (size_t i = 0; i < use->depth; i++)
        if (use->path[i] == loop)
            return true;
    return false;
}

/* Whether a use of the memory that is taken comes before the store, and has
 * what is there at its place: before the loop; or in the same turn, and turns
 * of what loops both are in keep to their own rows.
 */
static bool
comes_first(Schedule *s, const Layout *layout, const Use *use, const Kept *kept,
            const Where *to)
{
    Where from;
    if (use->place >= kept->store->place)
        return false;
    if (!stands_in(use, kept->loop))
        return true;
    if (use->tag != kept->store->tag ||
        !find_where(s, layout, use->at, &from) ||
        !is_var(s, &from.step, kept->turn))
        return false;
    size_t common = uses_common(use, kept->store);
    size_t i = 0;
    while (use->path[i] != kept->loop)
        i++;
    for (i++; i < common; i++) {
        int var = schedule_var(s, use->path[i]->var);
        bool row = i + 1 < common && schedule_key(s, var) ==
                                         schedule_key(s, use->path[i + 1]->var);
        for (int a = 1; a < layout->rank && !row; a++)
            row = is_var(s, &from.axis[a], var) && is_var(s, &to->axis[a], var);
        if (!row)
            return false;
    }
    return true;
}

/* Finds what a part of a loop over steps is kept in: one store of each turn,
 * and loads.
 */
static bool
find_kept(Schedule *s, const Uses *uses, Ref part, Kept *kept)
{
    if (s->part_of[part] < 0 || s->users[part] == 0)
        return false;
    const Loop *loop = &s->loop.item[s->part_of[part]];
    int number = ir_node(s->graph, part)->as.part - loop->states;
    int buffer = s->node_buffer[part];
    if (number < 0 || buffer < 0 || loop->outer >= 0 ||
        s->buffer.item[buffer].kind != BUFFER_temp)
        return false;
    int axis = loop->axis[loop->sequences + number];
    *kept = (Kept){.buffer = buffer,
                   .loop = loop->stmt,
                   .turn = schedule_var(s, loop->var),
                   .layout = layout_of(s, part, axis),
                   .store = uses_first(uses, buffer)};
    const Use *use = kept->store;
    if (use == NULL || !use->store || use->call || axis == 0 ||
        !stands_in(use, kept->loop) || uses_step_loop(s, use) != kept->loop)
        return false;
    while ((use = uses_next(uses, use)) != NULL)
        if (use->store)
            return false;
    return true;
}

/* Whether kept values can take the place of what their loop is given. */
static bool
can_lodge(Schedule *s, const Uses *uses, const Kept *host, const Kept *kept)
{
    Where to;
    const Layout *own = &kept->layout;
    bool like = kept->loop == host->loop && own->rank == host->layout.rank &&
                own->rank > 0 && own->steps == host->layout.steps &&
                s->buffer.item[kept->buffer].dtype ==
                    s->buffer.item[host->buffer].dtype &&
                dim_known(own->dim[0]) && dim_known(host->layout.dim[0]) &&
                host->at + own->dim[0] <= host->layout.dim[0];
    for (int a = 1; a < own->rank && like; a++)
        like = own->dim[a] == host->layout.dim[a];
    const Use *use = like ? uses_first(uses, kept->buffer) : NULL;
    for (; use != NULL; use = uses_next(uses, use)) {
        Where where;
        if (use->call || !find_where(s, own, use->at, &where) ||
            (use != kept->store && stands_in(use, kept->loop)))
            return false;
    }
    if (!like || !find_where(s, own, kept->store->at, &to) ||
        !is_var(s, &to.step, kept->turn))
        return false;
    for (use = uses_first(uses, host->buffer); use != NULL;
         use = uses_next(uses, use))
        if (!comes_first(s, &host->layout, use, kept, &to))
            return false;
    return true;
}

/* Moves kept values to their place. */
static void
lodge(Schedule *s, const Uses *uses, const Kept *host, const Kept *kept)
{
    const Use *next;
    for (const Use *use = uses_first(uses, kept->buffer); use; use = next) {
        Where where;
        next = uses_next(uses, use);
        find_where(s, &kept->layout, use->at, &where);
        Affine at = affine_of(kept->at);
        for (int a = 0; a < kept->layout.rank; a++) {
            affine_scale(s, &where.axis[a], host->layout.stride[a]);
            affine_add(s, &at, &where.axis[a]);
        }
        affine_scale(s, &where.step, host->layout.step);
        affine_add(s, &at, &where.step);
        *use->at = at;
        *use->buffer = host->buffer;
    }
    s->buffer.item[kept->buffer].kind = BUFFER_gone;
}

/* Whether what a later loop keeps can take the place of all of that. */
static bool
can_follow(Schedule *s, const Uses *uses, const Kept *host, const Kept *kept)
{
    Where to;
    const Layout *own = &kept->layout;
    bool like = kept->buffer != host->buffer && kept->loop != host->loop &&
                own->rank == host->layout.rank &&
                own->step == host->layout.step &&
                own->steps == host->layout.steps &&
                s->buffer.item[kept->buffer].dtype ==
                    s->buffer.item[host->buffer].dtype;
    for (int a = 0; a < own->rank && like; a++)
        like = own->dim[a] == host->layout.dim[a];
    if (!like || !find_where(s, own, kept->store->at, &to) ||
        !is_var(s, &to.step, kept->turn) ||
        uses_read_across(s, uses, kept->store))
        return false;
    const Use *use = uses_first(uses, host->buffer);
    for (; use != NULL; use = uses_next(uses, use))
        if ((stands_in(use, kept->loop) && (use->store || use->call)) ||
            !comes_first(s, own, use, kept, &to))
            return false;
    return true;
}

/* The first that can follows. */
static void
follow(Schedule *s, const Kept *host)
{
    Kept kept;
    Uses uses = uses_all(s);
    for (Ref r = 0; r < (Ref)s->graph->node.count; r++) {
        if (!find_kept(s, &uses, r, &kept) ||
            !can_follow(s, &uses, host, &kept))
            continue;
        const Use *use = uses_first(&uses, kept.buffer);
        for (; use != NULL; use = uses_next(&uses, use))
            *use->buffer = host->buffer;
        s->buffer.item[kept.buffer].kind = BUFFER_gone;
        return;
    }
}

/* What a loop keeps, in the place of a sequence a step of which is `step`. */
static void
lodge_all(Schedule *s, Ref step)
{
    const Node *node = ir_node(s->graph, step);
    const Loop *loop = &s->loop.item[s->loop_of[step]];
    Kept host = {.buffer = s->node_buffer[node->operand[0]],
                 .loop = loop->stmt,
                 .layout = layout_of(s, node->operand[0], node->as.axis)};
    VEC(Kept) all = {0};
    Kept kept;
    if (loop->outer >= 0 || loop->stmt == NULL || node->as.axis == 0 ||
        s->buffer.item[host.buffer].kind != BUFFER_temp)
        return;
    Uses uses = uses_all(s);
    for (Ref r = loop->end; r < (Ref)s->graph->node.count; r++) {
        if (!find_kept(s, &uses, r, &kept) ||
            !can_lodge(s, &uses, &host, &kept))
            continue;
        kept.at = host.at;
        host.at += kept.layout.dim[0];
        VEC_PUSH(s->arena, &all, kept);
    }
    for (size_t i = 0; i < all.count; i++)
        lodge(s, &uses, &host, &all.item[i]);
    if (all.count > 0)
        follow(s, &host);
}

void
schedule_lodge(Schedule *s)
{
    for (Ref r = 0; r < (Ref)s->graph->node.count; r++)
        if (s->into[r] != 0 && ir_node(s->graph, r)->op == OP_add)
            lodge_all(s, s->into[r] - 1);
}
