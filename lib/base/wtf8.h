#ifndef WSGI_BASE_WTF8_H
#define WSGI_BASE_WTF8_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

/*
 * wtf8 - the text of Windows, units of 16 bits, as bytes.
 *
 * Shape    UTF-16 there, UTF-8 here, but that names and values of Windows may hold any unit: a
 *          surrogate without its other half is three bytes, as if it were a character. Two
 *          halves side by side are the four bytes of their character and nothing else, so that
 *          every sequence of units has bytes of its own, and comes back from them as it was.
 *          What is valid UTF-16 becomes valid UTF-8.
 * Units    those of wchar_t, where it has 16 bits. Lengths count units, or bytes of a span.
 * Source   The WTF-8 encoding (Sapin); RFC 3629.
 */

/*
 * Append len units to out: a whole text, as a half at its end is not joined to what is appended
 * next. Any unit may be among them, 0 too. Returns 0 or -ENOMEM (out is as it was).
 */
int wsgi_wtf8_encode(const uint16_t *units, size_t len, struct wsgi_buf *out);

/* The bytes of units that end in 0, as a string: the caller's to free. NULL and ENOMEM. */
char *wsgi_wtf8_string(const uint16_t *units);

/*
 * The units of a text, with a 0 after them that does not count: the caller's to free. A byte that
 * belongs to no character becomes U+FFFD, each by itself. Two halves that are three bytes each,
 * which the functions above do not write, become two units and so one character.
 *   len   how many units; NULL when it does not matter
 * NULL and ENOMEM.
 */
uint16_t *wsgi_wtf8_decode(struct wsgi_span text, size_t *len);

#endif
