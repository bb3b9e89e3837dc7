/* Frames: the zeros of a padding that have no memory, for its only use is a
 * product over windows whose kernel knows where they are. So the gradient of a
 * convolution's input is computed of the gradient of its result as it stands,
 * and of the products with zeros few are made.
 */
#include "pass/fuse/fuse.h"

/* The padding that a contraction has windows of, if nothing else reads it and
 * it is for the most part zeros; REF_NONE: there is none.
 */
static Ref
frame_padding(const Schedule *s, Ref ref)
{
    const Graph *g = s->graph;
    const Node *node = ir_node(g, ref);
    Ref pad = node->operand[0];
    if (node->op != OP_contract || node->order != ORDER_seq)
        return REF_NONE;
    while (ir_node(g, pad)->op == OP_window && s->users[pad] == 1 &&
           !s->material[pad])
        pad = ir_node(g, pad)->operand[0];
    node = ir_node(g, pad);
    if (node->op != OP_pad || s->users[pad] != 1 || !s->material[pad])
        return REF_NONE;
    double more = 1;
    for (int a = 0; a < node->rank; a++) {
        Dim from = ir_node(g, node->operand[0])->dim[a];
        if (node->dim[a] == from)
            continue;
        if (!dim_known(node->dim[a]) || !dim_known(from) || from == 0)
            return REF_NONE;
        more *= (double)node->dim[a] / (double)from;
    }
    return more >= 2 ? pad : REF_NONE;
}

void
schedule_frames(Schedule *s)
{
    for (Ref r = 0; r < (Ref)s->graph->node.count; r++) {
        Ref pad = s->users[r] > 0 ? frame_padding(s, r) : REF_NONE;
        if (pad == REF_NONE)
            continue;
        int buffer = s->node_buffer[pad];
        s->material[pad] = false;
        s->node_buffer[pad] = -1;
        if (schedule_is_framed(s, r))
            continue;
        s->material[pad] = true;
        s->node_buffer[pad] = buffer;
    }
}

/* The frame that a guard of two variables says. */
static bool
frame_of(const Schedule *s, const Guard *guard, const Affine *at,
         FrameAxis *frame)
{
    const Affine *index = &guard->index;
    Dim factor[2];
    Dim step[2];
    if (index->count != 2 || index->start != 0 || !dim_known(index->minus) ||
        !dim_known(guard->extent))
        return false;
    for (int i = 0; i < 2; i++) {
        const Term *term = &index->term[i];
        factor[i] = term->factor;
        if (term->minus || !dim_known(factor[i]) ||
            !affine_factor(s, at, schedule_key(s, term->var), &step[i]) ||
            !dim_known(step[i]) || step[i] % factor[i] != 0)
            return false;
    }
    Dim row = s->var.item[index->term[0].var].extent;
    Dim term = s->var.item[index->term[1].var].extent;
    if (!dim_known(row) || !dim_known(term) || term == 0 || row == 0 ||
        step[0] == 0 || step[0] / factor[0] != step[1] / factor[1])
        return false;
    *frame = (FrameAxis){.row = index->term[0].var,
                         .term = index->term[1].var,
                         .length = guard->extent,
                         .step = step[0] / factor[0],
                         .before = index->minus,
                         .whole = (row - 1) * factor[0] +
                                  (term - 1) * factor[1] + 1};
    return true;
}

int
schedule_guarded(Schedule *s, const Value *guarded, Affine *at,
                 FrameAxis *frame)
{
    *at = s->value.item[guarded->operand[0]].at;
    if (guarded->guards > SCHEDULE_FRAMES)
        return 0;
    for (int i = 0; i < guarded->guards; i++)
        if (!frame_of(s, &guarded->guard[i], at, &frame[i]))
            return 0;
    for (int i = 0; i < guarded->guards; i++) {
        Affine before = affine_of(frame[i].before);
        affine_scale(s, &before, frame[i].step);
        affine_add(s, at, &before);
    }
    return guarded->guards;
}

bool
schedule_frames_fit(const Schedule *s, const FrameAxis *frame, int frames,
                    const int *row, int rows, const int *term, int terms)
{
    int64_t size = 1;
    int64_t sum = 1;
    if (rows != frames + 1 || terms < frames)
        return false;
    for (int i = 0; i < terms; i++) {
        Dim extent = s->var.item[term[i]].extent;
        if (!dim_known(extent) || extent > SCHEDULE_FRAMED)
            return false;
        if (i < frames && (frame[i].row != row[i] || frame[i].term != term[i]))
            return false;
        size *= i < frames ? frame[i].whole : extent;
        sum *= extent;
        if (size > SCHEDULE_FRAMED)
            return false;
    }
    return sum >= SCHEDULE_PRODUCT;
}
