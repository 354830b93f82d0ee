/* A CONTENT_LENGTH against a reading of it that has no numbers: digits are compared as a text. */
#include "wsgi/input.h"

#include <stdio.h>

#include "../fuzz.h"

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Take off the blanks at both ends, and one "+"; whether only digits, at least one, are left. */
static bool digits_of(char *text, char **digits)
{
	size_t len = strlen(text);

	while (len > 0 && is_blank(text[len - 1]))
		text[--len] = '\0';
	while (is_blank(*text))
		text++;
	if (*text == '+')
		text++;
	*digits = text;
	return *text != '\0' && strspn(text, "0123456789") == strlen(text);
}

/* The number as it is written, 2^63-1 for all that is greater. */
static const char *clamped(const char *digits)
{
	static const char most[] = "9223372036854775807";

	while (digits[0] == '0' && digits[1] != '\0')
		digits++;
	if (strlen(digits) > strlen(most) ||
	    (strlen(digits) == strlen(most) && strcmp(digits, most) > 0))
		return most;
	return digits;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {data, size};
	char *text = fuzz_rest(&f), *digits, said[24];
	uint64_t n = 42;
	enum wsgi_length rc = wsgi_length_parse(text, &n);

	must((rc == WSGI_LENGTH_NONE) == (text[0] == '\0'));
	if (rc == WSGI_LENGTH_NONE || !digits_of(text, &digits)) {
		must(rc != WSGI_LENGTH_GIVEN);
		must(n == 42);
	} else {
		must(rc == WSGI_LENGTH_GIVEN);
		snprintf(said, sizeof(said), "%llu", (unsigned long long)n);
		must(strcmp(said, clamped(digits)) == 0);
	}
	free(text);
	return 0;
}
