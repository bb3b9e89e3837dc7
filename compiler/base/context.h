/* What one compilation shares: memory, names, sources, diagnostics. */
#ifndef FLUXC_BASE_CONTEXT_H
#define FLUXC_BASE_CONTEXT_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/intern.h"
#include "base/source.h"
#include "base/vec.h"

typedef struct {
    Arena arena;
    Arena scratch; /* what one step of a compilation needs, which frees it */
    Names names;
    Sources sources;
    VEC(const char *) data; /* files beside them that were read */
    Diags diags;
} Context;

/* Connects the members; the context must not move afterwards. */
void context_init(Context *context);
void context_free(Context *context);

#endif
