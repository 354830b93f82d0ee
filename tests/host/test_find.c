#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/find.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static char folder[] = "/tmp/test_find.XXXXXX";
static struct wsgi_error err;
static char *found;

static void make_folder(const char *name)
{
	ck_assert_int_eq(mkdirat(AT_FDCWD, name, 0755), 0);
}

static void make_file(const char *name, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

/* Two virtual environments, one that is none, and a folder for PATH. */
static void given_some_interpreters(void)
{
	strcpy(strrchr(folder, '.'), ".XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	make_folder("venv");
	make_folder("venv/bin");
	make_file("venv/bin/python3", 0755);
	make_folder("old");
	make_folder("old/bin");
	make_file("old/bin/python", 0755);
	make_folder("empty");
	make_folder("bin");
	make_file("bin/python3", 0755);
	make_file("bin/python3.12", 0755);
	make_file("plain", 0644);
	ck_assert_int_eq(setenv("PATH", "/nonexistent:bin", 1), 0);
	ck_assert_int_eq(unsetenv("VIRTUAL_ENV"), 0);
	found = NULL;
	err = (struct wsgi_error){0};
}

static void tear_down(void)
{
	static const char *const made[] = {
		"venv/bin/python3", "venv/bin", "venv",  "old/bin/python",
		"old/bin",          "old",      "empty", "bin/python3",
		"bin/python3.12",   "bin",      "plain",
	};

	free(found);
	for (int i = 0; i < LEN(made); i++)
		remove(made[i]);
	ck_assert_int_eq(chdir("/"), 0);
	remove(folder);
}

static const struct {
	const char *claim, *wanted, *active, *path;
} good[] = {
	{"nothing is said: python3 on PATH", NULL, NULL, "bin/python3"},
	{"an empty --python says nothing", "", NULL, "bin/python3"},
	{"the active environment", NULL, "venv", "venv/bin/python3"},
	{"an empty VIRTUAL_ENV is none", NULL, "", "bin/python3"},
	{"--python is stronger than VIRTUAL_ENV", "./bin/python3", "venv", "./bin/python3"},
	{"a name on PATH", "python3.12", NULL, "bin/python3.12"},
	{"an environment's folder", "./venv", NULL, "./venv/bin/python3"},
	{"an environment's folder, with a slash", "venv/", NULL, "venv//bin/python3"},
	{"an environment that has bin/python only", "./old", NULL, "./old/bin/python"},
	{"an environment's folder without any slash", "venv", NULL, "venv/bin/python3"},
};

START_TEST(an_interpreter_is_found)
{
	if (good[_i].active != NULL)
		setenv("VIRTUAL_ENV", good[_i].active, 1);
	ck_assert_msg(wsgi_find_python(good[_i].wanted, &found, &err) == 0, "%s: %s",
		      good[_i].claim, err.text);
	ck_assert_msg(strcmp(found, good[_i].path) == 0, "%s: %s", good[_i].claim, found);
}
END_TEST

static const struct {
	const char *wanted, *active;
	int rc;
	const char *words;
} bad[] = {
	{"python9", NULL, -ENOENT,
	 "no interpreter 'python9' on PATH (/nonexistent:bin): name one, or a virtual "
	 "environment's folder, by --python"},
	{"./python9", NULL, -ENOENT,
	 "no interpreter: --python ./python9: No such file or directory"},
	{"./plain", NULL, -EACCES, "no interpreter: --python ./plain is not executable"},
	{"./empty", NULL, -ENOENT,
	 "--python ./empty is no virtual environment: it has no bin/python3 and no bin/python"},
	{"empty", NULL, -ENOENT,
	 "--python empty is no virtual environment: it has no bin/python3 and no bin/python"},
	{NULL, "gone", -ENOENT,
	 "VIRTUAL_ENV gone is no virtual environment: it has no bin/python3 and no bin/python"},
};

START_TEST(what_is_not_there_is_said_in_words)
{
	if (bad[_i].active != NULL)
		setenv("VIRTUAL_ENV", bad[_i].active, 1);
	ck_assert_int_eq(wsgi_find_python(bad[_i].wanted, &found, &err), bad[_i].rc);
	ck_assert_str_eq(err.text, bad[_i].words);
	ck_assert_ptr_null(found);
}
END_TEST

START_TEST(without_PATH_the_usual_folders_are_searched)
{
	unsetenv("PATH");
	ck_assert_int_eq(wsgi_find_python("sh", &found, &err), 0);
	ck_assert_ptr_nonnull(strstr(found, "bin/sh"));
}
END_TEST

START_TEST(an_empty_element_of_PATH_is_the_current_folder)
{
	setenv("PATH", ":/nonexistent", 1);
	ck_assert_int_eq(chdir("bin"), 0);
	ck_assert_int_eq(wsgi_find_python("python3.12", &found, &err), 0);
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_str_eq(found, "./python3.12");
}
END_TEST

START_TEST(a_missing_plugin_is_said_with_all_three_places)
{
	ck_assert_int_eq(wsgi_find_plugin("no_such_plugin", &found, &err), -ENOENT);
	ck_assert_ptr_null(found);
	ck_assert_ptr_nonnull(strstr(err.text, "no_such_plugin.abi3.so is neither in /"));
	ck_assert_ptr_nonnull(strstr(err.text, "/../lib/wsgi"));
	ck_assert_ptr_nonnull(strstr(err.text, "reinstall"));
}
END_TEST

START_TEST(a_plugin_beside_the_program_is_found)
{
	char own[4096], file[4200];
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

	ck_assert_int_gt(n, 0);
	own[n] = '\0';
	*strrchr(own, '/') = '\0';
	snprintf(file, sizeof(file), "%s/test_plugin_%ld.abi3.so", own, (long)getpid());
	make_file(file, 0644);
	*strrchr(file, '.') = '\0';
	*strrchr(file, '.') = '\0';
	ck_assert_int_eq(wsgi_find_plugin(strrchr(file, '/') + 1, &found, &err), 0);
	strcat(file, ".abi3.so");
	unlink(file);
	ck_assert_str_eq(found, own);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("find");
	TCase *tc = tcase_create("find");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_some_interpreters, tear_down);
	tcase_add_loop_test(tc, an_interpreter_is_found, 0, LEN(good));
	tcase_add_loop_test(tc, what_is_not_there_is_said_in_words, 0, LEN(bad));
	tcase_add_test(tc, without_PATH_the_usual_folders_are_searched);
	tcase_add_test(tc, an_empty_element_of_PATH_is_the_current_folder);
	tcase_add_test(tc, a_missing_plugin_is_said_with_all_three_places);
	tcase_add_test(tc, a_plugin_beside_the_program_is_found);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
