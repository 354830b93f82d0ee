#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wsgi/input.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

enum { BIG = 100000 };

static struct wsgi_input input;
static struct wsgi_buf out;
static char big[BIG + 1], got[2 * BIG];

/* What the stream has yet to give, how much at a time, and what comes at its end. */
static const char *stream;
static size_t stream_len, bite;
static int at_the_end;
static int reads;
static void *last_buf;

static ssize_t read_stream(struct wsgi_input *in, void *buf, size_t len)
{
	ck_assert_ptr_eq(in, &input);
	ck_assert_uint_gt(len, 0);
	reads++;
	last_buf = buf;
	if (stream_len == 0)
		return at_the_end;
	if (len > bite)
		len = bite;
	if (len > stream_len)
		len = stream_len;
	memcpy(buf, stream, len);
	stream += len;
	stream_len -= len;
	return (ssize_t)len;
}

static void given(const char *text, size_t bytes_at_a_time, uint64_t length)
{
	stream = text;
	stream_len = strlen(text);
	bite = bytes_at_a_time;
	wsgi_input_init(&input, read_stream, length);
}

static void given_a_big_text(void)
{
	for (size_t i = 0; i < BIG; i++)
		big[i] = (char)('a' + i % 25);
	at_the_end = 0;
	reads = 0;
}

static void tear_down(void)
{
	wsgi_input_finish(&input);
	wsgi_input_finish(&input);
	wsgi_input_finish(NULL);
	wsgi_buf_finish(&out);
}

static void reads_as(size_t len, const char *expected)
{
	ck_assert_int_eq(wsgi_input_read(&input, got, len), strlen(expected));
	ck_assert_mem_eq(got, expected, strlen(expected));
}

static void line_is(size_t limit, const char *expected)
{
	out.len = 0;
	ck_assert_int_eq(wsgi_input_readline(&input, &out, limit), strlen(expected));
	ck_assert_uint_eq(out.len, strlen(expected));
	if (out.len > 0)
		ck_assert_mem_eq(out.data, expected, out.len);
}

static const size_t bites[] = {1, 2, 3, 100, 1000000};

START_TEST(a_read_is_short_at_the_end_only)
{
	given("hello, world", bites[_i], UINT64_MAX);
	reads_as(0, "");
	reads_as(5, "hello");
	reads_as(100, ", world");
	reads_as(100, "");
	reads_as(100, "");
}
END_TEST

START_TEST(content_length_is_where_the_body_ends)
{
	given("hello, world", bites[_i], 7);
	reads_as(5, "hello");
	reads_as(100, ", ");
	reads_as(100, "");
	ck_assert_uint_eq(input.left, 0);
	ck_assert_uint_eq(stream_len, 5); /* the rest is somebody else's */
}
END_TEST

START_TEST(a_body_of_no_length_is_not_read_at_all)
{
	given("GET / HTTP/1.1", 100, 0);
	reads_as(100, "");
	line_is(SIZE_MAX, "");
	ck_assert_int_eq(wsgi_input_read_all(&input, &out), 0);
	ck_assert_uint_eq(out.len, 0);
	ck_assert_int_eq(reads, 0);
}
END_TEST

START_TEST(a_stream_that_ends_too_early_is_an_end)
{
	given("abc", 100, 10);
	reads_as(100, "abc");
	ck_assert_uint_eq(input.left, 0);
	reads_as(100, "");
	ck_assert_int_eq(reads, 2);
}
END_TEST

START_TEST(lines_are_read_one_by_one)
{
	given("one\n\ntwo\r\nthree", bites[_i], UINT64_MAX);
	line_is(SIZE_MAX, "one\n");
	line_is(SIZE_MAX, "\n");
	line_is(SIZE_MAX, "two\r\n");
	line_is(SIZE_MAX, "three");
	line_is(SIZE_MAX, "");
}
END_TEST

START_TEST(a_line_has_a_limit)
{
	given("one\ntwo\n", bites[_i], UINT64_MAX);
	line_is(0, "");
	line_is(2, "on");
	line_is(2, "e\n");
	line_is(4, "two\n");
	line_is(4, "");
}
END_TEST

START_TEST(lines_and_reads_mix)
{
	given("one\ntwo\nthree\nfour", bites[_i], 16);
	line_is(SIZE_MAX, "one\n");
	reads_as(2, "tw");
	line_is(SIZE_MAX, "o\n");
	ck_assert_int_eq(wsgi_buf_adds(&out, "+"), 0);
	ck_assert_int_eq(wsgi_input_read_all(&input, &out), 0);
	ck_assert_uint_eq(out.len, 11);
	ck_assert_mem_eq(out.data, "o\n+three\nfo", 11);
}
END_TEST

START_TEST(a_line_may_be_longer_than_what_is_read_ahead)
{
	big[BIG - 1] = '\n';
	given(big, 5000, UINT64_MAX);
	line_is(SIZE_MAX, big);
	line_is(SIZE_MAX, "");
}
END_TEST

static const uint64_t lengths[] = {BIG, BIG + 7, UINT64_MAX, INT64_MAX, BIG - 7, 1};

START_TEST(the_whole_body_is_read)
{
	const size_t expected = lengths[_i] < BIG ? (size_t)lengths[_i] : BIG;

	given(big, 30000, lengths[_i]);
	ck_assert_int_eq(wsgi_input_read_all(&input, &out), 0);
	ck_assert_uint_eq(out.len, expected);
	ck_assert_mem_eq(out.data, big, expected);
	/* A length is a claim: memory is for what came. */
	ck_assert_uint_le(out.cap, 3 * BIG);
}
END_TEST

static const struct {
	const char *claim, *text;
	uint64_t length;
	size_t limit;
	int rc;
	size_t len;
	int reads; /* of the stream, where each gives all that is wanted; -1: not told */
} maxima[] = {
	{"a shorter body", "abc", 3, 4, 0, 3, -1},
	{"one just so long", "abcd", 4, 4, 0, 4, 1},
	{"one just so long, of no length", "abcd", UINT64_MAX, 4, 0, 4, -1},
	{"a longer one is not even read", "abcde", 5, 4, -EFBIG, 0, 0},
	{"a longer one, of no length", "abcde", UINT64_MAX, 4, -EFBIG, 4, -1},
	{"a length that is a mere claim", "abc", 5, 4, -EFBIG, 0, 0},
	{"none, where none is wanted", "", 0, 0, 0, 0, 0},
	{"some, where none is wanted", "a", UINT64_MAX, 0, -EFBIG, 0, -1},
	{"no limit", "abcde", UINT64_MAX, SIZE_MAX, 0, 5, -1},
};

START_TEST(a_body_is_read_up_to_a_limit)
{
	const int n = _i / LEN(bites);

	ck_assert_int_eq(wsgi_buf_adds(&out, "before"), 0);
	given(maxima[n].text, bites[_i % LEN(bites)], maxima[n].length);
	ck_assert_msg(wsgi_input_read_max(&input, &out, maxima[n].limit) == maxima[n].rc, "%s",
		      maxima[n].claim);
	ck_assert_uint_eq(out.len, 6 + maxima[n].len);
	ck_assert_mem_eq(out.data + 6, maxima[n].text, maxima[n].len);
	if (maxima[n].reads == 0 || (maxima[n].reads > 0 && bites[_i % LEN(bites)] > 4))
		ck_assert_int_eq(reads, maxima[n].reads);
}
END_TEST

START_TEST(a_limit_counts_what_was_read_ahead)
{
	given("one\ntwo", 100, 7);
	line_is(SIZE_MAX, "one\n");
	out.len = 0;
	ck_assert_int_eq(wsgi_input_read_max(&input, &out, 2), -EFBIG);
	ck_assert_int_eq(wsgi_input_read_max(&input, &out, 3), 0);
	ck_assert_mem_eq(out.data, "two", 3);
}
END_TEST

static const int ends[] = {-EIO, -ECONNRESET};

START_TEST(a_failure_at_the_limit_is_told)
{
	given("abcd", 100, UINT64_MAX);
	at_the_end = ends[_i];
	ck_assert_int_eq(wsgi_input_read_max(&input, &out, 4), ends[_i]);
	ck_assert_uint_eq(out.len, 4);
}
END_TEST

START_TEST(an_input_without_read_is_empty_for_ever_and_not_written_to)
{
	static const uint64_t lefts[] = {0, 5, UINT64_MAX};
	struct wsgi_input none = {.left = lefts[_i]}, before;

	memcpy(&before, &none, sizeof(before));
	wsgi_input_limit(&none, 100);
	ck_assert_uint_eq(wsgi_input_left(&none), 0);
	ck_assert_int_eq(wsgi_input_read(&none, got, 10), 0);
	ck_assert_int_eq(wsgi_input_read(&none, got, BIG), 0);
	ck_assert_int_eq(wsgi_input_read_some(&none, got, 10), 0);
	ck_assert_int_eq(wsgi_input_read_all(&none, &out), 0);
	ck_assert_int_eq(wsgi_input_read_max(&none, &out, 3), 0);
	ck_assert_int_eq(wsgi_input_readline(&none, &out, SIZE_MAX), 0);
	ck_assert_int_eq(wsgi_input_readlines(&none, &out, 0), 0);
	ck_assert_uint_eq(out.len, 0);
	wsgi_input_finish(&none);
	ck_assert_mem_eq(&none, &before, sizeof(none));
}
END_TEST

START_TEST(a_large_read_goes_straight_to_the_callers_memory)
{
	given(big, 1000000, UINT64_MAX);
	ck_assert_int_eq(wsgi_input_read(&input, got, 8192), 8192);
	ck_assert_ptr_eq(last_buf, got);
	ck_assert_int_eq(wsgi_input_read(&input, got, 100), 100);
	ck_assert_ptr_ne(last_buf, got);
	/* What was read ahead comes first. */
	ck_assert_int_eq(wsgi_input_read(&input, got, 50000), 50000);
	ck_assert_mem_eq(got, big + 8292, 50000);
}
END_TEST

START_TEST(some_bytes_are_those_that_are_there)
{
	char buf[100];

	given("hello, world", 5, 11);
	ck_assert_int_eq(wsgi_input_read_some(&input, buf, sizeof(buf)), 5);
	ck_assert_mem_eq(buf, "hello", 5);
	ck_assert_int_eq(wsgi_input_read_some(&input, buf, 2), 2);
	ck_assert_mem_eq(buf, ", ", 2);
	ck_assert_int_eq(wsgi_input_read_some(&input, buf, sizeof(buf)), 3);
	ck_assert_mem_eq(buf, "wor", 3);
	ck_assert_int_eq(wsgi_input_read_some(&input, buf, sizeof(buf)), 1);
	ck_assert_int_eq(wsgi_input_read_some(&input, buf, sizeof(buf)), 0);
}
END_TEST

START_TEST(small_reads_are_few_reads_of_the_stream)
{
	given(big, 1000000, 8000);
	for (int i = 0; i < 8000; i++)
		ck_assert_int_eq(wsgi_input_read(&input, got, 1), 1);
	ck_assert_int_eq(reads, 1);
}
END_TEST

START_TEST(what_is_left_counts_what_was_read_ahead)
{
	given("hello, world", 100, 12);
	ck_assert_uint_eq(wsgi_input_left(&input), 12);
	reads_as(5, "hello");
	ck_assert_uint_eq(wsgi_input_left(&input), 7);
	reads_as(100, ", world");
	ck_assert_uint_eq(wsgi_input_left(&input), 0);
	wsgi_input_finish(&input);
	given("hello", 100, UINT64_MAX);
	ck_assert_uint_eq(wsgi_input_left(&input), UINT64_MAX);
}
END_TEST

static const struct {
	uint64_t length;
	const char *body;
} behind_a_head[] = {
	{0, ""},
	{1, "b"},
	{4, "body"},
	{6, "body+m"},
	{9, "body+more"},
	{100, "body+more"},
	{UINT64_MAX, "body+more"},
};

START_TEST(a_body_behind_a_head_begins_where_that_was_read_to)
{
	static const size_t at_a_time[] = {1, 6, 7, 100};

	given("head: body+more", at_a_time[_i % LEN(at_a_time)], UINT64_MAX);
	reads_as(6, "head: ");
	wsgi_input_limit(&input, behind_a_head[_i / LEN(at_a_time)].length);
	ck_assert_uint_eq(wsgi_input_left(&input), behind_a_head[_i / LEN(at_a_time)].length);
	reads_as(100, behind_a_head[_i / LEN(at_a_time)].body);
	reads_as(100, "");
}
END_TEST

START_TEST(a_failure_is_told_after_what_came_before_it)
{
	given("abc", 100, 10);
	at_the_end = -ECONNRESET;
	if (_i == 0)
		reads_as(100, "abc");
	else
		line_is(SIZE_MAX, "abc");
	/* It stays: a socket tells it once only. */
	at_the_end = 0;
	ck_assert_int_eq(wsgi_input_read(&input, got, 100), -ECONNRESET);
	ck_assert_int_eq(wsgi_input_readline(&input, &out, SIZE_MAX), -ECONNRESET);
	ck_assert_int_eq(wsgi_input_read_all(&input, &out), -ECONNRESET);
	ck_assert_int_eq(wsgi_input_read(&input, got, 100000), -ECONNRESET);
}
END_TEST

START_TEST(reading_all_of_a_body_that_fails_fails)
{
	given("abc", 100, UINT64_MAX);
	at_the_end = -EIO;
	ck_assert_int_eq(wsgi_input_read_all(&input, &out), -EIO);
}
END_TEST

static const struct {
	const char *text;
	enum wsgi_length kind;
	uint64_t length;
} said[] = {
	{NULL, WSGI_LENGTH_NONE, 77},
	{"", WSGI_LENGTH_NONE, 77},
	{"0", WSGI_LENGTH_GIVEN, 0},
	{"42", WSGI_LENGTH_GIVEN, 42},
	{"0042", WSGI_LENGTH_GIVEN, 42},
	{" 42\t\r\n", WSGI_LENGTH_GIVEN, 42},
	{"+42", WSGI_LENGTH_GIVEN, 42},
	{"9223372036854775807", WSGI_LENGTH_GIVEN, INT64_MAX},
	{"9223372036854775808", WSGI_LENGTH_GIVEN, INT64_MAX},
	{"18446744073709551616", WSGI_LENGTH_GIVEN, INT64_MAX},
	{"99999999999999999999999999999999", WSGI_LENGTH_GIVEN, INT64_MAX},
	{"abc", WSGI_LENGTH_BAD, 77},
	{"-1", WSGI_LENGTH_BAD, 77},
	{"4, 4", WSGI_LENGTH_BAD, 77},
	{"4 4", WSGI_LENGTH_BAD, 77},
	{"1_0", WSGI_LENGTH_BAD, 77},
	{"0x10", WSGI_LENGTH_BAD, 77},
	{"1.0", WSGI_LENGTH_BAD, 77},
	{"+ 1", WSGI_LENGTH_BAD, 77},
	{"+-1", WSGI_LENGTH_BAD, 77},
	{"+", WSGI_LENGTH_BAD, 77},
	{" ", WSGI_LENGTH_BAD, 77},
	{"\xb2", WSGI_LENGTH_BAD, 77},
};

START_TEST(content_length_is_a_number_or_it_is_bad)
{
	uint64_t length = 77;

	ck_assert_int_eq(wsgi_length_parse(said[_i].text, &length), said[_i].kind);
	ck_assert_uint_eq(length, said[_i].length);
}
END_TEST

static const struct {
	size_t hint;
	const char *lines;
} hints[] = {
	{0, "one\ntwo\nthree\nfour"},
	{1, "one\n"},
	{4, "one\n"},
	{5, "one\ntwo\n"},
	{8, "one\ntwo\n"},
	{9, "one\ntwo\nthree\n"},
	{14, "one\ntwo\nthree\n"},
	{100, "one\ntwo\nthree\nfour"},
};

START_TEST(whole_lines_are_read_up_to_a_hint)
{
	given("one\ntwo\nthree\nfour", 3, UINT64_MAX);
	ck_assert_int_eq(wsgi_input_readlines(&input, &out, hints[_i].hint), 0);
	ck_assert_uint_eq(out.len, strlen(hints[_i].lines));
	ck_assert_mem_eq(out.data, hints[_i].lines, out.len);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("input");
	TCase *tc = tcase_create("input");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_big_text, tear_down);
	tcase_add_loop_test(tc, a_read_is_short_at_the_end_only, 0, LEN(bites));
	tcase_add_loop_test(tc, content_length_is_where_the_body_ends, 0, LEN(bites));
	tcase_add_test(tc, a_body_of_no_length_is_not_read_at_all);
	tcase_add_test(tc, a_stream_that_ends_too_early_is_an_end);
	tcase_add_loop_test(tc, lines_are_read_one_by_one, 0, LEN(bites));
	tcase_add_loop_test(tc, a_line_has_a_limit, 0, LEN(bites));
	tcase_add_loop_test(tc, lines_and_reads_mix, 0, LEN(bites));
	tcase_add_test(tc, a_line_may_be_longer_than_what_is_read_ahead);
	tcase_add_loop_test(tc, whole_lines_are_read_up_to_a_hint, 0, LEN(hints));
	tcase_add_loop_test(tc, the_whole_body_is_read, 0, LEN(lengths));
	tcase_add_loop_test(tc, a_body_is_read_up_to_a_limit, 0, LEN(maxima) * LEN(bites));
	tcase_add_test(tc, a_limit_counts_what_was_read_ahead);
	tcase_add_loop_test(tc, a_failure_at_the_limit_is_told, 0, LEN(ends));
	tcase_add_loop_test(tc, an_input_without_read_is_empty_for_ever_and_not_written_to, 0, 3);
	tcase_add_test(tc, a_large_read_goes_straight_to_the_callers_memory);
	tcase_add_test(tc, some_bytes_are_those_that_are_there);
	tcase_add_test(tc, small_reads_are_few_reads_of_the_stream);
	tcase_add_test(tc, what_is_left_counts_what_was_read_ahead);
	tcase_add_loop_test(tc, a_body_behind_a_head_begins_where_that_was_read_to, 0,
			    4 * LEN(behind_a_head));
	tcase_add_loop_test(tc, a_failure_is_told_after_what_came_before_it, 0, 2);
	tcase_add_test(tc, reading_all_of_a_body_that_fails_fails);
	tcase_add_loop_test(tc, content_length_is_a_number_or_it_is_bad, 0, LEN(said));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
