#include "base/wtf8.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
	REPLACEMENT = 0xfffd,
	BEYOND_UNIT = 0x10000, /* the first character that takes two units */
	CHARACTERS = 0x110000,
	MOST_BYTES = 3, /* of one unit */
};

static bool is_high(uint32_t unit)
{
	return (unit & 0xfc00) == 0xd800;
}

static bool is_low(uint32_t unit)
{
	return (unit & 0xfc00) == 0xdc00;
}

/* The first character of at least one unit; a half without the other is one. Returns its units. */
static size_t take_units(const uint16_t *units, size_t len, uint32_t *c)
{
	*c = units[0];
	if (len < 2 || !is_high(units[0]) || !is_low(units[1]))
		return 1;
	*c = BEYOND_UNIT + ((uint32_t)(units[0] & 0x3ff) << 10) + (units[1] & 0x3ff);
	return 2;
}

/* How many bytes follow the first one of a character. */
static size_t following(uint32_t c)
{
	return c < 0x80 ? 0 : c < 0x800 ? 1 : c < BEYOND_UNIT ? 2 : 3;
}

static char *put_bytes(char *to, uint32_t c)
{
	static const unsigned char mark[] = {0, 0xc0, 0xe0, 0xf0};
	size_t n = following(c);

	*to++ = (char)(mark[n] | c >> (6 * n));
	while (n-- > 0)
		*to++ = (char)(0x80 | (c >> (6 * n) & 0x3f));
	return to;
}

int wsgi_wtf8_encode(const uint16_t *units, size_t len, struct wsgi_buf *out)
{
	char *to;

	/* The bytes of an array's units, half as many again, do not overflow. */
	if (wsgi_buf_reserve(out, len * MOST_BYTES) != 0)
		return -ENOMEM;
	if (len == 0)
		return 0;
	to = out->data + out->len;
	for (size_t i = 0; i < len;) {
		uint32_t c;

		i += take_units(units + i, len - i, &c);
		to = put_bytes(to, c);
	}
	out->len = (size_t)(to - out->data);
	return 0;
}

char *wsgi_wtf8_string(const uint16_t *units)
{
	struct wsgi_buf text = {0};
	size_t len = 0;

	while (units[len] != 0)
		len++;
	if (wsgi_wtf8_encode(units, len + 1, &text) == 0)
		return text.data;
	wsgi_buf_finish(&text);
	errno = ENOMEM;
	return NULL;
}

/* The first character of at least one byte, or the replacement of that byte. Returns its bytes. */
static size_t take_bytes(const unsigned char *s, size_t len, uint32_t *c)
{
	const size_t n = s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
	static const unsigned char mask[] = {0x7f, 0x1f, 0x0f, 0x07};

	*c = REPLACEMENT;
	if ((n == 0 && s[0] >= 0x80) || s[0] >= 0xf8 || n >= len)
		return 1;
	for (size_t i = 1; i <= n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 1;
	*c = s[0] & mask[n];
	for (size_t i = 1; i <= n; i++)
		*c = *c << 6 | (s[i] & 0x3f);
	if (*c < CHARACTERS && following(*c) == n)
		return n + 1;
	*c = REPLACEMENT; /* more bytes than it needs, or no character */
	return 1;
}

static uint16_t *put_units(uint16_t *to, uint32_t c)
{
	if (c >= BEYOND_UNIT) {
		*to++ = (uint16_t)(0xd800 | (c - BEYOND_UNIT) >> 10);
		c = 0xdc00 | (c & 0x3ff);
	}
	*to++ = (uint16_t)c;
	return to;
}

uint16_t *wsgi_wtf8_decode(struct wsgi_span text, size_t *len)
{
	const unsigned char *bytes = (const unsigned char *)text.data;
	uint16_t *units, *to;

	/* No character has more units than bytes. */
	units = text.len < PTRDIFF_MAX / sizeof(*units) ? malloc((text.len + 1) * sizeof(*units))
							: NULL;
	if (units == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	to = units;
	for (size_t i = 0; i < text.len;) {
		uint32_t c;

		i += take_bytes(bytes + i, text.len - i, &c);
		to = put_units(to, c);
	}
	*to = 0;
	if (len != NULL)
		*len = (size_t)(to - units);
	return units;
}
