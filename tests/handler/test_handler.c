/* What a handler sends when all goes well: the head, the body, and in which order. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "recorder.h"
#include "wsgi/date.h"

static const struct wsgi_header length_3 = {"Content-Length", "3"};

/* -- order ------------------------------------------------------------------------------------- */

START_TEST(a_gateway_answers_with_status_headers_and_body)
{
	static const struct wsgi_header headers[] = {{"X-B", "1"}, {"X-A", "2"}, {"X-B", "3"}};

	when_it_answers((struct scene){
		.status = "200 OK", .headers = headers, .headers_len = 3, .chunks = {"a", "b"}});
	then_sent("Status: 200 OK\r\nX-B: 1\r\nX-A: 2\r\nX-B: 3\r\n\r\nab");
}
END_TEST

START_TEST(a_body_made_as_it_goes_is_flushed_chunk_by_chunk)
{
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"a", "b"}});
	then_traced("call next write write flush next write flush next close flush");
}
END_TEST

START_TEST(a_body_that_is_there_is_flushed_at_the_end)
{
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"a", "b"}, .eager = true});
	then_traced("call next write write next write next close flush");
}
END_TEST

START_TEST(whoever_flushes_himself_is_not_flushed_for)
{
	handler.flush_at_end = false;
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"a"}, .eager = true});
	then_traced("call next write write next close");
}
END_TEST

START_TEST(nothing_is_sent_before_the_first_chunk)
{
	when_it_answers((struct scene){.status = "200 OK"});
	then_traced("call next write close flush");
}
END_TEST

START_TEST(an_empty_chunk_sends_the_headers)
{
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"", "x"}});
	then_traced("call next write flush next write flush next close flush");
	then_sent("Status: 200 OK\r\n\r\nx");
}
END_TEST

static int write_twice(struct wsgi_start *start)
{
	ck_assert_int_eq(start->write(start, "one ", 4), 0);
	return start->write(start, "two ", 4);
}

START_TEST(what_is_written_goes_out_before_the_application_returns)
{
	when_it_answers((struct scene){
		.status = "200 OK", .also = write_twice, .chunks = {"three"}, .eager = true});
	then_traced("call write write flush write flush next write next close flush");
	then_sent("Status: 200 OK\r\n\r\none two three");
}
END_TEST

START_TEST(a_handler_serves_one_request_after_another)
{
	when_it_answers((struct scene){
		.status = "200 OK", .headers = &length_3, .headers_len = 1, .chunks = {"abc"}});
	chunk_at = 0;
	sent.len = 0;
	when_it_answers((struct scene){.status = "404 Not Found", .chunks = {"abcdef"}});
	then_sent("Status: 404 Not Found\r\n\r\nabcdef");
}
END_TEST

START_TEST(the_handler_of_a_start_is_found)
{
	ck_assert_ptr_eq(wsgi_handler_of(&handler.start), &handler);
}
END_TEST

/* -- the head of an origin server -------------------------------------------------------------- */

static void given_an_origin_server(const char *protocol)
{
	handler.origin_server = true;
	handler.server_software = "test/1";
	if (protocol != NULL)
		given("SERVER_PROTOCOL", protocol);
}

static int starts_with(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

START_TEST(an_origin_server_gives_its_version_the_date_and_its_name)
{
	char now[WSGI_DATE_SIZE], before[WSGI_DATE_SIZE], expected[200];

	given_an_origin_server("HTTP/1.1");
	do { /* until no second begins meanwhile */
		chunk_at = 0;
		sent.len = 0;
		wsgi_date_format(time(NULL), before);
		when_it_answers((struct scene){.status = "200 OK", .chunks = {"x"}});
		wsgi_date_format(time(NULL), now);
	} while (strcmp(before, now) != 0);
	snprintf(expected, sizeof(expected),
		 "HTTP/1.0 200 OK\r\nDate: %s\r\nServer: test/1\r\n\r\nx", now);
	then_sent(expected);
}
END_TEST

START_TEST(the_applications_own_date_and_server_stand_alone)
{
	static const struct wsgi_header headers[] = {{"date", "today"}, {"SERVER", "mine"}};

	given_an_origin_server("HTTP/1.1");
	when_it_answers((struct scene){
		.status = "200 OK", .headers = headers, .headers_len = 2, .chunks = {"x"}});
	then_sent("HTTP/1.0 200 OK\r\ndate: today\r\nSERVER: mine\r\n\r\nx");
}
END_TEST

static const struct {
	const char *protocol;
	bool origin_server, head;
} protocols[] = {
	{"HTTP/0.9", true, false}, {"http/0.9", true, false}, {"HTTP/1.0", true, true},
	{"HTTP/1.1", true, true},  {"HTTP/2", true, true},    {"", true, true},
	{NULL, true, true},        {"HTTP/0.9", false, true}, {NULL, false, true},
};

START_TEST(only_an_origin_server_leaves_out_the_head_for_http_0_9)
{
	given_an_origin_server(protocols[_i].protocol);
	handler.origin_server = protocols[_i].origin_server;
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"x"}});
	ck_assert_int_eq(strcmp(text_of(&sent), "x") != 0, protocols[_i].head);
}
END_TEST

/* -- Content-Length ---------------------------------------------------------------------------- */

START_TEST(a_body_of_one_chunk_gets_its_length)
{
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"hello"}, .count = 1});
	then_sent("Status: 200 OK\r\nContent-Length: 5\r\n\r\nhello");
}
END_TEST

START_TEST(the_count_is_asked_once_before_the_headers_go)
{
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"a", "b"}, .count = 1});
	then_traced("call next count write write flush next write flush next close flush");
	then_sent("Status: 200 OK\r\nContent-Length: 1\r\n\r\nab"); /* as wsgiref: len() lied */
}
END_TEST

START_TEST(the_count_is_not_asked_when_the_application_gave_a_length)
{
	when_it_answers((struct scene){.status = "200 OK",
				       .headers = &length_3,
				       .headers_len = 1,
				       .chunks = {"abc"},
				       .count = 1,
				       .eager = true});
	then_traced("call next write write next close flush");
}
END_TEST

static const struct {
	const char *claim, *method, *status, *length, *chunk;
	size_t count;
	int count_rc;
	const char *sent;
} lengths[] = {
	{"two chunks", "GET", "200 OK", NULL, "x", 2, 0, "Status: 200 OK\r\n\r\nx"},
	{"unknown", "GET", "200 OK", NULL, "x", 0, 0, "Status: 200 OK\r\n\r\nx"},
	{"it cannot be told", "GET", "200 OK", NULL, "x", 0, -ENOTSUP, "Status: 200 OK\r\n\r\nx"},
	{"nothing", "GET", "200 OK", NULL, NULL, 0, 0,
	 "Status: 200 OK\r\nContent-Length: 0\r\n\r\n"},
	{"the application's stands", "GET", "200 OK", "1", "x", 1, 0,
	 "Status: 200 OK\r\nContent-Length: 1\r\n\r\nx"},
	{"what is no number is passed on", "GET", "200 OK", "many", "x", 1, 0,
	 "Status: 200 OK\r\nContent-Length: many\r\n\r\nx"},
	{"205 has a body like others", "GET", "205 Reset Content", NULL, "x", 1, 0,
	 "Status: 205 Reset Content\r\nContent-Length: 1\r\n\r\nx"},
	{"HEAD: computed as for GET", "HEAD", "200 OK", NULL, "hello", 1, 0,
	 "Status: 200 OK\r\nContent-Length: 5\r\n\r\n"},
	{"HEAD: nothing", "HEAD", "200 OK", NULL, NULL, 0, 0,
	 "Status: 200 OK\r\nContent-Length: 0\r\n\r\n"},
	{"HEAD: the application's stands", "HEAD", "200 OK", "99", NULL, 1, 0,
	 "Status: 200 OK\r\nContent-Length: 99\r\n\r\n"},
	{"HEAD is written so", "head", "200 OK", NULL, "x", 1, 0,
	 "Status: 200 OK\r\nContent-Length: 1\r\n\r\nx"},
	{"204", "GET", "204 No Content", NULL, "x", 1, 0, "Status: 204 No Content\r\n\r\n"},
	{"204, nothing", "GET", "204 No Content", NULL, NULL, 0, 0,
	 "Status: 204 No Content\r\n\r\n"},
	{"204: the application's goes", "GET", "204 No Content", "9", "x", 1, 0,
	 "Status: 204 No Content\r\n\r\n"},
	{"304", "GET", "304 Not Modified", NULL, "x", 1, 0, "Status: 304 Not Modified\r\n\r\n"},
	{"304, nothing", "GET", "304 Not Modified", NULL, NULL, 0, 0,
	 "Status: 304 Not Modified\r\n\r\n"},
	{"304: the application's stands", "GET", "304 Not Modified", "99", NULL, 1, 0,
	 "Status: 304 Not Modified\r\nContent-Length: 99\r\n\r\n"},
	{"1xx", "GET", "101 Switching Protocols", NULL, "x", 1, 0,
	 "Status: 101 Switching Protocols\r\n\r\n"},
	{"1xx: the application's goes", "GET", "199 Old", "1", "x", 1, 0,
	 "Status: 199 Old\r\n\r\n"},
};

START_TEST(the_content_length_by_method_and_status)
{
	const struct wsgi_header header = {"Content-Length", lengths[_i].length};

	given("REQUEST_METHOD", lengths[_i].method);
	when_it_answers((struct scene){.status = lengths[_i].status,
				       .headers = &header,
				       .headers_len = lengths[_i].length != NULL,
				       .chunks = {lengths[_i].chunk},
				       .count = lengths[_i].count,
				       .count_rc = lengths[_i].count_rc});
	ck_assert_msg(strcmp(text_of(&sent), lengths[_i].sent) == 0, "%s: %s", lengths[_i].claim,
		      text_of(&sent));
}
END_TEST

START_TEST(a_body_that_is_not_sent_is_iterated_all_the_same)
{
	given("REQUEST_METHOD", "HEAD");
	when_it_answers((struct scene){.status = "200 OK", .chunks = {"a", "b"}});
	then_traced("call next write flush next flush next close flush");
	ck_assert_uint_eq(handler.bytes_sent, 2);
}
END_TEST

static const struct {
	const char *claim;
	const char *chunks[4];
	const char *sent, *logged, *trace;
} cuts[] = {
	{"a chunk that fits", {"abc"}, "abc", "", "call next write write next close flush"},
	{"chunks that fit",
	 {"a", "", "bc"},
	 "abc",
	 "",
	 "call next write write next next write next close flush"},
	{"an empty chunk after it",
	 {"abc", ""},
	 "abc",
	 "",
	 "call next write write next next close flush"},
	{"one chunk, too long",
	 {"abcd"},
	 "abc",
	 "Content-Length is 3, but the body is longer; it was cut there\n",
	 "call next write write close flush"},
	{"the last that fits in part ends it",
	 {"ab", "cd", "ef"},
	 "abc",
	 "Content-Length is 3, but the body is longer; it was cut there\n",
	 "call next write write next write close flush"},
	{"one that does not fit at all ends it",
	 {"abc", "d", "e"},
	 "abc",
	 "Content-Length is 3, but the body is longer; it was cut there\n",
	 "call next write write next close flush"},
	{"too short",
	 {"a", "b"},
	 "ab",
	 "Content-Length is 3, but the body ended before; the client sees it cut\n",
	 "call next write write next write next close flush"},
	{"nothing",
	 {NULL},
	 "",
	 "Content-Length is 3, but the body ended before; the client sees it cut\n",
	 "call next write close flush"},
};

START_TEST(a_body_ends_at_its_content_length)
{
	struct scene s = {
		.status = "200 OK", .headers = &length_3, .headers_len = 1, .eager = true};
	const char *head = "Status: 200 OK\r\nContent-Length: 3\r\n\r\n";

	memcpy(s.chunks, cuts[_i].chunks, sizeof(s.chunks));
	ck_assert_int_eq(when_run(s), 0);
	ck_assert_msg(starts_with(text_of(&sent), head), "%s: %s", cuts[_i].claim, text_of(&sent));
	ck_assert_str_eq(text_of(&sent) + strlen(head), cuts[_i].sent);
	then_logged(cuts[_i].logged);
	then_traced(cuts[_i].trace);
	ck_assert_int_eq(closed, 1);
}
END_TEST

START_TEST(what_is_written_is_cut_at_the_content_length_too)
{
	when_run((struct scene){
		.status = "200 OK", .headers = &length_3, .headers_len = 1, .also = write_twice});
	then_sent("Status: 200 OK\r\nContent-Length: 3\r\n\r\none");
	then_logged("Content-Length is 3, but the body is longer; it was cut there\n");
}
END_TEST

START_TEST(nobody_complains_of_the_length_of_a_body_that_is_not_sent)
{
	given("REQUEST_METHOD", "HEAD");
	when_it_answers((struct scene){
		.status = "200 OK", .headers = &length_3, .headers_len = 1, .chunks = {"abcdef"}});
}
END_TEST

/* -- files ------------------------------------------------------------------------------------- */

static const struct wsgi_file file = {.fd = 7, .offset = 10, .len = 100};
static const struct wsgi_file empty_file = {.fd = 7};

static void given_a_transport_that_sends_files(uint64_t bytes, int rc)
{
	ops.sendfile = record_sendfile;
	weather.sendfile_sent = bytes;
	weather.sendfile_rc = rc;
}

START_TEST(a_file_leaves_by_sendfile_after_the_head)
{
	given_a_transport_that_sends_files(100, 0);
	when_it_answers((struct scene){.status = "200 OK", .file = &file, .chunks = {"unread"}});
	then_traced("call write sendfile close flush");
	then_sent("Status: 200 OK\r\n\r\n");
	ck_assert_uint_eq(file_limit, UINT64_MAX);
	ck_assert_uint_eq(handler.bytes_sent, 100);
}
END_TEST

START_TEST(a_file_is_sent_up_to_the_content_length)
{
	given_a_transport_that_sends_files(3, 0);
	when_it_answers((struct scene){
		.status = "200 OK", .headers = &length_3, .headers_len = 1, .file = &file});
	ck_assert_uint_eq(file_limit, 3);
}
END_TEST

START_TEST(a_file_shorter_than_its_content_length_is_logged)
{
	given_a_transport_that_sends_files(2, 0);
	ck_assert_int_eq(
		when_run((struct scene){
			.status = "200 OK", .headers = &length_3, .headers_len = 1, .file = &file}),
		0);
	then_logged("Content-Length is 3, but the body ended before; the client sees it cut\n");
}
END_TEST

START_TEST(what_sendfile_cannot_send_is_iterated)
{
	given_a_transport_that_sends_files(0, -ENOTSUP);
	when_it_answers((struct scene){.status = "200 OK", .file = &file, .chunks = {"read"}});
	then_traced("call write sendfile next write flush next close flush");
	then_sent("Status: 200 OK\r\n\r\nread");
}
END_TEST

START_TEST(a_transport_without_sendfile_gets_chunks)
{
	when_it_answers((struct scene){.status = "200 OK", .file = &file, .chunks = {"read"}});
	then_traced("call next write write flush next close flush");
}
END_TEST

START_TEST(an_empty_file_gets_a_length_of_0)
{
	given_a_transport_that_sends_files(0, 0);
	when_it_answers((struct scene){.status = "200 OK", .file = &empty_file});
	then_traced("call next write close flush");
	then_sent("Status: 200 OK\r\nContent-Length: 0\r\n\r\n");
}
END_TEST

START_TEST(the_length_of_a_file_is_not_that_of_a_first_chunk)
{
	given_a_transport_that_sends_files(100, 0);
	when_it_answers((struct scene){.status = "200 OK", .file = &file, .count = 1});
	ck_assert_ptr_null(strstr(text_of(&sent), "Content-Length: 0"));
}
END_TEST

/* A file of 10 bytes. */
static int ten_bytes(void)
{
	char path[] = "/tmp/test_handler.XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	unlink(path);
	ck_assert_int_eq(write(fd, "0123456789", 10), 10);
	return fd;
}

static const struct {
	const char *claim;
	off_t offset;
	const char *head;
	uint64_t limit;
} to_the_end[] = {
	{"all of it", 0, "Status: 200 OK\r\nContent-Length: 10\r\n\r\n", 10},
	{"the rest of it", 3, "Status: 200 OK\r\nContent-Length: 7\r\n\r\n", 7},
};

START_TEST(a_file_to_its_end_has_the_length_that_it_has)
{
	struct wsgi_file rest = {.offset = to_the_end[_i].offset, .len = UINT64_MAX};

	rest.fd = ten_bytes();
	given_a_transport_that_sends_files(to_the_end[_i].limit, 0);
	when_it_answers((struct scene){.status = "200 OK", .file = &rest, .count = 1});
	then_sent(to_the_end[_i].head);
	ck_assert_msg(file_limit == to_the_end[_i].limit, "%s", to_the_end[_i].claim);
	close(rest.fd);
}
END_TEST

/* It may have more for a reader than its size says, as those of /proc have: it is asked. */
START_TEST(a_file_at_its_end_is_read_and_gets_a_length_of_0)
{
	struct wsgi_file rest = {.offset = 10 + _i / 2, .len = UINT64_MAX};

	rest.fd = ten_bytes();
	given_a_transport_that_sends_files(0, 0);
	when_it_answers((struct scene){.status = "200 OK", .file = &rest, .count = _i % 2});
	then_traced("call next write close flush");
	then_sent("Status: 200 OK\r\nContent-Length: 0\r\n\r\n");
	close(rest.fd);
}
END_TEST

START_TEST(a_file_of_many_chunks_is_sent_to_the_end_that_it_has_by_then)
{
	struct wsgi_file rest = {.len = UINT64_MAX};

	rest.fd = ten_bytes();
	given_a_transport_that_sends_files(12, 0);
	when_it_answers((struct scene){.status = "200 OK", .file = &rest});
	then_sent("Status: 200 OK\r\n\r\n");
	ck_assert_uint_eq(file_limit, UINT64_MAX);
	close(rest.fd);
}
END_TEST

START_TEST(what_is_no_regular_file_has_no_length)
{
	struct wsgi_file rest = {.len = UINT64_MAX};
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	rest.fd = _i == 0 ? dup(fds[0]) : open("/", O_RDONLY); /* its size is not 0 */
	ck_assert_int_ge(rest.fd, 0);
	given_a_transport_that_sends_files(10, 0);
	when_it_answers((struct scene){.status = "200 OK", .file = &rest, .count = 1});
	then_sent("Status: 200 OK\r\n\r\n");
	close(rest.fd);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(a_file_is_not_even_read_for_head)
{
	given_a_transport_that_sends_files(100, 0);
	given("REQUEST_METHOD", "HEAD");
	when_it_answers((struct scene){.status = "200 OK", .file = &file, .chunks = {"unread"}});
	then_traced("call write close flush");
}
END_TEST

START_TEST(a_file_after_something_written_is_iterated)
{
	given_a_transport_that_sends_files(100, 0);
	when_it_answers((struct scene){
		.status = "200 OK", .file = &file, .also = write_twice, .chunks = {"read"}});
	then_sent("Status: 200 OK\r\n\r\none two read");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("handler");
	TCase *tc = tcase_create("response");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_request, tear_down);
	tcase_add_test(tc, a_gateway_answers_with_status_headers_and_body);
	tcase_add_test(tc, a_body_made_as_it_goes_is_flushed_chunk_by_chunk);
	tcase_add_test(tc, a_body_that_is_there_is_flushed_at_the_end);
	tcase_add_test(tc, whoever_flushes_himself_is_not_flushed_for);
	tcase_add_test(tc, nothing_is_sent_before_the_first_chunk);
	tcase_add_test(tc, an_empty_chunk_sends_the_headers);
	tcase_add_test(tc, what_is_written_goes_out_before_the_application_returns);
	tcase_add_test(tc, a_handler_serves_one_request_after_another);
	tcase_add_test(tc, the_handler_of_a_start_is_found);
	tcase_add_test(tc, an_origin_server_gives_its_version_the_date_and_its_name);
	tcase_add_test(tc, the_applications_own_date_and_server_stand_alone);
	tcase_add_loop_test(tc, only_an_origin_server_leaves_out_the_head_for_http_0_9, 0,
			    LEN(protocols));
	tcase_add_test(tc, a_body_of_one_chunk_gets_its_length);
	tcase_add_test(tc, the_count_is_asked_once_before_the_headers_go);
	tcase_add_test(tc, the_count_is_not_asked_when_the_application_gave_a_length);
	tcase_add_loop_test(tc, the_content_length_by_method_and_status, 0, LEN(lengths));
	tcase_add_test(tc, a_body_that_is_not_sent_is_iterated_all_the_same);
	tcase_add_loop_test(tc, a_body_ends_at_its_content_length, 0, LEN(cuts));
	tcase_add_test(tc, what_is_written_is_cut_at_the_content_length_too);
	tcase_add_test(tc, nobody_complains_of_the_length_of_a_body_that_is_not_sent);
	tcase_add_test(tc, a_file_leaves_by_sendfile_after_the_head);
	tcase_add_test(tc, a_file_is_sent_up_to_the_content_length);
	tcase_add_test(tc, a_file_shorter_than_its_content_length_is_logged);
	tcase_add_test(tc, what_sendfile_cannot_send_is_iterated);
	tcase_add_test(tc, a_transport_without_sendfile_gets_chunks);
	tcase_add_test(tc, an_empty_file_gets_a_length_of_0);
	tcase_add_test(tc, the_length_of_a_file_is_not_that_of_a_first_chunk);
	tcase_add_loop_test(tc, a_file_to_its_end_has_the_length_that_it_has, 0, LEN(to_the_end));
	tcase_add_loop_test(tc, a_file_at_its_end_is_read_and_gets_a_length_of_0, 0, 4);
	tcase_add_test(tc, a_file_of_many_chunks_is_sent_to_the_end_that_it_has_by_then);
	tcase_add_loop_test(tc, what_is_no_regular_file_has_no_length, 0, 2);
	tcase_add_test(tc, a_file_is_not_even_read_for_head);
	tcase_add_test(tc, a_file_after_something_written_is_iterated);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
