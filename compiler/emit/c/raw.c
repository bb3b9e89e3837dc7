/* One graph as a plain C function, for the native engine, or as kernels and the
 * C that launches them.
 *
 * The caller has checked everything, and lets `leaf` and `out` point to the
 * same memory where an output is the next value of a leaf.
 */
#include "emit/c/c_device.h"

#include <string.h>

static void
raw_pointer(Printer *printer, int buffer, const char *from, size_t number,
            bool store)
{
    const Buffer *b = &printer->s->buffer.item[buffer];
    const char *constant = store ? "" : "const ";
    const char *type = c_type(b->dtype);
    const char *name = printer_typed(
        printer,
        arena_printf(printer->arena, "%s%zu", store ? "y" : "x", number),
        arena_printf(printer->arena, "%s%s *", constant, type));
    printer->memory[buffer] = (Memory){name, false};
    writer_line(printer->writer, "%s%s *%s = %s[%zu];", constant, type, name,
                from, number);
}

static bool
uses_symbol(const Schedule *s, int symbol)
{
    for (size_t i = 0; i < s->dims->poly.count; i++) {
        const DimPoly *poly = &s->dims->poly.item[i];
        for (size_t t = 0; t < poly->count; t++) {
            if (poly->term[t].power[symbol] > 0)
                return true;
        }
    }
    return false;
}

static void
raw_dims(Printer *printer)
{
    Schedule *s = printer->s;
    for (int i = 0; i < s->dims->symbols; i++) {
        const char *name = printer_typed(
            printer, i == 0 ? "n" : arena_printf(printer->arena, "n%d", i + 1),
            "size_t ");
        printer->dim_text[i] = name;
        if (!uses_symbol(s, i))
            continue;
        writer_line(printer->writer, "const size_t %s = dims[%d];", name, i);
        writer_line(printer->writer, "(void)%s;", name);
    }
}

static void
raw_arguments(Printer *printer)
{
    Schedule *s = printer->s;
    const Graph *g = s->graph;
    bool *used = schedule_used(s);
    raw_dims(printer);
    for (size_t i = 0; i < g->leaf.count; i++) {
        int buffer = s->leaf_buffer[i];
        if (used[buffer])
            raw_pointer(printer, buffer, "leaf", i, false);
    }
    for (size_t o = 0; o < g->output.count; o++) {
        if (s->output_buffer[o] >= 0 && used[s->output_buffer[o]])
            raw_pointer(printer, s->output_buffer[o], "out", o, true);
    }
}

/* A printer of the graph's schedule; false where something was reported. */
static bool
begin(Context *context, const Graph *graph, const PassOptions *pass,
      const ScheduleOptions *options, Writer *writer, Printer *printer)
{
    const Graph *g = pass_optimise(ir_graph_in(&context->scratch, graph), pass);
    Schedule *s = g != NULL ? schedule_graph(g, options) : NULL;
    if (s == NULL)
        return false;
    writer_init(writer, &context->arena);
    printer_init(printer, s, writer);
    return true;
}

static bool
write_text(const Writer *writer, FILE *file)
{
    return fwrite(writer->text, 1, writer->size, file) == writer->size;
}

/* Gives back what printing needed, and writes the text. */
static bool
finish(Context *context, const Writer *writer, FILE *file)
{
    arena_free(&context->scratch);
    return write_text(writer, file);
}

/* What fluxc_run is called with; CUDA has a stream, too. */
static const char *const run_type[] = {
    "const void *const *", "void *const *", "const size_t *",
    "uint64_t ",           "void *",        NULL};
static const char *const run_name[] = {"leaf", "out",   "dims",
                                       "seed", "arena", "stream"};
enum { RUN_NAMES = sizeof run_name / sizeof *run_name };

static void
take_names(Printer *printer)
{
    printer->function = "fluxc_run";
    for (size_t i = 0; i < RUN_NAMES; i++) {
        if (run_type[i] != NULL)
            printer_typed(printer, run_name[i], run_type[i]);
        else
            printer_name(printer, run_name[i]);
    }
}

/* The function, with what it does. */
static void
define_run(Writer *writer, const char *stream, const char *body,
           const char *result)
{
    writer_raw(writer, "\nint\n");
    writer_line(writer,
                "fluxc_run(const void *const *leaf, void *const *out, const "
                "size_t *dims, uint64_t seed, void *arena%s)",
                stream);
    writer_line(writer, "{");
    size_t from = writer->size;
    writer_raw(writer, body);
    c_mark_unused(writer, from, run_name,
                  *stream != 0 ? RUN_NAMES : RUN_NAMES - 1);
    writer_line(writer, "return %s;", result);
    writer_line(writer, "}");
}

/* The function that computes. */
static void
raw_run(Printer *printer)
{
    Writer *writer = printer->writer;
    Writer parts;
    Writer body;
    writer_init(&parts, printer->arena);
    writer_init(&body, printer->arena);
    body.depth = 1;
    printer->parts = &parts;
    printer->nests = nests_new(printer->arena, "fluxc_run");
    take_names(printer);
    if (part_nests(&printer->s->body) > 0)
        printer->isa = printer_typed(printer, "isa", "flux_isa ");
    size_t scope = c_scope_mark(&printer->scope);
    printer->writer = &body;
    raw_arguments(printer);
    c_arena_pointers(printer, "arena");
    printer_body(printer);
    printer->writer = writer;
    c_scope_leave(&printer->scope, scope);
    const char *call = body.text;
    if (printer->isa != NULL)
        call = arena_printf(printer->arena, "    %s\n",
                            part_function(printer, &parts, "fluxc_run",
                                          body.text, "flux_best_isa()"));
    writer_raw(writer, parts.text);
    define_run(writer, "", call, "0");
}

/* The function that gives the bytes of its arena. */
static void
raw_arena(Printer *printer)
{
    Writer *writer = printer->writer;
    writer_raw(writer, "\n#define FLUX_ALIGN(bytes) "
                       "(((size_t)(bytes) + 63) / 64 * 64)\n"
                       "#define FLUX_SHARES(n) ((FLUX_MIN(n, 64) + 7) / 8)\n"
                       "#define FLUX_MAX(a, b) ((a) > (b) ? (a) : (b))\n"
                       "#define FLUX_MIN(a, b) ((a) < (b) ? (a) : (b))\n\n"
                       "size_t fluxc_arena(const size_t *dims);\n"
                       "\nsize_t\nfluxc_arena(const size_t *dims)\n");
    writer_line(writer, "{");
    size_t scope = c_scope_mark(&printer->scope);
    writer_line(writer, "(void)dims;");
    raw_dims(printer);
    Sizes sizes = c_arena_bytes(printer->s);
    writer_line(writer, "return %s;", c_sizes(printer, &sizes).text);
    writer_line(writer, "}");
    c_scope_leave(&printer->scope, scope);
}

bool
emit_raw(Context *context, const Graph *graph, const PassOptions *pass,
         FILE *file)
{
    Writer writer;
    Printer printer;
    if (!begin(context, graph, pass, NULL, &writer, &printer))
        return false;
    raw_arena(&printer);
    writer_raw(&writer,
               "\nint fluxc_run(const void *const *leaf, void *const *out,\n"
               "              const size_t *dims, uint64_t seed,\n"
               "              void *arena);\n");
    c_tables(&printer, "table");
    raw_run(&printer);
    c_kernels(&writer, 0, &(EmitOptions){0});
    return finish(context, &writer, file);
}

bool
emit_raw_cuda(Context *context, const Graph *graph, const PassOptions *pass,
              FILE *kernels, FILE *host)
{
    static const ScheduleOptions options = {.kernels = true};
    Writer writer;
    Writer parts;
    Writer tables;
    Writer body;
    Writer launches;
    Printer printer;
    if (!begin(context, graph, pass, &options, &writer, &printer))
        return false;
    writer_init(&parts, &context->arena);
    writer_init(&tables, &context->arena);
    writer_init(&body, &context->arena);
    writer_init(&launches, &context->arena);
    body.depth = launches.depth = 1;
    printer.device = printer.by_name = true;
    writer_raw(&writer, "#include \"kernels/flux_gpu_stream.h\"\n");
    raw_arena(&printer);
    printer.writer = &tables;
    c_tables(&printer, "table");
    take_names(&printer);
    printer_name(&printer, "error");
    printer.writer = &body;
    raw_arguments(&printer);
    c_arena_pointers(&printer, "(unsigned char *)arena");
    printer.parts = &parts;
    printer.writer = &launches;
    cuda_schedule(&printer);
    cuda_declare(&body, launches.text);
    define_run(&writer, ", const flux_gpu_stream *stream", body.text, "error");
    writer_raw(&tables, parts.text);
    c_kernels(&tables, 0, &(EmitOptions){.target = TARGET_cuda});
    bool fine = write_text(&tables, kernels);
    return finish(context, &writer, host) && fine;
}

bool
emit_kernels(Context *context, const Graph *graph, const PassOptions *pass,
             FILE *file)
{
    Writer writer;
    Printer printer;
    if (!begin(context, graph, pass, NULL, &writer, &printer))
        return false;
    const Schedule *s = printer.s;
    const Graph *g = s->graph;
    for (size_t b = 0; b < s->buffer.count; b++) {
        const Buffer *buffer = &s->buffer.item[b];
        bool leaf = buffer->kind == BUFFER_leaf;
        const char *name = leaf ? ir_node(g, buffer->node)->as.leaf.name
                           : buffer->kind == BUFFER_output
                               ? g->output.item[buffer->number].name
                               : "h";
        if (buffer->kind == BUFFER_gone ||
            (buffer->kind == BUFFER_temp &&
             (buffer->local || buffer->slot < 0)))
            continue;
        name = printer_name(&printer, emit_c_name(&context->arena, name));
        printer.memory[b] = (Memory){name, false};
        if (buffer->kind == BUFFER_temp)
            writer_line(&writer, "slot %d: %s %s[%s]", buffer->slot,
                        c_type(buffer->dtype), name,
                        c_dim(&printer, buffer->count).text);
    }
    Sizes sizes = c_arena_bytes(printer.s);
    writer_line(&writer, "arena: %s bytes", c_sizes(&printer, &sizes).text);
    printer_body(&printer);
    return finish(context, &writer, file);
}
