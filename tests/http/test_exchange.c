#include "http/exchange.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The wire of these tests is the test's own thread; the worker is another, where one must wait. */
static struct wsgi_exchange *x;
static int sleeps, wakes, leaves, enters;
static char buf[4 * WSGI_EXCHANGE_BUFFER];

static void count_sleep(struct wsgi_exchange *e)
{
	(void)e;
	sleeps++;
}

static void count_wake(struct wsgi_exchange *e)
{
	(void)e;
	wakes++;
}

static void count_leave(void *ctx)
{
	(void)ctx;
	leaves++;
}

static void count_enter(void *ctx)
{
	(void)ctx;
	enters++;
}

static const struct wsgi_exchange_ops ops = {
	.sleep = count_sleep,
	.wake = count_wake,
	.leave = count_leave,
	.enter = count_enter,
};

static void set_up(void)
{
	x = wsgi_exchange_create(&ops, NULL);
	ck_assert_ptr_nonnull(x);
	wsgi_exchange_hold(x);
	sleeps = wakes = leaves = enters = 0;
}

static int write_text(const char *text)
{
	return x->req.output.write(&x->req.output, text, strlen(text));
}

static int flush(void)
{
	return x->req.output.flush(&x->req.output);
}

static ssize_t read_input(size_t len)
{
	return wsgi_input_read(&x->req.input, buf, len);
}

START_TEST(a_response_is_head_then_body_then_end)
{
	ck_assert_int_eq(wsgi_exchange_uploaded(x), WSGI_TURN_WAIT);
	ck_assert_int_eq(write_text("Status: 404 Not Found\r\n\r\nhel"), 0);
	ck_assert_int_eq(wakes, 0);
	ck_assert_int_eq(flush(), 0);
	ck_assert_int_eq(wakes, 1);
	ck_assert_int_eq(wsgi_exchange_uploaded(x), WSGI_TURN_RESPOND);
	ck_assert_int_eq(x->head.status, 404);
	ck_assert_int_eq(wsgi_exchange_take(x, buf, 2), 2);
	ck_assert_int_eq(wsgi_exchange_take(x, buf, 2), 1);
	ck_assert_int_eq(wsgi_exchange_take(x, buf, 2), 0);
	ck_assert_int_eq(sleeps, 2);
	write_text("lo");
	wsgi_exchange_done(x);
	ck_assert_int_eq(wakes, 2);
	ck_assert_int_eq(wsgi_exchange_take(x, buf, 9), 2);
	ck_assert_int_eq(wsgi_exchange_take(x, buf, 9), -ENODATA);
	wsgi_exchange_gone(x);
}
END_TEST

START_TEST(a_response_that_is_cut_says_so_after_its_bytes)
{
	write_text("Content-Length: 9\r\n\r\nhello");
	wsgi_exchange_done(x);
	ck_assert_int_eq(wsgi_exchange_uploaded(x), WSGI_TURN_RESPOND);
	ck_assert_int_eq(wsgi_exchange_take(x, buf, 9), 5);
	ck_assert_int_eq(wsgi_exchange_take(x, buf, 9), -EPROTO);
	wsgi_exchange_gone(x);
}
END_TEST

START_TEST(a_body_ends_at_its_content_length)
{
	write_text("Content-Length: 3\r\n\r\nhello");
	write_text(" again");
	ck_assert_uint_eq(x->req.body_bytes, 3);
	wsgi_exchange_done(x);
	ck_assert_int_eq(wsgi_exchange_take(x, buf, 9), 3);
	ck_assert_int_eq(wsgi_exchange_take(x, buf, 9), -ENODATA);
	wsgi_exchange_gone(x);
}
END_TEST

START_TEST(a_head_request_has_no_body)
{
	wsgi_environ_set(&x->req.environ, "REQUEST_METHOD", "HEAD");
	write_text("Content-Length: 5\r\n\r\nhello");
	wsgi_exchange_done(x);
	ck_assert_int_eq(wsgi_exchange_take(x, buf, 9), -ENODATA);
	ck_assert_uint_eq(x->head.content_length, 5);
	wsgi_exchange_gone(x);
}
END_TEST

START_TEST(no_response_is_a_failure)
{
	wsgi_exchange_done(x);
	ck_assert_int_eq(wsgi_exchange_uploaded(x), WSGI_TURN_FAIL);
	wsgi_exchange_gone(x);
}
END_TEST

START_TEST(a_page_takes_the_place_of_a_malformed_head)
{
	ck_assert_int_eq(write_text("hello, world\r\n\r\n"), -EPROTO);
	ck_assert_str_ne(x->req.error.text, "");
	ck_assert_int_eq(wsgi_http_request_fail(&x->req, "502 Bad Gateway", "sorry"), 0);
	ck_assert_int_eq(x->req.status, 502);
	ck_assert_int_eq(wsgi_exchange_take(x, buf, 9), 5);
	wsgi_exchange_done(x);
	wsgi_exchange_gone(x);
}
END_TEST

START_TEST(a_page_after_the_head_is_a_cut)
{
	write_text("Status: 200 OK\r\n\r\nhel");
	ck_assert_int_eq(wsgi_http_request_fail(&x->req, "502 Bad Gateway", "sorry"), 0);
	wsgi_exchange_done(x);
	ck_assert_int_eq(wsgi_exchange_take(x, buf, 9), 3);
	ck_assert_int_eq(wsgi_exchange_take(x, buf, 9), -EPROTO);
	wsgi_exchange_gone(x);
}
END_TEST

START_TEST(an_upload_is_read_to_its_end)
{
	ck_assert_uint_eq(wsgi_exchange_feed(x, "hello", 5), 5);
	wsgi_exchange_uploaded(x);
	ck_assert_int_eq(read_input(9), 5);
	ck_assert_int_eq(read_input(9), 0);
	ck_assert_int_eq(leaves, 0);
	wsgi_exchange_done(x);
	wsgi_exchange_gone(x);
}
END_TEST

START_TEST(an_upload_that_nobody_reads_puts_the_wire_to_sleep)
{
	ck_assert_uint_eq(wsgi_exchange_feed(x, buf, 1), 1);
	ck_assert_int_eq(sleeps, 0);
	ck_assert_uint_eq(wsgi_exchange_feed(x, buf, sizeof(buf)), WSGI_EXCHANGE_BUFFER - 1);
	ck_assert_int_eq(sleeps, 1);
	ck_assert_int_eq(read_input(WSGI_EXCHANGE_BUFFER), WSGI_EXCHANGE_BUFFER);
	ck_assert_int_eq(wakes, 1);
	ck_assert_uint_eq(wsgi_exchange_feed(x, buf, 1), 1);
	wsgi_exchange_done(x);
	wsgi_exchange_gone(x);
}
END_TEST

START_TEST(an_upload_is_kept_whole_once_the_answer_has_begun)
{
	write_text("Status: 200 OK\r\n\r\n");
	flush();
	for (int i = 0; i < 8; i++)
		ck_assert_uint_eq(wsgi_exchange_feed(x, buf, sizeof(buf)), sizeof(buf));
	ck_assert_int_eq(wsgi_exchange_uploaded(x), WSGI_TURN_RESPOND);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(read_input(sizeof(buf)), (ssize_t)sizeof(buf));
	ck_assert_int_eq(read_input(1), 0);
	wsgi_exchange_done(x);
	wsgi_exchange_gone(x);
}
END_TEST

START_TEST(but_only_so_much_of_it)
{
	x->in_max = sizeof(buf) + 1;
	write_text("Status: 200 OK\r\n\r\n");
	flush();
	ck_assert_int_eq(wsgi_exchange_feed(x, buf, sizeof(buf)), (ssize_t)sizeof(buf));
	ck_assert_int_eq(wsgi_exchange_feed(x, buf, 1), 1);
	ck_assert_int_eq(wsgi_exchange_feed(x, buf, 1), -EFBIG);
	ck_assert_int_eq(read_input(sizeof(buf)), (ssize_t)sizeof(buf));
	ck_assert_int_eq(read_input(sizeof(buf)), 1);
	ck_assert_int_eq(read_input(1), -EFBIG);
	wsgi_exchange_done(x);
	wsgi_exchange_gone(x);
}
END_TEST

START_TEST(an_upload_after_the_end_of_the_answer_is_dropped)
{
	write_text("Content-Length: 0\r\n\r\n");
	wsgi_exchange_done(x);
	for (int i = 0; i < 8; i++)
		ck_assert_uint_eq(wsgi_exchange_feed(x, buf, sizeof(buf)), sizeof(buf));
	ck_assert_uint_eq(wsgi_spool_len(&x->in), 0);
	wsgi_exchange_gone(x);
}
END_TEST

static uint64_t queued(void)
{
	uint64_t len;

	pthread_mutex_lock(&x->lock);
	len = wsgi_spool_len(&x->out);
	pthread_mutex_unlock(&x->lock);
	return len;
}

static void *write_much(void *arg)
{
	int *rc = arg;

	write_text("Status: 200 OK\r\n\r\n");
	*rc = x->req.output.write(&x->req.output, buf, sizeof(buf));
	wsgi_exchange_done(x);
	return NULL;
}

START_TEST(the_worker_waits_for_a_slow_wire)
{
	size_t got = 0;
	pthread_t worker;
	int rc = 1;
	ssize_t n;

	pthread_create(&worker, NULL, write_much, &rc);
	while (wsgi_exchange_uploaded(x) == WSGI_TURN_WAIT)
		;
	do {
		n = wsgi_exchange_take(x, buf + got, 10000);
		ck_assert_uint_le(queued(), WSGI_EXCHANGE_BUFFER);
		got += n > 0 ? (size_t)n : 0;
	} while (n >= 0);
	pthread_join(worker, NULL);
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_eq(got, sizeof(buf));
	ck_assert_int_gt(leaves, 0);
	ck_assert_int_eq(leaves, enters);
	wsgi_exchange_gone(x);
}
END_TEST

START_TEST(the_worker_is_told_that_the_client_left)
{
	pthread_t worker;
	int rc = 1;

	pthread_create(&worker, NULL, write_much, &rc);
	while (wsgi_exchange_uploaded(x) == WSGI_TURN_WAIT)
		;
	wsgi_exchange_hold(x);
	wsgi_exchange_gone(x);
	pthread_join(worker, NULL);
	ck_assert_int_eq(rc, -EPIPE);
	ck_assert_int_eq(flush(), -EPIPE);
	wsgi_exchange_done(x);
}
END_TEST

START_TEST(an_upload_that_breaks_off_is_not_an_end)
{
	wsgi_exchange_feed(x, "hel", 3);
	wsgi_exchange_gone(x);
	ck_assert_int_eq(x->req.input.read(&x->req.input, buf, 9), 3);
	ck_assert_int_eq(x->req.input.read(&x->req.input, buf, 9), -ECONNRESET);
	wsgi_exchange_done(x);
}
END_TEST

START_TEST(an_abort_wakes_the_wire_and_lets_it_sleep_no_more)
{
	ck_assert_int_eq(wsgi_exchange_uploaded(x), WSGI_TURN_WAIT);
	wsgi_exchange_abort(x);
	ck_assert_int_eq(wakes, 1);
	ck_assert_int_eq(wsgi_exchange_uploaded(x), WSGI_TURN_FAIL);
	ck_assert_int_eq(wsgi_exchange_take(x, buf, 1), -EPROTO);
	ck_assert_uint_eq(wsgi_exchange_feed(x, buf, sizeof(buf)), sizeof(buf));
	ck_assert_int_eq(sleeps, 1);
	wsgi_exchange_done(x);
	wsgi_exchange_gone(x);
}
END_TEST

static void respond(void)
{
	ck_assert_int_eq(write_text("Status: 404 Not Found\r\n\r\nhel"), 0);
	ck_assert_int_eq(flush(), 0);
}

static void respond_to_nobody(void)
{
	ck_assert_int_eq(write_text("Status: 404 Not Found\r\n\r\nhel"), -EPIPE);
	ck_assert_int_eq(flush(), -EPIPE);
}

static void assert_answered(int status, uint64_t body_bytes)
{
	uint64_t bytes = 99;

	ck_assert_int_eq(wsgi_http_request_answered(&x->req, &bytes), status);
	ck_assert_uint_eq(bytes, body_bytes);
}

static void let_go(void)
{
	wsgi_exchange_gone(x);
	wsgi_exchange_done(x);
}

START_TEST(what_was_answered_is_what_the_wire_was_given)
{
	assert_answered(0, 0);
	respond();
	assert_answered(404, 3); /* it is about to be */
	ck_assert(!wsgi_http_request_is_lost(&x->req));
	ck_assert_int_eq(wsgi_exchange_uploaded(x), WSGI_TURN_RESPOND);
	wsgi_exchange_abort(x);
	ck_assert(wsgi_http_request_is_lost(&x->req));
	assert_answered(404, 3);
	let_go();
}
END_TEST

START_TEST(a_client_that_left_before_that_was_answered_nothing)
{
	wsgi_exchange_hold(x); /* to look at it afterwards */
	wsgi_exchange_gone(x);
	respond_to_nobody();
	assert_answered(0, 0);
	wsgi_exchange_done(x);
	wsgi_exchange_done(x);
}
END_TEST

START_TEST(an_abort_is_answered_500_if_the_request_is_whole)
{
	if (_i)
		ck_assert_int_eq(wsgi_exchange_uploaded(x), WSGI_TURN_WAIT);
	wsgi_exchange_abort(x);
	respond_to_nobody();
	assert_answered(_i ? 500 : 0, 0);
	let_go();
}
END_TEST

START_TEST(an_end_without_a_response_is_answered_500)
{
	wsgi_exchange_hold(x);
	wsgi_exchange_done(x);
	ck_assert_int_eq(wsgi_exchange_uploaded(x), WSGI_TURN_FAIL);
	wsgi_exchange_gone(x);
	assert_answered(500, 0);
	wsgi_exchange_done(x);
}
END_TEST

START_TEST(a_client_that_waits_is_asked_for_the_body_when_it_is_read)
{
	ck_assert_int_eq(wsgi_exchange_turn(x), WSGI_TURN_WAIT);
	wsgi_exchange_feed(x, "x", 1); /* what comes after the waking, so that nobody waits here */
	ck_assert_int_eq(read_input(1), 1);
	ck_assert_int_eq(wakes, 1);
	ck_assert_int_eq(wsgi_exchange_turn(x), WSGI_TURN_UPLOAD);
	wsgi_exchange_done(x);
	wsgi_exchange_gone(x);
}
END_TEST

START_TEST(a_client_that_waits_is_spared_the_body_when_the_answer_is_whole)
{
	write_text("Status: 413 No\r\nContent-Length: 2\r\n\r\nno");
	flush();
	ck_assert_int_eq(wsgi_exchange_turn(x), WSGI_TURN_RESPOND);
	ck_assert_int_eq(read_input(1), -ECONNRESET);
	wsgi_exchange_done(x);
	wsgi_exchange_gone(x);
}
END_TEST

START_TEST(a_client_that_waits_is_asked_when_the_answer_has_only_begun)
{
	write_text("Status: 200 OK\r\n\r\n");
	flush();
	ck_assert_int_eq(wsgi_exchange_turn(x), WSGI_TURN_UPLOAD);
	wsgi_exchange_done(x);
	wsgi_exchange_gone(x);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("exchange");
	TCase *tc = tcase_create("sides");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, a_response_is_head_then_body_then_end);
	tcase_add_test(tc, a_response_that_is_cut_says_so_after_its_bytes);
	tcase_add_test(tc, a_body_ends_at_its_content_length);
	tcase_add_test(tc, a_head_request_has_no_body);
	tcase_add_test(tc, no_response_is_a_failure);
	tcase_add_test(tc, a_page_takes_the_place_of_a_malformed_head);
	tcase_add_test(tc, a_page_after_the_head_is_a_cut);
	tcase_add_test(tc, an_upload_is_read_to_its_end);
	tcase_add_test(tc, an_upload_that_nobody_reads_puts_the_wire_to_sleep);
	tcase_add_test(tc, an_upload_is_kept_whole_once_the_answer_has_begun);
	tcase_add_test(tc, but_only_so_much_of_it);
	tcase_add_test(tc, an_upload_after_the_end_of_the_answer_is_dropped);
	tcase_add_test(tc, the_worker_waits_for_a_slow_wire);
	tcase_add_test(tc, the_worker_is_told_that_the_client_left);
	tcase_add_test(tc, an_upload_that_breaks_off_is_not_an_end);
	tcase_add_test(tc, an_abort_wakes_the_wire_and_lets_it_sleep_no_more);
	tcase_add_test(tc, what_was_answered_is_what_the_wire_was_given);
	tcase_add_test(tc, a_client_that_left_before_that_was_answered_nothing);
	tcase_add_loop_test(tc, an_abort_is_answered_500_if_the_request_is_whole, 0, 2);
	tcase_add_test(tc, an_end_without_a_response_is_answered_500);
	tcase_add_test(tc, a_client_that_waits_is_asked_for_the_body_when_it_is_read);
	tcase_add_test(tc, a_client_that_waits_is_spared_the_body_when_the_answer_is_whole);
	tcase_add_test(tc, a_client_that_waits_is_asked_when_the_answer_has_only_begun);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
