/* What a subclass may change: every attribute and every method of BaseHandler, once each. */
#include "recorder.h"

static void after_a_run(void)
{
	when_it_answers((struct scene){.status = "200 OK"});
}

/* -- attributes -------------------------------------------------------------------------------- */

START_TEST(a_new_handler_is_a_threaded_pre_forked_origin_server)
{
	struct wsgi_handler fresh;

	wsgi_handler_init(&fresh, &ops);
	ck_assert(fresh.wsgi_multithread && fresh.wsgi_multiprocess && !fresh.wsgi_run_once);
	ck_assert(fresh.origin_server && fresh.wsgi_file_wrapper);
	ck_assert_str_eq(fresh.http_version, "1.0");
	ck_assert_ptr_null(fresh.server_software);
	ck_assert_int_eq(fresh.traceback_limit, -1);
	wsgi_handler_finish(&fresh);
}
END_TEST

START_TEST(wsgi_multithread_is_the_applications_to_see)
{
	handler.wsgi_multithread = _i;
	after_a_run();
	ck_assert_int_eq(handler.environ.multithread, _i);
}
END_TEST

START_TEST(wsgi_multiprocess_is_the_applications_to_see)
{
	handler.wsgi_multiprocess = _i;
	after_a_run();
	ck_assert_int_eq(handler.environ.multiprocess, _i);
}
END_TEST

START_TEST(wsgi_run_once_is_the_applications_to_see)
{
	handler.wsgi_run_once = _i;
	after_a_run();
	ck_assert_int_eq(handler.environ.run_once, _i);
}
END_TEST

START_TEST(wsgi_file_wrapper_is_offered_or_not)
{
	handler.wsgi_file_wrapper = _i;
	after_a_run();
	ck_assert_int_eq(handler.environ.file_wrapper, _i);
}
END_TEST

START_TEST(os_environ_is_there_and_the_request_comes_before_it)
{
	struct wsgi_environ os;

	wsgi_environ_init(&os);
	wsgi_environ_set(&os, "HOME", "/srv");
	wsgi_environ_set(&os, "REQUEST_METHOD", "NONE");
	handler.os_environ = &os;
	after_a_run();
	ck_assert_str_eq(wsgi_environ_get(&handler.environ, "HOME"), "/srv");
	ck_assert_str_eq(wsgi_environ_get(&handler.environ, "REQUEST_METHOD"), "GET");
	wsgi_environ_finish(&os);
}
END_TEST

static const struct {
	bool origin_server;
	const char *ours, *given, *seen;
} software[] = {
	{true, "ours/1", NULL, "ours/1"},
	{true, "ours/1", "given/2", "given/2"},
	{true, NULL, NULL, NULL},
	{false, "ours/1", NULL, NULL},
	{false, NULL, "given/2", "given/2"},
};

START_TEST(server_software_is_an_origin_servers_default)
{
	handler.origin_server = software[_i].origin_server;
	handler.server_software = software[_i].ours;
	if (software[_i].given != NULL)
		given("SERVER_SOFTWARE", software[_i].given);
	after_a_run();
	ck_assert_pstr_eq(wsgi_environ_get(&handler.environ, "SERVER_SOFTWARE"), software[_i].seen);
}
END_TEST

START_TEST(http_version_is_in_the_status_line)
{
	handler.origin_server = true;
	handler.http_version = "1.1";
	after_a_run();
	ck_assert_ptr_nonnull(strstr(text_of(&sent), "HTTP/1.1 200 OK\r\n"));
}
END_TEST

static int limit_seen;
static const struct wsgi_error *error_seen;

static void log_with_limit(struct wsgi_app *a, struct wsgi_errors *e,
			   const struct wsgi_error *error, int limit)
{
	(void)a;
	wsgi_errors_puts(e, "by the application\n");
	error_seen = error;
	limit_seen = limit;
}

START_TEST(traceback_limit_reaches_whoever_prints_the_traceback)
{
	app.log_exception = log_with_limit;
	handler.traceback_limit = 3;
	when_run((struct scene){.call_rc = WSGI_RAISED});
	ck_assert_int_eq(limit_seen, 3);
	ck_assert_ptr_null(error_seen); /* the application knows better */
	then_logged("by the application\n");
}
END_TEST

START_TEST(an_application_prints_our_own_failures_too)
{
	app.log_exception = log_with_limit;
	when_run((struct scene){0});
	ck_assert_int_eq(error_seen->code, -ENODATA);
	then_logged("by the application\n");
}
END_TEST

START_TEST(the_error_page_is_made_of_three_attributes)
{
	static const struct wsgi_header headers[] = {{"Content-Type", "text/html"}, {"X-E", "1"}};

	handler.error_status = "503 Gone Fishing";
	handler.error_headers = headers;
	handler.error_headers_len = 2;
	handler.error_body = "<p>later</p>";
	when_run((struct scene){.call_rc = -EIO});
	then_sent("Status: 503 Gone Fishing\r\nContent-Type: text/html\r\nX-E: 1\r\n"
		  "Content-Length: 12\r\n\r\n<p>later</p>");
}
END_TEST

START_TEST(the_error_page_has_no_body_for_head)
{
	given("REQUEST_METHOD", "HEAD");
	when_run((struct scene){.call_rc = -EIO});
	then_sent("Status: 500 Internal Server Error\r\nContent-Type: text/plain\r\n"
		  "Content-Length: 59\r\n\r\n");
}
END_TEST

/* -- methods ----------------------------------------------------------------------------------- */

static int write_in_brackets(struct wsgi_handler *h, const void *data, size_t len)
{
	(void)h;
	wsgi_buf_adds(&sent, "[");
	wsgi_buf_add(&sent, data, len);
	return wsgi_buf_adds(&sent, "]");
}

START_TEST(write_is_overridable)
{
	ops.write = write_in_brackets;
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"x"}});
	then_sent("[Status: 200 OK\r\n\r\n][x]");
}
END_TEST

static int flush_mark(struct wsgi_handler *h)
{
	(void)h;
	return wsgi_buf_adds(&sent, "|");
}

START_TEST(flush_is_overridable)
{
	ops.flush = flush_mark;
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"x", "y"}});
	then_sent("Status: 200 OK\r\n\r\nx|y||");
}
END_TEST

static struct wsgi_input other_input;

static struct wsgi_input *other_stdin(struct wsgi_handler *h)
{
	(void)h;
	return &other_input;
}

START_TEST(get_stdin_is_overridable)
{
	ops.get_stdin = other_stdin;
	after_a_run();
	ck_assert_ptr_eq(handler.environ.input, &other_input);
}
END_TEST

static int drop(struct wsgi_errors *e, const char *data, size_t len)
{
	(void)e;
	(void)data;
	(void)len;
	return 0;
}

static struct wsgi_errors no_errors = {.write = drop};

static struct wsgi_errors *other_stderr(struct wsgi_handler *h)
{
	(void)h;
	return &no_errors;
}

START_TEST(get_stderr_is_overridable)
{
	ops.get_stderr = other_stderr;
	when_run((struct scene){.call_rc = -EIO});
	ck_assert_ptr_eq(handler.environ.errors, &no_errors);
	then_logged("");
}
END_TEST

static int other_vars(struct wsgi_handler *h)
{
	return wsgi_environ_set(&h->environ, "ONLY", "this");
}

START_TEST(add_cgi_vars_is_overridable)
{
	ops.add_cgi_vars = other_vars;
	after_a_run();
	ck_assert_str_eq(wsgi_environ_get(&handler.environ, "ONLY"), "this");
	ck_assert_ptr_null(wsgi_environ_get(&handler.environ, "REQUEST_METHOD"));
}
END_TEST

static const char *always_https(struct wsgi_handler *h)
{
	(void)h;
	return "https";
}

START_TEST(get_scheme_is_overridable)
{
	ops.get_scheme = always_https;
	after_a_run();
	ck_assert_str_eq(handler.environ.url_scheme, "https");
}
END_TEST

START_TEST(the_scheme_is_guessed_otherwise)
{
	given("HTTPS", _i ? "on" : "off");
	after_a_run();
	ck_assert_str_eq(handler.environ.url_scheme, _i ? "https" : "http");
}
END_TEST

static int setup_more(struct wsgi_handler *h)
{
	int rc = wsgi_handler_setup_environ(h);

	return rc == 0 ? wsgi_environ_set(&h->environ, "MORE", "1") : rc;
}

START_TEST(setup_environ_can_be_extended)
{
	ops.setup_environ = setup_more;
	after_a_run();
	ck_assert_str_eq(wsgi_environ_get(&handler.environ, "MORE"), "1");
	ck_assert_str_eq(wsgi_environ_get(&handler.environ, "REQUEST_METHOD"), "GET");
}
END_TEST

static void log_twice(struct wsgi_handler *h)
{
	wsgi_errors_puts(h->ops->get_stderr(h), "first: ");
	wsgi_handler_log_exception(h);
}

START_TEST(log_exception_can_be_extended)
{
	ops.log_exception = log_twice;
	when_run((struct scene){.call_rc = -EIO});
	then_logged("first: Input/output error\n");
}
END_TEST

static int page_next(struct wsgi_body *b, const void **data, size_t *len)
{
	(void)b;
	note("page");
	*data = "sorry";
	*len = 5;
	return chunk_at++ == 0;
}

static int page(struct wsgi_handler *h, struct wsgi_start *start, struct wsgi_body **result)
{
	static struct wsgi_body b = {.next = page_next};

	*result = &b;
	return start->respond(start, "500 Own Page", NULL, 0, &h->error);
}

START_TEST(error_output_is_overridable)
{
	ops.error_output = page;
	when_run((struct scene){.call_rc = -EIO});
	then_sent("Status: 500 Own Page\r\n\r\nsorry");
}
END_TEST

START_TEST(error_output_is_not_asked_after_the_headers)
{
	ops.error_output = page;
	when_run((struct scene){.status = "200 OK", .chunks = {"a"}, .next_rc = -EIO});
	then_traced("call next write write flush next close flush");
}
END_TEST

START_TEST(sendfile_is_overridable)
{
	static const struct wsgi_file file = {.fd = 7, .len = 5};

	ops.sendfile = record_sendfile;
	weather.sendfile_sent = 5;
	when_it_answers((struct scene){.status = "200 OK", .file = &file});
	then_traced("call write sendfile close flush");
}
END_TEST

static int finish_with_mark(struct wsgi_handler *h)
{
	note("begin");
	return wsgi_handler_finish_response(h);
}

START_TEST(finish_response_can_be_extended)
{
	ops.finish_response = finish_with_mark;
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"a"}});
	then_traced("call begin next write write flush next close flush");
}
END_TEST

static int finish_in_one_write(struct wsgi_handler *h)
{
	const void *data;
	size_t len;
	int rc = 0;

	while (rc == 0 && h->body->next(h->body, &data, &len) > 0)
		rc = wsgi_handler_write(h, data, len, false);
	h->body->close(h->body);
	h->body = NULL;
	return rc;
}

START_TEST(finish_response_can_be_replaced)
{
	ops.finish_response = finish_in_one_write;
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"a", "b"}});
	then_traced("call next write write next write next close flush");
	ck_assert_int_eq(closed, 1);
}
END_TEST

/* -- the input's end --------------------------------------------------------------------------- */

static const struct {
	const char *length, *method, *transfer_encoding;
	bool pending;
	uint64_t left;
	bool terminated;
} inputs[] = {
	{"5", "POST", NULL, false, 5, false},
	{"0", "POST", NULL, false, 0, false},
	{" +12 ", "GET", NULL, false, 12, false},
	{"9223372036854775807", "POST", NULL, false, INT64_MAX, false},
	{"9223372036854775808", "POST", NULL, false, INT64_MAX, false},
	{"99999999999999999999999", "POST", NULL, false, INT64_MAX, false},
	{"-1", "POST", NULL, false, 0, false},
	{"abc", "POST", "chunked", true, 0, false},
	{"5, 5", "POST", NULL, false, 0, false},
	{"5", "POST", "chunked", true, 5, false},
	{NULL, "GET", NULL, false, UINT64_MAX, false},
	{"", "GET", NULL, false, UINT64_MAX, false},
	{NULL, "POST", NULL, false, UINT64_MAX, true},
	{"", "PUT", NULL, false, UINT64_MAX, true},
	{NULL, "PATCH", NULL, false, UINT64_MAX, true},
	{NULL, "DELETE", NULL, false, UINT64_MAX, false},
	{NULL, "post", NULL, false, UINT64_MAX, false},
	{NULL, "GET", "chunked", false, UINT64_MAX, true},
	{NULL, "GET", NULL, true, UINT64_MAX, true},
	{NULL, NULL, NULL, false, UINT64_MAX, false},
};

START_TEST(the_input_ends_at_content_length_or_by_itself)
{
	wsgi_environ_delete(&vars, "REQUEST_METHOD");
	if (inputs[_i].method != NULL)
		given("REQUEST_METHOD", inputs[_i].method);
	if (inputs[_i].length != NULL)
		given("CONTENT_LENGTH", inputs[_i].length);
	if (inputs[_i].transfer_encoding != NULL)
		given("HTTP_TRANSFER_ENCODING", inputs[_i].transfer_encoding);
	handler.input_pending = inputs[_i].pending;
	after_a_run();
	ck_assert_uint_eq(input.left, inputs[_i].left);
	ck_assert_int_eq(handler.environ.input_terminated, inputs[_i].terminated);
}
END_TEST

static void add_attributes(TCase *tc)
{
	tcase_add_test(tc, a_new_handler_is_a_threaded_pre_forked_origin_server);
	tcase_add_loop_test(tc, wsgi_multithread_is_the_applications_to_see, 0, 2);
	tcase_add_loop_test(tc, wsgi_multiprocess_is_the_applications_to_see, 0, 2);
	tcase_add_loop_test(tc, wsgi_run_once_is_the_applications_to_see, 0, 2);
	tcase_add_loop_test(tc, wsgi_file_wrapper_is_offered_or_not, 0, 2);
	tcase_add_test(tc, os_environ_is_there_and_the_request_comes_before_it);
	tcase_add_loop_test(tc, server_software_is_an_origin_servers_default, 0, LEN(software));
	tcase_add_test(tc, http_version_is_in_the_status_line);
	tcase_add_test(tc, traceback_limit_reaches_whoever_prints_the_traceback);
	tcase_add_test(tc, an_application_prints_our_own_failures_too);
	tcase_add_test(tc, the_error_page_is_made_of_three_attributes);
	tcase_add_test(tc, the_error_page_has_no_body_for_head);
}

static void add_methods(TCase *tc)
{
	tcase_add_test(tc, write_is_overridable);
	tcase_add_test(tc, flush_is_overridable);
	tcase_add_test(tc, get_stdin_is_overridable);
	tcase_add_test(tc, get_stderr_is_overridable);
	tcase_add_test(tc, add_cgi_vars_is_overridable);
	tcase_add_test(tc, get_scheme_is_overridable);
	tcase_add_loop_test(tc, the_scheme_is_guessed_otherwise, 0, 2);
	tcase_add_test(tc, setup_environ_can_be_extended);
	tcase_add_test(tc, log_exception_can_be_extended);
	tcase_add_test(tc, error_output_is_overridable);
	tcase_add_test(tc, error_output_is_not_asked_after_the_headers);
	tcase_add_test(tc, sendfile_is_overridable);
	tcase_add_test(tc, finish_response_can_be_extended);
	tcase_add_test(tc, finish_response_can_be_replaced);
	tcase_add_loop_test(tc, the_input_ends_at_content_length_or_by_itself, 0, LEN(inputs));
}

int main(void)
{
	Suite *s = suite_create("handler ops");
	TCase *tc = tcase_create("ops");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_request, tear_down);
	add_attributes(tc);
	add_methods(tc);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
