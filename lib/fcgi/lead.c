#include "fcgi/lead.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	TICK_NS = 2000000, /* between two looks of a deputy */
	QUIET_TICKS = 4,   /* without a request, and it looks no more */
};

static int64_t now_ns(void)
{
	return wsgi_clock_ns(CLOCK_MONOTONIC);
}

/* How often this thread has gone to sleep of its own accord. */
static long switches_of_thread(void)
{
	struct rusage usage = {0};

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

/*
 * Whether a thread computes, or would if it had a processor: then it waits for nothing else.
 * Source: proc(5), /proc/PID/stat, whose second word is a name in brackets.
 */
static bool is_running(int thread)
{
	char path[64], stat[512], *state;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, stat, sizeof(stat) - 1);
	close(fd);
	stat[n > 0 ? n : 0] = '\0';
	state = strrchr(stat, ')');
	return state != NULL && strncmp(state, ") R", 3) == 0;
}

void wsgi_turn_init(struct wsgi_turn *t)
{
	*t = (struct wsgi_turn){.thread = gettid(), .cpu_ns = -1};
}

int wsgi_lead_init(struct wsgi_lead *l, bool exclusive)
{
	pthread_condattr_t attr;
	int rc;

	*l = (struct wsgi_lead){.holder = NULL};
	wsgi_handover_init(&l->handover, exclusive);
	rc = pthread_condattr_init(&attr);
	if (rc != 0)
		return -rc;
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	rc = pthread_cond_init(&l->changed, &attr);
	pthread_condattr_destroy(&attr);
	return -rc;
}

void wsgi_lead_finish(struct wsgi_lead *l)
{
	pthread_cond_destroy(&l->changed);
}

/* Returns whether the tick was over, and nothing else. */
static bool wait_for_tick(struct wsgi_lead *l, pthread_mutex_t *lock)
{
	int64_t until_ns = now_ns() + TICK_NS;
	const struct timespec until = {until_ns / 1000000000, until_ns % 1000000000};

	return pthread_cond_timedwait(&l->changed, lock, &until) != 0;
}

/*
 * The leader has been in one request for a tick. One that has no processor is let be: neither would
 * another thread get one. Else it is replaced, and if it waits for something, so are others soon.
 */
static void replace(struct wsgi_lead *l, int64_t used_ns)
{
	const bool busy = used_ns > TICK_NS / 2;

	if (is_running(l->lent_by) && !busy)
		return;
	wsgi_handover_note_late(&l->handover, now_ns(), busy);
	l->holder = NULL;
	l->lent = false;
}

/* Look after the leader until it has to be replaced, the lead is free, or nothing runs. */
static void be_deputy(struct wsgi_lead *l, pthread_mutex_t *lock)
{
	unsigned quiet = 0;

	l->has_deputy = true;
	l->deputy_called = false;
	while (l->holder != NULL && quiet < QUIET_TICKS) {
		const uint64_t turns = l->turns;
		const bool lent = l->lent;
		const int64_t cpu_ns = lent ? wsgi_clock_ns(CLOCK_PROCESS_CPUTIME_ID) : 0;

		if (!wait_for_tick(l, lock))
			break;
		quiet = l->turns == turns && !l->lent ? quiet + 1 : 0;
		if (l->turns == turns && lent && l->lent)
			replace(l, wsgi_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns);
	}
	l->has_deputy = false;
}

bool wsgi_lead_take(struct wsgi_lead *l, const void *who, pthread_mutex_t *lock,
		    bool (*over)(const void *ctx), const void *ctx)
{
	l->waiting++;
	while (l->holder != NULL && !over(ctx))
		if (l->deputy_called || (l->lent && !l->has_deputy))
			be_deputy(l, lock);
		else
			pthread_cond_wait(&l->changed, lock);
	l->waiting--;
	if (l->deputy_called)
		l->has_deputy = l->deputy_called = false; /* this was it, or nobody is left */
	if (over(ctx))
		return false;
	l->holder = who;
	return true;
}

bool wsgi_lead_try(struct wsgi_lead *l, const void *who)
{
	if (l->waiting > 0 || (l->holder != NULL && !l->lent))
		return false;
	l->holder = who;
	l->lent = false;
	return true;
}

void wsgi_lead_free(struct wsgi_lead *l, bool all)
{
	l->holder = NULL;
	l->lent = false;
	if (all)
		pthread_cond_broadcast(&l->changed);
	else if (l->waiting > 0)
		pthread_cond_signal(&l->changed);
}

/* That wake is not paid for each request, but for the first one after a time without. */
static void call_deputy(struct wsgi_lead *l)
{
	if (l->has_deputy || l->waiting == 0)
		return;
	l->has_deputy = l->deputy_called = true;
	pthread_cond_signal(&l->changed);
}

void wsgi_lead_lend(struct wsgi_lead *l, struct wsgi_turn *t)
{
	t->began_ns = l->began_ns = now_ns();
	t->cpu_ns = -1;
	l->turns++;
	l->serving++;
	if (wsgi_handover_is_eager(&l->handover, t->began_ns)) {
		wsgi_lead_free(l, false);
		return;
	}
	l->lent = true;
	l->lent_by = t->thread;
	call_deputy(l);
	if (l->waiting > 0 && wsgi_handover_wants_sample(&l->handover)) {
		t->cpu_ns = wsgi_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		t->switches = switches_of_thread();
	}
}

void wsgi_lead_yield(struct wsgi_lead *l, const void *who)
{
	if (l->holder == who && l->lent && l->waiting > 0)
		wsgi_lead_free(l, false);
}

/* A thread that was never put to sleep, or only by the scheduler, has not waited for anything. */
static int64_t idle_of(const struct wsgi_turn *t, int64_t took_ns)
{
	int64_t idle_ns;

	if (t->cpu_ns < 0)
		return -1;
	if (switches_of_thread() == t->switches)
		return 0;
	idle_ns = took_ns - (wsgi_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - t->cpu_ns);
	return idle_ns > 0 ? idle_ns : 0;
}

bool wsgi_lead_back(struct wsgi_lead *l, const void *who, const struct wsgi_turn *t)
{
	l->serving--;
	if (l->waiting > 0 || l->serving > 0) { /* else this thread is alone */
		int64_t now = now_ns();

		wsgi_handover_note(&l->handover, now, now - t->began_ns,
				   idle_of(t, now - t->began_ns));
	}
	if (l->holder == NULL)
		l->holder = who;
	if (l->holder != who)
		return false;
	l->lent = false;
	return true;
}

bool wsgi_lead_has_served(const struct wsgi_lead *l, int64_t ms)
{
	return l->turns > 0 && now_ns() - l->began_ns < ms * 1000000;
}

bool wsgi_lead_is_stuck(const struct wsgi_lead *l, int64_t ns)
{
	return l->serving > 0 && l->waiting == 0 && (l->holder == NULL || l->lent) &&
	       now_ns() - l->began_ns >= ns;
}
