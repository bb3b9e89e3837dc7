/* Arguments of builtins: keywords and dimensions. */
#ifndef FLUXC_SCRIPT_ARGS_H
#define FLUXC_SCRIPT_ARGS_H

#include "script/value/state.h"

/* The place of argument i; its text, which it must be. */
Span args_at(const Args *args, size_t i);
Text args_text(Script *s, const Args *args, size_t i);

/* The value of a keyword argument, or nothing. */
bool args_key(const Args *args, const char *name, Value *value);

/* dims = 1, dims = (1, 2): bits of the axes, 0 if there is none. */
uint32_t args_axes(Script *s, const Args *args);

/* Lengths given as numbers from `first` on, or as one tuple: the rank. */
int args_dims(Script *s, const Args *args, size_t first, int64_t *dim);

#endif
