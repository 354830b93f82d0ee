#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

static int ends[2];
static char got[2 * PIPE_BUF];
static struct wsgi_log to_pipe;

/* A socket that keeps writes apart shows how many there were. */
static void given_a_log(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
	to_pipe = (struct wsgi_log){.fd = ends[1], .program = "wsgi-x", .level = WSGI_LOG_INFO};
}

static void tear_down(void)
{
	close(ends[0]);
	close(ends[1]);
}

/* The next write, as a string; "" when there was none. */
static const char *written(void)
{
	ssize_t n = read(ends[0], got, sizeof(got) - 1);

	got[n > 0 ? n : 0] = '\0';
	return got;
}

START_TEST(a_call_writes_one_line_by_one_write)
{
	wsgi_log(&to_pipe, WSGI_LOG_ERROR, "cannot open %s: %d", "app.so", 42);
	ck_assert_str_eq(written(), "wsgi-x: cannot open app.so: 42\n");
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(without_a_name_time_process_and_level_stand_in_front)
{
	static const char *const names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};
	char end[100];
	time_t before = time(NULL), at;
	struct tm tm = {0};

	setenv("TZ", "XXX-5:30", 1);
	tzset();
	to_pipe.program = NULL;
	to_pipe.level = WSGI_LOG_DEBUG;
	wsgi_log(&to_pipe, (enum wsgi_log_level)_i, "a\nb");
	snprintf(end, sizeof(end), " +0530] [%d] [%s] a\\x0ab\n", (int)getpid(), names[_i]);
	ck_assert_str_eq(strptime(written(), "[%Y-%m-%d %H:%M:%S", &tm), end);
	at = timegm(&tm) - (5 * 60 + 30) * 60;
	ck_assert_int_ge(at, before);
	ck_assert_int_le(at, time(NULL));
}
END_TEST

START_TEST(control_characters_are_escaped_so_that_nobody_forges_a_line)
{
	wsgi_log(&to_pipe, WSGI_LOG_ERROR, "a\r\nwsgi-x: b\t\x1b[2J\x7f caf\xc3\xa9");
	ck_assert_str_eq(written(), "wsgi-x: a\\x0d\\x0awsgi-x: b\\x09\\x1b[2J\\x7f caf\xc3\xa9\n");
}
END_TEST

static const struct {
	const char *text, *line;
} others[] = {
	{"\xc2\x85x", "\\xc2\\x85x"}, /* U+0085: a line ends */
	{"\xc2\x9b"
	 "2J",
	 "\\xc2\\x9b2J"}, /* U+009B: a terminal's ESC [ */
	{"\xc2\x80\xc2\x9f", "\\xc2\\x80\\xc2\\x9f"},
	{"\xe2\x80\xa8x", "\\xe2\\x80\\xa8x"}, /* U+2028, U+2029: lines and paragraphs end */
	{"\xe2\x80\xa9", "\\xe2\\x80\\xa9"},
	{"\xe2\x80\xae", "\\xe2\\x80\\xae"}, /* U+202E, U+2066: what follows is turned about */
	{"\xe2\x81\xa6", "\\xe2\\x81\\xa6"},
	{"\xc2\xa0\xc2\xa9\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xaa", NULL},
	{"\xc3\x85\xe6\x97\xa5\xf0\x9f\x98\x80", NULL}, /* letters have such bytes in them */
	{"\xc2", NULL},
	{"\xe2\x80", NULL},
	{"\xe9", NULL},
};

START_TEST(so_are_those_that_are_not_ASCII)
{
	char line[100];

	wsgi_log(&to_pipe, WSGI_LOG_ERROR, "%s", others[_i].text);
	snprintf(line, sizeof(line), "wsgi-x: %s\n",
		 others[_i].line != NULL ? others[_i].line : others[_i].text);
	ck_assert_str_eq(written(), line);
}
END_TEST

static const struct {
	enum wsgi_log_level threshold, level;
	bool is_written;
} levels[] = {
	{WSGI_LOG_INFO, WSGI_LOG_DEBUG, false},    {WSGI_LOG_INFO, WSGI_LOG_INFO, true},
	{WSGI_LOG_INFO, WSGI_LOG_ERROR, true},     {WSGI_LOG_DEBUG, WSGI_LOG_DEBUG, true},
	{WSGI_LOG_ERROR, WSGI_LOG_WARNING, false},
};

START_TEST(lines_below_the_level_are_dropped)
{
	to_pipe.level = levels[_i].threshold;
	wsgi_log(&to_pipe, levels[_i].level, "x");
	ck_assert_int_eq(written()[0] != '\0', levels[_i].is_written);
}
END_TEST

START_TEST(a_long_line_is_cut_to_what_a_pipe_takes_whole)
{
	static const char bytes[] = {'x', '\n'};
	static char text[3 * PIPE_BUF];
	size_t len;

	memset(text, bytes[_i], sizeof(text) - 1);
	wsgi_log(&to_pipe, WSGI_LOG_ERROR, "%s", text);
	len = strlen(written());
	ck_assert_uint_le(len, PIPE_BUF);
	ck_assert_uint_gt(len, PIPE_BUF - 16);
	ck_assert_str_eq(got + len - 4, "...\n");
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(a_pipe_that_is_full_and_that_nobody_reads_holds_up_nobody)
{
	struct wsgi_log full = {.program = "wsgi-x", .level = WSGI_LOG_INFO};
	char page[PIPE_BUF] = {0};
	time_t began = time(NULL);
	int pipe_ends[2];

	ck_assert_int_eq(pipe2(pipe_ends, O_NONBLOCK), 0);
	while (write(pipe_ends[1], page, sizeof(page)) > 0)
		;
	ck_assert_int_eq(fcntl(pipe_ends[1], F_SETFL, 0), 0);
	full.fd = pipe_ends[1];
	wsgi_log(&full, WSGI_LOG_ERROR, "x");
	ck_assert_int_le(time(NULL) - began, 2);
	while (read(pipe_ends[0], page, sizeof(page)) > 0)
		;
	wsgi_log(&full, WSGI_LOG_ERROR, "y");
	ck_assert_int_eq(read(pipe_ends[0], page, sizeof(page)), 10);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}
END_TEST

START_TEST(a_log_without_a_descriptor_says_nothing)
{
	struct wsgi_log none = {.fd = -1, .program = "wsgi-x"};

	wsgi_log(&none, WSGI_LOG_ERROR, "x");
}
END_TEST

START_TEST(errno_is_the_same_after_a_line)
{
	struct wsgi_log closed = {.fd = 1023, .program = "wsgi-x"};

	errno = ENOENT;
	wsgi_log(&closed, WSGI_LOG_ERROR, "x");
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("log");
	TCase *tc = tcase_create("log");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_log, tear_down);
	tcase_add_test(tc, a_call_writes_one_line_by_one_write);
	tcase_add_loop_test(tc, without_a_name_time_process_and_level_stand_in_front, 0, 4);
	tcase_add_test(tc, control_characters_are_escaped_so_that_nobody_forges_a_line);
	tcase_add_loop_test(tc, so_are_those_that_are_not_ASCII, 0,
			    sizeof(others) / sizeof(others[0]));
	tcase_add_loop_test(tc, lines_below_the_level_are_dropped, 0,
			    (int)(sizeof(levels) / sizeof(levels[0])));
	tcase_add_loop_test(tc, a_long_line_is_cut_to_what_a_pipe_takes_whole, 0, 2);
	tcase_add_test(tc, a_pipe_that_is_full_and_that_nobody_reads_holds_up_nobody);
	tcase_add_test(tc, a_log_without_a_descriptor_says_nothing);
	tcase_add_test(tc, errno_is_the_same_after_a_line);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
