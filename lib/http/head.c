#include "http/head.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "http/token.h"
#include "wsgi/hop.h"
#include "wsgi/input.h"
#include "wsgi/status.h"

void wsgi_http_head_init(struct wsgi_http_head *h)
{
	*h = (struct wsgi_http_head){.content_length = UINT64_MAX};
	wsgi_headers_init(&h->headers);
}

void wsgi_http_head_finish(struct wsgi_http_head *h)
{
	wsgi_buf_finish(&h->raw);
	wsgi_headers_finish(&h->headers);
}

static struct wsgi_span trim(struct wsgi_span s)
{
	while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t')) {
		s.data++;
		s.len--;
	}
	while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/*
 * The offset behind the blank line; 0 when it has not come. from is where to begin: at a line's
 * last byte or before it.
 */
static size_t find_end(const struct wsgi_buf *raw, size_t from)
{
	const char *end = raw->data + raw->len;
	const char *p = raw->data + from;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		p++;
		if (p < end && *p == '\n')
			return (size_t)(p - raw->data) + 1;
		if (end - p >= 2 && p[0] == '\r' && p[1] == '\n')
			return (size_t)(p - raw->data) + 2;
	}
	return 0;
}

static int take_status(struct wsgi_http_head *h, struct wsgi_span value, struct wsgi_error *err)
{
	int code = 0;

	for (size_t i = 0; i < 3 && i < value.len && value.data[i] >= '0' && value.data[i] <= '9';
	     i++)
		code = code * 10 + value.data[i] - '0';
	/* The reason may be left out (RFC 3875, 6.3.3); a final status is 200 or more. */
	if (code < 200 || (value.len > 3 && value.data[3] != ' '))
		return wsgi_fail(err, -EPROTO, "the response's status '%.*s' is none",
				 (int)(value.len < 80 ? value.len : 80), value.data);
	h->status = code;
	return 0;
}

static int take_length(struct wsgi_http_head *h, struct wsgi_span value, struct wsgi_error *err)
{
	uint64_t length = 0;
	char text[24] = "";

	if (value.len < sizeof(text))
		memcpy(text, value.data, value.len);
	/* INT64_MAX: that, or any larger number. */
	if (wsgi_length_parse(text, &length) != WSGI_LENGTH_GIVEN || length == INT64_MAX)
		return wsgi_fail(err, -EPROTO, "the response's Content-Length '%.*s' is none",
				 (int)(value.len < 80 ? value.len : 80), value.data);
	if (h->content_length != UINT64_MAX && h->content_length != length)
		return wsgi_fail(err, -EPROTO,
				 "the response has two Content-Lengths: %" PRIu64 " and %" PRIu64,
				 h->content_length, length);
	h->content_length = length;
	return 0;
}

static int take_line(struct wsgi_http_head *h, struct wsgi_span line, struct wsgi_error *err)
{
	const char *colon = memchr(line.data, ':', line.len);
	struct wsgi_span name, value;
	int rc;

	if (colon == NULL || colon == line.data || line.data[0] == ' ' || line.data[0] == '\t')
		return wsgi_fail(err, -EPROTO, "the response's header line '%.*s' has no name",
				 (int)(line.len < 80 ? line.len : 80), line.data);
	name = trim((struct wsgi_span){line.data, (size_t)(colon - line.data)});
	value = trim((struct wsgi_span){colon + 1, line.len - (size_t)(colon + 1 - line.data)});
	rc = wsgi_header_check(name, value, err);
	if (rc != 0)
		return rc == -EINVAL ? -EPROTO : rc;
	if (!wsgi_http_is_token(name))
		return wsgi_fail(err, -EPROTO, "the response's header name '%.*s' is no token",
				 (int)(name.len < 80 ? name.len : 80), name.data);
	if (h->status == 0 && wsgi_span_is_nocase(name, "Status"))
		return take_status(h, value, err);
	if (wsgi_span_is_nocase(name, "Content-Length"))
		return take_length(h, value, err);
	if (wsgi_is_hop_by_hop(name))
		return 0;
	return wsgi_headers_add_span(&h->headers, name, value);
}

static int parse(struct wsgi_http_head *h, struct wsgi_error *err)
{
	const char *p = h->raw.data;
	const char *end = p + h->raw.len;
	int rc = 0;

	while (rc == 0 && p < end) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		struct wsgi_span line = {p, (size_t)(eol - p)};

		if (line.len > 0 && line.data[line.len - 1] == '\r')
			line.len--;
		if (line.len > 0)
			rc = take_line(h, line, err);
		p = eol + 1;
	}
	if (h->status == 0)
		h->status = wsgi_headers_get(&h->headers, "Location") != NULL ? 302 : 200;
	h->whole = rc == 0;
	return rc;
}

ssize_t wsgi_http_head_feed(struct wsgi_http_head *h, const void *data, size_t len,
			    struct wsgi_error *err)
{
	size_t before = h->raw.len;
	size_t room = WSGI_HTTP_HEAD_MAX - before;
	size_t end;
	int rc;

	if (len == 0)
		return 0;
	rc = wsgi_buf_add(&h->raw, data, len < room ? len : room);
	if (rc != 0)
		return wsgi_fail(err, rc, "no memory for the response's head");
	if (h->raw.data[0] == '\n' || h->raw.data[0] == '\r')
		return wsgi_fail(err, -EPROTO, "the response has no header");
	end = find_end(&h->raw, before < 2 ? 0 : before - 2);
	if (end == 0 && h->raw.len == WSGI_HTTP_HEAD_MAX)
		return wsgi_fail(err, -EPROTO, "the response's head is longer than %d bytes",
				 WSGI_HTTP_HEAD_MAX);
	if (end == 0)
		return (ssize_t)len;
	h->raw.len = end;
	rc = parse(h, err);
	return rc == 0 ? (ssize_t)(end - before) : rc;
}
