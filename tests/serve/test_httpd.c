#include "serve/httpd.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http/request.h"

static struct wsgi_http_request req;
static char line[1024];

static void set_up(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	req = (struct wsgi_http_request){.status = 200, .body_bytes = 5};
	wsgi_environ_init(&req.environ);
	wsgi_environ_set(&req.environ, "REMOTE_ADDR", "127.0.0.1");
	wsgi_environ_set(&req.environ, "REQUEST_METHOD", "GET");
	wsgi_environ_set(&req.environ, "REQUEST_URI", "/a?b");
	wsgi_environ_set(&req.environ, "SERVER_PROTOCOL", "HTTP/1.1");
}

static void tear_down(void)
{
	wsgi_environ_finish(&req.environ);
}

static const char *when_logged(void)
{
	size_t len = wsgi_httpd_log_line(&req, 784111777, line, sizeof(line));

	ck_assert_uint_lt(len, sizeof(line));
	ck_assert_uint_eq(len, strlen(line));
	ck_assert_int_eq(line[len - 1], '\n');
	return line;
}

START_TEST(a_request_is_logged_as_simple_server_does)
{
	ck_assert_str_eq(when_logged(), "127.0.0.1 - - [06/Nov/1994 08:49:37] "
					"\"GET /a?b HTTP/1.1\" 200 5\n");
}
END_TEST

START_TEST(a_client_of_a_unix_socket_has_no_address)
{
	wsgi_environ_set(&req.environ, "REMOTE_ADDR", "");
	ck_assert_int_eq(strncmp(when_logged(), "- - - [", 7), 0);
}
END_TEST

START_TEST(control_characters_are_escaped)
{
	wsgi_environ_set(&req.environ, "REQUEST_URI", "/\x1b[31m\\\x7f");
	ck_assert_ptr_nonnull(strstr(when_logged(), "\"GET /\\x1b[31m\\x5c\\x7f HTTP"));
}
END_TEST

START_TEST(a_very_long_request_is_cut)
{
	char uri[3000];

	memset(uri, '\1', sizeof(uri) - 1);
	uri[sizeof(uri) - 1] = '\0';
	wsgi_environ_set(&req.environ, "REQUEST_URI", uri);
	ck_assert_ptr_nonnull(strstr(when_logged(), "\" 200 5\n"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("httpd");
	TCase *tc = tcase_create("log");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_request_is_logged_as_simple_server_does);
	tcase_add_test(tc, a_client_of_a_unix_socket_has_no_address);
	tcase_add_test(tc, control_characters_are_escaped);
	tcase_add_test(tc, a_very_long_request_is_cut);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
