#include <check.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "host/start.h"

/* A plugin in Python stands for ours: it shows what it was given. */
static const char plugin[] =
	"import sys\n"
	"def run(program, http_proxy, words):\n"
	"    print(ascii((program, http_proxy, words, sys.path[0] in ('', sys.argv[1]))))\n"
	"    return 7\n";

static char folder[] = "/tmp/test_start.XXXXXX";
static char out[4096], errors[4096];
static int status;

static char *words[] = {(char[]){"wsgi-cgi"}, (char[]){"--threads=2"}, (char[]){"caf\xe9"}, NULL};
static struct wsgi_python_start start;

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void given_a_plugin(void)
{
	strcpy(strrchr(folder, '.'), ".XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	write_file("fake.py", plugin);
	setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	start = (struct wsgi_python_start){.python = "/usr/bin/python3",
					   .plugin = "fake",
					   .plugin_dir = folder,
					   .argv = words};
}

static void tear_down(void)
{
	remove("fake.py");
	remove("out");
	remove("errors");
	ck_assert_int_eq(chdir("/"), 0);
	remove(folder);
}

static void read_file(const char *name, char *text, size_t size)
{
	FILE *f = fopen(name, "r");

	ck_assert_ptr_nonnull(f);
	text[fread(text, 1, size - 1, f)] = '\0';
	fclose(f);
}

static void when_it_starts(void)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct wsgi_error err = {0};

		if (freopen("out", "w", stdout) == NULL || freopen("errors", "w", stderr) == NULL)
			_exit(99);
		wsgi_python_exec(&start, &err);
		fputs(err.text, stderr);
		fflush(stderr);
		_exit(98);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	read_file("out", out, sizeof(out));
	read_file("errors", errors, sizeof(errors));
}

START_TEST(the_plugin_gets_the_words_and_its_result_is_the_exit_status)
{
	when_it_starts();
	ck_assert_str_eq(errors, "");
	ck_assert_str_eq(out, "('wsgi-cgi', None, ('--threads=2', 'caf\\udce9'), False)\n");
	ck_assert_int_eq(status, 7);
}
END_TEST

START_TEST(HTTP_PROXY_is_handed_over_apart)
{
	start.http_proxy = "http://evil:1/";
	when_it_starts();
	ck_assert_ptr_nonnull(strstr(out, "('wsgi-cgi', 'http://evil:1/', ("));
}
END_TEST

START_TEST(an_empty_HTTP_PROXY_is_not_none)
{
	start.http_proxy = "";
	when_it_starts();
	ck_assert_ptr_nonnull(strstr(out, "('wsgi-cgi', '', ("));
}
END_TEST

START_TEST(a_plugin_that_cannot_be_loaded_is_one_line_and_the_page)
{
	start.plugin = "no_such_plugin";
	start.refusal = "Status: 500 No\r\n\r\n";
	when_it_starts();
	ck_assert_int_eq(status, EX_UNAVAILABLE);
	ck_assert_str_eq(out, "Status: 500 No\r\n\r\n");
	ck_assert_ptr_nonnull(strstr(errors, "wsgi-cgi: /usr/bin/python3 cannot load /tmp/"));
	ck_assert_ptr_nonnull(strstr(errors, "/no_such_plugin.abi3.so: No module named"));
	ck_assert_ptr_eq(strchr(errors, '\n'), errors + strlen(errors) - 1);
}
END_TEST

START_TEST(an_interpreter_that_cannot_run_is_said_in_words)
{
	start.python = "/nonexistent/python3";
	when_it_starts();
	ck_assert_int_eq(status, 98);
	ck_assert_str_eq(errors, "cannot run /nonexistent/python3: No such file or directory");
}
END_TEST

/* Whatever this machine has, by pyenv or as python2. */
START_TEST(an_interpreter_that_is_too_old_says_so_itself)
{
	static const char *const versions[] = {"2.7", "3.6", "3.7"};
	char pattern[4096], line[200];
	glob_t g;

	snprintf(pattern, sizeof(pattern), "%s/.pyenv/versions/%s.*/bin/python",
		 getenv("HOME") != NULL ? getenv("HOME") : "", versions[_i]);
	if (glob(pattern, 0, NULL, &g) == 0) {
		start.python = g.gl_pathv[0];
		start.refusal = "Status: 500 No\r\n\r\n";
		when_it_starts();
		snprintf(line, sizeof(line),
			 " is Python %s; CPython 3.8 or newer is needed: name one by --python\n",
			 versions[_i]);
		ck_assert_ptr_nonnull(strstr(errors, line));
		ck_assert_ptr_eq(strchr(errors, '\n'), errors + strlen(errors) - 1);
		ck_assert_str_eq(out, "Status: 500 No\r\n\r\n");
		ck_assert_int_eq(status, EX_UNAVAILABLE);
		globfree(&g);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("start");
	TCase *tc = tcase_create("exec");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_plugin, tear_down);
	tcase_add_test(tc, the_plugin_gets_the_words_and_its_result_is_the_exit_status);
	tcase_add_test(tc, HTTP_PROXY_is_handed_over_apart);
	tcase_add_test(tc, an_empty_HTTP_PROXY_is_not_none);
	tcase_add_test(tc, a_plugin_that_cannot_be_loaded_is_one_line_and_the_page);
	tcase_add_test(tc, an_interpreter_that_cannot_run_is_said_in_words);
	tcase_add_loop_test(tc, an_interpreter_that_is_too_old_says_so_itself, 0, 3);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
