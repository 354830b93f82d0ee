#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "base/program.h"

START_TEST(its_path_names_this_program)
{
	char *path = wsgi_program_path();

	ck_assert_ptr_nonnull(path);
	ck_assert_str_eq(wsgi_path_last(path), "test_program");
	ck_assert(wsgi_program_is(path));
	ck_assert(wsgi_program_is(wsgi_program_started_as()));
	ck_assert(!wsgi_program_is("/bin/sh"));
	ck_assert(!wsgi_program_is("/none"));
	free(path);
}
END_TEST

START_TEST(a_link_to_it_is_it)
{
	char link[32] = "/tmp/wsgi-program-XXXXXX", *path = wsgi_program_path();

	ck_assert_ptr_nonnull(mkdtemp(link));
	strcat(link, "/x");
	ck_assert_int_eq(symlink(path, link), 0);
	ck_assert(wsgi_program_is(link));
	unlink(link);
	*strrchr(link, '/') = '\0';
	rmdir(link);
	free(path);
}
END_TEST

START_TEST(who_becomes_another_ends_as_that_does)
{
	static char name[] = "sh", option[] = "-c", script[] = "[ \"$1\" = 'a \"b' ] && exit 7",
		    zero[] = "0", word[] = "a \"b";
	char *const argv[] = {name, option, script, zero, word, NULL};
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(wsgi_program_become("/bin/sh", argv) != 0 ? 1 : 2);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(WEXITSTATUS(status), 7);
}
END_TEST

START_TEST(what_cannot_run_is_told)
{
	static char name[] = "x";
	char *const argv[] = {name, NULL};

	ck_assert_int_eq(wsgi_program_become("/none", argv), -ENOENT);
	ck_assert_int_eq(wsgi_program_become("/", argv), -EACCES);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("program");
	TCase *tc = tcase_create("program");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, its_path_names_this_program);
	tcase_add_test(tc, a_link_to_it_is_it);
	tcase_add_test(tc, who_becomes_another_ends_as_that_does);
	tcase_add_test(tc, what_cannot_run_is_told);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
