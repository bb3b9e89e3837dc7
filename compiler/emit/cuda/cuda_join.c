/* What kernels touch, and several of them as one: a thread does turn i of each,
 * one after the other. So a step's last operations and what becomes the next
 * one's state are one launch.
 *
 * Kernels depend on each other where one stores memory that the other touches;
 * but for elements that are those of the turns' numbers in both: then turn i
 * needs only what turn i has done, and the same thread does these.
 */
#include "emit/cuda/cuda_print.h"

static void
add_effect(Effects *effects, Effect effect)
{
    for (size_t i = 0; i < effects->effect.count; i++) {
        const Effect *old = &effects->effect.item[i];
        if (old->buffer == effect.buffer && old->store == effect.store &&
            old->own == effect.own)
            return;
    }
    VEC_PUSH(effects->s->arena, &effects->effect, effect);
}

void
cuda_add_effects(Effects *effects, const Effects *more)
{
    for (size_t i = 0; i < more->effect.count; i++)
        add_effect(effects, more->effect.item[i]);
}

/* Whether an index is the number of the turn. */
static bool
is_number(Schedule *s, const Nest *nest, const Affine *at)
{
    Affine number = affine_of(0);
    Dim below = 1;
    if (nest == NULL)
        return false;
    for (int i = nest->count; i-- > 0;) {
        Affine var = affine_var(nest->var[i]);
        affine_scale(s, &var, below);
        affine_add(s, &number, &var);
        below = dim_mul(s->dims, below, s->var.item[nest->var[i]].extent);
    }
    return affine_same(s, &number, at);
}

static void
note_effect(void *user, int *buffer, Affine *at, bool store)
{
    Effects *effects = user;
    Effect effect = {*buffer, store, is_number(effects->s, effects->nest, at)};
    if (!effects->s->buffer.item[*buffer].local)
        add_effect(effects, effect);
}

void
cuda_effects(Printer *printer, Effects *effects, const Block *block,
             size_t from, size_t count)
{
    Nest nest;
    bool turns = cuda_turn_nest(printer, block->item[from], &nest);
    for (size_t i = from; i < from + count; i++) {
        Stmt *stmt = block->item[i];
        bool own = turns && cuda_turn_nest(printer, stmt, &nest);
        effects->nest = own ? &nest : NULL;
        schedule_accesses(printer->s, stmt, note_effect, effects);
    }
    effects->nest = NULL;
}

bool
cuda_depend(const Effects *a, const Effects *b)
{
    for (size_t i = 0; i < a->effect.count; i++)
        for (size_t k = 0; k < b->effect.count; k++) {
            const Effect *x = &a->effect.item[i];
            const Effect *y = &b->effect.item[k];
            bool same_thread = x->own && y->own &&
                               c_begin_together(a->s, x->buffer, y->buffer);
            if ((x->store || y->store) && !same_thread &&
                c_same_memory(a->s, x->buffer, y->buffer))
                return true;
        }
    return false;
}

size_t
cuda_joined(Printer *printer, const Block *block, size_t from)
{
    Nest nest;
    Effects all = {.s = printer->s};
    size_t count = 1;
    if (!cuda_turn_nest(printer, block->item[from], &nest))
        return 1;
    Dim turns = cuda_turns(printer, &nest);
    cuda_effects(printer, &all, block, from, 1);
    for (; from + count < block->count; count++) {
        Stmt *next = block->item[from + count];
        Effects own = {.s = printer->s};
        if (next->tag != block->item[from]->tag ||
            !cuda_turn_nest(printer, next, &nest) ||
            cuda_turns(printer, &nest) != turns)
            break;
        cuda_effects(printer, &own, block, from + count, 1);
        if (cuda_depend(&all, &own))
            break;
        cuda_add_effects(&all, &own);
    }
    return count;
}

/* Names that a nest before this one has for the same indices; whether there is
 * one.
 */
static bool
reuse_indices(Printer *printer, const Nest *nest, const Nest *before)
{
    const Schedule *s = printer->s;
    bool same = nest->count == before->count;
    for (int i = 0; same && i < nest->count; i++)
        same = s->var.item[nest->var[i]].extent ==
               s->var.item[before->var[i]].extent;
    for (int i = 0; same && i < nest->count; i++)
        printer->var[nest->var[i]] = printer->var[before->var[i]];
    return same;
}

const char *
cuda_joined_turns(Printer *printer, const Stmt *group)
{
    Nest nest;
    Nest before = {0};
    cuda_nest(printer, &nest, group->body.item[0]);
    Dim turns = cuda_turns(printer, &nest);
    const char *count = c_dim(printer, turns).text;
    const char *number = printer_name(printer, "index");
    if (printer->grid != NULL)
        cuda_grid_turns(printer, turns);
    cuda_open_turns(printer, number, count);
    for (size_t i = 0; i < group->body.count; i++) {
        const Stmt *inner = cuda_nest(printer, &nest, group->body.item[i]);
        if (nest.count == 1) {
            printer->var[nest.var[0]] = number;
        } else if (!reuse_indices(printer, &nest, &before)) {
            cuda_indices(printer, &nest, number);
            before = nest;
        }
        printer_block(printer, inner);
    }
    return count;
}
