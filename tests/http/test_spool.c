#include "http/spool.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct wsgi_spool spool;
static unsigned char in_next, out_next;
static char block[100000];

static void set_up(void)
{
	wsgi_spool_init(&spool);
	in_next = out_next = 0;
}

static void tear_down(void)
{
	wsgi_spool_finish(&spool);
}

static void when_added(size_t len)
{
	for (size_t i = 0; i < len; i++)
		block[i] = (char)in_next++;
	ck_assert_int_eq(wsgi_spool_add(&spool, block, len), 0);
}

/* Takes len bytes and looks at each. */
static void they_come_out(size_t len)
{
	size_t wrong = 0;

	while (len > 0) {
		ssize_t n = wsgi_spool_take(&spool, block, len < 7777 ? len : 7777);

		ck_assert_int_gt(n, 0);
		for (ssize_t i = 0; i < n; i++)
			wrong += (unsigned char)block[i] != out_next++;
		len -= (size_t)n;
	}
	ck_assert_uint_eq(wrong, 0);
}

START_TEST(bytes_come_out_in_the_order_in_which_they_came)
{
	when_added(100);
	they_come_out(60);
	when_added(50);
	ck_assert_uint_eq(wsgi_spool_len(&spool), 90);
	they_come_out(90);
	ck_assert_int_eq(wsgi_spool_take(&spool, block, 1), 0);
}
END_TEST

START_TEST(memory_stays_flat_while_the_reader_keeps_up)
{
	for (int i = 0; i < 1000; i++) {
		when_added(5000);
		they_come_out(i == 0 ? 4000 : 5000);
	}
	ck_assert_uint_le(spool.mem.cap, 64 * 1024);
	ck_assert_int_eq(spool.fd, -1);
}
END_TEST

START_TEST(what_is_too_much_for_memory_goes_through_a_file)
{
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 12; i++)
			when_added(100000);
		ck_assert_uint_eq(wsgi_spool_len(&spool), 1200000);
		they_come_out(500000);
		when_added(10);
		they_come_out(700010);
	}
	ck_assert_uint_le(spool.mem.cap, 2 * WSGI_SPOOL_MEMORY);
	ck_assert_int_ne(spool.fd, -1);
	ck_assert_int_eq(spool.tail, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("spool");
	TCase *tc = tcase_create("queue");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, bytes_come_out_in_the_order_in_which_they_came);
	tcase_add_test(tc, memory_stays_flat_while_the_reader_keeps_up);
	tcase_add_test(tc, what_is_too_much_for_memory_goes_through_a_file);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
