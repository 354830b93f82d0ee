/* What wsgi_status_check() lets pass has the shape that its contract says, and nothing else. */
#include "wsgi/status.h"

#include <errno.h>

#include "../fuzz.h"

/* str.isdigit() of a latin-1 character. */
static bool is_digit(char c)
{
	return c != '\0' && strchr("0123456789\xb2\xb3\xb9", c) != NULL;
}

static bool has_control(struct wsgi_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] < ' ' || s.data[i] == 0x7f)
			return true;
	return false;
}

static bool has_shape(struct wsgi_span s)
{
	return s.len >= 4 && is_digit(s.data[0]) && is_digit(s.data[1]) && is_digit(s.data[2]) &&
	       s.data[3] == ' ';
}

/* Of three ASCII digits; 0 when one of them is none. */
static int number(struct wsgi_span s)
{
	char text[4] = {s.data[0], s.data[1], s.data[2]};

	return strspn(text, "0123456789") == 3 ? atoi(text) : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	struct wsgi_span s = fuzz_span(&f, 40);
	struct wsgi_error err = {0};
	int rc = wsgi_status_check(s, &err), code = wsgi_status_code(s);

	must(rc == (has_control(s) ? -EINVAL : has_shape(s) ? 0 : -EPROTO));
	must(err.code == rc && (rc == 0) == (err.text[0] == '\0'));
	must(wsgi_status_check(s, NULL) == rc);
	must(code == (rc == 0 ? number(s) : 0));
	must(wsgi_status_has_no_body(code) == (code / 100 == 1 || code == 204 || code == 304));
	fuzz_free(s);
	return 0;
}
