#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 64 };

void wsgi_buf_finish(struct wsgi_buf *b)
{
	if (b == NULL)
		return;
	free(b->data);
	*b = (struct wsgi_buf){0};
}

int wsgi_buf_reserve(struct wsgi_buf *b, size_t more)
{
	size_t cap = b->cap > SMALLEST ? b->cap : SMALLEST;
	char *data;

	if (more <= b->cap - b->len)
		return 0;
	if (more > PTRDIFF_MAX - b->len)
		return -ENOMEM;
	/* Twice as much each time: adding a byte costs the same however many there are. */
	while (cap < b->len + more)
		cap *= 2;
	data = realloc(b->data, cap);
	if (data == NULL)
		return -ENOMEM;
	b->data = data;
	b->cap = cap;
	return 0;
}

int wsgi_buf_add(struct wsgi_buf *b, const void *data, size_t len)
{
	/* Bytes of the buf itself move with it. */
	const size_t at = (uintptr_t)data - (uintptr_t)b->data;
	const bool is_own = at < b->cap;
	int rc = wsgi_buf_reserve(b, len);

	if (rc != 0 || len == 0)
		return rc;
	memcpy(b->data + b->len, is_own ? b->data + at : data, len);
	b->len += len;
	return 0;
}

int wsgi_buf_adds(struct wsgi_buf *b, const char *text)
{
	return wsgi_buf_add(b, text, strlen(text));
}

int wsgi_buf_addf(struct wsgi_buf *b, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0 || wsgi_buf_reserve(b, (size_t)len + 1) != 0)
		return -ENOMEM;
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)len;
	return 0;
}

void wsgi_buf_drop(struct wsgi_buf *b, size_t n)
{
	b->len -= n;
	if (n > 0 && b->len > 0)
		memmove(b->data, b->data + n, b->len);
}
