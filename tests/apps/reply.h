#ifndef TESTS_APPS_REPLY_H
#define TESTS_APPS_REPLY_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "wsgi/app.h"

/* reply - for applications that make the whole of a small answer: a body of one chunk. */
struct reply {
	struct wsgi_body body;
	struct wsgi_buf text;
	bool sent;
};

static int reply_next(struct wsgi_body *body, const void **data, size_t *len)
{
	struct reply *r = container_of(body, struct reply, body);

	if (r->sent)
		return 0;
	r->sent = true;
	*data = r->text.data != NULL ? r->text.data : "";
	*len = r->text.len;
	return 1;
}

static int reply_close(struct wsgi_body *body)
{
	struct reply *r = container_of(body, struct reply, body);

	wsgi_buf_finish(&r->text);
	free(r);
	return 0;
}

static int reply_count(struct wsgi_body *body, size_t *count)
{
	(void)body;
	*count = 1;
	return 0;
}

/* An empty answer; NULL: no memory. */
static inline struct reply *reply_create(void)
{
	struct reply *r = calloc(1, sizeof(*r));

	if (r != NULL)
		r->body = (struct wsgi_body){.next = reply_next,
					     .close = reply_close,
					     .count = reply_count,
					     .eager = true};
	return r;
}

/* "200 OK" with n headers, and the answer; or, if rc is a failure, nothing. Returns rc. */
static inline int reply_send(struct reply *r, int rc, struct wsgi_start *start,
			     const struct wsgi_header *headers, size_t n, struct wsgi_body **body)
{
	if (rc == 0)
		rc = start->respond(start, "200 OK", headers, n, NULL);
	if (rc == 0)
		*body = &r->body;
	else
		reply_close(&r->body);
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
