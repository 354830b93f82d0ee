#include "wsgi/query.h"

#include <errno.h>
#include <string.h>

#include "wsgi/uri.h"

void wsgi_query_init(struct wsgi_query *q, struct wsgi_span text)
{
	*q = (struct wsgi_query){.left = text};
}

void wsgi_query_finish(struct wsgi_query *q)
{
	if (q == NULL)
		return;
	wsgi_buf_finish(&q->name);
	wsgi_buf_finish(&q->value);
}

/* Append text decoded. "+" first: one that was "%2B" is none. */
static int add_decoded(struct wsgi_buf *out, struct wsgi_span text)
{
	while (text.len > 0) {
		const struct wsgi_span piece = wsgi_span_cut(&text, '+');
		const bool blank = text.data > piece.data + piece.len;
		int rc = wsgi_percent_decode(piece, out);

		if (rc == 0 && blank)
			rc = wsgi_buf_add(out, " ", 1);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* Let out be text decoded, with a NUL after it that does not count. */
static int decode(struct wsgi_buf *out, struct wsgi_span text, struct wsgi_span *decoded)
{
	int rc;

	out->len = 0;
	rc = add_decoded(out, text);
	if (rc == 0)
		rc = wsgi_buf_add(out, "", 1);
	if (rc == 0)
		*decoded = (struct wsgi_span){.data = out->data, .len = out->len - 1};
	return rc;
}

int wsgi_query_next(struct wsgi_query *q, struct wsgi_span *name, struct wsgi_span *value)
{
	while (q->left.len > 0) {
		struct wsgi_span field = wsgi_span_cut(&q->left, '&');
		int rc;

		if (field.len == 0)
			continue;
		rc = decode(&q->name, wsgi_span_cut(&field, '='), name);
		if (rc == 0)
			rc = decode(&q->value, field, value);
		return rc == 0 ? 1 : rc;
	}
	return 0;
}

int wsgi_query_get(struct wsgi_span text, const char *name, struct wsgi_buf *out)
{
	struct wsgi_span found, value;
	struct wsgi_query q;
	int rc;

	wsgi_query_init(&q, text);
	do
		rc = wsgi_query_next(&q, &found, &value);
	while (rc == 1 && !wsgi_span_is(found, name));
	if (rc == 1 && wsgi_buf_add(out, value.data, value.len + 1) != 0)
		rc = -ENOMEM;
	if (rc == 1)
		out->len--; /* the NUL does not count */
	wsgi_query_finish(&q);
	return rc;
}
