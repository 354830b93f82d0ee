#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "handler/paths.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static bool is_file(const char *path, size_t len)
{
	static const char *const files[] = {"/srv/www/blog.wsgi", "/srv/www/a/b.py"};

	for (int i = 0; i < LEN(files); i++)
		if (strlen(files[i]) == len && memcmp(files[i], path, len) == 0)
			return true;
	return false;
}

static const struct {
	const char *claim, *path_info, *translated;
	int rc;
	const char *file, *script_name, *rest;
} rows[] = {
	{"the file itself", "/blog.wsgi", "/srv/www/blog.wsgi", 0, "/srv/www/blog.wsgi",
	 "/blog.wsgi", ""},
	{"a path after it", "/blog.wsgi/2024/x", "/srv/www/blog.wsgi/2024/x", 0,
	 "/srv/www/blog.wsgi", "/blog.wsgi", "/2024/x"},
	{"a slash after it", "/blog.wsgi/", "/srv/www/blog.wsgi/", 0, "/srv/www/blog.wsgi",
	 "/blog.wsgi", "/"},
	{"slashes after it", "/blog.wsgi//x//", "/srv/www/blog.wsgi//x//", 0, "/srv/www/blog.wsgi",
	 "/blog.wsgi", "//x//"},
	{"a folder", "/a/b.py/c.py", "/srv/www/a/b.py/c.py", 0, "/srv/www/a/b.py", "/a/b.py",
	 "/c.py"},
	{"an alias", "/forum/b.py/x", "/srv/www/a/b.py/x", 0, "/srv/www/a/b.py", "/forum/b.py",
	 "/x"},
	{"a name that the server completed", "/blog", "/srv/www/blog.wsgi", 0, "/srv/www/blog.wsgi",
	 "/blog", ""},
	{"bytes that are not ASCII", "/blog.wsgi/\xe9", "/srv/www/blog.wsgi/\xe9", 0,
	 "/srv/www/blog.wsgi", "/blog.wsgi", "/\xe9"},
	{"no file", "/none.wsgi/x", "/srv/www/none.wsgi/x", -ENOENT, NULL, NULL, NULL},
	{"a longer name is another file", "/blog.wsgix", "/srv/www/blog.wsgix", -ENOENT, NULL, NULL,
	 NULL},
	{"nothing", "", "", -ENOENT, NULL, NULL, NULL},
	{"the root", "/", "/", -ENOENT, NULL, NULL, NULL},
	{"a relative path", "x", "x", -ENOENT, NULL, NULL, NULL},
	{"the two do not belong together", "/other", "/srv/www/blog.wsgi/x", -EINVAL, NULL, NULL,
	 NULL},
	{"PATH_INFO is too short", "x", "/srv/www/blog.wsgi/x", -EINVAL, NULL, NULL, NULL},
};

START_TEST(the_file_its_url_and_the_rest)
{
	struct wsgi_action_paths p;
	const char *info = rows[_i].path_info, *file = rows[_i].translated;
	const int rc = wsgi_action_paths(info, file, is_file, &p);

	ck_assert_msg(rc == rows[_i].rc, "%s: %d", rows[_i].claim, rc);
	if (rc != 0)
		return;
	ck_assert_msg(strlen(rows[_i].file) == p.file_len &&
			      strncmp(file, rows[_i].file, p.file_len) == 0,
		      "%s: file %.*s", rows[_i].claim, (int)p.file_len, file);
	ck_assert_msg(strlen(rows[_i].script_name) == p.script_len &&
			      strncmp(info, rows[_i].script_name, p.script_len) == 0,
		      "%s: SCRIPT_NAME %.*s", rows[_i].claim, (int)p.script_len, info);
	ck_assert_str_eq(info + p.script_len, rows[_i].rest);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("paths");
	TCase *tc = tcase_create("action");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, the_file_its_url_and_the_rest, 0, LEN(rows));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
