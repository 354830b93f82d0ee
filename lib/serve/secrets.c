#include "serve/secrets.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	WHOLE_LEAST = 4, /* shorter ones tell nothing, and would be found everywhere */
	PART_LEAST = 8,
	COMMON_LEAST = 12,
	GRAM = 4, /* no secret is shorter */
};

static const char *const names[] = {
	"HTTP_AUTHORIZATION",
	"HTTP_COOKIE",
	"HTTP_PROXY_AUTHORIZATION",
};

bool wsgi_secrets_has(struct wsgi_span name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (wsgi_span_is(name, names[i]))
			return true;
	return false;
}

/* -- collecting -------------------------------------------------------------------------------- */

/* Knuth's, of four bytes: its upper 16 bits. */
static unsigned hash(const char *bytes)
{
	uint32_t n;

	memcpy(&n, bytes, GRAM);
	return (n * UINT32_C(2654435761)) >> 16;
}

static int add(struct wsgi_secrets *s, struct wsgi_span secret)
{
	struct wsgi_span *list = realloc(s->list, (s->len + 1) * sizeof(*list));

	if (list == NULL)
		return -ENOMEM;
	s->list = list;
	s->list[s->len++] = secret;
	for (size_t i = 0; i + GRAM <= secret.len; i++) {
		const unsigned n = hash(secret.data + i);

		s->starts[n / 8] |= (unsigned char)(1 << n % 8);
	}
	return 0;
}

/* A part that is longer is found by what it has in common with the whole. */
static int add_part(struct wsgi_secrets *s, struct wsgi_span part)
{
	return part.len >= PART_LEAST && part.len < COMMON_LEAST ? add(s, part) : 0;
}

/* What stands behind the first c, or nothing. */
static struct wsgi_span behind(struct wsgi_span s, char c)
{
	const char *at = s.len > 0 ? memchr(s.data, c, s.len) : NULL;

	if (at == NULL)
		return (struct wsgi_span){0};
	return (struct wsgi_span){at + 1, (size_t)(s.data + s.len - (at + 1))};
}

/* RFC 6265, 4.2.1: name=value; name="value" */
static int add_cookies(struct wsgi_secrets *s, struct wsgi_span rest)
{
	int rc = 0;

	while (rc == 0 && rest.len > 0) {
		struct wsgi_span next = behind(rest, ';'), value;

		if (next.data != NULL)
			rest.len = (size_t)(next.data - 1 - rest.data);
		value = behind(rest, '=');
		if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
			value = (struct wsgi_span){value.data + 1, value.len - 2};
		rc = add_part(s, value);
		rest = next;
	}
	return rc;
}

int wsgi_secrets_init(struct wsgi_secrets *s, const struct wsgi_environ *env)
{
	int rc = 0;

	*s = (struct wsgi_secrets){0};
	for (size_t i = 0; rc == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		struct wsgi_span value = {0};

		if (!wsgi_environ_find(env, names[i], &value) || value.len < WHOLE_LEAST)
			continue;
		rc = add(s, value);
		if (rc == 0 && strcmp(names[i], "HTTP_COOKIE") == 0)
			rc = add_cookies(s, value);
		else if (rc == 0) /* RFC 9110, 11.4: scheme credentials */
			rc = add_part(s, behind(value, ' '));
	}
	return rc;
}

void wsgi_secrets_finish(struct wsgi_secrets *s)
{
	free(s->list);
	*s = (struct wsgi_secrets){0};
}

/* -- hiding ------------------------------------------------------------------------------------ */

/* How many bytes at the start of text stand somewhere in a secret; fewer than will do: 0. */
static size_t common(struct wsgi_span secret, struct wsgi_span text)
{
	const size_t least = secret.len < COMMON_LEAST ? secret.len : COMMON_LEAST;
	const char *end = secret.data + secret.len, *at = secret.data;
	size_t longest = 0;

	if (text.len < least)
		return 0;
	while ((at = memmem(at, (size_t)(end - at), text.data, least)) != NULL) {
		size_t n = least;

		while (n < text.len && at + n < end && at[n] == text.data[n])
			n++;
		longest = n > longest ? n : longest;
		at++;
	}
	return longest;
}

/* How many bytes at the start of text are to be hidden. */
static size_t secret_bytes(const struct wsgi_secrets *s, struct wsgi_span text)
{
	size_t longest = 0;
	unsigned n;

	if (text.len < GRAM)
		return 0;
	n = hash(text.data);
	if ((s->starts[n / 8] & 1 << n % 8) == 0)
		return 0;
	for (size_t i = 0; i < s->len; i++) {
		const size_t len = common(s->list[i], text);

		longest = len > longest ? len : longest;
	}
	return longest;
}

int wsgi_secrets_hide(const struct wsgi_secrets *s, struct wsgi_buf *out, struct wsgi_span text)
{
	size_t shown = 0, at = 0;
	int rc = 0;

	while (rc == 0 && s->len > 0 && at < text.len) {
		struct wsgi_span rest = {text.data + at, text.len - at};
		const size_t len = secret_bytes(s, rest);

		if (len > 0) {
			rc = wsgi_buf_add(out, text.data + shown, at - shown);
			if (rc == 0 && (at > shown || at == 0)) /* once for a row of them */
				rc = wsgi_buf_adds(out, "(hidden)");
			shown = at + len;
		}
		at += len > 0 ? len : 1;
	}
	return rc == 0 ? wsgi_buf_add(out, text.data + shown, text.len - shown) : rc;
}
