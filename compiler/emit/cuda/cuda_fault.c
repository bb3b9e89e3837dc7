/* What only a device sees: class numbers and indices outside their range.
 *
 * Where the flux_work has a word for it, a kernel looks at them before the
 * others run, and leaves the number of what it has found. These never leave
 * the memory of a table all the same.
 */
#include "emit/c/c_emit.h"
#include "emit/cuda/cuda_print.h"

enum { FAULT_WIDTH = WRITER_COLUMNS - 2 * WRITER_INDENT - 3 }; /* with "", */

/* What a number says: "digits.net:4: label of digits_step_train_labels_cuda is
 * not in 0 to 9", or as much of it as a line has room for.
 */
static const char *
fault_text(const Emit *emit, const Function *f, const Argument *a)
{
    const Schedule *s = f->printer.s;
    Arena *arena = emit->arena;
    Span span = emit->model->span;
    if (a->buffer >= 0 &&
        span_known(ir_node(s->graph, s->buffer.item[a->buffer].node)->span))
        span = ir_node(s->graph, s->buffer.item[a->buffer].node)->span;
    const char *place = c_place(emit, span);
    const char *range = arena_printf(arena, "is not in %lld to %lld",
                                     (long long)a->least, (long long)a->most);
    const char *text =
        arena_printf(arena, "%s%s%s of %s %s", place, *place != 0 ? ": " : "",
                     a->name, f->name, range);
    if (writer_width(text) > FAULT_WIDTH)
        text = arena_printf(arena, "%s of %s %s", a->name, f->name, range);
    if (writer_width(text) > FAULT_WIDTH)
        text = arena_printf(arena, "%s %s", a->name, range);
    return text;
}

size_t
cuda_fault(const Function *f, const Argument *a)
{
    Emit *emit = f->printer.user;
    VEC_PUSH(emit->arena, &emit->fault, fault_text(emit, f, a));
    return emit->fault.count;
}

/* The kernel for one argument, and its launch. */
static void
print_check(Function *f, const Argument *a, const char *fault, Writer *kernels,
            Writer *launches)
{
    Printer *printer = &f->printer;
    size_t number = cuda_fault(f, a);
    size_t scope = c_scope_mark(&printer->scope);
    Writer body;
    writer_init(&body, printer->arena);
    body.depth = 1;
    const char *i = printer_name(printer, "i");
    const char *count = c_dim(printer, a->count).text;
    writer_line(&body, "const size_t %s = flux_thread();", i);
    cuda_guard(&body, i, count);
    writer_line(&body, "if (%s)", c_out_of_range(printer->arena, a, i));
    body.depth++;
    writer_line(&body, "*%s = %zu;", fault, number);
    PartText part = {
        .name = arena_printf(printer->arena, "%s_check%zu", f->name, number),
        .body = body.text};
    writer_raw(kernels, "\n");
    writer_comment(
        kernels, arena_printf(printer->arena, "Is %s in %lld to %lld?", a->name,
                              (long long)a->least, (long long)a->most));
    printer->parts = kernels;
    const char *launch =
        cuda_kernel_function(printer, &part, "FLUX_EACH", count);
    cuda_launch(launches, arena_printf(printer->arena, " && %s != NULL", fault),
                launch);
    c_scope_leave(&printer->scope, scope);
}

void
cuda_faults(Function *f, Writer *kernels, Writer *memory, Writer *launches)
{
    const char *fault = NULL;
    for (size_t i = 0; i < f->argument.count; i++) {
        const Argument *a = &f->argument.item[i];
        if (!a->ranged)
            continue;
        if (fault == NULL) {
            fault = printer_typed(&f->printer, "fault", "int32_t *");
            writer_line(memory, "int32_t *%s = %s != NULL ? %s->fault : NULL;",
                        fault, f->work, f->work);
        }
        print_check(f, a, fault, kernels, launches);
    }
}

void
cuda_fault_texts(Emit *emit)
{
    Writer *writer = &emit->source;
    const char *head =
        arena_printf(emit->arena, "%s_fault_cuda(int32_t fault)", emit->name);
    if (emit->fault.count == 0)
        return;
    writer_raw(&emit->header, "\n");
    writer_comment(&emit->header,
                   "What a kernel has found, by the number that it left in the "
                   "word of its flux_work; NULL for 0, which is nothing.");
    writer_line(&emit->header, "const char *%s;", head);
    writer_raw(writer, "\nconst char *\n");
    writer_line(writer, "%s", head);
    writer_line(writer, "{");
    writer_line(writer, "static const char *const text[] = {");
    writer_line(writer, "NULL,");
    for (size_t i = 0; i < emit->fault.count; i++)
        writer_line(writer, "%s,", c_quoted(emit->arena, emit->fault.item[i]));
    writer_line(writer, "};");
    writer_line(writer,
                "return fault >= 0 && fault <= %zu ? text[fault] : NULL;",
                emit->fault.count);
    writer_line(writer, "}");
}
