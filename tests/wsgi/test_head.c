#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "wsgi/head.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static const struct {
	const char *claim, *status;
	struct wsgi_header headers[3];
	size_t n;
	int rc;
	const char *text;
} heads[] = {
	{"a head", "200 OK", {{"Content-Type", "text/plain"}, {"X", ""}}, 2, 0, ""},
	{"no headers", "204 No Content", {{0}}, 0, 0, ""},
	{"a tab in a value", "200 OK", {{"X", "a\tb"}}, 1, 0, ""},
	{"no status",
	 "200OK",
	 {{"X", "y"}},
	 1,
	 -EPROTO,
	 "Status message must have a space after code"},
	{"a line break in the status",
	 "200 OK\r\nX: y",
	 {{0}},
	 0,
	 -EINVAL,
	 "Control characters are not allowed in status"},
	{"one header is hop-by-hop",
	 "200 OK",
	 {{"X", "y"}, {"keep-ALIVE", "1"}, {"Z", ""}},
	 3,
	 -EPROTO,
	 "Hop-by-hop header, 'keep-ALIVE: 1', not allowed"},
	{"a line break in the last value",
	 "200 OK",
	 {{"X", "y"}, {"Y", "a\nb"}},
	 2,
	 -EINVAL,
	 "Control characters not allowed in headers"},
	{"a tab in a name",
	 "200 OK",
	 {{"X\t", "y"}},
	 1,
	 -EINVAL,
	 "Control characters not allowed in headers"},
	{"the first wrong one counts",
	 "200 OK",
	 {{"TE", "y"}, {"Y", "\n"}},
	 2,
	 -EPROTO,
	 "Hop-by-hop header, 'TE: y', not allowed"},
	{"the status comes before all headers",
	 "OK",
	 {{"TE", "y"}},
	 1,
	 -EPROTO,
	 "Status must be at least 4 characters"},
};

START_TEST(a_head_may_be_sent_or_not)
{
	struct wsgi_error err = {0};

	ck_assert_msg(wsgi_head_check(heads[_i].status, heads[_i].headers, heads[_i].n, &err) ==
			      heads[_i].rc,
		      "%s", heads[_i].claim);
	ck_assert_str_eq(err.text, heads[_i].text);
	ck_assert_int_eq(err.code, heads[_i].rc);
	ck_assert_int_eq(wsgi_head_check(heads[_i].status, heads[_i].headers, heads[_i].n, NULL),
			 heads[_i].rc);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("head");
	TCase *tc = tcase_create("head");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, a_head_may_be_sent_or_not, 0, LEN(heads));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
