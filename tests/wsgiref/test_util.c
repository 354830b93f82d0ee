/*
 * CPython's test_wsgiref, UtilityTests: its cases as facts, of all versions from 3.6 to 3.13.
 *
 * Test methods of CPython: 36, 10 of them in 3.13's IntegrationTests (test_integration.c), 10 in
 * UtilityTests (here), 3 in HeaderTests (test_headers.c), 13 in HandlerTests (test_handlers.c).
 * Carried over: 33. What makes no sense in C, and why:
 *
 *	UtilityTests.test_filewrapper_getitem_deprecation (3.8 to 3.10)
 *		indexing a FileWrapper warns: a body is a struct, and has no []
 *	HeaderTests.testRequireList
 *		Headers("foo") is a TypeError: the compiler says so here
 *	HandlerTests.testPartialWrite
 *		a stream whose write() takes less than all is a warning: the contract of struct
 *		wsgi_output is that it takes all, and wsgi_fd_output does (tests/wsgi/test_output.c)
 *
 * And of methods that are carried over, these parts:
 *
 *	UtilityTests.testDefaults
 *		wsgi.version: there is one only, and no member for it
 *	HeaderTests.testMappingInterface
 *		len(Headers()): the same as len(Headers([])); h.get(name, default): NULL says that
 *		there is none, and the caller has the default
 *	HandlerTests.testEnviron
 *		wsgi.version, as above
 *	HandlerTests.testDontResetInternalStateOnException
 *		the result: the body is closed already, as after any run
 *	IntegrationTests.test_simple_validation_error, test_validated_hello
 *		a list of headers that is a tuple cannot be made: a header with a value that PEP
 *		3333 does not allow stands in its place; validator() keeps len() here, so that
 *		Content-Length is there
 *	IntegrationTests.test_wsgi_input
 *		read() without a length is no error of the caller's: read() of no bytes stands in
 *		its place
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "wsgi/environ.h"
#include "wsgi/errors.h"
#include "wsgi/file.h"
#include "wsgi/hop.h"
#include "wsgi/input.h"
#include "wsgi/uri.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_environ env;
static struct wsgi_buf out;

static void given_an_environ(void)
{
	wsgi_environ_init(&env);
}

static void tear_down(void)
{
	wsgi_environ_finish(&env);
	wsgi_buf_finish(&out);
}

static void given(const char *name, const char *value)
{
	if (name != NULL)
		ck_assert_int_eq(wsgi_environ_set(&env, name, value), 0);
}

static void given_the_defaults(void)
{
	ck_assert_int_eq(wsgi_setup_testing_defaults(&env), 0);
}

static const char *text_of_out(void)
{
	ck_assert_int_eq(wsgi_buf_add(&out, "", 1), 0);
	return out.data;
}

/* -- testSimpleShifts, testNormalizedShifts ---------------------------------------------------- */

static const struct {
	const char *script, *path, *segment, *script_after, *path_after;
} shifts[] = {
	{"", "/", "", "/", ""},
	{"", "/x", "x", "/x", ""},
	{"/", "", NULL, "/", ""},
	{"/a", "/x/y", "x", "/a/x", "/y"},
	{"/a", "/x/", "x", "/a/x", "/"},
	{"/a/b", "/../y", "..", "/a", "/y"},
	{"", "/../y", "..", "", "/y"},
	{"/a/b", "//y", "y", "/a/b/y", ""},
	{"/a/b", "//y/", "y", "/a/b/y", "/"},
	{"/a/b", "/./y", "y", "/a/b/y", ""},
	{"/a/b", "/./y/", "y", "/a/b/y", "/"},
	{"/a/b", "///./..//y/.//", "..", "/a", "/y/"},
	{"/a/b", "///", "", "/a/b/", ""},
	{"/a/b", "/.//", "", "/a/b/", ""},
	{"/a/b", "/x//", "x", "/a/b/x", "/"},
	{"/a/b", "/.", NULL, "/a/b", ""},
};

START_TEST(a_segment_moves_from_path_info_to_script_name)
{
	int rc;

	given("SCRIPT_NAME", shifts[_i].script);
	given("PATH_INFO", shifts[_i].path);
	given_the_defaults();
	rc = wsgi_shift_path_info(&env, &out);
	ck_assert_int_eq(rc, shifts[_i].segment != NULL);
	ck_assert_str_eq(text_of_out(), shifts[_i].segment != NULL ? shifts[_i].segment : "");
	ck_assert_str_eq(wsgi_environ_get(&env, "PATH_INFO"), shifts[_i].path_after);
	ck_assert_str_eq(wsgi_environ_get(&env, "SCRIPT_NAME"), shifts[_i].script_after);
}
END_TEST

/* -- testDefaults ------------------------------------------------------------------------------ */

static const struct {
	const char *name, *value;
} defaults[] = {
	{"SERVER_NAME", "127.0.0.1"}, {"SERVER_PORT", "80"},     {"SERVER_PROTOCOL", "HTTP/1.0"},
	{"HTTP_HOST", "127.0.0.1"},   {"REQUEST_METHOD", "GET"}, {"SCRIPT_NAME", ""},
	{"PATH_INFO", "/"},
};

START_TEST(a_variable_that_is_missing_is_made_up)
{
	given_the_defaults();
	ck_assert_str_eq(wsgi_environ_get(&env, defaults[_i].name), defaults[_i].value);
}
END_TEST

START_TEST(a_variable_that_is_there_is_kept)
{
	given(defaults[_i].name, "as it was");
	given_the_defaults();
	ck_assert_str_eq(wsgi_environ_get(&env, defaults[_i].name), "as it was");
}
END_TEST

START_TEST(the_members_are_made_up)
{
	char byte;

	given_the_defaults();
	ck_assert(!env.run_once && !env.multithread && !env.multiprocess);
	ck_assert_str_eq(env.url_scheme, "http");
	ck_assert_int_eq(wsgi_input_read(env.input, &byte, 1), 0);
	ck_assert_int_eq(wsgi_errors_puts(env.errors, "forgotten"), 0);
}
END_TEST

static int forget(struct wsgi_errors *e, const char *data, size_t len)
{
	(void)e;
	(void)data;
	(void)len;
	return 0;
}

START_TEST(the_members_that_are_there_are_kept)
{
	struct wsgi_input input;
	struct wsgi_errors errors = {.write = forget};

	wsgi_input_init(&input, NULL, 0);
	env.url_scheme = "gopher";
	env.input = &input;
	env.errors = &errors;
	env.run_once = env.multithread = env.multiprocess = true;
	given_the_defaults();
	ck_assert_str_eq(env.url_scheme, "gopher");
	ck_assert_ptr_eq(env.input, &input);
	ck_assert_ptr_eq(env.errors, &errors);
	ck_assert(env.run_once && env.multithread && env.multiprocess);
}
END_TEST

/* -- testCrossDefaults ------------------------------------------------------------------------- */

static const struct {
	const char *name, *value, *made_up, *as; /* made_up NULL: the scheme */
} cross_defaults[] = {
	{"SERVER_NAME", "foo.bar", "HTTP_HOST", "foo.bar"},
	{"HTTPS", "on", NULL, "https"},
	{"HTTPS", "1", NULL, "https"},
	{"HTTPS", "yes", NULL, "https"},
	{"HTTPS", "foo", NULL, "http"},
	{"HTTPS", "foo", "SERVER_PORT", "80"},
	{"HTTPS", "on", "SERVER_PORT", "443"},
};

START_TEST(what_is_made_up_goes_with_what_is_there)
{
	given(cross_defaults[_i].name, cross_defaults[_i].value);
	given_the_defaults();
	ck_assert_str_eq(cross_defaults[_i].made_up != NULL
				 ? wsgi_environ_get(&env, cross_defaults[_i].made_up)
				 : env.url_scheme,
			 cross_defaults[_i].as);
}
END_TEST

/* -- testGuessScheme --------------------------------------------------------------------------- */

static const struct {
	const char *https, *scheme;
} schemes[] = {
	{NULL, "http"}, {"foo", "http"}, {"on", "https"}, {"yes", "https"}, {"1", "https"},
};

START_TEST(https_is_on_yes_or_1)
{
	given(schemes[_i].https != NULL ? "HTTPS" : NULL, schemes[_i].https);
	ck_assert_str_eq(wsgi_guess_scheme(&env), schemes[_i].scheme);
}
END_TEST

/* -- testAppURIs, testReqURIs ------------------------------------------------------------------ */

struct variable {
	const char *name, *value;
};

struct address {
	const char *uri;
	struct variable vars[3];
	bool without_query;
};

static const struct address app_uris[] = {
	{"http://127.0.0.1/", {{NULL, NULL}}, false},
	{"http://127.0.0.1/spam", {{"SCRIPT_NAME", "/spam"}}, false},
	{"http://127.0.0.1/sp%E4m", {{"SCRIPT_NAME", "/sp\xe4m"}}, false},
	{"http://spam.example.com:2071/",
	 {{"HTTP_HOST", "spam.example.com:2071"}, {"SERVER_PORT", "2071"}},
	 false},
	{"http://spam.example.com/", {{"SERVER_NAME", "spam.example.com"}}, false},
	{"http://127.0.0.1/",
	 {{"HTTP_HOST", "127.0.0.1"}, {"SERVER_NAME", "spam.example.com"}},
	 false},
	{"https://127.0.0.1/", {{"HTTPS", "on"}}, false},
	/* None in Python: there, and false. */
	{"http://127.0.0.1:8000/", {{"SERVER_PORT", "8000"}, {"HTTP_HOST", ""}}, false},
};

static const struct address request_uris[] = {
	{"http://127.0.0.1/", {{NULL, NULL}}, false},
	{"http://127.0.0.1/spam", {{"SCRIPT_NAME", "/spam"}}, false},
	{"http://127.0.0.1/sp%E4m", {{"SCRIPT_NAME", "/sp\xe4m"}}, false},
	{"http://127.0.0.1/spammity/spam",
	 {{"SCRIPT_NAME", "/spammity"}, {"PATH_INFO", "/spam"}},
	 false},
	{"http://127.0.0.1/spammity/sp%E4m",
	 {{"SCRIPT_NAME", "/spammity"}, {"PATH_INFO", "/sp\xe4m"}},
	 false},
	{"http://127.0.0.1/spammity/spam;ham",
	 {{"SCRIPT_NAME", "/spammity"}, {"PATH_INFO", "/spam;ham"}},
	 false},
	{"http://127.0.0.1/spammity/spam;cookie=1234,5678",
	 {{"SCRIPT_NAME", "/spammity"}, {"PATH_INFO", "/spam;cookie=1234,5678"}},
	 false},
	{"http://127.0.0.1/spammity/spam?say=ni",
	 {{"SCRIPT_NAME", "/spammity"}, {"PATH_INFO", "/spam"}, {"QUERY_STRING", "say=ni"}},
	 false},
	{"http://127.0.0.1/spammity/spam?s%E4y=ni",
	 {{"SCRIPT_NAME", "/spammity"}, {"PATH_INFO", "/spam"}, {"QUERY_STRING", "s%E4y=ni"}},
	 false},
	{"http://127.0.0.1/spammity/spam",
	 {{"SCRIPT_NAME", "/spammity"}, {"PATH_INFO", "/spam"}, {"QUERY_STRING", "say=ni"}},
	 true},
};

static void given_address(const struct address *a)
{
	for (int i = 0; i < LEN(a->vars); i++)
		given(a->vars[i].name, a->vars[i].value);
	given_the_defaults();
}

START_TEST(the_address_of_the_application)
{
	given_address(&app_uris[_i]);
	ck_assert_int_eq(wsgi_application_uri(&env, &out), 0);
	ck_assert_str_eq(text_of_out(), app_uris[_i].uri);
}
END_TEST

START_TEST(the_address_of_the_request)
{
	given_address(&request_uris[_i]);
	ck_assert_int_eq(wsgi_request_uri(&env, !request_uris[_i].without_query, &out), 0);
	ck_assert_str_eq(text_of_out(), request_uris[_i].uri);
}
END_TEST

/* -- testFileWrapper --------------------------------------------------------------------------- */

struct text_reader {
	struct wsgi_reader reader;
	const char *text;
	int closed;
};

static ssize_t read_text(struct wsgi_reader *r, void *buf, size_t len)
{
	struct text_reader *t = container_of(r, struct text_reader, reader);

	len = strnlen(t->text, len);
	memcpy(buf, t->text, len);
	t->text += len;
	return (ssize_t)len;
}

static int close_text(struct wsgi_reader *r)
{
	container_of(r, struct text_reader, reader)->closed++;
	return 0;
}

START_TEST(a_file_is_read_block_by_block_and_closed_once_at_close_only)
{
	static const size_t expected[] = {120, 30};
	char text[151] = {0};
	struct text_reader t = {.reader = {.read = read_text, .close = close_text}, .text = text};
	struct wsgi_reader_body b;
	const void *data;
	size_t len, at = 0;

	for (int i = 0; i < 150; i++)
		text[i] = "xyz"[i % 3];
	ck_assert_int_eq(wsgi_reader_body_init(&b, &t.reader, 120), 0);
	for (int i = 0; i < LEN(expected); i++) {
		ck_assert_int_eq(b.body.next(&b.body, &data, &len), 1);
		ck_assert_uint_eq(len, expected[i]);
		ck_assert_mem_eq(data, text + at, len);
		at += len;
	}
	ck_assert_int_eq(b.body.next(&b.body, &data, &len), 0);
	ck_assert_int_eq(t.closed, 0);
	ck_assert_int_eq(b.body.close(&b.body), 0);
	ck_assert_int_eq(t.closed, 1);
}
END_TEST

/* -- testHopByHop ------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	bool hop;
} headers[] = {
	{"Connection", true},
	{"Keep-Alive", true},
	{"Proxy-Authenticate", true},
	{"Proxy-Authorization", true},
	{"TE", true},
	{"Trailers", true},
	{"Transfer-Encoding", true},
	{"Upgrade", true},
	{"Accept", false},
	{"Cache-Control", false},
	{"Date", false},
	{"Pragma", false},
	{"Trailer", false},
	{"Via", false},
	{"Warning", false},
};

/* 0: as it is; 1: every word as a title; 2: capitals; 3: small letters. */
static char in_case(char c, bool first, int how)
{
	bool upper = how == 2 || (how == 1 && first);

	if (how == 0 || c == '-')
		return c;
	return (char)(upper ? c & ~0x20 : c | 0x20);
}

START_TEST(a_hop_by_hop_header_is_known_in_any_case)
{
	const char *name = headers[_i / 4].name;
	char spelt[32] = {0};

	for (size_t i = 0; name[i] != '\0'; i++)
		spelt[i] = in_case(name[i], i == 0 || name[i - 1] == '-', _i % 4);
	ck_assert_msg(wsgi_is_hop_by_hop(wsgi_span_of(spelt)) == headers[_i / 4].hop, "%s", spelt);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wsgiref util");
	TCase *tc = tcase_create("util");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_an_environ, tear_down);
	tcase_add_loop_test(tc, a_segment_moves_from_path_info_to_script_name, 0, LEN(shifts));
	tcase_add_loop_test(tc, a_variable_that_is_missing_is_made_up, 0, LEN(defaults));
	tcase_add_loop_test(tc, a_variable_that_is_there_is_kept, 0, LEN(defaults));
	tcase_add_test(tc, the_members_are_made_up);
	tcase_add_test(tc, the_members_that_are_there_are_kept);
	tcase_add_loop_test(tc, what_is_made_up_goes_with_what_is_there, 0, LEN(cross_defaults));
	tcase_add_loop_test(tc, https_is_on_yes_or_1, 0, LEN(schemes));
	tcase_add_loop_test(tc, the_address_of_the_application, 0, LEN(app_uris));
	tcase_add_loop_test(tc, the_address_of_the_request, 0, LEN(request_uris));
	tcase_add_test(tc, a_file_is_read_block_by_block_and_closed_once_at_close_only);
	tcase_add_loop_test(tc, a_hop_by_hop_header_is_known_in_any_case, 0, 4 * LEN(headers));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
