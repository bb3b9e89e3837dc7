/* Runs the model forward and back; the fourth input of the second sample comes
 * from the command line. Prints the status, and where it came from.
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
    static model m;
    static model_grad g;
    static _Alignas(64) char arena[65536];
    float x[8] = {1, 2, 3, 4, 0, 0, 0, 1};
    float y[6];
    float dy[6] = {1, 1, 1, 1, 1, 1};
    float dx[8];
    const char *place = "nowhere";
    flux_work w = {.arena = arena, .bytes = sizeof arena, .nan = &place};
    if (argc > 1)
        x[7] = strtof(argv[1], NULL);
    if (model_init(&m, MODEL_SEED))
        return 1;
    flux_status status = model_forward(&m, x, 2, y, &w);
    printf("forward %d %s\n", (int)status, place);
    status = model_back(&m, dy, x, 2, &g, dx, &w);
    printf("back %d %s\n", (int)status, place);
    w.nan = NULL;
    status = model_forward(&m, x, 2, y, &w);
    printf("forward %d\n", (int)status);
    return 0;
}
