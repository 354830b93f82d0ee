#include "serve/visible.h"

#include <stdbool.h>
#include <stdint.h>

enum { NOT_UTF8 = 0xfffd };

/* A character of UTF-8 (RFC 3629, 4): its first byte, and what may follow it. */
static const struct {
	unsigned char first, last; /* the first byte's range */
	unsigned char second_from; /* the second byte's range; the others': 80 to bf */
	unsigned char second_to, len;
} forms[] = {
	{0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
	{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

static bool is_tail(const unsigned char *c, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (c[i] < 0x80 || c[i] > 0xbf)
			return false;
	return true;
}

/* The length of the character that c begins with, of len bytes at least 1; 0: it is not UTF-8. */
static size_t length_of(const unsigned char *c, size_t len)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t n = forms[i].len;

		if (c[0] < forms[i].first || c[0] > forms[i].last)
			continue;
		if (n == 1)
			return 1;
		if (len < n || c[1] < forms[i].second_from || c[1] > forms[i].second_to)
			return 0;
		return is_tail(c, 2, n) ? n : 0;
	}
	return 0;
}

static uint32_t code_of(const unsigned char *c, size_t len)
{
	uint32_t code = len == 1 ? c[0] : c[0] & (0xffu >> (len + 1));

	for (size_t i = 1; i < len; i++)
		code = code << 6 | (c[i] & 0x3f);
	return code;
}

static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/* Those of Unicode's that reorder the text after them, and the separators of lines. */
static bool turns_text(uint32_t code)
{
	return code == 0x061c || code == 0x200e || code == 0x200f ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/* What no XML may have. */
static bool is_no_character(uint32_t code)
{
	return code == 0xfffe || code == 0xffff;
}

static const char *reference_to(uint32_t code)
{
	switch (code) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

enum form { TEXT, LINE, HTML, JSON };

/* One character, of n bytes; 0: it is not UTF-8. */
static int add_one(struct wsgi_buf *out, const unsigned char *c, size_t n, enum form form)
{
	uint32_t code = n > 0 ? code_of(c, n) : NOT_UTF8;
	const char *reference = form == HTML ? reference_to(code) : NULL;

	if (n == 0)
		return wsgi_buf_adds(out, "\xef\xbf\xbd");
	if (reference != NULL)
		return wsgi_buf_adds(out, reference);
	if (form == JSON && (code == '"' || code == '\\'))
		return wsgi_buf_addf(out, "\\%c", (int)code);
	if (form != JSON && form != LINE && (code == '\n' || code == '\t'))
		return wsgi_buf_add(out, c, n);
	if (is_control(code) && form != JSON)
		return wsgi_buf_addf(out, "\\x%02x", (unsigned)code);
	if (is_control(code) || turns_text(code) || is_no_character(code))
		return wsgi_buf_addf(out, "\\u%04x", (unsigned)code);
	return wsgi_buf_add(out, c, n);
}

static int add(struct wsgi_buf *out, struct wsgi_span text, enum form form)
{
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < text.len;) {
		const unsigned char *c = (const unsigned char *)text.data + at;
		size_t n = length_of(c, text.len - at);

		rc = add_one(out, c, n, form);
		at += n > 0 ? n : 1;
	}
	return rc;
}

int wsgi_visible_html(struct wsgi_buf *out, struct wsgi_span text)
{
	return add(out, text, HTML);
}

int wsgi_visible_text(struct wsgi_buf *out, struct wsgi_span text)
{
	return add(out, text, TEXT);
}

int wsgi_visible_line(struct wsgi_buf *out, struct wsgi_span text)
{
	return add(out, text, LINE);
}

int wsgi_visible_json(struct wsgi_buf *out, struct wsgi_span text)
{
	return add(out, text, JSON);
}
