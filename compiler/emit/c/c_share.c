/* Loops over samples that threads share: each a function of its own, which does
 * one thread's, and a task that holds what it names.
 *
 * A function of more parameters than every C compiler takes is given the task
 * instead of what it holds.
 *
 * Where they share a room, a thread's blocks are its share of one block, so
 * that all parts together are as large as one thread alone needs it. Of what
 * has no rows each thread has its own.
 */
#include "emit/c/c_layers.h"
#include "emit/c/c_model.h"

#include <string.h>

enum {
    SHARE_UNIT = 8,    /* samples that go to one thread */
    PARAMETERS = 127,  /* of a function: what C promises (C11, 5.2.4.1), */
    OWN_PARAMETERS = 3 /* of which these are isa, thread and threads */
};

/* A thread's share of some samples begins or ends there. */
static const char *
share_of(const Printer *printer, const char *samples, const char *thread,
         const char *threads)
{
    return arena_printf(printer->arena, "flux_share(%s, %d, %s, %s)", samples,
                        SHARE_UNIT, thread, threads);
}

/* Declares the buffers in a room, as the part of one thread, before which stand
 * those of so many samples or threads.
 */
static void
declare_room(Printer *printer, const Buffer *room, const char *before)
{
    const Schedule *s = printer->s;
    Writer *writer = printer->writer;
    const char *whole = printer->memory[room - s->buffer.item].text;
    const char *at = printer_name(printer, "own");
    const char *times = "";
    Dim bytes = room->count / schedule_held(room->each);
    if (room->each == EACH_sample)
        times = arena_printf(printer->arena, " * %s", printer->block);
    writer_line(writer, "uint8_t *%s = %s + %lld * %s;", at, whole,
                (long long)bytes, before);
    for (int b = s->slot.item[room->slot].buffers; b != 0;
         b = s->buffer.item[b - 1].next) {
        const Buffer *part = &s->buffer.item[b - 1];
        if (part->room != room - s->buffer.item + 1)
            continue;
        const char *type = c_type(part->dtype);
        const int number = b - 1;
        const char *name =
            printer_typed(printer, layers_array(printer, &number, 1),
                          arena_printf(printer->arena, "%s *", type));
        Dim offset = part->offset - room->offset;
        const char *from = at;
        if (offset > 0)
            from = arena_printf(printer->arena, "(%s + %lld%s)", at,
                                (long long)offset, times);
        printer->memory[number] = (Memory){name, false};
        writer_line(writer, "%s *%s = (void *)%s;", type, name, from);
    }
}

/* What one thread does of the loop. */
static void
print_share(Printer *printer, const Stmt *loop)
{
    const Schedule *s = printer->s;
    const char *thread = printer_name(printer, "thread");
    const char *threads = printer_name(printer, "threads");
    printer->thread = thread;
    printer->threads = threads;
    const LoopVar *var = &s->var.item[schedule_var(s, loop->var)];
    const char *extent = c_dim(printer, var->extent).text;
    const char *next = arena_printf(printer->arena, "%s + 1", thread);
    Writer *writer = printer->writer;
    printer->block = arena_printf(printer->arena, "%d", SCHEDULE_BLOCK);
    printer->begin = printer_typed(printer, "begin", "size_t ");
    printer->end = printer_typed(printer, "end", "size_t ");
    writer_line(writer, "const size_t %s = %s;", printer->begin,
                share_of(printer, extent, thread, threads));
    writer_line(writer, "const size_t %s = %s;", printer->end,
                share_of(printer, extent, next, threads));
    const int *room = loop->room;
    if (room[EACH_sample] != 0) {
        const char *whole = arena_printf(printer->arena, "FLUX_MIN(%s, %d)",
                                         extent, SCHEDULE_BLOCK);
        const char *first = printer_typed(printer, "first", "size_t ");
        printer->block = printer_typed(printer, "block", "size_t ");
        writer_line(writer, "const size_t %s = %s;", first,
                    share_of(printer, whole, thread, threads));
        writer_line(writer, "const size_t %s = %s - %s;", printer->block,
                    share_of(printer, whole, next, threads), first);
        declare_room(printer, &s->buffer.item[room[EACH_sample] - 1], first);
    }
    if (room[EACH_thread] != 0)
        declare_room(printer, &s->buffer.item[room[EACH_thread] - 1], thread);
    printer_stmt(printer, loop);
}

/* The next of "a, b, c", of *length bytes; NULL behind the last. */
static const char *
next_of(const char **list, int *length)
{
    const char *one = *list;
    if (*one == 0)
        return NULL;
    *length = (int)strcspn(one, ",");
    *list = one + *length + strspn(one + *length, ", ");
    return one;
}

/* Whether a share's function has the task as its last parameter. */
static bool
takes_task(const PartText *part)
{
    const char *formal = part->formal;
    int length;
    int count = OWN_PARAMETERS;
    while (next_of(&formal, &length) != NULL)
        count++;
    return count > PARAMETERS;
}

static void
define_task(Writer *to, const char *isa, const PartText *part)
{
    const char *formal = part->formal;
    const char *one;
    int length;
    writer_raw(to, "\ntypedef struct {\n");
    to->depth++;
    writer_line(to, "flux_isa %s;", isa);
    while ((one = next_of(&formal, &length)) != NULL)
        writer_line(to, "%.*s;", length, one);
    to->depth--;
    writer_line(to, "} %s_task;", part->name);
}

/* What a pool calls with the task. */
static void
define_entry(Writer *to, const char *isa, const PartText *part)
{
    const char *name = part->name;
    const char *actual = part->actual;
    const char *members = "";
    const char *one;
    int length;
    if (takes_task(part)) {
        members = ", t";
        actual = "";
    }
    while ((one = next_of(&actual, &length)) != NULL)
        members = arena_printf(to->arena, "%s, t->%.*s", members, length, one);
    writer_raw(to, "\nstatic FLUX_CALLS void\n");
    writer_line(to, "%s_share(void *task, size_t thread, size_t threads)",
                name);
    writer_line(to, "{");
    writer_line(to, "const %s_task *t = task;", name);
    writer_line(to, "threads = flux_share_threads(threads);");
    writer_line(to, "if (thread < threads)");
    to->depth++;
    writer_line(to, "%s_%s(t->%s, thread, threads%s);", name,
                part->calls ? "calls" : "isa", isa, members);
    to->depth--;
    writer_line(to, "}");
}

/* A share's function whose last parameter is the task: what that holds is
 * declared first.
 */
static void
give_task(const Printer *printer, const PartText *part, PartText *share)
{
    Arena *arena = printer->arena;
    const char *formal = part->formal;
    const char *actual = part->actual;
    const char *task = "task";
    const char *one;
    const char *other;
    int length;
    int width;
    for (int i = 2; c_mentions(part->body, task); i++)
        task = arena_printf(arena, "task%d", i);
    Writer body;
    writer_init(&body, arena);
    body.depth = 1;
    while ((one = next_of(&formal, &length)) != NULL &&
           (other = next_of(&actual, &width)) != NULL)
        writer_line(&body, "%.*s = %s->%.*s;", length, one, task, width, other);
    writer_raw(&body, part->body);
    share->body = body.text;
    share->formal = arena_printf(arena, "const %s_task *%s", part->name, task);
    share->actual = task;
}

/* The function that does one thread's share, and its task. */
static void
define_function(const Printer *printer, const PartText *part, const char *isa)
{
    Writer *parts = printer->parts;
    PartText share = *part;
    const bool task = takes_task(part);
    if (task) {
        define_task(parts, isa, part);
        give_task(printer, part, &share);
    }
    share.formal =
        arena_printf(parts->arena, "size_t %s, size_t %s, %s", printer->thread,
                     printer->threads, share.formal);
    share.actual = arena_printf(parts->arena, "%s, %s, %s", printer->thread,
                                printer->threads, share.actual);
    part_for_each_isa(parts, &share, isa);
    if (!task)
        define_task(parts, isa, part);
    define_entry(parts, isa, part);
}

/* The task that holds what is in scope; on a line, if it fits. */
static void
declare_task(Printer *printer, const PartText *part, const char *isa,
             const char *task)
{
    Writer *writer = printer->writer;
    const char *actual = part->actual;
    const char *given = part->given;
    const char *one;
    const char *other;
    int length;
    int width;
    const char *head =
        arena_printf(printer->arena, "%s_task %s = {", part->name, task);
    const char *line =
        arena_printf(printer->arena, "%s%s, %s};", head, printer->isa, given);
    if (writer_width(line) <= writer_room(writer)) {
        writer_line(writer, "%s", line);
        return;
    }
    writer_line(writer, "%s", head);
    writer_line(writer, ".%s = %s,", isa, printer->isa);
    while ((one = next_of(&actual, &length)) != NULL &&
           (other = next_of(&given, &width)) != NULL)
        writer_line(writer, ".%.*s = %.*s,", length, one, width, other);
    writer_line(writer, "};");
}

static bool
is_shared(const Printer *printer, const Stmt *loop)
{
    return loop->shared && printer->pool != NULL && printer->isa != NULL &&
           printer->block == NULL;
}

/* What one thread does, in a function that names what is in scope. */
static void
define_share(Printer *printer, const Stmt *loop, PartText *part)
{
    Arena *arena = printer->arena;
    Writer *writer = printer->writer;
    size_t mark = c_scope_mark(&printer->scope);
    Writer body;
    writer_init(&body, arena);
    body.depth = 1;
    printer->writer = &body;
    print_share(printer, loop);
    printer->block = NULL;
    printer->writer = writer;
    c_scope_leave(&printer->scope, mark);
    part->name = printer->shares++ == 0
                     ? arena_printf(arena, "%s_samples", printer->function)
                     : arena_printf(arena, "%s_samples%d", printer->function,
                                    printer->shares);
    part->body = body.text;
    part_names(printer, part);
    part->given = part->actual;
}

bool
share_print(Printer *printer, const Stmt *loop)
{
    if (!is_shared(printer, loop))
        return false;
    const char *pool = printer->pool;
    const bool calls = printer->calls;
    const char *isa = printer->nested ? "isa" : printer->isa;
    PartText part = {.comment = "One thread's share of the samples.",
                     .calls = nests_alone(printer, loop)};
    bool is_new = true;
    printer->pool = NULL;
    printer->calls = false;
    if (printer->nested)
        is_new = nest_define(printer, loop, print_share, "samples", &part);
    else
        define_share(printer, loop, &part);
    if (is_new)
        define_function(printer, &part, isa);
    printer->pool = pool;
    printer->calls = calls;
    const char *task = printer_name(printer, "task");
    declare_task(printer, &part, isa, task);
    writer_line(printer->writer, "flux_share_task(%s, %s_share, &%s);", pool,
                part.name, task);
    return true;
}
