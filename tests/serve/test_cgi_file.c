#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve/cgi_file.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static char folder[] = "/tmp/test_cgi_file.XXXXXX";

static void given_a_site(void)
{
	static const char *const files[] = {"www/app.py", "www/plain", "app.py"};

	strcpy(strrchr(folder, '.'), ".XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(mkdir("www", 0755), 0);
	for (int i = 0; i < LEN(files); i++)
		ck_assert_int_eq(close(creat(files[i], 0644)), 0);
	ck_assert_int_eq(symlink("../app.py", "www/out.py"), 0);
	ck_assert_int_eq(symlink("app.py", "www/in.wsgi"), 0);
	ck_assert_int_eq(symlink("loop.py", "www/loop.py"), 0);
}

static void tear_down(void)
{
	static const char *const made[] = {"www/loop.py", "www/in.wsgi", "www/out.py", "www/plain",
					   "www/app.py",  "www",         "app.py"};

	for (int i = 0; i < LEN(made); i++)
		ck_assert_int_eq(remove(made[i]), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

static const struct {
	const char *root, *file;
	int rc;
	const char *wanted; /* below the folder; or what the line says */
} rows[] = {
	{"www", "www/app.py", 0, "/www/app.py:application"},
	{"www/", "www/in.wsgi", 0, "/www/app.py:application"},
	{".", "www/out.py", 0, "/app.py:application"},
	{"www", "www/out.py", -EACCES, "is not below the root"},
	{"www", "app.py", -EACCES, "is not below the root"},
	{"www/app", "www/app.py", -EACCES, "the root www/app: No such file"},
	{"www/app.py", "www/app.py", -EACCES, "the root www/app.py: it is no folder"},
	{"www", "www/plain", -EACCES, "does not end in .wsgi, .py or .so"},
	{"www", "www/none.py", -ENOENT, "No such file"},
	{"www", "www/app.py/x", -ENOENT, "Not a directory"},
	{"www", "www/loop.py", -ENOENT, "Too many levels"},
	{"none", "www/app.py", -EACCES, "the root none: No such file"},
};

START_TEST(a_file_is_served_by_its_real_path_below_the_root)
{
	struct wsgi_error err = {0};
	char *application, wanted[200];
	int rc = wsgi_cgi_file(rows[_i].root, rows[_i].file, &application, &err);

	ck_assert_msg(rc == rows[_i].rc, "%s: %d %s", rows[_i].file, rc, err.text);
	if (rc != 0) {
		ck_assert_ptr_null(application);
		ck_assert_msg(strstr(err.text, rows[_i].wanted) != NULL, "%s", err.text);
		return;
	}
	snprintf(wanted, sizeof(wanted), "%s%s", folder, rows[_i].wanted);
	ck_assert_str_eq(application, wanted);
	free(application);
}
END_TEST

static const struct {
	const char *path;
	size_t len;
	const char *ending, *name;
} names[] = {
	{"/srv/a:b.py", 11, "", "/srv/a:b.py:application"},
	{"blog.cgi", 4, ".wsgi", "./blog.wsgi:application"},
	{"a/blog.cgi", 6, ".py", "a/blog.py:application"},
};

START_TEST(a_paths_name_is_no_modules)
{
	char *name;

	ck_assert_int_eq(wsgi_cgi_file_name(&name, names[_i].path, names[_i].len, names[_i].ending),
			 0);
	ck_assert_str_eq(name, names[_i].name);
	free(name);
}
END_TEST

START_TEST(an_application_is_known_by_its_ending)
{
	static const char *const yes[] = {"a.wsgi", "a.py", "/b/c.so", ".py"};
	static const char *const no[] = {"a.PY.txt", "a.pyc", "py", "a.wsgi/b", "a.so.1", ""};

	for (int i = 0; i < LEN(yes); i++)
		ck_assert_msg(wsgi_cgi_file_is_application(yes[i], strlen(yes[i])), "%s", yes[i]);
	for (int i = 0; i < LEN(no); i++)
		ck_assert_msg(!wsgi_cgi_file_is_application(no[i], strlen(no[i])), "%s", no[i]);
	ck_assert(wsgi_cgi_file_is_application("a.py/x", 4));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cgi_file");
	TCase *t = tcase_create("site"), *pure = tcase_create("names");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, given_a_site, tear_down);
	tcase_add_loop_test(t, a_file_is_served_by_its_real_path_below_the_root, 0, LEN(rows));
	suite_add_tcase(s, t);
	tcase_add_loop_test(pure, a_paths_name_is_no_modules, 0, LEN(names));
	tcase_add_test(pure, an_application_is_known_by_its_ending);
	suite_add_tcase(s, pure);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
