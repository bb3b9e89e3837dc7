/* FNV-1a. */
#include "base/hash.h"

uint64_t
hash_word(uint64_t hash, uint64_t word)
{
    return (hash ^ word) * UINT64_C(0x100000001b3);
}

uint64_t
hash_more(uint64_t hash, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = hash_word(hash, (unsigned char)text[i]);
    return hash;
}

uint64_t
hash_text(const char *text, size_t size)
{
    return hash_more(HASH_NOTHING, text, size);
}

/* A product's low bits know only the low bits of what went in. */
size_t
hash_slot(uint64_t hash, size_t slots)
{
    return (size_t)(hash ^ hash >> 32) & (slots - 1);
}
