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

static const clockid_t clocks[] = {CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_THREAD_CPUTIME_ID,
				   CLOCK_PROCESS_CPUTIME_ID};

static int64_t system_ns(clockid_t clock)
{
	struct timespec t;

	ck_assert_int_eq(clock_gettime(clock, &t), 0);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

START_TEST(a_clock_is_the_systems)
{
	const int64_t first = system_ns(clocks[_i]);
	const int64_t ns = wsgi_clock_ns(clocks[_i]), us = wsgi_clock_us(clocks[_i]);
	const int64_t last = system_ns(clocks[_i]);

	ck_assert_int_le(first, ns);
	ck_assert_int_le(ns / 1000, us);
	ck_assert_int_le(us, last / 1000);
}
END_TEST

START_TEST(milliseconds_are_those_of_the_monotonic_clock)
{
	const int64_t first = system_ns(CLOCK_MONOTONIC), ms = wsgi_clock_ms();

	ck_assert_int_le(first / 1000000, ms);
	ck_assert_int_le(ms, system_ns(CLOCK_MONOTONIC) / 1000000);
}
END_TEST

static const int64_t times_ms[] = {0, 1, 999, 1000, 86400000};

START_TEST(a_time_from_now_is_so_much_later)
{
	const int64_t first = system_ns(CLOCK_MONOTONIC);
	const struct timespec then = wsgi_clock_after(CLOCK_MONOTONIC, times_ms[_i]);
	const int64_t last = system_ns(CLOCK_MONOTONIC);
	const int64_t then_ns = (int64_t)then.tv_sec * 1000000000 + then.tv_nsec;

	ck_assert_int_lt(then.tv_nsec, 1000000000);
	ck_assert_int_le(first + times_ms[_i] * 1000000, then_ns);
	ck_assert_int_le(then_ns, last + times_ms[_i] * 1000000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("clock");
	TCase *tc = tcase_create("clock");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, the_clock_counts_milliseconds);
	tcase_add_loop_test(tc, a_clock_is_the_systems, 0,
			    (int)(sizeof(clocks) / sizeof(clocks[0])));
	tcase_add_loop_test(tc, a_time_from_now_is_so_much_later, 0,
			    (int)(sizeof(times_ms) / sizeof(times_ms[0])));
	tcase_add_test(tc, milliseconds_are_those_of_the_monotonic_clock);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
