#include "serve/limits.h"

#include <check.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LARGE = 64 << 20 };

static struct wsgi_limits limits;

static void tear_down(void)
{
	wsgi_limits_finish(&limits);
}

/* Which of the first n requests reaches a limit, from 1; 0: none. */
static int when_counted(int n)
{
	int at = 0;

	for (int i = 1; i <= n; i++)
		if (wsgi_limits_count(&limits)) {
			ck_assert_int_eq(at, 0);
			at = i;
		}
	return at;
}

static uint64_t resident(void)
{
	uint64_t bytes;

	wsgi_limits_weigh(&limits, &bytes);
	return bytes;
}

static void when_the_worker_has_grown(void)
{
	void *more = mmap(NULL, LARGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	ck_assert_ptr_ne(more, MAP_FAILED);
}

START_TEST(a_worker_without_limits_is_never_replaced)
{
	wsgi_limits_init(&limits, 0, 0);
	ck_assert_int_eq(when_counted(10000), 0);
}
END_TEST

START_TEST(the_last_of_so_many_requests_reaches_the_limit_and_none_after_it)
{
	wsgi_limits_init(&limits, 100, 0);
	ck_assert_int_eq(when_counted(99), 0);
	ck_assert(!wsgi_limits_has_enough(&limits));
	ck_assert_int_eq(when_counted(1000), 1);
	ck_assert(wsgi_limits_has_enough(&limits));
}
END_TEST

START_TEST(a_worker_that_is_too_large_is_replaced_after_a_request)
{
	wsgi_limits_init(&limits, 0, 1);
	wsgi_limits_init(&limits, 0, resident() + LARGE / 2);
	ck_assert_int_eq(when_counted(10), 0);
	when_the_worker_has_grown();
	usleep(20000);
	ck_assert_int_eq(when_counted(10), 1);
}
END_TEST

START_TEST(a_worker_reaches_one_limit_only)
{
	uint64_t bytes;

	wsgi_limits_init(&limits, 2, 1);
	ck_assert_int_eq(when_counted(10), 1);
	ck_assert(!wsgi_limits_weigh(&limits, &bytes));
}
END_TEST

START_TEST(a_worker_that_is_too_large_from_its_start_on_is_replaced_after_its_first_request)
{
	uint64_t bytes;

	wsgi_limits_init(&limits, 0, 1);
	ck_assert(!wsgi_limits_weigh(&limits, &bytes));
	ck_assert_uint_gt(bytes, 1);
	ck_assert_int_eq(when_counted(1), 1);
}
END_TEST

START_TEST(memory_is_what_is_resident)
{
	uint64_t before;

	wsgi_limits_init(&limits, 0, 0);
	before = resident();
	when_the_worker_has_grown();
	ck_assert_uint_ge(resident(), before + LARGE - (1 << 20));
	ck_assert_uint_lt(resident(), before + 2 * (uint64_t)LARGE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("limits");
	TCase *tc = tcase_create("limits");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_test(tc, a_worker_without_limits_is_never_replaced);
	tcase_add_test(tc, the_last_of_so_many_requests_reaches_the_limit_and_none_after_it);
	tcase_add_test(tc, a_worker_that_is_too_large_is_replaced_after_a_request);
	tcase_add_test(tc, a_worker_reaches_one_limit_only);
	tcase_add_test(
		tc,
		a_worker_that_is_too_large_from_its_start_on_is_replaced_after_its_first_request);
	tcase_add_test(tc, memory_is_what_is_resident);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
