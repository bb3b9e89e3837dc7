/* Finds shared libraries, and functions in them. */
#define _POSIX_C_SOURCE 200809L
#include "engine/library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
open_in(const char *folder, const char *name)
{
    char path[4096];
    int length = snprintf(path, sizeof path, "%s%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return NULL;
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

void *
library_open(const char *const *names)
{
    char home[4000] = "";
    const char *set = getenv("CUDA_HOME");
    if (set != NULL && *set == '/')
        snprintf(home, sizeof home, "%s/lib64/", set);
    const char *const folder[] = {home, "", "/usr/local/cuda/lib64/"};
    for (size_t i = *home == 0; i < sizeof folder / sizeof *folder; i++) {
        for (size_t k = 0; names[k] != NULL; k++) {
            void *library = open_in(folder[i], names[k]);
            if (library != NULL)
                return library;
        }
    }
    return NULL;
}

/* POSIX lets a pointer to an object hold it. */
bool
library_function(void *library, const char *name, void *function)
{
    void *address = dlsym(library, name);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

void
library_close(void *library)
{
    if (library != NULL)
        dlclose(library);
}
