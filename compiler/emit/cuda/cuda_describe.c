/* A model on a GPU as data, flux_device: what sessions that may run there are
 * given, and the only thing by which the runtime knows of CUDA.
 */
#include "emit/c/c_arguments.h"
#include "emit/c/c_device.h"

/* The tables of its trainers, NULL behind the last. */
static const char *
print_steps(Emit *emit)
{
    Writer *writer = &emit->source;
    const char *name = c_function_name(emit, emit->name, "steps");
    writer_raw(writer, "\n");
    writer_line(writer, "static const flux_trainer *const %s[] = {", name);
    for (size_t i = 0; i < emit->steps.count; i++)
        writer_line(writer, "&%s,", emit->steps.item[i]);
    writer_line(writer, "NULL,");
    writer_line(writer, "};");
    return name;
}

void
cuda_describe(Emit *emit)
{
    Writer *writer = &emit->source;
    const char *steps = print_steps(emit);
    const char *name = c_function_name(emit, emit->name, "device");
    writer_raw(&emit->header, "\n");
    writer_comment(&emit->header,
                   "All of it as data, for the sessions of flux_device.h.");
    writer_line(&emit->header, "extern const flux_device %s;", name);
    writer_raw(writer, "\n");
    writer_line(writer, "const flux_device %s = {", name);
    writer_line(writer, "FLUX_ABI,");
    writer_line(writer, "&%s,", c_function_name(emit, emit->name, "model"));
    writer_line(writer, "%s,", steps);
    writer_line(writer, "%s,",
                emit->fault.count > 0
                    ? c_function_name(emit, emit->name, "fault")
                    : "NULL");
    writer_line(writer, "%d, /* whether calls become graphs */",
                emit->options->no_graph ? 0 : 1);
    writer_line(writer, "FLUX_DEVICE_CALLS,");
    writer_line(writer, "};");
}
