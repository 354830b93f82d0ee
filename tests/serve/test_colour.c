#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "serve/colour.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static const struct {
	bool is_terminal;
	const char *term, *no_color;
	bool wanted;
} wishes[] = {
	{true, "xterm-256color", NULL, true},
	{true, "xterm", "", true}, /* no-color.org: "when present and not an empty string" */
	{true, "xterm", "1", false},
	{true, "xterm", "0", false},
	{true, "dumb", NULL, false},
	{true, "", NULL, false},
	{true, NULL, NULL, false},
	{false, "xterm", NULL, false},
};

START_TEST(colours_are_for_a_terminal_that_has_them)
{
	ck_assert_int_eq(
		wsgi_colour_wanted(wishes[_i].is_terminal, wishes[_i].term, wishes[_i].no_color),
		wishes[_i].wanted);
}
END_TEST

#define BEFORE "::1 - - [06/Nov/1994 08:49:37] "
#define SHOWN "::1 - - \033[2m[06/Nov/1994 08:49:37]\033[0m "

static const struct {
	int status;
	const char *line, *coloured;
} lines[] = {
	{200, BEFORE "\"GET / HTTP/1.1\" 200 5\n", SHOWN "\"GET / HTTP/1.1\" 200 5\n"},
	{204, BEFORE "\"GET / HTTP/1.1\" 204 0\n", SHOWN "\"GET / HTTP/1.1\" 204 0\n"},
	{304, BEFORE "\"GET / HTTP/1.1\" 304 0\n",
	 SHOWN "\033[36m\"GET / HTTP/1.1\" 304 0\033[0m\n"},
	{404, BEFORE "\"GET /a\" HTTP/1.1\" 404 9\n",
	 SHOWN "\033[33m\"GET /a\" HTTP/1.1\" 404 9\033[0m\n"},
	{500, BEFORE "\"GET /[] HTTP/1.1\" 500 59\n",
	 SHOWN "\033[1;31m\"GET /[] HTTP/1.1\" 500 59\033[0m\n"},
	{0, BEFORE "\"GET / HTTP/1.1\" 0 0\n", SHOWN "\033[1;31m\"GET / HTTP/1.1\" 0 0\033[0m\n"},
	{500, "no such line\n", "no such line\n"},
	{500, "\n", "\n"},
};

START_TEST(a_line_is_coloured_by_its_status)
{
	size_t len = strlen(lines[_i].line);
	char *out = malloc(len + WSGI_COLOUR_EXTRA + 1);
	size_t n = wsgi_colour_line(lines[_i].line, len, lines[_i].status, out);

	ck_assert_uint_le(n, len + WSGI_COLOUR_EXTRA);
	out[n] = '\0';
	ck_assert_str_eq(out, lines[_i].coloured);
	free(out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("colour");
	TCase *tc = tcase_create("colour");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, colours_are_for_a_terminal_that_has_them, 0, LEN(wishes));
	tcase_add_loop_test(tc, a_line_is_coloured_by_its_status, 0, LEN(lines));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
