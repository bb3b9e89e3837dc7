/* plan FILE.net|FILE.ir …: the arena against known heuristics.
 *
 * The lives of a schedule's buffers are given to three greedy planners that
 * know all sizes, for a few numbers of samples: by size and by breadth, as in
 * Pisarchyk and Lee (2020), and first fit by start. Our plan, which is one
 * formula for every number of samples, must be within 5 % of the best of them;
 * for fewer samples than a block has, what lies beside them apart.
 * Two buffers that live at the same time never share a slot, and a slot has
 * room for each of its buffers.
 */
#include "script/model/model.h"
#include "script/script.h"
#include "tests/script/plan.h"

#include <string.h>

/* All but next values may be absent. */
static uint32_t
optional_of(const Graph *g)
{
    uint32_t optional = 0;
    for (size_t o = 0; o < g->output.count && o < 31; o++)
        if (g->output.item[o].next == REF_NONE)
            optional |= 1u << o;
    return optional;
}

static void
check_model(PlanTest *test, const EmitModel *model)
{
    plan_check(test, model->forward, 0);
    if (model->back != NULL)
        plan_check(test, model->back, optional_of(model->back));
    for (int i = 0; i < model->trainers; i++)
        plan_check(test, model->trainer[i].step, 0);
}

static void
check_script(PlanTest *test, Context *context)
{
    Script script = {0};
    ScriptOptions options = {0};
    EmitModel **models = NULL;
    if (script_init(&script, context, &options) &&
        script_run_file(&script, test->path)) {
        ExportOptions export = {0};
        export.source = source_get(&context->sources, 1);
        script.span = (Span){0};
        size_t count = model_export_all(&script, &export, &models);
        for (size_t i = 0; i < count; i++)
            check_model(test, models[i]);
    }
    script_free(&script);
}

static void
check_graph(PlanTest *test, Context *context)
{
    Dims dims;
    const char *problem = NULL;
    dims_init(&dims, &context->arena);
    uint32_t number = source_read(&context->sources, test->path, &problem);
    const Graph *g = NULL;
    if (number != 0)
        g = ir_read(context, &dims, source_get(&context->sources, number));
    if (g != NULL)
        plan_check(test, g, 0);
}

int
main(int argc, char **argv)
{
    int failed = 0;
    int plans = 0;
    double worst = 0;
    for (int i = 1; i < argc; i++) {
        PlanTest test = {.path = argv[i]};
        Context context;
        context_init(&context);
        size_t length = strlen(argv[i]);
        if (length > 3 && strcmp(argv[i] + length - 3, ".ir") == 0)
            check_graph(&test, &context);
        else
            check_script(&test, &context);
        diag_print(&context.diags, 0, stderr, false);
        failed += test.failed > 0 || context.diags.errors > 0;
        plans += test.plans;
        worst = test.worst > worst ? test.worst : worst;
        context_free(&context);
    }
    printf("%d plans, the worst %.3f of the best heuristic\n", plans, worst);
    printf("%d passed, %d failed\n", argc - 1 - failed, failed);
    return failed > 0 || argc == 1;
}
