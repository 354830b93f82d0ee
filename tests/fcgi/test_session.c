#include "fcgi/session.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>

#include "wire.h"

static struct wsgi_session session;
static struct wsgi_buf bytes, story, replies;
static bool ends_itself; /* a request that is whole is ended at once, as if it was served */

static void set_up(void)
{
	wsgi_session_init(&session, 100, 200);
	ends_itself = false;
}

static void tear_down(void)
{
	wsgi_buf_finish(&bytes);
	wsgi_buf_finish(&story);
	wsgi_buf_finish(&replies);
}

static void tell(int event, struct wsgi_span piece)
{
	static const char *const names[] = {
		[WSGI_SESSION_HOLD] = "hold ",       [WSGI_SESSION_PARAMS_END] = "params ",
		[WSGI_SESSION_INPUT_END] = "whole ", [WSGI_SESSION_ABORT] = "abort ",
		[WSGI_SESSION_REPLY] = "reply ",     [WSGI_SESSION_REFUSE] = "refuse ",
	};

	if (event == WSGI_SESSION_BEGIN)
		wsgi_buf_addf(&story, "begin%d%s ", session.id, session.keep_conn ? "k" : "");
	else if (event == WSGI_SESSION_INPUT)
		wsgi_buf_add(&story, piece.data, piece.len);
	else if (event > 0 && names[event] != NULL)
		wsgi_buf_adds(&story, names[event]);
	if (event == WSGI_SESSION_REPLY || event == WSGI_SESSION_REFUSE)
		wsgi_buf_add(&replies, piece.data, piece.len);
	if (event == WSGI_SESSION_INPUT_END && ends_itself)
		wsgi_session_end(&session);
}

/* Returns what the session told in the end: 0, WSGI_SESSION_HOLD, -EPROTO. */
static int when_it_reads(size_t part)
{
	int event = 0;

	for (size_t at = 0; at < bytes.len && event == 0; at += part) {
		struct wsgi_span in = {bytes.data + at, part}, piece = {0};

		if (in.len > bytes.len - at)
			in.len = bytes.len - at;
		do {
			event = wsgi_session_next(&session, &in, &piece);
			tell(event, piece);
		} while (event > 0 && event != WSGI_SESSION_HOLD);
	}
	wsgi_buf_add(&story, "", 1);
	bytes.len = story.len = 0;
	return event;
}

START_TEST(a_request_is_told_however_it_is_cut)
{
	add_request(&bytes, 7, FCGI_KEEP_CONN, "/", "body", 4);
	ck_assert_int_eq(when_it_reads((size_t)_i), 0);
	ck_assert_str_eq(story.data, "begin7k params bodywhole ");
}
END_TEST

START_TEST(another_request_meanwhile_is_refused)
{
	char end[WSGI_RECORD_END_LEN];

	add_begin(&bytes, 1, FCGI_RESPONDER, 0);
	add_request(&bytes, 2, 0, "/two", "two", 3);
	add_params(&bytes, 1, "/");
	add_request(&bytes, 3, 0, "/three", "three", 5);
	add_record(&bytes, FCGI_STDIN, 1, "one", 3, 0);
	add_record(&bytes, FCGI_STDIN, 1, "", 0, 0);
	ck_assert_int_eq(when_it_reads((size_t)_i), 0);
	ck_assert_str_eq(story.data, "begin1 reply params reply onewhole ");
	wsgi_record_put_end(end, 2, 0, FCGI_CANT_MPX_CONN);
	ck_assert_uint_eq(replies.len, 2 * sizeof(end));
	ck_assert_mem_eq(replies.data, end, sizeof(end));
}
END_TEST

START_TEST(the_next_request_is_held_back_until_the_first_is_ended)
{
	add_request(&bytes, 1, FCGI_KEEP_CONN, "/", "one", 3);
	add_begin(&bytes, 2, FCGI_RESPONDER, 0);
	ck_assert_int_eq(when_it_reads(1000), WSGI_SESSION_HOLD);
	ck_assert_str_eq(story.data, "begin1k params onewhole hold ");
	wsgi_session_end(&session);
	add_begin(&bytes, 2, FCGI_RESPONDER, 0);
	wsgi_buf_drop(&bytes, 8); /* the head was read */
	ck_assert_int_eq(when_it_reads(1000), 0);
	ck_assert_str_eq(story.data, "begin2 ");
}
END_TEST

START_TEST(requests_follow_each_other)
{
	ends_itself = true;
	add_request(&bytes, 1, FCGI_KEEP_CONN, "/", "one", 3);
	add_request(&bytes, 1, FCGI_KEEP_CONN, "/", "", 0);
	add_request(&bytes, 65535, FCGI_KEEP_CONN, "/", "three", 5);
	ck_assert_int_eq(when_it_reads(10000), 0);
	ck_assert_str_eq(story.data, "begin1k params onewhole begin1k params whole "
				     "begin65535k params threewhole ");
	ck_assert(wsgi_session_is_idle(&session));
}
END_TEST

START_TEST(a_body_that_is_left_unread_is_passed_over)
{
	struct wsgi_buf forged = {0};

	add_request(&forged, 1, 0, "/forged", "forged", 6);
	add_begin(&bytes, 1, FCGI_RESPONDER, FCGI_KEEP_CONN);
	add_params(&bytes, 1, "/");
	add_record(&bytes, FCGI_STDIN, 1, forged.data, forged.len, 0);
	bytes.len -= 5; /* in the middle of the record */
	when_it_reads(10000);
	wsgi_session_end(&session);
	wsgi_buf_adds(&bytes, "12345");
	add_record(&bytes, FCGI_STDIN, 1, "more", 4, 0);
	add_record(&bytes, FCGI_STDIN, 1, "", 0, 0);
	add_begin(&bytes, 1, FCGI_RESPONDER, 0);
	ck_assert_int_eq(when_it_reads(10000), 0);
	ck_assert_str_eq(story.data, "begin1 ");
	wsgi_buf_finish(&forged);
}
END_TEST

static const struct {
	const char *claim;
	uint8_t type;
	uint16_t id;
	size_t len;
	const char *story;
} strays[] = {
	{"PARAMS after their end", FCGI_PARAMS, 1, 3, ""},
	{"the end of PARAMS twice", FCGI_PARAMS, 1, 0, ""},
	{"PARAMS of another id", FCGI_PARAMS, 2, 3, ""},
	{"STDIN of another id", FCGI_STDIN, 2, 3, ""},
	{"the end of another STDIN", FCGI_STDIN, 256, 0, ""},
	{"DATA, of which a responder has none", FCGI_DATA, 1, 3, ""},
	{"STDOUT", FCGI_STDOUT, 1, 3, ""},
	{"an unknown type of this request", 99, 1, 3, ""},
	{"another request's abort", FCGI_ABORT_REQUEST, 2, 0, ""},
	{"a result that nobody asked for", FCGI_GET_VALUES_RESULT, 0, 3, ""},
	{"an UNKNOWN_TYPE", FCGI_UNKNOWN_TYPE, 0, 8, ""},
	{"an unknown management record", 99, 0, 3, "reply "},
	{"an abort", FCGI_ABORT_REQUEST, 1, 3, "abort "},
};

START_TEST(strays_do_no_harm)
{
	char expected[64];

	add_begin(&bytes, 1, FCGI_RESPONDER, 0);
	add_params(&bytes, 1, "/");
	add_record(&bytes, strays[_i].type, strays[_i].id, "\1\1A\0\0\0\0", strays[_i].len, 3);
	add_record(&bytes, FCGI_STDIN, 1, "x", 1, 0);
	ck_assert_int_eq(when_it_reads(10000), 0);
	snprintf(expected, sizeof(expected), "begin1 params %sx", strays[_i].story);
	ck_assert_msg(strcmp(story.data, expected) == 0, "%s: %s", strays[_i].claim, story.data);
}
END_TEST

START_TEST(stdin_after_its_end_counts_for_nothing)
{
	add_request(&bytes, 1, 0, "/", "x", 1);
	add_record(&bytes, FCGI_STDIN, 1, "more", 4, 0);
	ck_assert_int_eq(when_it_reads(10000), 0);
	ck_assert_str_eq(story.data, "begin1 params xwhole ");
}
END_TEST

START_TEST(the_same_id_twice_is_an_error)
{
	add_begin(&bytes, 1, FCGI_RESPONDER, 0);
	add_begin(&bytes, 1, FCGI_RESPONDER, 0);
	ck_assert_int_eq(when_it_reads(10000), -EPROTO);
}
END_TEST

START_TEST(stdin_before_the_end_of_params_is_an_error)
{
	add_begin(&bytes, 1, FCGI_RESPONDER, 0);
	add_record(&bytes, FCGI_STDIN, 1, "x", 1, 0);
	ck_assert_int_eq(when_it_reads(10000), -EPROTO);
}
END_TEST

static const size_t odd_lengths[] = {0, 7, 9, 65535};

START_TEST(a_begin_of_another_length_is_an_error)
{
	static const char zeros[65535];

	add_record(&bytes, FCGI_BEGIN_REQUEST, 1, zeros, odd_lengths[_i], 0);
	ck_assert_int_eq(when_it_reads(10000), -EPROTO);
}
END_TEST

START_TEST(an_authorizers_request_is_whole_with_its_params)
{
	add_begin(&bytes, 5, FCGI_AUTHORIZER, FCGI_KEEP_CONN);
	add_params(&bytes, 5, "/");
	ck_assert_int_eq(when_it_reads((size_t)_i), 0);
	ck_assert_str_eq(story.data, "begin5k params ");
	ck_assert_int_eq(session.phase, WSGI_SESSION_WHOLE);
	ck_assert_int_eq(session.role, FCGI_AUTHORIZER);
}
END_TEST

/* lighttpd sends the end of a STDIN, before or after the answer. */
START_TEST(what_an_authorizer_gets_of_a_body_counts_for_nothing)
{
	add_begin(&bytes, 5, FCGI_AUTHORIZER, FCGI_KEEP_CONN);
	add_params(&bytes, 5, "/");
	add_record(&bytes, FCGI_STDIN, 5, "body", 4, 0);
	add_record(&bytes, FCGI_STDIN, 5, "", 0, 0);
	ck_assert_int_eq(when_it_reads(1000), 0);
	ck_assert_str_eq(story.data, "begin5k params ");
	wsgi_session_end(&session);
	add_record(&bytes, FCGI_STDIN, 5, "", 0, 0);
	add_request(&bytes, 5, FCGI_KEEP_CONN, "/", "own", 3);
	ck_assert_int_eq(when_it_reads(1000), 0);
	ck_assert_str_eq(story.data, "begin5k params ownwhole ");
	ck_assert_int_eq(session.role, FCGI_RESPONDER);
}
END_TEST

START_TEST(the_request_after_an_authorizers_is_held_back)
{
	add_begin(&bytes, 5, FCGI_AUTHORIZER, FCGI_KEEP_CONN);
	add_params(&bytes, 5, "/");
	add_begin(&bytes, 5, FCGI_RESPONDER, FCGI_KEEP_CONN);
	ck_assert_int_eq(when_it_reads(1000), WSGI_SESSION_HOLD);
	ck_assert_str_eq(story.data, "begin5k params hold ");
}
END_TEST

START_TEST(an_unknown_role_is_refused)
{
	static const uint8_t roles[] = {0, FCGI_FILTER, 4, 9};
	char end[WSGI_RECORD_END_LEN];

	add_begin(&bytes, 5, roles[_i], FCGI_KEEP_CONN);
	add_begin(&bytes, 6, roles[_i], 0);
	ck_assert_int_eq(when_it_reads(10000), 0);
	ck_assert_str_eq(story.data, "reply refuse ");
	wsgi_record_put_end(end, 5, 0, FCGI_UNKNOWN_ROLE);
	ck_assert_mem_eq(replies.data, end, sizeof(end));
}
END_TEST

/* ---- GET_VALUES ---- */

static struct wsgi_buf asked;

static const char *when_asked(size_t part)
{
	struct wsgi_span in, piece = {0};
	struct wsgi_pair_reader pairs = {0};
	int event;

	add_record(&bytes, FCGI_GET_VALUES, 0, asked.data, asked.len, 7);
	wsgi_buf_finish(&asked);
	ck_assert_int_eq(when_it_reads(part), 0);
	ck_assert_uint_ge(replies.len, FCGI_HEADER_LEN);
	in = (struct wsgi_span){replies.data + FCGI_HEADER_LEN, replies.len - FCGI_HEADER_LEN};
	while ((event = wsgi_pair_read(&pairs, &in, &piece)) != WSGI_PAIR_MORE) {
		if (event != WSGI_PAIR_END)
			wsgi_buf_add(&story, piece.data, piece.len);
		if (event == WSGI_PAIR_NAME)
			wsgi_buf_adds(&story, "=");
		if (event == WSGI_PAIR_END)
			wsgi_buf_adds(&story, " ");
	}
	wsgi_buf_add(&story, "", 1);
	return story.data;
}

START_TEST(values_are_told)
{
	add_pair(&asked, FCGI_MPXS_CONNS, "");
	add_pair(&asked, "FCGI_SOMETHING_ELSE_ALTOGETHER", "x");
	add_pair(&asked, "", "");
	add_pair(&asked, FCGI_MAX_REQS, "");
	add_pair(&asked, FCGI_MAX_CONNS, "7");
	ck_assert_str_eq(when_asked((size_t)_i),
			 "FCGI_MAX_CONNS=100 FCGI_MAX_REQS=200 FCGI_MPXS_CONNS=0 ");
	ck_assert_int_eq(replies.data[1], FCGI_GET_VALUES_RESULT);
}
END_TEST

START_TEST(a_value_asked_for_a_thousand_times_is_told_once)
{
	for (int i = 0; i < 4000; i++)
		add_pair(&asked, FCGI_MAX_CONNS, "");
	ck_assert_str_eq(when_asked(10000), "FCGI_MAX_CONNS=100 ");
}
END_TEST

START_TEST(no_question_has_no_answer)
{
	ck_assert_str_eq(when_asked(10000), "");
	ck_assert_uint_eq(replies.len, FCGI_HEADER_LEN);
}
END_TEST

START_TEST(a_question_that_is_cut_off_is_an_error)
{
	add_record(&bytes, FCGI_GET_VALUES, 0, "\xff\xff\xff\xff", 4, 0);
	ck_assert_int_eq(when_it_reads(10000), -EPROTO);
}
END_TEST

static void add_requests(TCase *tc)
{
	tcase_add_loop_test(tc, a_request_is_told_however_it_is_cut, 4, 80);
	tcase_add_loop_test(tc, another_request_meanwhile_is_refused, 1, 200);
	tcase_add_test(tc, the_next_request_is_held_back_until_the_first_is_ended);
	tcase_add_test(tc, requests_follow_each_other);
	tcase_add_test(tc, a_body_that_is_left_unread_is_passed_over);
	tcase_add_loop_test(tc, strays_do_no_harm, 0, (int)(sizeof(strays) / sizeof(strays[0])));
	tcase_add_test(tc, stdin_after_its_end_counts_for_nothing);
	tcase_add_test(tc, the_same_id_twice_is_an_error);
	tcase_add_test(tc, stdin_before_the_end_of_params_is_an_error);
	tcase_add_loop_test(tc, a_begin_of_another_length_is_an_error, 0, 4);
	tcase_add_loop_test(tc, an_unknown_role_is_refused, 0, 4);
	tcase_add_loop_test(tc, an_authorizers_request_is_whole_with_its_params, 1, 60);
	tcase_add_test(tc, what_an_authorizer_gets_of_a_body_counts_for_nothing);
	tcase_add_test(tc, the_request_after_an_authorizers_is_held_back);
}

int main(void)
{
	Suite *s = suite_create("session");
	TCase *tc = tcase_create("records");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	add_requests(tc);
	tcase_add_loop_test(tc, values_are_told, 1, 100);
	tcase_add_test(tc, a_value_asked_for_a_thousand_times_is_told_once);
	tcase_add_test(tc, no_question_has_no_answer);
	tcase_add_test(tc, a_question_that_is_cut_off_is_an_error);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
