/* Narrow layers, printed as one kernel (cuda_group.c says which). */
#include "emit/cuda/cuda_group.h"

#include <string.h>

/* Has the buffers in arrays go by the names of these. `before` keeps what they
 * were, by buffer.
 */
static const char **
name_arrays(const Group *g, Memory *before)
{
    Printer *printer = g->printer;
    const char **name =
        ARENA_ARRAY(printer->arena, const char *, g->array.count + 1);
    for (size_t i = 0; i < g->array.count; i++)
        name[i] = printer_name(printer, "own");
    for (size_t b = 0; b < printer->s->buffer.count; b++) {
        if (g->own[b] == 0)
            continue;
        before[b] = printer->memory[b];
        printer->memory[b] = (Memory){name[g->own[b] - 1], false};
    }
    return name;
}

/* Declares the arrays that the body names. */
static void
print_arrays(const Group *g, const char *const *name, const char *body)
{
    for (size_t i = 0; i < g->array.count; i++)
        if (c_mentions(body, name[i]))
            writer_line(g->printer->writer, "FLUX_SHARED_ARRAY(%s, %s, %lld);",
                        c_type(g->array.item[i].dtype), name[i],
                        (long long)(GROUP * g->array.item[i].step));
}

/* Where a buffer is a result that the group may have to do without, whether it
 * is there; NULL: it is.
 */
static const char *
condition_of(const Group *g, int buffer)
{
    Printer *printer = g->printer;
    const Buffer *b = &printer->s->buffer.item[buffer];
    if (b->kind != BUFFER_output || b->number >= 32 ||
        printer->condition == NULL)
        return NULL;
    uint32_t tag = 1u << b->number;
    bool maybe = (printer->s->optional & tag) != 0 &&
                 (g->block->item[g->from]->tag & tag) == 0;
    return maybe ? printer->condition(printer, tag) : NULL;
}

/* Moves the pointers that the body names to the block's first sample. What is
 * not there stays NULL.
 */
static void
print_pointers(const Group *g, const char *first, const char *body)
{
    Printer *printer = g->printer;
    Writer *writer = printer->writer;
    for (size_t i = 0; i < g->part.count; i++) {
        const Part *part = &g->part.item[i];
        const char *name = printer->memory[part->buffer].text;
        bool seen = part->step == 0 || g->own[part->buffer] != 0 ||
                    !c_mentions(body, name);
        for (size_t k = 0; k < i && !seen; k++)
            seen =
                strcmp(name, printer->memory[g->part.item[k].buffer].text) == 0;
        if (seen)
            continue;
        const char *condition = condition_of(g, part->buffer);
        if (condition != NULL)
            writer_line(writer, "if (%s)", condition);
        writer->depth += condition != NULL;
        if (part->step == 1)
            writer_line(writer, "%s += %s;", name, first);
        else
            writer_line(writer, "%s += %lld * %s;", name, (long long)part->step,
                        first);
        writer->depth -= condition != NULL;
    }
}

/* What threads do in turns for the block's samples, each alone or 16 of them.
 */
static void
print_turns(Printer *printer, Stmt *stmt)
{
    Writer *writer = printer->writer;
    Nest nest;
    const Stmt *inner = cuda_nest(printer, &nest, stmt);
    const char *share = "";
    if (cuda_has_lanes(printer, &nest, inner)) {
        printer->lanes = inner;
        share = " / 16";
    }
    const LoopVar *var = &printer->s->var.item[nest.var[0]];
    const char *name = nest.count > 1 ? printer_name(printer, "index")
                                      : printer_var(printer, var);
    writer_line(writer,
                "for (size_t %s = threadIdx.x%s; %s < %s; "
                "%s += FLUX_THREADS%s) {",
                name, share, name,
                c_dim(printer, cuda_turns(printer, &nest)).text, name, share);
    printer->var[nest.var[0]] = name;
    if (nest.count > 1)
        cuda_indices(printer, &nest, name);
    printer_block(printer, inner);
    printer->lanes = NULL;
    writer_line(writer, "}");
}

/* A kernel of the group as a part of one; whether the threads have met then. */
static bool
print_phase(Printer *printer, const Block *block, size_t at, size_t count)
{
    bool met = false;
    size_t scope = c_scope_mark(&printer->scope);
    EpilogueVars var;
    Stmt *stmt = block->item[at];
    Stmt *epilogue = cuda_epilogue(printer, block, at, &var);
    Stmt all = cuda_statements(printer, block, at, count);
    if (epilogue != NULL)
        all.var = var.loop[0];
    if (printer->comment != NULL)
        printer->comment(printer, epilogue != NULL ? &all : stmt);
    if (stmt->kind == STMT_call)
        met = cuda_layer(printer, stmt->product, epilogue,
                         epilogue != NULL ? &var : NULL);
    else
        print_turns(printer, stmt);
    c_scope_leave(&printer->scope, scope);
    return met;
}

static void
print_phases(Group *g)
{
    Printer *printer = g->printer;
    bool met = true;
    for (size_t i = g->from; i < g->end;) {
        size_t count = cuda_phase_length(printer, g->block, i);
        if (!met)
            writer_line(printer->writer, "__syncthreads();");
        writer_raw(printer->writer, "\n");
        met = print_phase(printer, g->block, i, count);
        i += count;
    }
}

/* The kernel's text, but for its parameters. */
static const char *
print_body(Group *g)
{
    Printer *printer = g->printer;
    const char *samples = printer->dim_text[0];
    Memory *before =
        ARENA_ARRAY(printer->arena, Memory, printer->s->buffer.count + 1);
    Writer body;
    Writer phases;
    writer_init(&body, printer->arena);
    writer_init(&phases, printer->arena);
    body.depth = phases.depth = 1;
    const char **name = name_arrays(g, before);
    const char *first = printer_name(printer, "s0");
    const char *count = printer_name(printer, "count");
    printer->shared = "shared";
    printer->tile = printer_name(printer, "tile");
    printer->dim_text[0] = count;
    printer->writer = &phases;
    print_phases(g);
    printer->dim_text[0] = samples;
    printer->writer = &body;
    writer_line(&body, "FLUX_SHARED(flux_tile_%s, %s);",
                c_suffix(g->product->dtype), printer->shared);
    print_arrays(g, name, phases.text);
    writer_line(&body, "const size_t %s = FLUX_GROUP * flux_block();", first);
    writer_line(&body,
                "const size_t %s = flux_tile_least(%s - %s, FLUX_GROUP);",
                count, samples, first);
    writer_line(&body, "flux_tile %s;", printer->tile);
    print_pointers(g, first, phases.text);
    writer_raw(&body, phases.text);
    for (size_t b = 0; b < printer->s->buffer.count; b++)
        if (g->own[b] != 0)
            printer->memory[b] = before[b];
    return body.text;
}

size_t
cuda_group(Printer *printer, const Block *block, size_t from)
{
    Group g;
    if (!cuda_group_find(&g, printer, block, from))
        return 0;
    size_t scope = c_scope_mark(&printer->scope);
    Writer *writer = printer->writer;
    const char *body = print_body(&g);
    printer->writer = writer;
    c_scope_leave(&printer->scope, scope);
    writer_raw(printer->parts, "\n");
    writer_line(printer->parts,
                "/* From layer to layer, each block for %d samples. */", GROUP);
    PartText part = {.name = arena_printf(printer->arena, "%s_%d",
                                          printer->function, ++printer->part),
                     .body = body};
    const char *size =
        arena_printf(printer->arena, "flux_groups(%s)", printer->dim_text[0]);
    cuda_kernel_launch(
        printer, block->item[from]->tag,
        cuda_kernel_function(printer, &part, "FLUX_TILES", size));
    return g.end - from;
}
