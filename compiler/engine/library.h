/* Shared libraries that are loaded when they are needed. */
#ifndef FLUXC_ENGINE_LIBRARY_H
#define FLUXC_ENGINE_LIBRARY_H

#include <stdbool.h>

/* The first that can be loaded of some names, whose list ends with NULL: in
 * $CUDA_HOME/lib64, where the system looks, in /usr/local/cuda/lib64. NULL:
 * none.
 */
void *library_open(const char *const *names);

/* The address of a function, in the pointer that `function` points to; false
 * where there is none of that name.
 */
bool library_function(void *library, const char *name, void *function);

/* NULL is legal. */
void library_close(void *library);

#endif
