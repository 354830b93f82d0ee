#ifndef WSGI_BASE_BUF_H
#define WSGI_BASE_BUF_H

#include <stddef.h>

#include "base/decls.h"

WSGI_BEGIN_DECLS

/*
 * buf - bytes that grow.
 *
 * Shape    data[0..len) is filled, data[len..cap) is room. A zeroed struct is an empty buf.
 * Owner    whoever holds the struct; data moves when it grows.
 */
struct wsgi_buf {
	char *data;
	size_t len, cap;
};

/* Free the bytes; the buf is empty afterwards. NULL is fine. */
void wsgi_buf_finish(struct wsgi_buf *b);

/* Make room for at least more bytes after len. Returns 0 or -ENOMEM (the buf is as it was). */
int wsgi_buf_reserve(struct wsgi_buf *b, size_t more);

/* Append len bytes, which may be some of b's own. Returns 0 or -ENOMEM. */
int wsgi_buf_add(struct wsgi_buf *b, const void *data, size_t len);

/* Append a string, without its NUL. Returns 0 or -ENOMEM. */
int wsgi_buf_adds(struct wsgi_buf *b, const char *text);

/* Append what printf makes of fmt; no argument is out of b. Returns 0 or -ENOMEM. */
int wsgi_buf_addf(struct wsgi_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Drop the first n bytes, n <= len; the rest moves to the front. */
void wsgi_buf_drop(struct wsgi_buf *b, size_t n);

WSGI_END_DECLS

#endif
