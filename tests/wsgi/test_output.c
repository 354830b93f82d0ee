#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wsgi/output.h"

enum { HELD = 65536, MANY = 200000 };

static struct wsgi_fd_output out;
static int ends[2];
static char bytes[MANY], got[2 * MANY];
static int left, entered;
static bool away;

static void leave(struct wsgi_app *app)
{
	(void)app;
	ck_assert(!away);
	away = true;
	left++;
}

static void enter(struct wsgi_app *app)
{
	(void)app;
	ck_assert(away);
	away = false;
	entered++;
}

static struct wsgi_app app = {.leave = leave, .enter = enter};

static void given_an_output_on_a_pipe(void)
{
	for (size_t i = 0; i < MANY; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_ge(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20), 1 << 20);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	signal(SIGPIPE, SIG_IGN);
	wsgi_fd_output_init(&out, ends[1]);
	left = entered = 0;
}

static void tear_down(void)
{
	wsgi_fd_output_finish(&out);
	wsgi_fd_output_finish(&out);
	wsgi_fd_output_finish(NULL);
	close(ends[0]);
	close(ends[1]);
}

static void write_ok(size_t from, size_t len)
{
	ck_assert_int_eq(out.output.write(&out.output, bytes + from, len), 0);
}

static void flush_ok(void)
{
	ck_assert_int_eq(out.output.flush(&out.output), 0);
}

/* So many of bytes have arrived, from the first one on, and were not there before. */
static void arrived(size_t from, size_t len)
{
	ssize_t n = read(ends[0], got, sizeof(got));

	ck_assert_int_eq(n < 0 ? 0 : n, len);
	ck_assert_mem_eq(got, bytes + from, len);
}

static int a_file(void)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	ck_assert_int_eq(write(fd, bytes, MANY), MANY);
	return fd;
}

START_TEST(small_writes_are_held_until_flush)
{
	write_ok(0, 10);
	write_ok(10, 0);
	write_ok(10, HELD - 10);
	arrived(0, 0);
	ck_assert(!out.begun);
	flush_ok();
	ck_assert(out.begun);
	arrived(0, HELD);
	flush_ok();
	arrived(0, 0);
}
END_TEST

START_TEST(what_cannot_be_held_goes_out_after_what_was)
{
	write_ok(0, 100);
	write_ok(100, HELD);
	arrived(0, HELD + 100);
	write_ok(0, 10);
	arrived(0, 0);
	flush_ok();
	arrived(0, 10);
	write_ok(0, MANY);
	arrived(0, MANY);
	ck_assert_uint_le(out.held.cap, 2 * HELD);
}
END_TEST

static const struct {
	off_t offset;
	uint64_t len, limit, sent;
} files[] = {
	{0, UINT64_MAX, UINT64_MAX, MANY},
	{1000, UINT64_MAX, UINT64_MAX, MANY - 1000},
	{1000, 50, UINT64_MAX, 50},
	{1000, UINT64_MAX, 70, 70},
	{0, 50, 70, 50},
	{0, 70, 50, 50},
	{0, 0, 50, 0},
	{MANY, UINT64_MAX, UINT64_MAX, 0},
	{MANY - 5, 100, 100, 5},
};

START_TEST(a_file_is_sent_after_what_was_held)
{
	const struct wsgi_file file = {
		.fd = a_file(), .offset = files[_i].offset, .len = files[_i].len};
	uint64_t sent = 1;

	write_ok(0, 10);
	ck_assert_int_eq(out.output.sendfile(&out.output, &file, files[_i].limit, &sent), 0);
	ck_assert_uint_eq(sent, files[_i].sent + 1);
	ck_assert_int_eq(read(ends[0], got, 10), 10);
	ck_assert_mem_eq(got, bytes, 10);
	arrived((size_t)files[_i].offset, files[_i].sent);
	close(file.fd);
}
END_TEST

START_TEST(a_client_that_left_is_told_once)
{
	const struct wsgi_file file = {.fd = a_file(), .len = 1};
	uint64_t sent = 0;

	close(ends[0]);
	write_ok(0, 10);
	ck_assert_int_eq(out.output.flush(&out.output), -EPIPE);
	flush_ok(); /* nothing is held any more */
	ck_assert_int_eq(out.output.write(&out.output, bytes, MANY), -EPIPE);
	ck_assert_int_eq(out.output.sendfile(&out.output, &file, 1, &sent), -EPIPE);
	write_ok(0, 10);
	ck_assert_int_eq(out.output.sendfile(&out.output, &file, 1, &sent), -EPIPE);
	ck_assert_uint_eq(sent, 0);
	close(file.fd);
}
END_TEST

START_TEST(the_application_is_left_for_what_may_block)
{
	const struct wsgi_file file = {.fd = a_file(), .len = 1};
	uint64_t sent = 0;

	out.app = &app;
	write_ok(0, 10);
	flush_ok();
	flush_ok();
	ck_assert_int_eq(left, 1);
	write_ok(0, MANY);
	ck_assert_int_eq(left, 2);
	ck_assert_int_eq(out.output.sendfile(&out.output, &file, 1, &sent), 0);
	ck_assert_int_eq(left, 3);
	ck_assert_int_eq(entered, 3);
	close(file.fd);
}
END_TEST

START_TEST(an_application_without_leave_is_not_left)
{
	struct wsgi_app plain = {0}, half = {.leave = leave};

	out.app = &plain;
	write_ok(0, 10);
	flush_ok();
	out.app = &half;
	write_ok(0, 10);
	flush_ok();
	ck_assert_int_eq(left, 0);
}
END_TEST

START_TEST(an_input_reads_a_descriptor)
{
	struct wsgi_fd_input in;

	wsgi_fd_input_init(&in, ends[0]);
	in.app = &app;
	in.input.left = 5;
	ck_assert_int_eq(write(ends[1], "hello, world", 12), 12);
	ck_assert_int_eq(wsgi_input_read(&in.input, got, 100), 5);
	ck_assert_mem_eq(got, "hello", 5);
	ck_assert_int_eq(left, 1);
	ck_assert_int_eq(entered, 1);
	wsgi_input_finish(&in.input);
	wsgi_fd_input_init(&in, ends[0]);
	close(ends[1]);
	ck_assert_int_eq(wsgi_input_read(&in.input, got, 100), 7);
	ck_assert_int_eq(wsgi_input_read(&in.input, got, 100), 0);
	wsgi_input_finish(&in.input);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("output");
	TCase *tc = tcase_create("output");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_an_output_on_a_pipe, tear_down);
	tcase_add_test(tc, small_writes_are_held_until_flush);
	tcase_add_test(tc, what_cannot_be_held_goes_out_after_what_was);
	tcase_add_loop_test(tc, a_file_is_sent_after_what_was_held, 0,
			    (int)(sizeof(files) / sizeof(files[0])));
	tcase_add_test(tc, a_client_that_left_is_told_once);
	tcase_add_test(tc, the_application_is_left_for_what_may_block);
	tcase_add_test(tc, an_application_without_leave_is_not_left);
	tcase_add_test(tc, an_input_reads_a_descriptor);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
