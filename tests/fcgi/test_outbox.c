#include "fcgi/outbox.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LARGE = 4 << 20 };

static struct wsgi_outbox box;
static struct iovec iov[2];
static char *large, *got;
static int fds[2];

static void set_up(void)
{
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds);
	wsgi_outbox_init(&box);
	large = malloc(LARGE);
	got = malloc(LARGE);
	for (size_t i = 0; i < LARGE; i++)
		large[i] = (char)(i % 251);
	iov[0] = (struct iovec){large, 1000};
	iov[1] = (struct iovec){large + 1000, LARGE - 1000};
}

static void tear_down(void)
{
	wsgi_outbox_finish(&box);
	free(large);
	free(got);
	close(fds[0]);
	close(fds[1]);
}

static size_t receive(size_t at)
{
	ssize_t n = recv(fds[1], got + at, LARGE - at, 0);

	return n > 0 ? (size_t)n : 0;
}

START_TEST(what_the_socket_takes_is_not_kept)
{
	ck_assert_int_eq(wsgi_outbox_send(&box, fds[0], iov, 1, 0, 0), 0);
	ck_assert(wsgi_outbox_is_empty(&box));
	ck_assert_uint_eq(receive(0), 1000);
}
END_TEST

START_TEST(what_it_does_not_take_is_kept_and_sent_later)
{
	size_t at = 0;
	int rc = -EAGAIN;

	ck_assert_int_eq(wsgi_outbox_send(&box, fds[0], iov, 2, 0, LARGE), 0);
	ck_assert(!wsgi_outbox_is_empty(&box));
	while (rc == -EAGAIN) {
		at += receive(at);
		rc = wsgi_outbox_push(&box, fds[0]);
	}
	ck_assert_int_eq(rc, 0);
	while (at < LARGE)
		at += receive(at);
	ck_assert_mem_eq(got, large, LARGE);
	ck_assert_uint_eq(box.buf.cap, 0); /* that much memory is given back */
}
END_TEST

START_TEST(without_room_the_rest_stays_with_the_caller)
{
	size_t at = 0;

	while (wsgi_outbox_send(&box, fds[0], iov, 2, 0, 1000) == -EAGAIN) {
		ck_assert(wsgi_outbox_is_empty(&box));
		at += receive(at);
	}
	while (at < LARGE) {
		at += receive(at);
		wsgi_outbox_push(&box, fds[0]);
	}
	ck_assert_mem_eq(got, large, LARGE);
}
END_TEST

START_TEST(what_was_kept_goes_first)
{
	struct iovec last = {got, 1};
	size_t at = 0;

	got[0] = '!';
	wsgi_outbox_send(&box, fds[0], iov, 2, 0, LARGE);
	ck_assert_int_eq(wsgi_outbox_send(&box, fds[0], &last, 1, 0, 2 * LARGE), 0);
	while (at < LARGE) {
		at += receive(at);
		wsgi_outbox_push(&box, fds[0]);
	}
	ck_assert_mem_eq(got, large, LARGE);
	ck_assert_int_eq(recv(fds[1], got, 2, 0), 1);
	ck_assert_int_eq(got[0], '!');
}
END_TEST

START_TEST(a_peer_that_left_is_an_error_and_no_signal)
{
	close(fds[1]);
	fds[1] = -1;
	ck_assert_int_eq(wsgi_outbox_send(&box, fds[0], iov, 2, 0, LARGE), -EPIPE);
	ck_assert_int_eq(wsgi_outbox_send(&box, fds[0], iov, 1, 0, LARGE), -EPIPE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("outbox");
	TCase *tc = tcase_create("send");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, what_the_socket_takes_is_not_kept);
	tcase_add_test(tc, what_it_does_not_take_is_kept_and_sent_later);
	tcase_add_test(tc, without_room_the_rest_stays_with_the_caller);
	tcase_add_test(tc, what_was_kept_goes_first);
	tcase_add_test(tc, a_peer_that_left_is_an_error_and_no_signal);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
