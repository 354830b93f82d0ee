#include <check.h>
#include <stdio.h>
#include <string.h>

#include "serve/debug_page.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_trace trace;
static struct wsgi_environ env;
static struct wsgi_buf page;

static void set_up(void)
{
	wsgi_trace_init(&trace);
	wsgi_environ_init(&env);
	wsgi_environ_set(&env, "REQUEST_METHOD", "GET");
	wsgi_environ_set(&env, "SCRIPT_NAME", "/shop");
	wsgi_environ_set(&env, "PATH_INFO", "/basket");
	wsgi_environ_set(&env, "QUERY_STRING", "item=1");
	env.url_scheme = "http";
}

static void tear_down(void)
{
	wsgi_trace_finish(&trace);
	wsgi_environ_finish(&env);
	wsgi_buf_finish(&page);
}

/* A ValueError with two frames; view() at line 12 is the innermost. */
static void given_an_error(void)
{
	wsgi_trace_add_error(&trace, "ValueError", "no such item", WSGI_TRACE_LAST);
	wsgi_trace_add_frame(&trace, "/srv/app.py", "application", 30,
			     "    a = 1\n    return view()\n", 29);
	wsgi_trace_add_local(&trace, "a", "1");
	wsgi_trace_add_frame(&trace, "/srv/views.py", "view", 12,
			     "def view():\n    item = 'x'\n    find(item)\n    return item\n", 10);
	wsgi_trace_add_local(&trace, "item", "'x'");
}

static const char *made(int (*make)(struct wsgi_buf *, const struct wsgi_trace *,
				    const struct wsgi_environ *))
{
	page.len = 0;
	ck_assert_int_eq(make(&page, &trace, &env), 0);
	ck_assert_int_eq(wsgi_buf_add(&page, "", 1), 0);
	return page.data;
}

static const char *html(void)
{
	return made(wsgi_debug_page_html);
}

static const char *text(void)
{
	return made(wsgi_debug_page_text);
}

static void assert_has(const char *whole, const char *part)
{
	ck_assert_msg(strstr(whole, part) != NULL, "no %s in %s", part, whole);
}

static void assert_lacks(const char *whole, const char *part)
{
	ck_assert_msg(strstr(whole, part) == NULL, "%s in %s", part, whole);
}

/* Each part is there, behind the one before it. */
static void assert_order(const char *whole, const char *const *parts)
{
	for (const char *at = whole; *parts != NULL; parts++) {
		at = strstr(at, *parts);
		ck_assert_msg(at != NULL, "%s is not there, or too early, in %s", *parts, whole);
		at += strlen(*parts);
	}
}

START_TEST(the_type_and_the_message_are_the_heading)
{
	given_an_error();
	assert_order(html(),
		     (const char *[]){"<title>ValueError at /shop/basket?item=1</title>",
				      "<p class=\"type\">ValueError</p>", "<h1>no such item</h1>",
				      "<b>GET</b>", "/shop/basket?item=1", NULL});
}
END_TEST

START_TEST(in_html_the_most_recent_call_comes_first_and_is_open)
{
	given_an_error();
	assert_order(html(),
		     (const char *[]){"<details open><summary>", "<b>views.py:12</b>",
				      "<code>view</code>", "<details><summary>", "<b>app.py:30</b>",
				      "<code>application</code>", NULL});
}
END_TEST

START_TEST(a_closed_frame_shows_the_line_it_stands_at)
{
	given_an_error();
	assert_has(html(), "<code>application</code><code class=\"at\">return view()</code>");
}
END_TEST

START_TEST(the_developers_own_frame_is_open_beside_that_of_a_library)
{
	wsgi_trace_add_error(&trace, "E", "", WSGI_TRACE_LAST);
	wsgi_trace_add_frame(&trace, "/srv/main.py", "f", 1, NULL, 0);
	wsgi_trace_add_frame(&trace, "/srv/app.py", "f", 1, NULL, 0);
	wsgi_trace_add_frame(&trace, "/usr/lib/python3/dist-packages/a.py", "g", 1, NULL, 0);
	wsgi_trace_add_frame(&trace, "/usr/lib/python3.11/json/b.py", "h", 1, NULL, 0);
	assert_order(html(), (const char *[]){"<details class=\"other\" open>", "<b>b.py:1",
					      "<details class=\"other\"><summary>", "<b>a.py:1",
					      "<details open>", "<b>app.py:1", "<details><summary>",
					      "<b>main.py:1", NULL});
}
END_TEST

static const struct {
	const char *file;
	bool is_library;
} files[] = {
	{"/usr/lib/python3.11/json/decoder.py", true},
	{"/usr/lib/python3/x.py", true},
	{"/usr/local/dist-packages/x.py", true},
	{"/srv/.venv/site-packages/flask/app.py", true},
	{"<frozen importlib._bootstrap>", true},
	{"/srv/site-packages.py", false},
	{"/srv/lib/python/x.py", false},
	{"<string>", false},
	{"app.py", false},
};

START_TEST(a_file_is_a_librarys_or_the_developers)
{
	wsgi_trace_add_error(&trace, "E", "", WSGI_TRACE_LAST);
	wsgi_trace_add_frame(&trace, files[_i].file, "f", 1, NULL, 0);
	if (files[_i].is_library)
		assert_has(html(), "<details class=\"other\"");
	else
		assert_lacks(html(), "<details class=\"other\"");
}
END_TEST

START_TEST(the_line_of_the_failure_is_marked_and_no_other)
{
	given_an_error();
	assert_has(html(), "<span><i>11</i>    item = &#39;x&#39;\n</span>"
			   "<span class=\"at\"><i>12</i>    find(item)\n</span>"
			   "<span><i>13</i>    return item\n</span>");
	assert_has(text(), "\n       11      item = 'x'\n  >    12      find(item)\n");
}
END_TEST

START_TEST(local_variables_stand_with_their_frame)
{
	given_an_error();
	assert_has(html(), "<th scope=\"row\">item</th><td><div>&#39;x&#39;</div></td>");
	assert_order(text(), (const char *[]){"/srv/app.py:30 in application\n", " a = 1\n",
					      "/srv/views.py:12 in view\n", " item = 'x'\n", NULL});
}
END_TEST

START_TEST(in_html_what_led_to_it_comes_after_it)
{
	wsgi_trace_add_error(&trace, "OSError", "first", WSGI_TRACE_CAUSE);
	wsgi_trace_add_error(&trace, "KeyError", "second", WSGI_TRACE_CONTEXT);
	wsgi_trace_add_error(&trace, "ValueError", "third", WSGI_TRACE_LAST);
	assert_order(html(), (const char *[]){"<h1>third</h1>", "raised while this was being",
					      "KeyError", "second", "It was caused by", "OSError",
					      "first", "<h2>Request</h2>", NULL});
}
END_TEST

START_TEST(in_text_what_led_to_it_comes_before_it)
{
	wsgi_trace_add_error(&trace, "OSError", "first", WSGI_TRACE_CAUSE);
	wsgi_trace_add_error(&trace, "KeyError", "second", WSGI_TRACE_CONTEXT);
	wsgi_trace_add_error(&trace, "ValueError", "third", WSGI_TRACE_LAST);
	assert_order(text(), (const char *[]){"ValueError: third\n\nGET", "\nOSError: first\n",
					      "That caused the next one", "\nKeyError: second\n",
					      "While that was being handled",
					      "\nValueError: third\n", NULL});
}
END_TEST

START_TEST(frames_that_were_left_out_are_said)
{
	wsgi_trace_add_error(&trace, "E", "", WSGI_TRACE_LAST);
	wsgi_trace_add_frame(&trace, NULL, "900 frames are left out", 0, NULL, 0);
	assert_has(html(), "<p class=\"left-out\">900 frames are left out</p>");
	assert_has(text(), "\n  900 frames are left out\n");
}
END_TEST

START_TEST(an_error_without_frames_says_so)
{
	wsgi_trace_add_error(&trace, "SystemError", "", WSGI_TRACE_LAST);
	wsgi_trace_set_runtime(&trace, "Python 3");
	assert_has(html(), "No frames to show");
	assert_has(text(), "No frames to show");
}
END_TEST

START_TEST(an_error_of_c_code_has_no_traceback)
{
	static const char words[] =
		"There is no traceback: this comes from C code, the application's or the server's.";

	wsgi_trace_add_error(&trace, "Protocol error", "no headers", WSGI_TRACE_LAST);
	assert_has(html(), words);
	assert_has(text(), words);
	ck_assert_ptr_null(strstr(html(), "Traceback"));
	ck_assert_ptr_null(strstr(html(), "Python"));
	ck_assert_ptr_null(strstr(text(), "Traceback"));
	ck_assert_ptr_nonnull(strstr(text(), "\nProtocol error: no headers\n"));
}
END_TEST

START_TEST(the_request_is_told)
{
	given_an_error();
	env.url_scheme = "https";
	assert_has(html(), "<th scope=\"row\">PATH_INFO</th><td><div>/basket</div></td>");
	assert_has(text(), "  PATH_INFO = /basket\n");
	assert_has(text(), "  wsgi.url_scheme = https\n");
}
END_TEST

static const char *const flags[] = {"multithread", "multiprocess", "run_once", "input_terminated"};

START_TEST(the_flags_of_the_request_are_told)
{
	char line[64];

	given_an_error();
	env.multithread = _i == 0;
	env.multiprocess = _i == 1;
	env.run_once = _i == 2;
	env.input_terminated = _i == 3;
	for (int i = 0; i < LEN(flags); i++) {
		snprintf(line, sizeof(line), "\n  wsgi.%s = %s\n", flags[i],
			 i == _i ? "true" : "false");
		assert_has(text(), line);
	}
}
END_TEST

START_TEST(cookies_and_credentials_are_named_but_not_told)
{
	static const char *const names[] = {"HTTP_COOKIE", "HTTP_AUTHORIZATION",
					    "HTTP_PROXY_AUTHORIZATION"};

	given_an_error();
	for (int i = 0; i < LEN(names); i++)
		wsgi_environ_set(&env, names[i], "s3cret");
	for (int i = 0; i < LEN(names); i++) {
		assert_has(html(), names[i]);
		assert_has(text(), names[i]);
	}
	assert_lacks(html(), "s3cret");
	assert_lacks(text(), "s3cret");
}
END_TEST

START_TEST(what_runs_the_application_is_told)
{
	given_an_error();
	wsgi_trace_set_runtime(&trace, "Python 3.11.2, /usr/bin/python3");
	wsgi_environ_set(&env, "SERVER_SOFTWARE", "wsgi-serve/1");
	assert_has(html(), "<p>wsgi-serve/1</p>\n<p>Python 3.11.2, /usr/bin/python3</p></footer>");
	assert_has(text(), "\nPython 3.11.2, /usr/bin/python3\n");
}
END_TEST

START_TEST(a_long_or_broken_message_is_set_in_small_type)
{
	char message[400] = "";

	wsgi_trace_add_error(&trace, "SyntaxError", "invalid\n  a b\n    ^", WSGI_TRACE_LAST);
	assert_has(html(), "<h1 class=\"long\">invalid\n  a b\n    ^</h1>");
	memset(message, 'x', sizeof(message) - 1);
	wsgi_trace_add_error(&trace, "ValueError", message, WSGI_TRACE_LAST);
	assert_has(html(), "<h1 class=\"long\">xxx");
	wsgi_trace_add_error(&trace, "ValueError", "short", WSGI_TRACE_LAST);
	assert_has(html(), "<h1>short</h1>");
}
END_TEST

/* In every place that holds what is not ours. */
static void given_everywhere(const char *s)
{
	wsgi_trace_add_error(&trace, s, s, WSGI_TRACE_CAUSE);
	wsgi_trace_add_frame(&trace, s, s, 1, s, 1);
	wsgi_trace_add_local(&trace, s, s);
	wsgi_trace_add_error(&trace, s, s, WSGI_TRACE_LAST);
	wsgi_trace_add_frame(&trace, s, s, 1, s, 1);
	wsgi_trace_add_local(&trace, s, s);
	wsgi_trace_add_frame(&trace, NULL, s, 0, NULL, 0);
	wsgi_trace_set_runtime(&trace, s);
	wsgi_environ_set(&env, "REQUEST_METHOD", s);
	wsgi_environ_set(&env, "SCRIPT_NAME", s);
	wsgi_environ_set(&env, "PATH_INFO", s);
	wsgi_environ_set(&env, "QUERY_STRING", s);
	wsgi_environ_set(&env, "SERVER_SOFTWARE", s);
	wsgi_environ_set_span(&env, wsgi_span_of(s), wsgi_span_of(s));
	env.url_scheme = s;
}

static size_t count(const char *whole, const char *part)
{
	size_t n = 0;

	for (const char *at = whole; (at = strstr(at, part)) != NULL; at += strlen(part))
		n++;
	return n;
}

START_TEST(markup_is_text_wherever_it_stands)
{
	given_everywhere("<b id=\"x\" class='y'>&amp;");
	assert_lacks(html(), "<b id");
	assert_lacks(html(), "\"x\"");
	assert_lacks(html(), "'y'");
	assert_lacks(html(), ">&amp;");
	ck_assert_uint_ge(count(html(), "&lt;b id=&quot;x&quot; class=&#39;y&#39;&gt;&amp;amp;"),
			  20);
}
END_TEST

START_TEST(no_text_commands_a_terminal_or_turns_it_round)
{
	given_everywhere("\x1b[31m\r\xe2\x80\xae\xff");
	assert_lacks(text(), "\x1b");
	assert_lacks(text(), "\r");
	assert_lacks(text(), "\xe2\x80\xae");
	assert_lacks(text(), "\xff");
	assert_lacks(html(), "\x1b");
	ck_assert_uint_ge(count(text(), "\\x1b[31m\\x0d\\u202e\xef\xbf\xbd"), 20);
}
END_TEST

START_TEST(nothing_in_the_page_is_fetched_or_run)
{
	given_an_error();
	assert_lacks(html(), "<script");
	assert_lacks(html(), "src=");
	assert_lacks(html(), "href=");
	assert_lacks(html(), "url(");
	assert_lacks(html(), "@import");
}
END_TEST

static const struct {
	const char *accept;
	bool html;
} clients[] = {
	{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true}, /* Firefox */
	{"text/html", true},
	{"TEXT/HTML", true},
	{"application/json, text/html ;q=0.5", true},
	{"text/html;q=0.001", true},
	{"text/html;level=1;q=1", true},
	{"text/plain , text/html", true},
	{"*/*", false}, /* curl */
	{"text/*", false},
	{"text/html;q=0", false},
	{"text/html; q=0.000", false},
	{"text/html;level=1;Q=0", false},
	{"text/htmlx", false},
	{"application/json", false},
	{"application/x;a=text/html", false},
	{",,;,", false},
	{"", false},
	{NULL, false},
};

START_TEST(html_is_for_who_asks_for_it)
{
	ck_assert_int_eq(wsgi_debug_page_wants_html(clients[_i].accept), clients[_i].html);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("debug_page");
	TCase *tc = tcase_create("page");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, the_type_and_the_message_are_the_heading);
	tcase_add_test(tc, in_html_the_most_recent_call_comes_first_and_is_open);
	tcase_add_test(tc, a_closed_frame_shows_the_line_it_stands_at);
	tcase_add_test(tc, the_developers_own_frame_is_open_beside_that_of_a_library);
	tcase_add_loop_test(tc, a_file_is_a_librarys_or_the_developers, 0, LEN(files));
	tcase_add_test(tc, the_line_of_the_failure_is_marked_and_no_other);
	tcase_add_test(tc, local_variables_stand_with_their_frame);
	tcase_add_test(tc, in_html_what_led_to_it_comes_after_it);
	tcase_add_test(tc, in_text_what_led_to_it_comes_before_it);
	tcase_add_test(tc, frames_that_were_left_out_are_said);
	tcase_add_test(tc, an_error_without_frames_says_so);
	tcase_add_test(tc, an_error_of_c_code_has_no_traceback);
	tcase_add_test(tc, the_request_is_told);
	tcase_add_loop_test(tc, the_flags_of_the_request_are_told, 0, LEN(flags));
	tcase_add_test(tc, cookies_and_credentials_are_named_but_not_told);
	tcase_add_test(tc, what_runs_the_application_is_told);
	tcase_add_test(tc, a_long_or_broken_message_is_set_in_small_type);
	tcase_add_test(tc, markup_is_text_wherever_it_stands);
	tcase_add_test(tc, no_text_commands_a_terminal_or_turns_it_round);
	tcase_add_test(tc, nothing_in_the_page_is_fetched_or_run);
	tcase_add_loop_test(tc, html_is_for_who_asks_for_it, 0, LEN(clients));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
