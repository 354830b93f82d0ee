#include <check.h>
#include <stdlib.h>

#include "serve/local.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static const struct {
	const char *host;
	bool is_local;
} hosts[] = {
	{"localhost", true},
	{"localhost:8000", true},
	{"LocalHost:1", true},
	{"localhost:", true},
	{"127.0.0.1", true},
	{"127.0.0.1:65535", true},
	{"127.255.3.9:80", true},
	{"[::1]", true},
	{"[::1]:8000", true},
	/* A name that an attacker has, whatever its address is. */
	{"evil.example", false},
	{"evil.example:8000", false},
	{"localhost.evil.example", false},
	{"127.0.0.1.evil.example:8000", false},
	{"evil.localhost", false},
	{"xlocalhost", false},
	{"localhost.", false},
	{"localhost:8000.evil.example", false},
	{"localhost:80:80", false},
	{"localhost@evil.example", false},
	{"user@localhost", false},
	{"[::1].evil.example", false},
	{"[::1", false},
	{"[::1]x", false},
	{"::1", false},
	{"[::2]", false},
	{"[127.0.0.1]", false},
	/* What a server's address can be besides. */
	{"unix:/run/localhost", false},
	{"unix:localhost", false},
	{"[::]:8000", false},
	{"descriptor 0", false},
	{"128.0.0.1", false},
	{"12.7.0.1", false},
	{"127.1", false},
	{"127.0.0.256", false},
	{"0x7f.0.0.1", false},
	{"0.0.0.0:8000", false},
	{"192.168.1.2", false},
	{" localhost", false},
	{"localhost ", false},
	{":8000", false},
	{"", false},
	{NULL, false},
	{"127.0.0.1000000000000000000000000000000000000000000000000000000000", false},
};

START_TEST(a_host_is_local_or_not)
{
	ck_assert_int_eq(wsgi_local_host(hosts[_i].host), hosts[_i].is_local);
}
END_TEST

static const struct {
	const char *name;
	bool is_proxys;
} variables[] = {
	{"HTTP_FORWARDED", true},
	{"HTTP_VIA", true},
	{"HTTP_X_REAL_IP", true},
	{"HTTP_X_FORWARDED_FOR", true},
	{"HTTP_X_FORWARDED_HOST", true},
	{"HTTP_X_FORWARDED_PROTO", true},
	{"HTTP_X_FORWARDED_", true},
	{"HTTP_X_FORWARD", false},
	{"HTTP_FORWARDED_X", false},
	{"HTTP_VIA_X", false},
	{"X_FORWARDED_FOR", false},
	{"VIA", false},
	{"HTTP_HOST", false},
};

START_TEST(a_proxy_is_known_by_what_it_adds)
{
	struct wsgi_environ env;
	struct wsgi_span name = {0};

	wsgi_environ_init(&env);
	wsgi_environ_set(&env, "HTTP_HOST", "localhost");
	wsgi_environ_set(&env, variables[_i].name, "192.0.2.1");
	wsgi_environ_set(&env, "REMOTE_ADDR", "127.0.0.1");
	ck_assert_int_eq(wsgi_local_proxy(&env, &name), variables[_i].is_proxys);
	ck_assert(!variables[_i].is_proxys || wsgi_span_is(name, variables[_i].name));
	wsgi_environ_finish(&env);
}
END_TEST

START_TEST(an_empty_environ_tells_of_no_proxy)
{
	struct wsgi_environ env;
	struct wsgi_span name;

	wsgi_environ_init(&env);
	ck_assert(!wsgi_local_proxy(&env, &name));
	wsgi_environ_finish(&env);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("local");
	TCase *tc = tcase_create("local");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, a_host_is_local_or_not, 0, LEN(hosts));
	tcase_add_loop_test(tc, a_proxy_is_known_by_what_it_adds, 0, LEN(variables));
	tcase_add_test(tc, an_empty_environ_tells_of_no_proxy);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
