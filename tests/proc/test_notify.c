#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proc/notify.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_notify notify;
static struct wsgi_error err;
static char folder[] = "/tmp/test_notify.XXXXXX";
static char name[100]; /* as the environment has it */
static int manager;    /* the service manager's socket */

static void set_up(void)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	notify = (struct wsgi_notify){.fd = -1};
	err = (struct wsgi_error){0};
	manager = -1;
	name[0] = '\0';
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

static void tear_down(void)
{
	wsgi_notify_finish(&notify);
	if (manager >= 0)
		close(manager);
	if (name[0] == '/')
		unlink(name);
	rmdir(folder);
}

/* A service manager that listens at a path, or in the abstract namespace. */
static void given_a_manager(bool is_abstract)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	snprintf(name, sizeof(name), "%s%s/notify", is_abstract ? "@" : "", folder);
	strcpy(sa.sun_path, name);
	if (is_abstract)
		sa.sun_path[0] = '\0';
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(manager, (struct sockaddr *)&sa,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
			 0);
	setenv("NOTIFY_SOCKET", name, 1);
}

static void when_opened(void)
{
	int rc = wsgi_notify_open(&notify, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
}

/* What came, a datagram; "": nothing. */
static const char *told(void)
{
	static char text[1000];
	ssize_t n = recv(manager, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

START_TEST(each_state_has_its_word)
{
	given_a_manager(_i == 1);
	when_opened();
	wsgi_notify_ready(&notify, NULL);
	ck_assert_str_eq(told(), "READY=1\n");
	wsgi_notify_ready(&notify, "4 workers");
	ck_assert_str_eq(told(), "READY=1\nSTATUS=4 workers");
	wsgi_notify_stopping(&notify, "bye");
	ck_assert_str_eq(told(), "STOPPING=1\nSTATUS=bye");
	wsgi_notify_alive(&notify);
	ck_assert_str_eq(told(), "WATCHDOG=1\n");
	ck_assert_str_eq(told(), "");
}
END_TEST

START_TEST(a_reload_says_when)
{
	struct timespec now;
	int64_t before, usec, after;
	int end = 0;

	given_a_manager(false);
	when_opened();
	clock_gettime(CLOCK_MONOTONIC, &now);
	before = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	wsgi_notify_reloading(&notify, "new code");
	clock_gettime(CLOCK_MONOTONIC, &now);
	after = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	ck_assert_int_eq(sscanf(told(),
				"RELOADING=1\nMONOTONIC_USEC=%" SCNd64 "\nSTATUS=new code%n", &usec,
				&end),
			 1);
	ck_assert_int_gt(end, 0);
	ck_assert(before <= usec && usec <= after);
}
END_TEST

START_TEST(a_status_is_one_line)
{
	given_a_manager(false);
	when_opened();
	wsgi_notify_stopping(&notify, "GET /\nMAINPID=1\n");
	ck_assert_str_eq(told(), "STOPPING=1\nSTATUS=GET / MAINPID=1 ");
}
END_TEST

START_TEST(a_long_status_is_cut)
{
	char status[2001] = "";

	memset(status, 'x', sizeof(status) - 1);
	given_a_manager(false);
	when_opened();
	wsgi_notify_ready(&notify, status);
	ck_assert_uint_eq(strlen(told()), strlen("READY=1\nSTATUS=") + 400);
}
END_TEST

START_TEST(nobody_who_asked_is_told_nothing)
{
	struct wsgi_notify zeroed = {0};

	if (_i == 1)
		setenv("NOTIFY_SOCKET", "", 1);
	when_opened();
	ck_assert_int_eq(notify.fd, -1);
	wsgi_notify_ready(&notify, "ready");
	wsgi_notify_alive(&notify);
	wsgi_notify_ready(&zeroed, "ready");
	ck_assert_int_eq(wsgi_notify_hand_on(&notify), 0);
	ck_assert_int_eq(wsgi_notify_hand_on(&zeroed), 0);
	wsgi_notify_finish(&zeroed);
	ck_assert_int_ne(fcntl(STDIN_FILENO, F_GETFD), -1);
}
END_TEST

START_TEST(no_application_speaks_for_the_server)
{
	given_a_manager(false);
	setenv("WATCHDOG_USEC", "30000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	when_opened();
	ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
	ck_assert_ptr_null(getenv("WATCHDOG_USEC"));
	ck_assert_ptr_null(getenv("WATCHDOG_PID"));
	ck_assert((fcntl(notify.fd, F_GETFD) & FD_CLOEXEC) != 0);
}
END_TEST

static const char *const bad[] = {"notify", "vsock:2:1234", "/", "@", "./notify"};

START_TEST(a_socket_that_is_none_is_named)
{
	setenv("NOTIFY_SOCKET", bad[_i], 1);
	ck_assert_int_eq(wsgi_notify_open(&notify, &err), -EINVAL);
	ck_assert_msg(strncmp(err.text, "NOTIFY_SOCKET is '", 18) == 0, "%s", err.text);
	ck_assert_ptr_nonnull(strstr(err.text, bad[_i]));
	ck_assert_int_eq(notify.fd, -1);
	wsgi_notify_ready(&notify, NULL);
}
END_TEST

START_TEST(a_path_that_is_too_long_is_named)
{
	char path[200] = "/";

	memset(path + 1, 'x', 107 + (size_t)_i);
	setenv("NOTIFY_SOCKET", path, 1);
	ck_assert_int_eq(wsgi_notify_open(&notify, &err), -EINVAL);
}
END_TEST

START_TEST(a_manager_that_has_gone_harms_nobody)
{
	given_a_manager(false);
	when_opened();
	close(manager);
	manager = -1;
	wsgi_notify_ready(&notify, NULL);
	unlink(name);
	wsgi_notify_ready(&notify, NULL);
}
END_TEST

START_TEST(a_manager_that_does_not_read_is_not_waited_for_long)
{
	given_a_manager(false);
	when_opened();
	fcntl(notify.fd, F_SETFL, O_NONBLOCK); /* fill the queue without waiting */
	for (int i = 0; i < 5000; i++)
		wsgi_notify_alive(&notify);
	fcntl(notify.fd, F_SETFL, 0);
	wsgi_notify_alive(&notify); /* libcheck ends the test after four seconds */
}
END_TEST

/* -- watchdog ---------------------------------------------------------------------------------- */

static const struct {
	const char *usec;
	const char *pid; /* "me": this process; NULL: not set */
	int64_t watchdog_ms;
} watchdogs[] = {
	{NULL, NULL, 0},      {"30000000", NULL, 30000}, {"30000000", "me", 30000},
	{"30000000", "1", 0}, {"1999", "me", 1},         {"1", "me", 1},
};

START_TEST(the_watchdog_says_how_often)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	given_a_manager(false);
	if (watchdogs[_i].usec != NULL)
		setenv("WATCHDOG_USEC", watchdogs[_i].usec, 1);
	if (watchdogs[_i].pid != NULL)
		setenv("WATCHDOG_PID",
		       strcmp(watchdogs[_i].pid, "me") == 0 ? pid : watchdogs[_i].pid, 1);
	when_opened();
	ck_assert_int_eq(notify.watchdog_ms, watchdogs[_i].watchdog_ms);
}
END_TEST

static const char *const no_times[] = {"", "0", "-1", "1s", "9999999999999999999"};

START_TEST(a_watchdog_without_a_time_is_named)
{
	given_a_manager(false);
	setenv("WATCHDOG_USEC", no_times[_i], 1);
	ck_assert_int_eq(wsgi_notify_open(&notify, &err), -EINVAL);
	ck_assert_msg(strncmp(err.text, "WATCHDOG_USEC is '", 18) == 0, "%s", err.text);
	ck_assert_int_eq(notify.fd, -1);
}
END_TEST

/* -- an exec ----------------------------------------------------------------------------------- */

START_TEST(the_next_program_finds_what_this_one_found)
{
	struct wsgi_notify next;

	given_a_manager(_i == 1);
	setenv("WATCHDOG_USEC", "30000000", 1);
	when_opened();
	ck_assert_int_eq(wsgi_notify_hand_on(&notify), 0);
	ck_assert_str_eq(getenv("NOTIFY_SOCKET"), name);
	ck_assert_str_eq(getenv("WATCHDOG_USEC"), "30000000");
	ck_assert_int_eq(wsgi_notify_open(&next, &err), 0);
	ck_assert_int_eq(next.watchdog_ms, 30000);
	wsgi_notify_ready(&next, NULL);
	ck_assert_str_eq(told(), "READY=1\n");
	wsgi_notify_finish(&next);
}
END_TEST

START_TEST(the_longest_path_is_that_of_the_system)
{
	char path[108] = "/";

	memset(path + 1, 'x', 106);
	setenv("NOTIFY_SOCKET", path, 1);
	when_opened();
	ck_assert_int_eq(wsgi_notify_hand_on(&notify), 0);
	ck_assert_str_eq(getenv("NOTIFY_SOCKET"), path);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, each_state_has_its_word, 0, 2);
	tcase_add_test(tc, a_reload_says_when);
	tcase_add_test(tc, a_status_is_one_line);
	tcase_add_test(tc, a_long_status_is_cut);
	tcase_add_loop_test(tc, nobody_who_asked_is_told_nothing, 0, 2);
	tcase_add_test(tc, no_application_speaks_for_the_server);
	tcase_add_loop_test(tc, a_socket_that_is_none_is_named, 0, LEN(bad));
	tcase_add_loop_test(tc, a_path_that_is_too_long_is_named, 0, 3);
	tcase_add_test(tc, a_manager_that_has_gone_harms_nobody);
	tcase_add_test(tc, a_manager_that_does_not_read_is_not_waited_for_long);
	tcase_add_loop_test(tc, the_watchdog_says_how_often, 0, LEN(watchdogs));
	tcase_add_loop_test(tc, a_watchdog_without_a_time_is_named, 0, LEN(no_times));
	tcase_add_loop_test(tc, the_next_program_finds_what_this_one_found, 0, 2);
	tcase_add_test(tc, the_longest_path_is_that_of_the_system);
}

int main(void)
{
	Suite *s = suite_create("notify");
	TCase *tc = tcase_create("notify");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	add_tests(tc);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
