#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve/cgi_log.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static char folder[] = "/tmp/test_cgi_log.XXXXXX";
static char text[4000];
static int real_stderr;

/* Standard error is a file, "err"; the log is to be "log". Each test is a process of its own. */
static void given_a_folder(void)
{
	int fd;

	strcpy(strrchr(folder, '.'), ".XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	fd = open("err", O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
}

static void tear_down(void)
{
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	unlink("err");
	unlink("log");
	ck_assert_int_eq(rmdir(folder), 0);
}

static const char *content(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	ck_assert_msg(n >= 0, "%s", name);
	text[n] = '\0';
	close(fd);
	return text;
}

static struct wsgi_options when_opened(const char *name)
{
	struct wsgi_options o = {
		.gateway = WSGI_GATEWAY_CGI, .program = "wsgi-cgi", .error_logfile = name};

	wsgi_cgi_log_open(&o);
	return o;
}

/* -- the file ---------------------------------------------------------------------------------- */

START_TEST(the_file_takes_the_place_of_standard_error)
{
	struct stat st;
	struct wsgi_options o;

	umask(022);
	o = when_opened("log");
	ck_assert_str_eq(o.error_logfile, "log");
	ck_assert_int_eq(system("echo a child >&2"), 0);
	fprintf(stderr, "the C library\n");
	ck_assert_str_eq(content("log"), "a child\nthe C library\n");
	ck_assert_str_eq(content("err"), "");
	ck_assert_int_eq(stat("log", &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0640);
}
END_TEST

START_TEST(it_is_written_to_at_its_end_whoever_else_does)
{
	when_opened("log");
	fprintf(stderr, "1\n");
	ck_assert_int_eq(system("echo 2 >>log"), 0);
	fprintf(stderr, "3\n");
	ck_assert_str_eq(content("log"), "1\n2\n3\n");
}
END_TEST

START_TEST(no_other_descriptor_is_left_open)
{
	int before = dup(STDIN_FILENO), after;

	close(before);
	when_opened("log");
	after = dup(STDIN_FILENO);
	close(after);
	ck_assert_int_eq(after, before);
}
END_TEST

START_TEST(without_a_file_it_stays_standard_error)
{
	ck_assert_ptr_null(when_opened(NULL).error_logfile);
	ck_assert_str_eq(when_opened("-").error_logfile, "-");
	fprintf(stderr, "x\n");
	ck_assert_str_eq(content("err"), "x\n");
}
END_TEST

/* Whoever can write to the log's folder could have every request wait there. */
START_TEST(a_FIFO_that_nobody_reads_holds_up_no_request)
{
	ck_assert_int_eq(mkfifo("log", 0600), 0);
	ck_assert_ptr_null(when_opened("log").error_logfile);
	ck_assert_ptr_nonnull(
		strstr(content("err"), "the error log log: it is a FIFO that nobody reads"));
}
END_TEST

START_TEST(one_that_is_read_is_written_to_and_waited_for)
{
	int fd;

	ck_assert_int_eq(mkfifo("log", 0600), 0);
	fd = open("log", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_str_eq(when_opened("log").error_logfile, "log");
	ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
	fprintf(stderr, "x\n");
	ck_assert_int_eq(read(fd, text, sizeof(text)), 2);
	close(fd);
}
END_TEST

static const struct {
	const char *name, *why;
} unusable[] = {
	{"none/log", "its folder is not there"},
	{"/", "Is a directory"},
	{"err/log", "Not a directory"},
	{"", "its folder is not there"},
};

START_TEST(what_cannot_be_opened_is_said_on_standard_error_which_is_used)
{
	char wanted[400];

	ck_assert_ptr_null(when_opened(unusable[_i].name).error_logfile);
	snprintf(wanted, sizeof(wanted),
		 "wsgi-cgi: the error log %s: %s: standard error is used; name a file by "
		 "--error-logfile that this program's user can make or append to\n",
		 unusable[_i].name, unusable[_i].why);
	ck_assert_str_eq(content("err"), wanted);
}
END_TEST

/* -- the file of a line that is wrong ---------------------------------------------------------- */

static const struct {
	const char *claim, *line, *name;
} lines[] = {
	{"in front of what is wrong", "x --error-logfile e --bad", "e"},
	{"behind it", "x --bad --error-logfile e", "e"},
	{"behind it, by =", "x --bad --error-logfile=e", "e"},
	{"behind a bad letter", "x -Z --error-logfile e", "e"},
	{"behind a flag with a value", "x --validate=1 --error-logfile e", "e"},
	{"behind values in words of their own", "x --root a -e b --error-logfile e", "e"},
	{"behind a letter's value in its word", "x -eb --bad --error-logfile=e", "e"},
	{"the last one counts", "x --error-logfile=a --bad --error-logfile=b", "b"},
	{"behind the application", "x --bad app.py --error-logfile=e", NULL},
	{"behind a word that may be one", "x --bad=1 y --error-logfile=e", NULL},
	{"behind the end of options", "x --bad -- --error-logfile=e", NULL},
	{"behind a hyphen", "x - --error-logfile=e", NULL},
	{"as the value of another", "x --root --error-logfile=e", NULL},
	{"with no value", "x --bad --error-logfile", NULL},
	{"with an empty one, which is refused", "x --error-logfile= --bad", NULL},
	{"with an empty one after another", "x --error-logfile=e --error-logfile=", "e"},
	{"with another option's value", "x --error-logfile --bad", "--bad"},
	{"no word at all", "", NULL},
	{"none", "x --bad", NULL},
};

START_TEST(the_file_of_a_refused_line_is_found)
{
	static char line[200], *words[20];
	const char *name;
	int n = 0;

	snprintf(line, sizeof(line), "%s", lines[_i].line);
	for (char *w = strtok(line, " "); w != NULL; w = strtok(NULL, " "))
		words[n++] = w;
	words[n] = NULL;
	name = wsgi_cgi_log_named(WSGI_GATEWAY_IIS, n, words);
	if (lines[_i].name == NULL)
		ck_assert_msg(name == NULL, "%s: %s", lines[_i].claim, name);
	else
		ck_assert_msg(name != NULL && strcmp(name, lines[_i].name) == 0, "%s: %s",
			      lines[_i].claim, name != NULL ? name : "none");
}
END_TEST

/* -- wsgi.errors ------------------------------------------------------------------------------- */

static void when_the_application_writes(const char *path, const char *program)
{
	const struct wsgi_log log = {.fd = STDERR_FILENO, .program = program};
	struct wsgi_environ vars;
	struct wsgi_cgi_errors e;

	wsgi_environ_init(&vars);
	ck_assert_int_eq(wsgi_environ_set(&vars, "REQUEST_METHOD", "GET"), 0);
	ck_assert_int_eq(wsgi_environ_set(&vars, "SCRIPT_NAME", "/blog"), 0);
	if (path != NULL)
		ck_assert_int_eq(wsgi_environ_set(&vars, "PATH_INFO", path), 0);
	wsgi_cgi_errors_init(&e, &log, &vars);
	ck_assert_int_eq(wsgi_errors_puts(&e.errors, "one\n"), 0);
	ck_assert_int_eq(wsgi_errors_puts(&e.errors, "two\n"), 0);
	ck_assert_int_eq(wsgi_errors_flush(&e.errors), 0);
	wsgi_environ_finish(&vars);
}

START_TEST(in_a_file_the_request_stands_once_before_what_its_application_writes)
{
	char wanted[100];

	when_the_application_writes("/x", NULL);
	content("err");
	snprintf(wanted, sizeof(wanted), "] [%d] [ERROR] wsgi.errors of GET /blog/x:\none\ntwo\n",
		 (int)getpid());
	ck_assert_msg(strchr(text, ']') != NULL && text[0] == '[' && text[1] == '2', "%s", text);
	ck_assert_str_eq(strchr(text, ']'), wanted);
}
END_TEST

START_TEST(no_path_of_a_client_makes_a_line_of_its_own)
{
	when_the_application_writes("/\n[2026-11-22] [1] [ERROR] forged", NULL);
	ck_assert_ptr_nonnull(strstr(content("err"), "GET /blog/\\x0a[2026-11-22] "));
}
END_TEST

START_TEST(a_request_without_a_path_has_its_line)
{
	when_the_application_writes(NULL, NULL);
	ck_assert_ptr_nonnull(strstr(content("err"), "wsgi.errors of GET /blog:\none\n"));
}
END_TEST

START_TEST(on_standard_error_the_server_has_the_time)
{
	when_the_application_writes("/x", "wsgi-cgi");
	ck_assert_str_eq(content("err"), "one\ntwo\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cgi_log");
	TCase *t = tcase_create("log"), *pure = tcase_create("line");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, given_a_folder, tear_down);
	tcase_add_test(t, the_file_takes_the_place_of_standard_error);
	tcase_add_test(t, it_is_written_to_at_its_end_whoever_else_does);
	tcase_add_test(t, no_other_descriptor_is_left_open);
	tcase_add_test(t, without_a_file_it_stays_standard_error);
	tcase_add_test(t, a_FIFO_that_nobody_reads_holds_up_no_request);
	tcase_add_test(t, one_that_is_read_is_written_to_and_waited_for);
	tcase_add_loop_test(t, what_cannot_be_opened_is_said_on_standard_error_which_is_used, 0,
			    LEN(unusable));
	tcase_add_test(t, in_a_file_the_request_stands_once_before_what_its_application_writes);
	tcase_add_test(t, no_path_of_a_client_makes_a_line_of_its_own);
	tcase_add_test(t, a_request_without_a_path_has_its_line);
	tcase_add_test(t, on_standard_error_the_server_has_the_time);
	suite_add_tcase(s, t);
	tcase_add_loop_test(pure, the_file_of_a_refused_line_is_found, 0, LEN(lines));
	suite_add_tcase(s, pure);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
