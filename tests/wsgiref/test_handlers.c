/* CPython's test_wsgiref, HandlerTests: its cases as facts. What is left out: test_util.c. */
#include <check.h>
#include <errno.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/container.h"
#include "handler/cgi.h"
#include "wsgi/body.h"
#include "wsgi/uri.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

/* -- a handler over memory --------------------------------------------------------------------- */

static struct wsgi_simple_handler handler;
static struct wsgi_handler_ops ops;
static struct wsgi_environ vars;
static struct wsgi_input input;
static struct wsgi_buf sent, logged;
static int write_rc; /* what the client does; 0: it takes all */

static int output_write(struct wsgi_output *o, const void *data, size_t len)
{
	(void)o;
	return write_rc != 0 ? write_rc : wsgi_buf_add(&sent, data, len);
}

static int output_flush(struct wsgi_output *o)
{
	(void)o;
	return 0;
}

static struct wsgi_output output = {.write = output_write, .flush = output_flush};

static int log_write(struct wsgi_errors *e, const char *data, size_t len)
{
	(void)e;
	return wsgi_buf_add(&logged, data, len);
}

static struct wsgi_errors errors = {.write = log_write};

static ssize_t read_nothing(struct wsgi_input *in, void *buf, size_t len)
{
	(void)in;
	(void)buf;
	(void)len;
	return 0;
}

static int pass_on(struct wsgi_handler *h, int code)
{
	(void)h;
	return code;
}

/* CPython's ErrorHandler: a base CGI handler with the variables of the testing defaults. */
static void given_a_handler(void)
{
	wsgi_environ_init(&vars);
	wsgi_input_init(&input, read_nothing, UINT64_MAX);
	wsgi_base_cgi_handler_init(&handler, &input, &output, &errors, &vars);
	handler.base.wsgi_multiprocess = true;
	write_rc = 0;
}

/* CPython's TestHandler: what goes wrong is the caller's to see. */
static void given_that_errors_pass(void)
{
	ops = *handler.base.ops;
	ops.handle_error = pass_on;
	handler.base.ops = &ops;
}

static void given(const char *name, const char *value)
{
	ck_assert_int_eq(wsgi_environ_set(&vars, name, value), 0);
}

static void tear_down(void)
{
	wsgi_simple_handler_finish(&handler);
	wsgi_environ_finish(&vars);
	wsgi_input_finish(&input);
	wsgi_buf_finish(&sent);
	wsgi_buf_finish(&logged);
}

static const char *text_of(struct wsgi_buf *b)
{
	ck_assert_int_eq(wsgi_buf_reserve(b, 1), 0);
	b->data[b->len] = '\0';
	return b->data;
}

#define then_sent(bytes) ck_assert_str_eq(text_of(&sent), bytes)
#define then_logged(lines) ck_assert_str_eq(text_of(&logged), lines)

static int when_run(int (*call)(struct wsgi_app *app, const struct wsgi_environ *env,
				struct wsgi_start *start, struct wsgi_body **body))
{
	struct wsgi_app app = {.call = call};

	ck_assert_int_eq(wsgi_setup_testing_defaults(&vars), 0);
	return wsgi_handler_run(&handler.base, &app);
}

/* -- testEnviron, testCGIEnviron, testScheme, testAbstractMethods ------------------------------ */

static const struct {
	const char *name, *value;
} merged[] = {
	{"LANG", "fr_FR.UTF-8"},      /* of the process */
	{"PATH", "/my/path"},         /* of the process */
	{"X", "Y"},                   /* of the request */
	{"HOME", "/override/home"},   /* of the request, before that of the process */
	{"SCRIPT_NAME", ""},          /* the same */
	{"SERVER_NAME", "127.0.0.1"}, /* the same */
	{"SERVER_PROTOCOL", "HTTP/1.0"},
};

static const struct {
	const char *name, *value;
} of_process[] = {
	{"HOME", "/my/home"},
	{"PATH", "/my/path"},
	{"LANG", "fr_FR.UTF-8"},
	{"SCRIPT_NAME", "test_script_name"},
	{"SERVER_NAME", "test_server_name"},
};

START_TEST(the_variables_of_the_request_come_before_those_of_the_process)
{
	struct wsgi_environ os;

	wsgi_environ_init(&os);
	for (int i = 0; i < LEN(of_process); i++)
		wsgi_environ_set(&os, of_process[i].name, of_process[i].value);
	given("X", "Y");
	given("HOME", "/override/home");
	ck_assert_int_eq(wsgi_setup_testing_defaults(&vars), 0);
	handler.base.os_environ = &os;
	ck_assert_int_eq(wsgi_handler_setup_environ(&handler.base), 0);
	for (int i = 0; i < LEN(merged); i++)
		ck_assert_str_eq(wsgi_environ_get(&handler.base.environ, merged[i].name),
				 merged[i].value);
	wsgi_environ_clear(&handler.base.environ); /* it borrows of os */
	wsgi_environ_finish(&os);
}
END_TEST

START_TEST(the_members_are_those_of_the_handler)
{
	const struct wsgi_environ *env = &handler.base.environ;

	ck_assert_int_eq(wsgi_handler_setup_environ(&handler.base), 0);
	ck_assert(env->multithread && env->multiprocess && !env->run_once && env->file_wrapper);
	ck_assert_ptr_eq(env->input, &input);
	ck_assert_ptr_eq(env->errors, &errors);
	ck_assert_str_eq(env->url_scheme, "http");
}
END_TEST

START_TEST(the_scheme_is_that_of_https)
{
	if (_i)
		given("HTTPS", "on");
	ck_assert_int_eq(wsgi_handler_setup_environ(&handler.base), 0);
	ck_assert_str_eq(handler.base.environ.url_scheme, _i ? "https" : "http");
}
END_TEST

START_TEST(a_class_without_one_of_the_abstract_methods_is_none)
{
	struct wsgi_handler h;
	struct wsgi_handler_ops incomplete = *handler.base.ops;

	switch (_i) {
	case 0:
		incomplete.flush = NULL;
		break;
	case 1:
		incomplete.get_stdin = NULL;
		break;
	case 2:
		incomplete.get_stderr = NULL;
		break;
	case 3:
		incomplete.add_cgi_vars = NULL;
		break;
	default:
		incomplete.write = NULL;
		break;
	}
	wsgi_handler_init(&h, &incomplete);
}
END_TEST

/* -- testContentLength, testBytesData ---------------------------------------------------------- */

struct answer {
	const struct wsgi_header *headers; /* up to a name that is NULL */
	const char *written, *chunk;       /* NULL: none */
};

static struct answer answer;

static int call_answer(struct wsgi_app *app, const struct wsgi_environ *env,
		       struct wsgi_start *start, struct wsgi_body **body)
{
	struct wsgi_span chunk = wsgi_span_of(answer.chunk != NULL ? answer.chunk : "");
	size_t n = 0;
	int rc;

	(void)app;
	(void)env;
	while (answer.headers != NULL && answer.headers[n].name != NULL)
		n++;
	rc = start->respond(start, "200 OK", answer.headers, n, NULL);
	if (rc == 0 && answer.written != NULL)
		rc = start->write(start, answer.written, strlen(answer.written));
	if (rc == 0)
		*body = wsgi_list_body(&chunk, answer.chunk != NULL);
	return rc;
}

static const struct wsgi_header length_12345[] = {{"Content-Length", "12345"}, {NULL, NULL}};
static const struct wsgi_header utf_8[] = {{"Content-Type", "text/plain; charset=utf-8"},
					   {NULL, NULL}};

static const struct {
	struct answer answer;
	const char *sent, *logged;
} lengths[] = {
	{{NULL, NULL, "http"}, "Status: 200 OK\r\nContent-Length: 4\r\n\r\nhttp", ""},
	{{NULL, "http", NULL}, "Status: 200 OK\r\n\r\nhttp", ""},
	{{NULL, NULL, "\xd1\x82\xd0\xb5\xd1\x81\xd1\x82"},
	 "Status: 200 OK\r\nContent-Length: 8\r\n\r\n\xd1\x82\xd0\xb5\xd1\x81\xd1\x82",
	 ""},
	{{length_12345, NULL, NULL},
	 "Status: 200 OK\r\nContent-Length: 12345\r\n\r\n",
	 "Content-Length is 12345, but the body ended before; the client sees it cut\n"},
	{{NULL, NULL, NULL}, "Status: 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
	{{utf_8, NULL, "data"},
	 "Status: 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 4\r\n"
	 "\r\ndata",
	 ""},
};

START_TEST(the_length_is_that_of_the_one_chunk)
{
	answer = lengths[_i].answer;
	given_that_errors_pass();
	ck_assert_int_eq(when_run(call_answer), 0);
	then_sent(lengths[_i].sent);
	then_logged(lengths[_i].logged);
}
END_TEST

/* -- testBasicErrorOutput, testErrorAfterOutput, testCloseOnError ------------------------------ */

#define CAUGHT "This should be caught by handler"
#define SOME_OUTPUT "Some output has been sent"

static int call_and_fail(struct wsgi_app *app, const struct wsgi_environ *env,
			 struct wsgi_start *start, struct wsgi_body **body)
{
	(void)app;
	(void)env;
	(void)body;
	return wsgi_fail(start->failure, -EIO, CAUGHT);
}

START_TEST(an_error_is_logged_and_answered_by_the_page)
{
	ck_assert_int_eq(when_run(call_and_fail), 0);
	then_sent("Status: 500 Internal Server Error\r\nContent-Type: text/plain\r\n"
		  "Content-Length: 59\r\n\r\n"
		  "A server error occurred.  Please contact the administrator.");
	then_logged(CAUGHT "\n");
}
END_TEST

static int write_and_fail(struct wsgi_app *app, const struct wsgi_environ *env,
			  struct wsgi_start *start, struct wsgi_body **body)
{
	answer = (struct answer){.written = SOME_OUTPUT};
	ck_assert_int_eq(call_answer(app, env, start, body), 0);
	wsgi_body_close(*body);
	return call_and_fail(app, env, start, body);
}

START_TEST(an_error_after_some_output_is_logged_only)
{
	ck_assert_int_eq(when_run(write_and_fail), 0);
	then_sent("Status: 200 OK\r\n\r\n" SOME_OUTPUT);
	then_logged(CAUGHT "\n");
}
END_TEST

static struct wsgi_start *its_start;
static int nexts, closes;

static int crashy_next(struct wsgi_body *body, const void **data, size_t *len)
{
	(void)body;
	*data = "blah";
	*len = 4;
	return nexts++ == 0 ? 1 : wsgi_fail(its_start->failure, -EIO, CAUGHT);
}

static int crashy_close(struct wsgi_body *body)
{
	(void)body;
	closes++;
	return 0;
}

static int call_crashy(struct wsgi_app *app, const struct wsgi_environ *env,
		       struct wsgi_start *start, struct wsgi_body **body)
{
	static struct wsgi_body crashy = {.next = crashy_next, .close = crashy_close};

	answer = (struct answer){.written = SOME_OUTPUT};
	ck_assert_int_eq(call_answer(app, env, start, body), 0);
	wsgi_body_close(*body);
	its_start = start;
	nexts = closes = 0;
	*body = &crashy;
	return 0;
}

START_TEST(a_body_that_fails_is_closed)
{
	ck_assert_int_eq(when_run(call_crashy), 0);
	ck_assert_int_eq(closes, 1);
	then_sent("Status: 200 OK\r\n\r\n" SOME_OUTPUT "blah");
	then_logged(CAUGHT "\n");
}
END_TEST

/* -- testHeaderFormats ------------------------------------------------------------------------- */

static const char *const software[] = {"FooBar/1.0", NULL};
static const char *const versions[] = {"1.0", "1.1"};
static const char *const protocols[] = {"HTTP/0.9", "HTTP/1.0", "HTTP/1.1"};

static void then_sent_as(const char *pattern)
{
	regex_t regex;

	ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	ck_assert_msg(regexec(&regex, text_of(&sent), 0, NULL, 0) == 0, "%s is not as %s",
		      sent.data, pattern);
	regfree(&regex);
}

/* _i: 24 combinations of an origin server or not, protocols, versions and software. */
START_TEST(the_head_by_kind_of_server_version_protocol_and_software)
{
	const char *protocol = protocols[_i / 2 % 3], *version = versions[_i / 6 % 2];
	char pattern[300];

	answer = (struct answer){0};
	given("SERVER_PROTOCOL", protocol);
	given_that_errors_pass();
	handler.base.origin_server = _i % 2;
	handler.base.http_version = version;
	handler.base.server_software = software[_i / 12];
	ck_assert_int_eq(when_run(call_answer), 0);
	snprintf(pattern, sizeof(pattern),
		 "^HTTP/%s 200 OK\r\nDate: [A-Z][a-z]{2}, [0-3][0-9] [A-Z][a-z]{2} [0-9]{4} "
		 "[0-9]{2}:[0-9]{2}:[0-9]{2} GMT\r\n%sContent-Length: 0\r\n\r\n$",
		 version, software[_i / 12] != NULL ? "Server: FooBar/1[.]0\r\n" : "");
	if (!handler.base.origin_server)
		then_sent("Status: 200 OK\r\nContent-Length: 0\r\n\r\n");
	else if (strcmp(protocol, "HTTP/0.9") == 0)
		then_sent("");
	else
		then_sent_as(pattern);
}
END_TEST

/* -- testClientConnectionTerminations, testDontResetInternalStateOnException ------------------- */

static const int left[] = {-ECONNABORTED, -EPIPE, -ECONNRESET};

START_TEST(a_client_that_leaves_is_not_logged)
{
	answer = (struct answer){.chunk = "Hello, world!"};
	write_rc = left[_i];
	ck_assert_int_eq(when_run(call_answer), 0);
	then_logged("");
}
END_TEST

START_TEST(after_a_write_that_failed_the_state_is_as_it_was)
{
	const struct wsgi_handler *h = &handler.base;

	answer = (struct answer){.headers = utf_8, .chunk = "Hello, world!"};
	write_rc = -ENOSPC;
	ck_assert_int_eq(when_run(call_answer), 0);
	then_logged("the response cannot be sent: No space left on device\n");
	ck_assert_uint_eq(h->status.len, strlen("200 OK"));
	ck_assert_str_eq(wsgi_headers_get(&h->headers, "Content-Type"), utf_8[0].value);
	ck_assert_str_eq(wsgi_environ_get(&h->environ, "REQUEST_METHOD"), "GET");
	ck_assert_int_eq(h->error.code, -ENOSPC);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, the_variables_of_the_request_come_before_those_of_the_process);
	tcase_add_test(tc, the_members_are_those_of_the_handler);
	tcase_add_loop_test(tc, the_scheme_is_that_of_https, 0, 2);
	tcase_add_loop_test(tc, the_length_is_that_of_the_one_chunk, 0, LEN(lengths));
	tcase_add_test(tc, an_error_is_logged_and_answered_by_the_page);
	tcase_add_test(tc, an_error_after_some_output_is_logged_only);
	tcase_add_test(tc, a_body_that_fails_is_closed);
	tcase_add_loop_test(tc, the_head_by_kind_of_server_version_protocol_and_software, 0, 24);
	tcase_add_loop_test(tc, a_client_that_leaves_is_not_logged, 0, LEN(left));
	tcase_add_test(tc, after_a_write_that_failed_the_state_is_as_it_was);
	tcase_add_loop_test_raise_signal(tc, a_class_without_one_of_the_abstract_methods_is_none,
					 SIGABRT, 0, 5);
}

int main(void)
{
	Suite *s = suite_create("wsgiref handlers");
	TCase *tc = tcase_create("handlers");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_handler, tear_down);
	add_tests(tc);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
