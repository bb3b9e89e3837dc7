/* session.h - the runtime on a device, against itself on the CPU: sessions,
 * training, evaluation, checkpoints; and each of its calls that fails.
 */
#ifndef SESSION_H
#define SESSION_H

#include "flux_device.h"

/* Adds to the numbers of what passed and failed, which is told. step may be
 * NULL. Nothing where numbers need not be the same (pair.h).
 */
void sessions_compare(const flux_model *model, const flux_device *device,
                      const flux_trainer *step, int *passed, int *failed);

#endif
