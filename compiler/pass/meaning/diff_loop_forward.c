/* Forward mode of loops: the tangents of the states are states of a loop that
 * runs beside, over what the first one has saved.
 */
#include "pass/meaning/diff_loop.h"

/* An input for a tangent of the body's input or output `ref`. */
static Port
tangent_port(Derived *l, Ref ref, Ref outer)
{
    return (Port){.outer = outer, .inner = derived_input(l, ref)};
}

bool
diff_scan_forward(Graph *g, Ref scan, const Ref *t, Ref *dpart)
{
    Arena *arena = &g->context->arena;
    Node n = *ir_node(g, scan);
    const Scan *loop = n.as.scan;
    const Graph *body = n.region;
    size_t operands = (size_t)n.operands + 1;
    Derived l = derived_of(g, scan, loop->backward);
    bool *from = ARENA_ARRAY(arena, bool, operands);
    Ref *x = ARENA_ARRAY(arena, Ref, operands);
    Ref *dx = ARENA_ARRAY(arena, Ref, operands);
    size_t outs = body->output.count + 1;
    Ref *y = ARENA_ARRAY(arena, Ref, outs);
    Ref *dy = ARENA_ARRAY(arena, Ref, outs);
    int *number = ARENA_ARRAY(arena, int, outs);
    int count = 0;
    for (int i = 0; i < n.operands; i++)
        from[i] = t[i] != REF_NONE;
    bool *depends = derived_depends(&n, from);
    for (int i = 0; i < n.operands; i++) {
        Ref leaf = body->leaf.item[i];
        if (!from[i] || !dtype_real(ir_node(body, leaf)->dtype))
            continue;
        Ref outer = t[i] != REF_NONE ? t[i] : ir_fill(g, loop->operand[i], 0);
        Port port = tangent_port(&l, leaf, outer);
        x[count] = leaf;
        dx[count++] = port.inner;
        if (i < loop->sequences) {
            port.axis = loop->axis[i];
            VEC_PUSH(arena, &l.sequence, port);
        } else if (i < loop->sequences + loop->states) {
            VEC_PUSH(arena, &l.state, port);
        } else {
            VEC_PUSH(arena, &l.captured, port);
        }
    }
    for (size_t o = 0; o < body->output.count; o++)
        y[o] = body->output.item[o].ref;
    if (!diff_forward(l.d, x, dx, count, y, (int)body->output.count, dy))
        return false;
    int states = 0;
    for (int o = 0; o < (int)body->output.count; o++) {
        number[o] = -1;
        if (o >= loop->states && dy[o] != REF_NONE && depends[y[o]])
            number[o] = derived_result(
                &l, dy[o], loop->axis[loop->sequences + o - loop->states]);
        if (o >= loop->states || !from[loop->sequences + o] ||
            !dtype_real(ir_node(body, y[o])->dtype))
            continue;
        Port *port = &l.state.item[states];
        port->next = dy[o] != REF_NONE ? dy[o] : ir_fill(l.d, port->inner, 0);
        number[o] = states++;
    }
    if (!derived_make(&l))
        return false;
    for (int o = 0; o < (int)body->output.count; o++) {
        dpart[o] = REF_NONE;
        if (number[o] >= 0)
            dpart[o] = o < loop->states ? derived_state(&l, number[o])
                                        : derived_part(&l, number[o]);
    }
    return true;
}
