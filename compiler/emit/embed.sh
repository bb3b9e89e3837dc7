#!/bin/sh
# Prints a C table of the files named on the command line, for --standalone and
# the native engine: embed.sh runtime/flux.h kernels/*.h > build/embedded.c
# The names are as programs include them: flux.h, kernels/flux_math.h.
set -eu
cat <<'TOP'
/* Made by compiler/emit/embed.sh: the text of headers. */
#include "emit/emit.h"

TOP
number=0
for file in "$@"; do
    echo "static const char text_$number[] = {"
    od -An -v -td1 "$file" | sed 's/  */ /g; s/^ //; s/ /,/g; s/$/,/'
    echo "0};"
    number=$((number + 1))
done
echo
echo "const EmbeddedFile embedded[] = {"
number=0
for file in "$@"; do
    echo "    {\"${file#runtime/}\", text_$number},"
    number=$((number + 1))
done
echo "    {0, 0}};"
