#include <check.h>
#include <stdlib.h>

#include "base/span.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static const struct {
	struct wsgi_span span;
	const char *text;
	bool is, is_nocase;
} rows[] = {
	{{"abc", 3}, "abc", true, true},
	{{"aBc", 3}, "AbC", false, true},
	{{"abcd", 3}, "abc", true, true},
	{{"abc", 3}, "abcd", false, false},
	{{"abc", 3}, "ab", false, false},
	{{NULL, 0}, "", true, true},
	{{NULL, 0}, "a", false, false},
	{{"a\0b", 3}, "a", false, false},
	{{"@[`{", 4}, "`{@[", false, false},
	/* Latin-1's letters are not ASCII's: capital and small e-acute differ. */
	{{"\xc9", 1}, "\xe9", false, false},
	{{"\xe9", 1}, "\xe9", true, true},
};

START_TEST(a_span_compares_with_a_string)
{
	ck_assert_int_eq(wsgi_span_is(rows[_i].span, rows[_i].text), rows[_i].is);
	ck_assert_int_eq(wsgi_span_is_nocase(rows[_i].span, rows[_i].text), rows[_i].is_nocase);
}
END_TEST

START_TEST(the_span_of_a_string_ends_before_its_nul)
{
	const char *text = "abc";

	ck_assert_ptr_eq(wsgi_span_of(text).data, text);
	ck_assert_uint_eq(wsgi_span_of(text).len, 3);
}
END_TEST

static const struct {
	struct wsgi_span text;
	size_t cut, left; /* bytes */
} cuts[] = {
	{{"a/b/c", 5}, 1, 3}, {{"/b", 2}, 0, 1}, {{"a/", 2}, 1, 0}, {{"abc", 3}, 3, 0},
	{{"a\0/b", 4}, 2, 1}, {{"/", 1}, 0, 0},  {{"", 0}, 0, 0},   {{NULL, 0}, 0, 0},
};

START_TEST(a_span_is_cut_at_the_first_of_a_character)
{
	struct wsgi_span left = cuts[_i].text;
	const struct wsgi_span cut = wsgi_span_cut(&left, '/');

	ck_assert_ptr_eq(cut.data, cuts[_i].text.data);
	ck_assert_uint_eq(cut.len, cuts[_i].cut);
	ck_assert_uint_eq(left.len, cuts[_i].left);
	if (left.len > 0)
		ck_assert_ptr_eq(left.data, cut.data + cut.len + 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("span");
	TCase *tc = tcase_create("span");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, a_span_compares_with_a_string, 0, LEN(rows));
	tcase_add_loop_test(tc, a_span_is_cut_at_the_first_of_a_character, 0, LEN(cuts));
	tcase_add_test(tc, the_span_of_a_string_ends_before_its_nul);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
