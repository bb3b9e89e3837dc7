/* Unicode normalisation form C of names. */
#ifndef FLUXC_GRAMMAR_NFC_H
#define FLUXC_GRAMMAR_NFC_H

#include <stddef.h>

#define NFC_MAX 1000 /* bytes of a text; no name is longer */

/* Normalises text[0..length), valid UTF-8 of at most NFC_MAX bytes, to `to`,
 * which has room for 4 * NFC_MAX bytes; gives the length there. Beyond form C,
 * as Julia does, the micro sign becomes mu and the open e epsilon.
 */
size_t nfc(const char *text, size_t length, char *to);

#endif
