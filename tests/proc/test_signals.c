#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/signals.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_signals signals;
static struct wsgi_error err;

static void given_signals(void)
{
	ck_assert_int_eq(wsgi_signals_open(&signals, 0, &err), 0);
}

static void tear_down(void)
{
	while (wsgi_signals_next(&signals) != 0)
		;
	wsgi_signals_close(&signals);
}

static bool is_blocked(int signal)
{
	sigset_t now;

	sigprocmask(SIG_BLOCK, NULL, &now);
	return sigismember(&now, signal);
}

static const int wanted[] = {SIGTERM, SIGINT,  SIGQUIT, SIGHUP, SIGUSR1,
			     SIGUSR2, SIGTTIN, SIGTTOU, SIGCHLD};

START_TEST(a_signal_is_read_and_ends_nobody)
{
	struct pollfd fd = {.fd = signals.fd, .events = POLLIN};

	ck_assert_int_eq(poll(&fd, 1, 0), 0);
	ck_assert_int_eq(wsgi_signals_next(&signals), 0);
	kill(getpid(), wanted[_i]);
	ck_assert_int_eq(poll(&fd, 1, 5000), 1);
	ck_assert_int_eq(wsgi_signals_next(&signals), wanted[_i]);
	ck_assert_int_eq(wsgi_signals_next(&signals), 0);
}
END_TEST

START_TEST(several_are_read_one_by_one)
{
	int seen = 0, signal;

	kill(getpid(), SIGHUP);
	kill(getpid(), SIGTERM);
	while ((signal = wsgi_signals_next(&signals)) != 0)
		seen += signal;
	ck_assert_int_eq(seen, SIGHUP + SIGTERM);
}
END_TEST

START_TEST(a_child_of_whoever_ignored_them_can_be_waited_for)
{
	struct sigaction now;

	wsgi_signals_close(&signals);
	signal(SIGCHLD, SIG_IGN);
	given_signals();
	sigaction(SIGCHLD, NULL, &now);
	ck_assert(now.sa_handler == SIG_DFL);
}
END_TEST

START_TEST(when_they_are_closed_all_is_as_it_was)
{
	struct sigaction now;

	ck_assert(is_blocked(SIGHUP));
	wsgi_signals_close(&signals);
	ck_assert(!is_blocked(SIGHUP));
	sigaction(SIGPIPE, NULL, &now);
	ck_assert(now.sa_handler == SIG_DFL);
	wsgi_signals_close(&signals); /* again */
}
END_TEST

START_TEST(a_child_keeps_them_blocked_until_it_knows_what_to_do)
{
	wsgi_signals_leave(&signals);
	ck_assert_int_eq(signals.fd, -1);
	ck_assert(is_blocked(SIGHUP));
	kill(getpid(), SIGHUP); /* it would end here */
	signal(SIGHUP, SIG_IGN);
}
END_TEST

START_TEST(after_an_exec_what_was_blocked_is_not_handed_on)
{
	struct wsgi_signals next;

	kill(getpid(), SIGHUP);
	ck_assert_int_eq(wsgi_signals_open(&next, 1, &err), 0);
	ck_assert_int_eq(wsgi_signals_next(&next), SIGHUP); /* none is lost */
	wsgi_signals_close(&next);
	ck_assert(!is_blocked(SIGHUP));
}
END_TEST

static Suite *signals_suite(void)
{
	Suite *s = suite_create("signals");
	TCase *tc = tcase_create("signals");

	tcase_add_checked_fixture(tc, given_signals, tear_down);
	tcase_add_loop_test(tc, a_signal_is_read_and_ends_nobody, 0, LEN(wanted));
	tcase_add_test(tc, several_are_read_one_by_one);
	tcase_add_test(tc, a_child_of_whoever_ignored_them_can_be_waited_for);
	tcase_add_test(tc, when_they_are_closed_all_is_as_it_was);
	tcase_add_test(tc, a_child_keeps_them_blocked_until_it_knows_what_to_do);
	tcase_add_test(tc, after_an_exec_what_was_blocked_is_not_handed_on);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(signals_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
