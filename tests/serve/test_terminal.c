#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "serve/terminal.h"

static struct wsgi_terminal terminal;
static int fd;

static void given_a_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(unlockpt(master), 0);
	fd = open(ptsname(master), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(fd, 0);
}

static bool has_echo(void)
{
	struct termios mode;

	ck_assert_int_eq(tcgetattr(fd, &mode), 0);
	return (mode.c_lflag & ECHO) != 0;
}

static void when_the_echo_goes(void)
{
	struct termios mode;

	ck_assert_int_eq(tcgetattr(fd, &mode), 0);
	mode.c_lflag &= ~(tcflag_t)ECHO;
	ck_assert_int_eq(tcsetattr(fd, TCSANOW, &mode), 0);
	ck_assert(!has_echo());
}

/* In a process that leads a session and whose terminal fd is. Returns its status. */
static int in_a_session(int (*what)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		setsid();
		_exit(ioctl(fd, TIOCSCTTY, 0) == 0 ? what() : 99);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static int keep_and_restore(void)
{
	wsgi_terminal_keep(&terminal, fd);
	when_the_echo_goes();
	wsgi_terminal_restore(&terminal);
	return has_echo();
}

START_TEST(the_mode_is_as_it_was)
{
	given_a_terminal();
	ck_assert_int_eq(WEXITSTATUS(in_a_session(keep_and_restore)), 1);
}
END_TEST

/* In a child of its own group, while the foreground changes the mode. */
static int restore_in_the_background(void)
{
	pid_t pid;
	int status;

	wsgi_terminal_keep(&terminal, fd);
	when_the_echo_goes();
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		wsgi_terminal_restore(&terminal);
		wsgi_terminal_keep(&terminal, fd);
		_exit(terminal.is_kept);
	}
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGKILL);
	return status == 0 && !has_echo();
}

START_TEST(the_background_touches_nothing_and_is_not_stopped)
{
	given_a_terminal();
	ck_assert_int_eq(WEXITSTATUS(in_a_session(restore_in_the_background)), 1);
}
END_TEST

START_TEST(a_terminal_that_controls_others_is_left_alone)
{
	given_a_terminal();
	wsgi_terminal_keep(&terminal, fd);
	ck_assert(!terminal.is_kept);
}
END_TEST

START_TEST(what_is_no_terminal_is_left_alone)
{
	wsgi_terminal_keep(&terminal, open("/dev/null", O_RDONLY));
	ck_assert(!terminal.is_kept);
	wsgi_terminal_restore(&terminal);
	wsgi_terminal_keep(&terminal, -1);
	ck_assert(!terminal.is_kept);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("terminal");
	TCase *tc = tcase_create("terminal");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, the_mode_is_as_it_was);
	tcase_add_test(tc, the_background_touches_nothing_and_is_not_stopped);
	tcase_add_test(tc, a_terminal_that_controls_others_is_left_alone);
	tcase_add_test(tc, what_is_no_terminal_is_left_alone);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
