/* The context: connects the members to one arena. */
#include "base/context.h"

void
context_init(Context *context)
{
    *context = (Context){0};
    context->names.arena = &context->arena;
    context->sources.arena = &context->arena;
    context->diags.arena = &context->arena;
    context->diags.sources = &context->sources;
}

void
context_free(Context *context)
{
    arena_free(&context->scratch);
    arena_free(&context->arena);
    *context = (Context){0};
}
