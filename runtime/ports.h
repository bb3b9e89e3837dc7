/* ports.h - arrays of samples: seeking in them, their bytes. */
#ifndef FLUX_RUNTIME_PORTS_H
#define FLUX_RUNTIME_PORTS_H

#include "runtime/flux.h"

/* Inputs or outputs that the library handles; a model with more is refused. */
enum { FLUX_MAX_PORTS = 16 };

/* Whether the model has few enough ports, all of a size known. */
int flux_ports_fixed(const flux_model *model);

/* Bytes of n samples; SIZE_MAX where that overflows. */
size_t flux_port_bytes(const flux_port *port, size_t n);

/* to[i] = from[i] at sample `first`; NULL, also for all of from, stays NULL. */
void flux_ports_seek(const flux_port *port, size_t count,
                     const void *const *from, size_t first, const void **to);
void flux_ports_seek_out(const flux_port *port, size_t count, void *const *from,
                         size_t first, void **to);

/* Whether a port has a derivative; leaves the arrays of those that do, one
 * after another, as a model's back takes dy and dx.
 */
int flux_port_real(const flux_port *port);
void flux_ports_real(const flux_port *port, size_t count, void **array);

/* Whether none of the arrays is missing; of ports with a derivative, if `real`.
 */
int flux_ports_there(const flux_port *port, size_t count,
                     const void *const *array, int real);

#endif
