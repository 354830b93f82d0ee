#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdpass.h"
#include "proc/pool.h"

enum { PLACES = 4, THREADS = 2, GENERATION = 7, NOW = 1000000 };

static struct wsgi_pool pool;
static struct wsgi_board board;
static struct wsgi_error err;
static int zygote[2];                  /* the master's end; the one of the stand-in for a zygote */
static int worker = -1;                /* the worker's end of the line of the last spawn */
static struct wsgi_line_message order; /* that spawn */

static void given_a_pool(void)
{
	ck_assert_int_eq(wsgi_pool_grow(&pool, PLACES), 0);
	ck_assert_int_eq(wsgi_board_create(&board, PLACES, THREADS, &err), 0);
	ck_assert_int_eq(wsgi_fdpass_pair(zygote), 0);
}

static void tear_down(void)
{
	wsgi_pool_finish(&pool);
	wsgi_board_finish(&board);
	close(zygote[0]);
	close(zygote[1]);
	if (worker >= 0)
		close(worker);
	worker = -1;
}

/* Ask for a worker; what the zygote then has is order and worker. */
static void when_spawned(uint32_t place)
{
	const struct wsgi_pool_spawn spawn = {
		.zygote = zygote[0], .generation = GENERATION, .board = &board, .now_ms = NOW};
	size_t n = 1;

	if (worker >= 0)
		close(worker);
	ck_assert_int_eq(wsgi_pool_spawn(&pool, place, &spawn), 0);
	ck_assert_int_eq(wsgi_line_hear(zygote[1], &order, &worker, &n), 1);
	ck_assert_uint_eq(n, 1);
}

/* A process that sleeps, or ends with a status. */
static pid_t given_a_child(int status)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (status >= 0)
			_exit(status);
		for (;;)
			pause();
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

/* Returns what wsgi_pool_take() makes of the zygote's answer. */
static uint32_t when_the_zygote_says(uint32_t word, pid_t pid)
{
	struct wsgi_line_message m = order;

	m.word = word;
	m.pid = pid;
	m.code = word == WSGI_LINE_FAILED ? -EAGAIN : 0;
	return wsgi_pool_take(&pool, &m);
}

static void when_the_worker_says(uint32_t word)
{
	struct wsgi_line_message m = order;

	m.word = word;
	ck_assert_int_eq(wsgi_line_say(worker, &m, NULL, 0), 0);
}

/* The next child that ends, within a generous bound. */
static struct wsgi_pool_end when_one_ends(void)
{
	struct wsgi_pool_end end = {0};

	for (int i = 0; i < 1000; i++) {
		if (wsgi_pool_reap(&pool, &end))
			return end;
		poll(NULL, 0, 10);
	}
	ck_abort_msg("nobody has ended");
}

static pid_t given_a_worker(uint32_t place)
{
	pid_t pid = given_a_child(-1);

	when_spawned(place);
	ck_assert_uint_eq(when_the_zygote_says(WSGI_LINE_SPAWNED, pid), place);
	return pid;
}

/* -- births ------------------------------------------------------------------------------------ */

START_TEST(a_spawn_is_an_order_with_a_line_in_it)
{
	when_spawned(2);
	ck_assert_uint_eq(order.word, WSGI_LINE_SPAWN);
	ck_assert_uint_eq(order.place, 2);
	ck_assert_uint_eq(order.serial, pool.places[2].serial);
	ck_assert_int_eq(pool.places[2].stage, WSGI_BOARD_STARTING);
	ck_assert_int_eq(pool.places[2].pid, 0);
	ck_assert_int_eq(wsgi_board_worker(&board, 2)->stage, WSGI_BOARD_STARTING);
	ck_assert_uint_eq(wsgi_board_worker(&board, 2)->generation, GENERATION);
	ck_assert_uint_eq(wsgi_pool_count(&pool, GENERATION), 1);
	ck_assert_uint_eq(wsgi_pool_find_free(&pool, PLACES), 0);
}
END_TEST

START_TEST(each_spawn_has_a_serial_of_its_own)
{
	uint32_t first;

	when_spawned(0);
	first = order.serial;
	wsgi_pool_free(&pool, 0);
	when_spawned(0);
	ck_assert_uint_ne(order.serial, first);
}
END_TEST

START_TEST(without_a_zygote_the_place_stays_free)
{
	const struct wsgi_pool_spawn spawn = {
		.zygote = zygote[0], .generation = GENERATION, .board = &board, .now_ms = NOW};

	close(zygote[1]);
	zygote[1] = -1;
	ck_assert_int_eq(wsgi_pool_spawn(&pool, 1, &spawn), -EPIPE);
	ck_assert_int_eq(pool.places[1].stage, WSGI_BOARD_FREE);
	ck_assert_int_eq(wsgi_board_worker(&board, 1)->stage, WSGI_BOARD_FREE);
}
END_TEST

START_TEST(the_zygote_says_who_it_is)
{
	pid_t pid = given_a_worker(1);

	ck_assert_int_eq(pool.places[1].pid, pid);
	ck_assert_int_eq(wsgi_board_worker(&board, 1)->pid, pid);
	ck_assert_ptr_eq(wsgi_pool_find(&pool, pid), &pool.places[1]);
	wsgi_pool_signal(&pool, 1, SIGKILL);
	ck_assert_uint_eq(when_one_ends().place, 1);
}
END_TEST

START_TEST(a_zygote_cannot_name_somebody_who_is_no_child_of_ours)
{
	when_spawned(0);
	ck_assert_uint_eq(when_the_zygote_says(WSGI_LINE_SPAWNED, getppid()), 0);
	wsgi_pool_signal(&pool, 0, SIGKILL); /* our parent would not like it */
	ck_assert_uint_eq(when_one_ends().place, 0);
}
END_TEST

START_TEST(an_order_that_was_given_up_has_its_worker_killed)
{
	pid_t pid = given_a_child(-1);
	struct wsgi_pool_end end;

	when_spawned(0);
	wsgi_pool_free(&pool, 0);
	when_spawned(1); /* somebody else's place, and the order is older */
	order.place = 1;
	order.serial--;
	ck_assert_uint_eq(when_the_zygote_says(WSGI_LINE_SPAWNED, pid), PLACES);
	end = when_one_ends();
	ck_assert_int_eq(end.pid, pid);
	ck_assert(WIFSIGNALED(end.status));
	ck_assert_int_eq(pool.places[1].pid, 0);
}
END_TEST

START_TEST(one_that_was_killed_before_it_was_named_is_killed_then)
{
	pid_t pid = given_a_child(-1);

	when_spawned(0);
	wsgi_pool_signal(&pool, 0, SIGKILL);
	when_the_zygote_says(WSGI_LINE_SPAWNED, pid);
	ck_assert_int_eq(when_one_ends().pid, pid);
}
END_TEST

START_TEST(a_worker_that_cannot_be_forked_is_told)
{
	when_spawned(3);
	ck_assert_uint_eq(when_the_zygote_says(WSGI_LINE_FAILED, 0), 3);
}
END_TEST

/* -- lives ------------------------------------------------------------------------------------- */

START_TEST(what_a_worker_says_is_heard_and_its_end_too)
{
	struct wsgi_line_message said;

	when_spawned(0);
	ck_assert_int_eq(wsgi_pool_hear(&pool, 0, &said), -EAGAIN);
	when_the_worker_says(WSGI_LINE_READY);
	ck_assert_int_eq(wsgi_pool_hear(&pool, 0, &said), 1);
	ck_assert_uint_eq(said.word, WSGI_LINE_READY);
	order.serial++; /* of another life of the place */
	when_the_worker_says(WSGI_LINE_REPLACE);
	ck_assert_int_eq(wsgi_pool_hear(&pool, 0, &said), -EAGAIN);
	close(worker);
	worker = -1;
	ck_assert_int_eq(wsgi_pool_hear(&pool, 0, &said), 0);
	ck_assert_int_eq(pool.places[0].line, -1);
	ck_assert_int_eq(wsgi_pool_hear(&pool, 0, &said), -EAGAIN);
}
END_TEST

START_TEST(a_worker_is_told_with_descriptors)
{
	struct wsgi_line_message said;
	int fds[2] = {-1, -1};
	size_t n = 2;

	when_spawned(0);
	ck_assert_int_eq(wsgi_pool_tell(&pool, 0, WSGI_LINE_LOGS, zygote, 2), 0);
	ck_assert_int_eq(wsgi_line_hear(worker, &said, fds, &n), 1);
	ck_assert_uint_eq(said.word, WSGI_LINE_LOGS);
	ck_assert_uint_eq(n, 2);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* It could say more as quickly as that is read. */
START_TEST(one_that_talks_nonsense_is_not_listened_to_for_long)
{
	struct wsgi_line_message said;
	struct pollfd more;
	int rc = 0;

	when_spawned(0);
	for (int i = 0; i < 100000 && rc == 0; i++)
		rc = wsgi_fd_send(worker, "x", 1, NULL, 0);
	ck_assert_int_eq(rc, -EAGAIN);
	ck_assert_int_eq(wsgi_pool_hear(&pool, 0, &said), -EAGAIN);
	more = (struct pollfd){.fd = pool.places[0].line, .events = POLLIN};
	ck_assert_int_ge(more.fd, 0);
	ck_assert_int_eq(poll(&more, 1, 0), 1);
}
END_TEST

START_TEST(one_that_does_not_listen_stops_nobody)
{
	int rc = 0;

	when_spawned(0);
	for (int i = 0; i < 100000 && rc == 0; i++)
		rc = wsgi_pool_tell(&pool, 0, WSGI_LINE_RETIRE, NULL, 0);
	ck_assert_int_eq(rc, -EAGAIN);
	close(worker);
	worker = -1;
	ck_assert_int_lt(wsgi_pool_tell(&pool, 0, WSGI_LINE_RETIRE, NULL, 0), 0);
}
END_TEST

START_TEST(the_time_of_the_first_word_to_end_counts)
{
	when_spawned(0);
	wsgi_pool_serves(&pool, 0, NOW + 5);
	ck_assert_int_eq(wsgi_board_worker(&board, 0)->stage, WSGI_BOARD_SERVING);
	wsgi_pool_retires(&pool, 0, NOW + 10);
	wsgi_pool_retires(&pool, 0, NOW + 20);
	ck_assert_int_eq(pool.places[0].told_ms, NOW + 10);
	ck_assert_int_eq(wsgi_board_worker(&board, 0)->stage, WSGI_BOARD_RETIRING);
}
END_TEST

/* -- deaths ------------------------------------------------------------------------------------ */

START_TEST(whoever_ends_is_told_once_with_his_place)
{
	pid_t pid = given_a_worker(2);
	struct wsgi_pool_end end;

	kill(pid, SIGHUP);
	end = when_one_ends();
	ck_assert_uint_eq(end.place, 2);
	ck_assert_int_eq(end.pid, pid);
	ck_assert_int_eq(WTERMSIG(end.status), SIGHUP);
	ck_assert(pool.places[2].reaped); /* the number may be somebody else's by now */
	wsgi_pool_signal(&pool, 2, SIGKILL);
	wsgi_pool_free(&pool, 2);
	ck_assert(!wsgi_pool_reap(&pool, &end));
}
END_TEST

START_TEST(one_that_ends_before_it_is_named_is_not_lost)
{
	pid_t pid = given_a_child(9);
	struct wsgi_pool_end end;

	when_spawned(1);
	end = when_one_ends();
	ck_assert_uint_eq(end.place, PLACES);
	ck_assert_int_eq(end.pid, pid);
	when_the_zygote_says(WSGI_LINE_SPAWNED, pid);
	end = when_one_ends();
	ck_assert_uint_eq(end.place, 1);
	ck_assert_int_eq(WEXITSTATUS(end.status), 9);
}
END_TEST

START_TEST(nor_is_it_among_many_orphans)
{
	pid_t pid = 0, next = 0;

	when_spawned(1);
	for (int i = 0; i < WSGI_POOL_ORPHANS + 20; i++) {
		pid = next; /* the last but one */
		next = given_a_child(3);
		ck_assert_uint_eq(when_one_ends().place, PLACES);
	}
	when_the_zygote_says(WSGI_LINE_SPAWNED, pid);
	ck_assert_int_eq(WEXITSTATUS(when_one_ends().status), 3);
}
END_TEST

START_TEST(what_a_worker_has_counted_stays_when_it_ends)
{
	struct wsgi_board_request request = {.method = "GET"};

	when_spawned(1);
	for (int i = 0; i < 3; i++) {
		wsgi_board_begin(wsgi_board_thread(&board, 1, 1), &request);
		wsgi_board_end(wsgi_board_thread(&board, 1, 1));
	}
	wsgi_board_worker(&board, 1)->accepted = 2;
	wsgi_pool_free(&pool, 1);
	ck_assert_uint_eq(board.head->requests_before, 3);
	ck_assert_uint_eq(board.head->accepted_before, 2);
	ck_assert_int_eq(wsgi_board_worker(&board, 1)->stage, WSGI_BOARD_FREE);
}
END_TEST

/* -- the view ---------------------------------------------------------------------------------- */

START_TEST(a_look_shows_each_place_and_what_its_threads_do)
{
	struct wsgi_board_request request = {.method = "GET"};
	struct wsgi_pool_row rows[PLACES];
	struct wsgi_pool_seen seen;

	when_spawned(1);
	wsgi_pool_serves(&pool, 1, NOW);
	wsgi_board_begin(wsgi_board_thread(&board, 1, 1), &request);
	seen = wsgi_pool_look(&pool, rows, NOW + 10);
	ck_assert_uint_eq(seen.busy, 1);
	ck_assert_int_eq(rows[0].stage, WSGI_BOARD_FREE);
	ck_assert_int_eq(rows[1].stage, WSGI_BOARD_SERVING);
	ck_assert_uint_eq(rows[1].threads, THREADS);
	ck_assert_int_eq(rows[1].began_ms[0], 0);
	ck_assert_int_ne(rows[1].began_ms[1], 0);
	ck_assert_int_eq(rows[1].idle_since_ms, NOW + 10);
	wsgi_board_end(wsgi_board_thread(&board, 1, 1));
	wsgi_pool_look(&pool, rows, NOW + 20); /* a request was there since the last look */
	ck_assert_int_eq(rows[1].idle_since_ms, NOW + 20);
	wsgi_pool_look(&pool, rows, NOW + 30);
	ck_assert_int_eq(rows[1].idle_since_ms, NOW + 20);
}
END_TEST

static const struct {
	int64_t written, seen;
} times[] = {
	{NOW, NOW}, {NOW - 5, NOW - 5}, {NOW + 1, NOW}, {INT64_MAX, NOW}, {-1, 0}, {INT64_MIN, 0},
};

START_TEST(a_time_that_an_application_wrote_over_is_not_believed)
{
	struct wsgi_pool_row rows[PLACES];

	when_spawned(1);
	wsgi_pool_serves(&pool, 1, NOW);
	wsgi_board_thread(&board, 1, 1)->began_ms = times[_i].written;
	wsgi_pool_look(&pool, rows, NOW);
	ck_assert_int_eq(rows[1].began_ms[1], times[_i].seen);
}
END_TEST

START_TEST(a_worker_has_proved_itself_by_a_request_or_a_second)
{
	struct wsgi_board_request request = {.method = "GET"};
	struct wsgi_pool_row rows[PLACES];

	when_spawned(0);
	when_spawned(1);
	ck_assert(!wsgi_pool_has_proved(&pool, 0, NOW + 5000)); /* it loads */
	wsgi_pool_serves(&pool, 0, NOW + 5000);
	wsgi_pool_serves(&pool, 1, NOW + 5000);
	ck_assert(!wsgi_pool_look(&pool, rows, NOW + 5999).proved);
	wsgi_board_begin(wsgi_board_thread(&board, 0, 0), &request);
	ck_assert(wsgi_pool_look(&pool, rows, NOW + 5999).proved);
	ck_assert(pool.places[0].proved && !pool.places[1].proved);
	ck_assert(!wsgi_pool_look(&pool, rows, NOW + 5999).proved); /* told once */
	ck_assert(wsgi_pool_look(&pool, rows, NOW + 6000).proved);
}
END_TEST

/* -- room -------------------------------------------------------------------------------------- */

START_TEST(a_pool_grows_and_keeps_who_is_there)
{
	pid_t pid = given_a_worker(3);

	ck_assert_int_eq(wsgi_pool_grow(&pool, 100), 0);
	ck_assert_int_eq(wsgi_pool_grow(&pool, 10), 0);
	ck_assert_uint_eq(pool.n, 100);
	ck_assert_int_eq(pool.places[3].pid, pid);
	ck_assert_int_eq(pool.places[99].stage, WSGI_BOARD_FREE);
	ck_assert_int_eq(pool.places[99].line, -1);
	wsgi_pool_signal(&pool, 3, SIGKILL);
	when_one_ends();
}
END_TEST

START_TEST(the_free_places_that_can_be_used_may_be_fewer)
{
	when_spawned(0);
	ck_assert_uint_eq(wsgi_pool_find_free(&pool, 1), PLACES);
	ck_assert_uint_eq(wsgi_pool_find_free(&pool, 2), 1);
}
END_TEST

START_TEST(a_worker_of_the_program_before_this_one_is_taken_over)
{
	struct wsgi_pool_place as;
	struct wsgi_pool_row rows[PLACES];
	pid_t pid = given_a_worker(2);

	as = pool.places[2];
	as.line = dup(as.line);
	as.board = NULL;
	wsgi_pool_finish(&pool);
	ck_assert_int_eq(wsgi_pool_grow(&pool, PLACES), 0);
	ck_assert_int_eq(wsgi_pool_adopt(&pool, 2, &as, NULL, NOW), 0);
	wsgi_pool_look(&pool, rows, NOW);
	ck_assert_uint_eq(rows[2].threads, 0);
	wsgi_pool_signal(&pool, 2, SIGKILL);
	ck_assert_uint_eq(when_one_ends().place, 2);
	ck_assert_int_gt(pid, 0);
	wsgi_pool_free(&pool, 2);
}
END_TEST

static Suite *pool_suite(void)
{
	Suite *s = suite_create("pool");
	TCase *tc = tcase_create("pool");

	tcase_add_checked_fixture(tc, given_a_pool, tear_down);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, a_spawn_is_an_order_with_a_line_in_it);
	tcase_add_test(tc, each_spawn_has_a_serial_of_its_own);
	tcase_add_test(tc, without_a_zygote_the_place_stays_free);
	tcase_add_test(tc, the_zygote_says_who_it_is);
	tcase_add_test(tc, a_zygote_cannot_name_somebody_who_is_no_child_of_ours);
	tcase_add_test(tc, an_order_that_was_given_up_has_its_worker_killed);
	tcase_add_test(tc, one_that_was_killed_before_it_was_named_is_killed_then);
	tcase_add_test(tc, a_worker_that_cannot_be_forked_is_told);
	tcase_add_test(tc, what_a_worker_says_is_heard_and_its_end_too);
	tcase_add_test(tc, a_worker_is_told_with_descriptors);
	tcase_add_test(tc, one_that_talks_nonsense_is_not_listened_to_for_long);
	tcase_add_test(tc, one_that_does_not_listen_stops_nobody);
	tcase_add_test(tc, the_time_of_the_first_word_to_end_counts);
	tcase_add_test(tc, whoever_ends_is_told_once_with_his_place);
	tcase_add_test(tc, one_that_ends_before_it_is_named_is_not_lost);
	tcase_add_test(tc, nor_is_it_among_many_orphans);
	tcase_add_test(tc, what_a_worker_has_counted_stays_when_it_ends);
	tcase_add_test(tc, a_look_shows_each_place_and_what_its_threads_do);
	tcase_add_loop_test(tc, a_time_that_an_application_wrote_over_is_not_believed, 0,
			    (int)(sizeof(times) / sizeof(times[0])));
	tcase_add_test(tc, a_worker_has_proved_itself_by_a_request_or_a_second);
	tcase_add_test(tc, a_pool_grows_and_keeps_who_is_there);
	tcase_add_test(tc, the_free_places_that_can_be_used_may_be_fewer);
	tcase_add_test(tc, a_worker_of_the_program_before_this_one_is_taken_over);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(pool_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
