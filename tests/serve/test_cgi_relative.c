#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "serve/cgi_relative.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_error err;

static const struct {
	const char *what; /* that is refused; NULL: nothing is */
	struct wsgi_options o;
} rows[] = {
	{NULL, {0}},
	{NULL, {.application = "/srv/app.py"}},
	{NULL, {.application = "/srv/app.so:app", .pythonpath = "/a:/b::", .python = "/venv"}},
	{NULL, {.application = "demo", .error_logfile = "-", .python = "python3.11"}},
	{NULL, {.application = "blog:app", .chdir = "/srv", .python = "venv", .pythonpath = "lib"}},
	{NULL, {.root = "/www", .application = "anything", .error_logfile = "/log"}},
	{NULL, {.root = "www", .chdir = "/srv"}},
	{"the application blog:app", {.application = "blog:app"}},
	{"the application ./app.py", {.application = "./app.py"}},
	{"the application app.so", {.application = "app.so"}},
	{"the application ", {.application = ""}},
	{"--python venv/", {.application = "/srv/app.py", .python = "venv/"}},
	{"--python ./python", {.root = "/www", .python = "./python"}},
	{"--pythonpath lib", {.application = "/srv/app.py", .pythonpath = "/lib:lib"}},
	{"--pythonpath .", {.application = "/srv/app.py", .pythonpath = ".:/lib"}},
	{"--root www", {.root = "www"}},
	{"--chdir srv", {.application = "/srv/app.py", .chdir = "srv"}},
	{"--error-logfile log", {.application = "/srv/app.py", .error_logfile = "log"}},
	{"--error-logfile ./log", {.chdir = "/srv", .error_logfile = "./log"}},
};

START_TEST(a_name_that_counts_from_where_the_URL_leads_is_refused)
{
	struct wsgi_options o = rows[_i].o;
	int rc = wsgi_cgi_relative_check(&o, &err);

	if (rows[_i].what == NULL) {
		ck_assert_msg(rc == 0, "%s", err.text);
		ck_assert_pstr_eq(o.error_logfile, rows[_i].o.error_logfile);
		return;
	}
	ck_assert_int_eq(rc, -EINVAL);
	ck_assert_msg(strncmp(err.text, rows[_i].what, strlen(rows[_i].what)) == 0, "%s", err.text);
	ck_assert_ptr_nonnull(strstr(err.text, " counts from "));
	ck_assert_ptr_null(o.error_logfile);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cgi_relative");
	TCase *t = tcase_create("names");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, a_name_that_counts_from_where_the_URL_leads_is_refused, 0,
			    LEN(rows));
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
