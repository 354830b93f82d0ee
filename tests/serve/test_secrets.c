#include <check.h>
#include <errno.h>
#include <string.h>

#include "../base/memory.h"
#include "serve/secrets.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_environ env;
static struct wsgi_buf out;

static void set_up(void)
{
	wsgi_environ_init(&env);
}

static void tear_down(void)
{
	wsgi_environ_finish(&env);
	wsgi_buf_finish(&out);
}

static int when_hidden(const char *text)
{
	struct wsgi_secrets secrets;
	int rc = wsgi_secrets_init(&secrets, &env);

	out.len = 0;
	if (rc == 0)
		rc = wsgi_secrets_hide(&secrets, &out, wsgi_span_of(text));
	wsgi_secrets_finish(&secrets);
	return rc != 0 ? rc : wsgi_buf_add(&out, "", 1);
}

#define COOKIE "HTTP_COOKIE"
#define CREDENTIALS "HTTP_AUTHORIZATION"

static const struct {
	const char *name, *value, *text, *shown;
} rows[] = {
	/* The whole of it. */
	{COOKIE, "sid=1", "{'HTTP_COOKIE': 'sid=1'}", "{'HTTP_COOKIE': '(hidden)'}"},
	{COOKIE, "sid=1", "sid=1", "(hidden)"},
	{COOKIE, "sid=1", "sid=2, sid=1, sid=1.", "sid=2, (hidden), (hidden)."},
	{COOKIE, "sid=1", "sid=1sid=1!", "(hidden)!"},
	{CREDENTIALS, "Basic YTpi", "'Basic YTpi'", "'(hidden)'"},
	{"HTTP_PROXY_AUTHORIZATION", "Basic YTpi", "'Basic YTpi'", "'(hidden)'"},
	/* Too short to tell anything. */
	{COOKIE, "a=1", "a=1", "a=1"},
	{COOKIE, "", "a=1", "a=1"},
	{COOKIE, "sid=1", "", ""},
	{COOKIE, "sid=1", "sid=", "sid="},
	/* A cookie's value, a credential. */
	{COOKIE, "a=1; b=12345678; c=3", "b 12345678", "b (hidden)"},
	{COOKIE, "b=12345678", "12345678", "(hidden)"},
	{COOKIE, "a=1;b=1234567;c=3", "b 1234567", "b 1234567"},
	{COOKIE, "a=1; b=\"12345678\"; c=3", "12345678", "(hidden)"},
	{COOKIE, "a=1; b=12345=78", "12345=78", "(hidden)"},
	{COOKIE, "a=1; alone123; =; ;b=\"", "alone123", "alone123"},
	{CREDENTIALS, "Bearer 12345678", "'12345678'", "'(hidden)'"},
	{CREDENTIALS, "Bearer 1234567", "'1234567'", "'1234567'"},
	{CREDENTIALS, "Bearer12", "Bearer12", "(hidden)"},
	/* What a text has in common with it: of a part, or of one that was cut or escaped. */
	{COOKIE, "a=abcdefghijklmnop", "bcdefghijklm", "(hidden)"},
	{COOKIE, "a=abcdefghijklmnop", "bcdefghijkl", "bcdefghijkl"},
	{COOKIE, "a=abcdefghijklmnop", "'abcdefghijkl...fghijklmnop'", "'(hidden)...fghijklmnop'"},
	{COOKIE, "a=abcdefghijkl'mnopqrstuvwx", "abcdefghijkl\\'mnopqrstuvwx",
	 "(hidden)\\(hidden)"},
	{COOKIE, "aaaaaaaaaaaab aaaaaaaaaaaac", "aaaaaaaaaaaac, aaaaaaaaaaaa", "(hidden),(hidden)"},
	{COOKIE, "k=\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9!",
	 "(hidden)!"},
	/* Others are no secrets. */
	{"HTTP_USER_AGENT", "abcdefghijklmnop", "abcdefghijklmnop", "abcdefghijklmnop"},
	{"QUERY_STRING", "abcdefghijklmnop", "abcdefghijklmnop", "abcdefghijklmnop"},
};

START_TEST(a_text_loses_what_it_has_of_a_secret)
{
	ck_assert_int_eq(wsgi_environ_set(&env, rows[_i].name, rows[_i].value), 0);
	ck_assert_int_eq(when_hidden(rows[_i].text), 0);
	ck_assert_str_eq(out.data, rows[_i].shown);
}
END_TEST

START_TEST(all_of_a_request_are_hidden)
{
	wsgi_environ_set(&env, "HTTP_PROXY_AUTHORIZATION", "Basic one1");
	wsgi_environ_set(&env, COOKIE, "two=2222; more=33333333");
	wsgi_environ_set(&env, CREDENTIALS, "Basic four");
	ck_assert_int_eq(when_hidden("Basic one1, 33333333, two=2222; more=3, Basic four"), 0);
	ck_assert_str_eq(out.data, "(hidden), (hidden), (hidden), (hidden)");
}
END_TEST

START_TEST(a_request_without_secrets_hides_nothing)
{
	ck_assert_int_eq(when_hidden("all of it"), 0);
	ck_assert_str_eq(out.data, "all of it");
}
END_TEST

static const struct {
	const char *name;
	bool is;
} names[] = {
	{"HTTP_COOKIE", true},   {"HTTP_AUTHORIZATION", true}, {"HTTP_PROXY_AUTHORIZATION", true},
	{"HTTP_COOKIE2", false}, {"HTTP_HOST", false},         {"", false},
};

START_TEST(a_variable_is_a_secret_or_not)
{
	ck_assert_int_eq(wsgi_secrets_has(wsgi_span_of(names[_i].name)), names[_i].is);
}
END_TEST

START_TEST(without_memory_it_is_said)
{
	int rc = -ENOMEM;

	wsgi_environ_set(&env, COOKIE, "a=12345678; b=12345678");
	for (long n = 0; rc != 0; n++) {
		wsgi_buf_finish(&out);
		memory_left(n);
		rc = when_hidden("it is 12345678");
		memory_left(MEMORY_ENOUGH);
		ck_assert(rc == 0 || rc == -ENOMEM);
	}
	ck_assert_str_eq(out.data, "it is (hidden)");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("secrets");
	TCase *tc = tcase_create("secrets");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_text_loses_what_it_has_of_a_secret, 0, LEN(rows));
	tcase_add_test(tc, all_of_a_request_are_hidden);
	tcase_add_test(tc, a_request_without_secrets_hides_nothing);
	tcase_add_loop_test(tc, a_variable_is_a_secret_or_not, 0, LEN(names));
	tcase_add_test(tc, without_memory_it_is_said);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
