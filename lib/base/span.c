#include "base/span.h"

#include <string.h>

struct wsgi_span wsgi_span_of(const char *text)
{
	return (struct wsgi_span){.data = text, .len = strlen(text)};
}

bool wsgi_span_is(struct wsgi_span s, const char *text)
{
	size_t len = strlen(text);

	return s.len == len && (len == 0 || memcmp(s.data, text, len) == 0);
}

/* Not tolower(): that asks the locale. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool wsgi_span_is_nocase(struct wsgi_span s, const char *text)
{
	if (s.len != strlen(text))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (lower(s.data[i]) != lower(text[i]))
			return false;
	return true;
}

struct wsgi_span wsgi_span_cut(struct wsgi_span *text, char c)
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
