#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"

static struct wsgi_buf buf;

static void tear_down(void)
{
	wsgi_buf_finish(&buf);
}

static void holds(const char *bytes, size_t len)
{
	ck_assert_uint_eq(buf.len, len);
	ck_assert_mem_eq(buf.data, bytes, len);
}

START_TEST(a_zeroed_buf_is_empty_and_can_be_added_to)
{
	ck_assert_int_eq(wsgi_buf_add(&buf, NULL, 0), 0);
	ck_assert_uint_eq(buf.len, 0);
	ck_assert_int_eq(wsgi_buf_add(&buf, "a\0b", 3), 0);
	ck_assert_int_eq(wsgi_buf_adds(&buf, "cd"), 0);
	ck_assert_int_eq(wsgi_buf_addf(&buf, "-%d-%s", 42, "x"), 0);
	holds("a\0bcd-42-x", 10);
}
END_TEST

START_TEST(what_is_there_stays_when_it_grows)
{
	for (int i = 0; i < 10000; i++)
		ck_assert_int_eq(wsgi_buf_addf(&buf, "%04d", i), 0);
	ck_assert_uint_eq(buf.len, 40000);
	ck_assert_mem_eq(buf.data, "00000001", 8);
	ck_assert_mem_eq(buf.data + 39996, "9999", 4);
}
END_TEST

START_TEST(bytes_of_the_buf_itself_can_be_added)
{
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(wsgi_buf_adds(&buf, "01234567"), 0);
	ck_assert_uint_eq(buf.len, buf.cap);
	ck_assert_int_eq(wsgi_buf_add(&buf, buf.data + 1, 3), 0);
	ck_assert_int_eq(wsgi_buf_add(&buf, buf.data, buf.len), 0);
	ck_assert_uint_eq(buf.len, 134);
	ck_assert_mem_eq(buf.data + 56, "0123456712301234567", 19);
	ck_assert_mem_eq(buf.data + 123, "01234567123", 11);
}
END_TEST

START_TEST(nothing_is_finished_as_well)
{
	wsgi_buf_finish(NULL);
	wsgi_buf_finish(&buf);
	wsgi_buf_finish(&buf);
	ck_assert_ptr_null(buf.data);
}
END_TEST

START_TEST(reserved_room_can_be_filled_without_a_move)
{
	const char *data;

	ck_assert_int_eq(wsgi_buf_reserve(&buf, 1000), 0);
	data = buf.data;
	for (int i = 0; i < 1000; i++)
		wsgi_buf_add(&buf, "x", 1);
	ck_assert_ptr_eq(buf.data, data);
}
END_TEST

START_TEST(more_than_there_is_of_memory_leaves_the_buf_as_it_was)
{
	wsgi_buf_adds(&buf, "kept");
	ck_assert_int_eq(wsgi_buf_reserve(&buf, SIZE_MAX), -ENOMEM);
	ck_assert_int_eq(wsgi_buf_reserve(&buf, PTRDIFF_MAX), -ENOMEM);
	holds("kept", 4);
}
END_TEST

START_TEST(dropping_takes_from_the_front)
{
	wsgi_buf_adds(&buf, "abcdef");
	wsgi_buf_drop(&buf, 0);
	wsgi_buf_drop(&buf, 2);
	holds("cdef", 4);
	wsgi_buf_drop(&buf, 4);
	ck_assert_uint_eq(buf.len, 0);
	wsgi_buf_adds(&buf, "again");
	holds("again", 5);
}
END_TEST

START_TEST(a_finished_buf_is_empty)
{
	wsgi_buf_adds(&buf, "abc");
	wsgi_buf_finish(&buf);
	wsgi_buf_finish(&buf);
	ck_assert_ptr_null(buf.data);
	ck_assert_uint_eq(buf.len + buf.cap, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("buf");
	TCase *tc = tcase_create("buf");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, NULL, tear_down);
	tcase_add_test(tc, a_zeroed_buf_is_empty_and_can_be_added_to);
	tcase_add_test(tc, what_is_there_stays_when_it_grows);
	tcase_add_test(tc, bytes_of_the_buf_itself_can_be_added);
	tcase_add_test(tc, nothing_is_finished_as_well);
	tcase_add_test(tc, reserved_room_can_be_filled_without_a_move);
	tcase_add_test(tc, more_than_there_is_of_memory_leaves_the_buf_as_it_was);
	tcase_add_test(tc, dropping_takes_from_the_front);
	tcase_add_test(tc, a_finished_buf_is_empty);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
