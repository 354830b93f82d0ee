#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "serve/reports.h"

#define TELL(text) ck_assert_int_eq(write(theirs, text, sizeof(text) - 1), sizeof(text) - 1)

static struct wsgi_reports reports;
static struct wsgi_report report;
static int theirs;

static void given_a_pipe(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	wsgi_reports_init(&reports, ends[0]);
	theirs = ends[1];
}

static void tear_down(void)
{
	wsgi_reports_finish(&reports);
}

START_TEST(messages_come_one_after_the_other)
{
	TELL("loading\0001 2\0a.py\0b.py\0\0serving\00030 400\0\0load");
	ck_assert_int_eq(wsgi_reports_read(&reports), 0);
	ck_assert(wsgi_reports_next(&reports, &report));
	ck_assert_str_eq(report.state, "loading");
	ck_assert_int_eq(report.before_ns, 1);
	ck_assert_int_eq(report.asked_ns, 2);
	ck_assert_mem_eq(report.files, "a.py\0b.py", 10);
	ck_assert_int_eq(report.len, 10);
	ck_assert(wsgi_reports_next(&reports, &report));
	ck_assert_str_eq(report.state, "serving");
	ck_assert_int_eq(report.before_ns, 30);
	ck_assert_int_eq(report.asked_ns, 400);
	ck_assert_int_eq(report.len, 0);
	ck_assert(!wsgi_reports_next(&reports, &report));
	TELL("ing\0005 6\0c.py\0\0");
	ck_assert_int_eq(wsgi_reports_read(&reports), 0);
	ck_assert(wsgi_reports_next(&reports, &report));
	ck_assert_str_eq(report.state, "loading");
	ck_assert_str_eq(report.files, "c.py");
	ck_assert(!wsgi_reports_next(&reports, &report));
}
END_TEST

START_TEST(want_of_memory_loses_nothing)
{
	TELL("loading\0001 2\0a.");
	ck_assert_int_eq(wsgi_reports_read(&reports), 0);
	TELL("py\0\0");
	size_t len = reports.bytes.len, cap = reports.bytes.cap;
	reports.bytes.len = reports.bytes.cap = PTRDIFF_MAX; /* no room, and none to be had */
	ck_assert_int_eq(wsgi_reports_read(&reports), -ENOMEM);
	reports.bytes.len = len;
	reports.bytes.cap = cap;
	ck_assert_int_eq(wsgi_reports_read(&reports), 0);
	ck_assert(wsgi_reports_next(&reports, &report));
	ck_assert_str_eq(report.files, "a.py");
}
END_TEST

START_TEST(a_pipe_that_has_ended_is_closed_when_all_of_it_is_read)
{
	int pipe = reports.pipe;

	TELL("loading\0001 2\0\0");
	close(theirs);
	ck_assert_int_eq(wsgi_reports_read(&reports), 0);
	ck_assert_int_eq(reports.pipe, -1);
	ck_assert_int_eq(fcntl(pipe, F_GETFD), -1);
	ck_assert(wsgi_reports_next(&reports, &report));
	ck_assert_int_eq(wsgi_reports_read(&reports), 0);
	ck_assert(!wsgi_reports_next(&reports, &report));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("reports");
	TCase *tc = tcase_create("reports");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_pipe, tear_down);
	tcase_add_test(tc, messages_come_one_after_the_other);
	tcase_add_test(tc, want_of_memory_loses_nothing);
	tcase_add_test(tc, a_pipe_that_has_ended_is_closed_when_all_of_it_is_read);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
