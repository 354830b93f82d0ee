#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "serve/upgrade.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_upgrade left, found;
static struct wsgi_error err;

static void given_nothing(void)
{
	wsgi_upgrade_init(&left);
	wsgi_upgrade_init(&found);
}

static void tear_down(void)
{
	wsgi_upgrade_finish(&left);
	wsgi_upgrade_finish(&found);
}

/* The next program reads what this one leaves. */
static void when_handed_over(void)
{
	int fd = wsgi_upgrade_write(&left);
	int rc;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	rc = wsgi_upgrade_read(&found, fd, &err);
	ck_assert_msg(rc == 0, "%s", err.text);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1); /* closed */
}

/* Returns what a reader says to these bytes. */
static int when_read(const char *text)
{
	int fd = memfd_create("test", 0);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return wsgi_upgrade_read(&found, fd, &err);
}

START_TEST(numbers_arrive_as_they_were)
{
	left.exchange[0] = 11;
	left.exchange[1] = 12;
	left.board = 13;
	left.zygote = 4711;
	left.zygote_line = 14;
	left.zygote_is_up = true;
	left.generation = 4000000000;
	left.serial = 99;
	left.more = -3;
	left.want = 17;
	when_handed_over();
	ck_assert_int_eq(found.exchange[0], 11);
	ck_assert_int_eq(found.exchange[1], 12);
	ck_assert_int_eq(found.board, 13);
	ck_assert_int_eq(found.zygote, 4711);
	ck_assert_int_eq(found.zygote_line, 14);
	ck_assert(found.zygote_is_up);
	ck_assert_uint_eq(found.generation, 4000000000);
	ck_assert_uint_eq(found.serial, 99);
	ck_assert_int_eq(found.more, -3);
	ck_assert_uint_eq(found.want, 17);
}
END_TEST

START_TEST(what_there_is_none_of_is_none)
{
	when_handed_over();
	ck_assert_int_eq(found.exchange[0], -1);
	ck_assert_int_eq(found.board, -1);
	ck_assert_int_eq(found.zygote_line, -1);
	ck_assert_int_eq(found.zygote, 0);
	ck_assert_uint_eq(found.n_listeners + found.n_workers, 0);
}
END_TEST

static const char *const paths[] = {
	"/run/app.sock", "", "/a b/\n/%20%/s", "%", " ", "/\xc3\xa9\xff\x7f", "/tab\t",
};

START_TEST(a_path_may_have_any_byte)
{
	ck_assert_int_eq(wsgi_upgrade_add_listener(&left, 5, paths[_i], "name", paths[_i]), 0);
	ck_assert_int_eq(wsgi_upgrade_add_listener(&left, 6, "b", paths[_i], ""), 0);
	when_handed_over();
	ck_assert_uint_eq(found.n_listeners, 2);
	ck_assert_int_eq(found.listeners[0].fd, 5);
	ck_assert_str_eq(found.listeners[0].spec, paths[_i]);
	ck_assert_str_eq(found.listeners[0].name, "name");
	ck_assert_str_eq(found.listeners[0].path, paths[_i]);
	ck_assert_int_eq(found.listeners[1].fd, 6);
	ck_assert_str_eq(found.listeners[1].name, paths[_i]);
	ck_assert_str_eq(found.listeners[1].path, "");
}
END_TEST

static const struct wsgi_pool_place workers[] = {
	{.stage = WSGI_BOARD_SERVING,
	 .pid = 123,
	 .serial = 5,
	 .generation = 2,
	 .line = 9,
	 .proved = true,
	 .started_ms = INT64_C(1) << 40,
	 .serves_ms = 7},
	{.stage = WSGI_BOARD_STARTING, .line = -1, .killed = true, .ready = true, .code = 78},
	{.stage = WSGI_BOARD_RETIRING,
	 .pid = 3,
	 .line = 4,
	 .outgoing = true,
	 .stopped = true,
	 .told_ms = 1,
	 .stuck_ms = 2,
	 .slow_ms = 3},
};

START_TEST(a_worker_arrives_as_it_was)
{
	const struct wsgi_pool_place *was = &workers[_i], *is;

	ck_assert_int_eq(wsgi_upgrade_add_worker(&left, 42, _i != 1, was), 0);
	when_handed_over();
	ck_assert_uint_eq(found.n_workers, 1);
	ck_assert_uint_eq(found.workers[0].place, 42);
	ck_assert_int_eq(found.workers[0].has_board, _i != 1);
	is = &found.workers[0].state;
	ck_assert_int_eq(is->stage, was->stage);
	ck_assert_int_eq(is->pid, was->pid);
	ck_assert_uint_eq(is->serial, was->serial);
	ck_assert_uint_eq(is->generation, was->generation);
	ck_assert_int_eq(is->line, was->line);
	ck_assert_int_eq(is->outgoing, was->outgoing);
	ck_assert_int_eq(is->proved, was->proved);
	ck_assert_int_eq(is->stopped, was->stopped);
	ck_assert_int_eq(is->killed, was->killed);
	ck_assert_int_eq(is->ready, was->ready);
	ck_assert_int_eq(is->code, was->code);
	ck_assert_int_eq(is->started_ms, was->started_ms);
	ck_assert_int_eq(is->serves_ms, was->serves_ms);
	ck_assert_int_eq(is->told_ms, was->told_ms);
	ck_assert_int_eq(is->stuck_ms, was->stuck_ms);
	ck_assert_int_eq(is->slow_ms, was->slow_ms);
}
END_TEST

START_TEST(so_many_arrive_that_no_buffer_holds_them_at_once)
{
	for (uint32_t i = 0; i < 2000; i++)
		ck_assert_int_eq(wsgi_upgrade_add_worker(&left, i, true, &workers[0]), 0);
	when_handed_over();
	ck_assert_uint_eq(found.n_workers, 2000);
	ck_assert_uint_eq(found.workers[1999].place, 1999);
}
END_TEST

START_TEST(a_word_of_another_version_is_passed_over)
{
	ck_assert_int_eq(when_read("wsgi-fcgi-upgrade 1\nnew thing 3\nboard 8\n"), 0);
	ck_assert_int_eq(found.board, 8);
}
END_TEST

static const char *const bad[] = {
	"",
	"\n",
	"something else",
	"wsgi-fcgi-upgrade 2\n",
	"wsgi-fcgi-upgrade 1\nboard\n",
	"wsgi-fcgi-upgrade 1\nboard x\n",
	"wsgi-fcgi-upgrade 1\nlistener 3 a b\n",
	"wsgi-fcgi-upgrade 1\nlistener 3 a%2 b %00\n",
	"wsgi-fcgi-upgrade 1\nlistener 3 a %zz b\n",
	"wsgi-fcgi-upgrade 1\nworker 1 2 3\n",
	"wsgi-fcgi-upgrade 1\nworker 1 1 0 1 1 1 1 0 0 0 0 0 0 0 0 0 0 0\n",
	"wsgi-fcgi-upgrade 1\nworker 1 1 4 1 1 1 1 0 0 0 0 0 0 0 0 0 0 0\n",
};

START_TEST(what_cannot_be_read_is_refused_with_words)
{
	ck_assert_msg(when_read(bad[_i]) == -EINVAL, "%s", bad[_i]);
	ck_assert_str_ne(err.text, "");
}
END_TEST

START_TEST(an_exec_keeps_what_it_is_told_to_and_no_more)
{
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	left.board = fds[0];
	ck_assert_int_eq(wsgi_upgrade_add_listener(&left, fds[1], "a", "b", "c"), 0);
	wsgi_upgrade_keep(&left, true);
	ck_assert_int_eq(fcntl(fds[0], F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(fcntl(fds[1], F_GETFD) & FD_CLOEXEC, 0);
	wsgi_upgrade_keep(&left, false);
	ck_assert_int_ne(fcntl(fds[0], F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(fcntl(fds[1], F_GETFD) & FD_CLOEXEC, 0);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

static Suite *upgrade_suite(void)
{
	Suite *s = suite_create("upgrade");
	TCase *tc = tcase_create("upgrade");

	tcase_add_checked_fixture(tc, given_nothing, tear_down);
	tcase_add_test(tc, numbers_arrive_as_they_were);
	tcase_add_test(tc, what_there_is_none_of_is_none);
	tcase_add_loop_test(tc, a_path_may_have_any_byte, 0, LEN(paths));
	tcase_add_loop_test(tc, a_worker_arrives_as_it_was, 0, LEN(workers));
	tcase_add_test(tc, so_many_arrive_that_no_buffer_holds_them_at_once);
	tcase_add_test(tc, a_word_of_another_version_is_passed_over);
	tcase_add_loop_test(tc, what_cannot_be_read_is_refused_with_words, 0, LEN(bad));
	tcase_add_test(tc, an_exec_keeps_what_it_is_told_to_and_no_more);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(upgrade_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
