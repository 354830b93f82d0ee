#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/interpreter.h"

static char folder[] = "/tmp/test_interpreter.XXXXXX";

static void given_a_folder(void)
{
	strcpy(strrchr(folder, '.'), ".XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void tear_down(void)
{
	remove("python");
	ck_assert_int_eq(chdir("/"), 0);
	remove(folder);
}

static void given_a_file(mode_t mode)
{
	int fd = open("python", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

START_TEST(an_executable_file_may_be_one)
{
	given_a_file(0755);
	ck_assert(wsgi_interpreter_is("python"));
}
END_TEST

START_TEST(a_file_that_nobody_may_execute_is_none)
{
	given_a_file(0644);
	ck_assert(!wsgi_interpreter_is("python"));
}
END_TEST

START_TEST(neither_a_folder_nor_nothing_is_one)
{
	ck_assert(!wsgi_interpreter_is(folder));
	ck_assert(!wsgi_interpreter_is("python"));
}
END_TEST

START_TEST(a_module_is_a_file_by_the_stable_ABIs_name)
{
	char *file = wsgi_interpreter_module("/usr/lib/wsgi", "wsgi_python");

	ck_assert_str_eq(file, "/usr/lib/wsgi/wsgi_python.abi3.so");
	free(file);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("interpreter");
	TCase *tc = tcase_create("interpreter");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_folder, tear_down);
	tcase_add_test(tc, an_executable_file_may_be_one);
	tcase_add_test(tc, a_file_that_nobody_may_execute_is_none);
	tcase_add_test(tc, neither_a_folder_nor_nothing_is_one);
	tcase_add_test(tc, a_module_is_a_file_by_the_stable_ABIs_name);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
