#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static struct wsgi_error err;

START_TEST(a_failure_is_a_code_and_words)
{
	ck_assert_int_eq(wsgi_fail(&err, -ENOENT, "no symbol '%s' in %s", "x", "a.so"), -ENOENT);
	ck_assert_int_eq(err.code, -ENOENT);
	ck_assert_str_eq(err.text, "no symbol 'x' in a.so");
}
END_TEST

START_TEST(without_an_err_the_code_still_travels)
{
	ck_assert_int_eq(wsgi_fail(NULL, -EINVAL, "nobody reads it"), -EINVAL);
}
END_TEST

START_TEST(long_words_are_cut)
{
	char name[1000];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	wsgi_fail(&err, -EINVAL, "%s", name);
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
}
END_TEST

START_TEST(the_words_are_one_line_whatever_name_stands_in_them)
{
	wsgi_fail(&err, -EINVAL, "'%s' is none", "a\nb\r\t\033[2J\177caf\xc3\xa9");
	ck_assert_str_eq(err.text, "'a?b???[2J?caf\xc3\xa9' is none");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("error");
	TCase *t = tcase_create("error");
	SRunner *r;
	int failed;

	tcase_add_test(t, a_failure_is_a_code_and_words);
	tcase_add_test(t, without_an_err_the_code_still_travels);
	tcase_add_test(t, long_words_are_cut);
	tcase_add_test(t, the_words_are_one_line_whatever_name_stands_in_them);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
