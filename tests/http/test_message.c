#include "http/message.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define FIELDS 8

struct pair {
	const char *name, *value;
};

static struct wsgi_environ base, env;
static struct wsgi_http_field fields[FIELDS];
static struct wsgi_http_message message;

static void given_a_server_on(const char *ip, int family, unsigned port)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	wsgi_environ_clear(&base);
	inet_pton(family, ip, family == AF_INET ? (void *)&in4.sin_addr : (void *)&in6.sin6_addr);
	ck_assert_int_eq(wsgi_http_setup_environ(&base,
						 family == AF_INET ? (void *)&in4 : (void *)&in6,
						 "test/1", false),
			 0);
}

static void given_fields(const struct pair *pairs)
{
	message.fields_len = 0;
	for (size_t i = 0; i < FIELDS && pairs[i].name != NULL; i++) {
		fields[i] = (struct wsgi_http_field){wsgi_span_of(pairs[i].name),
						     wsgi_span_of(pairs[i].value)};
		message.fields_len++;
	}
}

static void set_up(void)
{
	wsgi_environ_init(&base);
	wsgi_environ_init(&env);
	given_a_server_on("127.0.0.1", AF_INET, 8000);
	message = (struct wsgi_http_message){.method = "GET",
					     .target = "/",
					     .version = "HTTP/1.1",
					     .fields = fields,
					     .remote_addr = "10.0.0.9"};
}

static void tear_down(void)
{
	wsgi_environ_finish(&env);
	wsgi_environ_finish(&base);
}

static const char *when_asked_for(const char *name)
{
	wsgi_environ_clear(&env);
	ck_assert_int_eq(wsgi_http_get_environ(&env, &base, &message), 0);
	return wsgi_environ_get(&env, name);
}

/* The values are what wsgiref's WSGIRequestHandler.get_environ() makes of the same request. */
static const struct {
	const char *target, *path, *query;
} targets[] = {
	{"/", "/", ""},
	{"/a/b?x=%41&y", "/a/b", "x=%41&y"},
	{"/a%20b", "/a b", ""},
	{"/%252F", "/%2F", ""},
	{"/%C3%A9", "/\xc3\xa9", ""},
	{"/%E9", "/\xe9", ""},
	{"/%zz%4", "/%zz%4", ""},
	{"/a?b?c", "/a", "b?c"},
	{"/?", "/", ""},
	{"//evil.example/x", "/evil.example/x", ""},
	{"///", "/", ""},
	{"*", "", ""}, /* it is about the server, not about a path of it */
	/* RFC 9112, 3.2.2, which wsgiref takes for a path */
	{"http://example.org/a?b", "/a", "b"},
	{"HTTP://example.org", "/", ""},
	{"https://example.org?q", "", "q"},
};

START_TEST(a_target_is_path_and_query)
{
	message.target = targets[_i].target;
	ck_assert_str_eq(when_asked_for("PATH_INFO"), targets[_i].path);
	ck_assert_str_eq(when_asked_for("QUERY_STRING"), targets[_i].query);
	ck_assert_str_eq(when_asked_for("REQUEST_URI"), targets[_i].target);
}
END_TEST

START_TEST(the_request_line_and_the_server_are_there)
{
	given_fields((const struct pair[]){{NULL, NULL}});
	ck_assert_str_eq(when_asked_for("REQUEST_METHOD"), "GET");
	ck_assert_str_eq(when_asked_for("SERVER_PROTOCOL"), "HTTP/1.1");
	ck_assert_str_eq(when_asked_for("SERVER_NAME"), "127.0.0.1");
	ck_assert_str_eq(when_asked_for("SERVER_PORT"), "8000");
	ck_assert_str_eq(when_asked_for("SERVER_SOFTWARE"), "test/1");
	ck_assert_str_eq(when_asked_for("GATEWAY_INTERFACE"), "CGI/1.1");
	ck_assert_str_eq(when_asked_for("REMOTE_ADDR"), "10.0.0.9");
	ck_assert_str_eq(when_asked_for("REMOTE_HOST"), "");
	ck_assert_str_eq(when_asked_for("SCRIPT_NAME"), "");
	ck_assert_str_eq(when_asked_for("CONTENT_LENGTH"), "");
	ck_assert_str_eq(when_asked_for("CONTENT_TYPE"), "text/plain");
}
END_TEST

START_TEST(headers_become_variables)
{
	given_fields((const struct pair[]){{"Host", "h:1"},
					   {"content-type", "a/b"},
					   {"Content-Length", "12"},
					   {"X-Tag", "one \t "},
					   {"x-tag", "two "},
					   {"X-Blank", " "},
					   {"Proxy", "http://evil"},
					   {NULL, NULL}});
	ck_assert_str_eq(when_asked_for("HTTP_HOST"), "h:1");
	ck_assert_str_eq(when_asked_for("CONTENT_TYPE"), "a/b");
	ck_assert_str_eq(when_asked_for("CONTENT_LENGTH"), "12");
	ck_assert_ptr_null(when_asked_for("HTTP_CONTENT_TYPE"));
	ck_assert_ptr_null(when_asked_for("HTTP_CONTENT_LENGTH"));
	ck_assert_str_eq(when_asked_for("HTTP_X_TAG"), "one,two");
	ck_assert_str_eq(when_asked_for("HTTP_X_BLANK"), "");
	ck_assert_str_eq(when_asked_for("HTTP_PROXY"), "http://evil");
	ck_assert_ptr_null(getenv("HTTP_PROXY"));
}
END_TEST

START_TEST(a_name_with_an_underscore_does_not_pass_for_one_with_a_hyphen)
{
	given_fields((const struct pair[]){{"X_Auth_User", "root"}, {NULL, NULL}});
	ck_assert_ptr_null(when_asked_for("HTTP_X_AUTH_USER"));
}
END_TEST

START_TEST(a_header_does_not_replace_what_the_server_knows)
{
	given_fields((const struct pair[]){{"Remote-Addr", "6.6.6.6"}, {NULL, NULL}});
	ck_assert_str_eq(when_asked_for("REMOTE_ADDR"), "10.0.0.9");
	ck_assert_ptr_null(when_asked_for("HTTP_REMOTE_ADDR"));
}
END_TEST

START_TEST(an_ipv6_server_has_a_name_that_fits_in_a_url)
{
	given_a_server_on("::1", AF_INET6, 81);
	ck_assert_str_eq(when_asked_for("SERVER_NAME"), "[::1]");
	ck_assert_str_eq(when_asked_for("SERVER_PORT"), "81");
}
END_TEST

START_TEST(a_server_on_all_addresses_or_on_none_has_a_name)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	given_a_server_on("0.0.0.0", AF_INET, 80);
	ck_assert_str_ne(when_asked_for("SERVER_NAME"), "0.0.0.0");
	ck_assert_str_ne(when_asked_for("SERVER_NAME"), "");
	ck_assert_int_eq(wsgi_http_setup_environ(&base, (void *)&un, "test/1", false), 0);
	ck_assert_str_eq(when_asked_for("SERVER_NAME"), "localhost");
	ck_assert_str_eq(when_asked_for("SERVER_PORT"), "80");
	ck_assert_ptr_null(when_asked_for("HTTPS"));
}
END_TEST

START_TEST(a_server_with_tls_says_so_as_web_servers_do)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	ck_assert_int_eq(wsgi_http_setup_environ(&base, (void *)&un, "test/1", true), 0);
	ck_assert_str_eq(when_asked_for("HTTPS"), "on");
	ck_assert_str_eq(when_asked_for("SERVER_PORT"), "443");
}
END_TEST

static const struct {
	const char *claim, *version;
	struct pair fields[FIELDS];
	int status;
} requests[] = {
	{"a plain one", "HTTP/1.1", {{"Host", "h"}}, 0},
	{"1.0 needs no Host", "HTTP/1.0", {{"X", "y"}}, 0},
	{"1.1 needs one", "HTTP/1.1", {{"X", "y"}}, 400},
	{"two Hosts", "HTTP/1.1", {{"Host", "a"}, {"host", "a"}}, 400},
	{"a length", "HTTP/1.1", {{"Host", "h"}, {"Content-Length", "1"}}, 0},
	{"two lengths",
	 "HTTP/1.1",
	 {{"Host", "h"}, {"Content-Length", "1"}, {"content-length", "1"}},
	 400},
	{"chunked", "HTTP/1.1", {{"Host", "h"}, {"Transfer-Encoding", "Chunked"}}, 0},
	{"chunked and a length",
	 "HTTP/1.1",
	 {{"Host", "h"}, {"Transfer-Encoding", "chunked"}, {"Content-Length", "1"}},
	 400},
	{"chunked twice",
	 "HTTP/1.1",
	 {{"Host", "h"}, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
	 400},
	{"another coding",
	 "HTTP/1.1",
	 {{"Host", "h"}, {"Transfer-Encoding", "gzip, chunked"}},
	 501},
	{"chunked in 1.0", "HTTP/1.0", {{"Transfer-Encoding", "chunked"}}, 400},
	{"a blank before the colon", "HTTP/1.1", {{"Host", "h"}, {"Content-Length ", "1"}}, 400},
	{"an empty name", "HTTP/1.1", {{"Host", "h"}, {"", "1"}}, 400},
	{"a name in brackets", "HTTP/1.1", {{"Host", "h"}, {"[x]", "1"}}, 400},
};

START_TEST(what_two_readers_could_take_differently_is_refused)
{
	const char *why = NULL;

	message.version = requests[_i].version;
	given_fields(requests[_i].fields);
	ck_assert_msg(wsgi_http_refusal(&message, &why) == requests[_i].status, "%s: %d",
		      requests[_i].claim, wsgi_http_refusal(&message, &why));
	ck_assert_msg((why != NULL) == (requests[_i].status != 0), "%s", requests[_i].claim);
}
END_TEST

static void when_refused(int status, const char *words)
{
	const char *why = NULL;

	ck_assert_int_eq(wsgi_http_refusal(&message, &why), status);
	if (words == NULL)
		ck_assert_ptr_null(why);
	else
		ck_assert_str_eq(why, words);
}

START_TEST(a_method_that_is_none_is_refused)
{
	given_fields((const struct pair[]){{"Host", "h"}, {NULL, NULL}});
	message.method = "G(T";
	when_refused(400, "its method is no token");
	message.method = "CONNECT";
	when_refused(501, "CONNECT asks for a proxy");
}
END_TEST

START_TEST(a_target_in_several_words_is_refused)
{
	static const char *const bad[] = {"/a b", "/a?b c", "/a\tb", "/\x7f", "/\x1b[31m", "/ "};

	given_fields((const struct pair[]){{"Host", "h"}, {NULL, NULL}});
	message.target = bad[_i];
	when_refused(400, "there is a blank or a control character in its target");
}
END_TEST

static const struct {
	const char *method, *target;
	bool is_good;
} forms[] = {
	{"GET", "/", true},          {"GET", "/a?b", true},       {"GET", "//a", true},
	{"GET", "http://h/a", true}, {"GET", "HTTPS://h", true},  {"OPTIONS", "*", true},
	{"OPTIONS", "/", true},      {"GET", "*", false}, /* RFC 9112, 3.2.4: for OPTIONS only */
	{"GET", "foo", false},       {"GET", "foo/bar", false},   {"GET", "?a", false},
	{"GET", "", false},          {"GET", "*a", false},        {"OPTIONS", "**", false},
	{"GET", "ftp://h/a", false}, {"GET", "http:/a", false},   {"GET", "http://", false},
	{"GET", "http:///a", false}, {"GET", "http://?a", false}, {"GET", "h:80", false},
};

START_TEST(a_target_has_one_of_the_forms_of_http)
{
	given_fields((const struct pair[]){{"Host", "h"}, {NULL, NULL}});
	message.method = forms[_i].method;
	message.target = forms[_i].target;
	if (forms[_i].is_good)
		when_refused(0, NULL);
	else
		when_refused(400, "its target is neither a path nor a URL");
}
END_TEST

/* Who takes a bare CR for the end of a line would see another header behind it. */
static const struct wsgi_span broken_values[] = {
	{"a\0c", 3}, {"a\rContent-Length: 5", 20}, {"a\r", 2}, {"\n", 1}};

START_TEST(a_nul_or_a_line_end_in_a_value_is_refused)
{
	given_fields((const struct pair[]){{"Host", "h"}, {"X", "abc"}, {NULL, NULL}});
	fields[1].value = broken_values[_i];
	when_refused(400, "there is a NUL or a line end in a header");
}
END_TEST

START_TEST(a_client_that_expects_100_continue_is_known)
{
	given_fields((const struct pair[]){{"Expect", "100-Continue"}, {NULL, NULL}});
	ck_assert(wsgi_http_expects_continue(&message));
	message.version = "HTTP/1.0";
	ck_assert(!wsgi_http_expects_continue(&message));
}
END_TEST

/* As libmicrohttpd leaves a head: a part's separator is a NUL. */
#define LEFT(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static const struct {
	const char *claim;
	struct wsgi_span head;
	bool as_it_came;
} layouts[] = {
	{"CRLF", LEFT("GET\0/a\0HTTP/1.1\0\0X\0 y\0\0\0\0"), true},
	{"LF", LEFT("GET\0/a\0HTTP/1.1\0X\0 y\0\0"), true},
	{"no blank before a value", LEFT("GET\0/a\0HTTP/1.1\0\0X\0y\0\0\0\0"), true},
	{"blanks after a value", LEFT("GET\0/a\0HTTP/1.1\0\0X\0 y\0 \t\r\n\0\0"), true},
	{"newlines that stay", LEFT("GET\0/a\0HTTP/1.1\0\nX\0 y\0\n\r\n"), true},
	{"a longer target", LEFT("GET\0/a\0b\0HTTP/1.1\0\0X\0 y\0\0\0\0"), false},
	{"two blanks before the target", LEFT("GET\0 /a\0HTTP/1.1\0\0X\0 y\0\0\0\0"), false},
	{"a longer name", LEFT("GET\0/a\0HTTP/1.1\0\0X\0z\0 y\0\0\0\0"), false},
	{"a longer value", LEFT("GET\0/a\0HTTP/1.1\0\0X\0 y\0z\0\0\0\0"), false},
	{"a line between", LEFT("GET\0/a\0HTTP/1.1\0\0A\0 b\0\0X\0 y\0\0\0\0"), false},
	{"a line at the end", LEFT("GET\0/a\0HTTP/1.1\0\0X\0 y\0\0A\0 b\0\0\0\0"), false},
	{"a line that begins with NUL", LEFT("GET\0/a\0HTTP/1.1\0\0X\0 y\0\0\0A\0\0"), false},
	{"an end in mid-value", LEFT("GET\0/a\0HTTP/1.1\0\0X\0 y"), false},
};

static const char *place_of(struct wsgi_span head, const char *text)
{
	return memmem(head.data, head.len, text, strlen(text));
}

START_TEST(a_head_is_as_it_came_without_gaps)
{
	struct wsgi_span head = layouts[_i].head;

	message.method = head.data;
	message.target = "/a";
	message.version = place_of(head, "HTTP");
	fields[0] = (struct wsgi_http_field){{place_of(head, "X"), 1}, {place_of(head, "y"), 1}};
	message.fields_len = 1;
	ck_assert_msg(wsgi_http_is_as_it_came(&message, place_of(head, "/a"), head.len) ==
			      layouts[_i].as_it_came,
		      "%s", layouts[_i].claim);
}
END_TEST

START_TEST(a_name_that_stands_elsewhere_is_not_as_it_came)
{
	static const struct wsgi_span head = LEFT("GET\0/a\0HTTP/1.1\0\0\0\0 1\0\0 5\0\0\0\0");

	message.method = head.data;
	message.target = "/a";
	message.version = place_of(head, "HTTP");
	fields[0] = (struct wsgi_http_field){{"X5", 2}, {place_of(head, "1\0"), 1}};
	message.fields_len = 1;
	ck_assert(!wsgi_http_is_as_it_came(&message, place_of(head, "/a"), head.len));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("message");
	TCase *tc = tcase_create("environ");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_target_is_path_and_query, 0,
			    (int)(sizeof(targets) / sizeof(targets[0])));
	tcase_add_test(tc, the_request_line_and_the_server_are_there);
	tcase_add_test(tc, headers_become_variables);
	tcase_add_test(tc, a_name_with_an_underscore_does_not_pass_for_one_with_a_hyphen);
	tcase_add_test(tc, a_header_does_not_replace_what_the_server_knows);
	tcase_add_test(tc, an_ipv6_server_has_a_name_that_fits_in_a_url);
	tcase_add_test(tc, a_server_on_all_addresses_or_on_none_has_a_name);
	tcase_add_test(tc, a_server_with_tls_says_so_as_web_servers_do);
	tcase_add_loop_test(tc, what_two_readers_could_take_differently_is_refused, 0,
			    (int)(sizeof(requests) / sizeof(requests[0])));
	tcase_add_test(tc, a_method_that_is_none_is_refused);
	tcase_add_loop_test(tc, a_target_in_several_words_is_refused, 0, 6);
	tcase_add_loop_test(tc, a_target_has_one_of_the_forms_of_http, 0,
			    (int)(sizeof(forms) / sizeof(forms[0])));
	tcase_add_loop_test(tc, a_nul_or_a_line_end_in_a_value_is_refused, 0,
			    (int)(sizeof(broken_values) / sizeof(broken_values[0])));
	tcase_add_test(tc, a_client_that_expects_100_continue_is_known);
	tcase_add_loop_test(tc, a_head_is_as_it_came_without_gaps, 0,
			    (int)(sizeof(layouts) / sizeof(layouts[0])));
	tcase_add_test(tc, a_name_that_stands_elsewhere_is_not_as_it_came);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
