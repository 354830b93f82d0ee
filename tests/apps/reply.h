#ifndef TESTS_APPS_REPLY_H
#define TESTS_APPS_REPLY_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "wsgi/app.h"
#include "wsgi/body.h"

/*
 * reply - what the applications here share: "200 OK" with n headers and text; or, if rc is a
 * failure, nothing. Frees text. Returns rc, or what start says.
 */
static inline int reply(struct wsgi_buf *text, int rc, struct wsgi_start *start,
			const struct wsgi_header *headers, size_t n, struct wsgi_body **body)
{
	if (rc == 0)
		rc = wsgi_reply_bytes(start, body, "200 OK", headers, n, text->data, text->len);
	wsgi_buf_finish(text);
	return rc;
}

/* The value of a variable; "" when it is not set. */
static inline const char *value_of(const struct wsgi_environ *env, const char *name)
{
	const char *value = wsgi_environ_get(env, name);

	return value != NULL ? value : "";
}

/* CONTENT_LENGTH; 0: there is none. Returns 0 or -EINVAL. */
static inline int length_of(const struct wsgi_environ *env, uint64_t *length)
{
	*length = 0;
	return wsgi_length_parse(value_of(env, "CONTENT_LENGTH"), length) == WSGI_LENGTH_BAD
		       ? -EINVAL
		       : 0;
}

/* Append the request's body, by its CONTENT_LENGTH. Returns 0, -EINVAL, -ENOMEM, -errno. */
static inline int add_input(const struct wsgi_environ *env, struct wsgi_buf *out)
{
	uint64_t left;
	int rc = length_of(env, &left);

	while (rc == 0 && left > 0) {
		size_t want = left < 65536 ? (size_t)left : 65536;
		ssize_t n;

		rc = wsgi_buf_reserve(out, want);
		if (rc != 0)
			break;
		n = wsgi_input_read(env->input, out->data + out->len, want);
		if (n <= 0)
			return (int)n;
		out->len += (size_t)n;
		left -= (uint64_t)n;
	}
	return rc;
}

#endif
