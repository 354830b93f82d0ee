/* What a handler does when something fails: the page, the log, close(), and a client that left. */
#include "recorder.h"

/* What the contract lets an application say of a failure that it knows itself. */
enum { BROKEN = -EIO };

#define SENT_A "Status: 200 OK\r\n\r\na"

static int closed_at_error_page;

static int close_page(struct wsgi_body *b)
{
	(void)b;
	closed_at_error_page++;
	return 0;
}

static int no_chunk(struct wsgi_body *b, const void **data, size_t *len)
{
	(void)b;
	(void)data;
	(void)len;
	return -EDOM;
}

/* An error page that cannot be made. */
static int bad_error_output(struct wsgi_handler *h, struct wsgi_start *start,
			    struct wsgi_body **result)
{
	static struct wsgi_body page = {.next = no_chunk, .close = close_page};

	(void)h;
	*result = &page;
	return start->respond(start, "500 Oh", NULL, 0, &h->error);
}

/* -- close() is called exactly once, and the log has its line ---------------------------------- */

static int write_a(struct wsgi_start *start)
{
	return start->write(start, "a", 1);
}

static const struct {
	const char *claim, *method;
	struct scene scene;
	struct weather weather;
	const char *sent, *logged;
	int closed;
	bool truncated;
} paths[] = {
	{"all is well", "GET", {.chunks = {"a"}}, {0}, SENT_A, "", 1, false},
	{"HEAD", "HEAD", {.chunks = {"a"}}, {0}, "Status: 200 OK\r\n\r\n", "", 1, false},
	{"the call fails",
	 "GET",
	 {.call_rc = BROKEN},
	 {0},
	 ERROR_PAGE,
	 "Input/output error\n",
	 0,
	 false},
	{"the call fails after a write()",
	 "GET",
	 {.also = write_a, .call_rc = BROKEN},
	 {0},
	 SENT_A,
	 "Input/output error\n",
	 0,
	 true},
	{"the first next fails",
	 "GET",
	 {.next_rc = BROKEN},
	 {0},
	 ERROR_PAGE,
	 "Input/output error\n",
	 1,
	 false},
	{"the second next fails",
	 "GET",
	 {.chunks = {"a"}, .next_rc = BROKEN},
	 {0},
	 SENT_A,
	 "Input/output error\n",
	 1,
	 true},
	{"a next fails, for HEAD",
	 "HEAD",
	 {.chunks = {"a"}, .next_rc = BROKEN},
	 {0},
	 "Status: 200 OK\r\n\r\n",
	 "Input/output error\n",
	 1,
	 false},
	{"count fails",
	 "GET",
	 {.chunks = {"a"}, .count_rc = BROKEN},
	 {0},
	 ERROR_PAGE,
	 "Input/output error\n",
	 1,
	 false},
	{"close fails after a whole response",
	 "GET",
	 {.chunks = {"a"}, .close_rc = BROKEN},
	 {0},
	 SENT_A,
	 "Input/output error\n",
	 1,
	 false},
	{"close fails after next failed",
	 "GET",
	 {.chunks = {"a"}, .next_rc = -EDOM, .close_rc = BROKEN},
	 {0},
	 SENT_A,
	 "Input/output error\n",
	 1,
	 true},
	{"close fails, nothing was sent",
	 "GET",
	 {.next_rc = -EDOM, .close_rc = BROKEN},
	 {0},
	 ERROR_PAGE,
	 "Input/output error\n",
	 1,
	 false},
	{"the head cannot be written",
	 "GET",
	 {.chunks = {"a"}},
	 {.write_at = 1, .write_rc = -ENOSPC},
	 "",
	 "the response cannot be sent: No space left on device\n",
	 1,
	 true},
	{"the body cannot be written",
	 "GET",
	 {.chunks = {"a"}},
	 {.write_at = 2, .write_rc = -ENOSPC},
	 "Status: 200 OK\r\n\r\n",
	 "the response cannot be sent: No space left on device\n",
	 1,
	 true},
	{"a flush fails",
	 "GET",
	 {.chunks = {"a", "b"}},
	 {.flush_rc = -ENOSPC},
	 SENT_A,
	 "the response cannot be sent: No space left on device\n",
	 1,
	 true},
	{"the client left",
	 "GET",
	 {.chunks = {"a", "b"}},
	 {.flush_rc = -EPIPE},
	 SENT_A,
	 "",
	 1,
	 false},
};

START_TEST(close_is_called_once_and_a_failure_is_logged)
{
	struct scene s = paths[_i].scene;

	s.status = "200 OK";
	weather = paths[_i].weather;
	given("REQUEST_METHOD", paths[_i].method);
	ck_assert_msg(when_run(s) == 0, "%s", paths[_i].claim);
	ck_assert_msg(closed == paths[_i].closed, "%s: closed %d times", paths[_i].claim, closed);
	then_sent(paths[_i].sent);
	then_logged(paths[_i].logged);
	ck_assert_int_eq(handler.truncated, paths[_i].truncated);
	ck_assert_ptr_null(handler.app);
}
END_TEST

START_TEST(a_body_cut_at_its_length_is_closed_once)
{
	static const struct wsgi_header header = {"Content-Length", "1"};

	when_run((struct scene){
		.status = "200 OK", .headers = &header, .headers_len = 1, .chunks = {"ab", "c"}});
	ck_assert_int_eq(closed, 1);
}
END_TEST

START_TEST(what_is_cut_short_of_its_length_is_not_called_truncated)
{
	static const struct wsgi_header header = {"Content-Length", "10"};

	when_run((struct scene){.status = "200 OK",
				.headers = &header,
				.headers_len = 1,
				.chunks = {"a"},
				.next_rc = BROKEN});
	ck_assert(!handler.truncated); /* the client can count */
	then_sent("Status: 200 OK\r\nContent-Length: 10\r\n\r\na");
	then_logged("Input/output error\n");
}
END_TEST

START_TEST(the_log_is_flushed_after_its_lines)
{
	when_run((struct scene){.status = "200 OK", .next_rc = BROKEN});
	ck_assert_int_eq(log_flushed, 1);
}
END_TEST

START_TEST(an_error_page_that_fails_is_closed_and_returned)
{
	ops.error_output = bad_error_output;
	closed_at_error_page = 0;
	ck_assert_int_eq(when_run((struct scene){.status = "200 OK", .next_rc = BROKEN}), -EDOM);
	ck_assert_int_eq(closed, 1);
	ck_assert_int_eq(closed_at_error_page, 1);
	then_sent("");
	then_logged("Input/output error\n");
}
END_TEST

START_TEST(the_last_flush_may_fail_too)
{
	weather.flush_rc = -ENOSPC;
	ck_assert_int_eq(
		when_run((struct scene){.status = "200 OK", .chunks = {"a"}, .eager = true}),
		-ENOSPC);
}
END_TEST

static int no_vars(struct wsgi_handler *h)
{
	(void)h;
	return -ENOMEM;
}

START_TEST(cgi_variables_that_cannot_be_had_are_a_500)
{
	ops.add_cgi_vars = no_vars;
	ck_assert_int_eq(when_run((struct scene){.status = "200 OK"}), 0);
	then_traced("write write flush");
	then_sent(ERROR_PAGE);
	then_logged("the request's environ cannot be built: Cannot allocate memory\n");
}
END_TEST

START_TEST(an_error_page_of_a_wrong_length_is_cut_when_there_is_no_environ)
{
	static const struct wsgi_header header = {"Content-Length", "3"};

	ops.add_cgi_vars = no_vars;
	handler.error_headers = &header;
	when_run((struct scene){.status = "200 OK"});
	then_sent("Status: 500 Internal Server Error\r\nContent-Length: 3\r\n\r\nA s");
}
END_TEST

static int no_body(struct wsgi_app *a, const struct wsgi_environ *env, struct wsgi_start *start,
		   struct wsgi_body **result)
{
	(void)a;
	(void)env;
	(void)start;
	(void)result;
	return 0;
}

START_TEST(an_application_that_returns_nothing_is_a_500)
{
	app.call = no_body;
	ck_assert_int_eq(when_run((struct scene){0}), 0);
	then_sent(ERROR_PAGE);
	then_logged("the application returned no body\n");
}
END_TEST

static const struct {
	const char *claim;
	struct scene scene;
	const char *logged;
} no_errnos[] = {
	{"a positive number of the call",
	 {.status = "200 OK", .call_rc = 5},
	 "the application returned 5, which is no negative errno\n"},
	{"one of close()",
	 {.status = "200 OK", .close_rc = EIO},
	 "the body's close() returned 5, which is no negative errno\n"},
	{"one of count()",
	 {.status = "200 OK", .chunks = {"x"}, .count_rc = 7},
	 "the body's count() returned 7, which is no negative errno\n"},
	{"an exception that nobody can tell of",
	 {.status = "200 OK", .call_rc = WSGI_RAISED},
	 "the application returned WSGI_RAISED, but has no log_exception\n"},
};

START_TEST(what_is_no_negative_errno_is_called_that)
{
	ck_assert_int_eq(when_run(no_errnos[_i].scene), 0);
	ck_assert_msg(strcmp(text_of(&logged), no_errnos[_i].logged) == 0, "%s: %s",
		      no_errnos[_i].claim, text_of(&logged));
	ck_assert_int_lt(handler.error.code, 0);
}
END_TEST

static int log_writes;

static int count_write(struct wsgi_errors *e, const char *data, size_t len)
{
	log_writes++;
	return log_write(e, data, len);
}

static struct wsgi_errors counting = {.write = count_write};

static struct wsgi_errors *get_counting(struct wsgi_handler *h)
{
	(void)h;
	return &counting;
}

START_TEST(a_line_of_the_log_is_one_write)
{
	log_writes = 0;
	ops.get_stderr = get_counting;
	when_run((struct scene){.call_rc = -EIO});
	then_logged("Input/output error\n");
	ck_assert_int_eq(log_writes, 1);
}
END_TEST

/* -- a client that left ------------------------------------------------------------------------ */

static const int gone[] = {-EPIPE, -ECONNRESET, -ECONNABORTED};

static const struct {
	const char *where;
	struct weather weather; /* every rc of 1 stands for the error */
	bool file;
} leaves[] = {
	{"in the head", {.write_at = 1, .write_rc = 1}, false},
	{"in the first chunk", {.write_at = 2, .write_rc = 1}, false},
	{"in the second chunk", {.write_at = 3, .write_rc = 1}, false},
	{"at the flush", {.flush_rc = 1}, false},
	{"in a file", {.sendfile_rc = 1}, true},
};

START_TEST(a_client_that_leaves_is_no_error)
{
	static const struct wsgi_file file = {.fd = 7, .len = 100};
	const int error = gone[_i % LEN(gone)];

	weather = leaves[_i / LEN(gone)].weather;
	weather.write_rc *= error;
	weather.flush_rc *= error;
	weather.sendfile_rc *= error;
	ops.sendfile = record_sendfile;
	when_it_answers((struct scene){.status = "200 OK",
				       .chunks = {"a", "b"},
				       .file = leaves[_i / LEN(gone)].file ? &file : NULL});
	ck_assert(handler.client_left);
	ck_assert(!handler.truncated);
	ck_assert_int_eq(closed, 1);
	ck_assert_msg(strstr(text_of(&trace), "close flush") == NULL, "%s: %s",
		      leaves[_i / LEN(gone)].where, text_of(&trace));
}
END_TEST

static int read_the_body(struct wsgi_start *start)
{
	char byte;

	(void)start;
	return (int)wsgi_input_read(&input, &byte, 1);
}

START_TEST(a_client_that_leaves_while_it_is_read_is_no_error)
{
	given("CONTENT_LENGTH", "10");
	weather.read_rc = gone[_i];
	when_it_answers((struct scene){.status = "200 OK", .also = read_the_body});
	ck_assert(handler.client_left);
	then_sent("");
	then_traced("call");
}
END_TEST

START_TEST(input_that_fails_otherwise_is_a_500)
{
	given("CONTENT_LENGTH", "10");
	weather.read_rc = -EIO;
	ck_assert_int_eq(when_run((struct scene){.status = "200 OK", .also = read_the_body}), 0);
	then_sent(ERROR_PAGE);
	then_logged("Input/output error\n");
}
END_TEST

static int write_on(struct wsgi_start *start)
{
	ck_assert_int_eq(start->write(start, "a", 1), -ECONNRESET);
	return start->write(start, "b", 1);
}

START_TEST(nothing_more_is_sent_to_a_client_that_left)
{
	weather.write_at = 1;
	weather.write_rc = -ECONNRESET;
	when_it_answers((struct scene){.status = "200 OK", .also = write_on});
	then_traced("call write");
}
END_TEST

START_TEST(an_application_that_says_a_pipe_of_its_own_is_broken_is_a_500)
{
	when_run((struct scene){.status = "200 OK", .call_rc = -EPIPE});
	then_sent(ERROR_PAGE);
	then_logged("Broken pipe\n");
}
END_TEST

/* -- what start_response() refuses ------------------------------------------------------------- */

static const struct {
	const char *status, *name, *value;
	int rc;
	const char *logged;
} refused[] = {
	{"200", "X", "y", -EPROTO, "Status must be at least 4 characters\n"},
	{"2x0 OK", "X", "y", -EPROTO, "Status message must begin w/3-digit code\n"},
	{"200OK", "X", "y", -EPROTO, "Status message must have a space after code\n"},
	{"200 OK\r\nX: 1", "X", "y", -EINVAL, "Control characters are not allowed in status\n"},
	{"200 OK\n", "X", "y", -EINVAL, "Control characters are not allowed in status\n"},
	{"200 O\tK", "X", "y", -EINVAL, "Control characters are not allowed in status\n"},
	{"200 OK", "X", "a\r\nY: 1", -EINVAL, NULL},
	{"200 OK", "X", "a\n b", -EINVAL, NULL},
	{"200 OK", "X", "\x7f", -EINVAL, NULL},
	{"200 OK", "X\n", "y", -EINVAL, NULL},
	{"200 OK", "X\t", "y", -EINVAL, NULL},
	{"200 OK", "Connection", "close", -EPROTO,
	 "Hop-by-hop header, 'Connection: close', not allowed\n"},
	{"200 OK", "keep-ALIVE", "1", -EPROTO, "Hop-by-hop header, 'keep-ALIVE: 1', not allowed\n"},
	{"200 OK", "Transfer-Encoding", "chunked", -EPROTO,
	 "Hop-by-hop header, 'Transfer-Encoding: chunked', not allowed\n"},
};

START_TEST(what_is_refused_is_logged_and_the_client_sees_a_500)
{
	const struct wsgi_header headers[] = {{"X-First", "1"},
					      {refused[_i].name, refused[_i].value}};

	ck_assert_int_eq(when_run((struct scene){.status = refused[_i].status,
						 .headers = headers,
						 .headers_len = 2,
						 .start_rc = refused[_i].rc}),
			 0);
	then_sent(ERROR_PAGE);
	if (refused[_i].logged != NULL)
		then_logged(refused[_i].logged);
	ck_assert_uint_gt(logged.len, 0);
}
END_TEST

static int swallow_bad_status(struct wsgi_start *start)
{
	static const struct wsgi_header headers[] = {{"X-Kept", "no"}, {"Upgrade", "x"}};

	ck_assert_int_eq(start->respond(start, "200 OK", headers, 2, NULL), -EPROTO);
	return 0;
}

START_TEST(what_is_refused_is_not_kept)
{
	when_run((struct scene){.also = swallow_bad_status, .chunks = {"x"}});
	then_sent(ERROR_PAGE);
	then_logged("start_response() was refused: Hop-by-hop header, 'Upgrade: x', not allowed\n");
	ck_assert_int_eq(closed, 1);
}
END_TEST

static int swallow_and_write(struct wsgi_start *start)
{
	swallow_bad_status(start);
	return start->write(start, "x", 1);
}

START_TEST(a_refusal_is_told_of_a_write_and_of_a_body_without_chunks)
{
	when_run((struct scene){.also = _i == 0 ? swallow_and_write : swallow_bad_status});
	then_sent(ERROR_PAGE);
	then_logged("start_response() was refused: Hop-by-hop header, 'Upgrade: x', not allowed\n");
}
END_TEST

START_TEST(a_refusal_is_forgotten_with_its_request)
{
	when_run((struct scene){.also = swallow_bad_status});
	logged.len = 0;
	when_run((struct scene){.chunks = {"x"}});
	then_logged("write() before start_response()\n");
}
END_TEST

static int start_well_after_a_refusal(struct wsgi_start *start)
{
	swallow_bad_status(start);
	return start->respond(start, "201 Created", NULL, 0, NULL);
}

START_TEST(after_a_refusal_another_start_is_welcome)
{
	when_run((struct scene){.also = start_well_after_a_refusal, .chunks = {"x"}});
	then_sent("Status: 201 Created\r\n\r\nx");
}
END_TEST

/* -- start_response() again -------------------------------------------------------------------- */

static int start_again(struct wsgi_start *start)
{
	int rc = start->respond(start, "200 Again", NULL, 0, NULL);

	ck_assert_int_eq(rc, -EPROTO);
	return rc;
}

START_TEST(a_second_start_is_an_error)
{
	ck_assert_int_eq(when_run((struct scene){.status = "200 OK", .also = start_again}), 0);
	then_sent(ERROR_PAGE);
	then_logged("Headers already set!\n");
}
END_TEST

static int swallow_start_again(struct wsgi_start *start)
{
	start_again(start);
	return 0;
}

START_TEST(a_second_start_that_is_swallowed_changes_nothing)
{
	when_run((struct scene){.status = "200 OK", .also = swallow_start_again, .chunks = {"x"}});
	then_sent("Status: 200 OK\r\n\r\nx");
}
END_TEST

static const struct wsgi_error trouble = {.code = -ELOOP, .text = "trouble"};

static int start_with_exc(struct wsgi_start *start)
{
	static const struct wsgi_header header = {"X-New", "1"};

	return start->respond(start, "503 Replaced", &header, 1, &trouble);
}

START_TEST(a_start_with_exc_replaces_headers_that_have_not_gone)
{
	static const struct wsgi_header old = {"X-Old", "1"};

	when_it_answers((struct scene){.status = "200 OK",
				       .headers = &old,
				       .headers_len = 1,
				       .also = start_with_exc,
				       .chunks = {"x"}});
	then_sent("Status: 503 Replaced\r\nX-New: 1\r\n\r\nx");
}
END_TEST

START_TEST(the_first_start_may_have_exc)
{
	when_it_answers((struct scene){.also = start_with_exc, .chunks = {"x"}});
	then_sent("Status: 503 Replaced\r\nX-New: 1\r\n\r\nx");
}
END_TEST

static int start_with_exc_too_late(struct wsgi_start *start)
{
	write_a(start);
	ck_assert_int_eq(start_with_exc(start), -EALREADY);
	return trouble.code;
}

START_TEST(a_start_with_exc_after_the_headers_hands_the_error_back)
{
	ck_assert_int_eq(
		when_run((struct scene){.status = "200 OK", .also = start_with_exc_too_late}), 0);
	ck_assert_int_eq(handler.error.code, trouble.code);
	then_sent(SENT_A);
	then_logged("trouble\n");
}
END_TEST

static int pass_on_that_it_is_too_late(struct wsgi_start *start)
{
	write_a(start);
	return start_with_exc(start);
}

START_TEST(what_a_start_that_is_too_late_returns_may_be_passed_on)
{
	when_run((struct scene){.status = "200 OK", .also = pass_on_that_it_is_too_late});
	ck_assert_int_eq(handler.error.code, trouble.code);
	then_sent(SENT_A);
	then_logged("trouble\n");
}
END_TEST

static int too_late_for_words_alone(struct wsgi_start *start)
{
	static const struct wsgi_error words = {.text = "only words"};

	write_a(start);
	return start->respond(start, "500 X", NULL, 0, &words);
}

START_TEST(an_exc_without_a_code_keeps_its_words)
{
	when_run((struct scene){.status = "200 OK", .also = too_late_for_words_alone});
	ck_assert_int_eq(handler.error.code, -EALREADY);
	then_logged("only words\n");
}
END_TEST

static struct wsgi_start *late_start;

static int next_too_late(struct wsgi_body *b, const void **data, size_t *len)
{
	(void)b;
	if (chunk_at++ > 0)
		return start_with_exc(late_start);
	*data = "a";
	*len = 1;
	return 1;
}

static int late_call(struct wsgi_app *a, const struct wsgi_environ *env, struct wsgi_start *start,
		     struct wsgi_body **result)
{
	static struct wsgi_body late = {.next = next_too_late};

	(void)a;
	(void)env;
	late_start = start;
	*result = &late;
	return start->respond(start, "200 OK", NULL, 0, NULL);
}

START_TEST(a_body_may_pass_it_on_too)
{
	app.call = late_call;
	when_run((struct scene){0});
	ck_assert_int_eq(handler.error.code, trouble.code);
	then_sent("Status: 200 OK\r\n\r\na");
	then_logged("trouble\n");
}
END_TEST

START_TEST(an_ealready_of_the_applications_own_is_one)
{
	when_run((struct scene){.status = "200 OK", .next_rc = -EALREADY});
	ck_assert_int_eq(handler.error.code, -EALREADY);
	then_logged("Operation already in progress\n");
}
END_TEST

/* -- start_response() left out ----------------------------------------------------------------- */

START_TEST(a_chunk_without_a_start_is_an_error)
{
	when_run((struct scene){.chunks = {"x"}});
	then_sent(ERROR_PAGE);
	then_logged("write() before start_response()\n");
	ck_assert_int_eq(closed, 1);
}
END_TEST

START_TEST(an_end_without_a_start_is_an_error)
{
	when_run((struct scene){0});
	then_sent(ERROR_PAGE);
	then_logged("no headers: start_response() was not called\n");
	ck_assert_int_eq(closed, 1);
}
END_TEST

START_TEST(a_file_without_a_start_is_an_error)
{
	static const struct wsgi_file file = {.fd = 7, .len = 100};

	ops.sendfile = record_sendfile;
	when_run((struct scene){.file = &file, .chunks = {"read"}});
	then_sent(ERROR_PAGE);
	then_logged("write() before start_response()\n");
}
END_TEST

static int early_write(struct wsgi_start *start)
{
	int rc = start->write(start, "x", 1);

	ck_assert_int_eq(rc, -EPROTO);
	ck_assert_str_eq(start->error->text, "write() before start_response()");
	return rc;
}

START_TEST(a_write_without_a_start_is_an_error)
{
	when_run((struct scene){.also = early_write});
	then_sent(ERROR_PAGE);
	then_logged("write() before start_response()\n");
}
END_TEST

START_TEST(a_file_that_cannot_be_read_on_is_logged)
{
	static const struct wsgi_file file = {.fd = 7, .len = 100};

	ops.sendfile = record_sendfile;
	weather.sendfile_rc = -EIO;
	weather.sendfile_sent = 50;
	ck_assert_int_eq(when_run((struct scene){.status = "200 OK", .file = &file}), 0);
	then_logged("the response cannot be sent: Input/output error\n");
	ck_assert(handler.truncated);
	ck_assert_int_eq(closed, 1);
}
END_TEST

static void add_failures(TCase *tc)
{
	tcase_add_loop_test(tc, close_is_called_once_and_a_failure_is_logged, 0, LEN(paths));
	tcase_add_test(tc, a_body_cut_at_its_length_is_closed_once);
	tcase_add_test(tc, what_is_cut_short_of_its_length_is_not_called_truncated);
	tcase_add_test(tc, the_log_is_flushed_after_its_lines);
	tcase_add_test(tc, an_error_page_that_fails_is_closed_and_returned);
	tcase_add_test(tc, the_last_flush_may_fail_too);
	tcase_add_test(tc, cgi_variables_that_cannot_be_had_are_a_500);
	tcase_add_test(tc, an_error_page_of_a_wrong_length_is_cut_when_there_is_no_environ);
	tcase_add_test(tc, an_application_that_returns_nothing_is_a_500);
	tcase_add_loop_test(tc, what_is_no_negative_errno_is_called_that, 0, LEN(no_errnos));
	tcase_add_test(tc, a_line_of_the_log_is_one_write);
	tcase_add_test(tc, input_that_fails_otherwise_is_a_500);
	tcase_add_test(tc, a_file_that_cannot_be_read_on_is_logged);
}

static void add_leaving(TCase *tc)
{
	tcase_add_loop_test(tc, a_client_that_leaves_is_no_error, 0, LEN(leaves) * LEN(gone));
	tcase_add_loop_test(tc, a_client_that_leaves_while_it_is_read_is_no_error, 0, LEN(gone));
	tcase_add_test(tc, nothing_more_is_sent_to_a_client_that_left);
	tcase_add_test(tc, an_application_that_says_a_pipe_of_its_own_is_broken_is_a_500);
}

static void add_start(TCase *tc)
{
	tcase_add_loop_test(tc, what_is_refused_is_logged_and_the_client_sees_a_500, 0,
			    LEN(refused));
	tcase_add_test(tc, what_is_refused_is_not_kept);
	tcase_add_loop_test(tc, a_refusal_is_told_of_a_write_and_of_a_body_without_chunks, 0, 2);
	tcase_add_test(tc, a_refusal_is_forgotten_with_its_request);
	tcase_add_test(tc, after_a_refusal_another_start_is_welcome);
	tcase_add_test(tc, a_second_start_is_an_error);
	tcase_add_test(tc, a_second_start_that_is_swallowed_changes_nothing);
	tcase_add_test(tc, a_start_with_exc_replaces_headers_that_have_not_gone);
	tcase_add_test(tc, the_first_start_may_have_exc);
	tcase_add_test(tc, a_start_with_exc_after_the_headers_hands_the_error_back);
	tcase_add_test(tc, what_a_start_that_is_too_late_returns_may_be_passed_on);
	tcase_add_test(tc, an_exc_without_a_code_keeps_its_words);
	tcase_add_test(tc, a_body_may_pass_it_on_too);
	tcase_add_test(tc, an_ealready_of_the_applications_own_is_one);
	tcase_add_test(tc, a_chunk_without_a_start_is_an_error);
	tcase_add_test(tc, an_end_without_a_start_is_an_error);
	tcase_add_test(tc, a_file_without_a_start_is_an_error);
	tcase_add_test(tc, a_write_without_a_start_is_an_error);
}

int main(void)
{
	Suite *s = suite_create("handler errors");
	TCase *tc = tcase_create("errors");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_request, tear_down);
	add_failures(tc);
	add_leaving(tc);
	add_start(tc);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
