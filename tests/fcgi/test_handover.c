#include "fcgi/handover.h"

#include <check.h>

#define US INT64_C(1000)
#define MS INT64_C(1000000)

static struct wsgi_handover h;
static int64_t now;

static void request(int64_t took, int64_t idle)
{
	const bool sampled = wsgi_handover_wants_sample(&h);

	now += took;
	wsgi_handover_note(&h, now, took, sampled ? idle : -1);
}

static void requests(int n, int64_t took, int64_t idle)
{
	for (int i = 0; i < n; i++)
		request(took, idle);
}

static bool is_eager(void)
{
	return wsgi_handover_is_eager(&h, now);
}

static void set_up(void)
{
	now = 1000 * MS;
	wsgi_handover_init(&h, true);
}

/* What an application under an interpreter's lock does, and what comes of it. */
static const struct {
	const char *claim;
	int64_t took, idle;
	bool eager;
} habits[] = {
	{"short ones are not even looked at", 10 * US, 10 * US, false},
	{"computing is done alone", 300 * US, 0, false},
	{"and so is long computing", 50 * MS, 10 * US, false},
	{"who sleeps lets others work", 20 * MS, 19 * MS, true},
	{"even if it is for a short time", 200 * US, 150 * US, true},
	{"who sleeps a little of the time gains nothing", 2 * MS, 100 * US, false},
	{"half is worth it", 2 * MS, MS, true},
};

START_TEST(under_a_lock_it_depends_on_idle_time)
{
	requests(100, habits[_i].took, habits[_i].idle);
	ck_assert_msg(h.eager == habits[_i].eager, "%s", habits[_i].claim);
}
END_TEST

START_TEST(it_begins_lazily)
{
	ck_assert(!is_eager());
	ck_assert(!wsgi_handover_wants_sample(&h));
}
END_TEST

START_TEST(a_long_request_has_the_next_one_looked_at)
{
	requests(1000, 10 * US, 0);
	request(20 * MS, 20 * MS);
	ck_assert(wsgi_handover_wants_sample(&h));
	request(20 * MS, 20 * MS);
	ck_assert(is_eager());
}
END_TEST

START_TEST(one_in_sixteen_is_looked_at)
{
	int sampled = 0;

	requests(100, 300 * US, 0);
	for (int i = 0; i < 160; i++) {
		sampled += wsgi_handover_wants_sample(&h);
		request(300 * US, 0);
	}
	ck_assert_int_eq(sampled, 10);
}
END_TEST

START_TEST(being_eager_is_no_state_for_ever)
{
	requests(2, 20 * MS, 20 * MS);
	ck_assert(is_eager());
	now += 51 * MS;
	ck_assert(!is_eager());
	ck_assert(wsgi_handover_wants_sample(&h)); /* the attempt is judged by what it shows */
	request(300 * US, 0);
	now += 1000 * MS;
	ck_assert(!is_eager());
}
END_TEST

/* How many of so many requests were begun lazily. */
static int count_lazy(int n, int64_t took, int64_t idle)
{
	int lazy = 0;

	for (int i = 0; i < n; i++) {
		lazy += !is_eager();
		request(took, idle);
	}
	return lazy;
}

START_TEST(attempts_that_fail_become_rare)
{
	requests(2, 20 * MS, 20 * MS);
	count_lazy(500, 20 * MS, 20 * MS);
	ck_assert_int_le(count_lazy(1000, 20 * MS, 20 * MS), 13); /* 20 s: one in 1.6 s */
	requests(1, 20 * MS, 20 * MS);
}
END_TEST

START_TEST(after_a_long_calm_attempts_are_frequent_again)
{
	requests(2, 20 * MS, 20 * MS);
	count_lazy(500, 20 * MS, 20 * MS);
	now += 1700 * MS;
	ck_assert(!is_eager());
	count_lazy(10000, 300 * US, 0);
	requests(20, 20 * MS, 20 * MS);
	ck_assert(h.eager);
	h.lazy_again_ns = now; /* due */
	ck_assert(!is_eager());
	requests(2, 20 * MS, 20 * MS);
	ck_assert_int_le(h.lazy_again_ns - now, 110 * MS);
}
END_TEST

START_TEST(without_a_lock_it_depends_on_length)
{
	wsgi_handover_init(&h, false);
	requests(1000, 10 * US, 0);
	ck_assert(!is_eager());
	ck_assert(!wsgi_handover_wants_sample(&h));
	request(20 * MS, 0);
	ck_assert(!is_eager()); /* one long one says nothing */
	requests(100, 100 * US, 0);
	ck_assert(is_eager());
	requests(100, 40 * US, 0);
	ck_assert(is_eager()); /* it does not go back and forth */
	requests(100, 10 * US, 0);
	ck_assert(!is_eager());
}
END_TEST

static const struct {
	bool exclusive, busy, eager;
} late[] = {
	{true, true, false}, /* a second one would only wait for the lock */
	{true, false, true},
	{false, true, true},
	{false, false, true},
};

START_TEST(a_thread_that_is_late_is_judged_at_once)
{
	wsgi_handover_init(&h, late[_i].exclusive);
	requests(100, 10 * US, 0);
	wsgi_handover_note_late(&h, now, late[_i].busy);
	ck_assert_int_eq(is_eager(), late[_i].eager);
	request(10 * US, 0);
	ck_assert_int_eq(is_eager(), late[_i].eager);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("handover");
	TCase *t = tcase_create("handover");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, it_begins_lazily);
	tcase_add_loop_test(t, under_a_lock_it_depends_on_idle_time, 0,
			    (int)(sizeof(habits) / sizeof(habits[0])));
	tcase_add_test(t, a_long_request_has_the_next_one_looked_at);
	tcase_add_test(t, one_in_sixteen_is_looked_at);
	tcase_add_test(t, being_eager_is_no_state_for_ever);
	tcase_add_test(t, attempts_that_fail_become_rare);
	tcase_add_test(t, after_a_long_calm_attempts_are_frequent_again);
	tcase_add_test(t, without_a_lock_it_depends_on_length);
	tcase_add_loop_test(t, a_thread_that_is_late_is_judged_at_once, 0, 4);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
