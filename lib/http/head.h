#ifndef WSGI_HTTP_HEAD_H
#define WSGI_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "wsgi/headers.h"

/* A head may have so many bytes, its blank line included. */
enum { WSGI_HTTP_HEAD_MAX = 64 * 1024 };

/*
 * head - the head of a CGI response, whoever wrote it: an application's handler or a FastCGI
 * backend.
 *
 * Shape    fed in slices of any size up to the blank line; lines end in "\r\n" or "\n". Once it is
 *          whole, what a server acts on has members; the rest is in headers, in order. Fields that
 *          belong to one connection (hop-by-hop) are dropped: the HTTP side has its own.
 * Owner    keeps its own copy of all bytes.
 * Source   RFC 3875, 6.
 */
struct wsgi_http_head {
	struct wsgi_buf raw; /* the bytes so far; private */
	bool whole;          /* the blank line has come; the members below say something */
	int status;          /* 200 to 999; without "Status:" it is 200, or 302 with "Location:" */
	uint64_t content_length;     /* UINT64_MAX: none */
	struct wsgi_headers headers; /* without the first Status, and Content-Length */
};

void wsgi_http_head_init(struct wsgi_http_head *h);
void wsgi_http_head_finish(struct wsgi_http_head *h);

/*
 * Give the next len bytes to a head that is not whole.
 * Returns how many belonged to the head, all of them while it is not whole; -EPROTO for a malformed
 * or too long head, with words in err; -ENOMEM.
 */
ssize_t wsgi_http_head_feed(struct wsgi_http_head *h, const void *data, size_t len,
			    struct wsgi_error *err);

#endif
