/* A function of the API in CUDA: its kernels, in the device's part, and what
 * checks its arguments and launches them one after another.
 */
#include "emit/c/c_emit.h"
#include "emit/cuda/cuda_print.h"

#include <string.h>

/* Prints kernels and launches; a loop over steps is one of the host's. */
static void
print_launches(Printer *printer, const Block *block)
{
    const Schedule *s = printer->s;
    for (size_t i = 0; i < block->count;) {
        const Stmt *stmt = block->item[i];
        size_t count = cuda_kernel_length(printer, block, i);
        size_t group = cuda_group(printer, block, i);
        if (group > 0) {
            count = group;
        } else if (schedule_is_step_loop(s, stmt)) {
            size_t scope = c_scope_mark(&printer->scope);
            printer_loop(printer, stmt, false);
            print_launches(printer, &stmt->body);
            writer_line(printer->writer, "}");
            c_scope_leave(&printer->scope, scope);
        } else {
            cuda_kernel(printer, block, i, count);
        }
        i += count;
    }
}

static void
print_all(Printer *printer)
{
    if (!printer->s->meets || !cuda_grid(printer))
        print_launches(printer, &printer->s->body);
}

void
cuda_schedule(Printer *printer)
{
    printer_repeat(printer, print_all);
}

/* The named things that kernels may be given: memory of the arena, the seed. */
static void
print_memory(Function *f)
{
    Printer *printer = &f->printer;
    printer->seed = f->seed != NULL ? f->seed : printer->seed;
    if (f->seeded_by_work) {
        printer->seed = printer_typed(printer, "seed", "uint64_t ");
        writer_line(printer->writer, "const uint64_t %s = %s;", printer->seed,
                    f->seed);
    }
    if (f->arena != NULL)
        c_arena_pointers(
            printer,
            f->base != NULL
                ? arena_printf(printer->arena, "(unsigned char *)%s", f->base)
                : c_state_base(f));
    c_state_pointers(f);
}

/* The stream of a function's work, which is there where an arena is. */
static const char *
stream_of(const Function *f)
{
    Arena *arena = f->printer.arena;
    if (f->work == NULL)
        return NULL;
    if (f->arena != NULL)
        return arena_printf(arena, "(cudaStream_t)%s->stream", f->work);
    return arena_printf(arena, "%s != NULL ? (cudaStream_t)%s->stream : NULL",
                        f->work, f->work);
}

static const char declared[] = "cudaError_t error =";

void
cuda_launch(Writer *writer, const char *condition, const char *launch)
{
    if (writer->size == 0 && *condition == 0) {
        writer_line(writer, "%s %s;", declared, launch);
        return;
    }
    writer_line(writer, "if (error == cudaSuccess%s)", condition);
    writer->depth++;
    writer_line(writer, "error = %s;", launch);
    writer->depth--;
}

void
cuda_declare(Writer *writer, const char *launches)
{
    if (strncmp(launches + strspn(launches, " "), declared,
                sizeof declared - 1) != 0)
        writer_line(writer, "%s cudaSuccess;", declared);
    writer_raw(writer, launches);
}

void
cuda_launches(Writer *writer, const char *stream, const char *launches)
{
    if (strstr(launches, "stream") == NULL) { /* no kernel has a thread */
        writer_raw(writer, launches);
        writer_line(writer, "return FLUX_OK;");
        return;
    }
    writer_line(writer, "cudaStream_t stream = %s;",
                stream != NULL ? stream : "NULL");
    cuda_declare(writer, launches);
    writer_line(writer, "return FLUX_GPU_STATUS(error);");
}

/* What launches the kernels, in a function of its own where it has several
 * callers; how that is called, or the lines.
 */
static const char *
define_launches(Function *f, const char *body)
{
    Writer call;
    if (!f->shared)
        return body;
    writer_init(&call, f->printer.arena);
    call.depth = 1;
    writer_line(&call, "%s",
                part_status(&f->printer, f->printer.writer, f->name, body));
    return call.text;
}

/* The launches on a stream, as a function that others call, too; the call. */
static const char *
define_queue(Function *f, const char *memory, const char *launches)
{
    Arena *arena = f->printer.arena;
    Writer *writer = f->printer.writer;
    const char *names = "";
    for (size_t i = 0; i < f->argument.count; i++)
        names = arena_printf(arena, "%s%s, ", names, f->argument.item[i].name);
    writer_raw(writer, "\nstatic cudaError_t\n");
    writer_line(writer, "%s(%s, cudaStream_t stream)", f->queue,
                function_arguments(f));
    writer_line(writer, "{");
    size_t from = writer->size;
    writer_raw(writer, memory);
    cuda_declare(writer, launches);
    writer_line(writer, "return error;");
    function_close(f, from);
    return arena_printf(arena, "    return FLUX_GPU_STATUS(%s(%sNULL));\n",
                        f->queue, names);
}

void
cuda_function_define(Function *f)
{
    Printer *printer = &f->printer;
    Emit *emit = printer->user;
    Writer *writer = printer->writer;
    Writer kernels;
    Writer body;
    Writer launches;
    writer_init(&kernels, printer->arena);
    writer_init(&body, printer->arena);
    writer_init(&launches, printer->arena);
    body.depth = launches.depth = 1;
    printer->function = f->name;
    if (f->shared && (printer->s->slot.count > 0 || printer->s->meets))
        f->base = printer_typed(printer, "arena", "void *");
    size_t scope = c_scope_mark(&printer->scope);
    printer_name(printer, "error");
    printer_name(printer, "stream");
    if (emit->options->cublaslt && f->work != NULL)
        printer->gemm = printer_name(printer, "gemm");
    printer->writer = &body;
    print_memory(f);
    cuda_faults(f, &emit->device_part, &body, &launches);
    printer->parts = &kernels;
    printer->writer = &launches;
    if (f->launches != NULL)
        writer_raw(&launches, f->launches);
    cuda_schedule(printer);
    const char *pointers = part_pointers(printer, body.text, launches.text);
    body.size = 0;
    writer_raw(&body, pointers);
    if (printer->blocks != NULL)
        writer_raw(&body, printer->blocks);
    c_scope_leave(&printer->scope, scope);
    printer->writer = &emit->device_part;
    c_tables_used(printer, kernels.text);
    writer_raw(&emit->device_part, kernels.text);
    printer->writer = writer;
    if (strstr(launches.text, "flux_gemm_product(") != NULL)
        cuda_gemm_declare(f, &body);
    if (f->queue != NULL) {
        f->call = define_queue(f, body.text, launches.text);
    } else {
        cuda_launches(&body, stream_of(f), launches.text);
        f->call = define_launches(f, body.text);
    }
    f->returns = true;
    function_open(f);
    size_t from = writer->size;
    function_checks(f);
    c_state_default(f);
    function_compute(f);
    function_close(f, from);
}
