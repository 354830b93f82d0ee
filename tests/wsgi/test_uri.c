#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wsgi/errors.h"
#include "wsgi/input.h"
#include "wsgi/uri.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

enum { VARS_MAX = 5 };

static struct wsgi_environ env;
static struct wsgi_buf out;

static void given_nothing(void)
{
	wsgi_environ_init(&env);
}

static void tear_down(void)
{
	wsgi_environ_finish(&env);
	wsgi_buf_finish(&out);
}

/* "NAME=value" each, up to NULL. */
static void given(const char *const vars[VARS_MAX])
{
	for (int i = 0; i < VARS_MAX && vars[i] != NULL; i++) {
		size_t name_len = strcspn(vars[i], "=");

		ck_assert_int_eq(wsgi_environ_borrow(&env, vars[i], name_len,
						     strlen(vars[i]) - name_len - 1),
				 0);
	}
}

static const char *text(void)
{
	ck_assert_int_eq(wsgi_buf_add(&out, "", 1), 0);
	out.len--;
	return out.data;
}

static const struct {
	const char *var[VARS_MAX], *scheme;
} schemes[] = {
	{{NULL}, "http"},         {{"HTTPS=on"}, "https"}, {{"HTTPS=1"}, "https"},
	{{"HTTPS=yes"}, "https"}, {{"HTTPS=foo"}, "http"}, {{"HTTPS=ON"}, "http"},
	{{"HTTPS="}, "http"},     {{"HTTPS=off"}, "http"}, {{"HTTPS=on "}, "http"},
};

START_TEST(the_scheme_is_guessed)
{
	given(schemes[_i].var);
	ck_assert_str_eq(wsgi_guess_scheme(&env), schemes[_i].scheme);
}
END_TEST

/* From CPython's tests of wsgiref.util: over the testing defaults. */
static const struct {
	const char *vars[VARS_MAX], *base, *whole;
} uris[] = {
	{{NULL}, "http://127.0.0.1/", "http://127.0.0.1/"},
	{{"SCRIPT_NAME=/spam"}, "http://127.0.0.1/spam", "http://127.0.0.1/spam"},
	{{"SCRIPT_NAME=/sp\xe4m"}, "http://127.0.0.1/sp%E4m", "http://127.0.0.1/sp%E4m"},
	{{"HTTP_HOST=spam.example.com:2071"},
	 "http://spam.example.com:2071/",
	 "http://spam.example.com:2071/"},
	{{"SERVER_NAME=spam.example.com"}, "http://spam.example.com/", "http://spam.example.com/"},
	{{"HTTP_HOST=127.0.0.1", "SERVER_NAME=spam.example.com"},
	 "http://127.0.0.1/",
	 "http://127.0.0.1/"},
	{{"HTTPS=on"}, "https://127.0.0.1/", "https://127.0.0.1/"},
	{{"HTTP_HOST=", "SERVER_PORT=8000"}, "http://127.0.0.1:8000/", "http://127.0.0.1:8000/"},
	{{"HTTP_HOST=", "SERVER_PORT=80", "HTTPS=on"},
	 "https://127.0.0.1:80/",
	 "https://127.0.0.1:80/"},
	{{"HTTP_HOST=", "SERVER_PORT=443", "HTTPS=on"}, "https://127.0.0.1/", "https://127.0.0.1/"},
	{{"SCRIPT_NAME=/spammity", "PATH_INFO=/spam"},
	 "http://127.0.0.1/spammity",
	 "http://127.0.0.1/spammity/spam"},
	{{"SCRIPT_NAME=/spammity", "PATH_INFO=/sp\xe4m"},
	 "http://127.0.0.1/spammity",
	 "http://127.0.0.1/spammity/sp%E4m"},
	{{"SCRIPT_NAME=/spammity", "PATH_INFO=/spam;cookie=1234,5678"},
	 "http://127.0.0.1/spammity",
	 "http://127.0.0.1/spammity/spam;cookie=1234,5678"},
	{{"SCRIPT_NAME=/a;b", "PATH_INFO=/a;b:c"},
	 "http://127.0.0.1/a%3Bb",
	 "http://127.0.0.1/a%3Bb/a;b%3Ac"},
	{{"SCRIPT_NAME=/spammity", "PATH_INFO=/spam", "QUERY_STRING=s\xe4y=ni ?"},
	 "http://127.0.0.1/spammity",
	 "http://127.0.0.1/spammity/spam?s\xe4y=ni ?"},
	/* Without a SCRIPT_NAME the first character goes, whatever it is. */
	{{"SCRIPT_NAME=", "PATH_INFO=/x/y"}, "http://127.0.0.1/", "http://127.0.0.1/x/y"},
	{{"SCRIPT_NAME=", "PATH_INFO=x/y"}, "http://127.0.0.1/", "http://127.0.0.1//y"},
	{{"SCRIPT_NAME=", "PATH_INFO=\xe9x"}, "http://127.0.0.1/", "http://127.0.0.1/E9x"},
	{{"SCRIPT_NAME=/~a.b-c_d%"},
	 "http://127.0.0.1/~a.b-c_d%25",
	 "http://127.0.0.1/~a.b-c_d%25"},
};

START_TEST(the_uri_is_put_together)
{
	given(uris[_i].vars);
	ck_assert_int_eq(wsgi_setup_testing_defaults(&env), 0);
	wsgi_buf_adds(&out, "<");
	ck_assert_int_eq(wsgi_application_uri(&env, &out), 0);
	ck_assert_str_eq(text() + 1, uris[_i].base);
	out.len = 1;
	ck_assert_int_eq(wsgi_request_uri(&env, true, &out), 0);
	ck_assert_str_eq(text() + 1, uris[_i].whole);
	out.len = 1;
	ck_assert_int_eq(wsgi_request_uri(&env, false, &out), 0);
	ck_assert_int_eq(strncmp(text() + 1, uris[_i].whole, out.len - 1), 0);
	ck_assert_uint_eq(out.len - 1, strcspn(uris[_i].whole, "?"));
}
END_TEST

static const struct {
	const char *scheme, *vars[VARS_MAX];
} nowhere[] = {
	{"http", {NULL}},
	{"http", {"SERVER_NAME=s"}},
	{"https", {"SERVER_PORT=443", "HTTP_HOST="}},
	{NULL, {"HTTP_HOST=h"}},
};

START_TEST(an_address_without_a_server_is_an_error)
{
	given(nowhere[_i].vars);
	env.url_scheme = nowhere[_i].scheme;
	wsgi_buf_adds(&out, "kept");
	ck_assert_int_eq(wsgi_application_uri(&env, &out), -ENOENT);
	ck_assert_int_eq(wsgi_request_uri(&env, true, &out), -ENOENT);
	ck_assert_str_eq(text(), "kept");
}
END_TEST

/*
 * Beyond CPython's own cases, which tests/wsgiref has. NULL is None, or a variable that is not
 * there.
 */
static const struct {
	const char *script, *path, *shifted, *script_after, *path_after;
} shifts[] = {
	{NULL, NULL, NULL, NULL, NULL},  {NULL, "/x/./y", "x", "/x", "/y"},
	{"a", "/x", "x", "a/x", ""},     {"a", "/..", "..", ".", ""},
	{"a", "/../", "..", ".", "/"},   {"..", "/..", "..", "../..", ""},
	{"//a", "/x", "x", "//a/x", ""}, {"///a", "/x", "x", "/a/x", ""},
	{"/", "/x", "x", "//x", ""},     {"/a", "b/x/y", "x", "/a/x", "b/y"},
	{"/a", "b/x", "x", "/a/x", "b"}, {"/a/../..", "/x", "x", "/x", ""},
};

START_TEST(a_segment_is_shifted)
{
	if (shifts[_i].script != NULL)
		wsgi_environ_set(&env, "SCRIPT_NAME", shifts[_i].script);
	if (shifts[_i].path != NULL)
		wsgi_environ_set(&env, "PATH_INFO", shifts[_i].path);
	ck_assert_int_eq(wsgi_shift_path_info(&env, &out), shifts[_i].shifted != NULL);
	ck_assert_str_eq(text(), shifts[_i].shifted != NULL ? shifts[_i].shifted : "");
	ck_assert_pstr_eq(wsgi_environ_get(&env, "SCRIPT_NAME"), shifts[_i].script_after);
	ck_assert_pstr_eq(wsgi_environ_get(&env, "PATH_INFO"), shifts[_i].path_after);
}
END_TEST

START_TEST(a_path_without_a_slash_cannot_be_shifted)
{
	wsgi_environ_set(&env, "PATH_INFO", "x");
	ck_assert_int_eq(wsgi_shift_path_info(&env, &out), -EINVAL);
	ck_assert_str_eq(wsgi_environ_get(&env, "PATH_INFO"), "x");
	ck_assert_pstr_eq(wsgi_environ_get(&env, "SCRIPT_NAME"), NULL);
}
END_TEST

static const struct {
	const char *encoded, *decoded;
} percents[] = {
	{"", ""},
	{"%2F", "/"},
	{"%252F", "%2F"},
	{"a%20b+c", "a b+c"},
	{"%", "%"},
	{"%4", "%4"},
	{"%zz%41", "%zzA"},
	{"%%41", "%A"},
	{"%e9%E9", "\xe9\xe9"},
	{"\xe9", "\xe9"},
	{"%4g%g4", "%4g%g4"},
	{"100%", "100%"},
};

START_TEST(a_path_is_percent_decoded_once)
{
	ck_assert_int_eq(wsgi_percent_decode(wsgi_span_of(percents[_i].encoded), &out), 0);
	ck_assert_str_eq(text(), percents[_i].decoded);
}
END_TEST

START_TEST(a_nul_can_be_decoded)
{
	ck_assert_int_eq(wsgi_percent_decode(wsgi_span_of("a%00b"), &out), 0);
	ck_assert_uint_eq(out.len, 3);
	ck_assert_mem_eq(out.data, "a\0b", 3);
}
END_TEST

/* From CPython's tests of setup_testing_defaults(): one variable after it. */
static const struct {
	const char *vars[VARS_MAX], *name, *value;
} defaults[] = {
	{{NULL}, "SERVER_NAME", "127.0.0.1"},
	{{NULL}, "SERVER_PORT", "80"},
	{{NULL}, "SERVER_PROTOCOL", "HTTP/1.0"},
	{{NULL}, "HTTP_HOST", "127.0.0.1"},
	{{NULL}, "REQUEST_METHOD", "GET"},
	{{NULL}, "SCRIPT_NAME", ""},
	{{NULL}, "PATH_INFO", "/"},
	{{"SERVER_NAME=foo.bar"}, "HTTP_HOST", "foo.bar"},
	{{"HTTPS=foo"}, "SERVER_PORT", "80"},
	{{"HTTPS=on"}, "SERVER_PORT", "443"},
	{{"SERVER_PORT=8"}, "SERVER_PORT", "8"},
	{{"PATH_INFO=/x"}, "PATH_INFO", "/x"},
	{{"PATH_INFO=/x"}, "SCRIPT_NAME", NULL},
	{{"SCRIPT_NAME=/x"}, "PATH_INFO", NULL},
	{{"REQUEST_METHOD=HEAD"}, "REQUEST_METHOD", "HEAD"},
};

START_TEST(testing_defaults_stand_where_nothing_stood)
{
	given(defaults[_i].vars);
	ck_assert_int_eq(wsgi_setup_testing_defaults(&env), 0);
	ck_assert_pstr_eq(wsgi_environ_get(&env, defaults[_i].name), defaults[_i].value);
	ck_assert_str_eq(env.url_scheme, wsgi_guess_scheme(&env));
}
END_TEST

START_TEST(a_scheme_that_is_set_stays)
{
	env.url_scheme = "https";
	ck_assert_int_eq(wsgi_setup_testing_defaults(&env), 0);
	ck_assert_str_eq(env.url_scheme, "https");
	ck_assert_str_eq(wsgi_environ_get(&env, "SERVER_PORT"), "443");
}
END_TEST

START_TEST(the_testing_input_is_empty_and_may_be_shared)
{
	struct wsgi_input before;
	char byte;

	ck_assert_int_eq(wsgi_setup_testing_defaults(&env), 0);
	before = *env.input;
	ck_assert_int_eq(wsgi_input_read(env.input, &byte, 1), 0);
	ck_assert_int_eq(wsgi_input_read_all(env.input, &out), 0);
	ck_assert_int_eq(wsgi_input_readline(env.input, &out, SIZE_MAX), 0);
	ck_assert_int_eq(wsgi_input_readlines(env.input, &out, 0), 0);
	ck_assert_uint_eq(wsgi_input_left(env.input), 0);
	ck_assert_uint_eq(out.len, 0);
	ck_assert_mem_eq(env.input, &before, sizeof(before));
}
END_TEST

START_TEST(testing_errors_take_all_and_keep_nothing)
{
	ck_assert_int_eq(wsgi_setup_testing_defaults(&env), 0);
	ck_assert_int_eq(wsgi_errors_puts(env.errors, "what went wrong\n"), 0);
	ck_assert_int_eq(wsgi_errors_flush(env.errors), 0);
}
END_TEST

START_TEST(the_other_testing_values_are_false)
{
	ck_assert_int_eq(wsgi_setup_testing_defaults(&env), 0);
	ck_assert(!env.multithread && !env.multiprocess && !env.run_once);
	ck_assert(!env.input_terminated && !env.file_wrapper);
}
END_TEST

START_TEST(streams_and_flags_that_are_set_stay)
{
	struct wsgi_input input = {0};
	struct wsgi_errors errors = {0};

	env.input = &input;
	env.errors = &errors;
	env.multithread = env.multiprocess = env.run_once = true;
	ck_assert_int_eq(wsgi_setup_testing_defaults(&env), 0);
	ck_assert_ptr_eq(env.input, &input);
	ck_assert_ptr_eq(env.errors, &errors);
	ck_assert(env.multithread && env.multiprocess && env.run_once);
}
END_TEST

START_TEST(the_empty_input_is_shared_and_so_never_written_to)
{
	struct wsgi_input before;

	ck_assert_int_eq(wsgi_setup_testing_defaults(&env), 0);
	memcpy(&before, env.input, sizeof(before));
	wsgi_input_limit(env.input, 100);
	ck_assert_int_eq(wsgi_input_read_all(env.input, &out), 0);
	ck_assert_uint_eq(out.len, 0);
	wsgi_input_finish(env.input);
	ck_assert_mem_eq(&before, env.input, sizeof(before));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("uri");
	TCase *tc = tcase_create("uri");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_nothing, tear_down);
	tcase_add_loop_test(tc, the_scheme_is_guessed, 0, LEN(schemes));
	tcase_add_loop_test(tc, the_uri_is_put_together, 0, LEN(uris));
	tcase_add_loop_test(tc, an_address_without_a_server_is_an_error, 0, LEN(nowhere));
	tcase_add_loop_test(tc, a_segment_is_shifted, 0, LEN(shifts));
	tcase_add_test(tc, a_path_without_a_slash_cannot_be_shifted);
	tcase_add_loop_test(tc, a_path_is_percent_decoded_once, 0, LEN(percents));
	tcase_add_test(tc, a_nul_can_be_decoded);
	tcase_add_test(tc, the_empty_input_is_shared_and_so_never_written_to);
	tcase_add_loop_test(tc, testing_defaults_stand_where_nothing_stood, 0, LEN(defaults));
	tcase_add_test(tc, a_scheme_that_is_set_stays);
	tcase_add_test(tc, the_testing_input_is_empty_and_may_be_shared);
	tcase_add_test(tc, testing_errors_take_all_and_keep_nothing);
	tcase_add_test(tc, the_other_testing_values_are_false);
	tcase_add_test(tc, streams_and_flags_that_are_set_stay);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
