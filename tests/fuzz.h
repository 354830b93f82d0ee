#ifndef WSGI_TESTS_FUZZ_H
#define WSGI_TESTS_FUZZ_H

/*
 * fuzz - a fuzzer's bytes, taken apart into what a target asks for.
 *
 * When the bytes are used up there are zeros and empty texts, so that a target need not look. What
 * fuzz_span() and fuzz_text() give is on the heap, exactly as long as it says, so that a read
 * beyond it is seen; the target frees it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"

struct fuzz {
	const uint8_t *data;
	size_t len;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What always holds; a finding otherwise. */
#define must(holds) ((holds) ? (void)0 : fuzz_finding(__FILE__, __LINE__, #holds))

__attribute__((noreturn)) static inline void fuzz_finding(const char *file, int line,
							  const char *claim)
{
	fprintf(stderr, "%s:%d: it does not hold that %s\n", file, line, claim);
	abort();
}

static inline uint8_t fuzz_byte(struct fuzz *f)
{
	if (f->len == 0)
		return 0;
	f->len--;
	return *f->data++;
}

/* A number below n, n <= 256. */
static inline size_t fuzz_below(struct fuzz *f, size_t n)
{
	return fuzz_byte(f) % n;
}

/* Whatever bytes, at most max of them, max <= 255. */
static inline struct wsgi_span fuzz_span(struct fuzz *f, size_t max)
{
	size_t len = fuzz_below(f, max + 1);
	char *copy;

	if (len > f->len)
		len = f->len;
	copy = malloc(len);
	must(copy != NULL || len == 0);
	if (len > 0)
		memcpy(copy, f->data, len);
	f->data += len;
	f->len -= len;
	return (struct wsgi_span){copy, len};
}

/* A string: what stands before the first NUL of such bytes. */
static inline char *fuzz_text(struct fuzz *f, size_t max)
{
	size_t len = fuzz_below(f, max + 1);
	char *copy;

	if (len > f->len)
		len = f->len;
	copy = strndup(len > 0 ? (const char *)f->data : "", len);
	must(copy != NULL);
	f->data += len;
	f->len -= len;
	return copy;
}

/* All that is left, as a string. */
static inline char *fuzz_rest(struct fuzz *f)
{
	char *copy = strndup(f->len > 0 ? (const char *)f->data : "", f->len);

	must(copy != NULL);
	f->len = 0;
	return copy;
}

/* A string, or NULL: it is not there. */
static inline char *fuzz_maybe(struct fuzz *f, size_t max)
{
	return fuzz_byte(f) % 4 != 0 ? fuzz_text(f, max) : NULL;
}

static inline void fuzz_free(struct wsgi_span s)
{
	union {
		const char *borrowed;
		char *own;
	} data = {.borrowed = s.data};

	free(data.own);
}

static inline bool same(struct wsgi_span a, struct wsgi_span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

#endif
