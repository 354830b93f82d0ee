#ifndef WSGI_HEADERS_H
#define WSGI_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/decls.h"
#include "base/error.h"
#include "base/span.h"

WSGI_BEGIN_DECLS

struct wsgi_start;

/* One header of a response, as an application gives it. */
struct wsgi_header {
	const char *name;
	const char *value;
};

/*
 * headers - the header fields of a response.
 *
 * Shape    an ordered list of name and value; the same name may stand there several times;
 *          names compare without regard to case, as str.lower() sees latin-1.
 * Owner    keeps its own copy of every name and value, which may come out of the same headers.
 * Errors   0 or -errno; -EINVAL for a control character, with words where an err is taken.
 * Source   wsgiref/headers.py Headers.
 */
struct wsgi_headers {
	struct wsgi_field *fields; /* len of them; private */
	size_t len, cap;
	struct wsgi_buf text; /* the bytes of all of them; private */
};

void wsgi_headers_init(struct wsgi_headers *h);
void wsgi_headers_finish(struct wsgi_headers *h);

/* Remove all fields, keeping the memory. */
void wsgi_headers_clear(struct wsgi_headers *h);

/*
 * Whether name and value may be a header: no control character in the name, none but a tab in the
 * value. Returns 0 or -EINVAL with words. Source: CPython's Headers (CVE-2026-0865).
 */
int wsgi_header_check(struct wsgi_span name, struct wsgi_span value, struct wsgi_error *err);

/* Append a field, kept in order. Checked. Returns 0, -EINVAL, -ENOMEM. */
int wsgi_headers_add(struct wsgi_headers *h, const char *name, const char *value);

/* Append a field of bytes. Not checked: for those that wsgi_header_check() has seen. */
int wsgi_headers_add_span(struct wsgi_headers *h, struct wsgi_span name, struct wsgi_span value);

/* Parameter of add_header: ; name="value". An underscore in name becomes a hyphen. */
struct wsgi_header_param {
	const char *name;
	const char *value; /* NULL: the bare name */
};

/*
 * Headers.add_header(name, value, **params): append value with parameters after it.
 *   value   NULL: parameters alone
 * Returns 0, -EINVAL, -ENOMEM.
 */
int wsgi_headers_add_header(struct wsgi_headers *h, const char *name, const char *value,
			    const struct wsgi_header_param *params, size_t n);

/* Headers[name] = value: remove every field of that name, append this one. */
int wsgi_headers_set(struct wsgi_headers *h, const char *name, const char *value);

/*
 * Headers.setdefault(): append unless a field of that name is there.
 * Returns 0, -EINVAL, -ENOMEM; wsgi_headers_get() then says the value.
 */
int wsgi_headers_setdefault(struct wsgi_headers *h, const char *name, const char *value);

/* del Headers[name]: remove every field of that name. */
void wsgi_headers_delete(struct wsgi_headers *h, const char *name);

/* The first value of that name, with a NUL after it, borrowed until h next changes; or NULL. */
const char *wsgi_headers_get(const struct wsgi_headers *h, const char *name);

/* Headers.get_all(): value number i of that name, borrowed; NULL when there are not so many. */
const char *wsgi_headers_get_all(const struct wsgi_headers *h, const char *name, size_t i);

/* name in Headers. */
bool wsgi_headers_contains(const struct wsgi_headers *h, const char *name);

/* len(Headers): the fields, those of one name counted each. */
size_t wsgi_headers_len(const struct wsgi_headers *h);

/*
 * Headers(list): append n fields, none of h's own, in order.
 * Returns 0; -EINVAL, -ENOMEM: h is as it was.
 */
int wsgi_headers_add_all(struct wsgi_headers *h, const struct wsgi_header *list, size_t n);

/* keys(), values(), items(): field i of len, in order; borrowed until h next changes. */
void wsgi_headers_at(const struct wsgi_headers *h, size_t i, struct wsgi_span *name,
		     struct wsgi_span *value);

/*
 * start_response(status, Headers.items(), exc_info): give a head to start.
 *   exc   as for start->respond
 * Returns what that returned; -ENOMEM.
 */
int wsgi_headers_respond(const struct wsgi_headers *h, struct wsgi_start *start, const char *status,
			 const struct wsgi_error *exc);

/* bytes(Headers): append "Name: value\r\n" for each field, then "\r\n". Returns 0 or -ENOMEM. */
int wsgi_headers_bytes(const struct wsgi_headers *h, struct wsgi_buf *out);

WSGI_END_DECLS

#endif
