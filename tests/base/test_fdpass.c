#include "base/fdpass.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../child.h"

enum { ROOM = 64 };

static int ends[2], pipe_ends[2];
static char data[ROOM];
static int came[WSGI_FDPASS_MAX];
static size_t count;

static void set_up(void)
{
	ck_assert_int_eq(wsgi_fdpass_pair(ends), 0);
	ck_assert_int_eq(pipe2(pipe_ends, O_CLOEXEC), 0);
}

static void tear_down(void)
{
	close(ends[0]);
	close(ends[1]);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

/* Receive with room for so many descriptors. */
static ssize_t receive(size_t room)
{
	memset(data, 0, sizeof(data));
	count = room;
	return wsgi_fd_recv(ends[1], data, sizeof(data), came, &count);
}

static void then_it_writes_to_the_pipe(int fd)
{
	char c = 0;

	ck_assert_int_eq(write(fd, "x", 1), 1);
	ck_assert_int_eq(read(pipe_ends[0], &c, 1), 1);
	ck_assert_int_eq(c, 'x');
}

static unsigned count_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void send_copies(size_t n)
{
	int fds[WSGI_FDPASS_MAX];

	for (size_t i = 0; i < WSGI_FDPASS_MAX; i++)
		fds[i] = pipe_ends[1];
	ck_assert_int_eq(wsgi_fd_send(ends[0], "many", 4, fds, n), 0);
}

START_TEST(a_message_comes_whole_with_its_descriptors)
{
	const size_t n = (size_t)_i;

	send_copies(n);
	ck_assert_int_eq(wsgi_fd_send(ends[0], "second", 6, NULL, 0), 0);
	ck_assert_int_eq(receive(WSGI_FDPASS_MAX), 4);
	ck_assert_str_eq(data, "many");
	ck_assert_uint_eq(count, n);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(fcntl(came[i], F_GETFD), FD_CLOEXEC);
		then_it_writes_to_the_pipe(came[i]);
		close(came[i]);
	}
	ck_assert_int_eq(receive(WSGI_FDPASS_MAX), 6);
	ck_assert_str_eq(data, "second");
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(the_sender_keeps_its_own)
{
	ck_assert_int_eq(wsgi_fd_send(ends[0], "x", 1, &pipe_ends[1], 1), 0);
	then_it_writes_to_the_pipe(pipe_ends[1]);
}
END_TEST

START_TEST(a_descriptor_is_alive_when_its_sender_is_dead)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(wsgi_fd_send(ends[0], "x", 1, &pipe_ends[1], 1) == 0 ? 0 : 1);
	close(pipe_ends[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(receive(1), 1);
	ck_assert_uint_eq(count, 1);
	then_it_writes_to_the_pipe(came[0]);
	pipe_ends[1] = came[0];
}
END_TEST

START_TEST(the_pair_is_closed_by_an_exec_and_does_not_block)
{
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(fcntl(ends[i], F_GETFD), FD_CLOEXEC);
		ck_assert(fcntl(ends[i], F_GETFL) & O_NONBLOCK);
	}
	ck_assert_int_eq(receive(1), -EAGAIN);
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(a_full_socket_is_told_and_takes_more_later)
{
	int rc, sent = 0, got = 0;

	while ((rc = wsgi_fd_send(ends[0], "x", 1, &pipe_ends[1], 1)) == 0 && sent < 100000)
		sent++;
	ck_assert_int_eq(rc, -EAGAIN);
	ck_assert_int_gt(sent, 0);
	for (; receive(1) == 1; got++)
		close(came[0]);
	ck_assert_int_eq(got, sent);
	ck_assert_int_eq(wsgi_fd_send(ends[0], "x", 1, &pipe_ends[1], 1), 0);
}
END_TEST

START_TEST(the_end_is_told_to_both)
{
	close(ends[0]);
	ck_assert_int_eq(receive(1), 0);
	ends[0] = ends[1];
	ck_assert_int_eq(wsgi_fd_send(ends[0], "x", 1, NULL, 0), -EPIPE); /* and no SIGPIPE */
	ends[0] = -1;
}
END_TEST

START_TEST(what_cannot_be_a_message_is_refused)
{
	int fds[WSGI_FDPASS_MAX + 1] = {0};

	ck_assert_int_eq(wsgi_fd_send(ends[0], "", 0, fds, 1), -EINVAL);
	ck_assert_int_eq(wsgi_fd_send(ends[0], "x", 1, fds, WSGI_FDPASS_MAX + 1), -EINVAL);
	ck_assert_int_eq(wsgi_fd_send(-1, "x", 1, NULL, 0), -EBADF);
	ck_assert_int_eq(receive(1), -EAGAIN);
}
END_TEST

START_TEST(descriptors_without_room_are_closed)
{
	const unsigned before = count_open();

	send_copies((size_t)_i + 1);
	ck_assert_int_eq(receive((size_t)_i), -EMSGSIZE);
	ck_assert_uint_eq(count, 0);
	ck_assert_uint_eq(count_open(), before);
	ck_assert_int_eq(receive(1), -EAGAIN);
}
END_TEST

/* Another program may send more than ours do. */
START_TEST(more_descriptors_than_any_message_has_are_closed)
{
	enum { MORE = WSGI_FDPASS_MAX + 3 };
	const unsigned before = count_open();
	struct iovec iov = {data, 1};
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(MORE * sizeof(int))];
	} control = {0};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(MORE * sizeof(int));
	for (size_t i = 0; i < MORE; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &pipe_ends[1], sizeof(int));
	ck_assert_int_eq(sendmsg(ends[0], &msg, 0), 1);
	ck_assert_int_eq(receive(WSGI_FDPASS_MAX), -EMSGSIZE);
	ck_assert_uint_eq(count_open(), before);
}
END_TEST

START_TEST(bytes_without_room_are_told_and_their_descriptor_is_closed)
{
	const unsigned before = count_open();
	char more[ROOM + 1] = "";

	ck_assert_int_eq(wsgi_fd_send(ends[0], more, sizeof(more), &pipe_ends[1], 1), 0);
	ck_assert_int_eq(receive(1), -EMSGSIZE);
	ck_assert_uint_eq(count_open(), before);
}
END_TEST

/* A child, because a limit that is lowered here would stay for the tests that follow. */
static int at_the_limit(void)
{
	struct rlimit limit = {0};
	int lowest = dup(0);

	send_copies(2);
	limit.rlim_cur = limit.rlim_max = (rlim_t)lowest + 1; /* room for one of the two */
	close(lowest);
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 2;
	if (receive(WSGI_FDPASS_MAX) != -EMFILE || count != 0)
		return 3;
	return dup(0) == lowest ? 0 : 4; /* the one that came was closed */
}

START_TEST(a_process_at_its_limit_of_open_files_is_told)
{
	then_a_child_has_done(at_the_limit);
}
END_TEST

/* Others have the same sockets, and may have changed that: workers, and so the application. */
START_TEST(a_socket_that_blocks_is_not_waited_for)
{
	int rc, sent = 0;

	fcntl(ends[0], F_SETFL, 0);
	fcntl(ends[1], F_SETFL, 0);
	ck_assert_int_eq(receive(1), -EAGAIN);
	while ((rc = wsgi_fd_send(ends[0], "x", 1, NULL, 0)) == 0 && sent < 100000)
		sent++;
	ck_assert_int_eq(rc, -EAGAIN);
	ck_assert_int_eq(receive(1), 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fdpass");
	TCase *t = tcase_create("fdpass");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, a_message_comes_whole_with_its_descriptors, 0, WSGI_FDPASS_MAX + 1);
	tcase_add_test(t, the_sender_keeps_its_own);
	tcase_add_test(t, a_descriptor_is_alive_when_its_sender_is_dead);
	tcase_add_test(t, the_pair_is_closed_by_an_exec_and_does_not_block);
	tcase_add_test(t, a_full_socket_is_told_and_takes_more_later);
	tcase_add_test(t, the_end_is_told_to_both);
	tcase_add_test(t, what_cannot_be_a_message_is_refused);
	tcase_add_loop_test(t, descriptors_without_room_are_closed, 0, WSGI_FDPASS_MAX);
	tcase_add_test(t, more_descriptors_than_any_message_has_are_closed);
	tcase_add_test(t, bytes_without_room_are_told_and_their_descriptor_is_closed);
	tcase_add_test(t, a_process_at_its_limit_of_open_files_is_told);
	tcase_add_test(t, a_socket_that_blocks_is_not_waited_for);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
