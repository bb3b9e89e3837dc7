/* What the files of plan/ ask of each other. */
#ifndef FLUXC_PASS_PLAN_H
#define FLUXC_PASS_PLAN_H

#include "pass/schedule.h"

/* share.c: gives the memory of the turns of a loop that threads share one
 * buffer.
 */
void schedule_rooms(Schedule *s);

/* plan_slots.c: a slot for each buffer of a list by the start of their lives,
 * which it uses up.
 */
void schedule_slots(Schedule *s, int *list, size_t count);

/* plan_pack.c: a slot for buffers of known sizes; offsets for those of such
 * buffers that there is one of for each, and the bytes of one.
 */
void schedule_pack(Schedule *s, const int *buffer, size_t count, int behind);
Dim schedule_offsets(Schedule *s, const int *buffer, size_t count, Each each);

#endif
