/* ports.c - arrays of samples: seeking in them, their bytes. */
#include "runtime/ports.h"
#include "runtime/error.h"

int
flux_ports_fixed(const flux_model *model)
{
    if (model->ninput > FLUX_MAX_PORTS || model->noutput > FLUX_MAX_PORTS)
        return 0;
    for (size_t i = 0; i < model->ninput; i++)
        if (model->input[i].size == 0)
            return 0;
    for (size_t i = 0; i < model->noutput; i++)
        if (model->output[i].size == 0)
            return 0;
    return 1;
}

size_t
flux_port_bytes(const flux_port *port, size_t n)
{
    size_t elements = flux_mul(port->size, n);
    return flux_mul(elements, flux_dtype_size(port->dtype));
}

void
flux_ports_seek(const flux_port *port, size_t count, const void *const *from,
                size_t first, const void **to)
{
    for (size_t i = 0; i < count; i++) {
        const unsigned char *start = from == NULL ? NULL : from[i];
        if (start != NULL)
            start += flux_port_bytes(&port[i], first);
        to[i] = start;
    }
}

void
flux_ports_seek_out(const flux_port *port, size_t count, void *const *from,
                    size_t first, void **to)
{
    for (size_t i = 0; i < count; i++) {
        unsigned char *start = from == NULL ? NULL : from[i];
        if (start != NULL)
            start += flux_port_bytes(&port[i], first);
        to[i] = start;
    }
}

int
flux_port_real(const flux_port *port)
{
    return port->dtype == FLUX_F32 || port->dtype == FLUX_F64;
}

void
flux_ports_real(const flux_port *port, size_t count, void **array)
{
    size_t reals = 0;
    for (size_t i = 0; i < count; i++)
        if (flux_port_real(&port[i]))
            array[reals++] = array[i];
}

int
flux_ports_there(const flux_port *port, size_t count, const void *const *array,
                 int real)
{
    for (size_t i = 0; i < count; i++)
        if (array[i] == NULL && (!real || flux_port_real(&port[i])))
            return 0;
    return 1;
}
