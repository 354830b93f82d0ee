#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

static struct wsgi_when when;
static char text[WSGI_WHEN_SIZE];

static void given_the_zone(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
}

static const struct {
	const char *tz;
	int64_t seconds;
	const char *log, *clf;
} moments[] = {
	{"UTC", 0, "1970-01-01 00:00:00 +0000", "01/Jan/1970:00:00:00 +0000"},
	{"UTC", -1, "1969-12-31 23:59:59 +0000", "31/Dec/1969:23:59:59 +0000"},
	{"UTC", 1795356003, "2026-11-22 14:00:03 +0000", "22/Nov/2026:14:00:03 +0000"},
	{"XXX-5:30", 1795356003, "2026-11-22 19:30:03 +0530", "22/Nov/2026:19:30:03 +0530"},
	{"XXX3:30", 1795356003, "2026-11-22 10:30:03 -0330", "22/Nov/2026:10:30:03 -0330"},
	{"XXX0:30", 1795356003, "2026-11-22 13:30:03 -0030", "22/Nov/2026:13:30:03 -0030"},
	{BERLIN, 1795356003, "2026-11-22 15:00:03 +0100", "22/Nov/2026:15:00:03 +0100"},
	{BERLIN, 1784757600, "2026-07-23 00:00:00 +0200", "23/Jul/2026:00:00:00 +0200"},
	/* the hour that comes twice */
	{BERLIN, 1792888200, "2026-10-25 02:30:00 +0200", "25/Oct/2026:02:30:00 +0200"},
	{BERLIN, 1792891800, "2026-10-25 02:30:00 +0100", "25/Oct/2026:02:30:00 +0100"},
	/* where it is another year than in Greenwich */
	{"XXX-14", 1798750800, "2027-01-01 11:00:00 +1400", "01/Jan/2027:11:00:00 +1400"},
	{"XXX12", 1798768800, "2026-12-31 14:00:00 -1200", "31/Dec/2026:14:00:00 -1200"},
	/* leap days */
	{"XXX-1", 951782400, "2000-02-29 01:00:00 +0100", "29/Feb/2000:01:00:00 +0100"},
	{"XXX-1", 1709164800, "2024-02-29 01:00:00 +0100", "29/Feb/2024:01:00:00 +0100"},
	{"XXX-1", 4107542400, "2100-03-01 01:00:00 +0100", "01/Mar/2100:01:00:00 +0100"},
	/* all its seconds are less than half a minute: a clock that counts leap seconds */
	{"XXX0:00:27", 27, "1970-01-01 00:00:00 +0000", "01/Jan/1970:00:00:00 +0000"},
	{"XXX-0:59:33", 27, "1970-01-01 01:00:00 +0100", "01/Jan/1970:01:00:00 +0100"},
	{"UTC", 253402300800, "10000-01-01 00:00:00 +0000", "01/Jan/10000:00:00:00 +0000"},
};

START_TEST(a_moment_is_written_in_local_time_with_its_zone_as_a_number)
{
	given_the_zone(moments[_i].tz);
	ck_assert_int_eq(wsgi_when_read(&when, moments[_i].seconds), 0);
	ck_assert_uint_eq(wsgi_when_log(&when, text), strlen(moments[_i].log));
	ck_assert_str_eq(text, moments[_i].log);
	ck_assert_uint_eq(wsgi_when_clf(&when, text), strlen(moments[_i].clf));
	ck_assert_str_eq(text, moments[_i].clf);
}
END_TEST

static const char *const zones[] = {"UTC", "XXX-14", "XXX12", "XXX-5:45", BERLIN};

START_TEST(the_zone_is_the_systems_own_at_any_time)
{
	const int64_t year_1 = -62135596800, year_9999 = 253370764800, step = 7777777;
	char expected[8];

	given_the_zone(zones[_i]);
	for (int64_t seconds = year_1 + 86400; seconds < year_9999; seconds += step) {
		ck_assert_int_eq(wsgi_when_read(&when, seconds), 0);
		strftime(expected, sizeof(expected), "%z", &when.tm);
		ck_assert_str_eq(when.zone, expected);
	}
}
END_TEST

static const int64_t far_off[] = {INT64_MAX, INT64_MIN, INT64_MAX / 2, -(INT64_C(1) << 57)};

START_TEST(a_moment_that_no_year_has_is_refused)
{
	given_the_zone("UTC");
	memset(&when, 'x', sizeof(when));
	ck_assert_int_eq(wsgi_when_read(&when, far_off[_i]), -EOVERFLOW);
	ck_assert_str_eq(when.zone, "");
	wsgi_when_clf(&when, text); /* and can be written all the same */
	ck_assert_str_eq(text, "00/Jan/1900:00:00:00 ");
}
END_TEST

/* The first and the last second whose year an int holds. */
static const int64_t farthest[] = {INT64_C(67768036191676799), INT64_C(-67768040609740800)};

START_TEST(the_farthest_years_have_room)
{
	given_the_zone("UTC");
	ck_assert_int_eq(wsgi_when_read(&when, farthest[_i]), 0);
	ck_assert_uint_lt(wsgi_when_log(&when, text), WSGI_WHEN_SIZE);
	ck_assert_uint_lt(wsgi_when_clf(&when, text), WSGI_WHEN_SIZE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("when");
	TCase *tc = tcase_create("when");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, a_moment_is_written_in_local_time_with_its_zone_as_a_number, 0,
			    LEN(moments));
	tcase_add_loop_test(tc, the_zone_is_the_systems_own_at_any_time, 0, LEN(zones));
	tcase_add_loop_test(tc, a_moment_that_no_year_has_is_refused, 0, LEN(far_off));
	tcase_add_loop_test(tc, the_farthest_years_have_room, 0, LEN(farthest));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
