#include "fcgi/record.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>

#include "wire.h"

static struct wsgi_record_reader reader;
static struct wsgi_buf bytes;
static char story[1024]; /* what the reader told, a word for each event */

static void set_up(void)
{
	wsgi_record_reader_init(&reader);
	story[0] = '\0';
}

static void tear_down(void)
{
	wsgi_buf_finish(&bytes);
}

static void tell(int event, struct wsgi_span piece)
{
	char *end = story + strlen(story);

	if (event == WSGI_RECORD_HEAD)
		sprintf(end, "<%d,%d,%d ", reader.type, reader.id, reader.content_len);
	else if (event == WSGI_RECORD_DATA)
		sprintf(end, "%.*s", (int)piece.len, piece.data);
	else if (event == WSGI_RECORD_END)
		sprintf(end, ">");
}

static int when_it_reads(size_t part)
{
	for (size_t at = 0; at < bytes.len; at += part) {
		struct wsgi_span in = {bytes.data + at, part}, piece = {0};
		int event;

		if (in.len > bytes.len - at)
			in.len = bytes.len - at;
		while ((event = wsgi_record_read(&reader, &in, &piece)) > 0)
			tell(event, piece);
		if (event < 0)
			return event;
		ck_assert_uint_eq(in.len, 0);
	}
	return 0;
}

START_TEST(records_are_read_however_they_are_cut)
{
	add_record(&bytes, FCGI_STDIN, 1, "hello", 5, 0);
	add_record(&bytes, FCGI_PARAMS, 65535, "x", 1, 255);
	add_record(&bytes, FCGI_STDIN, 256, "", 0, 255);
	add_record(&bytes, 77, 0, "", 0, 0);
	ck_assert_int_eq(when_it_reads((size_t)_i), 0);
	ck_assert_str_eq(story, "<5,1,5 hello><4,65535,1 x><5,256,0 ><77,0,0 >");
	ck_assert(wsgi_record_at_border(&reader));
}
END_TEST

START_TEST(a_record_is_whole_only_with_its_padding)
{
	add_record(&bytes, FCGI_STDIN, 1, "x", 1, 3);
	bytes.len--;
	ck_assert_int_eq(when_it_reads(100), 0);
	ck_assert_str_eq(story, "<5,1,1 x");
	ck_assert(!wsgi_record_at_border(&reader));
}
END_TEST

static const unsigned char versions[] = {0, 2, 'G', 255};

START_TEST(another_version_is_no_record)
{
	add_record(&bytes, FCGI_STDIN, 1, "x", 1, 0);
	bytes.data[0] = (char)versions[_i];
	bytes.len = 1; /* told by the first byte */
	ck_assert_int_eq(when_it_reads(1), -EPROTO);
}
END_TEST

START_TEST(end_request_is_16_bytes)
{
	/* FastCGI 1.0, 5.5 */
	static const unsigned char expected[] = {1, 3, 0x12, 0x34, 0, 8, 0, 0, 1, 2, 3, 4, 2};
	unsigned char end[WSGI_RECORD_END_LEN];
	size_t n = wsgi_record_put_end(end, 0x1234, 0x01020304, FCGI_OVERLOADED);

	ck_assert_uint_eq(n, sizeof(end));
	ck_assert_mem_eq(end, expected, sizeof(expected));
}
END_TEST

START_TEST(unknown_type_is_16_bytes)
{
	/* FastCGI 1.0, 4.2 */
	static const unsigned char expected[] = {1, 11, 0, 0, 0, 8, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0};
	unsigned char unknown[16];

	ck_assert_uint_eq(wsgi_record_put_unknown(unknown, 99), sizeof(unknown));
	ck_assert_mem_eq(unknown, expected, sizeof(expected));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("record");
	TCase *tc = tcase_create("wire");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, records_are_read_however_they_are_cut, 1, 40);
	tcase_add_test(tc, a_record_is_whole_only_with_its_padding);
	tcase_add_loop_test(tc, another_version_is_no_record, 0, (int)sizeof(versions));
	tcase_add_test(tc, end_request_is_16_bytes);
	tcase_add_test(tc, unknown_type_is_16_bytes);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
