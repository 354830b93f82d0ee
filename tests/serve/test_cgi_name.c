/* cgi_name: what a name says on Windows, whatever system asks. */
#include "serve/cgi_name.h"

#include <check.h>

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static const struct {
	const char *a, *b;
	bool yes;
} same[] = {
	{"app.py", "app.py", true},
	{"app.py", "app.pyc", false},
	{"app.py", "xapp.py", false},
	{"xapp.py", "app.py", false},
	{"", "", false},
	{"app.py", "", false},
	{"", "app.py", false},
};

START_TEST(names_are_one_or_not)
{
	ck_assert_msg(wsgi_cgi_name_is_same(same[_i].a, same[_i].b) == same[_i].yes, "%s, %s",
		      same[_i].a, same[_i].b);
}
END_TEST

static const struct {
	const char *path, *file;
	bool yes;
} begins[] = {
	{"/www/app.py", "/www/app.py", true},
	{"/www/app.py/x", "/www/app.py", true},
	{"C:\\www\\app.py\\x", "C:/www/app.py", true},
	{"C:/www/app.py/x", "C:\\www\\app.py", true},
	{"/www/app.pyc", "/www/app.py", false},
	{"/www/app", "/www/app.py", false},
	{"/www/app.py", "", false},
	{"", "/www/app.py", false},
};

START_TEST(a_path_begins_with_a_file_or_not)
{
	ck_assert_msg(wsgi_cgi_name_begins_with(begins[_i].path, begins[_i].file) == begins[_i].yes,
		      "%s, %s", begins[_i].path, begins[_i].file);
}
END_TEST

static const struct {
	bool (*ask)(const char *text);
	const char *text;
	bool yes;
} questions[] = {
	{wsgi_cgi_name_is_remote, "\\\\host\\apps\\app.py", true},
	{wsgi_cgi_name_is_remote, "//host/apps/app.py", true},
	{wsgi_cgi_name_is_remote, "/\\host\\apps\\app.py", true},
	{wsgi_cgi_name_is_remote, "\\\\?\\UNC\\host\\apps", true},
	{wsgi_cgi_name_is_remote, "\\\\.\\C:\\apps", true},
	{wsgi_cgi_name_is_remote, "\\\\?\\C", true},
	{wsgi_cgi_name_is_remote, "\\\\?", true},
	{wsgi_cgi_name_is_remote, "\\\\", true},
	{wsgi_cgi_name_is_remote, "\\\\?\\C:\\apps", false},
	{wsgi_cgi_name_is_remote, "//?/C:/apps", false},
	{wsgi_cgi_name_is_remote, "C:\\apps", false},
	{wsgi_cgi_name_is_remote, "\\apps", false},
	{wsgi_cgi_name_is_remote, "/srv//apps", false},
	{wsgi_cgi_name_is_remote, "/", false},
	{wsgi_cgi_name_is_remote, "", false},

	{wsgi_cgi_name_has_dots, "/www/../app.py", true},
	{wsgi_cgi_name_has_dots, "C:\\www\\..\\app.py", true},
	{wsgi_cgi_name_has_dots, "/www/./app.py", true},
	{wsgi_cgi_name_has_dots, "./app.py", true},
	{wsgi_cgi_name_has_dots, "/www/..", true},
	{wsgi_cgi_name_has_dots, "..", true},
	{wsgi_cgi_name_has_dots, "/www/.app/a..py", false},
	{wsgi_cgi_name_has_dots, "/www/.../app.py", false},
	{wsgi_cgi_name_has_dots, "/www//.a/b.", false},
	{wsgi_cgi_name_has_dots, "", false},

	{wsgi_cgi_name_is_doubtful, "/app.py", false},
	{wsgi_cgi_name_is_doubtful, "/a//b.c/.d/app.py/", false},
	{wsgi_cgi_name_is_doubtful, "/caf\xc3\xa9/\xe6\x97\xa5.py", false},
	{wsgi_cgi_name_is_doubtful, "/a b/c d.py", false},
	{wsgi_cgi_name_is_doubtful, "", false},
	{wsgi_cgi_name_is_doubtful, "/app.py.", true},
	{wsgi_cgi_name_is_doubtful, "/app.py ", true},
	{wsgi_cgi_name_is_doubtful, "/a./app.py", true},
	{wsgi_cgi_name_is_doubtful, "/a /app.py", true},
	{wsgi_cgi_name_is_doubtful, "/../app.py", true},
	{wsgi_cgi_name_is_doubtful, "/app.py::$DATA", true},
	{wsgi_cgi_name_is_doubtful, "/a:b/app.py", true},
	{wsgi_cgi_name_is_doubtful, "/a\\app.py", true},
	{wsgi_cgi_name_is_doubtful, "/a*.py", true},
	{wsgi_cgi_name_is_doubtful, "/a?.py", true},
	{wsgi_cgi_name_is_doubtful, "/\"a.py", true},
	{wsgi_cgi_name_is_doubtful, "/<a.py", true},
	{wsgi_cgi_name_is_doubtful, "/>a.py", true},
	{wsgi_cgi_name_is_doubtful, "/|a.py", true},
	{wsgi_cgi_name_is_doubtful, "/a\x1f.py", true},
	{wsgi_cgi_name_is_doubtful, "/a\n.py", true},
	{wsgi_cgi_name_is_doubtful, "/APPLIC~1.PY", true},
	{wsgi_cgi_name_is_doubtful, "/applic~1.py/x", true},
	{wsgi_cgi_name_is_doubtful, "/A~12345", true},
	{wsgi_cgi_name_is_doubtful, "/PROGRA~1/app.py", true},
	{wsgi_cgi_name_is_doubtful, "/APPLIC~1.DLL", true},
	{wsgi_cgi_name_is_doubtful, "/applica~1.py", false},  /* more than 8 */
	{wsgi_cgi_name_is_doubtful, "/applic~1.wsgi", false}, /* more than 3 */
	{wsgi_cgi_name_is_doubtful, "/applic~1.a.b", false},  /* two dots */
	{wsgi_cgi_name_is_doubtful, "/applic~.py", false},    /* no number */
	{wsgi_cgi_name_is_doubtful, "/applic~x1.py", false},  /* nor here */
	{wsgi_cgi_name_is_doubtful, "/~hello/app.py", false},

	{wsgi_cgi_name_is_program, "/cgi/blog.exe", true},
	{wsgi_cgi_name_is_program, "/a.com", true},
	{wsgi_cgi_name_is_program, "/a.bat", true},
	{wsgi_cgi_name_is_program, "/a.cmd", true},
	{wsgi_cgi_name_is_program, "/a.exe/x.py", false},
	{wsgi_cgi_name_is_program, "/a.dll", false},
	{wsgi_cgi_name_is_program, "exe", false},
	{wsgi_cgi_name_is_program, "", false},
};

START_TEST(a_name_is_what_it_is_on_Windows)
{
	ck_assert_msg(questions[_i].ask(questions[_i].text) == questions[_i].yes, "%s: not %s",
		      questions[_i].text, questions[_i].yes ? "yes" : "no");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cgi_name");
	TCase *t = tcase_create("names");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, names_are_one_or_not, 0, LEN(same));
	tcase_add_loop_test(t, a_path_begins_with_a_file_or_not, 0, LEN(begins));
	tcase_add_loop_test(t, a_name_is_what_it_is_on_Windows, 0, LEN(questions));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
