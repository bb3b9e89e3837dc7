/* flux_library.h - what holds a program to the library of its headers.
 *
 * Every file that includes flux.h names a symbol of libflux.a whose name has
 * FLUX_ABI in it, which the library of another version has not: linked to that,
 * `undefined reference to flux_library_abi_5` says which one is wanted. It is
 * never read. Who has no library, as --standalone and FLUX_KERNELS_HERE, names
 * none.
 */
#ifndef FLUX_LIBRARY_H
#define FLUX_LIBRARY_H

#define FLUX_LIBRARY_ABI(version)  FLUX_LIBRARY_NAME(version)
#define FLUX_LIBRARY_NAME(version) flux_library_abi_##version

#ifdef __cplusplus
extern "C" {
#endif

/* Where -Wl,--gc-sections leaves out what nothing names, this stays; for
 * firmware gcc knows no such mark.
 */
#if defined(__has_attribute) && (defined(__linux__) || defined(__clang__))
#if __has_attribute(retain)
#define FLUX_LIBRARY_KEPT __attribute__((used, retain))
#endif
#endif
#ifndef FLUX_LIBRARY_KEPT
#define FLUX_LIBRARY_KEPT __attribute__((used))
#endif

extern const char FLUX_LIBRARY_ABI(FLUX_ABI); /* library.c */

#if (defined(__GNUC__) || defined(__TINYC__)) && !defined(__CUDACC__) &&       \
    (!defined(FLUX_KERNELS_HERE) || !FLUX_KERNELS_HERE)
static const char *const flux_library FLUX_LIBRARY_KEPT =
    &FLUX_LIBRARY_ABI(FLUX_ABI);
#endif

#ifdef __cplusplus
}
#endif
#endif
