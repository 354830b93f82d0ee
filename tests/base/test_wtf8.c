#include <check.h>
#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/wtf8.h"

#include "memory.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

enum { MOST = 8, CHARACTERS = 0x110000 };

static struct wsgi_buf out;

static void given_an_empty_buf(void)
{
	out = (struct wsgi_buf){0};
}

static void tear_down(void)
{
	wsgi_buf_finish(&out);
}

/* -- the spelling of units ------------------------------------------------------------------- */

static const struct {
	const char *claim;
	uint16_t units[MOST];
	size_t len;
	const char *bytes;
	size_t bytes_len;
} spellings[] = {
	{"nothing", {0}, 0, "", 0},
	{"ASCII is itself", {'a', 0x7f}, 2, "a\x7f", 2},
	{"a 0 is a byte", {'a', 0, 'b'}, 3, "a\0b", 3},
	{"two bytes, the first and the last", {0x80, 0x7ff}, 2, "\xc2\x80\xdf\xbf", 4},
	{"three bytes, the first and the last", {0x800, 0xffff}, 2, "\xe0\xa0\x80\xef\xbf\xbf", 6},
	{"beside the surrogates", {0xd7ff, 0xe000}, 2, "\xed\x9f\xbf\xee\x80\x80", 6},
	{"two halves are a character", {0xd83d, 0xde00}, 2, "\xf0\x9f\x98\x80", 4},
	{"the first of two units", {0xd800, 0xdc00}, 2, "\xf0\x90\x80\x80", 4},
	{"the last of two units", {0xdbff, 0xdfff}, 2, "\xf4\x8f\xbf\xbf", 4},
	{"a high half alone", {0xd83d}, 1, "\xed\xa0\xbd", 3},
	{"a low half alone", {0xde00}, 1, "\xed\xb8\x80", 3},
	{"the lowest and the highest half", {0xdfff, 0xd800}, 2, "\xed\xbf\xbf\xed\xa0\x80", 6},
	{"a high half before a letter", {0xdbff, 'a'}, 2, "\xed\xaf\xbf\x61", 4},
	{"halves the wrong way round", {0xde00, 0xd83d}, 2, "\xed\xb8\x80\xed\xa0\xbd", 6},
	{"high, high, low", {0xd83d, 0xd83d, 0xde00}, 3, "\xed\xa0\xbd\xf0\x9f\x98\x80", 7},
	{"high, low, low", {0xd83d, 0xde00, 0xde00}, 3, "\xf0\x9f\x98\x80\xed\xb8\x80", 7},
};

START_TEST(units_are_spelt_in_bytes)
{
	ck_assert_int_eq(wsgi_wtf8_encode(spellings[_i].units, spellings[_i].len, &out), 0);
	ck_assert_msg(out.len == spellings[_i].bytes_len &&
			      (out.len == 0 || memcmp(out.data, spellings[_i].bytes, out.len) == 0),
		      "%s", spellings[_i].claim);
}
END_TEST

START_TEST(what_is_spelt_is_appended)
{
	static const uint16_t units[] = {0xe9};

	ck_assert_int_eq(wsgi_buf_adds(&out, "caf"), 0);
	ck_assert_int_eq(wsgi_wtf8_encode(units, 1, &out), 0);
	ck_assert_uint_eq(out.len, 5);
	ck_assert_int_eq(memcmp(out.data, "caf\xc3\xa9", 5), 0);
}
END_TEST

START_TEST(units_that_end_in_0_become_a_string)
{
	static const uint16_t units[] = {'a', 0xe9, 0xd83d, 0, 'b'}, none[] = {0};
	char *text = wsgi_wtf8_string(units), *empty = wsgi_wtf8_string(none);

	ck_assert_str_eq(text, "a\xc3\xa9\xed\xa0\xbd");
	ck_assert_str_eq(empty, "");
	free(text);
	free(empty);
}
END_TEST

/* -- and back -------------------------------------------------------------------------------- */

#define R 0xfffd

static const struct {
	const char *claim, *bytes;
	size_t bytes_len;
	uint16_t units[MOST];
	size_t len;
} readings[] = {
	{"nothing", "", 0, {0}, 0},
	{"a 0 is a unit", "a\0b", 3, {'a', 0, 'b'}, 3},
	{"a character of two units", "\xf0\x9f\x98\x80", 4, {0xd83d, 0xde00}, 2},
	{"a half alone", "\xed\xb8\x80", 3, {0xde00}, 1},
	{"halves spelt apart join", "\xed\xa0\xbd\xed\xb8\x80", 6, {0xd83d, 0xde00}, 2},
	{"a byte of no character", "a\xff\x62", 3, {'a', R, 'b'}, 3},
	{"latin-1", "caf\xe9", 4, {'c', 'a', 'f', R}, 4},
	{"one that only follows", "\x80\xbf", 2, {R, R}, 2},
	{"cut short at the end", "\xe6\x97", 2, {R, R}, 2},
	{"cut short by a letter", "\xe6\x97g", 3, {R, R, 'g'}, 3},
	{"cut short by a character", "\xf0\x9f\x98\xc3\xa9", 5, {R, R, R, 0xe9}, 4},
	{"a 0 cuts short", "\xc3\0", 2, {R, 0}, 2},
	{"two bytes for one", "\xc0\x80\xc1\xbf", 4, {R, R, R, R}, 4},
	{"three bytes for two", "\xe0\x9f\xbf", 3, {R, R, R}, 3},
	{"four bytes for three", "\xf0\x8f\xbf\xbf", 4, {R, R, R, R}, 4},
	{"beyond Unicode", "\xf4\x90\x80\x80", 4, {R, R, R, R}, 4},
	{"far beyond", "\xf7\xbf\xbf\xbf", 4, {R, R, R, R}, 4},
	{"of old there were longer ones", "\xf8\x88\x80\x80\x80", 5, {R, R, R, R, R}, 5},
	{"a mark of the order stays", "\xef\xbb\xbf\x61", 4, {0xfeff, 'a'}, 2},
};

START_TEST(bytes_are_read_as_units)
{
	size_t len = 99;
	uint16_t *units = wsgi_wtf8_decode(
		(struct wsgi_span){readings[_i].bytes, readings[_i].bytes_len}, &len);

	ck_assert_msg(len == readings[_i].len &&
			      memcmp(units, readings[_i].units, len * sizeof(*units)) == 0,
		      "%s", readings[_i].claim);
	ck_assert_uint_eq(units[len], 0);
	free(units);
}
END_TEST

START_TEST(the_length_may_be_left_out)
{
	uint16_t *units = wsgi_wtf8_decode(wsgi_span_of("a"), NULL);
	uint16_t *none = wsgi_wtf8_decode((struct wsgi_span){0}, NULL);

	ck_assert_uint_eq(units[0], 'a');
	ck_assert_uint_eq(units[1], 0);
	ck_assert_uint_eq(none[0], 0);
	free(units);
	free(none);
}
END_TEST

/* -- against another's UTF-8 ----------------------------------------------------------------- */

START_TEST(every_character_is_spelt_as_iconv_spells_it)
{
	uint16_t *units = malloc(2 * CHARACTERS * sizeof(*units)), *back;
	char *bytes = malloc(4 * CHARACTERS), *to = bytes, *from;
	iconv_t cd = iconv_open("UTF-8", "UTF-16LE");
	size_t len = 0, left = 4 * CHARACTERS, units_left, back_len;

	for (uint32_t c = 0; c < CHARACTERS; c++) {
		if (c >= 0xd800 && c < 0xe000)
			continue;
		if (c >= 0x10000)
			units[len++] = (uint16_t)(0xd7c0 + (c >> 10));
		units[len++] = (uint16_t)(c >= 0x10000 ? 0xdc00 + c % 0x400 : c);
	}
	from = (char *)units;
	units_left = len * sizeof(*units);
	ck_assert_uint_eq(iconv(cd, &from, &units_left, &to, &left), 0);
	ck_assert_uint_eq(units_left, 0);
	ck_assert_int_eq(wsgi_wtf8_encode(units, len, &out), 0);
	ck_assert_uint_eq(out.len, (size_t)(to - bytes));
	ck_assert_int_eq(memcmp(out.data, bytes, out.len), 0);
	back = wsgi_wtf8_decode((struct wsgi_span){out.data, out.len}, &back_len);
	ck_assert_uint_eq(back_len, len);
	ck_assert_int_eq(memcmp(back, units, len * sizeof(*units)), 0);
	iconv_close(cd);
	free(back);
	free(bytes);
	free(units);
}
END_TEST

/* Whether bytes are one character, by the table of RFC 3629, 4, which has no surrogates. */
static bool is_character(const unsigned char *s, size_t len)
{
	static const struct {
		size_t len;
		unsigned char first[2], second[2];
	} table[] = {
		{1, {0x00, 0x7f}, {0, 0}},       {2, {0xc2, 0xdf}, {0x80, 0xbf}},
		{3, {0xe0, 0xe0}, {0xa0, 0xbf}}, {3, {0xe1, 0xec}, {0x80, 0xbf}},
		{3, {0xed, 0xed}, {0x80, 0x9f}}, {3, {0xee, 0xef}, {0x80, 0xbf}},
		{4, {0xf0, 0xf0}, {0x90, 0xbf}}, {4, {0xf1, 0xf3}, {0x80, 0xbf}},
		{4, {0xf4, 0xf4}, {0x80, 0x8f}}, {3, {0xed, 0xed}, {0xa0, 0xbf}}, /* but we do */
	};

	for (int i = 0; i < LEN(table); i++) {
		bool is = table[i].len == len && s[0] >= table[i].first[0] &&
			  s[0] <= table[i].first[1];

		is = is && (len < 2 || (s[1] >= table[i].second[0] && s[1] <= table[i].second[1]));
		for (size_t j = 2; j < len; j++)
			is = is && s[j] >= 0x80 && s[j] <= 0xbf;
		if (is)
			return true;
	}
	return false;
}

/* Bytes come back as they were, but for each of no character. No halves that would join. */
static void check_reading(const unsigned char *s, size_t len)
{
	char expected[12];
	size_t at = 0, n;
	uint16_t *units = wsgi_wtf8_decode((struct wsgi_span){(const char *)s, len}, &n);

	out.len = 0;
	ck_assert_int_eq(wsgi_wtf8_encode(units, n, &out), 0);
	for (size_t i = 0; i < len; i += n) {
		for (n = 1; n < len - i && !is_character(s + i, n);)
			n++;
		if (is_character(s + i, n)) {
			memcpy(expected + at, s + i, n);
			at += n;
		} else {
			memcpy(expected + at, "\xef\xbf\xbd", 3);
			at += 3;
			n = 1;
		}
	}
	if (out.len != at || memcmp(out.data, expected, at) != 0)
		ck_abort_msg("%zu bytes, %02x %02x... are misread", len, s[0], len > 1 ? s[1] : 0);
	free(units);
}

/* Of four bytes the first len; what stands behind them would go on. */
static void check_beginning(const unsigned char *s, size_t len)
{
	unsigned char copy[] = {0x80, 0x80, 0x80, 0x80};

	memcpy(copy, s, len);
	check_reading(copy, len);
}

START_TEST(what_is_a_character_is_that_of_the_rfc)
{
	static const unsigned char some[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90,
					     0x9f, 0xa0, 0xbf, 0xc0, 0xff};

	for (unsigned first = 0; first < 0x100; first++)
		for (unsigned second = 0; second < 0x100; second++)
			for (int third = 0; third < LEN(some); third++) {
				unsigned char s[] = {(unsigned char)first, (unsigned char)second,
						     some[third], 0};

				for (size_t len = 1; len <= 3; len++)
					check_beginning(s, len);
				for (int i = 0; first >= 0xf0 && i < LEN(some); i++) {
					s[3] = some[i];
					check_reading(s, 4);
				}
			}
}
END_TEST

/* -- there and back: nothing is lost --------------------------------------------------------- */

/* No high half stands spelt apart before a low one: such a pair is one character. */
static bool has_halves_apart(const struct wsgi_buf *text)
{
	for (size_t i = 0; i + 5 < text->len; i++) {
		const unsigned char *s = (const unsigned char *)text->data + i;

		if (s[0] == 0xed && (s[1] & 0xf0) == 0xa0 && s[3] == 0xed && (s[4] & 0xf0) == 0xb0)
			return true;
	}
	return false;
}

static void check_there_and_back(const uint16_t *units, size_t len)
{
	uint16_t *back;
	size_t back_len;

	out.len = 0;
	ck_assert_int_eq(wsgi_wtf8_encode(units, len, &out), 0);
	back = wsgi_wtf8_decode((struct wsgi_span){out.data, out.len}, &back_len);
	if (back_len != len || (len > 0 && memcmp(back, units, len * sizeof(*units)) != 0) ||
	    has_halves_apart(&out))
		ck_abort_msg("%zu units, %04x %04x %04x... do not come back", len, units[0],
			     len > 1 ? units[1] : 0, len > 2 ? units[2] : 0);
	free(back);
}

START_TEST(every_unit_comes_back)
{
	for (unsigned unit = 0; unit <= 0xffff; unit++)
		check_there_and_back(&(const uint16_t){(uint16_t)unit}, 1);
}
END_TEST

START_TEST(every_pair_of_surrogates_comes_back)
{
	for (unsigned first = 0xd800; first <= 0xdfff; first++)
		for (unsigned second = 0xd800; second <= 0xdfff; second += 0x3f)
			check_there_and_back((const uint16_t[]){(uint16_t)first, (uint16_t)second},
					     2);
}
END_TEST

static const uint16_t edges[] = {0,      'a',    0x7f,   0x80,   0x7ff,  0x800,  0xd7ff,
				 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xfffd, 0xffff};

START_TEST(every_sequence_of_edges_comes_back)
{
	enum { LONGEST = 4 };
	uint16_t units[LONGEST];
	unsigned long sequences = 1;

	for (size_t len = 1; len <= LONGEST; len++) {
		sequences *= (unsigned long)LEN(edges);
		for (unsigned long n = 0; n < sequences; n++) {
			unsigned long rest = n;

			for (size_t i = 0; i < len; i++, rest /= (unsigned long)LEN(edges))
				units[i] = edges[rest % (unsigned long)LEN(edges)];
			check_there_and_back(units, len);
		}
	}
}
END_TEST

START_TEST(long_sequences_come_back)
{
	enum { TIMES = 2000, LONGEST = 300 };
	uint16_t units[LONGEST];

	srand(1);
	for (int i = 0; i < TIMES; i++) {
		const size_t len = (size_t)rand() % LONGEST;

		for (size_t j = 0; j < len; j++)
			units[j] = rand() % 2 == 0 ? (uint16_t)(0xd800 + rand() % 0x800)
						   : (uint16_t)rand();
		check_there_and_back(units, len);
	}
}
END_TEST

/* -- without memory -------------------------------------------------------------------------- */

static int encode(void)
{
	return wsgi_wtf8_encode((const uint16_t[]){'a'}, 1, &out);
}

static int string(void)
{
	char *text = wsgi_wtf8_string((const uint16_t[]){'a', 0});
	const int rc = text != NULL ? 0 : -errno;

	free(text);
	return rc;
}

static int decode(void)
{
	uint16_t *units = wsgi_wtf8_decode(wsgi_span_of("a"), NULL);
	const int rc = units != NULL ? 0 : -errno;

	free(units);
	return rc;
}

START_TEST(it_fails_without_memory_and_leaves_nothing_behind)
{
	static int (*const functions[])(void) = {encode, string, decode};
	const long held = memory_held();
	long allocations = 0;
	int rc;

	for (;; allocations++) {
		errno = 0;
		memory_left(allocations);
		rc = functions[_i]();
		memory_left(MEMORY_ENOUGH);
		if (rc == 0)
			break;
		ck_assert_int_eq(rc, -ENOMEM);
		ck_assert_uint_eq(out.len, 0);
		ck_assert_int_eq(memory_held(), held);
	}
#ifndef __SANITIZE_ADDRESS__
	ck_assert_int_eq(allocations, 1);
#endif
}
END_TEST

START_TEST(a_length_that_cannot_be_is_no_memory)
{
	errno = 0;
	ck_assert_ptr_null(wsgi_wtf8_decode((struct wsgi_span){"", SIZE_MAX / 2}, NULL));
	ck_assert_int_eq(errno, ENOMEM);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wtf8");
	TCase *tc = tcase_create("wtf8");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_an_empty_buf, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, units_are_spelt_in_bytes, 0, LEN(spellings));
	tcase_add_test(tc, what_is_spelt_is_appended);
	tcase_add_test(tc, units_that_end_in_0_become_a_string);
	tcase_add_loop_test(tc, bytes_are_read_as_units, 0, LEN(readings));
	tcase_add_test(tc, the_length_may_be_left_out);
	tcase_add_test(tc, every_character_is_spelt_as_iconv_spells_it);
	tcase_add_test(tc, what_is_a_character_is_that_of_the_rfc);
	tcase_add_test(tc, every_unit_comes_back);
	tcase_add_test(tc, every_pair_of_surrogates_comes_back);
	tcase_add_test(tc, every_sequence_of_edges_comes_back);
	tcase_add_test(tc, long_sequences_come_back);
	tcase_add_loop_test(tc, it_fails_without_memory_and_leaves_nothing_behind, 0, 3);
	tcase_add_test(tc, a_length_that_cannot_be_is_no_memory);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
