/*
 * CPython's test_wsgiref, IntegrationTests: its cases as facts, by a client over TCP. What is left
 * out: test_util.c.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/server.h"
#include "wsgi/body.h"
#include "wsgi/validate.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))
#define JUNE "Mon, 05 Jun 2006 18:49:54 GMT"
#define PAGE "A server error occurred.  Please contact the administrator."

enum { LARGE = 16 << 20, LONG = 400000, SECONDS = 20 };

/* -- a server for one request, and what it logs ------------------------------------------------ */

static struct wsgi_server *server;
static struct wsgi_error err;
static struct wsgi_app app;
static struct wsgi_validator validator;
static struct wsgi_buf answer, logged;
static int logged_status;
static uint64_t logged_bytes;
static pthread_t serving;
static int served;

static int log_write(struct wsgi_errors *e, const char *data, size_t len)
{
	(void)e;
	return wsgi_buf_add(&logged, data, len);
}

static struct wsgi_errors errors = {.write = log_write};

static struct wsgi_errors *get_stderr(struct wsgi_request_handler *r)
{
	(void)r;
	return &errors;
}

static void log_request(struct wsgi_request_handler *r, int status, uint64_t body_bytes)
{
	(void)r;
	logged_status = status;
	logged_bytes = body_bytes;
}

static const struct wsgi_request_handler_ops handler_class = {.get_stderr = get_stderr,
							      .log_request = log_request};

static void given_a_server(void)
{
	struct wsgi_server_config config = wsgi_server_default_config;
	int rc;

	config.address = "127.0.0.1:0";
	config.handler_class = &handler_class;
	rc = wsgi_server_create(&server, &config, &err);
	ck_assert_msg(rc == 0, "%s", err.text);
}

static void tear_down(void)
{
	wsgi_server_destroy(server);
	wsgi_buf_finish(&answer);
	wsgi_buf_finish(&logged);
}

static void *serve(void *arg)
{
	(void)arg;
	served = wsgi_server_handle_request(server, SECONDS * 1000, &err);
	return NULL;
}

static const char *text_of(struct wsgi_buf *b)
{
	ck_assert_int_eq(wsgi_buf_reserve(b, 1), 0);
	b->data[b->len] = '\0';
	return b->data;
}

/* -- a client ---------------------------------------------------------------------------------- */

static int dial(void)
{
	const char *address = wsgi_server_address(server);
	const struct timeval bound = {.tv_sec = SECONDS};
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1))};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound)), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* Read on until the answer has want bytes, or is at its end. */
static void receive(int fd, size_t want)
{
	ssize_t n = 1;

	while (n > 0 && answer.len < want) {
		ck_assert_int_eq(wsgi_buf_reserve(&answer, 65536), 0);
		n = recv(fd, answer.data + answer.len, 65536, 0);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			answer.len += (size_t)n;
	}
	ck_assert_int_ge(n, 0);
}

static int when_asked(struct wsgi_app *a, const char *request, size_t len)
{
	int fd;

	wsgi_server_set_app(server, a);
	ck_assert_int_eq(pthread_create(&serving, NULL, serve, NULL), 0);
	fd = dial();
	for (ssize_t n; len > 0; request += n, len -= (size_t)n) {
		n = send(fd, request, len, MSG_NOSIGNAL);
		ck_assert_int_gt(n, 0);
	}
	return fd;
}

static void then_answered(int fd)
{
	receive(fd, SIZE_MAX);
	close(fd);
	ck_assert_int_eq(pthread_join(serving, NULL), 0);
	ck_assert_int_eq(served, 1);
}

static void when_got(struct wsgi_app *a, const char *request)
{
	then_answered(when_asked(a, request, strlen(request)));
}

#define GET "GET / HTTP/1.0\r\n\r\n"

static void then_line_is(const char *line)
{
	const char *text = text_of(&answer), *status = strchr(text, ' ');

	ck_assert_ptr_nonnull(status);
	ck_assert_msg(strncmp(status + 1, line, strlen(line)) == 0, "%s is not %s", text, line);
}

static void then_has(const char *header)
{
	ck_assert_msg(strcasestr(text_of(&answer), header) != NULL, "no %s in %s", header,
		      answer.data);
}

static void then_body_is(const char *body)
{
	const char *blank = strstr(text_of(&answer), "\r\n\r\n");

	ck_assert_ptr_nonnull(blank);
	ck_assert_str_eq(blank + 4, body);
}

/* -- the applications -------------------------------------------------------------------------- */

static const struct wsgi_header plain[] = {{"Content-Type", "text/plain"}, {"Date", JUNE}};

static int answer_with(struct wsgi_start *start, struct wsgi_body **body, const char *text)
{
	int rc = start->respond(start, "200 OK", plain, LEN(plain), NULL);

	if (rc != 0)
		return rc;
	*body = wsgi_bytes_body(text, strlen(text));
	return *body != NULL ? 0 : -ENOMEM;
}

static int call_hello(struct wsgi_app *a, const struct wsgi_environ *env, struct wsgi_start *start,
		      struct wsgi_body **body)
{
	(void)a;
	(void)env;
	return answer_with(start, body, "Hello, world!");
}

static int call_header(struct wsgi_app *a, const struct wsgi_environ *env, struct wsgi_start *start,
		       struct wsgi_body **body)
{
	struct wsgi_buf text = {0};
	int rc = wsgi_buf_addf(&text, "%s;%s;%s", wsgi_environ_get(env, "HTTP_X_TEST_HEADER"),
			       wsgi_environ_get(env, "QUERY_STRING"),
			       wsgi_environ_get(env, "PATH_INFO"));

	(void)a;
	if (rc == 0)
		rc = answer_with(start, body, text_of(&text));
	wsgi_buf_finish(&text);
	return rc;
}

static int call_path(struct wsgi_app *a, const struct wsgi_environ *env, struct wsgi_start *start,
		     struct wsgi_body **body)
{
	(void)a;
	return answer_with(start, body, wsgi_environ_get(env, "PATH_INFO"));
}

static int call_bad_header(struct wsgi_app *a, const struct wsgi_environ *env,
			   struct wsgi_start *start, struct wsgi_body **body)
{
	static const struct wsgi_header bad = {"Content-Type", "text/plain\n"};

	(void)a;
	(void)env;
	(void)body;
	return start->respond(start, "200 OK", &bad, 1, NULL);
}

static int call_bad_read(struct wsgi_app *a, const struct wsgi_environ *env,
			 struct wsgi_start *start, struct wsgi_body **body)
{
	char byte;
	ssize_t n = env->input->read(env->input, &byte, 0);

	(void)a;
	return n < 0 ? (int)n : answer_with(start, body, "data");
}

static const char *bad_status;

static int call_bad_status(struct wsgi_app *a, const struct wsgi_environ *env,
			   struct wsgi_start *start, struct wsgi_body **body)
{
	(void)a;
	(void)env;
	return wsgi_reply(start, body, bad_status, "text/plain; charset=utf-8", "Hello, world!");
}

static int call_large(struct wsgi_app *a, const struct wsgi_environ *env, struct wsgi_start *start,
		      struct wsgi_body **body)
{
	char *zeros = calloc(1, LARGE);
	int rc = start->respond(start, "200 OK", NULL, 0, NULL);

	(void)a;
	(void)env;
	if (rc == 0 && zeros != NULL)
		*body = wsgi_bytes_body(zeros, LARGE);
	free(zeros);
	return rc == 0 && *body == NULL ? -ENOMEM : rc;
}

/* The application, or the validator around it. */
static struct wsgi_app *given_app(int (*call)(struct wsgi_app *, const struct wsgi_environ *,
					      struct wsgi_start *, struct wsgi_body **),
				  bool validated)
{
	app = (struct wsgi_app){.call = call};
	wsgi_validator_init(&validator, &app);
	return validated ? &validator.app : &app;
}

/* -- the cases --------------------------------------------------------------------------------- */

START_TEST(hello_plain_and_validated)
{
	when_got(given_app(call_hello, _i), GET);
	then_line_is("200 OK");
	then_has("\r\nContent-Type: text/plain\r\n");
	then_has("\r\nDate: " JUNE "\r\n");
	then_has("\r\nContent-Length: 13\r\n");
	then_has("\r\nServer: libwsgi/");
	ck_assert_ptr_null(strstr(strstr(answer.data, "\r\nDate: ") + 1, "\r\nDate: "));
	then_body_is("Hello, world!");
	ck_assert_str_eq(text_of(&logged), "");
}
END_TEST

START_TEST(a_header_that_is_repeated_is_joined_and_the_path_is_decoded)
{
	when_got(given_app(call_header, false),
		 "GET /p%61th/?query=test HTTP/1.0\r\nX-Test-Header: Python test \r\n"
		 "X-Test-Header: Python test 2\r\nContent-Length: 0\r\n\r\n");
	then_body_is("Python test,Python test 2;query=test;/path/");
}
END_TEST

START_TEST(a_request_line_may_be_too_long)
{
	static char request[LONG + 32] = "GET ";

	memset(request + 4, 'x', LONG);
	strcpy(request + 4 + LONG, " HTTP/1.0\r\n\r\n");
	when_got(given_app(call_hello, false), request);
	then_line_is("414 ");
}
END_TEST

static const struct {
	int (*call)(struct wsgi_app *, const struct wsgi_environ *, struct wsgi_start *,
		    struct wsgi_body **);
	const char *status;
	bool validated;
	const char *logged;
} errors_made[] = {
	{call_bad_header, NULL, true, "a header value must not include control characters"},
	{call_bad_read, NULL, true, "read"},
	{call_bad_status, "200", false, "Status must be at least 4 characters\n"},
	{call_bad_status, "20X OK", false, "Status message must begin w/3-digit code\n"},
	{call_bad_status, "200OK", false, "Status message must have a space after code\n"},
};

START_TEST(an_error_of_the_applications_is_a_page_and_a_line_of_the_log)
{
	bad_status = errors_made[_i].status;
	when_got(given_app(errors_made[_i].call, errors_made[_i].validated), GET);
	then_line_is("500 ");
	then_body_is(PAGE);
	ck_assert_msg(strstr(text_of(&logged), errors_made[_i].logged) != NULL, "%s", logged.data);
	if (!errors_made[_i].validated)
		ck_assert_str_eq(logged.data, errors_made[_i].logged);
}
END_TEST

START_TEST(status_and_bytes_are_logged)
{
	bad_status = "200 OK";
	when_got(given_app(call_bad_status, true), GET);
	then_line_is("200 OK");
	then_has("\r\nContent-Type: text/plain; charset=utf-8\r\n");
	ck_assert_int_eq(logged_status, 200);
	ck_assert_uint_eq(logged_bytes, strlen("Hello, world!"));
}
END_TEST

START_TEST(a_path_is_bytes)
{
	when_got(given_app(call_path, true), "GET /\x80%80 HTTP/1.0\r\n\r\n");
	then_line_is("200 OK");
	then_body_is("/\x80\x80");
}
END_TEST

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
	(void)number;
	interrupted++;
}

START_TEST(a_signal_while_it_is_sent_costs_a_response_nothing)
{
	const struct sigaction on = {.sa_handler = interrupt};
	struct sigaction before;
	const char *blank;
	int fd;

	ck_assert_int_eq(sigaction(SIGUSR1, &on, &before), 0);
	fd = when_asked(given_app(call_large, false), GET, strlen(GET));
	receive(fd, 100);
	for (int i = 0; i < 50; i++) {
		kill(getpid(), SIGUSR1);
		pthread_kill(serving, SIGUSR1);
		receive(fd, answer.len + 10000);
	}
	ck_assert_int_gt(interrupted, 0);
	then_answered(fd);
	sigaction(SIGUSR1, &before, NULL);
	blank = strstr(text_of(&answer), "\r\n\r\n");
	ck_assert_ptr_nonnull(blank);
	ck_assert_uint_eq(answer.len - (size_t)(blank + 4 - answer.data), LARGE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wsgiref integration");
	TCase *tc = tcase_create("integration");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_server, tear_down);
	tcase_set_timeout(tc, 3 * SECONDS);
	tcase_add_loop_test(tc, hello_plain_and_validated, 0, 2);
	tcase_add_test(tc, a_header_that_is_repeated_is_joined_and_the_path_is_decoded);
	tcase_add_test(tc, a_request_line_may_be_too_long);
	tcase_add_loop_test(tc, an_error_of_the_applications_is_a_page_and_a_line_of_the_log, 0,
			    LEN(errors_made));
	tcase_add_test(tc, status_and_bytes_are_logged);
	tcase_add_test(tc, a_path_is_bytes);
	tcase_add_test(tc, a_signal_while_it_is_sent_costs_a_response_nothing);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
