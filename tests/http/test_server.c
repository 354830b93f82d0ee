#include "http/server.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

/* A server in this process, and a client that speaks bytes, so that nothing is put right on the
 * way. */
static struct wsgi_http_server *server;
static struct wsgi_log nowhere = {.fd = -1, .program = "test"};
static int listening, client;
static void (*serving)(struct wsgi_http_request *req);
static atomic_int served;
static char answer[4 * 1024 * 1024];
static size_t answer_len;

static void serve(void *ctx, struct wsgi_http_request *req)
{
	(void)ctx;
	served++;
	serving(req);
}

static void write_text(struct wsgi_http_request *req, const char *text)
{
	req->output.write(&req->output, text, strlen(text));
}

static void say_hello(struct wsgi_http_request *req)
{
	write_text(req, "Status: 200 OK\r\nContent-Length: 5\r\n\r\nhello");
}

static void set_up(void)
{
	const struct wsgi_http_ops ops = {.serve = serve};
	struct wsgi_http_config config = {
		.software = "test/1",
		.limits = wsgi_http_default_limits,
		.ops = &ops,
		.log = &nowhere,
	};
	struct sockaddr_in addr = {.sin_family = AF_INET};
	struct wsgi_error err = {0};

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listening, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(listen(listening, 16), 0);
	config.fd = listening;
	config.limits.threads = 4;
	config.limits.spool_bytes = 4000000;
	serving = say_hello;
	served = 0;
	client = -1;
	ck_assert_msg(wsgi_http_server_create(&server, &config, &err) == 0, "%s", err.text);
}

static void tear_down(void)
{
	if (client != -1)
		close(client);
	wsgi_http_server_destroy(server);
	close(listening);
}

static void connect_client(void)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);

	ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&addr, &len), 0);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(client, (struct sockaddr *)&addr, sizeof(addr)), 0);
}

static void send_bytes(const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(client, data, len, MSG_NOSIGNAL);

		ck_assert_int_gt(n, 0);
		data += n;
		len -= (size_t)n;
	}
}

static void send_text(const char *text)
{
	send_bytes(text, strlen(text));
}

/* Reads until the end or until text has come. */
static void receive_until(const char *text)
{
	struct pollfd p = {.fd = client, .events = POLLIN};
	ssize_t n = 1;

	while (n > 0 && (text == NULL || strstr(answer, text) == NULL)) {
		ck_assert_msg(poll(&p, 1, 10000) == 1, "no answer within 10 s: '%s'", answer);
		n = recv(client, answer + answer_len, sizeof(answer) - 1 - answer_len, 0);
		if (n > 0)
			answer_len += (size_t)n;
		answer[answer_len] = '\0';
	}
}

static void when_sent(const char *text)
{
	connect_client();
	answer_len = 0;
	answer[0] = '\0';
	send_text(text);
	receive_until(NULL);
}

#define CLOSE "Host: h\r\nConnection: close\r\n\r\n"

START_TEST(a_request_is_answered)
{
	when_sent("GET / HTTP/1.1\r\n" CLOSE);
	ck_assert_ptr_nonnull(strstr(answer, "HTTP/1.1 200 OK\r\n"));
	ck_assert_ptr_nonnull(strstr(answer, "\r\nContent-Length: 5\r\n"));
	ck_assert_ptr_nonnull(strstr(answer, "\r\nServer: test/1\r\n"));
	ck_assert_ptr_nonnull(strstr(answer, "\r\nDate: "));
	ck_assert_ptr_nonnull(strstr(answer, "\r\n\r\nhello"));
}
END_TEST

START_TEST(requests_follow_each_other_on_one_connection)
{
	when_sent("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
		  "GET /3 HTTP/1.1\r\n" CLOSE);
	ck_assert_int_eq(served, 3);
	ck_assert_ptr_nonnull(strstr(strstr(strstr(answer, "hello") + 5, "hello") + 5, "hello"));
}
END_TEST

static void say_in_pieces(struct wsgi_http_request *req)
{
	write_text(req, "Content-Type: text/plain\n\n");
	write_text(req, "one");
	req->output.flush(&req->output);
	write_text(req, "two");
}

START_TEST(a_body_of_unknown_length_is_chunked)
{
	serving = say_in_pieces;
	when_sent("GET / HTTP/1.1\r\n" CLOSE);
	ck_assert_ptr_nonnull(strstr(answer, "\r\nTransfer-Encoding: chunked\r\n"));
	ck_assert_str_eq(answer + answer_len - 5, "0\r\n\r\n");
}
END_TEST

START_TEST(on_http_1_0_it_runs_to_the_end_of_the_connection)
{
	serving = say_in_pieces;
	when_sent("GET / HTTP/1.0\r\n\r\n");
	ck_assert_ptr_null(strstr(answer, "chunked"));
	ck_assert_str_eq(answer + answer_len - 6, "onetwo");
}
END_TEST

START_TEST(a_head_request_gets_the_length_and_no_body)
{
	when_sent("HEAD / HTTP/1.1\r\n" CLOSE);
	ck_assert_ptr_nonnull(strstr(answer, "\r\nContent-Length: 5\r\n"));
	ck_assert_str_eq(answer + answer_len - 4, "\r\n\r\n");
}
END_TEST

static const struct {
	const char *claim, *request, *response;
} bodiless[] = {
	{"HEAD of a known length", "HEAD", "Content-Length: 5\n\nhello"},
	{"HEAD of an unknown length", "HEAD", "Content-Type: a/b\n\nhello"},
	{"304", "GET", "Status: 304 Not Modified\n\n"},
	{"304 with a length", "GET", "Status: 304 Not Modified\nContent-Length: 5\n\n"},
	{"204", "GET", "Status: 204 No Content\n\n"},
	{"204 with a body", "GET", "Status: 204 No Content\n\nhello"},
};
static int bodiless_i;

static void say_bodiless(struct wsgi_http_request *req)
{
	write_text(req, bodiless[bodiless_i].response);
}

START_TEST(not_a_byte_follows_the_head_where_no_body_is_allowed)
{
	char request[80];

	bodiless_i = _i;
	serving = say_bodiless;
	snprintf(request, sizeof(request), "%s / HTTP/1.1\r\n" CLOSE, bodiless[_i].request);
	when_sent(request);
	ck_assert_msg(strstr(answer, "\r\n\r\n") == answer + answer_len - 4, "%s: %s",
		      bodiless[_i].claim, answer);
	ck_assert_msg(strstr(answer, "chunked") == NULL, "%s", bodiless[_i].claim);
}
END_TEST

static void break_off(struct wsgi_http_request *req)
{
	write_text(req, "Content-Type: text/plain\n\nhalf");
	req->cut = true;
}

START_TEST(a_response_that_is_cut_has_no_last_chunk)
{
	serving = break_off;
	when_sent("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_ptr_nonnull(strstr(answer, "half"));
	ck_assert_ptr_null(strstr(answer, "\r\n0\r\n"));
}
END_TEST

static void break_off_before_the_length(struct wsgi_http_request *req)
{
	write_text(req, "Content-Length: 10\n\nhalf");
}

START_TEST(a_response_shorter_than_its_length_closes_the_connection)
{
	serving = break_off_before_the_length;
	when_sent("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_str_eq(answer + answer_len - 4, "half");
}
END_TEST

static void say_nothing(struct wsgi_http_request *req)
{
	(void)req;
}

START_TEST(no_response_is_a_500)
{
	serving = say_nothing;
	when_sent("GET / HTTP/1.1\r\n" CLOSE);
	ck_assert_ptr_nonnull(strstr(answer, "HTTP/1.1 500 "));
}
END_TEST

static const struct {
	const char *claim, *text, *status;
} refused[] = {
	{"two lengths", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n" CLOSE "x",
	 "400"},
	{"a length and chunks",
	 "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n" CLOSE "0\r\n\r\n",
	 "400"},
	{"a length that is none", "POST / HTTP/1.1\r\nContent-Length: x\r\n" CLOSE, "400"},
	{"an unknown coding", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n" CLOSE, "501"},
	{"a blank before the colon", "POST / HTTP/1.1\r\nContent-Length : 1\r\n" CLOSE "x", "400"},
	{"no Host", "GET / HTTP/1.1\r\n\r\n", "400"},
	{"a target that is no path", "GET foo HTTP/1.1\r\n" CLOSE, "400"},
};

START_TEST(what_is_malformed_is_refused_and_the_connection_closed)
{
	char start[16];

	when_sent(refused[_i].text);
	snprintf(start, sizeof(start), "HTTP/1.1 %s ", refused[_i].status);
	ck_assert_msg(strncmp(answer, start, strlen(start)) == 0, "%s: %.20s", refused[_i].claim,
		      answer);
	ck_assert_int_eq(served, 0);
}
END_TEST

START_TEST(a_refusal_is_logged_with_its_reason_and_its_client)
{
	int ends[2];
	char text[300];
	ssize_t n;

	ck_assert_int_eq(pipe(ends), 0);
	nowhere.fd = ends[1];
	when_sent("GET /a HTTP/1.1\r\n\r\n");
	n = read(ends[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	ck_assert_str_eq(text, "test: answered 400 to 127.0.0.1, a request for /a: "
			       "it has no header Host\n");
	nowhere.fd = -1;
	close(ends[0]);
	close(ends[1]);
}
END_TEST

static void say_in_two_columns(struct wsgi_http_request *req)
{
	write_text(req, "Content-Length: 5\r\nX: a\tb\r\nY:\r\n\r\nhello");
}

START_TEST(a_tab_in_a_header_stays_and_an_empty_one_is_left_out)
{
	serving = say_in_two_columns;
	when_sent("GET / HTTP/1.1\r\n" CLOSE);
	ck_assert_mem_eq(answer, "HTTP/1.1 200 ", 13);
	ck_assert_ptr_nonnull(strstr(answer, "\r\nX: a\tb\r\n"));
	ck_assert_ptr_null(strstr(answer, "\r\nY:"));
}
END_TEST

/* Answers with the number of bytes that came, and their sum. */
static void count_input(struct wsgi_http_request *req)
{
	static _Thread_local unsigned char buf[5000];
	unsigned long len = 0, sum = 0;
	char text[80];
	ssize_t n;

	while ((n = wsgi_input_read(&req->input, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			sum += buf[i];
		len += (unsigned long)n;
	}
	snprintf(text, sizeof(text), "Content-Type: a/b\n\n%ld %lu %lu.", (long)n, len, sum);
	write_text(req, text);
}

START_TEST(a_body_is_read_whole)
{
	serving = count_input;
	when_sent("POST / HTTP/1.1\r\nContent-Length: 3\r\n" CLOSE "\1\2\3");
	ck_assert_ptr_nonnull(strstr(answer, "0 3 6."));
}
END_TEST

START_TEST(a_chunked_body_is_read_whole)
{
	serving = count_input;
	when_sent("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" CLOSE
		  "2\r\n\1\2\r\n1;x=y\r\n\3\r\n0\r\n\r\n");
	ck_assert_ptr_nonnull(strstr(answer, "0 3 6."));
}
END_TEST

START_TEST(a_long_body_is_read_whole)
{
	static char piece[1000000];

	serving = count_input;
	memset(piece, 1, sizeof(piece));
	connect_client();
	send_text("POST / HTTP/1.1\r\nContent-Length: 5000000\r\n" CLOSE);
	for (int i = 0; i < 5; i++)
		send_bytes(piece, sizeof(piece));
	answer_len = 0;
	receive_until(NULL);
	ck_assert_ptr_nonnull(strstr(answer, "0 5000000 5000000."));
}
END_TEST

START_TEST(a_body_one_byte_longer_than_the_buffer_is_read_whole)
{
	static char piece[64 * 1024 + 1];

	serving = count_input;
	memset(piece, 1, sizeof(piece));
	connect_client();
	send_text("POST / HTTP/1.1\r\nContent-Length: 65537\r\n" CLOSE);
	send_bytes(piece, sizeof(piece));
	answer_len = 0;
	receive_until(NULL);
	ck_assert_ptr_nonnull(strstr(answer, "0 65537 65537."));
}
END_TEST

START_TEST(a_body_that_nobody_reads_does_not_disturb_the_next_request)
{
	static char piece[1000000];

	memset(piece, 'x', sizeof(piece));
	connect_client();
	send_text("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
	send_bytes(piece, sizeof(piece));
	send_text("GET / HTTP/1.1\r\n" CLOSE);
	answer_len = 0;
	receive_until(NULL);
	ck_assert_int_eq(served, 2);
	ck_assert_ptr_nonnull(strstr(strstr(answer, "hello") + 5, "HTTP/1.1 200 OK"));
}
END_TEST

static atomic_long echoed;

/* Writes each piece as it is read, as no client would have to wait for. */
static void echo(struct wsgi_http_request *req)
{
	static _Thread_local char buf[3000];
	ssize_t n;

	write_text(req, "Content-Type: a/b\n\n");
	req->output.flush(&req->output);
	while ((n = wsgi_input_read(&req->input, buf, sizeof(buf))) > 0) {
		req->output.write(&req->output, buf, (size_t)n);
		req->output.flush(&req->output);
		echoed += n;
	}
}

START_TEST(an_answer_may_begin_before_the_body_is_read)
{
	static char piece[1000000];

	serving = echo;
	echoed = 0;
	memset(piece, 'x', sizeof(piece));
	connect_client();
	send_text("POST / HTTP/1.0\r\nContent-Length: 3000000\r\n\r\n");
	for (int i = 0; i < 3; i++)
		send_bytes(piece, sizeof(piece));
	answer_len = 0;
	receive_until(NULL);
	ck_assert_int_eq(echoed, 3000000);
	ck_assert_uint_gt(answer_len, 3000000);
}
END_TEST

START_TEST(a_client_that_expects_100_continue_gets_it_when_the_body_is_read)
{
	serving = count_input;
	connect_client();
	send_text("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n" CLOSE);
	answer_len = 0;
	receive_until("\r\n\r\n");
	ck_assert_str_eq(answer, "HTTP/1.1 100 Continue\r\n\r\n");
	send_text("\1\1");
	receive_until(NULL);
	ck_assert_ptr_nonnull(strstr(answer, "0 2 2."));
}
END_TEST

static void refuse_body(struct wsgi_http_request *req)
{
	write_text(req, "Status: 413 Too Large\nContent-Length: 0\n\n");
	req->output.flush(&req->output);
}

START_TEST(and_is_spared_it_when_the_body_is_not_wanted)
{
	serving = refuse_body;
	when_sent("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 200\r\n" CLOSE);
	ck_assert_int_eq(strncmp(answer, "HTTP/1.1 413 ", 13), 0);
}
END_TEST

static atomic_int failure;

static void write_for_ever(struct wsgi_http_request *req)
{
	static const char block[10000];
	int rc = 0;

	write_text(req, "Content-Type: a/b\n\n");
	while (rc == 0)
		rc = req->output.write(&req->output, block, sizeof(block));
	failure = rc;
}

START_TEST(who_writes_is_told_that_the_client_left)
{
	serving = write_for_ever;
	failure = 0;
	connect_client();
	send_text("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	answer_len = 0;
	receive_until("HTTP");
	close(client);
	client = -1;
	for (int i = 0; i < 1000 && failure == 0; i++)
		poll(NULL, 0, 10);
	ck_assert_int_eq(failure, -EPIPE);
}
END_TEST

static void read_for_ever(struct wsgi_http_request *req)
{
	static _Thread_local char buf[100];
	ssize_t n = 1;

	while (n > 0)
		n = req->input.read(&req->input, buf, sizeof(buf));
	failure = (int)n;
}

START_TEST(who_reads_is_told_that_the_client_left)
{
	serving = read_for_ever;
	failure = 0;
	connect_client();
	send_text("POST / HTTP/1.1\r\nContent-Length: 9\r\n" CLOSE "12");
	close(client);
	client = -1;
	for (int i = 0; i < 1000 && failure == 0; i++)
		poll(NULL, 0, 10);
	ck_assert_int_eq(failure, -ECONNRESET);
}
END_TEST

START_TEST(a_stop_lets_the_request_end_that_has_begun)
{
	serving = say_in_pieces;
	connect_client();
	send_text("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	while (served == 0)
		poll(NULL, 0, 1);
	ck_assert_uint_eq(wsgi_http_server_stop(server, 10000), 0);
	answer_len = 0;
	wsgi_http_server_destroy(server);
	server = NULL;
	receive_until(NULL);
	ck_assert_str_eq(answer + answer_len - 5, "0\r\n\r\n");
}
END_TEST

static int stopped_in_ms;

static void *stop(void *arg)
{
	const int64_t begin = wsgi_clock_ms();

	(void)arg;
	ck_assert_uint_eq(wsgi_http_server_stop(server, 10000), 0);
	stopped_in_ms = (int)(wsgi_clock_ms() - begin);
	return NULL;
}

static void *stop_and_destroy(void *arg)
{
	stop(arg);
	wsgi_http_server_destroy(server);
	server = NULL;
	return NULL;
}

/* A client that the server has accepted, and that has said nothing. */
static void given_a_silent_client(void)
{
	int waiting = 1;

	connect_client();
	for (int i = 0; i < 1000 && waiting > 0; i++) {
		struct pollfd p = {.fd = listening, .events = POLLIN};

		waiting = poll(&p, 1, 0);
		poll(NULL, 0, 1);
	}
	ck_assert_int_eq(waiting, 0);
}

START_TEST(a_stop_hears_who_has_just_connected)
{
	pthread_t thread;

	given_a_silent_client();
	ck_assert_int_eq(pthread_create(&thread, NULL, stop_and_destroy, NULL), 0);
	poll(NULL, 0, 50);
	send_text("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	answer_len = 0;
	receive_until(NULL);
	pthread_join(thread, NULL);
	ck_assert_ptr_nonnull(strstr(answer, "\r\nConnection: close\r\n"));
	ck_assert_ptr_nonnull(strstr(answer, "\r\n\r\nhello"));
}
END_TEST

START_TEST(a_stop_does_not_wait_long_for_a_client_that_says_nothing)
{
	given_a_silent_client();
	stop(NULL);
	ck_assert_int_ge(stopped_in_ms, 200);
	ck_assert_int_lt(stopped_in_ms, 2000);
}
END_TEST

static void stop_after_an_answer_and_a_client_that_left(void)
{
	connect_client();
	answer_len = 0;
	send_text("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	receive_until("hello");
	given_a_silent_client();
	close(client);
	client = -1;
	poll(NULL, 0, 50);
	stop(NULL);
}

START_TEST(a_stop_does_not_wait_for_who_has_been_answered_or_has_left)
{
	stop_after_an_answer_and_a_client_that_left();
	for (int i = 0; i < 4 && stopped_in_ms >= 150; i++) { /* on a machine that is busy */
		tear_down();
		set_up();
		stop_after_an_answer_and_a_client_that_left();
	}
	ck_assert_int_lt(stopped_in_ms, 150);
}
END_TEST

START_TEST(the_end_does_not_wait_for_a_client_that_does_not_read)
{
	serving = write_for_ever;
	connect_client();
	send_text("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	while (served == 0)
		poll(NULL, 0, 1);
	ck_assert_uint_eq(wsgi_http_server_stop(server, 50), 1);
	ck_assert_uint_eq(wsgi_http_server_await(server, 10000), 0);
	wsgi_http_server_destroy(server);
	server = NULL;
}
END_TEST

START_TEST(an_upload_beside_an_answer_that_nobody_reads_ends_at_a_limit)
{
	static char piece[1000000];
	ssize_t n = 1;

	serving = write_for_ever;
	failure = 0;
	connect_client();
	send_text("POST / HTTP/1.1\r\nContent-Length: 100000000\r\n" CLOSE);
	for (int i = 0; i < 100 && n > 0; i++)
		n = send(client, piece, sizeof(piece), MSG_NOSIGNAL);
	ck_assert_int_eq(n, -1);
	for (int i = 0; i < 1000 && failure == 0; i++)
		poll(NULL, 0, 10);
	ck_assert_int_eq(failure, -EPIPE);
}
END_TEST

static atomic_bool stay;

static void stay_for_a_while(struct wsgi_http_request *req)
{
	(void)req;
	while (stay)
		poll(NULL, 0, 1);
}

START_TEST(a_stop_says_how_many_requests_are_left)
{
	serving = stay_for_a_while;
	stay = true;
	for (int i = 1; i <= 2; i++) {
		connect_client();
		send_text("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
		while (served < i)
			poll(NULL, 0, 1);
		close(client); /* gone, but it is served all the same */
		client = -1;
	}
	ck_assert_uint_eq(wsgi_http_server_stop(server, 50), 2);
	ck_assert_uint_eq(wsgi_http_server_await(server, 50), 2);
	stay = false;
	ck_assert_uint_eq(wsgi_http_server_await(server, 10000), 0);
}
END_TEST

/* Whether a connection of the server's is open in this process. */
static bool has_connection(void)
{
	struct sockaddr_in own, addr;
	socklen_t len = sizeof(own);

	ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&own, &len), 0);
	for (int fd = 3; fd < 100; fd++) {
		len = sizeof(addr);
		if (fd != listening && getsockname(fd, (struct sockaddr *)&addr, &len) == 0 &&
		    addr.sin_family == AF_INET && addr.sin_port == own.sin_port)
			return true;
	}
	return false;
}

/* What a child of the application can do: 0, or which of these it could not. */
static int look_around_in_child(struct wsgi_http_request *req)
{
	char byte;

	if (req->input.read(&req->input, &byte, 1) != -ECONNRESET)
		return 1;
	if (req->output.write(&req->output, "X: y\n\nz", 7) != -EPIPE)
		return 2;
	if (req->output.flush(&req->output) != -EPIPE)
		return 3;
	return has_connection() ? 4 : 0;
}

static void fork_and_say(struct wsgi_http_request *req)
{
	int status = 0;
	pid_t pid;

	ck_assert(has_connection());
	wsgi_http_server_hold(server);
	pid = fork();
	if (pid == 0) {
		wsgi_http_server_forget(server);
		_exit(look_around_in_child(req));
	}
	wsgi_http_server_go_on(server);
	waitpid(pid, &status, 0);
	failure = status;
	say_hello(req);
}

START_TEST(a_forked_child_has_nothing_of_the_server)
{
	serving = fork_and_say;
	failure = -1;
	when_sent("POST / HTTP/1.1\r\nContent-Length: 200000\r\nExpect: 100-continue\r\n" CLOSE);
	ck_assert_int_eq(failure, 0);
	ck_assert_ptr_nonnull(strstr(answer, "\r\n\r\nhello"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("server");
	TCase *tc = tcase_create("wire");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_request_is_answered);
	tcase_add_test(tc, requests_follow_each_other_on_one_connection);
	tcase_add_test(tc, a_body_of_unknown_length_is_chunked);
	tcase_add_test(tc, on_http_1_0_it_runs_to_the_end_of_the_connection);
	tcase_add_test(tc, a_head_request_gets_the_length_and_no_body);
	tcase_add_loop_test(tc, not_a_byte_follows_the_head_where_no_body_is_allowed, 0,
			    (int)(sizeof(bodiless) / sizeof(bodiless[0])));
	tcase_add_test(tc, a_response_that_is_cut_has_no_last_chunk);
	tcase_add_test(tc, a_response_shorter_than_its_length_closes_the_connection);
	tcase_add_test(tc, no_response_is_a_500);
	tcase_add_loop_test(tc, what_is_malformed_is_refused_and_the_connection_closed, 0,
			    (int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(tc, a_refusal_is_logged_with_its_reason_and_its_client);
	tcase_add_test(tc, a_tab_in_a_header_stays_and_an_empty_one_is_left_out);
	tcase_add_test(tc, a_body_is_read_whole);
	tcase_add_test(tc, a_chunked_body_is_read_whole);
	tcase_add_test(tc, a_long_body_is_read_whole);
	tcase_add_loop_test(tc, a_body_one_byte_longer_than_the_buffer_is_read_whole, 0, 20);
	tcase_add_test(tc, a_body_that_nobody_reads_does_not_disturb_the_next_request);
	tcase_add_test(tc, an_answer_may_begin_before_the_body_is_read);
	tcase_add_test(tc, a_client_that_expects_100_continue_gets_it_when_the_body_is_read);
	tcase_add_test(tc, and_is_spared_it_when_the_body_is_not_wanted);
	tcase_add_test(tc, who_writes_is_told_that_the_client_left);
	tcase_add_loop_test(tc, who_reads_is_told_that_the_client_left, 0, 20);
	tcase_add_test(tc, a_stop_lets_the_request_end_that_has_begun);
	tcase_add_test(tc, a_stop_hears_who_has_just_connected);
	tcase_add_test(tc, a_stop_does_not_wait_long_for_a_client_that_says_nothing);
	tcase_add_test(tc, a_stop_does_not_wait_for_who_has_been_answered_or_has_left);
	tcase_add_test(tc, the_end_does_not_wait_for_a_client_that_does_not_read);
	tcase_add_test(tc, an_upload_beside_an_answer_that_nobody_reads_ends_at_a_limit);
	tcase_add_test(tc, a_stop_says_how_many_requests_are_left);
	tcase_add_loop_test(tc, a_forked_child_has_nothing_of_the_server, 0, 20);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
