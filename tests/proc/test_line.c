#include "proc/line.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/fdpass.h"

static int ends[2];
static struct wsgi_line_message said, heard;
static int fds[WSGI_FDPASS_MAX];
static size_t n;

static void set_up(void)
{
	ck_assert_int_eq(wsgi_fdpass_pair(ends), 0);
	said = (struct wsgi_line_message){
		.word = WSGI_LINE_SPAWNED, .place = 3, .serial = 5, .pid = 7, .code = -9};
	heard = (struct wsgi_line_message){0};
}

static void tear_down(void)
{
	close(ends[0]);
	close(ends[1]);
}

static int when_heard(void)
{
	n = WSGI_FDPASS_MAX;
	return wsgi_line_hear(ends[1], &heard, fds, &n);
}

START_TEST(what_is_said_is_heard)
{
	ck_assert_int_eq(wsgi_line_say(ends[0], &said, NULL, 0), 0);
	ck_assert_int_eq(when_heard(), 1);
	ck_assert_mem_eq(&heard, &said, sizeof(said));
	ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(descriptors_come_along)
{
	ck_assert_int_eq(wsgi_line_say(ends[0], &said, ends, 2), 0);
	ck_assert_int_eq(when_heard(), 1);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(close(fds[0]), 0);
	ck_assert_int_eq(close(fds[1]), 0);
}
END_TEST

START_TEST(where_nothing_was_said_nothing_is_heard)
{
	ck_assert_int_eq(when_heard(), -EAGAIN);
}
END_TEST

START_TEST(a_line_has_an_end)
{
	close(ends[0]);
	ck_assert_int_eq(when_heard(), 0);
}
END_TEST

START_TEST(a_line_whose_other_end_left_words_unheard_has_an_end)
{
	ck_assert_int_eq(wsgi_line_say(ends[1], &said, NULL, 0), 0);
	close(ends[0]);
	ck_assert_int_eq(when_heard(), 0);
}
END_TEST

START_TEST(what_is_said_to_nobody_is_lost)
{
	close(ends[1]);
	ck_assert_int_eq(wsgi_line_say(ends[0], &said, NULL, 0), -EPIPE);
}
END_TEST

/* What came with it is closed; the next message is heard. */
START_TEST(what_is_no_message_is_passed_over)
{
	const char longer[sizeof(said) + 1] = {0};

	ck_assert_int_eq(wsgi_fd_send(ends[0], longer, sizeof(said) - 1, ends, 1), 0);
	ck_assert_int_eq(wsgi_fd_send(ends[0], longer, sizeof(longer), ends, 1), 0);
	ck_assert_int_eq(wsgi_line_say(ends[0], &said, NULL, 0), 0);
	ck_assert_int_eq(when_heard(), -EBADMSG);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(when_heard(), -EMSGSIZE);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(when_heard(), 1);
}
END_TEST

static void *hear_all(void *arg)
{
	unsigned *count = arg;

	usleep(100000);
	while (*count > 0)
		if (when_heard() == 1)
			--*count;
	return NULL;
}

START_TEST(where_the_line_is_full_who_speaks_waits)
{
	unsigned count = 0, left;
	pthread_t listener;

	while (wsgi_fd_send(ends[0], &said, sizeof(said), NULL, 0) == 0)
		count++;
	left = count + 1;
	ck_assert_int_eq(pthread_create(&listener, NULL, hear_all, &left), 0);
	ck_assert_int_eq(wsgi_line_say(ends[0], &said, NULL, 0), 0);
	pthread_join(listener, NULL);
	ck_assert_uint_eq(left, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("line");
	TCase *tc = tcase_create("line");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, what_is_said_is_heard);
	tcase_add_test(tc, descriptors_come_along);
	tcase_add_test(tc, where_nothing_was_said_nothing_is_heard);
	tcase_add_test(tc, a_line_has_an_end);
	tcase_add_test(tc, a_line_whose_other_end_left_words_unheard_has_an_end);
	tcase_add_test(tc, what_is_said_to_nobody_is_lost);
	tcase_add_test(tc, what_is_no_message_is_passed_over);
	tcase_add_test(tc, where_the_line_is_full_who_speaks_waits);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
