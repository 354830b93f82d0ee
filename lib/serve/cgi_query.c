#include "serve/cgi_query.h"

#include <stddef.h>
#include <string.h>

#include "wsgi/uri.h"

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/*
 * The next character of a query; 0 at its end. Of decoded text (%XX is a byte) a word goes up to a
 * NUL: what stands behind that is passed over, up to where the next word begins.
 */
static char next_char(const char **q, bool decode)
{
	char c = **q;

	if (c == '\0')
		return 0;
	++*q;
	if (!decode || c != '%' || wsgi_hex_digit((*q)[0]) < 0 || wsgi_hex_digit((*q)[1]) < 0)
		return c;
	c = (char)(wsgi_hex_digit((*q)[0]) * 16 + wsgi_hex_digit((*q)[1]));
	*q += 2;
	if (c != '\0')
		return c;
	*q += strcspn(*q, "+");
	return '+';
}

static char next_alnum(const char **q, bool decode)
{
	char c;

	do
		c = next_char(q, decode);
	while (c != 0 && !is_alnum(c));
	return c;
}

/* Whether the letters at *q are those of word and no letter follows them; *q is moved there. */
static bool take_word(const char **q, const char *word, bool decode)
{
	const char *ahead;

	for (; *word != '\0'; word++)
		if (is_alnum(*word) && next_alnum(q, decode) != *word)
			return false;
	ahead = *q;
	return !is_alnum(next_char(&ahead, decode));
}

/* As servers make their words: decode those that they can, or none. */
static bool take_made(const char **q, const char *word, bool decode)
{
	const char *at = *q;

	if (!decode || !take_word(&at, word, true))
		return take_word(q, word, false);
	*q = at;
	return true;
}

static bool has_alnum(const char *word)
{
	while (*word != '\0' && !is_alnum(*word))
		word++;
	return *word != '\0';
}

static bool begins_with_alnum(const char *q, bool decode)
{
	char c;

	do
		c = next_char(&q, decode);
	while (c != 0 && c != '+' && !is_alnum(c));
	return is_alnum(c);
}

static bool is_made(char *const *first, const char *q, bool decode)
{
	if (!has_alnum(*first) && begins_with_alnum(q, decode))
		return false;
	for (; *first != NULL; first++)
		if (!take_made(&q, *first, decode))
			return false;
	return true;
}

bool wsgi_cgi_query_is(char *const *first, const char *query)
{
	return is_made(first, query, true) || is_made(first, query, false);
}
