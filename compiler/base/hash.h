/* FNV-1a, 64 bits (Fowler, Noll and Vo): the hash of tables and texts. */
#ifndef FLUXC_BASE_HASH_H
#define FLUXC_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* The hash of nothing, with which every other begins. */
#define HASH_NOTHING UINT64_C(0xcbf29ce484222325)

/* Carries a hash on by one more number, in one step. */
uint64_t hash_word(uint64_t hash, uint64_t word);

/* Carries a hash on by more bytes: that of "foo" and "bar" is of "foobar". */
uint64_t hash_more(uint64_t hash, const char *text, size_t size);

/* The hash of these bytes alone. */
uint64_t hash_text(const char *text, size_t size);

/* Where to begin in a table of `slots`, a power of two. */
size_t hash_slot(uint64_t hash, size_t slots);

#endif
