/* A trainer's step: see step.h. */
#include "script/train/step.h"

#include "script/train/samples.h"

#include <string.h>

void
step_prepare(Step *step, Samples *all)
{
    Script *s = step->s;
    Trace *t = step->trace = trainer_trace(s, step->trainer, &all->form);
    for (int i = 0; i < all->count; i++) {
        InputShape *in = &t->input[i];
        if (in->dtype != all->x[i]->dtype)
            all->x[i] =
                model_input(s, value_array(s, all->x[i]), in, step->span);
        const Tensor *from = all->x[i];
        in->rank = from->rank - 1;
        for (int k = 0; k < in->rank; k++)
            in->dim[k] = from->dim[k];
    }
    step->graph = trainer_graph(s, step->trainer, t, step->span);
    step->executable = run_prepare(s, step->graph, s->options.engine);
    for (int i = 0; i < all->count; i++) {
        Tensor *room = ARENA_NEW(&s->context->arena, Tensor);
        *room = *all->x[i];
        Bound1 b = {OP_input, t->input[i].name, room, t->input[i].from0};
        VEC_PUSH(&s->context->arena, &step->bound, b);
    }
    trainer_bind(s, step->trainer, step->graph, &step->bound);
}

bool
step_run(Step *step, const void *const *x, const void *y, size_t n,
         double *loss, Arena *arena)
{
    Script *s = step->s;
    const Graph *g = step->graph;
    for (int i = 0; i < step->trace->inputs; i++) {
        Tensor *t = step->bound.item[i].tensor;
        t->dim[t->rank - 1] = (int64_t)n;
        t->data = (void *)(uintptr_t)(i + 1 < step->trace->inputs ? x[i] : y);
    }
    Tensor *result = ARENA_ARRAY(arena, Tensor, g->output.count);
    Fault *fault = &step->fault;
    *fault = run_bound(s, step->executable, g, &step->bound, (int64_t)n, arena,
                       result);
    if (fault->text != NULL) {
        fault->text =
            arena_string(&s->context->arena, fault->text, strlen(fault->text));
        return false;
    }
    *loss = tensor_get(&result[0], 0);
    return true;
}

Value
step_call(Script *s, Trainer *trainer, const Args *args)
{
    Samples all = samples_of_args(s, args);
    if (all.n == 0)
        script_fail(s, DIAG_value, args->span, NULL,
                    "a training step is of one sample at the least, not of "
                    "none");
    Step step = {.s = s, .trainer = trainer, .span = args->span};
    step_prepare(&step, &all);
    const void *data[TRACE_INPUTS];
    for (int i = 0; i < all.count; i++)
        data[i] = all.x[i]->data;
    double loss = 0;
    if (!step_run(&step, data, data[all.count - 1], (size_t)all.n, &loss,
                  &s->context->arena))
        run_fail(s, step.graph, &step.fault, args->span);
    return (Value){.kind = s->options.dtype == DTYPE_f64 ? VALUE_float
                                                         : VALUE_float32,
                   .as.number = loss};
}
