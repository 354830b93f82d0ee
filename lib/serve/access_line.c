#include "serve/access_line.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void wsgi_access_line_init(struct wsgi_access_line *l)
{
	l->data = l->own;
	l->len = 0;
	l->cap = sizeof(l->own);
	l->failed = false;
}

void wsgi_access_line_finish(struct wsgi_access_line *l)
{
	if (l->data != l->own)
		free(l->data);
	wsgi_access_line_init(l);
}

/* Room for more bytes. Returns false, once and for all, if there is none. */
static bool reserve(struct wsgi_access_line *l, size_t more)
{
	size_t cap = l->cap;
	char *data;

	if (l->failed || l->cap - l->len >= more)
		return !l->failed;
	while (cap - l->len < more)
		cap *= 2;
	data = realloc(l->data != l->own ? l->data : NULL, cap);
	if (data == NULL) {
		l->failed = true;
		return false;
	}
	if (l->data == l->own)
		memcpy(data, l->own, l->len);
	l->data = data;
	l->cap = cap;
	return true;
}

void wsgi_access_line_add(struct wsgi_access_line *l, const char *text, size_t len)
{
	if (len == 0 || !reserve(l, len))
		return;
	memcpy(l->data + l->len, text, len);
	l->len += len;
}

void wsgi_access_line_addf(struct wsgi_access_line *l, const char *fmt, ...)
{
	char text[128];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0)
		wsgi_access_line_add(l, text,
				     (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Append what at the front of text needs no escape. Returns what follows. */
static struct wsgi_span add_plain(struct wsgi_access_line *l, struct wsgi_span text)
{
	size_t n = 0;

	while (n < text.len && is_plain((unsigned char)text.data[n]))
		n++;
	wsgi_access_line_add(l, text.data, n);
	return (struct wsgi_span){text.data + n, text.len - n};
}

void wsgi_access_line_escape(struct wsgi_access_line *l, struct wsgi_span text)
{
	if (text.len == 0)
		return;
	for (text = add_plain(l, text); text.len > 0; text = add_plain(l, text)) {
		unsigned char c = (unsigned char)*text.data;

		if (c == '"' || c == '\\')
			wsgi_access_line_addf(l, "\\%c", c);
		else
			wsgi_access_line_addf(l, "\\x%02x", c);
		text.data++;
		text.len--;
	}
}

/* The length of the character of UTF-8 at the front of text; 0: there is none. RFC 3629, 4. */
static size_t utf8_len(struct wsgi_span text)
{
	const unsigned char *s = (const unsigned char *)text.data;
	const size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	unsigned char least = 0x80, most = 0xbf; /* of the second byte */

	if (s[0] < 0xc2 || s[0] > 0xf4 || text.len < n)
		return 0;
	if (s[0] == 0xe0)
		least = 0xa0;
	else if (s[0] == 0xed)
		most = 0x9f;
	else if (s[0] == 0xf0)
		least = 0x90;
	else if (s[0] == 0xf4)
		most = 0x8f;
	if (s[1] < least || s[1] > most)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return n;
}

void wsgi_access_line_json(struct wsgi_access_line *l, struct wsgi_span text)
{
	if (text.len == 0)
		return;
	for (text = add_plain(l, text); text.len > 0; text = add_plain(l, text)) {
		unsigned char c = (unsigned char)*text.data;
		size_t n = utf8_len(text);

		if (n > 0)
			wsgi_access_line_add(l, text.data, n);
		else if (c == '"' || c == '\\')
			wsgi_access_line_addf(l, "\\%c", c);
		else
			wsgi_access_line_addf(l, "\\u%04x", c);
		n = n > 0 ? n : 1;
		text.data += n;
		text.len -= n;
	}
}
