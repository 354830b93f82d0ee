#include <check.h>
#include <stdlib.h>

#include "wsgi/date.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static const struct {
	int64_t seconds;
	const char *text;
} rows[] = {
	{784111777, "Sun, 06 Nov 1994 08:49:37 GMT"}, /* RFC 9110, 5.6.7 */
	{0, "Thu, 01 Jan 1970 00:00:00 GMT"},
	{-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
	{951782399, "Mon, 28 Feb 2000 23:59:59 GMT"},
	{951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
	{951868800, "Wed, 01 Mar 2000 00:00:00 GMT"},
	{4107542399, "Sun, 28 Feb 2100 23:59:59 GMT"}, /* not a leap year */
	{4107542400, "Mon, 01 Mar 2100 00:00:00 GMT"},
	{2147483648, "Tue, 19 Jan 2038 03:14:08 GMT"},
	{253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
	{-62135596800, "Mon, 01 Jan    1 00:00:00 GMT"}, /* %4d, as in wsgiref */
	{INT64_MAX, "Sun, 04 Dec 292277026596 15:30:07 GMT"},
	{INT64_MIN, "Sun, 27 Jan -292277022657 08:29:52 GMT"},
};

START_TEST(seconds_are_an_http_date)
{
	char text[WSGI_DATE_SIZE];

	wsgi_date_format(rows[_i].seconds, text);
	ck_assert_str_eq(text, rows[_i].text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("date");
	TCase *tc = tcase_create("date");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, seconds_are_an_http_date, 0, LEN(rows));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
