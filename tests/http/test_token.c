#include "http/token.h"

#include <check.h>
#include <string.h>

static const char special[] = "!#$%&'*+-.^_`|~";

START_TEST(a_token_has_letters_digits_and_these_characters)
{
	const char c = (char)_i;
	bool is_good = (_i >= '0' && _i <= '9') || (_i >= 'a' && _i <= 'z') ||
		       (_i >= 'A' && _i <= 'Z') || (_i != 0 && _i < 128 && strchr(special, _i));
	const char text[] = {'X', c, 'Y'};

	ck_assert_int_eq(wsgi_http_is_token((struct wsgi_span){text, 3}), is_good);
	ck_assert_int_eq(wsgi_http_is_token((struct wsgi_span){&c, 1}), is_good);
}
END_TEST

START_TEST(nothing_is_no_token)
{
	ck_assert(!wsgi_http_is_token((struct wsgi_span){"", 0}));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("token");
	TCase *tc = tcase_create("token");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, a_token_has_letters_digits_and_these_characters, 0, 256);
	tcase_add_test(tc, nothing_is_no_token);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
