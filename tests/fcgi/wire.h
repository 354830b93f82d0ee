#ifndef WSGI_TESTS_FCGI_WIRE_H
#define WSGI_TESTS_FCGI_WIRE_H

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "fcgi/pair.h"
#include "fcgi/record.h"

/* wire - what a web server sends, for the tests to put together. */

static inline void add_record(struct wsgi_buf *b, uint8_t type, uint16_t id, const void *content,
			      size_t len, uint8_t padding)
{
	static const char zeros[255];
	char head[FCGI_HEADER_LEN];

	wsgi_record_put_head(head, type, id, len, padding);
	wsgi_buf_add(b, head, sizeof(head));
	wsgi_buf_add(b, content, len);
	wsgi_buf_add(b, zeros, padding);
}

static inline void add_begin(struct wsgi_buf *b, uint16_t id, uint8_t role, uint8_t flags)
{
	const char body[8] = {0, (char)role, (char)flags};

	add_record(b, FCGI_BEGIN_REQUEST, id, body, sizeof(body), 0);
}

static inline void add_pair_bytes(struct wsgi_buf *b, const void *name, size_t name_len,
				  const void *value, size_t value_len)
{
	char head[8];

	wsgi_buf_add(b, head, wsgi_pair_put_head(head, name_len, value_len));
	wsgi_buf_add(b, name, name_len);
	wsgi_buf_add(b, value, value_len);
}

static inline void add_pair(struct wsgi_buf *b, const char *name, const char *value)
{
	add_pair_bytes(b, name, strlen(name), value, strlen(value));
}

/* A stream in records of at most part bytes, without the empty one that ends it. */
static inline void add_stream(struct wsgi_buf *b, uint8_t type, uint16_t id, const void *data,
			      size_t len, size_t part)
{
	for (size_t at = 0; at < len; at += part)
		add_record(b, type, id, (const char *)data + at, len - at < part ? len - at : part,
			   0);
}

/* PARAMS with the one variable PATH_INFO, whole. */
static inline void add_params(struct wsgi_buf *b, uint16_t id, const char *path)
{
	struct wsgi_buf pairs = {0};

	add_pair(&pairs, "PATH_INFO", path);
	add_record(b, FCGI_PARAMS, id, pairs.data, pairs.len, 0);
	add_record(b, FCGI_PARAMS, id, "", 0, 0);
	wsgi_buf_finish(&pairs);
}

static inline void add_request(struct wsgi_buf *b, uint16_t id, uint8_t flags, const char *path,
			       const void *body, size_t len)
{
	add_begin(b, id, FCGI_RESPONDER, flags);
	add_params(b, id, path);
	add_stream(b, FCGI_STDIN, id, body, len, 65535);
	add_record(b, FCGI_STDIN, id, "", 0, 0);
}

#endif
