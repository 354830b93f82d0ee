#include "server/request_handler.h"

#include <stdatomic.h>

#include "base/buf.h"
#include "base/container.h"
#include "client.h"

/* -- what happened ----------------------------------------------------------------------------- */

static atomic_int logged_status;
static atomic_ullong logged_bytes;

static void note_request(struct wsgi_request_handler *r, int status, uint64_t body_bytes)
{
	(void)r;
	logged_status = status;
	logged_bytes = body_bytes;
}

static const char *when_asked_by(const struct wsgi_request_handler_ops *ops, const char *request)
{
	logged_status = -1;
	config.handler_class = ops;
	given_a_server();
	when_it_serves();
	when_sent(request);
	ck_assert_int_eq(when_it_is_shut_down(), 0);
	return answer;
}

/* Answers with the variable X, and writes a line to wsgi.errors. */
static int call_tell(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		     struct wsgi_body **body)
{
	const char *x = wsgi_environ_get(env, "X");

	(void)app;
	wsgi_errors_puts(env->errors, "a line of the application\n");
	return wsgi_reply(start, body, "200 OK", "text/plain", x != NULL ? x : "none");
}

static struct wsgi_app tells = {.call = call_tell};

/* -- the ops, one by one ----------------------------------------------------------------------- */

static int get_environ_with_x(struct wsgi_request_handler *r, struct wsgi_environ *env)
{
	int rc = wsgi_request_handler_get_environ(r, env);

	ck_assert_uint_gt(env->len, 0);
	return rc == 0 ? wsgi_environ_set(env, "X", wsgi_server_ctx(r->server)) : rc;
}

START_TEST(get_environ_can_be_extended)
{
	static char ctx[] = "the ctx";
	const struct wsgi_request_handler_ops ops = {.get_environ = get_environ_with_x};

	config.ctx = ctx;
	config.app = &tells;
	ck_assert_ptr_nonnull(strstr(when_asked_by(&ops, GET), "\r\n\r\nthe ctx"));
	ck_assert_int_eq(count_lines("127.0.0.1 - - ["), 1); /* the others are as ever */
	ck_assert_int_eq(count_lines("] \"GET / HTTP/1.1\" 200 7\n"), 1);
}
END_TEST

static int get_no_environ(struct wsgi_request_handler *r, struct wsgi_environ *env)
{
	(void)r;
	(void)env;
	return -ENOMEM;
}

START_TEST(an_environ_that_cannot_be_had_is_a_500)
{
	const struct wsgi_request_handler_ops ops = {.get_environ = get_no_environ};

	ck_assert_mem_eq(when_asked_by(&ops, GET), "HTTP/1.1 500 ", 13);
	ck_assert_int_eq(count_lines("libwsgi: a request's environ cannot be built: "), 1);
	ck_assert_int_eq(count_lines("- - - ["), 1);
	ck_assert_int_eq(count_lines("] \"- - -\" 500 "), 1);
}
END_TEST

static struct wsgi_buf kept;

static int keep(struct wsgi_errors *errors, const char *data, size_t len)
{
	(void)errors;
	return wsgi_buf_add(&kept, data, len);
}

static struct wsgi_errors keeper = {.write = keep};

static struct wsgi_errors *get_keeper(struct wsgi_request_handler *r)
{
	(void)r;
	return &keeper;
}

START_TEST(get_stderr_is_where_the_application_complains)
{
	static const struct wsgi_request_handler_ops ops[] = {{.get_stderr = get_keeper},
							      {.log_request = note_request}};

	config.app = &tells;
	when_asked_by(&ops[_i], GET);
	ck_assert_int_eq(count_lines("a line of the application\n"), _i);
	ck_assert_uint_eq(kept.len, _i ? 0 : strlen("a line of the application\n"));
	wsgi_buf_finish(&kept);
}
END_TEST

static void echo(struct wsgi_request_handler *r)
{
	struct wsgi_buf reply = {0};

	ck_assert_int_eq(wsgi_request_handler_status(r), 0);
	ck_assert_str_eq(wsgi_environ_get(&r->environ, "REQUEST_METHOD"), "POST");
	wsgi_buf_adds(&reply, "Status: 201 Created\r\nContent-Type: a/b\r\n\r\n");
	ck_assert_int_eq(wsgi_input_read_all(r->input, &reply), 0);
	ck_assert_int_eq(r->output->write(r->output, reply.data, reply.len), 0);
	ck_assert_int_eq(wsgi_request_handler_status(r), 201);
	wsgi_buf_finish(&reply);
}

START_TEST(handle_may_do_without_an_application)
{
	const struct wsgi_request_handler_ops ops = {.handle = echo, .log_request = note_request};

	config.app = NULL;
	when_asked_by(&ops, "POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc");
	ck_assert_ptr_nonnull(strstr(answer, " 201 Created\r\n"));
	ck_assert_ptr_nonnull(strstr(answer, "\r\n\r\nabc"));
	ck_assert_int_eq(logged_status, 201);
	ck_assert_uint_eq(logged_bytes, 3);
	ck_assert_str_eq(logged(), "");
}
END_TEST

static void handle_nothing(struct wsgi_request_handler *r)
{
	(void)r;
}

static void handle_half_a_head(struct wsgi_request_handler *r)
{
	ck_assert_int_eq(r->output->write(r->output, "Content-Type: a/b\r\n", 19), 0);
}

static void handle_a_bad_head(struct wsgi_request_handler *r)
{
	ck_assert_int_eq(r->output->write(r->output, "nothing\r\n\r\n", 11), -EPROTO);
}

static void handle_nothing_and_cut(struct wsgi_request_handler *r)
{
	wsgi_request_handler_cut(r);
}

static const struct {
	void (*handle)(struct wsgi_request_handler *r);
	const char *words;
} silent[] = {
	{handle_nothing, "libwsgi: the handler class sent no whole head of a response\n"},
	{handle_half_a_head, "libwsgi: the handler class sent no whole head of a response\n"},
	{handle_a_bad_head, "libwsgi: the response's header line 'nothing' has no name\n"},
	{handle_nothing_and_cut, "libwsgi: the handler class sent no whole head of a response\n"},
};

START_TEST(a_handle_that_sends_no_head_is_a_500_and_a_line_that_says_why)
{
	const struct wsgi_request_handler_ops ops = {.handle = silent[_i].handle,
						     .log_request = note_request};

	ck_assert_mem_eq(when_asked_by(&ops, GET), "HTTP/1.1 500 ", 13);
	ck_assert_ptr_nonnull(strstr(answer, "\r\n\r\nA server error occurred.\n"));
	ck_assert_int_eq(logged_status, 500);
	ck_assert_uint_eq(logged_bytes, strlen("A server error occurred.\n"));
	ck_assert_str_eq(logged(), silent[_i].words);
}
END_TEST

/* -- what the line says was answered ----------------------------------------------------------- */

/* Reads the body, stays until it is let go, answers. */
static atomic_bool stay, is_inside;

static int call_stay(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		     struct wsgi_body **body)
{
	struct wsgi_buf all = {0};
	int rc;

	(void)app;
	is_inside = true;
	rc = wsgi_input_read_all(env->input, &all);
	wsgi_buf_finish(&all);
	while (stay)
		poll(NULL, 0, 1);
	return rc == 0 ? wsgi_reply(start, body, "200 OK", "text/plain", "stayed") : rc;
}

static struct wsgi_app stays = {.call = call_stay};

static int given_a_request_inside(const char *request)
{
	static const struct wsgi_request_handler_ops ops = {.log_request = note_request};
	int fd;

	config.app = &stays;
	config.handler_class = &ops;
	stay = true;
	is_inside = false;
	logged_status = -1;
	given_a_server();
	when_it_serves();
	fd = connect_to(server);
	send_text(fd, request);
	while (!is_inside)
		poll(NULL, 0, 1);
	return fd;
}

static void let_it_go_on(void)
{
	stay = false;
	for (int i = 0; i < 10000 && logged_status == -1; i++)
		poll(NULL, 0, 1);
}

START_TEST(what_was_cut_off_at_the_end_is_logged_as_the_500_that_it_was)
{
	int fd;

	config.grace_ms = 50;
	fd = given_a_request_inside(GET);
	wsgi_server_shutdown(server);
	receive(fd);
	ck_assert_mem_eq(answer, "HTTP/1.1 500 ", 13);
	let_it_go_on();
	ck_assert_int_eq(when_it_has_returned(), 0);
	ck_assert_int_eq(logged_status, 500);
	ck_assert_uint_eq(logged_bytes, 0);
}
END_TEST

START_TEST(a_client_that_leaves_in_the_middle_of_its_body_was_answered_nothing)
{
	int fd = given_a_request_inside(
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");

	close(fd);
	let_it_go_on();
	ck_assert_int_eq(when_it_is_shut_down(), 0);
	ck_assert_int_eq(logged_status, 0);
	ck_assert_uint_eq(logged_bytes, 0);
}
END_TEST

/* -- its own ctx ------------------------------------------------------------------------------- */

static int get_environ_with_ctx(struct wsgi_request_handler *r, struct wsgi_environ *env)
{
	ck_assert_ptr_null(r->ctx);
	r->ctx = strdup("mine");
	return wsgi_request_handler_get_environ(r, env);
}

static void log_request_with_ctx(struct wsgi_request_handler *r, int status, uint64_t body_bytes)
{
	ck_assert_str_eq(r->ctx, "mine");
	free(r->ctx);
	note_request(r, status, body_bytes);
}

START_TEST(a_class_may_keep_something_of_a_request)
{
	const struct wsgi_request_handler_ops ops = {.get_environ = get_environ_with_ctx,
						     .log_request = log_request_with_ctx};

	when_asked_by(&ops, GET);
	ck_assert_int_eq(logged_status, 200);
}
END_TEST

static int get_environ_of_super(struct wsgi_request_handler *r, struct wsgi_environ *env)
{
	return wsgi_request_handler_get_environ(r, env);
}

static struct wsgi_errors *get_stderr_of_super(struct wsgi_request_handler *r)
{
	return wsgi_request_handler_get_stderr(r);
}

static void handle_of_super(struct wsgi_request_handler *r)
{
	wsgi_request_handler_handle(r);
}

static void log_request_of_super(struct wsgi_request_handler *r, int status, uint64_t body_bytes)
{
	wsgi_request_handler_log_request(r, status, body_bytes);
}

START_TEST(an_op_that_calls_super_or_is_left_out_is_as_ever)
{
	static const struct wsgi_request_handler_ops ops[] = {
		{.get_environ = get_environ_of_super,
		 .get_stderr = get_stderr_of_super,
		 .handle = handle_of_super,
		 .log_request = log_request_of_super},
		{0},
	};

	config.app = &tells;
	ck_assert_ptr_nonnull(strstr(when_asked_by(&ops[_i], GET), "\r\n\r\nnone"));
	ck_assert_int_eq(count_lines("a line of the application\n"), 1);
	ck_assert_int_eq(count_lines("\"GET / HTTP/1.1\" 200 4\n"), 1);
}
END_TEST

/* -- what a handle can do about a failure ------------------------------------------------------ */

static int write_text(struct wsgi_request_handler *r, const char *text)
{
	return r->output->write(r->output, text, strlen(text));
}

static void fail_at_once(struct wsgi_request_handler *r)
{
	ck_assert_str_eq(wsgi_request_handler_refusal(r)->text, "");
	ck_assert_int_eq(write_text(r, "no head\r\n\r\n"), -EPROTO);
	ck_assert_int_eq(wsgi_request_handler_status(r), 0);
	ck_assert_int_eq(wsgi_request_handler_refusal(r)->code, -EPROTO);
	wsgi_request_handler_fail(r, "502 Bad Gateway", wsgi_request_handler_refusal(r)->text);
}

START_TEST(a_response_that_is_refused_can_be_another)
{
	const struct wsgi_request_handler_ops ops = {.handle = fail_at_once,
						     .log_request = note_request};

	ck_assert_mem_eq(when_asked_by(&ops, GET), "HTTP/1.1 502 Bad Gateway\r\n", 26);
	ck_assert_ptr_nonnull(strstr(answer, "the response's header line 'no head' has no name"));
	ck_assert_int_eq(logged_status, 502);
}
END_TEST

static void fail_late(struct wsgi_request_handler *r)
{
	ck_assert_int_eq(write_text(r, "Content-Type: a/b\r\n\r\nhalf"), 0);
	wsgi_request_handler_fail(r, "502 Bad Gateway", "too late");
}

static void cut(struct wsgi_request_handler *r)
{
	ck_assert_int_eq(write_text(r, "Content-Type: a/b\r\n\r\nhalf"), 0);
	wsgi_request_handler_cut(r);
}

START_TEST(a_response_that_breaks_off_is_seen_to)
{
	const struct wsgi_request_handler_ops ops = {.handle = _i ? cut : fail_late};

	when_asked_by(&ops, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_mem_eq(answer, "HTTP/1.1 200 OK\r\n", 17);
	ck_assert_ptr_nonnull(strstr(answer, "half"));
	ck_assert_ptr_null(strstr(answer, "\r\n0\r\n"));
	ck_assert_ptr_null(strstr(answer, "too late"));
}
END_TEST

/* -- ServerHandler ----------------------------------------------------------------------------- */

static int call_fail(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		     struct wsgi_body **body)
{
	int rc = 0;

	(void)app;
	(void)body;
	if (wsgi_environ_get(env, "X") != NULL) {
		rc = start->respond(start, "200 OK", NULL, 0, NULL);
		ck_assert_int_eq(start->write(start, "half", 4), 0);
	}
	return rc != 0 ? rc : wsgi_fail(start->failure, -EIO, "failed on purpose");
}

static struct wsgi_app fails = {.call = call_fail};

START_TEST(an_application_that_fails_is_a_500_and_a_line)
{
	config.app = &fails;
	ck_assert_mem_eq(when_asked_by(NULL, GET), "HTTP/1.1 500 Internal Server Error\r\n", 36);
	ck_assert_ptr_nonnull(strstr(answer, "A server error occurred.  Please contact the "
					     "administrator."));
	ck_assert_int_eq(count_lines("failed on purpose\n"), 1);
}
END_TEST

START_TEST(one_that_fails_late_is_cut)
{
	static char ctx[] = "x";
	const struct wsgi_request_handler_ops ops = {.get_environ = get_environ_with_x};

	config.ctx = ctx;
	config.app = &fails;
	when_asked_by(&ops, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_ptr_nonnull(strstr(answer, "half"));
	ck_assert_ptr_null(strstr(answer, "\r\n0\r\n"));
	ck_assert_int_eq(count_lines("failed on purpose\n"), 1);
}
END_TEST

static int setup_environ_with_x(struct wsgi_handler *handler)
{
	const struct wsgi_server_handler *h =
		container_of(handler, struct wsgi_server_handler, simple.base);
	int rc = wsgi_handler_setup_environ(handler);

	return rc == 0 ? wsgi_environ_set(&handler->environ, "X",
					  wsgi_server_ctx(h->request->server))
		       : rc;
}

static void handle_in_own_handler(struct wsgi_request_handler *r)
{
	struct wsgi_server_handler h;

	wsgi_server_handler_init(&h, r);
	h.ops.setup_environ = setup_environ_with_x;
	h.simple.base.error_status = "503 Service Unavailable";
	h.simple.base.error_body = "later";
	wsgi_server_handler_run(&h);
}

START_TEST(a_handle_may_change_the_handler_it_runs)
{
	static char ctx[] = "by the handler";
	const struct wsgi_request_handler_ops ops = {.handle = handle_in_own_handler};

	config.ctx = ctx;
	config.app = &tells;
	ck_assert_ptr_nonnull(strstr(when_asked_by(&ops, GET), "\r\n\r\nby the handler"));
}
END_TEST

START_TEST(and_with_it_the_page_of_an_error)
{
	const struct wsgi_request_handler_ops ops = {.handle = handle_in_own_handler};

	config.app = NULL;
	ck_assert_mem_eq(when_asked_by(&ops, GET), "HTTP/1.1 503 Service Unavailable\r\n", 34);
	ck_assert_ptr_nonnull(strstr(answer, "\r\n\r\nlater"));
}
END_TEST

static int call_bad_length(struct wsgi_app *app, const struct wsgi_environ *env,
			   struct wsgi_start *start, struct wsgi_body **body)
{
	const struct wsgi_header length = {"Content-Length", "four"};
	int rc = start->respond(start, "200 OK", &length, 1, NULL);

	(void)app;
	if (rc == 0 && wsgi_environ_get(env, "QUERY_STRING")[0] == 'w') {
		start->write(start, "four", 4); /* and does not look */
		return wsgi_fail(start->failure, -EIO, "failed on purpose");
	}
	if (rc == 0 && wsgi_environ_get(env, "QUERY_STRING")[0] == 's') {
		start->write(start, "four", 4); /* and swallows what it returns */
		*body = wsgi_list_body(NULL, 0);
		return 0;
	}
	*body = wsgi_bytes_body("four", 4);
	return rc;
}

static struct wsgi_app bad_length = {.call = call_bad_length};

START_TEST(a_head_that_http_refuses_is_said_in_its_words)
{
	static const char *const requests[] = {GET, "GET /?w HTTP/1.1\r\n" CLOSE,
					       "GET /?s HTTP/1.1\r\n" CLOSE};

	config.app = &bad_length;
	when_asked_by(NULL, requests[_i]);
	ck_assert_mem_eq(answer, "HTTP/1.1 500 ", 13);
	ck_assert_ptr_nonnull(strstr(answer, "\r\n\r\nA server error occurred."));
	ck_assert_int_eq(count_lines("the response's Content-Length 'four' is none\n"), 1);
	ck_assert_int_eq(count_lines("failed on purpose\n"), _i == 1);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, get_environ_can_be_extended);
	tcase_add_test(tc, an_environ_that_cannot_be_had_is_a_500);
	tcase_add_loop_test(tc, get_stderr_is_where_the_application_complains, 0, 2);
	tcase_add_test(tc, handle_may_do_without_an_application);
	tcase_add_loop_test(tc, a_handle_that_sends_no_head_is_a_500_and_a_line_that_says_why, 0,
			    4);
	tcase_add_test(tc, what_was_cut_off_at_the_end_is_logged_as_the_500_that_it_was);
	tcase_add_test(tc, a_client_that_leaves_in_the_middle_of_its_body_was_answered_nothing);
	tcase_add_test(tc, a_class_may_keep_something_of_a_request);
	tcase_add_loop_test(tc, an_op_that_calls_super_or_is_left_out_is_as_ever, 0, 2);
	tcase_add_test(tc, a_response_that_is_refused_can_be_another);
	tcase_add_loop_test(tc, a_response_that_breaks_off_is_seen_to, 0, 2);
	tcase_add_test(tc, an_application_that_fails_is_a_500_and_a_line);
	tcase_add_test(tc, one_that_fails_late_is_cut);
	tcase_add_test(tc, a_handle_may_change_the_handler_it_runs);
	tcase_add_test(tc, and_with_it_the_page_of_an_error);
	tcase_add_loop_test(tc, a_head_that_http_refuses_is_said_in_its_words, 0, 3);
}

int main(void)
{
	Suite *s = suite_create("request_handler");
	TCase *tc = tcase_create("request_handler");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	add_tests(tc);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
