#include "http/head.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct wsgi_http_head head;
static struct wsgi_error err;

static void set_up(void)
{
	wsgi_http_head_init(&head);
	err = (struct wsgi_error){0};
}

static void tear_down(void)
{
	wsgi_http_head_finish(&head);
}

static ssize_t when_it_is_fed(const char *text)
{
	return wsgi_http_head_feed(&head, text, strlen(text), &err);
}

static const struct {
	const char *claim, *text;
	int status;
	uint64_t length;
	const char *name, *value; /* a header that is there, or not */
} heads[] = {
	{"a status and a header", "Status: 404 Not Found\r\nContent-Type: a/b\r\n\r\n", 404,
	 UINT64_MAX, "Content-Type", "a/b"},
	{"bare newlines", "Status: 201\nX: y\n\n", 201, UINT64_MAX, "X", "y"},
	{"no status is 200", "Content-Type: a/b\r\n\r\n", 200, UINT64_MAX, "Status", NULL},
	{"a location alone is 302", "Location: /x\r\n\r\n", 302, UINT64_MAX, "Location", "/x"},
	{"a location with its status", "Location: /x\r\nStatus: 201 Made\r\n\r\n", 201, UINT64_MAX,
	 "Location", "/x"},
	{"the first status counts", "Status: 200 OK\r\nStatus: 404 Nope\r\n\r\n", 200, UINT64_MAX,
	 "Status", "404 Nope"},
	{"a later one may be anything", "Status: 201 Made\nstatus: 100\n\n", 201, UINT64_MAX,
	 "Status", "100"},
	{"a length is told apart", "Content-Length: 12\r\n\r\n", 200, 12, "Content-Length", NULL},
	{"the same length twice", "Content-Length: 7\r\nContent-length: 7\r\n\r\n", 200, 7, "X",
	 NULL},
	{"names in any case", "status: 299 X\ncontent-LENGTH: 3\n\n", 299, 3, "Status", NULL},
	{"blanks around a value", "X: \t y z \t\r\n\r\n", 200, UINT64_MAX, "X", "y z"},
	{"an empty value", "X:\r\n\r\n", 200, UINT64_MAX, "X", ""},
	{"hop-by-hop is dropped", "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n", 200,
	 UINT64_MAX, "Connection", NULL},
};

static void the_head_says(int i)
{
	const char *value = wsgi_headers_get(&head.headers, heads[i].name);

	ck_assert_msg(head.whole && head.status == heads[i].status &&
			      head.content_length == heads[i].length,
		      "%s: whole %d, status %d", heads[i].claim, head.whole, head.status);
	ck_assert_msg((value == NULL) == (heads[i].value == NULL), "%s", heads[i].claim);
	if (value != NULL)
		ck_assert_str_eq(value, heads[i].value);
}

START_TEST(a_head_is_read)
{
	ck_assert_int_eq(when_it_is_fed(heads[_i].text), (ssize_t)strlen(heads[_i].text));
	the_head_says(_i);
}
END_TEST

START_TEST(a_head_that_comes_byte_by_byte_is_the_same)
{
	for (const char *p = heads[_i].text; *p != '\0'; p++) {
		ck_assert_msg(!head.whole, "%s", heads[_i].claim);
		ck_assert_int_eq(wsgi_http_head_feed(&head, p, 1, &err), 1);
	}
	the_head_says(_i);
}
END_TEST

START_TEST(what_follows_the_blank_line_is_the_body)
{
	ck_assert_int_eq(when_it_is_fed("Status: 200 OK\n\nStatus: 500\n\n"), 16);
	ck_assert_int_eq(head.status, 200);
}
END_TEST

static const struct {
	const char *claim, *text;
} bad[] = {
	{"no header at all", "\r\n"},
	{"no header at all, bare", "\nX: y\n\n"},
	{"a line without a colon", "hello\r\n\r\n"},
	{"an empty name", ": x\r\n\r\n"},
	{"a folded line", "X: y\r\n z\r\n\r\n"},
	{"a status that is no number", "Status: OK\r\n\r\n"},
	{"a status of two digits", "Status: 20\r\n\r\n"},
	{"a status of four digits", "Status: 2000\r\n\r\n"},
	{"an interim status", "Status: 100 Continue\r\n\r\n"},
	{"a length that is no number", "Content-Length: many\r\n\r\n"},
	{"a negative length", "Content-Length: -1\r\n\r\n"},
	{"a very long length", "Content-Length: 111111111111111111111111111111\r\n\r\n"},
	{"a length of more than 63 bits", "Content-Length: 9223372036854775808\r\n\r\n"},
	{"two lengths", "Content-Length: 1\r\nContent-Length: 2\r\n\r\n"},
	{"a control character", "X: a\x01z\r\n\r\n"},
	{"a blank in a name", "Bad Name: x\r\n\r\n"},
	{"a name in brackets", "[x]: y\r\n\r\n"},
	{"a name that is no ASCII", "caf\xe9: y\r\n\r\n"},
	{"a lone CR", "X: a\rSet-Cookie: b\r\n\r\n"},
};

START_TEST(a_malformed_head_is_refused_in_words)
{
	ssize_t rc = when_it_is_fed(bad[_i].text);

	ck_assert_msg(rc == -EPROTO && err.text[0] != '\0', "%s: %zd", bad[_i].claim, rc);
}
END_TEST

static const struct {
	const char *text, *words;
} worded[] = {
	{"Bad Name: x\r\n\r\n", "the response's header name 'Bad Name' is no token"},
	{"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
	 "the response has two Content-Lengths: 1 and 2"},
	{"Content-Length: 1\r\nContent-Length: x\r\n\r\n",
	 "the response's Content-Length 'x' is none"},
};

START_TEST(the_words_name_what_is_wrong)
{
	ck_assert_int_eq(when_it_is_fed(worded[_i].text), -EPROTO);
	ck_assert_str_eq(err.text, worded[_i].words);
}
END_TEST

START_TEST(a_head_that_never_ends_is_refused)
{
	char line[1026];
	ssize_t rc = 0;

	memset(line, 'a', sizeof(line));
	memcpy(line, "X: ", 3);
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	for (int i = 0; rc >= 0 && i < 80; i++)
		rc = wsgi_http_head_feed(&head, line, sizeof(line), &err);
	ck_assert_int_eq(rc, -EPROTO);
	ck_assert_uint_le(head.raw.len, WSGI_HTTP_HEAD_MAX);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("head");
	TCase *tc = tcase_create("feed");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_head_is_read, 0, (int)(sizeof(heads) / sizeof(heads[0])));
	tcase_add_loop_test(tc, a_head_that_comes_byte_by_byte_is_the_same, 0,
			    (int)(sizeof(heads) / sizeof(heads[0])));
	tcase_add_test(tc, what_follows_the_blank_line_is_the_body);
	tcase_add_loop_test(tc, a_malformed_head_is_refused_in_words, 0,
			    (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_loop_test(tc, the_words_name_what_is_wrong, 0,
			    (int)(sizeof(worded) / sizeof(worded[0])));
	tcase_add_test(tc, a_head_that_never_ends_is_refused);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
