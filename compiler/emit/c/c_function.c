/* A function of the generated API: its arguments, its checks, its loops. */
#include "emit/c/c_emit.h"

#include <string.h>

const char *
function_arguments(const Function *f)
{
    Arena *arena = f->printer.arena;
    const char *text = "";
    for (size_t i = 0; i < f->argument.count; i++) {
        const Argument *a = &f->argument.item[i];
        text = arena_printf(arena, "%s%s%s%s%s", text, i > 0 ? ", " : "",
                            a->type, a->pointer ? " *" : " ", a->name);
    }
    return text;
}

void
function_add(Function *f, Argument argument)
{
    VEC_PUSH(f->printer.arena, &f->argument, argument);
    c_scope_type(&f->printer.scope, argument.name,
                 arena_printf(f->printer.arena, "%s%s", argument.type,
                              argument.pointer ? " *" : " "));
    if (argument.buffer >= 0)
        f->printer.memory[argument.buffer] =
            (Memory){argument.single
                         ? arena_printf(f->printer.arena, "*%s", argument.name)
                         : argument.name,
                     argument.single};
}

void
function_prototype(const Function *f, Writer *header)
{
    writer_line(header, "flux_status %s(%s);", f->name, function_arguments(f));
}

/* flux_overlap(y, 40 * n, …) for every other argument and the arena. */
static void
check_overlap(Function *f, size_t output)
{
    Arena *arena = f->printer.arena;
    const Argument *y = &f->argument.item[output];
    const char *text = "";
    for (size_t i = 0; i < f->argument.count; i++) {
        const Argument *a = &f->argument.item[i];
        bool twice = a->output && i <= output;
        if (a->bytes == NULL || i == output || twice)
            continue;
        text = arena_printf(arena, "%s%sflux_overlap(%s, %s, %s, %s)", text,
                            *text != 0 ? " || " : "", y->name, y->bytes,
                            a->name, a->bytes);
    }
    if (f->arena != NULL)
        text = arena_printf(
            arena, "%s%sflux_overlap(%s, %s, %s->arena, %s->bytes)", text,
            *text != 0 ? " || " : "", y->name, y->bytes, f->work, f->work);
    if (*text == 0)
        return;
    writer_line(f->printer.writer, "if (%s)", text);
    f->printer.writer->depth++;
    writer_line(f->printer.writer, "return FLUX_E_OVERLAP;");
    f->printer.writer->depth--;
}

static void
check(Writer *writer, const char *condition, const char *code)
{
    writer_line(writer, "if (%s)", condition);
    writer->depth++;
    writer_line(writer, "return %s;", code);
    writer->depth--;
}

const char *
c_too_large(Printer *printer, Dim bytes)
{
    Arena *arena = printer->arena;
    DimPoly poly = dim_poly(printer->s->dims, bytes);
    uint8_t power[DIM_SYMBOLS] = {0};
    int64_t sum = 0;
    int powers = 0;
    int only = 0;
    for (size_t i = 0; i < poly.count; i++) {
        int64_t size = poly.term[i].coefficient;
        sum += size < 0 ? 0 : size;
        for (int p = 0; p < DIM_SYMBOLS; p++) {
            if (poly.term[i].power[p] > power[p])
                power[p] = poly.term[i].power[p];
        }
    }
    for (int p = 0; p < DIM_SYMBOLS; p++) {
        powers += power[p];
        if (power[p] > 0)
            only = p;
    }
    if (powers == 0)
        return NULL;
    if (powers == 1)
        return arena_printf(arena, "%s > SIZE_MAX / %lld",
                            printer->dim_text[only], (long long)sum);
    const char *text = arena_printf(arena, "SIZE_MAX / %lld", (long long)sum);
    for (int p = 0; p < DIM_SYMBOLS; p++) {
        for (int k = 0; k < power[p]; k++)
            text = arena_printf(arena, "%s / (%s > 0 ? %s : 1)", text,
                                printer->dim_text[p], printer->dim_text[p]);
    }
    return arena_printf(arena, "%s == 0", text);
}

const char *
c_out_of_range(Arena *arena, const Argument *a, const char *index)
{
    const char *least = c_number(arena, a->dtype, (double)a->least);
    const char *most = c_number(arena, a->dtype, (double)a->most);
    return arena_printf(arena,
                        dtype_real(a->dtype) ? "!(%s[%s] >= %s && %s[%s] <= %s)"
                                             : "%s[%s] < %s || %s[%s] > %s",
                        a->name, index, least, a->name, index, most);
}

/* Labels and indices, whose numbers must be there. */
static void
check_ranges(Function *f)
{
    Printer *printer = &f->printer;
    Writer *writer = printer->writer;
    for (size_t i = 0; i < f->argument.count; i++) {
        const Argument *a = &f->argument.item[i];
        if (!a->ranged)
            continue;
        size_t scope = c_scope_mark(&printer->scope);
        const char *s = printer_name(printer, "s");
        writer_line(writer, "for (size_t %s = 0; %s < %s; %s++) {", s, s,
                    c_dim(printer, a->count).text, s);
        check(writer, c_out_of_range(printer->arena, a, s), "FLUX_E_LABEL");
        writer_line(writer, "}");
        c_scope_leave(&printer->scope, scope);
    }
}

/* Of no samples: the sizes of the arena and its parts hold from one on. */
static void
check_none(const Function *f)
{
    if (f->work != NULL && (f->trains || f->arena != NULL || f->printer.device))
        check(f->printer.writer,
              arena_printf(f->printer.arena, "%s == 0", f->printer.dim_text[0]),
              f->trains ? "FLUX_E_SIZE" : "FLUX_OK");
}

void
function_checks(Function *f)
{
    Writer *writer = f->printer.writer;
    Arena *arena = f->printer.arena;
    const char *null = "";
    Sizes sizes = c_arena_bytes(f->printer.s);
    Dims *dims = f->printer.s->dims;
    Dim bytes = dim_add(dims, c_sizes_bound(dims, &sizes), f->state_bytes);
    bytes = dim_add(dims, bytes, f->more);
    for (size_t i = 0; i < f->argument.count; i++) {
        const Argument *a = &f->argument.item[i];
        bytes = dim_add(dims, bytes, a->size);
        if (a->required)
            null = arena_printf(arena, "%s%s%s == NULL", null,
                                *null != 0 ? " || " : "", a->name);
    }
    if (f->seeded_by_work)
        null = arena_printf(arena, "%s%s%s == NULL", null,
                            *null != 0 ? " || " : "", f->work);
    if (*null != 0)
        check(writer, null, "FLUX_E_NULL");
    const char *little = c_too_short(&f->printer);
    if (little != NULL)
        check(writer, little, "FLUX_E_SIZE");
    const char *large = c_too_large(&f->printer, bytes);
    if (large != NULL)
        check(writer, large, "FLUX_E_SIZE");
    if (f->arena != NULL)
        check(writer,
              arena_printf(arena,
                           "%s == NULL || %s->arena == NULL || "
                           "%s->bytes < %s",
                           f->work, f->work, f->work, f->arena),
              "FLUX_E_ARENA");
    for (size_t i = 0; i < f->argument.count; i++) {
        if (f->argument.item[i].output)
            check_overlap(f, i);
    }
    if (!f->printer.device)
        check_ranges(f);
    check_none(f);
}

/* Whether a place is in a comment: behind its beginning on the same line, or on
 * one of its further lines, which begin with a star and a space.
 */
static bool
in_comment(const char *body, const char *p)
{
    const char *line = p;
    while (line > body && line[-1] != '\n')
        line--;
    for (const char *q = line; q < p; q++) {
        if (q[0] == '/' && q[1] == '*')
            return true;
    }
    while (*line == ' ')
        line++;
    return line[0] == '*' && line[1] == ' ';
}

bool
c_mentions(const char *text, const char *name)
{
    size_t length = strlen(name);
    for (const char *p = strstr(text, name); p != NULL;
         p = strstr(p + 1, name)) {
        bool left = p == text || strchr(" ()*&!-[", p[-1]) != NULL;
        bool word = (p[length] >= 'a' && p[length] <= 'z') ||
                    (p[length] >= 'A' && p[length] <= 'Z') ||
                    (p[length] >= '0' && p[length] <= '9') || p[length] == '_';
        if (left && !word && !in_comment(text, p))
            return true;
    }
    return false;
}

void
c_mark_unused(Writer *writer, size_t from, const char *const *name,
              size_t count)
{
    const char *body = writer->text + from;
    const char *unused = "";
    for (size_t i = 0; i < count; i++)
        if (!c_mentions(body, name[i]))
            unused = arena_printf(writer->arena, "%s    (void)%s;\n", unused,
                                  name[i]);
    if (*unused == 0)
        return;
    const char *rest = arena_printf(writer->arena, "%s", body);
    writer->size = from;
    writer_raw(writer, unused);
    writer_raw(writer, rest);
}

/* Prints what the function computes, at depth 1. */
static void
print_computation(Function *f, Writer *body)
{
    Printer *printer = &f->printer;
    Writer *writer = printer->writer;
    size_t scope = c_scope_mark(&printer->scope);
    writer_init(body, printer->arena);
    body->depth = 1;
    printer->writer = body;
    if (f->seed != NULL)
        printer->seed = f->seed;
    if (f->arena != NULL)
        c_arena_pointers(printer, f->base != NULL ? f->base : c_state_base(f));
    c_state_pointers(f);
    if (printer->check != NULL)
        c_nan_arguments(f);
    printer_body(printer);
    if (printer->check != NULL)
        c_nan_results(f);
    c_scope_leave(&printer->scope, scope);
    printer->writer = writer;
}

void
function_open(const Function *f)
{
    Writer *writer = f->printer.writer;
    writer_raw(writer,
               f->seldom ? "\nFLUX_SELDOM flux_status\n" : "\nflux_status\n");
    writer_line(writer, "%s(%s)", f->name, function_arguments(f));
    writer_line(writer, "{");
}

void
function_close(const Function *f, size_t from)
{
    Writer *writer = f->printer.writer;
    const char **name =
        ARENA_ARRAY(writer->arena, const char *, f->argument.count + 1);
    for (size_t i = 0; i < f->argument.count; i++)
        name[i] = f->argument.item[i].name;
    c_mark_unused(writer, from, name, f->argument.count);
    writer_line(writer, "}");
}

void
function_compute(const Function *f)
{
    const Printer *printer = &f->printer;
    Printer sized = *printer;
    Writer *writer = printer->writer;
    if (printer->pool != NULL)
        writer_line(writer, "flux_pool *%s = %s(%s, %s, %s);", printer->pool,
                    f->pool, f->work, printer->dim_text[0],
                    c_dim(&sized, c_multiply_adds(printer->s)).text);
    if (f->base != NULL)
        writer_line(writer, "void *%s = %s;", f->base,
                    f->begin != NULL ? f->begin : c_state_base(f));
    writer_raw(writer, f->call);
    if (!f->returns)
        writer_line(writer, "return FLUX_OK;");
}

/* The computation in a function of its own, where it has several forms or
 * several callers; how it is called, or its own lines.
 */
static const char *
define_computation(Function *f, Writer *parts)
{
    Printer *printer = &f->printer;
    Writer body;
    Writer call;
    print_computation(f, &body);
    if (printer->isa == NULL && !f->shared)
        return body.text;
    writer_init(&call, printer->arena);
    call.depth = 1;
    if (printer->isa == NULL) {
        f->returns = true;
        writer_line(&body, "return FLUX_OK;");
        writer_line(&call, "%s",
                    part_status(printer, parts, f->name, body.text));
    } else {
        writer_line(&call, "%s",
                    part_function(printer, parts, f->name, body.text,
                                  "flux_best_isa()"));
    }
    return call.text;
}

void
function_define(Function *f)
{
    Printer *printer = &f->printer;
    Writer parts;
    writer_init(&parts, printer->arena);
    printer->parts = &parts;
    printer->function = f->name;
    if (printer->check == NULL && part_nests(&printer->s->body) > 0)
        printer->isa = printer_typed(printer, "isa", "flux_isa ");
    if (printer->isa != NULL && f->work != NULL &&
        c_multiply_adds(printer->s) != 0)
        printer->pool = printer_typed(printer, "pool", "flux_pool *");
    if (f->shared && printer->s->slot.count > 0)
        f->base = printer_typed(printer, "arena", "void *");
    f->call = define_computation(f, &parts);
    writer_raw(printer->writer, parts.text);
    function_open(f);
    size_t from = printer->writer->size;
    function_checks(f);
    c_state_default(f);
    function_compute(f);
    function_close(f, from);
}
