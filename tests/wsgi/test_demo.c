#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wsgi/demo.h"

static struct wsgi_environ env;
static const char *status, *type;
static int answer;

static int respond(struct wsgi_start *start, const char *line, const struct wsgi_header *headers,
		   size_t n, const struct wsgi_error *exc)
{
	(void)start;
	ck_assert_ptr_null(exc);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(headers[0].name, "Content-Type");
	status = line;
	type = headers[0].value;
	return answer;
}

static void given_an_environ(void)
{
	wsgi_environ_init(&env);
	env.url_scheme = "http";
	answer = 0;
}

static void tear_down(void)
{
	wsgi_environ_finish(&env);
}

/* The page of the demonstration is this. */
static void shows(const char *page)
{
	struct wsgi_start start = {.respond = respond};
	struct wsgi_app *app = wsgi_demo_app();
	struct wsgi_body *body;
	const void *data;
	size_t len, chunks;

	ck_assert_int_eq(app->call(app, &env, &start, &body), 0);
	ck_assert_int_eq(body->count(body, &chunks), 0);
	ck_assert_uint_eq(chunks, 1);
	ck_assert_int_eq(body->next(body, &data, &len), 1);
	ck_assert_uint_eq(len, strlen(page));
	ck_assert_mem_eq(data, page, len);
	ck_assert_int_eq(body->next(body, &data, &len), 0);
	ck_assert_int_eq(body->close(body), 0);
}

START_TEST(the_page_shows_the_environ_in_order_of_names)
{
	wsgi_environ_set(&env, "wsgj", "after");
	wsgi_environ_set(&env, "SCRIPT_NAME", "");
	wsgi_environ_set(&env, "PATH_INFO", "/caf\xc3\xa9");
	wsgi_environ_set(&env, "PATH", "/bin");
	env.url_scheme = "https";
	env.multithread = true;
	shows("Hello world!\n"
	      "\n"
	      "PATH = '/bin'\n"
	      "PATH_INFO = '/caf\xc3\x83\xc2\xa9'\n"
	      "SCRIPT_NAME = ''\n"
	      "wsgi.errors = <struct wsgi_errors>\n"
	      "wsgi.input = <struct wsgi_input>\n"
	      "wsgi.multiprocess = False\n"
	      "wsgi.multithread = True\n"
	      "wsgi.run_once = False\n"
	      "wsgi.url_scheme = 'https'\n"
	      "wsgi.version = (1, 0)\n"
	      "wsgj = 'after'\n");
	ck_assert_str_eq(status, "200 OK");
	ck_assert_str_eq(type, "text/plain; charset=utf-8");
}
END_TEST

START_TEST(the_page_shows_what_the_server_offers)
{
	env.file_wrapper = env.input_terminated = env.run_once = env.multiprocess = true;
	shows("Hello world!\n"
	      "\n"
	      "wsgi.errors = <struct wsgi_errors>\n"
	      "wsgi.file_wrapper = <struct wsgi_file_body>\n"
	      "wsgi.input = <struct wsgi_input>\n"
	      "wsgi.input_terminated = True\n"
	      "wsgi.multiprocess = True\n"
	      "wsgi.multithread = False\n"
	      "wsgi.run_once = True\n"
	      "wsgi.url_scheme = 'http'\n"
	      "wsgi.version = (1, 0)\n");
}
END_TEST

/* Python's repr() of the same strings, as UTF-8. */
static const struct {
	struct wsgi_span value;
	const char *repr;
} reprs[] = {
	{{"", 0}, "''"},
	{{"plain", 5}, "'plain'"},
	{{"it's", 4}, "\"it's\""},
	{{"\"", 1}, "'\"'"},
	{{"'\"", 2}, "'\\'\"'"},
	{{"\\", 1}, "'\\\\'"},
	{{"\n\r\t", 3}, "'\\n\\r\\t'"},
	{{"\0\x1f\x7f", 3}, "'\\x00\\x1f\\x7f'"},
	{{"\x80\x9f\xa0\xad", 4}, "'\\x80\\x9f\\xa0\\xad'"},
	{{"\xa1\xe9\xff", 3}, "'\xc2\xa1\xc3\xa9\xc3\xbf'"},
};

START_TEST(a_value_is_shown_as_python_shows_it)
{
	char page[600] = "Hello world!\n\nA = ";

	strcat(page, reprs[_i].repr);
	strcat(page, "\n"
		     "wsgi.errors = <struct wsgi_errors>\n"
		     "wsgi.input = <struct wsgi_input>\n"
		     "wsgi.multiprocess = False\n"
		     "wsgi.multithread = False\n"
		     "wsgi.run_once = False\n"
		     "wsgi.url_scheme = 'http'\n"
		     "wsgi.version = (1, 0)\n");
	wsgi_environ_set_span(&env, wsgi_span_of("A"), reprs[_i].value);
	shows(page);
}
END_TEST

START_TEST(what_start_response_says_is_passed_on)
{
	struct wsgi_start start = {.respond = respond};
	struct wsgi_app *app = wsgi_demo_app();
	struct wsgi_body *body = NULL;

	answer = -EPIPE;
	ck_assert_int_eq(app->call(app, &env, &start, &body), -EPIPE);
	ck_assert_ptr_null(body);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("demo");
	TCase *tc = tcase_create("demo");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_an_environ, tear_down);
	tcase_add_test(tc, the_page_shows_the_environ_in_order_of_names);
	tcase_add_test(tc, the_page_shows_what_the_server_offers);
	tcase_add_loop_test(tc, a_value_is_shown_as_python_shows_it, 0,
			    (int)(sizeof(reprs) / sizeof(reprs[0])));
	tcase_add_test(tc, what_start_response_says_is_passed_on);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
