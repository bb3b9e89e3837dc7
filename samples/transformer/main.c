/* The transformer of transformer.net on a text, from C: the memory for it; the
 * rest is common/speak.c.
 *
 *     demo FILE [STEPS]
 */
#include "common/speak.h"
#include "transformer.h"

_Static_assert(TRANSFORMER_IN == SPAN && TRANSFORMER_OUT == SPAN * CHARACTERS,
               "the model's sizes");
enum {
    BYTES = FLUX_MAX(TRANSFORMER_STEP_ARENA(BATCH), TRANSFORMER_ARENA(BATCH))
};

int
main(int argc, char **argv)
{
    static transformer m;
    static transformer_step step;
    static float logits[TRANSFORMER_OUT * BATCH];
    static unsigned char arena[BYTES];
    const Speaker speaker = {
        .trainer = &transformer_step_trainer,
        .m = &m,
        .step = &step,
        .logits = logits,
        .work = {.arena = arena, .bytes = BYTES},
    };
    return speak(&speaker, argc, argv);
}
