#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proc/queue.h"

enum { BACKLOG = 9, CLIENTS = 3 };

static int listener = -1, clients[CLIENTS];
static char path[64];
static union {
	struct sockaddr any;
	struct sockaddr_un un;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
} address;
static socklen_t address_len;
static struct wsgi_queue queue;

static void given_nothing(void)
{
	snprintf(path, sizeof(path), "/tmp/test_queue.%d", (int)getpid());
	listener = -1;
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = -1;
}

static void tear_down(void)
{
	if (listener >= 0)
		close(listener);
	for (int i = 0; i < CLIENTS; i++)
		if (clients[i] >= 0)
			close(clients[i]);
	unlink(path);
}

static void listens(int family)
{
	memset(&address, 0, sizeof(address));
	address.any.sa_family = (sa_family_t)family;
	address_len = family == AF_UNIX   ? sizeof(address.un)
		      : family == AF_INET ? sizeof(address.in)
					  : sizeof(address.in6);
	if (family == AF_UNIX)
		strcpy(address.un.sun_path, path);
	else if (family == AF_INET)
		address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		address.in6.sin6_addr = in6addr_loopback;
	listener = socket(family, SOCK_STREAM, 0);
	ck_assert_int_ge(listener, 0);
	ck_assert_int_eq(bind(listener, &address.any, address_len), 0);
	ck_assert_int_eq(listen(listener, BACKLOG), 0);
	ck_assert_int_eq(getsockname(listener, &address.any, &address_len), 0);
}

static void clients_connect(void)
{
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = socket(address.any.sa_family, SOCK_STREAM, 0);
		ck_assert_int_eq(connect(clients[i], &address.any, address_len), 0);
	}
}

static const int families[] = {AF_UNIX, AF_INET, AF_INET6};

START_TEST(nobody_waits_at_a_new_socket)
{
	listens(families[_i]);
	ck_assert_int_eq(wsgi_queue_of(listener, &queue), 0);
	ck_assert_uint_eq(queue.waiting, 0);
	ck_assert_uint_eq(queue.capacity, BACKLOG);
}
END_TEST

START_TEST(who_has_connected_waits_until_accepted)
{
	listens(families[_i]);
	clients_connect();
	ck_assert_int_eq(wsgi_queue_of(listener, &queue), 0);
	ck_assert_uint_eq(queue.waiting, CLIENTS);
	close(accept(listener, NULL, NULL));
	ck_assert_int_eq(wsgi_queue_of(listener, &queue), 0);
	ck_assert_uint_eq(queue.waiting, CLIENTS - 1);
}
END_TEST

START_TEST(what_does_not_listen_has_no_queue)
{
	int pair[2];

	listens(AF_INET);
	clients_connect();
	ck_assert_int_ne(wsgi_queue_of(clients[0], &queue), 0);
	ck_assert_uint_eq(queue.waiting + queue.capacity, 0);
	ck_assert_int_eq(wsgi_queue_of(-1, &queue), -EBADF);
	ck_assert_int_eq(pipe(pair), 0);
	ck_assert_int_eq(wsgi_queue_of(pair[0], &queue), -ENOTSOCK);
}
END_TEST

START_TEST(the_sum_is_over_all_that_can_be_told_of)
{
	int fds[3];

	listens(AF_UNIX);
	clients_connect();
	fds[0] = listener;
	fds[1] = -1;
	listens(AF_INET);
	fds[2] = listener;
	wsgi_queue_sum(fds, 3, &queue);
	ck_assert_uint_eq(queue.waiting, CLIENTS);
	ck_assert_uint_eq(queue.capacity, 2 * BACKLOG);
	close(fds[0]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("queue");
	TCase *tc = tcase_create("queue");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_nothing, tear_down);
	tcase_add_loop_test(tc, nobody_waits_at_a_new_socket, 0, 3);
	tcase_add_loop_test(tc, who_has_connected_waits_until_accepted, 0, 3);
	tcase_add_test(tc, what_does_not_listen_has_no_queue);
	tcase_add_test(tc, the_sum_is_over_all_that_can_be_told_of);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
