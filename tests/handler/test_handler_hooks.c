/* The steps of a run that a subclass may take itself: which asks which, and what that changes. */
#include <stdio.h>

#include "recorder.h"

static const struct wsgi_header length_3 = {"Content-Length", "3"};

/* -- a class that extends every step: a word in the trace, then what BaseHandler does ---------- */

static int extend_setup_environ(struct wsgi_handler *h)
{
	note("setup_environ");
	return wsgi_handler_setup_environ(h);
}

static const char *extend_get_scheme(struct wsgi_handler *h)
{
	note("get_scheme");
	return wsgi_handler_get_scheme(h);
}

static bool extend_result_is_file(struct wsgi_handler *h)
{
	note("result_is_file");
	return wsgi_handler_result_is_file(h);
}

static int extend_finish_response(struct wsgi_handler *h)
{
	note("finish_response");
	return wsgi_handler_finish_response(h);
}

static int extend_finish_content(struct wsgi_handler *h)
{
	note("finish_content");
	return wsgi_handler_finish_content(h);
}

static int extend_set_content_length(struct wsgi_handler *h)
{
	note("set_content_length");
	return wsgi_handler_set_content_length(h);
}

static int extend_cleanup_headers(struct wsgi_handler *h)
{
	note("cleanup_headers");
	return wsgi_handler_cleanup_headers(h);
}

static int extend_send_preamble(struct wsgi_handler *h, struct wsgi_buf *head)
{
	note("send_preamble");
	return wsgi_handler_send_preamble(h, head);
}

static int extend_send_headers(struct wsgi_handler *h)
{
	note("send_headers");
	return wsgi_handler_send_headers(h);
}

static bool extend_client_is_modern(struct wsgi_handler *h)
{
	note("client_is_modern");
	return wsgi_handler_client_is_modern(h);
}

static void extend_log_exception(struct wsgi_handler *h)
{
	note("log_exception");
	wsgi_handler_log_exception(h);
}

static int extend_error_output(struct wsgi_handler *h, struct wsgi_start *start,
			       struct wsgi_body **result)
{
	note("error_output");
	return wsgi_handler_error_output(h, start, result);
}

static int extend_handle_error(struct wsgi_handler *h, int code)
{
	note("handle_error");
	ck_assert_int_eq(h->error.code, code);
	return wsgi_handler_handle_error(h, code);
}

static void end(struct wsgi_handler *h)
{
	ck_assert_ptr_null(h->body);
	ck_assert_ptr_eq(h->app, &app);
	note("end");
}

static void given_a_class_that_extends_all(void)
{
	ops.setup_environ = extend_setup_environ;
	ops.get_scheme = extend_get_scheme;
	ops.result_is_file = extend_result_is_file;
	ops.finish_response = extend_finish_response;
	ops.finish_content = extend_finish_content;
	ops.set_content_length = extend_set_content_length;
	ops.cleanup_headers = extend_cleanup_headers;
	ops.send_preamble = extend_send_preamble;
	ops.send_headers = extend_send_headers;
	ops.client_is_modern = extend_client_is_modern;
	ops.log_exception = extend_log_exception;
	ops.error_output = extend_error_output;
	ops.handle_error = extend_handle_error;
	ops.close = end;
}

#define BEGIN "setup_environ get_scheme call "
#define PAGE                                                                                       \
	"handle_error log_exception error_output finish_response result_is_file send_headers "     \
	"cleanup_headers set_content_length send_preamble write write finish_content flush end"

static const struct wsgi_file file = {.fd = 7, .len = 3};

static const struct {
	const char *claim, *protocol;
	struct scene scene;
	struct weather weather;
	const char *trace, *sent, *logged;
} runs[] = {
	{"a body of one chunk",
	 NULL,
	 {.status = "200 OK", .chunks = {"abc"}, .count = 1},
	 {0},
	 BEGIN "finish_response result_is_file next send_headers cleanup_headers "
	       "set_content_length count send_preamble write write flush next finish_content "
	       "close flush end",
	 "Status: 200 OK\r\nContent-Length: 3\r\n\r\nabc",
	 ""},
	{"a length that is known is not asked for",
	 NULL,
	 {.status = "200 OK", .headers = &length_3, .headers_len = 1, .chunks = {"abc"}},
	 {0},
	 BEGIN "finish_response result_is_file next send_headers cleanup_headers send_preamble "
	       "write write flush next finish_content close flush end",
	 "Status: 200 OK\r\nContent-Length: 3\r\n\r\nabc",
	 ""},
	{"no chunk: the headers go at the end",
	 NULL,
	 {.status = "200 OK", .headers = &length_3, .headers_len = 1},
	 {0},
	 BEGIN "finish_response result_is_file next finish_content send_headers cleanup_headers "
	       "send_preamble write close flush end",
	 "Status: 200 OK\r\nContent-Length: 3\r\n\r\n",
	 "Content-Length is 3, but the body ended before; the client sees it cut\n"},
	{"a file that is sent has no content to finish",
	 NULL,
	 {.status = "200 OK", .file = &file},
	 {.sendfile_sent = 3},
	 BEGIN "finish_response result_is_file send_headers cleanup_headers set_content_length "
	       "send_preamble write sendfile close flush end",
	 "Status: 200 OK\r\n\r\n",
	 ""},
	{"a file that is not sent is iterated",
	 NULL,
	 {.status = "200 OK", .file = &file, .chunks = {"abc"}},
	 {.sendfile_rc = -ENOTSUP},
	 BEGIN "finish_response result_is_file send_headers cleanup_headers set_content_length "
	       "send_preamble write sendfile next write flush next finish_content close flush end",
	 "Status: 200 OK\r\n\r\nabc",
	 ""},
	{"an error before the headers",
	 NULL,
	 {.call_rc = -EIO},
	 {0},
	 BEGIN PAGE,
	 ERROR_PAGE,
	 "Input/output error\n"},
	{"an error of the body before the headers",
	 NULL,
	 {.status = "200 OK", .next_rc = -EIO},
	 {0},
	 BEGIN "finish_response result_is_file next close " PAGE,
	 ERROR_PAGE,
	 "Input/output error\n"},
	{"an error after the headers",
	 NULL,
	 {.status = "200 OK", .chunks = {"a"}, .next_rc = -EIO},
	 {0},
	 BEGIN "finish_response result_is_file next send_headers cleanup_headers "
	       "set_content_length send_preamble write write flush next close handle_error "
	       "log_exception flush end",
	 "Status: 200 OK\r\n\r\na",
	 "Input/output error\n"},
	{"a client that left is no error, and the end is told",
	 NULL,
	 {.status = "200 OK", .chunks = {"a"}},
	 {.write_at = 1, .write_rc = -EPIPE},
	 BEGIN "finish_response result_is_file next send_headers cleanup_headers "
	       "set_content_length send_preamble write close end",
	 "",
	 ""},
	{"an origin server asks whether the client is modern",
	 "HTTP/0.9",
	 {.status = "200 OK", .chunks = {"a"}},
	 {0},
	 BEGIN "finish_response result_is_file next send_headers cleanup_headers "
	       "set_content_length client_is_modern write write flush next finish_content close "
	       "flush end",
	 "a",
	 ""},
};

static void given_run(int i)
{
	weather = runs[i].weather;
	ops.sendfile = record_sendfile;
	if (runs[i].protocol != NULL) {
		given("SERVER_PROTOCOL", runs[i].protocol);
		handler.origin_server = true;
	}
}

START_TEST(every_step_is_taken_by_the_class)
{
	given_run(_i);
	given_a_class_that_extends_all();
	ck_assert_int_eq(when_run(runs[_i].scene), 0);
	ck_assert_msg(strcmp(text_of(&trace), runs[_i].trace) == 0, "%s:\n%s\nnot\n%s",
		      runs[_i].claim, text_of(&trace), runs[_i].trace);
}
END_TEST

START_TEST(steps_that_only_extend_change_nothing)
{
	given_run(_i % LEN(runs));
	if (_i >= LEN(runs))
		given_a_class_that_extends_all();
	ck_assert_int_eq(when_run(runs[_i % LEN(runs)].scene), 0);
	then_sent(runs[_i % LEN(runs)].sent);
	then_logged(runs[_i % LEN(runs)].logged);
}
END_TEST

/* -- each replaced ----------------------------------------------------------------------------- */

static bool never(struct wsgi_handler *h)
{
	(void)h;
	return false;
}

START_TEST(result_is_file_may_say_no)
{
	ops.sendfile = record_sendfile;
	ops.result_is_file = never;
	when_it_answers((struct scene){.status = "200 OK", .file = &file, .chunks = {"abc"}});
	then_traced("call next write write flush next close flush");
}
END_TEST

static bool a_file_of_ones_own(struct wsgi_handler *h)
{
	h->body->file = &file;
	return true;
}

static int send_own_file(struct wsgi_handler *h, const struct wsgi_file *f, uint64_t limit,
			 uint64_t *count)
{
	(void)h;
	ck_assert_ptr_eq(f, &file);
	ck_assert_uint_eq(limit, UINT64_MAX);
	*count += f->len;
	return wsgi_buf_adds(&sent, "abc");
}

START_TEST(result_is_file_may_say_which)
{
	ops.sendfile = send_own_file;
	ops.result_is_file = a_file_of_ones_own;
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"not", "asked"}});
	then_sent("Status: 200 OK\r\n\r\nabc");
	ck_assert_uint_eq(handler.bytes_sent, 3);
}
END_TEST

static bool always(struct wsgi_handler *h)
{
	(void)h;
	return true;
}

START_TEST(what_is_no_file_is_iterated_whatever_result_is_file_says)
{
	ops.sendfile = record_sendfile;
	ops.result_is_file = always;
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"abc"}});
	then_sent("Status: 200 OK\r\n\r\nabc");
}
END_TEST

START_TEST(without_a_file_wrapper_nothing_is_a_file)
{
	ops.sendfile = record_sendfile;
	handler.wsgi_file_wrapper = false;
	when_it_answers((struct scene){.status = "200 OK", .file = &file, .chunks = {"abc"}});
	then_traced("call next write write flush next close flush");
}
END_TEST

static int a_last_line(struct wsgi_handler *h)
{
	return wsgi_handler_write(h, "bye", 3, true);
}

START_TEST(finish_content_may_have_the_last_word)
{
	ops.finish_content = a_last_line;
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"hi "}});
	then_sent("Status: 200 OK\r\n\r\nhi bye");
}
END_TEST

static int finish_badly(struct wsgi_handler *h)
{
	return wsgi_fail(&h->error, -EDOM, "no end");
}

START_TEST(a_finish_content_that_fails_is_an_error)
{
	ops.finish_content = finish_badly;
	when_run((struct scene){.status = "200 OK", .chunks = {"a"}});
	then_sent("Status: 200 OK\r\n\r\na");
	then_logged("no end\n");
	ck_assert(handler.truncated);
}
END_TEST

static int length_unknown(struct wsgi_handler *h)
{
	(void)h;
	return 0;
}

START_TEST(set_content_length_may_set_none)
{
	ops.set_content_length = length_unknown;
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"abc"}, .count = 1});
	then_sent("Status: 200 OK\r\n\r\nabc");
}
END_TEST

static int length_of_first_chunk(struct wsgi_handler *h)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)h->bytes_sent);
	return wsgi_headers_set(&h->headers, "X-First-Chunk", digits);
}

START_TEST(set_content_length_sees_the_first_chunk)
{
	ops.set_content_length = length_of_first_chunk;
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"abc", "de"}});
	then_sent("Status: 200 OK\r\nX-First-Chunk: 3\r\n\r\nabcde");
}
END_TEST

static int no_length(struct wsgi_handler *h)
{
	return wsgi_fail(&h->error, -EDOM, "no length");
}

static int no_cleanup(struct wsgi_handler *h)
{
	return wsgi_fail(&h->error, -EDOM, "no cleanup");
}

static int no_preamble(struct wsgi_handler *h, struct wsgi_buf *head)
{
	(void)head;
	return wsgi_fail(&h->error, -EDOM, "no preamble");
}

static int fails_once;

/* Fails for the application's response, not for the page. */
static int no_headers(struct wsgi_handler *h)
{
	return fails_once++ == 0 ? wsgi_fail(&h->error, -EDOM, "no headers")
				 : wsgi_handler_send_headers(h);
}

START_TEST(send_headers_that_fail_are_answered_by_the_page)
{
	fails_once = 0;
	ops.send_headers = no_headers;
	ck_assert_int_eq(when_run((struct scene){.status = "200 OK", .chunks = {"a"}}), 0);
	then_sent(ERROR_PAGE);
	then_logged("no headers\n");
}
END_TEST

static int no_preamble_once(struct wsgi_handler *h, struct wsgi_buf *head)
{
	return fails_once++ == 0 ? wsgi_fail(&h->error, -EDOM, "no preamble")
				 : wsgi_handler_send_preamble(h, head);
}

START_TEST(the_page_has_a_length_of_its_own)
{
	fails_once = 0;
	ops.send_preamble = no_preamble_once;
	when_run((struct scene){
		.status = "200 OK", .headers = &length_3, .headers_len = 1, .chunks = {"abc"}});
	then_sent(ERROR_PAGE);
	then_logged("no preamble\n");
}
END_TEST

static int no_chunk(struct wsgi_body *b, const void **data, size_t *len)
{
	(void)b;
	(void)data;
	(void)len;
	return 0;
}

static int empty_page(struct wsgi_handler *h, struct wsgi_start *start, struct wsgi_body **result)
{
	static struct wsgi_body b = {.next = no_chunk};

	*result = &b;
	return start->respond(start, "500 Oh", NULL, 0, &h->error);
}

START_TEST(an_empty_page_has_sent_nothing)
{
	fails_once = 0;
	ops.send_headers = no_headers;
	ops.error_output = empty_page;
	when_run((struct scene){.status = "200 OK", .chunks = {"abc"}});
	then_sent("Status: 500 Oh\r\nContent-Length: 0\r\n\r\n");
	ck_assert_uint_eq(handler.bytes_sent, 0);
}
END_TEST

static const struct {
	struct wsgi_handler_ops ops;
	const char *logged;
} bad_heads[] = {
	{{.set_content_length = no_length}, "no length\n"},
	{{.cleanup_headers = no_cleanup}, "no cleanup\n"},
	{{.send_preamble = no_preamble}, "no preamble\n"},
};

START_TEST(a_head_that_cannot_be_made_fails_the_page_too)
{
	ops.set_content_length = bad_heads[_i].ops.set_content_length;
	ops.cleanup_headers = bad_heads[_i].ops.cleanup_headers;
	ops.send_preamble = bad_heads[_i].ops.send_preamble;
	ops.close = end;
	ck_assert_int_eq(when_run((struct scene){.status = "200 OK", .chunks = {"a"}}), -EDOM);
	then_sent("");
	then_logged(bad_heads[_i].logged);
	then_traced("call next close end");
}
END_TEST

static int add_a_header(struct wsgi_handler *h)
{
	int rc = wsgi_headers_set(&h->headers, "X-Frame-Options", "DENY");

	return rc == 0 ? wsgi_handler_cleanup_headers(h) : rc;
}

START_TEST(cleanup_headers_may_add_a_header_to_every_response)
{
	ops.cleanup_headers = add_a_header;
	when_it_answers((struct scene){
		.status = "200 OK", .headers = &length_3, .headers_len = 1, .chunks = {"abc"}});
	then_sent("Status: 200 OK\r\nContent-Length: 3\r\nX-Frame-Options: DENY\r\n\r\nabc");
}
END_TEST

static int cleanup_nothing(struct wsgi_handler *h)
{
	(void)h;
	return 0;
}

static const struct {
	const char *method, *status, *sent;
} bodiless[] = {
	{"HEAD", "200 OK", "Status: 200 OK\r\n\r\n"},
	{"GET", "204 No Content", "Status: 204 No Content\r\n\r\n"},
	{"GET", "304 Not Modified", "Status: 304 Not Modified\r\n\r\n"},
};

static int send_a_short_head(struct wsgi_handler *h)
{
	h->headers_sent = true;
	return wsgi_buf_addf(&sent, "Status: %.*s\r\n\r\n", (int)h->status.len, h->status.data);
}

START_TEST(no_hook_lets_a_body_out_that_must_not_be)
{
	given("REQUEST_METHOD", bodiless[_i % LEN(bodiless)].method);
	if (_i < LEN(bodiless))
		ops.cleanup_headers = cleanup_nothing;
	else
		ops.send_headers = send_a_short_head;
	when_it_answers((struct scene){
		.status = bodiless[_i % LEN(bodiless)].status, .chunks = {"a"}, .count = 1});
	then_sent(bodiless[_i % LEN(bodiless)].sent);
}
END_TEST

static int preamble_of_nph(struct wsgi_handler *h, struct wsgi_buf *head)
{
	return wsgi_buf_addf(head, "HTTP/1.1 %.*s\r\n", (int)h->status.len, h->status.data);
}

START_TEST(send_preamble_makes_the_lines_before_the_headers)
{
	ops.send_preamble = preamble_of_nph;
	when_it_answers((struct scene){
		.status = "200 OK", .headers = &length_3, .headers_len = 1, .chunks = {"abc"}});
	then_sent("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
}
END_TEST

START_TEST(send_preamble_of_an_origin_server_asks_client_is_modern)
{
	struct wsgi_buf head = {0};

	handler.origin_server = _i & 1;
	ops.client_is_modern = _i & 2 ? always : never;
	ck_assert_int_eq(wsgi_handler_send_preamble(&handler, &head), 0);
	ck_assert_int_eq(head.len > 0, !handler.origin_server || (_i & 2));
	wsgi_buf_finish(&head);
}
END_TEST

START_TEST(send_headers_may_be_replaced)
{
	ops.send_headers = send_a_short_head;
	when_it_answers((struct scene){
		.status = "200 OK", .headers = &length_3, .headers_len = 1, .chunks = {"abc"}});
	then_sent("Status: 200 OK\r\n\r\nabc");
}
END_TEST

START_TEST(client_is_modern_decides_whether_an_origin_server_sends_a_head)
{
	handler.origin_server = true;
	ops.client_is_modern = _i ? always : never;
	given("SERVER_PROTOCOL", _i ? "HTTP/0.9" : "HTTP/1.1");
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"a"}});
	if (_i)
		ck_assert_ptr_nonnull(strstr(text_of(&sent), "HTTP/1.0 200 OK\r\n"));
	else
		then_sent("a");
}
END_TEST

/* -- errors ------------------------------------------------------------------------------------ */

static int code_seen;

static int answer_nothing(struct wsgi_handler *h, int code)
{
	(void)h;
	code_seen = code;
	return 0;
}

START_TEST(handle_error_may_be_replaced)
{
	code_seen = 0;
	ops.handle_error = answer_nothing;
	ck_assert_int_eq(when_run((struct scene){.status = "200 OK", .next_rc = -EIO}), 0);
	ck_assert_int_eq(code_seen, -EIO);
	ck_assert_int_eq(handler.error.code, -EIO);
	ck_assert_int_eq(closed, 1);
	then_sent("");
	then_logged("");
}
END_TEST

static int hand_up(struct wsgi_handler *h, int code)
{
	(void)h;
	return code;
}

START_TEST(what_handle_error_returns_is_what_the_run_returns)
{
	ops.handle_error = hand_up;
	ck_assert_int_eq(when_run((struct scene){.status = "200 OK", .next_rc = -EIO}), -EIO);
	then_traced("call next close");
}
END_TEST

START_TEST(handle_error_is_not_asked_when_the_client_left)
{
	code_seen = 0;
	ops.handle_error = answer_nothing;
	weather = (struct weather){.write_at = 1, .write_rc = -ECONNRESET};
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"a"}});
	ck_assert_int_eq(code_seen, 0);
}
END_TEST

static int leave_it_open(struct wsgi_handler *h)
{
	(void)h;
	return -EIO;
}

START_TEST(a_body_that_finish_response_left_open_is_closed_before_the_page)
{
	ops.finish_response = leave_it_open;
	ck_assert_int_eq(when_run((struct scene){.status = "200 OK", .chunks = {"a"}}), -EIO);
	ck_assert_int_eq(closed, 1);
}
END_TEST

static int leave_it_open_as_the_client_did(struct wsgi_handler *h)
{
	h->client_left = true;
	return -EPIPE;
}

START_TEST(a_body_that_finish_response_left_open_is_closed_when_the_client_left)
{
	ops.finish_response = leave_it_open_as_the_client_did;
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"a"}});
	ck_assert_int_eq(closed, 1);
}
END_TEST

static int page_without_body(struct wsgi_handler *h, struct wsgi_start *start,
			     struct wsgi_body **result)
{
	(void)result;
	return start->respond(start, "500 Oh", NULL, 0, &h->error);
}

START_TEST(an_error_output_without_a_body_fails_the_run)
{
	ops.error_output = page_without_body;
	ck_assert_int_eq(when_run((struct scene){.call_rc = -EIO}), -EPROTO);
	then_sent("");
}
END_TEST

static struct wsgi_body half_made = {.next = scene_next, .close = scene_close};

static int set_a_body_and_fail(struct wsgi_app *a, const struct wsgi_environ *env,
			       struct wsgi_start *start, struct wsgi_body **result)
{
	(void)a;
	(void)env;
	(void)start;
	*result = &half_made;
	return -EIO;
}

START_TEST(an_application_that_fails_has_returned_no_body)
{
	app.call = set_a_body_and_fail;
	ck_assert_int_eq(when_run((struct scene){0}), 0);
	ck_assert_int_eq(closed, 0);
	then_sent(ERROR_PAGE);
}
END_TEST

/* -- the end ----------------------------------------------------------------------------------- */

static uint64_t bytes_seen;
static char status_seen[32];

static void look_back(struct wsgi_handler *h)
{
	bytes_seen = h->bytes_sent;
	snprintf(status_seen, sizeof(status_seen), "%.*s", (int)h->status.len, h->status.data);
}

START_TEST(close_can_tell_what_was_answered)
{
	ops.close = look_back;
	when_it_answers((struct scene){.status = "201 Created", .chunks = {"ab", "cde"}});
	ck_assert_uint_eq(bytes_seen, 5);
	ck_assert_str_eq(status_seen, "201 Created");
}
END_TEST

START_TEST(close_can_tell_that_a_page_was)
{
	ops.close = look_back;
	when_run((struct scene){.call_rc = -EIO});
	ck_assert_uint_eq(bytes_seen, 59);
	ck_assert_str_eq(status_seen, "500 Internal Server Error");
}
END_TEST

static void add_heads(TCase *tc)
{
	tcase_add_test(tc, set_content_length_may_set_none);
	tcase_add_test(tc, set_content_length_sees_the_first_chunk);
	tcase_add_test(tc, send_headers_that_fail_are_answered_by_the_page);
	tcase_add_test(tc, the_page_has_a_length_of_its_own);
	tcase_add_test(tc, an_empty_page_has_sent_nothing);
	tcase_add_loop_test(tc, a_head_that_cannot_be_made_fails_the_page_too, 0, LEN(bad_heads));
	tcase_add_test(tc, cleanup_headers_may_add_a_header_to_every_response);
	tcase_add_loop_test(tc, no_hook_lets_a_body_out_that_must_not_be, 0, 2 * LEN(bodiless));
	tcase_add_test(tc, send_preamble_makes_the_lines_before_the_headers);
	tcase_add_loop_test(tc, send_preamble_of_an_origin_server_asks_client_is_modern, 0, 4);
	tcase_add_test(tc, send_headers_may_be_replaced);
	tcase_add_loop_test(tc, client_is_modern_decides_whether_an_origin_server_sends_a_head, 0,
			    2);
}

static void add_bodies(TCase *tc)
{
	tcase_add_test(tc, result_is_file_may_say_no);
	tcase_add_test(tc, result_is_file_may_say_which);
	tcase_add_test(tc, what_is_no_file_is_iterated_whatever_result_is_file_says);
	tcase_add_test(tc, without_a_file_wrapper_nothing_is_a_file);
	tcase_add_test(tc, finish_content_may_have_the_last_word);
	tcase_add_test(tc, a_finish_content_that_fails_is_an_error);
}

static void add_ends(TCase *tc)
{
	tcase_add_test(tc, handle_error_may_be_replaced);
	tcase_add_test(tc, what_handle_error_returns_is_what_the_run_returns);
	tcase_add_test(tc, handle_error_is_not_asked_when_the_client_left);
	tcase_add_test(tc, a_body_that_finish_response_left_open_is_closed_before_the_page);
	tcase_add_test(tc, a_body_that_finish_response_left_open_is_closed_when_the_client_left);
	tcase_add_test(tc, an_error_output_without_a_body_fails_the_run);
	tcase_add_test(tc, an_application_that_fails_has_returned_no_body);
	tcase_add_test(tc, close_can_tell_what_was_answered);
	tcase_add_test(tc, close_can_tell_that_a_page_was);
}

int main(void)
{
	Suite *s = suite_create("handler hooks");
	TCase *tc = tcase_create("hooks");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_request, tear_down);
	tcase_add_loop_test(tc, every_step_is_taken_by_the_class, 0, LEN(runs));
	tcase_add_loop_test(tc, steps_that_only_extend_change_nothing, 0, 2 * LEN(runs));
	add_heads(tc);
	add_bodies(tc);
	add_ends(tc);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
