#include "server/request_line.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct wsgi_environ env;
static char line[1024];

static void set_up(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	wsgi_environ_init(&env);
	wsgi_environ_set(&env, "REMOTE_ADDR", "127.0.0.1");
	wsgi_environ_set(&env, "REQUEST_METHOD", "GET");
	wsgi_environ_set(&env, "REQUEST_URI", "/a?b");
	wsgi_environ_set(&env, "SERVER_PROTOCOL", "HTTP/1.1");
}

static void tear_down(void)
{
	wsgi_environ_finish(&env);
}

static const char *when_logged(void)
{
	size_t len = wsgi_request_line(&env, 200, 5, 784111777, line, sizeof(line));

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
	wsgi_environ_set(&env, "REMOTE_ADDR", "");
	ck_assert_int_eq(strncmp(when_logged(), "- - - [", 7), 0);
}
END_TEST

START_TEST(control_characters_are_escaped)
{
	wsgi_environ_set(&env, "REQUEST_URI", "/\x1b[31m\\\x7f");
	ck_assert_ptr_nonnull(strstr(when_logged(), "\"GET /\\x1b[31m\\x5c\\x7f HTTP"));
}
END_TEST

START_TEST(what_was_not_answered_has_hyphens_as_in_http_server)
{
	size_t len = wsgi_request_line(&env, 0, 0, 784111777, line, sizeof(line));

	ck_assert_uint_eq(len, strlen(line));
	ck_assert_ptr_nonnull(strstr(line, "\"GET /a?b HTTP/1.1\" - -\n"));
}
END_TEST

static const char *const variables[] = {"REQUEST_URI", "REMOTE_ADDR", "REQUEST_METHOD",
					"SERVER_PROTOCOL"};

START_TEST(what_is_very_long_is_cut)
{
	char text[3000];

	memset(text, '\1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	wsgi_environ_set(&env, variables[_i], text);
	ck_assert_ptr_nonnull(strstr(when_logged(), "\" 200 5\n"));
}
END_TEST

START_TEST(the_shortest_line_is_not_overrun)
{
	char text[3000];
	size_t len;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		wsgi_environ_set(&env, variables[i], text);
	memset(line, '#', sizeof(line));
	len = wsgi_request_line(&env, 999, UINT64_MAX, 784111777, line, 128);
	ck_assert_uint_le(len, 128);
	ck_assert_int_eq(line[len - 1], '\n');
	for (size_t i = 128; i < sizeof(line); i++)
		ck_assert_int_eq(line[i], '#');
}
END_TEST

START_TEST(the_largest_numbers_have_room)
{
	char text[3000];
	size_t len;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	wsgi_environ_set(&env, "REMOTE_ADDR", text);
	len = wsgi_request_line(&env, 999, UINT64_MAX, 784111777, line, 128);
	ck_assert_uint_lt(len, 128);
	ck_assert_ptr_nonnull(strstr(line, "\" 999 18446744073709551615\n"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("request_line");
	TCase *tc = tcase_create("log");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_request_is_logged_as_simple_server_does);
	tcase_add_test(tc, a_client_of_a_unix_socket_has_no_address);
	tcase_add_test(tc, control_characters_are_escaped);
	tcase_add_test(tc, what_was_not_answered_has_hyphens_as_in_http_server);
	tcase_add_loop_test(tc, what_is_very_long_is_cut, 0, 4);
	tcase_add_test(tc, the_shortest_line_is_not_overrun);
	tcase_add_test(tc, the_largest_numbers_have_room);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
