#include "fcgi/pair.h"

#include <check.h>
#include <stdio.h>

#include "wire.h"

static struct wsgi_pair_reader reader;
static struct wsgi_buf bytes, story;

static void set_up(void)
{
	reader = (struct wsgi_pair_reader){0};
}

static void tear_down(void)
{
	wsgi_buf_finish(&bytes);
	wsgi_buf_finish(&story);
}

static const char *when_it_reads(size_t part)
{
	for (size_t at = 0; at < bytes.len; at += part) {
		struct wsgi_span in = {bytes.data + at, part}, piece = {0};
		int event;

		if (in.len > bytes.len - at)
			in.len = bytes.len - at;
		while ((event = wsgi_pair_read(&reader, &in, &piece)) != WSGI_PAIR_MORE)
			if (event == WSGI_PAIR_END)
				wsgi_buf_addf(&story, " %u,%u;", reader.name_len, reader.value_len);
			else
				wsgi_buf_add(&story, piece.data, piece.len);
	}
	wsgi_buf_add(&story, "", 1);
	return story.data;
}

START_TEST(pairs_are_read_however_they_are_cut)
{
	/* FastCGI 1.0, 3.4: lengths of 1 and of 4 bytes, also where 1 would do */
	static const char wide[] = "\x80\0\0\1\x80\0\0\2ABC";

	add_pair(&bytes, "NAME", "value");
	add_pair(&bytes, "", "");
	wsgi_buf_add(&bytes, wide, sizeof(wide) - 1);
	add_pair(&bytes, "EMPTY", "");
	add_pair(&bytes, "", "nameless");
	ck_assert_str_eq(when_it_reads((size_t)_i),
			 "NAMEvalue 4,5; 0,0;ABC 1,2;EMPTY 5,0;nameless 0,8;");
	ck_assert(wsgi_pair_at_border(&reader));
}
END_TEST

START_TEST(a_pair_that_is_cut_off_leaves_the_border)
{
	add_pair(&bytes, "NAME", "value");
	bytes.len = (size_t)_i;
	when_it_reads(100);
	ck_assert(!wsgi_pair_at_border(&reader));
}
END_TEST

static const struct {
	size_t len, bytes;
} lengths[] = {{0, 1}, {127, 1}, {128, 4}, {65536, 4}, {0x7fffffff, 4}};

START_TEST(a_length_is_written_as_it_is_read)
{
	unsigned char head[8];
	size_t n = wsgi_pair_put_head(head, lengths[_i].len, 5);
	struct wsgi_span in = {(char *)head, n}, piece;

	ck_assert_uint_eq(n, lengths[_i].bytes + 1);
	wsgi_pair_read(&reader, &in, &piece);
	ck_assert_uint_eq(reader.name_len, lengths[_i].len);
	ck_assert_uint_eq(reader.value_len, 5);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pair");
	TCase *tc = tcase_create("wire");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, pairs_are_read_however_they_are_cut, 1, 50);
	tcase_add_loop_test(tc, a_pair_that_is_cut_off_leaves_the_border, 1, 11);
	tcase_add_loop_test(tc, a_length_is_written_as_it_is_read, 0,
			    (int)(sizeof(lengths) / sizeof(lengths[0])));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
