#include "base/codepage.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <windows.h>

#include "base/wtf8.h"

/* No code page takes more for a character. */
enum { MOST_BYTES = 8 };

/* One character, which is one unit or two: for two the system by itself writes "??". */
static int encode_character(const wchar_t *units, int n, struct wsgi_buf *out)
{
	char bytes[MOST_BYTES];
	BOOL lost = FALSE;
	const int len = WideCharToMultiByte(CP_ACP, WC_NO_BEST_FIT_CHARS, units, n, bytes,
					    sizeof(bytes), NULL, &lost);

	return len > 0 && !lost ? wsgi_buf_add(out, bytes, (size_t)len) : wsgi_buf_adds(out, "?");
}

static int encode(const struct wsgi_codepage *page, struct wsgi_span text, struct wsgi_buf *out)
{
	wchar_t *units;
	size_t len;
	int rc = 0;

	(void)page;
	/* UTF-8 has every character; and the flag above is refused for it. */
	if (GetACP() == CP_UTF8)
		return wsgi_buf_add(out, text.data, text.len);
	units = wsgi_wtf8_decode(text, &len);
	if (units == NULL)
		return -ENOMEM;
	for (size_t i = 0; rc == 0 && i < len;) {
		const int n = i + 1 < len && IS_SURROGATE_PAIR(units[i], units[i + 1]) ? 2 : 1;

		rc = encode_character(units + i, n, out);
		i += (size_t)n;
	}
	free(units);
	return rc;
}

/*
 * Unit by unit, and without LCMAP_LINGUISTIC_CASING, as where the system compares names: one unit
 * becomes one unit, and the halves of a character stay.
 */
static bool map_upper(wchar_t *units, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (LCMapStringEx(LOCALE_NAME_INVARIANT, LCMAP_UPPERCASE, units + i, 1, units + i,
				  1, NULL, NULL, 0) != 1)
			return false;
	return true;
}

static int upper(const struct wsgi_codepage *page, struct wsgi_span text, struct wsgi_buf *out)
{
	wchar_t *units;
	size_t len;
	int rc;

	(void)page;
	units = wsgi_wtf8_decode(text, &len);
	if (units == NULL)
		return -ENOMEM;
	rc = map_upper(units, len) ? wsgi_wtf8_encode(units, len, out) : -ENOMEM;
	free(units);
	return rc;
}

const struct wsgi_codepage *wsgi_codepage_system(void)
{
	static const struct wsgi_codepage page = {.encode = encode, .upper = upper};

	return &page;
}
