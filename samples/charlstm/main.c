/* The LSTM of charlstm.net on a text, from C: the memory for it; the rest is
 * common/speak.c.
 *
 *     demo FILE [STEPS]
 */
#include "charlstm.h"
#include "common/speak.h"
#include "letter.h"

_Static_assert(CHARLSTM_IN == SPAN && CHARLSTM_OUT == SPAN * CHARACTERS,
               "the model's sizes");
_Static_assert(sizeof(letter) == sizeof(charlstm), "parameters");
enum {
    BYTES = FLUX_MAX(CHARLSTM_STEP_ARENA(BATCH),
                     CHARLSTM_ARENA(BATCH) + LETTER_ARENA(1))
};

int
main(int argc, char **argv)
{
    static charlstm m;
    static charlstm_step step;
    static float logits[CHARLSTM_OUT * BATCH];
    static float state[LETTER_STATE(1)];
    static unsigned char arena[BYTES];
    const Speaker speaker = {
        .trainer = &charlstm_step_trainer,
        .letter = &letter_model,
        .m = &m,
        .step = &step,
        .logits = logits,
        .state = state,
        .work = {.arena = arena, .bytes = BYTES},
    };
    return speak(&speaker, argc, argv);
}
