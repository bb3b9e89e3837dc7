/* A trainer's step on class numbers: it lays the targets in the arena, a 1 in
 * the row of each sample's class, and then its computation is that of the step
 * on targets, whose arena begins behind them.
 */
#include "emit/c/c_arguments.h"
#include "emit/c/c_device.h"

Dim
c_target_bytes(const Trainer *t)
{
    int64_t column = t->classes * (int64_t)dtype_size(t->target->dtype);
    return dim_mul(t->step->dims, t->target->dim[1], column);
}

/* y[i + 10 * s] = (float)((int32_t)i == label[s]): a 1 in the row of the class.
 */
static void
print_target(Writer *writer, const Trainer *t, const char *y, const char *label,
             const char *i, const char *s)
{
    writer_line(writer, "%s[%s + %lld * %s] = (%s)((int32_t)%s == %s[%s]);", y,
                i, (long long)t->classes, s, c_type(t->target->dtype), i, label,
                s);
}

static void
lay_targets(Function *f, const Trainer *t, const char *y, const char *label)
{
    Printer *printer = &f->printer;
    Writer *writer = printer->writer;
    const char *s = printer_name(printer, "s");
    const char *i = printer_name(printer, "i");
    writer_line(writer, "for (size_t %s = 0; %s < %s; %s++) {", s, s,
                printer->dim_text[0], s);
    writer_line(writer, "for (size_t %s = 0; %s < %lld; %s++)", i, i,
                (long long)t->classes, i);
    writer->depth++;
    print_target(writer, t, y, label, i, s);
    writer->depth--;
    writer_line(writer, "}");
}

/* The same as a kernel, whose threads each make one number; those of the first
 * class look at the label.
 */
static void
target_kernel(Writer *writer, const Function *f, const Trainer *t,
              const Argument *label)
{
    long long classes = (long long)t->classes;
    Argument own = *label;
    own.name = "label";
    writer_raw(writer, "\nstatic __global__ void\n");
    writer_line(writer,
                "%s_1(%s *y, const int32_t *label, size_t n, int32_t *fault)",
                f->name, c_type(t->target->dtype));
    writer_line(writer, "{");
    writer_line(writer, "const size_t index = flux_thread();");
    cuda_guard(writer, "index",
               arena_printf(writer->arena, "%lld * n", classes));
    writer_line(writer, "const size_t s = index / %lld;", classes);
    writer_line(writer, "const size_t i = index %% %lld;", classes);
    print_target(writer, t, "y", "label", "i", "s");
    writer_line(writer, "if (fault != NULL && i == 0 && (%s))",
                c_out_of_range(writer->arena, &own, "s"));
    writer->depth++;
    writer_line(writer, "*fault = %zu;", cuda_fault(f, label));
    writer->depth--;
    writer_line(writer, "}");
}

static void
launch_targets(Function *f, const Trainer *t, const char *y, const char *label)
{
    Printer *printer = &f->printer;
    Writer *writer = printer->writer;
    const char *n = printer->dim_text[0];
    const char *error = printer_name(printer, "error");
    writer_line(writer,
                "cudaError_t %s = FLUX_EACH(%s_1, %lld * %s, "
                "(cudaStream_t)%s->stream, %s, %s, %s, %s->fault);",
                error, f->name, (long long)t->classes, n, f->work, y, label, n,
                f->work);
    writer_line(writer, "if (%s != cudaSuccess)", error);
    writer->depth++;
    writer_line(writer, "return FLUX_GPU_STATUS(%s);", error);
    writer->depth--;
}

/* The argument that stands for the target. */
static Argument
label_argument(Function *f, const Trainer *t)
{
    Argument label = {.type = "const int32_t",
                      .name = c_own_name(f, "label"),
                      .pointer = true,
                      .required = true,
                      .size = dim_mul(t->step->dims, t->target->dim[1], 4),
                      .buffer = -1,
                      .ranged = true,
                      .most = t->classes - 1,
                      .dtype = DTYPE_i32,
                      .count = t->target->dim[1]};
    label.bytes = c_dim(&f->printer, label.size).text;
    return label;
}

void
emit_train_labels(Emit *emit, const Trainer *t, const Function *train)
{
    Writer *writer = &emit->source;
    Function f = function_start(emit, train->printer.s,
                                c_function_name(emit, t->name, "train_labels"));
    Argument label = label_argument(&f, t);
    c_train_arguments(emit, t, &f, &label);
    writer_raw(&emit->header, "\n/* The same for class numbers, from 0, "
                              "instead of targets. */\n");
    function_prototype(&f, &emit->header);
    const char *y = printer_name(
        &f.printer, emit_c_name(emit->arena, t->target->as.leaf.name));
    const char *type = c_type(t->target->dtype);
    f.printer.pool = train->printer.pool;
    f.arena = train->arena;
    f.more = c_target_bytes(t);
    f.base = train->base;
    f.begin = arena_printf(emit->arena, "(unsigned char *)%s + FLUX_ALIGN(%s)",
                           y, c_dim(&f.printer, f.more).text);
    f.call = train->call;
    f.returns = train->returns;
    if (emit->device)
        target_kernel(&emit->device_part, &f, t, &label);
    function_open(&f);
    size_t from = writer->size;
    function_checks(&f);
    c_state_default(&f);
    writer_raw(writer, "\n    /* The targets: 1 at the class, else 0. */\n");
    const char *base = c_state_base(&f);
    if (f.state != NULL)
        base = arena_printf(emit->arena, "(void *)(%s)", base);
    if (emit->device)
        base = arena_printf(emit->arena, "(%s *)%s", type, base);
    writer_line(writer, "%s *%s = %s;", type, y, base);
    if (emit->device)
        launch_targets(&f, t, y, label.name);
    else
        lay_targets(&f, t, y, label.name);
    function_compute(&f);
    function_close(&f, from);
    if (emit->device)
        cuda_device_note(emit, &f, t);
}
