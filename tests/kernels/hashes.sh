#!/bin/sh
# hashes.sh - all compilers and flags must give the same bits.
#
#    hashes.sh [BUILD-FOLDER]
#
# Compiles hash.c each way and compares what it prints; a compiler that is not
# installed is named and left out. Exit status 1 if two hashes differ.

root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/sets.sh"
build=${1:-$(mktemp -d)}
mkdir -p "$build"
want=
passed=0
failed=0
skipped=0

# try NAME COMMAND...: compile, run, compare
try() {
    name=$1
    shift
    if ! command -v "$1" >/dev/null; then
        echo "skipped: no $1"
        skipped=$((skipped + 1))
        return
    fi
    if ! "$@" -DFLUX_KERNELS_HERE=1 -I"$root" "$root/tests/kernels/hash.c" -o "$build/hash" -lm; then
        echo "FAIL  $name: does not compile"
        failed=$((failed + 1))
        return
    fi
    got=$("$build/hash")
    want=${want:-$got}
    if [ "$got" = "$want" ]; then
        echo "ok    $got  $name"
        passed=$((passed + 1))
    else
        echo "FAIL  $got  $name"
        failed=$((failed + 1))
    fi
}

# Flags of gcc and clang, and the vectors that there is code for: all of them
# where none are named, and the machine's best run.
ways="-O0 |
-O1 | AVX2
-O2 |
-O3 | AVX512
-O2 -mfma | PLAIN
-O3 -march=native | AVX512
-Os -std=c11 | AVX2
-O2 -DFLUX_SOFT_FMA | AVX512"
for cc in gcc clang; do
    while IFS='|' read -r flags vectors; do
        # the flags are words of their own
        # shellcheck disable=SC2046,SC2086,SC2116
        try "$(echo $cc $flags $vectors)" $cc $flags $(only $vectors)
    done <<EOF
$ways
EOF
done
# shellcheck disable=SC2046
try "g++ -O2 AVX2" g++ -x c++ -O2 $(only AVX2)
# shellcheck disable=SC2046
try "clang++ -O2 AVX512" clang++ -x c++ -O2 $(only AVX512)
try "tcc" tcc
# A machine with half floats, which may be another than this.
half="gcc -O2 -mavx512fp16 -fsyntax-only"
if $half -x c /dev/null 2>/dev/null; then
    if $half -I"$root" "$root/tests/kernels/hash.c"; then
        passed=$((passed + 1))
    else
        echo "FAIL  $half"
        failed=$((failed + 1))
    fi
else
    echo "skipped: no gcc that knows AVX512-FP16"
    skipped=$((skipped + 1))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
