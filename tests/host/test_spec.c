#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/spec.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static const struct {
	const char *claim, *text;
	enum wsgi_spec_kind kind;
	const char *target, *callable;
} good[] = {
	{"the demonstration", "demo", WSGI_SPEC_DEMO, "demo", "application"},
	{"a module called demo", "demo:app", WSGI_SPEC_MODULE, "demo", "app"},
	{"a module", "blog", WSGI_SPEC_MODULE, "blog", "application"},
	{"a module in a package", "blog.site.wsgi_app", WSGI_SPEC_MODULE, "blog.site.wsgi_app",
	 "application"},
	{"a callable", "blog:app", WSGI_SPEC_MODULE, "blog", "app"},
	{"an attribute of an attribute", "blog:make.app2", WSGI_SPEC_MODULE, "blog", "make.app2"},
	{"a name only import_module() takes", "my-app.2", WSGI_SPEC_MODULE, "my-app.2",
	 "application"},
	{"a name that is not ASCII", "caf\xc3\xa9:\xc3\xa9", WSGI_SPEC_MODULE, "caf\xc3\xa9",
	 "\xc3\xa9"},
	{"the ending .py", "app.py", WSGI_SPEC_SCRIPT, "app.py", "application"},
	{"a path with the ending .wsgi", "./app.wsgi", WSGI_SPEC_SCRIPT, "./app.wsgi",
	 "application"},
	{"Django's module", "mysite.wsgi", WSGI_SPEC_MODULE, "mysite.wsgi", "application"},
	{"Django's module and a callable", "mysite.wsgi:app", WSGI_SPEC_MODULE, "mysite.wsgi",
	 "app"},
	{"an ending and a callable", "app.py:app", WSGI_SPEC_SCRIPT, "app.py", "app"},
	{"a relative path", "site/app.py:a.b", WSGI_SPEC_SCRIPT, "site/app.py", "a.b"},
	{"an absolute path", "/srv/hgweb.cgi", WSGI_SPEC_SCRIPT, "/srv/hgweb.cgi", "application"},
	{"a path without an ending", "./app", WSGI_SPEC_SCRIPT, "./app", "application"},
	{"a path with blanks", "/srv/my app", WSGI_SPEC_SCRIPT, "/srv/my app", "application"},
	{"a folder with a colon", "/srv/a:b/app", WSGI_SPEC_SCRIPT, "/srv/a:b/app", "application"},
	{"a file with a colon, by its callable", "/srv/a:b.py:app", WSGI_SPEC_SCRIPT, "/srv/a:b.py",
	 "app"},
	{"a shared object", "app.so", WSGI_SPEC_NATIVE, "app.so", "application"},
	{"a shared object by path", "/srv/app.so", WSGI_SPEC_NATIVE, "/srv/app.so", "application"},
	{"a symbol", "./app.so:_hello2", WSGI_SPEC_NATIVE, "./app.so", "_hello2"},
	{"an ending counts at the end only", "app.py.old", WSGI_SPEC_MODULE, "app.py.old",
	 "application"},
};

START_TEST(a_name_is_taken_apart)
{
	struct wsgi_spec spec;
	struct wsgi_error err = {0};

	ck_assert_msg(wsgi_spec_parse(&spec, good[_i].text, &err) == 0, "%s: %s", good[_i].claim,
		      err.text);
	ck_assert_msg(spec.kind == good[_i].kind, "%s: kind %d", good[_i].claim, (int)spec.kind);
	ck_assert_str_eq(spec.target, good[_i].target);
	ck_assert_str_eq(spec.callable, good[_i].callable);
	wsgi_spec_finish(&spec);
	wsgi_spec_finish(&spec);
}
END_TEST

START_TEST(a_file_that_is_there_comes_before_a_module_of_its_name)
{
	char folder[] = "/tmp/test_spec.XXXXXX";
	struct wsgi_spec spec;
	struct wsgi_error err;
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	f = fopen("mysite.wsgi", "w");
	ck_assert_ptr_nonnull(f);
	fclose(f);
	ck_assert_int_eq(wsgi_spec_parse(&spec, "mysite.wsgi:app", &err), 0);
	unlink("mysite.wsgi");
	rmdir(folder);
	ck_assert_int_eq(spec.kind, WSGI_SPEC_SCRIPT);
	ck_assert_str_eq(spec.target, "mysite.wsgi");
	wsgi_spec_finish(&spec);
}
END_TEST

static const struct {
	const char *text, *words;
} bad[] = {
	{"", "'': no module and no file is named"},
	{":app", "':app': no module and no file is named"},
	{"blog:", "'blog:': a part of the callable's name is empty"},
	{"blog:a..b", "'blog:a..b': a part of the callable's name is empty"},
	{"blog:.a", "'blog:.a': a part of the callable's name is empty"},
	{"blog:a.", "'blog:a.': a part of the callable's name is empty"},
	{"blog..site", "'blog..site': a part of the module's name is empty"},
	{".blog", "'.blog': a part of the module's name is empty"},
	{"blog.", "'blog.': a part of the module's name is empty"},
	{"my blog", "'my blog': ' ' cannot stand in a module's name"},
	{"a:b:c", "'a:b:c': ':' cannot stand in a module's name"},
	{"blog:make()", "'blog:make()': '(' cannot stand in a callable's name"},
	{"blog:2b", "'blog:2b': '2' cannot stand first in a callable's name"},
	{"app.py:", "'app.py:': a part of the callable's name is empty"},
	{"app.so:", "'app.so:': a part of the C symbol is empty"},
	{"app.so:a.b", "'app.so:a.b': '.' cannot stand in a C symbol"},
	{"/srv/app/", "'/srv/app/' names a folder, not an application's file"},
};

START_TEST(a_name_that_cannot_be_is_refused_in_words)
{
	struct wsgi_spec spec;
	struct wsgi_error err = {0};

	ck_assert_int_eq(wsgi_spec_parse(&spec, bad[_i].text, &err), -EINVAL);
	ck_assert_str_eq(err.text, bad[_i].words);
	ck_assert_ptr_null(spec.target);
	ck_assert_ptr_null(spec.callable);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("spec");
	TCase *tc = tcase_create("parse");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, a_name_is_taken_apart, 0, LEN(good));
	tcase_add_test(tc, a_file_that_is_there_comes_before_a_module_of_its_name);
	tcase_add_loop_test(tc, a_name_that_cannot_be_is_refused_in_words, 0, LEN(bad));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
