#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "serve/page.h"

static const struct {
	enum wsgi_page page;
	const char *status;
} rows[] = {
	{WSGI_PAGE_FORBIDDEN, "Status: 403 Forbidden\r\n"},
	{WSGI_PAGE_NOT_FOUND, "Status: 404 Not Found\r\n"},
	{WSGI_PAGE_FAILED, "Status: 500 Internal Server Error\r\n"},
};

START_TEST(a_page_is_a_whole_response_that_says_its_length)
{
	const char *text = wsgi_page(rows[_i].page);
	const char *body = strstr(text, "\r\n\r\n") + 4;
	const char *length = strstr(text, "Content-Length: ") + 16;

	ck_assert_int_eq(strncmp(text, rows[_i].status, strlen(rows[_i].status)), 0);
	ck_assert_uint_eq(strlen(body), strtoul(length, NULL, 10));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("page");
	TCase *tc = tcase_create("pages");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, a_page_is_a_whole_response_that_says_its_length, 0,
			    (int)(sizeof(rows) / sizeof(rows[0])));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
