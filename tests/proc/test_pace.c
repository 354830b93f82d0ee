#include <check.h>
#include <errno.h>
#include <string.h>

#include "proc/pace.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

enum { NOW = 1000000 };

static struct wsgi_pace pace;

static void given_no_history(void)
{
	memset(&pace, 0, sizeof(pace));
}

static void tear_down(void)
{
	wsgi_pace_finish(&pace);
}

START_TEST(so_many_a_second_are_allowed_and_no_more)
{
	ck_assert_uint_eq(wsgi_pace_allow(&pace, 3, 5, NOW), 3);
	ck_assert_uint_eq(wsgi_pace_allow(&pace, 3, 5, NOW + 500), 2);
	ck_assert_uint_eq(wsgi_pace_allow(&pace, 3, 5, NOW + 999), 0);
	ck_assert_int_eq(wsgi_pace_next_ms(&pace), NOW + 1000);
	ck_assert_uint_eq(wsgi_pace_allow(&pace, 3, 5, NOW + 1000), 3);
}
END_TEST

START_TEST(none_are_allowed_when_none_are_wanted)
{
	ck_assert_uint_eq(wsgi_pace_allow(&pace, 0, 5, NOW), 0);
	ck_assert_uint_eq(wsgi_pace_allow(&pace, 9, 5, NOW), 5);
}
END_TEST

static const int64_t waits_ms[] = {250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000};

START_TEST(each_failure_doubles_the_wait_up_to_half_a_minute)
{
	int64_t now_ms = NOW;

	for (int i = 0; i < LEN(waits_ms); i++) {
		ck_assert_int_eq(wsgi_pace_failed(&pace, now_ms), waits_ms[i]);
		ck_assert_uint_eq(wsgi_pace_allow(&pace, 4, 9, now_ms + waits_ms[i] - 1), 0);
		ck_assert_int_eq(wsgi_pace_next_ms(&pace), now_ms + waits_ms[i]);
		now_ms += waits_ms[i];
		ck_assert_uint_eq(wsgi_pace_allow(&pace, 4, 9, now_ms), 1);
	}
}
END_TEST

START_TEST(one_that_has_proved_itself_ends_the_wait)
{
	wsgi_pace_failed(&pace, NOW);
	wsgi_pace_failed(&pace, NOW);
	wsgi_pace_proved(&pace);
	ck_assert_uint_eq(wsgi_pace_allow(&pace, 4, 9, NOW), 4);
	ck_assert_int_eq(wsgi_pace_failed(&pace, NOW), 250);
}
END_TEST

START_TEST(a_failure_is_forgotten_after_a_while)
{
	wsgi_pace_failed(&pace, NOW);
	wsgi_pace_failed(&pace, NOW);
	ck_assert_int_eq(wsgi_pace_failed(&pace, NOW + 121000), 250);
}
END_TEST

/* When workers crash, in ms; whether the last one is one too many, with three within 1000 ms. */
static const struct {
	const char *claim;
	int64_t at[6];
	bool too_many;
} crashes[] = {
	{"two", {1, 2}, false},
	{"three at once", {1, 1, 1}, true},
	{"three within the interval", {1, 500, 1001}, true},
	{"three within more", {1, 500, 1002}, false},
	{"the last three of four", {1, 600, 1100, 1600}, true},
	{"it counts anew", {1, 2, 3, 4, 5}, false},
	{"and again", {1, 2, 3, 4, 5, 6}, true},
};

START_TEST(so_many_crashes_within_an_interval_are_too_many)
{
	bool too_many = false;

	ck_assert_int_eq(wsgi_pace_watch_crashes(&pace, 3, 1000), 0);
	for (int i = 0; i < 6 && crashes[_i].at[i] != 0; i++)
		too_many = wsgi_pace_crashed(&pace, NOW + crashes[_i].at[i]);
	ck_assert_msg(too_many == crashes[_i].too_many, "%s", crashes[_i].claim);
}
END_TEST

START_TEST(one_crash_can_be_too_many_and_none_ever_are)
{
	ck_assert(!wsgi_pace_crashed(&pace, NOW));
	ck_assert_int_eq(wsgi_pace_watch_crashes(&pace, 1, 1000), 0);
	ck_assert(wsgi_pace_crashed(&pace, NOW));
	ck_assert_int_eq(wsgi_pace_watch_crashes(&pace, 0, 1000), 0);
	ck_assert(!wsgi_pace_crashed(&pace, NOW));
	ck_assert_int_eq(wsgi_pace_watch_crashes(&pace, 2, 1000), 0);
	ck_assert(!wsgi_pace_crashed(&pace, 5)); /* soon after the machine has started */
}
END_TEST

static Suite *pace_suite(void)
{
	Suite *s = suite_create("pace");
	TCase *tc = tcase_create("pace");

	tcase_add_checked_fixture(tc, given_no_history, tear_down);
	tcase_add_test(tc, so_many_a_second_are_allowed_and_no_more);
	tcase_add_test(tc, none_are_allowed_when_none_are_wanted);
	tcase_add_test(tc, each_failure_doubles_the_wait_up_to_half_a_minute);
	tcase_add_test(tc, one_that_has_proved_itself_ends_the_wait);
	tcase_add_test(tc, a_failure_is_forgotten_after_a_while);
	tcase_add_loop_test(tc, so_many_crashes_within_an_interval_are_too_many, 0, LEN(crashes));
	tcase_add_test(tc, one_crash_can_be_too_many_and_none_ever_are);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(pace_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
