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

/* Take off text what stands before the first c, and that c too; all of it when there is none. */
static struct wsgi_span cut(struct wsgi_span *text, char c)
{
	const char *at = text->len > 0 ? memchr(text->data, c, text->len) : NULL;
	const struct wsgi_span piece = {
		.data = text->data,
		.len = at != NULL ? (size_t)(at - text->data) : text->len,
	};
	const size_t used = at != NULL ? piece.len + 1 : piece.len;

	if (used > 0)
		*text = (struct wsgi_span){.data = text->data + used, .len = text->len - used};
	return piece;
}

/* Append text decoded. "+" first: one that was "%2B" is none. */
static int add_decoded(struct wsgi_buf *out, struct wsgi_span text)
{
	while (text.len > 0) {
		const struct wsgi_span piece = cut(&text, '+');
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
		struct wsgi_span field = cut(&q->left, '&');
		int rc;

		if (field.len == 0)
			continue;
		rc = decode(&q->name, cut(&field, '='), name);
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
