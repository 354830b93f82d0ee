#ifndef WSGI_SERVE_SECRETS_H
#define WSGI_SERVE_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/span.h"
#include "wsgi/environ.h"

/*
 * secrets - the cookies and credentials of a request, cut out of what a page shows.
 *
 * Shape    Cookie, Authorization and Proxy-Authorization. A text loses each of them of 4 bytes at
 *          least, each cookie's value and each credential of 8 at least, and any 12 bytes that it
 *          has in common with one of the headers: a text may hold a part of them, or be cut.
 *          What has been coded, as into base64, is not found.
 * Owner    the bytes are the environ's, which must stay as it is until the end.
 */
struct wsgi_secrets {
	struct wsgi_span *list;
	size_t len;
	unsigned char starts[1 << 13]; /* which four bytes are somewhere in one: a bit for a hash */
};

/* Whether the value of a variable is one. */
bool wsgi_secrets_has(struct wsgi_span name);

/* Collect those of a request. Returns 0; -ENOMEM. Finish them in either case. */
int wsgi_secrets_init(struct wsgi_secrets *s, const struct wsgi_environ *env);
void wsgi_secrets_finish(struct wsgi_secrets *s);

/* Append a text with "(hidden)" in place of what it has of them. Returns 0; -ENOMEM. */
int wsgi_secrets_hide(const struct wsgi_secrets *s, struct wsgi_buf *out, struct wsgi_span text);

#endif
