#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "proc/allow.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_allow allow;
static struct wsgi_error err;

static void set_up(void)
{
	allow = (struct wsgi_allow){0};
	err = (struct wsgi_error){0};
	unsetenv("FCGI_WEB_SERVER_ADDRS");
}

static void tear_down(void)
{
	wsgi_allow_finish(&allow);
}

static void given(const char *list)
{
	int rc = wsgi_allow_add(&allow, list, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
}

static bool lets_in(const char *peer)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = 1};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = 1};

	if (inet_pton(AF_INET, peer, &in.sin_addr) == 1)
		return wsgi_allow_has(&allow, (struct sockaddr *)&in);
	ck_assert_int_eq(inet_pton(AF_INET6, peer, &in6.sin6_addr), 1);
	return wsgi_allow_has(&allow, (struct sockaddr *)&in6);
}

static const struct {
	const char *list, *inside, *outside; /* NULL: there is none */
} nets[] = {
	{"127.0.0.1", "127.0.0.1", "127.0.0.2"},
	{"127.0.0.1", "127.0.0.1", "::1"},
	{"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
	{"10.0.0.0/8", "10.0.0.0", "9.255.255.255"},
	{"10.1.2.3/8", "10.200.0.1", "11.1.2.3"}, /* what is behind the prefix does not matter */
	{"0.0.0.0/0", "255.255.255.255", "::2"},
	{"1.2.3.4/0", "9.9.9.9", NULL},
	{"128.0.0.0/1", "255.0.0.1", "127.255.255.255"},
	{"10.0.0.128/25", "10.0.0.128", "10.0.0.127"},
	{"10.0.0.128/25", "10.0.0.255", "10.0.1.128"},
	{"10.0.128.0/17", "10.0.255.255", "10.0.127.255"},
	{"10.0.2.0/23", "10.0.3.255", "10.0.4.0"},
	{"10.0.2.0/23", "10.0.2.0", "10.0.1.255"},
	{"10.0.0.6/31", "10.0.0.7", "10.0.0.8"},
	{"10.0.0.6/32", "10.0.0.6", "10.0.0.7"},
	{"::1", "::1", "::2"},
	{"::1", "::1", "127.0.0.1"},
	{"::1/128", "::1", "::"},
	{"fd00::/8", "fdff::1", "fe00::1"},
	{"fd00::/8", "fd00::", "fc00::1"},
	{"fe80::/10", "febf::1", "fec0::1"},
	{"2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"},
	{"2001:db8::8/125", "2001:db8::f", "2001:db8::10"},
	{"2001:db8::8/127", "2001:db8::9", "2001:db8::a"},
	{"::/0", "1::", "1.2.3.4"},
	{"::/0", "1::", "::ffff:1.2.3.4"},
	/* An IPv4 peer of an IPv6 socket. */
	{"10.0.0.1", "::ffff:10.0.0.1", "::ffff:10.0.0.2"},
	{"10.0.0.0/8", "::ffff:10.9.9.9", "::ffff:11.0.0.0"},
	{"10.0.0.1", "10.0.0.1", "::10.0.0.1"},
	/* The other way about. */
	{"::ffff:10.0.0.1", "10.0.0.1", "10.0.0.2"},
	{"::ffff:10.0.0.0/104", "10.255.0.1", "11.0.0.1"},
	{"::ffff:10.0.0.0/104", "::ffff:10.255.0.1", "::fffe:10.0.0.1"},
	{"::ffff:0:0/96", "8.8.8.8", "::1"},
	{"::ffff:0:0/95", "::fffe:0:1", "8.8.8.8"},
	/* Lists. */
	{"10.0.0.1,192.168.0.0/16,::1", "192.168.9.9", "192.169.0.0"},
	{"10.0.0.1,192.168.0.0/16,::1", "::1", "::2"},
	{" 10.0.0.1 ,\t10.0.0.3", "10.0.0.3", "10.0.0.2"},
};

START_TEST(a_peer_inside_is_served_and_one_outside_is_not)
{
	given(nets[_i].list);
	ck_assert_msg(lets_in(nets[_i].inside), "%s %s", nets[_i].list, nets[_i].inside);
	if (nets[_i].outside != NULL)
		ck_assert_msg(!lets_in(nets[_i].outside), "%s %s", nets[_i].list, nets[_i].outside);
}
END_TEST

/* Bit by bit: a network of b bits holds an address that differs behind them, and no other. */
START_TEST(a_prefix_is_exact_to_the_bit)
{
	const bool is_ipv4 = _i <= 32;
	const unsigned bits = (unsigned)(is_ipv4 ? _i : _i - 33);
	char list[64];

	snprintf(list, sizeof(list), is_ipv4 ? "170.85.170.85/%u" : "aa55::aa55:aa55/%u", bits);
	given(list);
	for (unsigned bit = 0; bit < (is_ipv4 ? 32 : 128); bit++) {
		uint8_t address[16];
		char text[INET6_ADDRSTRLEN];

		ck_assert_int_eq(inet_pton(is_ipv4 ? AF_INET : AF_INET6,
					   is_ipv4 ? "170.85.170.85" : "aa55::aa55:aa55", address),
				 1);
		address[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		inet_ntop(is_ipv4 ? AF_INET : AF_INET6, address, text, sizeof(text));
		ck_assert_msg(lets_in(text) == (bit >= bits), "%s %s", list, text);
	}
}
END_TEST

START_TEST(an_empty_list_lets_everybody_in)
{
	ck_assert(lets_in("1.2.3.4"));
	ck_assert(lets_in("::1"));
}
END_TEST

START_TEST(a_peer_on_a_unix_socket_is_not_asked_for_an_address)
{
	const struct sockaddr_un sa = {.sun_family = AF_UNIX};
	const struct sockaddr strange = {.sa_family = AF_APPLETALK};

	given("10.0.0.1");
	ck_assert(wsgi_allow_has(&allow, (const struct sockaddr *)&sa));
	ck_assert(!wsgi_allow_has(&allow, &strange));
}
END_TEST

START_TEST(lists_add_up)
{
	given("10.0.0.1");
	given("10.0.0.2");
	ck_assert(lets_in("10.0.0.1") && lets_in("10.0.0.2") && !lets_in("10.0.0.3"));
}
END_TEST

static const struct {
	const char *list, *named;
} bad[] = {
	{"", "''"},
	{",", "''"},
	{"10.0.0.1,", "''"},
	{"10.0.0.1,,10.0.0.2", "''"},
	{"localhost", "'localhost'"},
	{"10.0.0", "'10.0.0'"},
	{"10.0.0.256", "'10.0.0.256'"},
	{"10.0.0.1.1", "'10.0.0.1.1'"},
	{"10.0.0.01", "'10.0.0.01'"},
	{"10.0.0.0/33", "'10.0.0.0/33'"},
	{"10.0.0.0/", "'10.0.0.0/'"},
	{"10.0.0.0/8/8", "'10.0.0.0/8/8'"},
	{"10.0.0.0/08", "'10.0.0.0/08'"},
	{"10.0.0.0/-1", "'10.0.0.0/-1'"},
	{"10.0.0.0/+8", "'10.0.0.0/+8'"},
	{"10.0.0.0/ 8", "'10.0.0.0/ 8'"},
	{"10.0.0.0/4294967304", "'10.0.0.0/4294967304'"},
	{"10.0.0.0/255.0.0.0", "'10.0.0.0/255.0.0.0'"},
	{"/8", "'/8'"},
	{"::/129", "'::/129'"},
	{":::", "':::'"},
	{"1::2::3", "'1::2::3'"},
	{"[::1]", "'[::1]'"},
	{"fe80::1%eth0", "'fe80::1%eth0'"},
	{"::ffff:10.0.0.0/129", "'::ffff:10.0.0.0/129'"},
	{"10.0.0.1 10.0.0.2", "'10.0.0.1 10.0.0.2'"},
	{"10.0.0.1;10.0.0.2", "'10.0.0.1;10.0.0.2'"},
	{"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL},
	{"127.0.0.1:9000", "'127.0.0.1:9000'"},
};

START_TEST(what_is_no_address_is_named)
{
	ck_assert_int_eq(wsgi_allow_add(&allow, bad[_i].list, &err), -EINVAL);
	ck_assert_int_eq(err.code, -EINVAL);
	if (bad[_i].named != NULL)
		ck_assert_msg(strncmp(err.text, bad[_i].named, strlen(bad[_i].named)) == 0, "%s",
			      err.text);
	ck_assert_ptr_nonnull(strstr(err.text, " is neither an IP address nor a network, as "
					       "10.0.0.1, 10.0.0.0/8 or fd00::/8 are"));
}
END_TEST

/* -- FCGI_WEB_SERVER_ADDRS --------------------------------------------------------------------- */

START_TEST(the_environment_adds_its_own)
{
	setenv("FCGI_WEB_SERVER_ADDRS", "199.170.183.28,199.170.183.71", 1);
	given("10.0.0.1");
	ck_assert_int_eq(wsgi_allow_add_environment(&allow, &err), 0);
	ck_assert(lets_in("199.170.183.71") && lets_in("10.0.0.1") && !lets_in("199.170.183.1"));
}
END_TEST

START_TEST(an_environment_without_it_adds_none)
{
	if (_i == 1)
		setenv("FCGI_WEB_SERVER_ADDRS", "", 1);
	ck_assert_int_eq(wsgi_allow_add_environment(&allow, &err), 0);
	ck_assert(lets_in("1.2.3.4"));
}
END_TEST

START_TEST(garbage_in_the_environment_is_named_with_the_variable)
{
	setenv("FCGI_WEB_SERVER_ADDRS", "www.example", 1);
	ck_assert_int_eq(wsgi_allow_add_environment(&allow, &err), -EINVAL);
	ck_assert_msg(strncmp(err.text, "FCGI_WEB_SERVER_ADDRS: 'www.example' is neither", 47) == 0,
		      "%s", err.text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("allow");
	TCase *tc = tcase_create("allow");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_peer_inside_is_served_and_one_outside_is_not, 0, LEN(nets));
	tcase_add_loop_test(tc, a_prefix_is_exact_to_the_bit, 0, 33 + 129);
	tcase_add_test(tc, an_empty_list_lets_everybody_in);
	tcase_add_test(tc, a_peer_on_a_unix_socket_is_not_asked_for_an_address);
	tcase_add_test(tc, lists_add_up);
	tcase_add_loop_test(tc, what_is_no_address_is_named, 0, LEN(bad));
	tcase_add_test(tc, the_environment_adds_its_own);
	tcase_add_loop_test(tc, an_environment_without_it_adds_none, 0, 2);
	tcase_add_test(tc, garbage_in_the_environment_is_named_with_the_variable);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
