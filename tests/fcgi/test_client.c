#include "fcgi/client.h"

#include <check.h>
#include <errno.h>
#include <fastcgi.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * A backend that is a script: for each connection it reads until the request's empty STDIN record
 * has come (or does not read at all), then sends given bytes, then closes or stays.
 */
struct turn {
	const char *bytes; /* NULL: nothing */
	size_t len;
	bool deaf; /* answers without reading */
	bool stay; /* goes on with the next turn on the same connection */
};

static char path[64], address[80];
static int listening;
static struct turn turns[4]; /* copies: the backend outlives the function that gave them */
static size_t turns_len;
static atomic_size_t connections;
static char request[8 * 1024 * 1024]; /* what the backend has read of the last turn */
static size_t request_len;
static pthread_t backend;

static struct wsgi_fcgi_client *client;
static struct wsgi_fcgi_client_limits limits;
static struct wsgi_environ params;
static struct wsgi_error err;
static char output[8 * 1024 * 1024], errors[4096];
static size_t output_len, errors_len, input_left;
static int output_fails, input_fails;
static struct wsgi_fcgi_call call;

/* -- the streams ------------------------------------------------------------------------------- */

static int write_output(struct wsgi_output *out, const void *data, size_t len)
{
	(void)out;
	if (output_fails != 0)
		return output_fails;
	memcpy(output + output_len, data, len);
	output_len += len;
	return 0;
}

static int flush_output(struct wsgi_output *out)
{
	(void)out;
	return output_fails;
}

static int write_errors(struct wsgi_errors *e, const char *data, size_t len)
{
	(void)e;
	memcpy(errors + errors_len, data, len);
	errors_len += len;
	return 0;
}

static ssize_t read_input(struct wsgi_input *in, void *buf, size_t len)
{
	(void)in;
	if (input_fails != 0)
		return input_fails;
	len = len < input_left ? len : input_left;
	memset(buf, 'i', len);
	input_left -= len;
	return (ssize_t)len;
}

static struct wsgi_output out = {.write = write_output, .flush = flush_output};
static struct wsgi_errors log_stream = {.write = write_errors};
static struct wsgi_input in;

/* -- the backend ------------------------------------------------------------------------------- */

/* Whether the records of request end with an empty STDIN. */
static bool request_is_whole(void)
{
	const unsigned char *p = (const unsigned char *)request;
	size_t at = 0, len;

	while (request_len - at >= 8) {
		len = (size_t)(p[at + 4] << 8 | p[at + 5]);
		if (p[at + 1] == FCGI_STDIN && len == 0)
			return true;
		at += 8 + len + p[at + 6];
	}
	return false;
}

static void read_request(int fd)
{
	ssize_t n = 1;

	request_len = 0;
	while (n > 0 && !request_is_whole()) {
		n = recv(fd, request + request_len, sizeof(request) - request_len, 0);
		request_len += n > 0 ? (size_t)n : 0;
	}
}

static void send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

static void *run_backend(void *arg)
{
	size_t i = 0;

	(void)arg;
	while (i < turns_len) {
		int fd = accept(listening, NULL, NULL);
		bool stay = true;

		connections++;
		for (; stay && i < turns_len; i++) {
			if (!turns[i].deaf)
				read_request(fd);
			send_all(fd, turns[i].bytes, turns[i].len);
			stay = turns[i].stay;
		}
		close(fd);
	}
	return NULL;
}

/* -- given, when ------------------------------------------------------------------------------- */

static void set_up(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	snprintf(path, sizeof(path), "/tmp/wsgi-test-%ld.sock", (long)getpid());
	snprintf(address, sizeof(address), "unix:%s", path);
	strcpy(un.sun_path, path);
	unlink(path);
	listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listening, (struct sockaddr *)&un, sizeof(un)), 0);
	ck_assert_int_eq(listen(listening, 8), 0);
	limits = wsgi_fcgi_client_default_limits;
	wsgi_environ_init(&params);
	wsgi_environ_set(&params, "REQUEST_METHOD", "GET");
	wsgi_input_init(&in, read_input, UINT64_MAX);
	output_len = errors_len = input_left = 0;
	connections = 0;
	output_fails = input_fails = 0;
	call = (struct wsgi_fcgi_call){.params = &params, .output = &out, .errors = &log_stream};
	client = NULL;
	err = (struct wsgi_error){0};
}

static void given_a_backend(const struct turn *t, size_t n)
{
	memcpy(turns, t, n * sizeof(*t));
	turns_len = n;
	pthread_create(&backend, NULL, run_backend, NULL);
	ck_assert_int_eq(wsgi_fcgi_client_create(&client, address, &limits, &err), 0);
}

static void tear_down(void)
{
	wsgi_fcgi_client_destroy(client);
	if (turns_len > 0)
		pthread_join(backend, NULL);
	turns_len = 0;
	close(listening);
	unlink(path);
	wsgi_environ_finish(&params);
}

static int when_called(void)
{
	output_len = 0;
	memset(output, 0, 64);
	return wsgi_fcgi_client_call(client, &call, &err);
}

/* A record with literal content; ID 1. */
#define RECORD(type, len, content) "\1" type "\0\1\0" len "\0\0" content
#define STDOUT(len, content) RECORD("\6", len, content)
#define STDERR(len, content) RECORD("\7", len, content)
#define END RECORD("\3", "\10", "\0\0\0\0\0\0\0\0")
#define TURN(text) .bytes = (text), .len = sizeof(text) - 1

static const struct turn hello = {TURN(STDOUT("\5", "hello") STDOUT("\0", "") END)};

START_TEST(what_the_backend_says_is_the_response)
{
	given_a_backend(&hello, 1);
	ck_assert_int_eq(when_called(), 0);
	ck_assert_str_eq(output, "hello");
}
END_TEST

START_TEST(the_request_goes_out_in_records)
{
	static const char wanted[] = "\1\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0" /* BEGIN, KEEP_CONN */
				     "\1\4\0\1\0\23\0\0\16\3REQUEST_METHODGET"
				     "\1\4\0\1\0\0\0\0"
				     "\1\5\0\1\0\0\0\0";

	given_a_backend(&hello, 1);
	when_called();
	ck_assert_uint_eq(request_len, sizeof(wanted) - 1);
	ck_assert_mem_eq(request, wanted, sizeof(wanted) - 1);
}
END_TEST

START_TEST(padding_other_ids_and_other_types_do_no_harm)
{
	static const struct turn t = {TURN("\1\6\0\1\0\2\3\0hePPP"
					   "\1\6\0\2\0\3\0\0foo"   /* another id */
					   "\1\12\0\0\0\4\0\0abcd" /* GET_VALUES_RESULT */
					   STDERR("\4", "oops") "\1\6\0\1\0\3\1\0lloP" END)};

	given_a_backend(&t, 1);
	ck_assert_int_eq(when_called(), 0);
	ck_assert_str_eq(output, "hello");
	ck_assert_mem_eq(errors, "oops", 4);
}
END_TEST

START_TEST(the_application_status_is_told)
{
	static const struct turn t = {TURN(RECORD("\3", "\10", "\0\0\1\2\0\0\0\0"))};

	given_a_backend(&t, 1);
	ck_assert_int_eq(when_called(), 0);
	ck_assert_uint_eq(call.app_status, 258);
}
END_TEST

static const struct {
	const char *claim;
	struct turn turn;
	int rc;
} failures[] = {
	{"it closes without a word", {TURN("")}, -EPROTO},
	{"it closes in the middle", {TURN(STDOUT("\5", "hello"))}, -EPROTO},
	{"it closes within a record", {TURN("\1\6\0\1\0\5\0\0he")}, -EPROTO},
	{"it does not speak FastCGI", {TURN("HTTP/1.1 400 Bad Request\r\n\r\n")}, -EPROTO},
	{"its END_REQUEST is too short", {TURN(RECORD("\3", "\2", "\0\0"))}, -EPROTO},
	{"it is overloaded", {TURN(RECORD("\3", "\10", "\0\0\0\0\2\0\0\0"))}, -EBUSY},
	{"it multiplexes not", {TURN(RECORD("\3", "\10", "\0\0\0\0\1\0\0\0"))}, -EBUSY},
	{"it is no Responder", {TURN(RECORD("\3", "\10", "\0\0\0\0\3\0\0\0"))}, -EBUSY},
};

START_TEST(a_failure_is_told_in_words_that_name_the_backend)
{
	given_a_backend(&failures[_i].turn, 1);
	ck_assert_msg(when_called() == failures[_i].rc, "%s", failures[_i].claim);
	ck_assert_msg(strstr(err.text, path) != NULL, "%s: %s", failures[_i].claim, err.text);
	ck_assert(!call.client_failed);
}
END_TEST

START_TEST(a_silent_backend_is_given_up)
{
	static const struct turn t = {.bytes = NULL, .stay = true};

	limits.silence_ms = 50;
	given_a_backend((const struct turn[]){t, t}, 2);
	ck_assert_int_eq(when_called(), -ETIMEDOUT);
}
END_TEST

START_TEST(no_backend_is_told_in_words)
{
	turns_len = 0;
	close(listening);
	ck_assert_int_eq(wsgi_fcgi_client_create(&client, address, &limits, &err), 0);
	ck_assert_int_eq(when_called(), -ECONNREFUSED);
	ck_assert_ptr_nonnull(strstr(err.text, path));
	unlink(path);
	ck_assert_int_eq(when_called(), -ENOENT);
}
END_TEST

static const char *const bad_addresses[] = {
	"",       "unix:",      "host",    "host:",    ":9000",
	"host:0", "host:70000", "host:9x", "::1:9000", "[]:9",
};

START_TEST(an_address_that_is_none_is_refused)
{
	turns_len = 0;
	ck_assert_msg(wsgi_fcgi_client_create(&client, bad_addresses[_i], &limits, &err) == -EINVAL,
		      "%s", bad_addresses[_i]);
	client = NULL;
}
END_TEST

START_TEST(a_connection_is_used_again)
{
	struct turn t[] = {hello, hello, hello};

	t[0].stay = t[1].stay = true;
	given_a_backend(t, 3);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(when_called(), 0);
	ck_assert_uint_eq(connections, 1);
}
END_TEST

START_TEST(a_kept_connection_that_was_closed_is_replaced)
{
	const struct turn t[] = {hello, hello};

	given_a_backend(t, 2);
	ck_assert_int_eq(when_called(), 0);
	poll(NULL, 0, 50);
	ck_assert_int_eq(when_called(), 0);
	ck_assert_str_eq(output, "hello");
	ck_assert_uint_eq(connections, 2);
}
END_TEST

/* The backend reads the second request on the kept connection and closes it without a word. */
static const struct turn forgetful[] = {
	{TURN(STDOUT("\5", "hello") END), .stay = true},
	{.bytes = NULL},
	{TURN(STDOUT("\5", "again") END)},
};

START_TEST(a_get_that_was_lost_on_a_kept_connection_is_repeated_once)
{
	given_a_backend(forgetful, 3);
	ck_assert_int_eq(when_called(), 0);
	ck_assert_int_eq(when_called(), 0);
	ck_assert_str_eq(output, "again");
}
END_TEST

START_TEST(a_post_that_the_backend_had_as_a_whole_is_not_repeated)
{
	given_a_backend(forgetful, 3);
	ck_assert_int_eq(when_called(), 0);
	wsgi_environ_set(&params, "REQUEST_METHOD", "POST");
	ck_assert_int_eq(when_called(), -EPROTO);
	wsgi_environ_set(&params, "REQUEST_METHOD", "GET");
	ck_assert_int_eq(when_called(), 0); /* the backend's last turn */
}
END_TEST

START_TEST(a_failure_on_a_new_connection_is_not_repeated)
{
	static const struct turn t = {.bytes = NULL};

	given_a_backend(&t, 1);
	ck_assert_int_eq(when_called(), -EPROTO);
	ck_assert_uint_eq(connections, 1);
}
END_TEST

START_TEST(a_body_goes_out_to_its_end)
{
	given_a_backend(&hello, 1);
	call.input = &in;
	input_left = 3000000;
	ck_assert_int_eq(when_called(), 0);
	ck_assert_uint_gt(request_len, 3000000);
	ck_assert_mem_eq(request + request_len - 8, "\1\5\0\1\0\0\0\0", 8);
}
END_TEST

START_TEST(a_body_ends_where_the_input_does)
{
	given_a_backend(&hello, 1);
	call.input = &in;
	input_left = 100;
	in.left = 7;
	ck_assert_int_eq(when_called(), 0);
	ck_assert_uint_eq(input_left, 93);
}
END_TEST

static const char *much(void)
{
	static char records[60 * 65008];
	static const char head[] = "\1\6\0\1\375\350\0"; /* 65000 bytes */

	for (int i = 0; i < 60; i++) {
		memset(records + i * 65008, 'o', 65008);
		memcpy(records + i * 65008, head, sizeof(head));
	}
	return records;
}

START_TEST(much_in_both_directions_does_not_block)
{
	/* It sends all it has before it reads the request: one that only wrote would hang. */
	struct turn t[] = {{.bytes = much(), .len = 60 * 65008, .deaf = true, .stay = true},
			   {TURN(END)}};

	given_a_backend(t, 2);
	call.input = &in;
	input_left = 4000000;
	ck_assert_int_eq(when_called(), 0);
	ck_assert_uint_eq(output_len, 60 * 65000);
	ck_assert_uint_gt(request_len, 4000000);
}
END_TEST

START_TEST(an_answer_before_the_body_was_read_is_heard)
{
	struct turn t = hello;

	t.deaf = true;
	given_a_backend(&t, 1);
	call.input = &in;
	input_left = 50000000;
	ck_assert_int_eq(when_called(), 0);
	ck_assert_str_eq(output, "hello");
	ck_assert_uint_gt(input_left, 0);
}
END_TEST

START_TEST(a_client_that_left_is_no_failure_of_the_backend)
{
	given_a_backend(&hello, 1);
	output_fails = -EPIPE;
	ck_assert_int_eq(when_called(), -EPIPE);
	ck_assert(call.client_failed);
}
END_TEST

START_TEST(a_body_that_breaks_off_is_not_passed_for_whole)
{
	static const struct turn t = {.bytes = NULL};

	given_a_backend(&t, 1);
	call.input = &in;
	input_fails = -ECONNRESET;
	ck_assert_int_eq(when_called(), -ECONNRESET);
	ck_assert(call.client_failed);
	wsgi_fcgi_client_destroy(client);
	client = NULL;
	pthread_join(backend, NULL);
	turns_len = 0;
	ck_assert(!request_is_whole());
}
END_TEST

int main(void)
{
	Suite *s = suite_create("client");
	TCase *tc = tcase_create("call");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, what_the_backend_says_is_the_response);
	tcase_add_test(tc, the_request_goes_out_in_records);
	tcase_add_test(tc, padding_other_ids_and_other_types_do_no_harm);
	tcase_add_test(tc, the_application_status_is_told);
	tcase_add_loop_test(tc, a_failure_is_told_in_words_that_name_the_backend, 0,
			    (int)(sizeof(failures) / sizeof(failures[0])));
	tcase_add_test(tc, a_silent_backend_is_given_up);
	tcase_add_test(tc, no_backend_is_told_in_words);
	tcase_add_loop_test(tc, an_address_that_is_none_is_refused, 0,
			    (int)(sizeof(bad_addresses) / sizeof(bad_addresses[0])));
	tcase_add_test(tc, a_connection_is_used_again);
	tcase_add_test(tc, a_kept_connection_that_was_closed_is_replaced);
	tcase_add_test(tc, a_get_that_was_lost_on_a_kept_connection_is_repeated_once);
	tcase_add_test(tc, a_post_that_the_backend_had_as_a_whole_is_not_repeated);
	tcase_add_test(tc, a_failure_on_a_new_connection_is_not_repeated);
	tcase_add_test(tc, a_body_goes_out_to_its_end);
	tcase_add_test(tc, a_body_ends_where_the_input_does);
	tcase_add_test(tc, much_in_both_directions_does_not_block);
	tcase_add_test(tc, an_answer_before_the_body_was_read_is_heard);
	tcase_add_test(tc, a_client_that_left_is_no_failure_of_the_backend);
	tcase_add_test(tc, a_body_that_breaks_off_is_not_passed_for_whole);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
