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

int main(void)
{
	Suite *s = suite_create("local");
	TCase *tc = tcase_create("local");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, a_host_is_local_or_not, 0, LEN(hosts));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
