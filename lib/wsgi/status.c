#include "wsgi/status.h"

#include <errno.h>

enum { DIGITS = 3 };

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

/* As str.isdigit() sees latin-1: the superscripts one, two and three are digits too. */
static bool is_digit(unsigned char c)
{
	return (c >= '0' && c <= '9') || c == 0xb2 || c == 0xb3 || c == 0xb9;
}

int wsgi_status_check(struct wsgi_span status, struct wsgi_error *err)
{
	const unsigned char *at = (const unsigned char *)status.data;

	for (size_t i = 0; i < status.len; i++)
		if (is_control(at[i]))
			return wsgi_fail(err, -EINVAL,
					 "Control characters are not allowed in status");
	if (status.len < DIGITS + 1)
		return wsgi_fail(err, -EPROTO, "Status must be at least 4 characters");
	for (size_t i = 0; i < DIGITS; i++)
		if (!is_digit(at[i]))
			return wsgi_fail(err, -EPROTO, "Status message must begin w/3-digit code");
	if (at[DIGITS] != ' ')
		return wsgi_fail(err, -EPROTO, "Status message must have a space after code");
	return 0;
}

int wsgi_status_code(struct wsgi_span status)
{
	int code = 0;

	if (wsgi_status_check(status, NULL) != 0)
		return 0;
	for (size_t i = 0; i < DIGITS; i++) {
		if (status.data[i] < '0' || status.data[i] > '9')
			return 0;
		code = code * 10 + (status.data[i] - '0');
	}
	return code;
}

bool wsgi_status_has_no_body(int code)
{
	return (code >= 100 && code < 200) || code == 204 || code == 304;
}
