#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "host/origin.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static const struct {
	const char *name, *folders;
	const char *files; /* with ' ' in place of each NUL */
} applications[] = {
	{"hello.py", NULL, "hello.py "},
	{"/srv/site/app.wsgi:app", "/srv/lib", "/srv/site/app.wsgi "},
	{"./app.so:symbol", NULL, "./app.so "},
	{"hello", NULL, "hello.py hello/__init__.py "},
	{"pkg.site:make.app", NULL, "pkg/site.py pkg/site/__init__.py "},
	{"hello", "/a:b",
	 "hello.py hello/__init__.py /a/hello.py /a/hello/__init__.py b/hello.py "
	 "b/hello/__init__.py "},
	{"hello", ":/a::", "hello.py hello/__init__.py /a/hello.py /a/hello/__init__.py "},
	{"hello", "", "hello.py hello/__init__.py "},
	{"demo", "/a", ""},
	{"a b", NULL, ""},
	{"", NULL, ""},
};

START_TEST(an_application_comes_from_these_files)
{
	struct wsgi_buf out = {0};

	ck_assert_int_eq(wsgi_buf_adds(&out, "before "), 0);
	ck_assert_int_eq(
		wsgi_origin_of_application(&out, applications[_i].name, applications[_i].folders),
		0);
	for (size_t i = 0; i < out.len; i++)
		if (out.data[i] == '\0')
			out.data[i] = ' ';
	ck_assert_int_eq(wsgi_buf_add(&out, "", 1), 0);
	ck_assert_str_eq(out.data + strlen("before "), applications[_i].files);
	wsgi_buf_finish(&out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("origin");
	TCase *tc = tcase_create("origin");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, an_application_comes_from_these_files, 0, LEN(applications));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
