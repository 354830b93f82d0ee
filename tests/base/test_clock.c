#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

START_TEST(the_clock_counts_milliseconds)
{
	const int64_t before = wsgi_clock_ms();

	usleep(20 * 1000);
	ck_assert_int_ge(wsgi_clock_ms() - before, 19);
	ck_assert_int_lt(wsgi_clock_ms() - before, 4000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("clock");
	TCase *tc = tcase_create("clock");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, the_clock_counts_milliseconds);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
