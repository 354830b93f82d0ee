#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

enum { MANY = 1 << 20 };

static char bytes[MANY], got[MANY + 1];
static int ends[2];

static void given_a_pipe(void)
{
	for (size_t i = 0; i < MANY; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	signal(SIGPIPE, SIG_IGN);
}

static void tear_down(void)
{
	close(ends[0]);
	close(ends[1]);
}

/* A process that reads fd to its end, in small and slow bites; its status is 0 if that was bytes.
 */
static pid_t given_a_slow_reader(int fd, size_t expected)
{
	pid_t pid = fork();
	size_t n = 0;
	ssize_t now;

	if (pid != 0)
		return pid;
	close(ends[1]);
	while ((now = read(fd, got + n, 30000)) > 0) {
		n += (size_t)now;
		usleep(200);
	}
	_exit(n == expected && memcmp(got, bytes, n) == 0 ? 0 : 1);
}

static void reader_was_content(pid_t pid)
{
	int status;

	close(ends[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Interrupts system calls all the time. */
static void given_signals(void)
{
	const struct itimerval often = {{0, 300}, {0, 300}};
	struct sigaction action = {.sa_handler = on_alarm};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

START_TEST(a_write_goes_on_until_all_is_written)
{
	const bool nonblock = _i & 1, signals = _i & 2;
	pid_t pid = given_a_slow_reader(ends[0], MANY);

	ck_assert_int_eq(wsgi_fd_nonblock(ends[1], nonblock), 0);
	if (signals)
		given_signals();
	ck_assert_int_eq(wsgi_fd_write(ends[1], bytes, MANY), 0);
	setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
	reader_was_content(pid);
}
END_TEST

START_TEST(a_gathered_write_goes_on_until_all_is_written)
{
	enum { PIECES = IOV_MAX + 500 };
	static struct iovec iov[PIECES + 1];
	pid_t pid = given_a_slow_reader(ends[0], MANY);
	size_t at = 0;

	for (int i = 0; i < PIECES; i++) {
		size_t len = i % 3 == 0 ? 0 : (size_t)(i % 900);

		iov[i] = (struct iovec){.iov_base = bytes + at, .iov_len = len};
		at += len;
	}
	iov[PIECES] = (struct iovec){.iov_base = bytes + at, .iov_len = MANY - at};
	ck_assert_int_eq(wsgi_fd_nonblock(ends[1], _i), 0);
	ck_assert_int_eq(wsgi_fd_writev(ends[1], iov, PIECES + 1), 0);
	reader_was_content(pid);
}
END_TEST

START_TEST(nothing_to_write_is_written)
{
	struct iovec none[2] = {{0}};

	ck_assert_int_eq(wsgi_fd_write(ends[1], NULL, 0), 0);
	ck_assert_int_eq(wsgi_fd_writev(ends[1], none, 2), 0);
	ck_assert_int_eq(wsgi_fd_writev(ends[1], none, 0), 0);
}
END_TEST

START_TEST(a_write_to_nobody_is_a_broken_pipe)
{
	struct iovec iov = {.iov_base = bytes, .iov_len = 1};
	uint64_t left = 1;
	off_t offset = 0;
	int file = memfd_create("file", MFD_CLOEXEC);

	ck_assert_int_eq(wsgi_fd_write(file, bytes, 1), 0);
	close(ends[0]);
	ck_assert_int_eq(wsgi_fd_write(ends[1], bytes, 1), -EPIPE);
	ck_assert_int_eq(wsgi_fd_writev(ends[1], &iov, 1), -EPIPE);
	ck_assert_int_eq(wsgi_fd_sendfile(ends[1], file, &offset, &left), -EPIPE);
	close(file);
}
END_TEST

START_TEST(a_read_gives_what_is_there_and_0_at_the_end)
{
	ck_assert_int_eq(write(ends[1], "abc", 3), 3);
	ck_assert_int_eq(wsgi_fd_read(ends[0], got, 100), 3);
	close(ends[1]);
	ck_assert_int_eq(wsgi_fd_read(ends[0], got, 100), 0);
	ck_assert_int_eq(wsgi_fd_read(1023, got, 100), -EBADF);
}
END_TEST

START_TEST(a_read_waits_where_it_would_block)
{
	pid_t pid = fork();

	if (pid == 0) {
		usleep(20 * 1000);
		_exit(write(ends[1], "late", 4) != 4);
	}
	ck_assert_int_eq(wsgi_fd_nonblock(ends[0], 1), 0);
	given_signals();
	ck_assert_int_eq(wsgi_fd_read(ends[0], got, 100), 4);
	setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
	reader_was_content(pid);
}
END_TEST

/* ---- sendfile ---- */

enum kind { REGULAR, APPENDED, PIPE, SOCKET };

/* Pairs that sendfile, splice and the buffer serve. */
static const struct {
	enum kind in, out;
} pairs[] = {
	{REGULAR, REGULAR}, {REGULAR, PIPE}, {REGULAR, SOCKET}, {REGULAR, APPENDED},
	{PIPE, REGULAR},    {PIPE, PIPE},    {PIPE, SOCKET},    {PIPE, APPENDED},
	{SOCKET, REGULAR},  {SOCKET, PIPE},  {SOCKET, SOCKET},  {SOCKET, APPENDED},
};

static int a_file(int flags)
{
	char name[] = "/tmp/test_fdio.XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC | flags);

	ck_assert_int_ge(fd, 0);
	unlink(name);
	return fd;
}

/* Descriptors to read from and to write to: of what goes in at fd[1], fd[0] gives out. */
static void given(enum kind kind, int fd[2])
{
	switch (kind) {
	case PIPE:
		ck_assert_int_eq(pipe2(fd, O_CLOEXEC), 0);
		break;
	case SOCKET:
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
		break;
	default:
		fd[0] = fd[1] = a_file(kind == APPENDED ? O_APPEND : 0);
	}
}

static void rewind_if_it_can(int fd)
{
	lseek(fd, 0, SEEK_SET);
}

START_TEST(a_part_of_a_file_is_sent)
{
	const bool has_offset = pairs[_i].in == REGULAR;
	uint64_t left = 3000;
	off_t offset = has_offset ? 100 : 0;
	int in[2], out[2];

	given(pairs[_i].in, in);
	given(pairs[_i].out, out);
	ck_assert_int_eq(wsgi_fd_write(in[1], bytes, 5000), 0);
	rewind_if_it_can(in[0]);
	ck_assert_int_eq(wsgi_fd_sendfile(out[1], in[0], &offset, &left), 0);
	ck_assert_uint_eq(left, 0);
	ck_assert_int_eq(offset, has_offset ? 3100 : 3000);
	rewind_if_it_can(out[0]);
	ck_assert_int_eq(wsgi_fd_read(out[0], got, sizeof(got)), 3000);
	ck_assert_mem_eq(got, bytes + (has_offset ? 100 : 0), 3000);
}
END_TEST

START_TEST(a_file_is_sent_to_its_end)
{
	uint64_t left = UINT64_MAX;
	off_t offset = 0;
	int in[2], out[2];

	given(pairs[_i].in, in);
	given(pairs[_i].out, out);
	ck_assert_int_eq(wsgi_fd_write(in[1], bytes, 5000), 0);
	if (in[1] != in[0])
		close(in[1]);
	rewind_if_it_can(in[0]);
	ck_assert_int_eq(wsgi_fd_sendfile(out[1], in[0], &offset, &left), 0);
	ck_assert_uint_eq(UINT64_MAX - left, 5000);
	rewind_if_it_can(out[0]);
	ck_assert_int_eq(wsgi_fd_read(out[0], got, sizeof(got)), 5000);
	ck_assert_mem_eq(got, bytes, 5000);
}
END_TEST

START_TEST(a_large_file_is_sent_to_a_slow_reader)
{
	pid_t pid = given_a_slow_reader(ends[0], MANY);
	uint64_t left = UINT64_MAX;
	off_t offset = 0;
	int file = a_file(0);

	ck_assert_int_eq(wsgi_fd_write(file, bytes, MANY), 0);
	ck_assert_int_eq(wsgi_fd_nonblock(ends[1], 1), 0);
	given_signals();
	ck_assert_int_eq(wsgi_fd_sendfile(ends[1], file, &offset, &left), 0);
	setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
	ck_assert_int_eq(offset, MANY);
	reader_was_content(pid);
}
END_TEST

START_TEST(the_flags_are_set_and_cleared)
{
	ck_assert_int_eq(wsgi_fd_nonblock(ends[0], 1), 0);
	ck_assert_int_ne(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(wsgi_fd_nonblock(ends[0], 0), 0);
	ck_assert_int_eq(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(wsgi_fd_nonblock(1023, 1), -EBADF);
}
END_TEST

/* What is at descriptor 1 of a process that was started without one: 0 when it is /dev/null. */
static int started_without_stdout(void)
{
	struct stat null, st;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		close(STDOUT_FILENO);
		if (wsgi_fd_standard() != 0 || fstat(STDOUT_FILENO, &st) != 0 ||
		    stat("/dev/null", &null) != 0)
			_exit(2);
		_exit(st.st_rdev == null.st_rdev ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(a_closed_standard_descriptor_becomes_dev_null)
{
	ck_assert_int_eq(started_without_stdout(), 0);
}
END_TEST

START_TEST(open_standard_descriptors_are_left_alone)
{
	int before = open("/dev/null", O_RDONLY), after;

	ck_assert_int_eq(wsgi_fd_standard(), 0);
	after = open("/dev/null", O_RDONLY);
	ck_assert_int_eq(after, before + 1);
	close(before);
	close(after);
}
END_TEST

static const struct {
	const char *path;
	int code;
} places[] = {
	{"no-such-file", 0},
	{"/tmp/no-such-file", 0},
	{"/no/such/file", -ENOENT},
	{"/dev/null/file", -ENOTDIR},
};

START_TEST(a_copy_that_is_kept_goes_to_no_child)
{
	int fd = wsgi_fd_keep(ends[1]);

	ck_assert_int_gt(fd, STDERR_FILENO);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(wsgi_fd_write(fd, "x", 1), 0);
	ck_assert_int_eq(wsgi_fd_read(ends[0], got, 2), 1);
	close(fd);
	ck_assert_int_eq(wsgi_fd_keep(fd), -EBADF);
}
END_TEST

START_TEST(a_socket_is_dropped_with_what_has_arrived)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(wsgi_fd_write(pair[0], bytes, 100000), 0);
	wsgi_fd_drop(pair[1]);
	ck_assert_int_eq(read(pair[1], got, 1), 0);
	ck_assert_int_eq(wsgi_fd_write(pair[1], "out", 3), 0); /* the other way goes on */
	close(pair[1]);
	ck_assert_int_eq(wsgi_fd_read(pair[0], got, 10), 3);
	ck_assert_int_eq(wsgi_fd_read(pair[0], got, 10), 0); /* and ends: it was not reset */
	close(pair[0]);
}
END_TEST

START_TEST(a_pipe_that_is_dropped_is_left_alone)
{
	ck_assert_int_eq(wsgi_fd_write(ends[1], "in", 2), 0);
	wsgi_fd_drop(ends[0]);
	ck_assert_int_eq(wsgi_fd_read(ends[0], got, 10), 2);
}
END_TEST

START_TEST(a_file_can_be_made_where_its_folder_is)
{
	ck_assert_int_eq(chdir("/tmp"), 0);
	ck_assert_int_eq(wsgi_fd_may_create(places[_i].path), places[_i].code);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fdio");
	TCase *tc = tcase_create("fdio");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_pipe, tear_down);
	tcase_add_loop_test(tc, a_write_goes_on_until_all_is_written, 0, 4);
	tcase_add_loop_test(tc, a_gathered_write_goes_on_until_all_is_written, 0, 2);
	tcase_add_test(tc, nothing_to_write_is_written);
	tcase_add_test(tc, a_write_to_nobody_is_a_broken_pipe);
	tcase_add_test(tc, a_read_gives_what_is_there_and_0_at_the_end);
	tcase_add_test(tc, a_read_waits_where_it_would_block);
	tcase_add_loop_test(tc, a_part_of_a_file_is_sent, 0, LEN(pairs));
	tcase_add_loop_test(tc, a_file_is_sent_to_its_end, 0, LEN(pairs));
	tcase_add_test(tc, a_large_file_is_sent_to_a_slow_reader);
	tcase_add_test(tc, a_closed_standard_descriptor_becomes_dev_null);
	tcase_add_test(tc, open_standard_descriptors_are_left_alone);
	tcase_add_test(tc, a_copy_that_is_kept_goes_to_no_child);
	tcase_add_test(tc, a_socket_is_dropped_with_what_has_arrived);
	tcase_add_test(tc, a_pipe_that_is_dropped_is_left_alone);
	tcase_add_loop_test(tc, a_file_can_be_made_where_its_folder_is, 0, LEN(places));
	tcase_add_test(tc, the_flags_are_set_and_cleared);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
