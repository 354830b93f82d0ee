#ifndef WSGI_QUERY_H
#define WSGI_QUERY_H

#include "base/buf.h"
#include "base/decls.h"
#include "base/span.h"

WSGI_BEGIN_DECLS

/*
 * query - the fields of a query string, or of a form that was posted as
 * application/x-www-form-urlencoded.
 *
 * Shape    read field by field, in order; "a=1&a=2" has two, "a" and "a=" have an empty value,
 *          nothing between two "&" is no field. "+" is a blank, "%41" is an "A"; a "%" without two
 *          digits stays. Names and values are bytes: UTF-8 if the page was.
 * Source   urllib.parse.parse_qsl(keep_blank_values=True); the URL Standard, 5.1.
 */
struct wsgi_query {
	struct wsgi_span left;       /* not read yet; private */
	struct wsgi_buf name, value; /* of the field read last; private */
};

/* Begin to read text, which is borrowed. */
void wsgi_query_init(struct wsgi_query *q, struct wsgi_span text);
void wsgi_query_finish(struct wsgi_query *q);

/*
 * Read the next field. Both spans are followed by a NUL that does not count, and are borrowed until
 * the next call. Returns 1; 0 at the end; -ENOMEM.
 */
int wsgi_query_next(struct wsgi_query *q, struct wsgi_span *name, struct wsgi_span *value);

/*
 * Append to out the value of the first field of that name in text, and after it a NUL that does not
 * count. Returns 1; 0 when there is none; -ENOMEM.
 */
int wsgi_query_get(struct wsgi_span text, const char *name, struct wsgi_buf *out);

WSGI_END_DECLS

#endif
