/* The folder of the cache, and its files. */
#define _POSIX_C_SOURCE 200809L
#include "engine/cache.h"

#include "base/hash.h"
#include "emit/emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *
folder_of(const char *variable)
{
    const char *path = getenv(variable);
    return path != NULL && *path == '/' ? path : NULL;
}

char *
cache_path(Arena *arena, const char *how, const char *text, size_t size,
           const char *end)
{
    const char *cache = folder_of("XDG_CACHE_HOME");
    const char *home = folder_of("HOME");
    if (cache == NULL && home == NULL)
        return NULL;
    if (cache == NULL)
        cache = arena_printf(arena, "%s/.cache", home);
    uint64_t other = hash_text("fluxc", 5);
    uint64_t hash = hash_text(how, strlen(how));
    hash = hash_more(hash, text, size);
    other = hash_more(other, text, size);
    for (const EmbeddedFile *file = embedded; file->name != NULL; file++)
        other = hash_more(other, file->text, strlen(file->text));
    mkdir(cache, 0700);
    char *folder = arena_printf(arena, "%s/fluxc", cache);
    mkdir(folder, 0700);
    return arena_printf(arena, "%s/%016llx%016llx%s", folder,
                        (unsigned long long)hash, (unsigned long long)other,
                        end);
}

bool
cache_has(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
           info.st_uid == geteuid() && (info.st_mode & 022) == 0;
}

char *
cache_read(Arena *arena, const char *path, size_t *bytes)
{
    struct stat info;
    FILE *file = fopen(path, "rb");
    char *data = NULL;
    if (file != NULL && fstat(fileno(file), &info) == 0) {
        *bytes = (size_t)info.st_size;
        data = arena_alloc(arena, *bytes + 1);
        if (fread(data, 1, *bytes, file) != *bytes)
            data = NULL;
    }
    if (file != NULL)
        fclose(file);
    return data;
}

void
cache_write(Arena *arena, const char *path, const void *data, size_t bytes)
{
    char *half = arena_printf(arena, "%s.%ld", path, (long)getpid());
    FILE *file = fopen(half, "wb");
    bool fine = file != NULL && fwrite(data, 1, bytes, file) == bytes;
    if (file != NULL && fclose(file) != 0)
        fine = false;
    if (!fine || rename(half, path) != 0)
        unlink(half);
}
