#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "wsgi/errors.h"

static int flushes;

static int count_flush(struct wsgi_errors *errors)
{
	(void)errors;
	flushes++;
	return -EIO;
}

START_TEST(a_descriptor_gets_what_is_written_at_once)
{
	struct wsgi_fd_errors e;
	char got[16];
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	wsgi_fd_errors_init(&e, ends[1]);
	ck_assert_int_eq(wsgi_errors_puts(&e.errors, "abc"), 0);
	ck_assert_int_eq(e.errors.write(&e.errors, "d\0e", 3), 0);
	ck_assert_int_eq(read(ends[0], got, sizeof(got)), 6);
	ck_assert_mem_eq(got, "abcd\0e", 6);
	ck_assert_int_eq(wsgi_errors_flush(&e.errors), 0);
}
END_TEST

START_TEST(a_descriptor_that_fails_says_so)
{
	struct wsgi_fd_errors e;

	wsgi_fd_errors_init(&e, 1023);
	ck_assert_int_eq(wsgi_errors_puts(&e.errors, "abc"), -EBADF);
}
END_TEST

START_TEST(flush_is_passed_on)
{
	struct wsgi_errors e = {.flush = count_flush};

	ck_assert_int_eq(wsgi_errors_flush(&e), -EIO);
	ck_assert_int_eq(flushes, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("errors");
	TCase *tc = tcase_create("errors");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(tc, a_descriptor_gets_what_is_written_at_once);
	tcase_add_test(tc, a_descriptor_that_fails_says_so);
	tcase_add_test(tc, flush_is_passed_on);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
