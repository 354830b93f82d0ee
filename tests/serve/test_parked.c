#include <check.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdpass.h"
#include "serve/parked.h"

enum { MANY = 3000 };

static struct wsgi_parked parked;
static struct wsgi_depot worker;
static int exchange[2], peers[MANY];
static int n_peers;

static void given_an_exchange(void)
{
	ck_assert_int_eq(wsgi_fdpass_pair(exchange), 0);
	ck_assert_int_eq(wsgi_parked_init(&parked, exchange[0], exchange[1]), 0);
	wsgi_depot_init(&worker);
	ck_assert_int_eq(wsgi_depot_open(&worker, exchange[0], exchange[1]), 0);
	n_peers = 0;
}

static void tear_down(void)
{
	wsgi_parked_finish(&parked);
	wsgi_depot_finish(&worker);
	close(exchange[0]);
	close(exchange[1]);
	for (int i = 0; i < n_peers; i++)
		close(peers[i]);
}

/* A worker that ends gives a connection away. Returns how its peer is called. */
static int given_a_kept_connection(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	ck_assert_int_eq(wsgi_depot_give(&worker, ends[0], n_peers % 2 == 0), 0);
	close(ends[0]);
	peers[n_peers] = ends[1];
	return n_peers++;
}

static bool when_looked_at(void)
{
	struct pollfd polled[MANY];

	wsgi_parked_poll(&parked, polled);
	ck_assert_int_ge(poll(polled, parked.n, 0), 0);
	return wsgi_parked_look(&parked, polled);
}

START_TEST(connections_without_a_request_wait_and_are_nobody_to_serve)
{
	given_a_kept_connection();
	given_a_kept_connection();
	ck_assert_int_eq(wsgi_parked_take(&parked), 0);
	ck_assert_uint_eq(parked.n, 2);
	ck_assert(!when_looked_at());
	ck_assert_uint_eq(parked.n, 2);
}
END_TEST

START_TEST(one_with_a_request_is_seen_and_the_worker_reads_it)
{
	int peer;
	bool tcp;
	char byte = 0;

	given_a_kept_connection();
	peer = given_a_kept_connection();
	ck_assert_int_eq(wsgi_parked_take(&parked), 0);
	ck_assert_int_eq(write(peers[peer], "x", 1), 1);
	ck_assert(when_looked_at());
	ck_assert_uint_eq(parked.n, 2);
	ck_assert_int_eq(write(peers[0], "y", 1), 1);
	ck_assert_int_eq(recv(parked.connections[1].fd, &byte, 1, MSG_DONTWAIT), 1);
	ck_assert(when_looked_at()); /* the first one now, and not the last */
	ck_assert_int_eq(write(peers[peer], "x", 1), 1);
	ck_assert_int_eq(recv(parked.connections[0].fd, &byte, 1, MSG_DONTWAIT), 1);
	wsgi_parked_give(&parked);
	ck_assert_uint_eq(parked.n, 0);
	for (int i = 0; i < 2; i++) {
		int fd = wsgi_depot_take(&worker, &tcp);

		ck_assert_int_ge(fd, 0);
		if (recv(fd, &byte, 1, MSG_DONTWAIT) == 1)
			ck_assert(!tcp); /* it is still the second one */
		close(fd);
	}
	ck_assert_int_eq(byte, 'x');
	ck_assert_int_eq(recv(peers[0], &byte, 1, MSG_DONTWAIT), 0); /* nobody else has it */
}
END_TEST

/* Without descriptors of its own the master could start nobody to serve them. */
START_TEST(there_are_never_more_than_leave_room_for_a_worker)
{
	struct rlimit files;
	char byte;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	ck_assert_uint_le(parked.most, files.rlim_cur - files.rlim_cur / 8);
	ck_assert_uint_gt(parked.most, 0);
	parked.most = 2;
	for (int i = 0; i < 4; i++)
		given_a_kept_connection();
	ck_assert_int_eq(write(peers[3], "x", 1), 1);
	ck_assert_int_eq(wsgi_parked_take(&parked), 0);
	ck_assert_uint_eq(parked.n, 3); /* the third had nothing to say */
	ck_assert_uint_eq(parked.turned_away, 1);
	ck_assert_int_eq(recv(peers[2], &byte, 1, MSG_DONTWAIT), 0);
	ck_assert_int_eq(recv(peers[0], &byte, 1, MSG_DONTWAIT), -1);
	ck_assert(when_looked_at());
}
END_TEST

START_TEST(one_whose_peer_has_left_is_closed)
{
	int peer;

	peer = given_a_kept_connection();
	given_a_kept_connection();
	ck_assert_int_eq(wsgi_parked_take(&parked), 0);
	shutdown(peers[peer], SHUT_WR);
	ck_assert(!when_looked_at());
	ck_assert_uint_eq(parked.n, 1);
	ck_assert_int_eq(write(peers[1], "x", 1), 1);
	ck_assert(when_looked_at()); /* the other one is the one that is left */
}
END_TEST

START_TEST(a_request_whose_peer_waits_for_nothing_else_is_a_request)
{
	int peer = given_a_kept_connection();

	ck_assert_int_eq(wsgi_parked_take(&parked), 0);
	ck_assert_int_eq(write(peers[peer], "x", 1), 1);
	shutdown(peers[peer], SHUT_WR);
	ck_assert(when_looked_at());
}
END_TEST

START_TEST(more_than_the_exchange_holds_go_back_when_it_has_room)
{
	size_t given = 0, taken = 0;
	bool tcp;
	int fd;

	while (given < 500) {
		given_a_kept_connection();
		given++;
		ck_assert_int_eq(wsgi_parked_take(&parked), 0);
	}
	ck_assert_uint_eq(parked.n, given);
	for (int turn = 0; turn < 100 && taken < given; turn++) {
		wsgi_parked_give(&parked);
		while ((fd = wsgi_depot_take(&worker, &tcp)) >= 0) {
			close(fd);
			taken++;
		}
	}
	ck_assert_uint_eq(parked.n, 0);
	ck_assert_uint_eq(taken, given);
}
END_TEST

START_TEST(at_the_end_all_are_closed)
{
	char byte;

	given_a_kept_connection();
	ck_assert_int_eq(wsgi_parked_take(&parked), 0);
	wsgi_parked_close(&parked);
	ck_assert_int_eq(recv(peers[0], &byte, 1, MSG_DONTWAIT), 0);
	ck_assert_uint_eq(parked.n, 0);
}
END_TEST

static Suite *parked_suite(void)
{
	Suite *s = suite_create("parked");
	TCase *tc = tcase_create("parked");

	tcase_add_checked_fixture(tc, given_an_exchange, tear_down);
	tcase_add_test(tc, connections_without_a_request_wait_and_are_nobody_to_serve);
	tcase_add_test(tc, one_with_a_request_is_seen_and_the_worker_reads_it);
	tcase_add_test(tc, there_are_never_more_than_leave_room_for_a_worker);
	tcase_add_test(tc, one_whose_peer_has_left_is_closed);
	tcase_add_test(tc, a_request_whose_peer_waits_for_nothing_else_is_a_request);
	tcase_add_test(tc, more_than_the_exchange_holds_go_back_when_it_has_room);
	tcase_add_test(tc, at_the_end_all_are_closed);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(parked_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
