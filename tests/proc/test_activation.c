#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/activation.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

/*
 * Each take is in a process of its own, started as a service manager starts one: the sockets stand
 * at 3 and 4, where libcheck has files.
 */
struct given {
	const char *pid; /* "me", or a number; NULL: not set */
	const char *fds, *names;
	int sockets;
	bool listen;
};

/* What it came to. */
struct seen {
	int rc, count;
	bool cloexec[2], environment;
	char words[240];
};

static struct seen seen;

static int a_socket(bool listens)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    (listens && listen(fd, 1) != 0))
		_exit(1);
	return fd;
}

static void put(const char *name, const char *value)
{
	if (value != NULL)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static void be_the_service(const struct given *g, int out)
{
	struct wsgi_error err = {0};
	char me[16];
	int high = fcntl(out, F_DUPFD, 100);

	for (int fd = 3; fd < 10; fd++)
		close(fd);
	for (int i = 0; i < g->sockets; i++)
		if (dup2(a_socket(g->listen), 50 + i) < 0 || dup2(50 + i, 3 + i) < 0)
			_exit(1);
	for (int fd = 3 + g->sockets; fd < 10; fd++)
		close(fd);
	snprintf(me, sizeof(me), "%d", (int)getpid());
	put("LISTEN_PID", g->pid != NULL && strcmp(g->pid, "me") == 0 ? me : g->pid);
	put("LISTEN_FDS", g->fds);
	put("LISTEN_FDNAMES", g->names);
	seen.rc = wsgi_activation_take(&seen.count, &err);
	for (int i = 0; i < 2; i++) {
		int flags = fcntl(3 + i, F_GETFD);

		seen.cloexec[i] = flags >= 0 && (flags & FD_CLOEXEC) != 0;
	}
	seen.environment = getenv("LISTEN_PID") != NULL || getenv("LISTEN_FDS") != NULL ||
			   getenv("LISTEN_FDNAMES") != NULL;
	strcpy(seen.words, err.text);
	if (write(high, &seen, sizeof(seen)) != sizeof(seen))
		_exit(1);
	_exit(0);
}

static void when_started(struct given g)
{
	int pipes[2], status;
	pid_t pid;

	seen = (struct seen){0};
	ck_assert_int_eq(pipe(pipes), 0);
	pid = fork();
	if (pid == 0)
		be_the_service(&g, pipes[1]);
	close(pipes[1]);
	ck_assert_int_eq(read(pipes[0], &seen, sizeof(seen)), sizeof(seen));
	close(pipes[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_msg(!seen.environment, "a child would take them for its own");
}

START_TEST(what_was_given_is_taken)
{
	when_started((struct given){"me", _i == 1 ? "1" : "2", "web", _i, true});
	ck_assert_msg(seen.rc == 0, "%s", seen.words);
	ck_assert_int_eq(seen.count, _i);
	for (int i = 0; i < _i; i++)
		ck_assert(seen.cloexec[i]);
}
END_TEST

static const struct given nothing[] = {
	{NULL, NULL, NULL, 0, true}, {"me", NULL, NULL, 0, true}, {NULL, "1", NULL, 1, true},
	{"1", "1", "web", 1, true},  {"", "1", NULL, 1, true},    {"me", "0", "", 0, true},
	{"4x", "1", "web", 1, true},
};

START_TEST(what_is_for_nobody_or_another_is_left)
{
	when_started(nothing[_i]);
	ck_assert_msg(seen.rc == 0, "%s", seen.words);
	ck_assert_int_eq(seen.count, 0);
	ck_assert(!seen.cloexec[0]);
}
END_TEST

static const struct {
	struct given given;
	const char *words;
} bad[] = {
	{{"me", "", NULL, 0, true}, "LISTEN_FDS is '', which is no number from 0 to 1024"},
	{{"me", "-1", NULL, 0, true}, "LISTEN_FDS is '-1', which is no number from 0 to 1024"},
	{{"me", "x", NULL, 1, true}, "LISTEN_FDS is 'x', which is no number from 0 to 1024"},
	{{"me", "1025", NULL, 1, true}, "LISTEN_FDS is '1025', which is no number from 0 to 1024"},
	{{"me", "99999999999", NULL, 1, true},
	 "LISTEN_FDS is '99999999999', which is no number from 0 to 1024"},
	{{"me", "2", NULL, 1, true},
	 "LISTEN_FDS: descriptor 4 is no socket that listens: let the socket's unit have "
	 "ListenStream= and Accept=no"},
	{{"me", "1", NULL, 1, false},
	 "LISTEN_FDS: descriptor 3 is no socket that listens: let the socket's unit have "
	 "ListenStream= and Accept=no"},
};

START_TEST(what_cannot_be_understood_is_named)
{
	when_started(bad[_i].given);
	ck_assert_int_eq(seen.rc, -EINVAL);
	ck_assert_str_eq(seen.words, bad[_i].words);
	ck_assert_int_eq(seen.count, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("activation");
	TCase *tc = tcase_create("activation");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, what_was_given_is_taken, 1, 3);
	tcase_add_loop_test(tc, what_is_for_nobody_or_another_is_left, 0, LEN(nothing));
	tcase_add_loop_test(tc, what_cannot_be_understood_is_named, 0, LEN(bad));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
