#include "fcgi/lead.h"

#include <check.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { THREADS = 4, TIMEOUT_MS = 10000 };

struct thread {
	pthread_t id;
	struct wsgi_turn turn;
	atomic_int tid;
};

static struct wsgi_lead lead;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct thread threads[THREADS];
static sem_t requests; /* what a leader waits for */
static atomic_bool over;
static atomic_uint done, inside, most_inside;
static atomic_uint changes; /* of the thread that serves */
static struct thread *_Atomic last;
static void (*_Atomic application)(void);

/* ---- what is served ---- */

static void nothing(void)
{
}

static void sleep_20_ms(void)
{
	usleep(20000);
}

static void sleep_200_ms(void)
{
	usleep(200000);
}

static void sleep_1_ms(void)
{
	usleep(1000);
}

static int64_t cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void compute_200_ms(void)
{
	int64_t until = cpu_ms() + 200;

	while (cpu_ms() < until)
		;
}

/* ---- who serves ---- */

static bool is_over(const void *ctx)
{
	(void)ctx;
	return over;
}

static void serve(struct thread *t)
{
	unsigned now = ++inside, most = most_inside;

	while (now > most && !atomic_compare_exchange_weak(&most_inside, &most, now))
		;
	atomic_load (&application)();
	inside--;
	changes += atomic_exchange(&last, t) != t;
	done++;
}

/* Returns once another thread leads, or all is over. With the lock held. */
static void be_leader(struct thread *t)
{
	do {
		pthread_mutex_unlock(&lock);
		sem_wait(&requests);
		pthread_mutex_lock(&lock);
		if (over) {
			wsgi_lead_free(&lead, true);
			return;
		}
		wsgi_lead_lend(&lead, &t->turn);
		pthread_mutex_unlock(&lock);
		serve(t);
		pthread_mutex_lock(&lock);
	} while (wsgi_lead_back(&lead, t, &t->turn));
}

static void *run(void *arg)
{
	struct thread *t = arg;

	wsgi_turn_init(&t->turn);
	t->tid = gettid();
	pthread_mutex_lock(&lock);
	while (wsgi_lead_take(&lead, t, &lock, is_over, NULL))
		be_leader(t);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static bool all_wait(void)
{
	bool all;

	pthread_mutex_lock(&lock);
	all = lead.holder != NULL && lead.waiting == THREADS - 1;
	pthread_mutex_unlock(&lock);
	return all;
}

static void start(bool exclusive)
{
	memset(threads, 0, sizeof(threads));
	ck_assert_int_eq(wsgi_lead_init(&lead, exclusive), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i].id, NULL, run, &threads[i]);
	while (!all_wait())
		usleep(1000);
}

static void set_up(void)
{
	sem_init(&requests, 0, 0);
	over = false;
	done = inside = most_inside = changes = 0;
}

static void tear_down(void)
{
	over = true;
	sem_post(&requests);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i].id, NULL);
	wsgi_lead_finish(&lead);
}

static void when_asked(void (*app)(void), unsigned n)
{
	application = app;
	done = most_inside = 0;
	for (unsigned i = 0; i < n; i++)
		sem_post(&requests);
}

static int64_t when_all_is_done(unsigned n)
{
	const int64_t before = wsgi_clock_ms();

	while (done < n && wsgi_clock_ms() - before < TIMEOUT_MS)
		usleep(500);
	ck_assert_uint_eq(done, n);
	return wsgi_clock_ms() - before;
}

/* ---- the claims ---- */

START_TEST(who_serves_short_ones_keeps_the_lead)
{
	start(_i == 1);
	when_asked(nothing, 20000);
	when_all_is_done(20000);
	ck_assert_uint_lt(changes, 20000 / 20); /* there are some, on a machine that is busy */
}
END_TEST

START_TEST(who_sleeps_lets_all_threads_work)
{
	start(_i == 1);
	when_asked(sleep_20_ms, 80);
	ck_assert_int_lt(when_all_is_done(80), 80 * 20 / 2); /* 400 ms are possible */
	ck_assert_uint_eq(most_inside, THREADS);
}
END_TEST

START_TEST(so_does_who_sleeps_for_a_short_time)
{
	start(_i == 1);
	when_asked(sleep_1_ms, 800);
	ck_assert_int_lt(when_all_is_done(800), 800 / 2 * 3 / 2);
	ck_assert_uint_eq(most_inside, THREADS);
}
END_TEST

START_TEST(so_does_who_sleeps_after_many_short_ones)
{
	start(_i == 1);
	when_asked(nothing, 20000);
	when_all_is_done(20000);
	when_asked(sleep_20_ms, 80);
	ck_assert_int_lt(when_all_is_done(80), 80 * 20 / 2);
	ck_assert_uint_eq(most_inside, THREADS);
}
END_TEST

START_TEST(a_single_long_one_delays_the_next_by_a_moment_only)
{
	start(_i == 1);
	when_asked(nothing, 1000);
	when_all_is_done(1000);
	when_asked(_i == 1 ? compute_200_ms : sleep_200_ms, 2);
	when_all_is_done(2);
	ck_assert_uint_eq(most_inside, 2);
}
END_TEST

static long count_switches(void)
{
	long all = 0;

	for (int i = 0; i < THREADS; i++) {
		char path[64], line[256];
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/task/%d/status", threads[i].tid);
		f = fopen(path, "r");
		ck_assert_ptr_nonnull(f);
		while (fgets(line, sizeof(line), f) != NULL)
			if (strncmp(line, "voluntary_ctxt_switches:", 24) == 0)
				all += strtol(line + 24, NULL, 10);
		fclose(f);
	}
	return all;
}

START_TEST(nobody_wakes_up_when_there_is_nothing_to_do)
{
	long before = -1, now;

	start(true);
	when_asked(nothing, 100);
	when_all_is_done(100);
	now = count_switches();
	for (int i = 0; i < 100 && now != before; i++) {
		before = now;
		usleep(50000); /* a deputy would look more than ten times */
		now = count_switches();
	}
	ck_assert_int_eq(now, before);
	pthread_mutex_lock(&lock);
	ck_assert(!lead.has_deputy);
	pthread_mutex_unlock(&lock);
}
END_TEST

/* One thread gives the lead away before it waits. */
static void yield_and_sleep(void)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i < THREADS; i++)
		if (pthread_equal(threads[i].id, pthread_self()))
			wsgi_lead_yield(&lead, &threads[i]);
	ck_assert(!lead.lent || lead.waiting == 0);
	pthread_mutex_unlock(&lock);
	usleep(1000);
}

START_TEST(who_knows_that_it_waits_gives_the_lead_away)
{
	start(true);
	when_asked(yield_and_sleep, 100);
	when_all_is_done(100);
	ck_assert_uint_ge(most_inside, 2);
}
END_TEST

START_TEST(an_outsider_may_lead_only_when_all_serve_or_nobody_does)
{
	start(true);
	pthread_mutex_lock(&lock);
	ck_assert(!wsgi_lead_try(&lead, &lock)); /* somebody waits for events */
	ck_assert(!wsgi_lead_is_stuck(&lead, 0));
	pthread_mutex_unlock(&lock);
	when_asked(sleep_200_ms, 1);
	while (inside < 1)
		;
	pthread_mutex_lock(&lock);
	ck_assert(!wsgi_lead_try(&lead, &lock)); /* somebody can, in a moment */
	pthread_mutex_unlock(&lock);
	when_all_is_done(1);
	when_asked(sleep_20_ms, 4);
	while (inside < 4 && done == 0)
		usleep(100);
	pthread_mutex_lock(&lock);
	if (inside == 4 && lead.waiting == 0 && lead.serving == 4) { /* they are not back yet */
		ck_assert(wsgi_lead_is_stuck(&lead, 0));
		ck_assert(!wsgi_lead_is_stuck(&lead, INT64_C(3600000000000)));
		ck_assert(wsgi_lead_try(&lead, &lock));
		ck_assert(!wsgi_lead_try(&lead, &lead)); /* there is a leader now */
		wsgi_lead_free(&lead, false);
	}
	pthread_mutex_unlock(&lock);
	when_all_is_done(4);
	when_asked(nothing, 100);
	when_all_is_done(100);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lead");
	TCase *t = tcase_create("lead");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, who_serves_short_ones_keeps_the_lead, 0, 2);
	tcase_add_loop_test(t, who_sleeps_lets_all_threads_work, 0, 2);
	tcase_add_loop_test(t, so_does_who_sleeps_for_a_short_time, 0, 2);
	tcase_add_loop_test(t, so_does_who_sleeps_after_many_short_ones, 0, 2);
	tcase_add_loop_test(t, a_single_long_one_delays_the_next_by_a_moment_only, 0, 2);
	tcase_add_test(t, nobody_wakes_up_when_there_is_nothing_to_do);
	tcase_add_test(t, who_knows_that_it_waits_gives_the_lead_away);
	tcase_add_test(t, an_outsider_may_lead_only_when_all_serve_or_nobody_does);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
