/* Graphs that were made of equal traces. A model that is called in a loop is
 * traced each time, for a name may have got another meaning since; its passes,
 * batch form and derivatives are made once.
 */
#include "script/model/model_inner.h"

#include <stdlib.h>
#include <string.h>

enum { KNOWN = 64 };

struct Known {
    Trial entry[KNOWN];
    const Graph *made[KNOWN]; /* NULL: a free entry */
    size_t next;              /* the entry that is given up next */
};

/* Whether two graphs with one text have the same parameters. */
static bool
same_leaves(const Graph *a, const Graph *b)
{
    for (size_t i = 0; i < a->leaf.count; i++)
        if (ir_node(a, a->leaf.item[i])->as.leaf.key !=
            ir_node(b, b->leaf.item[i])->as.leaf.key)
            return false;
    return true;
}

static bool
same_trial(const Trial *a, const Trial *b)
{
    return a->hash == b->hash && a->owner == b->owner &&
           strcmp(a->purpose, b->purpose) == 0 &&
           strcmp(a->text, b->text) == 0 && same_leaves(a->trace, b->trace);
}

const Graph *
run_known(Script *s, Trial *trial)
{
    if (s->options.debug_nan) /* which tells the places of each call */
        return NULL;
    size_t size = 0;
    char *text = run_text(trial->trace, &size, &trial->hash);
    trial->text = text;
    for (size_t i = 0; s->known != NULL && i < KNOWN; i++)
        if (s->known->made[i] != NULL &&
            same_trial(&s->known->entry[i], trial)) {
            free(text);
            s->spare = trial->trace->node.item;
            s->spares = trial->trace->node.capacity;
            return s->known->made[i];
        }
    size_t limit = arena_lift(&s->context->arena);
    trial->text = arena_string(&s->context->arena, text, size);
    s->context->arena.limit = limit;
    free(text);
    return NULL;
}

const Graph *
run_keep(Script *s, const Trial *trial, const Graph *made)
{
    if (trial->text == NULL)
        return made;
    if (s->known == NULL)
        s->known = ARENA_NEW(&s->context->arena, struct Known);
    size_t i = s->known->next++ % KNOWN;
    s->known->entry[i] = *trial;
    s->known->made[i] = made;
    return made;
}

/* The names of the inputs that are no batches, ended by NULL, and one word for
 * all of that.
 */
static const char *
shared_inputs(Script *s, const Call *c, bool back,
              const char *shared[TRACE_INPUTS + 1])
{
    char word[TRACE_INPUTS + 1] = "";
    int count = 0;
    for (int i = 0; i < c->trace->inputs; i++) {
        word[i] = c->single[i] ? '1' : 'n';
        if (c->single[i])
            shared[count++] = c->trace->input[i].name;
    }
    shared[count] = NULL;
    return arena_printf(&s->context->arena, "%s %s", back ? "back" : "call",
                        c->samples >= 0 ? word : "");
}

const Graph *
model_graph(Script *s, Call *c, bool back)
{
    const char *shared[TRACE_INPUTS + 1];
    Trial trial = {.trace = c->traced.graph,
                   .purpose = shared_inputs(s, c, back, shared)};
    const Graph *g = run_known(s, &trial);
    if (g != NULL)
        return g;
    g = pass_prepare(c->traced.graph);
    if (g != NULL && c->samples >= 0)
        g = batch_graph_shared(g, shared);
    if (g != NULL && back)
        g = diff_back(g);
    if (g == NULL)
        script_abandon(s);
    return run_keep(s, &trial, g);
}
