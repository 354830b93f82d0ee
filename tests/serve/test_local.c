#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
	int family;
	const char *address;
	bool is_local;
} addresses[] = {
	{AF_INET, "127.0.0.1", true}, {AF_INET, "127.9.8.7", true},
	{AF_INET, "0.0.0.0", false},  {AF_INET6, "::1", true},
	{AF_INET6, "::", false},      {AF_INET6, "::ffff:127.0.0.1", true},
};

static int bound(int family, const char *address)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	int fd = socket(family, SOCK_STREAM, 0), zero = 0, rc;

	ck_assert_int_ge(fd, 0);
	if (family == AF_INET) {
		inet_pton(family, address, &v4.sin_addr);
		rc = bind(fd, (struct sockaddr *)&v4, sizeof(v4));
	} else {
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
		inet_pton(family, address, &v6.sin6_addr);
		rc = bind(fd, (struct sockaddr *)&v6, sizeof(v6));
	}
	ck_assert_int_eq(rc, 0);
	return fd;
}

START_TEST(a_bound_socket_is_local_or_not)
{
	int fd = bound(addresses[_i].family, addresses[_i].address);

	ck_assert_int_eq(wsgi_local_socket(fd), addresses[_i].is_local);
	close(fd);
}
END_TEST

START_TEST(what_is_no_address_of_the_internet_is_not_local)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert(!wsgi_local_socket(pair[0]));
	close(pair[0]);
	ck_assert(!wsgi_local_socket(pair[0]));
	close(pair[1]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("local");
	TCase *tc = tcase_create("local");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(tc, a_host_is_local_or_not, 0, LEN(hosts));
	tcase_add_loop_test(tc, a_bound_socket_is_local_or_not, 0, LEN(addresses));
	tcase_add_test(tc, what_is_no_address_of_the_internet_is_not_local);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
