#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"

/* A folder with app.so, a folder below/ with deep.so in it, and link.so, which is deep.so. */
static char root[] = "/tmp/wsgi-path-XXXXXX";
static char other[sizeof(root) + 1]; /* a folder whose name begins with root's */

static const char *at(const char *name)
{
	static char path[4][256];
	static unsigned next;
	char *mine = path[next++ % 4];

	snprintf(mine, sizeof(path[0]), "%s/%s", root, name);
	return mine;
}

static void make_file(const char *path)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fclose(f);
}

static void make(void)
{
	strcpy(root + sizeof(root) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	snprintf(other, sizeof(other), "%s2", root);
	make_file(at("app.so"));
	ck_assert_int_eq(mkdir(at("below"), 0700), 0);
	ck_assert_int_eq(mkdir(other, 0700), 0);
	make_file(at("below/deep.so"));
	ck_assert_int_eq(symlink("below/deep.so", at("link.so")), 0);
}

static void clear(void)
{
	unlink(at("app.so"));
	unlink(at("link.so"));
	unlink(at("below/deep.so"));
	rmdir(at("below"));
	rmdir(other);
	rmdir(root);
}

START_TEST(its_last_part_stands_behind_the_last_slash)
{
	ck_assert_str_eq(wsgi_path_last("/a/b.so"), "b.so");
	ck_assert_str_eq(wsgi_path_last("b.so"), "b.so");
	ck_assert_str_eq(wsgi_path_last("/a/"), "");
	ck_assert_str_eq(wsgi_path_last("a\\b"), "a\\b"); /* a byte as any other here */
	ck_assert_str_eq(wsgi_path_last(""), "");
}
END_TEST

START_TEST(only_a_slash_is_one)
{
	for (int c = -128; c < 128; c++)
		ck_assert_int_eq(wsgi_path_is_slash((char)c), c == '/');
	ck_assert(wsgi_path_has_slash("a/b", 3));
	ck_assert(!wsgi_path_has_slash("a/b", 1)); /* behind its end */
	ck_assert(!wsgi_path_has_slash("a\\b", 3));
	ck_assert(wsgi_path_is_absolute("/a"));
	ck_assert(!wsgi_path_is_absolute("a/b"));
	ck_assert(!wsgi_path_is_absolute(""));
}
END_TEST

START_TEST(an_ending_is_compared_byte_by_byte)
{
	ck_assert_str_eq(wsgi_path_library, ".so");
	ck_assert(wsgi_path_ends_in("a.so", 4, ".so"));
	ck_assert(wsgi_path_ends_in(".so", 3, ".so"));
	ck_assert(wsgi_path_ends_in("a.so:app", 4, ".so"));
	ck_assert(!wsgi_path_ends_in("a.so:app", 8, ".so"));
	ck_assert(!wsgi_path_ends_in("a.SO", 4, ".so"));
	ck_assert(!wsgi_path_ends_in("so", 2, ".so"));
}
END_TEST

START_TEST(files_and_folders_are_told_apart)
{
	ck_assert(wsgi_path_is_file(at("app.so")));
	ck_assert(wsgi_path_is_file(at("link.so")));
	ck_assert(!wsgi_path_is_file(at("below")));
	ck_assert(!wsgi_path_is_file(at("none")));
	ck_assert(!wsgi_path_is_file("/dev/null"));
	ck_assert(wsgi_path_is_folder(at("below")));
	ck_assert(!wsgi_path_is_folder(at("app.so")));
	ck_assert(!wsgi_path_is_folder(at("none")));
}
END_TEST

START_TEST(its_real_path_has_no_links_and_no_dots)
{
	char *link = wsgi_path_real(at("below/../link.so")), *deep = wsgi_path_real(at("link.so"));

	ck_assert_str_eq(link, at("below/deep.so"));
	ck_assert_str_eq(deep, link);
	free(link);
	free(deep);
	errno = 0;
	ck_assert_ptr_null(wsgi_path_real(at("none")));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_ptr_null(wsgi_path_real(at("app.so/x")));
	ck_assert_int_eq(errno, ENOTDIR);
}
END_TEST

START_TEST(from_the_working_directory_it_becomes_absolute_as_it_is)
{
	char *path;

	ck_assert_int_eq(chdir(root), 0);
	path = wsgi_path_absolute("./none/../app.so");
	ck_assert_str_eq(path, at("./none/../app.so"));
	free(path);
	path = wsgi_path_absolute("/none/../x");
	ck_assert_str_eq(path, "/none/../x");
	free(path);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(a_file_is_below_a_folder_at_a_slash_only)
{
	ck_assert(wsgi_path_is_below("/a/b/c", "/a/b"));
	ck_assert(wsgi_path_is_below("/a/b/c", "/a"));
	ck_assert(wsgi_path_is_below("/a", "/"));
	ck_assert(!wsgi_path_is_below("/a/bc", "/a/b"));
	ck_assert(!wsgi_path_is_below("/a/b", "/a/b"));
	ck_assert(!wsgi_path_is_below("/a", "/a/b"));
	ck_assert(!wsgi_path_is_below("/A/b/c", "/a"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("path");
	TCase *tc = tcase_create("path");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, make, clear);
	tcase_add_test(tc, its_last_part_stands_behind_the_last_slash);
	tcase_add_test(tc, only_a_slash_is_one);
	tcase_add_test(tc, an_ending_is_compared_byte_by_byte);
	tcase_add_test(tc, files_and_folders_are_told_apart);
	tcase_add_test(tc, its_real_path_has_no_links_and_no_dots);
	tcase_add_test(tc, from_the_working_directory_it_becomes_absolute_as_it_is);
	tcase_add_test(tc, a_file_is_below_a_folder_at_a_slash_only);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
