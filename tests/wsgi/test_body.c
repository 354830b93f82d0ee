#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/memory.h"
#include "wsgi/body.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_body *body;
static struct wsgi_headers headers;
static char status[40];
static int refuse_rc;

static int respond(struct wsgi_start *start, const char *line, const struct wsgi_header *list,
		   size_t n, const struct wsgi_error *exc)
{
	(void)start;
	ck_assert_ptr_null(exc);
	if (refuse_rc != 0)
		return refuse_rc;
	ck_assert_uint_lt(strlen(line), sizeof(status));
	strcpy(status, line);
	return wsgi_headers_add_all(&headers, list, n);
}

static struct wsgi_start start = {.respond = respond};

static void set_up(void)
{
	wsgi_headers_init(&headers);
	status[0] = '\0';
	refuse_rc = 0;
	body = NULL;
}

static void tear_down(void)
{
	ck_assert_int_eq(wsgi_body_close(body), 0);
	wsgi_headers_finish(&headers);
}

static void next_is(const char *data, size_t len)
{
	const void *chunk;
	size_t chunk_len;

	ck_assert_int_eq(body->next(body, &chunk, &chunk_len), 1);
	ck_assert_ptr_nonnull(chunk);
	ck_assert_uint_eq(chunk_len, len);
	ck_assert_mem_eq(chunk, data, len);
}

/* So many chunks there were, nothing is left, and nobody need wait for them. */
static void ends_after(size_t count)
{
	const void *chunk;
	size_t n;

	ck_assert_int_eq(body->next(body, &chunk, &n), 0);
	ck_assert_int_eq(body->next(body, &chunk, &n), 0);
	ck_assert_int_eq(body->count(body, &n), 0);
	ck_assert_uint_eq(n, count);
	ck_assert(body->eager);
	ck_assert_ptr_null(body->file);
}

static const struct wsgi_span bytes[] = {{"hello", 5}, {"", 0}, {NULL, 0}, {"a\0b\n", 4}};

START_TEST(bytes_are_one_chunk_though_it_be_empty)
{
	body = wsgi_bytes_body(bytes[_i].data, bytes[_i].len);
	next_is(bytes[_i].data != NULL ? bytes[_i].data : "", bytes[_i].len);
	ends_after(1);
}
END_TEST

START_TEST(bytes_are_copied)
{
	char text[] = "before";

	body = wsgi_bytes_body(text, 6);
	memset(text, 'x', sizeof(text));
	next_is("before", 6);
}
END_TEST

START_TEST(a_list_comes_chunk_by_chunk)
{
	body = wsgi_list_body(bytes, LEN(bytes));
	for (int i = 0; i < LEN(bytes); i++)
		next_is(bytes[i].data != NULL ? bytes[i].data : "", bytes[i].len);
	ends_after(LEN(bytes));
}
END_TEST

START_TEST(an_empty_list_has_no_chunk)
{
	body = wsgi_list_body(NULL, 0);
	ends_after(0);
}
END_TEST

START_TEST(the_chunks_of_a_list_are_copied)
{
	char text[] = "onetwo";
	struct wsgi_span chunks[] = {{text, 3}, {text + 3, 3}};

	body = wsgi_list_body(chunks, 2);
	memset(text, 'x', sizeof(text));
	memset(chunks, 0, sizeof(chunks));
	next_is("one", 3);
	next_is("two", 3);
}
END_TEST

START_TEST(a_list_too_large_for_any_memory_is_none)
{
	const struct wsgi_span huge[] = {{"", SIZE_MAX / 2}, {"", SIZE_MAX / 2}, {"", 100}};

	ck_assert_ptr_null(wsgi_list_body(huge, 3));
	ck_assert_ptr_null(wsgi_list_body(huge, SIZE_MAX / sizeof(huge[0])));
	ck_assert_ptr_null(wsgi_bytes_body("", SIZE_MAX));
}
END_TEST

START_TEST(a_reply_is_a_status_a_content_type_and_a_text)
{
	ck_assert_int_eq(wsgi_reply(&start, &body, "404 Not Found", "text/html", "<p>no"), 0);
	ck_assert_str_eq(status, "404 Not Found");
	ck_assert_uint_eq(wsgi_headers_len(&headers), 1);
	ck_assert_pstr_eq(wsgi_headers_get(&headers, "Content-Type"), "text/html");
	next_is("<p>no", 5);
	ends_after(1);
}
END_TEST

START_TEST(a_reply_of_bytes_has_headers_of_its_own)
{
	const struct wsgi_header list[] = {{"Content-Type", "image/png"}, {"ETag", "\"1\""}};

	ck_assert_int_eq(wsgi_reply_bytes(&start, &body, "200 OK", list, 2, "\0\1", 2), 0);
	ck_assert_str_eq(status, "200 OK");
	ck_assert_uint_eq(wsgi_headers_len(&headers), 2);
	ck_assert_pstr_eq(wsgi_headers_get(&headers, "ETag"), "\"1\"");
	next_is("\0\1", 2);
	ends_after(1);
}
END_TEST

START_TEST(a_reply_that_is_refused_sets_no_body)
{
	const long held = memory_held();

	refuse_rc = -EPROTO;
	ck_assert_int_eq(wsgi_reply(&start, &body, "200", "text/plain", "x"), -EPROTO);
	ck_assert_ptr_null(body);
	ck_assert_int_eq(memory_held(), held);
}
END_TEST

START_TEST(a_reply_without_memory_does_not_begin)
{
	ck_assert_int_eq(wsgi_reply_bytes(&start, &body, "200 OK", NULL, 0, "", SIZE_MAX), -ENOMEM);
	ck_assert_ptr_null(body);
	ck_assert_str_eq(status, "");
}
END_TEST

static int closed;

static int close_it(struct wsgi_body *b)
{
	ck_assert_ptr_nonnull(b);
	closed++;
	return -EIO;
}

START_TEST(a_body_is_closed_and_what_its_close_says_returned)
{
	struct wsgi_body one = {.close = close_it}, none = {0};

	ck_assert_int_eq(wsgi_body_close(&one), -EIO);
	ck_assert_int_eq(closed, 1);
	ck_assert_int_eq(wsgi_body_close(&none), 0);
	ck_assert_int_eq(wsgi_body_close(NULL), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("body");
	TCase *tc = tcase_create("body");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, bytes_are_one_chunk_though_it_be_empty, 0, LEN(bytes));
	tcase_add_test(tc, bytes_are_copied);
	tcase_add_test(tc, a_list_comes_chunk_by_chunk);
	tcase_add_test(tc, an_empty_list_has_no_chunk);
	tcase_add_test(tc, the_chunks_of_a_list_are_copied);
	tcase_add_test(tc, a_list_too_large_for_any_memory_is_none);
	tcase_add_test(tc, a_reply_is_a_status_a_content_type_and_a_text);
	tcase_add_test(tc, a_reply_of_bytes_has_headers_of_its_own);
	tcase_add_test(tc, a_reply_that_is_refused_sets_no_body);
	tcase_add_test(tc, a_reply_without_memory_does_not_begin);
	tcase_add_test(tc, a_body_is_closed_and_what_its_close_says_returned);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
