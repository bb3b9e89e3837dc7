/* Names, each stored once: two equal names are the same pointer. */
#ifndef FLUXC_BASE_INTERN_H
#define FLUXC_BASE_INTERN_H

#include "base/arena.h"

typedef struct {
    Arena *arena;
    const char **slot; /* open addressing; NULL is free */
    size_t capacity;   /* a power of two */
    size_t count;
} Names;

/* The one copy of a name, ended by 0. */
const char *intern(Names *names, const char *text, size_t length);
const char *intern_text(Names *names, const char *text);

#endif
