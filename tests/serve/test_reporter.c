#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "serve/reporter.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

enum { WAIT_MS = 10000 };

static struct wsgi_reporter *reporter;
static struct wsgi_error err;
static int ours, theirs, sock;  /* the ends of the pipe; what stands for the socket */
static char received[200];      /* with ' ' in place of each NUL, and without digits */
static int64_t since_ns, at_ns; /* the numbers of the last message */

/* A loader that says, in turns, what an application consists of. */
static const char *files;
static size_t files_len;
static int failure;
static _Atomic(int64_t) asked_ns; /* when it was asked last */

/* The clock of file systems. */
static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int sources(struct wsgi_loader *loader, struct wsgi_buf *out)
{
	(void)loader;
	asked_ns = now_ns();
	return failure != 0 ? failure : wsgi_buf_add(out, files, files_len);
}

static struct wsgi_loader loader = {.sources = sources};

static void given_a_pipe(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ours = ends[0];
	theirs = ends[1];
	sock = open("/dev/null", O_RDONLY);
	fcntl(ours, F_SETFL, O_NONBLOCK);
	reporter = NULL;
	received[0] = '\0';
	failure = 0;
	files = "a.py\0b.py";
	files_len = 10;
}

static int when_created(const char *pipe, const char *bind)
{
	const struct wsgi_options o = {
		.bind = &bind, .bind_len = bind != NULL, .reload_pipe = pipe};

	return wsgi_reporter_create(&reporter, &o, &loader, &err);
}

static void given_a_reporter(void)
{
	char pipe[12], bind[20];

	snprintf(pipe, sizeof(pipe), "%d", theirs);
	snprintf(bind, sizeof(bind), "fd://%d", sock);
	ck_assert_msg(when_created(pipe, bind) == 0, "%s", err.text);
}

/* What the wire says, one character. */
static void take(char c)
{
	static bool in_number;
	size_t len = strlen(received);

	if (c >= '0' && c <= '9') {
		if (!in_number)
			since_ns = at_ns;
		at_ns = (in_number ? 10 * at_ns : 0) + c - '0';
	} else {
		received[len] = c != '\0' ? c : ' ';
		received[len + 1] = '\0';
	}
	in_number = c >= '0' && c <= '9';
}

/* Read until text has come. */
static void await(const char *text)
{
	struct pollfd p = {.fd = ours, .events = POLLIN};
	char c;

	while (strstr(received, text) == NULL) {
		ck_assert_msg(poll(&p, 1, WAIT_MS) == 1, "no '%s' in '%s'", text, received);
		ck_assert_msg(read(ours, &c, 1) == 1, "no '%s' in '%s'", text, received);
		ck_assert_int_lt(strlen(received), sizeof(received) - 1);
		take(c);
	}
}

START_TEST(what_is_known_is_told_at_once)
{
	given_a_reporter();
	await("loading   a.py b.py  ");
	wsgi_reporter_serving(reporter);
	ck_assert_int_eq(poll(&(struct pollfd){.fd = ours, .events = POLLIN}, 1, 0), 1);
	await("serving   a.py b.py  ");
	wsgi_reporter_destroy(reporter);
	ck_assert_str_eq(received, "loading   a.py b.py  serving   a.py b.py  ");
	ck_assert_int_eq(read(ours, received, 1), 0); /* the pipe has ended */
}
END_TEST

START_TEST(a_module_that_is_imported_later_is_told_later)
{
	given_a_reporter();
	await("loading   a.py b.py  ");
	files = "c.py";
	files_len = 5;
	await("loading   c.py  ");
	wsgi_reporter_destroy(reporter);
}
END_TEST

static void sleep_ms(int ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

START_TEST(each_message_says_when_it_asked_and_when_it_had_asked_before)
{
	int64_t begin_ns = now_ns(), before_ns;

	given_a_reporter();
	await("loading   a.py b.py  ");
	ck_assert_int_ge(since_ns, begin_ns - 20000000);
	ck_assert_int_le(since_ns, asked_ns);
	sleep_ms(300); /* it looks, and has nothing to tell */
	before_ns = asked_ns;
	ck_assert_int_gt(before_ns, begin_ns + 100000000);
	files_len = 5;
	await("loading   a.py  ");
	ck_assert_int_ge(since_ns, before_ns - 30000000);
	ck_assert_int_lt(since_ns, at_ns);
	ck_assert_int_le(at_ns, asked_ns + 20000000);
	wsgi_reporter_destroy(reporter);
}
END_TEST

START_TEST(what_a_failed_load_has_to_do_with_is_told_at_the_end)
{
	given_a_reporter();
	await("loading   a.py b.py  ");
	files_len = 5;
	wsgi_reporter_destroy(reporter);
	await("loading   a.py  ");
}
END_TEST

START_TEST(nothing_is_told_when_the_loader_has_no_memory)
{
	failure = -ENOMEM;
	given_a_reporter();
	wsgi_reporter_destroy(reporter);
	ck_assert_int_eq(read(ours, received, 1), 0);
}
END_TEST

START_TEST(a_program_that_is_started_has_neither_the_pipe_nor_the_socket)
{
	given_a_reporter();
	ck_assert(fcntl(theirs, F_GETFD) & FD_CLOEXEC);
	ck_assert(fcntl(sock, F_GETFD) & FD_CLOEXEC);
	wsgi_reporter_destroy(reporter);
}
END_TEST

START_TEST(nor_has_a_child_that_the_application_forks_while_it_is_loaded)
{
	int status;

	given_a_reporter();
	if (fork() == 0) {
		bool closed = fcntl(theirs, F_GETFD) == -1 && fcntl(sock, F_GETFD) == -1;

		wsgi_reporter_serving(reporter); /* of a thread that is not there */
		wsgi_reporter_destroy(reporter);
		_exit(closed ? 0 : 1);
	}
	ck_assert_int_gt(wait(&status), 0);
	ck_assert_int_eq(status, 0);
	wsgi_reporter_destroy(reporter);
}
END_TEST

static const struct {
	const char *pipe, *bind;
} wrong[] = {
	{"0", "fd://0"}, {"99", "fd://0"}, {"x", "fd://0"}, {"PIPE", ":8000"}, {"PIPE", NULL},
};

START_TEST(words_that_are_not_the_supervisors_are_refused)
{
	char number[12];
	const char *pipe = wrong[_i].pipe;

	dup2(sock, STDIN_FILENO); /* no pipe, wherever this runs */
	snprintf(number, sizeof(number), "%d", theirs);
	if (strcmp(pipe, "PIPE") == 0)
		pipe = number;
	ck_assert_int_eq(when_created(pipe, wrong[_i].bind), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "--reload-pipe"));
	ck_assert_ptr_null(reporter);
}
END_TEST

START_TEST(nobody_can_be_told_nothing)
{
	wsgi_reporter_serving(NULL);
	wsgi_reporter_forget(NULL);
	wsgi_reporter_destroy(NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("reporter");
	TCase *tc = tcase_create("reporter");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_pipe, NULL);
	tcase_add_test(tc, what_is_known_is_told_at_once);
	tcase_add_test(tc, a_module_that_is_imported_later_is_told_later);
	tcase_add_test(tc, each_message_says_when_it_asked_and_when_it_had_asked_before);
	tcase_add_test(tc, what_a_failed_load_has_to_do_with_is_told_at_the_end);
	tcase_add_test(tc, nothing_is_told_when_the_loader_has_no_memory);
	tcase_add_test(tc, a_program_that_is_started_has_neither_the_pipe_nor_the_socket);
	tcase_add_test(tc, nor_has_a_child_that_the_application_forks_while_it_is_loaded);
	tcase_add_loop_test(tc, words_that_are_not_the_supervisors_are_refused, 0, LEN(wrong));
	tcase_add_test(tc, nobody_can_be_told_nothing);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
