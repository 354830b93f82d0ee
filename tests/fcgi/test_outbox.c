#include "fcgi/outbox.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/record.h"

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

/* ---- a file ---- */

static int file;

static void set_up_file(void)
{
	set_up();
	signal(SIGPIPE, SIG_IGN);
	file = memfd_create("file", MFD_CLOEXEC);
	ck_assert_int_eq(write(file, large, LARGE), LARGE);
}

static int keep(off_t offset, uint64_t left, size_t part)
{
	const struct wsgi_outbox_file f = {
		.fd = file, .offset = offset, .left = left, .part = part, .id = 7};

	return wsgi_outbox_keep_file(&box, &f);
}

/* Push and receive until nothing is left; the count of bytes that came, or -errno. */
static ssize_t push_all(void)
{
	size_t at = 0;
	int rc = -EAGAIN;

	while (rc == -EAGAIN) {
		rc = wsgi_outbox_push(&box, fds[0]);
		at += receive(at);
	}
	for (size_t n; rc == 0 && (n = receive(at)) > 0;)
		at += n;
	return rc == 0 ? (ssize_t)at : rc;
}

/* Take the records of STDOUT apart. Returns how many; their content is moved together. */
static unsigned join_records(size_t len, size_t *content)
{
	unsigned n = 0;

	*content = 0;
	for (size_t at = 0; at < len; n++) {
		struct wsgi_record_reader r;
		struct wsgi_span in = {got + at, FCGI_HEADER_LEN}, piece;

		wsgi_record_reader_init(&r);
		ck_assert_int_eq(wsgi_record_read(&r, &in, &piece), WSGI_RECORD_HEAD);
		ck_assert_int_eq(r.type, FCGI_STDOUT);
		ck_assert_int_eq(r.id, 7);
		at += FCGI_HEADER_LEN;
		memmove(got + *content, got + at, r.content_len);
		*content += r.content_len;
		at += (size_t)r.content_len + r.padding_left;
		ck_assert_uint_le(at, len);
	}
	return n;
}

static const struct {
	off_t offset;
	uint64_t left;
	unsigned records;
} files[] = {{0, 1, 1},
	     {5, WSGI_RECORD_CONTENT, 1},
	     {0, WSGI_RECORD_CONTENT + 1, 2},
	     {100, 1000000, 16},
	     {0, LARGE - 10000, 64}};

START_TEST(a_file_goes_out_as_records)
{
	const bool without_sendfile = _i % 2 == 1;
	const int i = _i / 2;
	ssize_t len;
	size_t content;

	if (without_sendfile) /* which refuses such a socket */
		ck_assert_int_eq(fcntl(fds[0], F_SETFL, O_NONBLOCK | O_APPEND), 0);
	ck_assert_int_eq(keep(files[i].offset, files[i].left, 0), 0);
	ck_assert(!wsgi_outbox_is_empty(&box));
	len = push_all();
	ck_assert_int_gt(len, 0);
	ck_assert_uint_eq(join_records((size_t)len, &content), files[i].records);
	ck_assert_uint_eq(content, files[i].left);
	ck_assert_mem_eq(got, large + files[i].offset, content);
	ck_assert(wsgi_outbox_is_empty(&box));
	ck_assert_int_lt(fcntl(file, F_GETFD), 0); /* closed */
}
END_TEST

START_TEST(a_record_that_has_begun_goes_on)
{
	ssize_t len;

	ck_assert_int_eq(keep(10, 500, 500), 0);
	len = push_all();
	ck_assert_int_eq(len, 500);
	ck_assert_mem_eq(got, large + 10, 500);
}
END_TEST

START_TEST(a_file_goes_between_what_came_before_and_after)
{
	struct iovec before = {large, LARGE / 2}, after = {large, 3};
	ssize_t len;

	ck_assert_int_eq(wsgi_outbox_send(&box, fds[0], &before, 1, 0, LARGE), 0);
	ck_assert_int_eq(keep(50, 1000, 1000), 0);
	ck_assert_int_eq(wsgi_outbox_send(&box, fds[0], &after, 1, 0, LARGE), 0);
	len = push_all();
	ck_assert_int_eq(len, LARGE / 2 + 1000 + 3);
	ck_assert_mem_eq(got, large, LARGE / 2);
	ck_assert_mem_eq(got + LARGE / 2, large + 50, 1000);
	ck_assert_mem_eq(got + LARGE / 2 + 1000, large, 3);
}
END_TEST

START_TEST(there_is_room_behind_a_file_only_for_so_much)
{
	struct iovec after = {large, 1000};

	ck_assert_int_eq(keep(0, LARGE, 0), 0);
	ck_assert_int_eq(wsgi_outbox_send(&box, fds[0], &after, 1, 0, 999), -EAGAIN);
	ck_assert_uint_eq(after.iov_len, 1000);
	ck_assert_int_eq(wsgi_outbox_send(&box, fds[0], &after, 1, 0, 2000), 0);
	after = (struct iovec){large, 1001};
	ck_assert_int_eq(wsgi_outbox_send(&box, fds[0], &after, 1, 0, 2000), -EAGAIN);
}
END_TEST

START_TEST(one_file_at_a_time)
{
	ck_assert_int_eq(keep(0, 100, 0), 0);
	ck_assert_int_eq(keep(0, 100, 0), -EBUSY);
	ck_assert_int_ge(fcntl(file, F_GETFD), 0);
	wsgi_outbox_clear(&box);
	ck_assert_int_lt(fcntl(file, F_GETFD), 0);
	ck_assert(wsgi_outbox_is_empty(&box));
}
END_TEST

START_TEST(a_file_that_has_become_short_is_an_error_for_good)
{
	if (_i == 1)
		ck_assert_int_eq(fcntl(fds[0], F_SETFL, O_NONBLOCK | O_APPEND), 0);
	ck_assert_int_eq(ftruncate(file, 1000), 0);
	ck_assert_int_eq(keep(0, 2000, 0), 0);
	ck_assert_int_eq(push_all(), -EIO);
	ck_assert_int_eq(wsgi_outbox_push(&box, fds[0]), -EIO);
}
END_TEST

START_TEST(a_large_file_gives_others_a_turn)
{
	int more = 1 << 20;

	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUFFORCE, &more, sizeof(more));
	ck_assert_int_eq(keep(0, LARGE, 0), 0);
	ck_assert_int_eq(wsgi_outbox_push(&box, fds[0]), -EAGAIN);
	ck_assert_uint_gt(box.file->left, LARGE - (512 << 10)); /* the socket takes 2 MiB */
}
END_TEST

static TCase *files_case(void)
{
	TCase *tc = tcase_create("file");

	tcase_add_checked_fixture(tc, set_up_file, tear_down);
	tcase_add_loop_test(tc, a_file_goes_out_as_records, 0,
			    2 * (int)(sizeof(files) / sizeof(files[0])));
	tcase_add_test(tc, a_record_that_has_begun_goes_on);
	tcase_add_test(tc, a_file_goes_between_what_came_before_and_after);
	tcase_add_test(tc, there_is_room_behind_a_file_only_for_so_much);
	tcase_add_test(tc, one_file_at_a_time);
	tcase_add_loop_test(tc, a_file_that_has_become_short_is_an_error_for_good, 0, 2);
	tcase_add_test(tc, a_large_file_gives_others_a_turn);
	return tc;
}

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
	suite_add_tcase(s, files_case());
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
