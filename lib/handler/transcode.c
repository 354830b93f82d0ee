#include "handler/transcode.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/wtf8.h"

static bool begins_nocase(struct wsgi_span s, const char *with)
{
	const size_t len = strlen(with);

	return s.len >= len && wsgi_span_is_nocase((struct wsgi_span){s.data, len}, with);
}

static bool contains_nocase(struct wsgi_span s, const char *what)
{
	for (; s.len > 0; s = (struct wsgi_span){s.data + 1, s.len - 1})
		if (begins_nocase(s, what))
			return true;
	return false;
}

/* Python compares after lower(), by which no other letters become those of these names. */
enum wsgi_transcoding wsgi_transcoding_of(struct wsgi_span software)
{
	if (begins_nocase(software, "microsoft-iis/"))
		return WSGI_TRANSCODING_UTF8;
	if (begins_nocase(software, "apache/"))
		return WSGI_TRANSCODING_LATIN1;
	if (begins_nocase(software, "simplehttp/") && contains_nocase(software, "python/3"))
		return WSGI_TRANSCODING_UTF8;
	return WSGI_TRANSCODING_CODEPAGE;
}

/* Make characters bytes. Returns whether each of them is one. */
static bool to_bytes(const uint16_t *units, size_t len, char *bytes)
{
	for (size_t i = 0; i < len; i++) {
		if (units[i] > 0xff)
			return false;
		bytes[i] = (char)units[i];
	}
	return true;
}

static int encode_latin1(struct wsgi_span text, struct wsgi_buf *out)
{
	uint16_t *units;
	size_t len;
	int rc;

	/* There are no more units than bytes of the text. */
	rc = wsgi_buf_reserve(out, text.len);
	if (rc != 0 || text.len == 0)
		return rc;
	units = wsgi_wtf8_decode(text, &len);
	if (units == NULL)
		return -ENOMEM;
	if (to_bytes(units, len, out->data + out->len))
		out->len += len;
	else
		rc = wsgi_buf_add(out, text.data, text.len);
	free(units);
	return rc;
}

int wsgi_transcode(enum wsgi_transcoding how, const struct wsgi_codepage *page,
		   struct wsgi_span text, struct wsgi_buf *out)
{
	if (how == WSGI_TRANSCODING_LATIN1)
		return encode_latin1(text, out);
	if (how == WSGI_TRANSCODING_CODEPAGE)
		return page->encode(page, text, out);
	return wsgi_buf_add(out, text.data, text.len);
}
