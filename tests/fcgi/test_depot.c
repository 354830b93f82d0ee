#include "fcgi/depot.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../child.h"
#include "base/fdpass.h"

static struct wsgi_depot depot;
static int ends[2], fds[2];

static void set_up(void)
{
	wsgi_depot_init(&depot);
	ck_assert_int_eq(wsgi_fdpass_pair(ends), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_int_eq(wsgi_depot_open(&depot, ends[0], ends[1]), 0);
}

static void tear_down(void)
{
	wsgi_depot_finish(&depot);
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(fds[i]);
	}
}

START_TEST(what_is_given_is_taken_once_and_in_order)
{
	bool tcp;
	char c;
	int first, second;

	ck_assert_int_eq(wsgi_depot_give(&depot, fds[0], true), 0);
	ck_assert_int_eq(wsgi_depot_give(&depot, fds[1], false), 0);
	first = wsgi_depot_take(&depot, &tcp);
	ck_assert(tcp);
	second = wsgi_depot_take(&depot, &tcp);
	ck_assert(!tcp);
	ck_assert_int_eq(wsgi_depot_take(&depot, &tcp), -EAGAIN);
	ck_assert_int_eq(fcntl(first, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(write(first, "x", 1), 1);
	ck_assert_int_eq(read(second, &c, 1), 1);
	close(first);
	close(second);
}
END_TEST

START_TEST(a_full_one_says_so)
{
	bool tcp;
	int rc, given = 0, taken = 0, fd;

	while ((rc = wsgi_depot_give(&depot, fds[0], false)) == 0 && given < 100000)
		given++;
	ck_assert_int_eq(rc, -EAGAIN);
	while ((fd = wsgi_depot_take(&depot, &tcp)) >= 0) {
		close(fd);
		taken++;
	}
	ck_assert_int_eq(fd, -EAGAIN);
	ck_assert_int_eq(taken, given);
}
END_TEST

START_TEST(one_whose_other_end_is_gone_is_of_no_use)
{
	bool tcp;

	close(ends[1]);
	ends[1] = dup(0);
	ck_assert_int_eq(wsgi_depot_give(&depot, fds[0], false), -EPIPE);
	depot.take = ends[0];
	ck_assert_int_eq(wsgi_depot_take(&depot, &tcp), -EPIPE);
}
END_TEST

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

static const struct {
	size_t len, fds;
} messages[] = {{8, 1}, {7, 1}, {9, 1}, {8, 0}, {8, 2}};

START_TEST(what_is_no_message_of_ours_is_closed)
{
	const unsigned char bytes[16] = {1, 2, 3};
	bool tcp;
	const unsigned before = count_open();

	ck_assert_int_eq(wsgi_fd_send(ends[0], bytes, messages[_i].len, fds, messages[_i].fds), 0);
	ck_assert_int_eq(wsgi_depot_take(&depot, &tcp), -EPROTO);
	ck_assert_uint_eq(count_open(), before);
	ck_assert_int_eq(wsgi_depot_take(&depot, &tcp), -EAGAIN);
}
END_TEST

/* In a child, whose limit is its own. Returns what went wrong, or 0. */
static int take_at_the_limit(void)
{
	struct rlimit all, none = {0};
	bool tcp;

	getrlimit(RLIMIT_NOFILE, &all);
	none.rlim_max = all.rlim_max;
	for (int i = 0; i < 4; i++)
		if (wsgi_depot_give(&depot, fds[0], false) != 0)
			return 1;
	none.rlim_cur = (rlim_t)dup(0); /* the lowest that is free */
	close((int)none.rlim_cur);
	setrlimit(RLIMIT_NOFILE, &none);
	if (wsgi_depot_take(&depot, &tcp) < 0)
		return 2; /* it had been held */
	for (int i = 0; i < 3; i++)
		if (wsgi_depot_take(&depot, &tcp) != -EMFILE)
			return 3;
	setrlimit(RLIMIT_NOFILE, &all);
	for (int i = 0; i < 3; i++)
		if (wsgi_depot_take(&depot, &tcp) < 0)
			return 4;
	return wsgi_depot_take(&depot, &tcp) == -EAGAIN ? 0 : 5;
}

START_TEST(without_descriptors_nothing_is_taken_and_nothing_lost)
{
	then_a_child_has_done(take_at_the_limit);
}
END_TEST

START_TEST(to_forget_closes_the_ends_and_to_finish_does_not)
{
	const int copies[] = {dup(ends[0]), dup(ends[1])};
	struct wsgi_depot other;

	wsgi_depot_init(&other);
	ck_assert_int_eq(wsgi_depot_open(&other, copies[0], copies[1]), 0);
	wsgi_depot_finish(&other);
	ck_assert_int_ge(fcntl(copies[0], F_GETFD), 0);
	ck_assert_int_eq(wsgi_depot_open(&other, copies[0], copies[1]), 0);
	wsgi_depot_forget(&other);
	for (int i = 0; i < 2; i++)
		ck_assert_int_lt(fcntl(copies[i], F_GETFD), 0);
	wsgi_depot_finish(&other);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("depot");
	TCase *t = tcase_create("depot");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_is_given_is_taken_once_and_in_order);
	tcase_add_test(t, a_full_one_says_so);
	tcase_add_test(t, one_whose_other_end_is_gone_is_of_no_use);
	tcase_add_loop_test(t, what_is_no_message_of_ours_is_closed, 0,
			    (int)(sizeof(messages) / sizeof(messages[0])));
	tcase_add_test(t, without_descriptors_nothing_is_taken_and_nothing_lost);
	tcase_add_test(t, to_forget_closes_the_ends_and_to_finish_does_not);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
