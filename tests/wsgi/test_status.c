#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "wsgi/status.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

#define CONTROL "Control characters are not allowed in status"
#define SHORT "Status must be at least 4 characters"
#define DIGITS "Status message must begin w/3-digit code"
#define SPACE "Status message must have a space after code"

static const struct {
	struct wsgi_span status;
	int rc;
	const char *words;
	int code;
} rows[] = {
	{{"200 OK", 6}, 0, "", 200},
	{{"404 ", 4}, 0, "", 404},
	{{"999 caf\xe9", 8}, 0, "", 999},
	{{"000 x", 5}, 0, "", 0},
	{{"", 0}, -EPROTO, SHORT, 0},
	{{NULL, 0}, -EPROTO, SHORT, 0},
	{{"200", 3}, -EPROTO, SHORT, 0},
	{{"2x0 OK", 6}, -EPROTO, DIGITS, 0},
	{{" 200 OK", 7}, -EPROTO, DIGITS, 0},
	{{"200OK", 5}, -EPROTO, SPACE, 0},
	{{"2000 OK", 7}, -EPROTO, SPACE, 0},
	{{"200\xa0OK", 6}, -EPROTO, SPACE, 0},
	/* str.isdigit() takes superscripts, and nothing else of latin-1. */
	{{"\xb2\xb3\xb9 x", 5}, 0, "", 0},
	{{"\xbc\xbd\xbe x", 5}, -EPROTO, DIGITS, 0},
	/* Control characters are looked for first. */
	{{"\n", 1}, -EINVAL, CONTROL, 0},
	{{"200 OK\r\nX: y", 12}, -EINVAL, CONTROL, 0},
	{{"200 OK\n", 7}, -EINVAL, CONTROL, 0},
	{{"200\tOK", 6}, -EINVAL, CONTROL, 0},
	{{"200 O\0K", 7}, -EINVAL, CONTROL, 0},
	{{"200 \x7f", 5}, -EINVAL, CONTROL, 0},
	{{"200 \x1f", 5}, -EINVAL, CONTROL, 0},
};

START_TEST(a_status_is_checked)
{
	struct wsgi_error err = {0};

	ck_assert_int_eq(wsgi_status_check(rows[_i].status, &err), rows[_i].rc);
	ck_assert_str_eq(err.text, rows[_i].words);
	ck_assert_int_eq(err.code, rows[_i].rc);
	ck_assert_int_eq(wsgi_status_check(rows[_i].status, NULL), rows[_i].rc);
	ck_assert_int_eq(wsgi_status_code(rows[_i].status), rows[_i].code);
}
END_TEST

static const struct {
	int code;
	bool none;
} bodies[] = {
	{99, false},  {100, true},  {101, true},  {199, true},  {200, false},
	{203, false}, {204, true},  {205, false}, {303, false}, {304, true},
	{305, false}, {404, false}, {500, false}, {0, false},
};

START_TEST(some_codes_have_no_body)
{
	ck_assert_int_eq(wsgi_status_has_no_body(bodies[_i].code), bodies[_i].none);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("status");
	TCase *tc = tcase_create("status");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, a_status_is_checked, 0, LEN(rows));
	tcase_add_loop_test(tc, some_codes_have_no_body, 0, LEN(bodies));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
