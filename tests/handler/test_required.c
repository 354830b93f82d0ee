#include <check.h>
#include <string.h>

#include "handler/required.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_environ env;

static void given_an_environ(void)
{
	wsgi_environ_init(&env);
}

static void tear_down(void)
{
	wsgi_environ_finish(&env);
}

static void set(const char *name, const char *value)
{
	if (value != NULL)
		ck_assert_int_eq(wsgi_environ_set(&env, name, value), 0);
}

static const char *get(const char *name)
{
	const char *value = wsgi_environ_get(&env, name);

	return value != NULL ? value : "(none)";
}

static const struct {
	const char *claim, *server_name, *server_port, *http_host, *server_addr, *https;
	const char *name, *port;
} rows[] = {
	{"what is there stays", "app.example", "81", "h:82", "::1", NULL, "app.example", "81"},
	{"an address stays", "192.0.2.1", "81", NULL, NULL, NULL, "192.0.2.1", "81"},
	{"an IPv6 address stays", "2001:db8::1", "81", NULL, NULL, NULL, "2001:db8::1", "81"},
	{"one in brackets stays", "[::1]", "81", NULL, NULL, NULL, "[::1]", "81"},
	/* HAProxy */
	{"a port goes", "app.example:81", "81", NULL, NULL, NULL, "app.example", "81"},
	{"a port goes behind brackets", "[::1]:81", "81", NULL, NULL, NULL, "[::1]", "81"},
	{"a colon alone goes", "app.example:", "81", NULL, NULL, NULL, "app.example", "81"},
	/* nginx without a server_name */
	{"empty: the host", "", "81", "h.example", "127.0.0.1", NULL, "h.example", "81"},
	{"empty: the host, less its port", "", "81", "h.example:8", NULL, NULL, "h.example", "81"},
	{"none: the host", NULL, "81", "h.example", NULL, NULL, "h.example", "81"},
	{"no host: the address", "", "81", NULL, "127.0.0.1", NULL, "127.0.0.1", "81"},
	{"an empty host: the address", "", "81", "", "::1", NULL, "::1", "81"},
	{"a host of a port only: the address", "", "81", ":8", "::1", NULL, "::1", "81"},
	{"a name of a port only: the address", ":81", "81", NULL, "::1", NULL, "::1", "81"},
	{"nothing: localhost", NULL, "81", NULL, NULL, NULL, "localhost", "81"},
	{"all empty: localhost", "", "81", "", "", NULL, "localhost", "81"},
	/* the port */
	{"no port: the host's", "n", NULL, "h.example:8080", NULL, NULL, "n", "8080"},
	{"no port: that behind brackets", "n", NULL, "[::1]:8080", NULL, NULL, "n", "8080"},
	{"an empty port: the host's", "n", "", "h.example:8080", NULL, NULL, "n", "8080"},
	{"no port anywhere: HTTP's", "n", NULL, "h.example", NULL, NULL, "n", "80"},
	{"no port anywhere: HTTPS's", "n", NULL, "h.example", NULL, "on", "n", "443"},
	{"no host: HTTP's", "n", NULL, NULL, NULL, NULL, "n", "80"},
	{"a port that is none: HTTP's", "n", NULL, "h:8x", NULL, NULL, "n", "80"},
	{"an empty one: HTTP's", "n", NULL, "h:", NULL, NULL, "n", "80"},
};

START_TEST(server_name_and_server_port_are_there)
{
	set("SERVER_NAME", rows[_i].server_name);
	set("SERVER_PORT", rows[_i].server_port);
	set("HTTP_HOST", rows[_i].http_host);
	set("SERVER_ADDR", rows[_i].server_addr);
	set("HTTPS", rows[_i].https);
	ck_assert_int_eq(wsgi_required_fix(&env), 0);
	ck_assert_msg(strcmp(get("SERVER_NAME"), rows[_i].name) == 0 &&
			      strcmp(get("SERVER_PORT"), rows[_i].port) == 0,
		      "%s: SERVER_NAME '%s', SERVER_PORT '%s'", rows[_i].claim, get("SERVER_NAME"),
		      get("SERVER_PORT"));
	ck_assert_str_eq(get("HTTP_HOST"), rows[_i].http_host ? rows[_i].http_host : "(none)");
}
END_TEST

static const struct {
	const char *claim, *name, *given, *left;
} others[] = {
	{"no query is an empty one", "QUERY_STRING", NULL, ""},
	{"a query stays", "QUERY_STRING", "a=%2F", "a=%2F"},
	{"no protocol is the oldest", "SERVER_PROTOCOL", NULL, "HTTP/1.0"},
	{"an empty one is, too", "SERVER_PROTOCOL", "", "HTTP/1.0"},
	{"a protocol stays", "SERVER_PROTOCOL", "HTTP/2.0", "HTTP/2.0"},
	{"a length of -1 is none", "CONTENT_LENGTH", "-1", ""}, /* Caddy 2.6 */
	{"a length stays", "CONTENT_LENGTH", "17", "17"},
	{"another length that is none stays", "CONTENT_LENGTH", "-2", "-2"},
	{"no length stays none", "CONTENT_LENGTH", NULL, "(none)"},
	{"the type is not there twice", "HTTP_CONTENT_TYPE", "text/plain", "(none)"},
	{"nor the length", "HTTP_CONTENT_LENGTH", "17", "(none)"},
	{"another header stays", "HTTP_CONTENT_MD5", "x", "x"},
};

START_TEST(the_other_variables_are_as_an_application_expects_them)
{
	set(others[_i].name, others[_i].given);
	ck_assert_int_eq(wsgi_required_fix(&env), 0);
	ck_assert_msg(strcmp(get(others[_i].name), others[_i].left) == 0, "%s: '%s'",
		      others[_i].claim, get(others[_i].name));
}
END_TEST

START_TEST(fixing_twice_is_fixing_once)
{
	set("SERVER_NAME", "h:81");
	set("CONTENT_LENGTH", "-1");
	for (int i = 0; i < 2; i++) {
		size_t len = env.len;

		ck_assert_int_eq(wsgi_required_fix(&env), 0);
		ck_assert_str_eq(get("SERVER_NAME"), "h");
		ck_assert_str_eq(get("SERVER_PORT"), "80");
		ck_assert_str_eq(get("CONTENT_LENGTH"), "");
		if (i == 1)
			ck_assert_uint_eq(env.len, len);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("required");
	TCase *tc = tcase_create("required");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_an_environ, tear_down);
	tcase_add_loop_test(tc, server_name_and_server_port_are_there, 0, LEN(rows));
	tcase_add_loop_test(tc, the_other_variables_are_as_an_application_expects_them, 0,
			    LEN(others));
	tcase_add_test(tc, fixing_twice_is_fixing_once);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
