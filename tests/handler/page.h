#ifndef TESTS_HANDLER_PAGE_H
#define TESTS_HANDLER_PAGE_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/codepage.h"
#include "base/wtf8.h"

/*
 * page - a code page of few characters: ASCII; é and É, € of one byte, 日 of two.
 */
static const struct {
	uint16_t unit;
	const char *bytes;
} page_characters[] = {
	{0xe9, "\xe9"},
	{0xc9, "\xc9"},
	{0x20ac, "\x80"},
	{0x65e5, "\x93\xfa"},
};

static inline int page_encode_unit(uint16_t unit, struct wsgi_buf *out)
{
	if (unit < 0x80)
		return wsgi_buf_add(out, &(const char){(char)unit}, 1);
	for (size_t i = 0; i < sizeof(page_characters) / sizeof(page_characters[0]); i++)
		if (page_characters[i].unit == unit)
			return wsgi_buf_adds(out, page_characters[i].bytes);
	return wsgi_buf_adds(out, "?");
}

static inline int page_encode(const struct wsgi_codepage *page, struct wsgi_span text,
			      struct wsgi_buf *out)
{
	uint16_t *units;
	size_t len;
	int rc = 0;

	(void)page;
	units = wsgi_wtf8_decode(text, &len);
	if (units == NULL)
		return -ENOMEM;
	for (size_t i = 0; rc == 0 && i < len; i++) {
		const bool pair = i + 1 < len && (units[i] & 0xfc00) == 0xd800 &&
				  (units[i + 1] & 0xfc00) == 0xdc00;

		rc = page_encode_unit(units[i], out);
		i += pair;
	}
	free(units);
	return rc;
}

static inline int page_upper(const struct wsgi_codepage *page, struct wsgi_span text,
			     struct wsgi_buf *out)
{
	uint16_t *units;
	size_t len;
	int rc;

	(void)page;
	units = wsgi_wtf8_decode(text, &len);
	if (units == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++)
		if ((units[i] >= 'a' && units[i] <= 'z') || units[i] == 0xe9)
			units[i] = (uint16_t)(units[i] - 0x20);
	rc = wsgi_wtf8_encode(units, len, out);
	free(units);
	return rc;
}

static const struct wsgi_codepage page = {.encode = page_encode, .upper = page_upper};

#endif
