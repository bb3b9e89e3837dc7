/* C compiled by the system's compiler, and loaded. */
#ifndef FLUXC_ENGINE_BUILD_H
#define FLUXC_ENGINE_BUILD_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* Compiles a C text, or finds that in the cache, and loads it, with the
 * functions fluxc_run and fluxc_arena. NULL, or what went wrong, in the arena.
 */
const char *build_library(Arena *arena, const char *text, size_t size,
                          bool no_cache, void **library);

#endif
