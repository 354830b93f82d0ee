#include "gzip/negotiate.h"

#include <string.h>

#include "wsgi/status.h"

/* -- lists and parameters ---------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct wsgi_span trim(struct wsgi_span s)
{
	while (s.len > 0 && is_blank(s.data[0]))
		s = (struct wsgi_span){.data = s.data + 1, .len = s.len - 1};
	while (s.len > 0 && is_blank(s.data[s.len - 1]))
		s.len--;
	return s;
}

/* Take what stands before the next c off text, without the blanks around it. */
static struct wsgi_span cut(struct wsgi_span *text, char c)
{
	return trim(wsgi_span_cut(text, c));
}

/* Whether one of the fields of that name, each a list, has the item; its parameters do not count.
 */
static bool lists(const struct wsgi_headers *h, const char *name, const char *item)
{
	const char *value;

	for (size_t i = 0; (value = wsgi_headers_get_all(h, name, i)) != NULL; i++) {
		struct wsgi_span left = wsgi_span_of(value);

		while (left.len > 0) {
			struct wsgi_span one = cut(&left, ',');

			if (wsgi_span_is_nocase(cut(&one, ';'), item))
				return true;
		}
	}
	return false;
}

/* -- Accept-Encoding --------------------------------------------------------------------------- */

enum { ABSENT = -1, REFUSED = 0, BEST = 1000 };

/* RFC 9110, 12.4.2: "q=0.5", to three digits, in thousandths. What is malformed is a refusal. */
static int weight(struct wsgi_span parameter)
{
	static const char *const ones[] = {"1", "1.", "1.0", "1.00", "1.000"};
	int thousandths = 0, digit = 100;

	if (parameter.len == 0)
		return BEST;
	if (parameter.len < 3 || (parameter.data[0] | 0x20) != 'q' || parameter.data[1] != '=')
		return REFUSED;
	parameter.data += 2;
	parameter.len -= 2;
	for (size_t i = 0; i < sizeof(ones) / sizeof(ones[0]); i++)
		if (wsgi_span_is(parameter, ones[i]))
			return BEST;
	if (parameter.data[0] != '0' || parameter.len > 5 ||
	    (parameter.len > 1 && parameter.data[1] != '.'))
		return REFUSED;
	for (size_t i = 2; i < parameter.len; i++, digit /= 10) {
		if (parameter.data[i] < '0' || parameter.data[i] > '9')
			return REFUSED;
		thousandths += (parameter.data[i] - '0') * digit;
	}
	return thousandths;
}

/* How much the client likes a coding: its weight where it stands first. */
static int liking(struct wsgi_span accept, const char *coding)
{
	while (accept.len > 0) {
		struct wsgi_span parameter = cut(&accept, ',');

		if (wsgi_span_is_nocase(cut(&parameter, ';'), coding))
			return weight(trim(parameter));
	}
	return ABSENT;
}

bool wsgi_gzip_is_accepted(struct wsgi_span accept_encoding)
{
	int gzip = liking(accept_encoding, "gzip");

	if (gzip == ABSENT)
		gzip = liking(accept_encoding, "x-gzip");
	if (gzip == ABSENT)
		gzip = liking(accept_encoding, "*");
	return gzip > 0 && gzip >= liking(accept_encoding, "identity");
}

/* -- the response ------------------------------------------------------------------------------ */

static bool ends_nocase(struct wsgi_span s, const char *end)
{
	const size_t len = strlen(end);

	return s.len > len &&
	       wsgi_span_is_nocase((struct wsgi_span){.data = s.data + s.len - len, .len = len},
				   end);
}

/* Whether a media type is text, whatever it is called. */
static bool is_text(const char *content_type)
{
	static const char *const types[] = {
		"application/json",     "application/xml",        "application/javascript",
		"application/x-ndjson", "application/ecmascript", "application/x-javascript",
	};
	struct wsgi_span left = wsgi_span_of(content_type), type = cut(&left, ';');

	if (type.len > 5 && wsgi_span_is_nocase((struct wsgi_span){type.data, 5}, "text/"))
		return true;
	if (ends_nocase(type, "+json") || ends_nocase(type, "+xml"))
		return true; /* image/svg+xml, application/problem+json */
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (wsgi_span_is_nocase(type, types[i]))
			return true;
	return false;
}

bool wsgi_gzip_is_fit(struct wsgi_span status, const struct wsgi_headers *h)
{
	const int code = wsgi_status_code(status);
	const char *type = wsgi_headers_get(h, "Content-Type");

	/* 206: the range is one of the bytes that the application has. */
	return code != 206 && !wsgi_status_has_no_body(code) && type != NULL && is_text(type) &&
	       !wsgi_headers_contains(h, "Content-Encoding") &&
	       !wsgi_headers_contains(h, "Content-Range") &&
	       !lists(h, "Cache-Control", "no-transform");
}

int wsgi_gzip_add_vary(struct wsgi_headers *h)
{
	struct wsgi_buf joined = {0};
	const char *value;
	int rc = 0;

	if (lists(h, "Vary", "*") || lists(h, "Vary", "Accept-Encoding"))
		return 0;
	for (size_t i = 0; rc == 0 && (value = wsgi_headers_get_all(h, "Vary", i)) != NULL; i++)
		rc = wsgi_buf_addf(&joined, "%s%s", value, value[0] != '\0' ? ", " : "");
	if (rc == 0)
		rc = wsgi_buf_add(&joined, "Accept-Encoding", sizeof("Accept-Encoding"));
	if (rc == 0)
		rc = wsgi_headers_set(h, "Vary", joined.data);
	wsgi_buf_finish(&joined);
	return rc;
}

/* The same page compressed is not the same byte for byte, and that is what a strong tag says. */
static int weaken_etag(struct wsgi_headers *h)
{
	const char *etag = wsgi_headers_get(h, "ETag");
	struct wsgi_buf weak = {0};
	int rc;

	if (etag == NULL || strncmp(etag, "W/", 2) == 0)
		return 0;
	rc = wsgi_buf_adds(&weak, "W/");
	if (rc == 0)
		rc = wsgi_buf_add(&weak, etag, strlen(etag) + 1);
	if (rc == 0)
		rc = wsgi_headers_set(h, "ETag", weak.data);
	wsgi_buf_finish(&weak);
	return rc;
}

int wsgi_gzip_relabel(struct wsgi_headers *h)
{
	int rc = wsgi_headers_add(h, "Content-Encoding", "gzip");

	if (rc == 0)
		rc = weaken_etag(h);
	wsgi_headers_delete(h, "Content-Length");
	wsgi_headers_delete(h, "Accept-Ranges"); /* of the bytes that were not compressed */
	return rc;
}
