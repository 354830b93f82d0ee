#include "serve/sources.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "host/origin.h"
#include "host/watch.h"

enum { LOOK_MS = 300, TICK_NS = 20000000 }; /* a tick: of the clock of a file system */

struct wsgi_sources {
	struct wsgi_watch watch;
	struct wsgi_loader *loader;
	void (*changed)(void *ctx, const char *file);
	void *ctx;
	int64_t since_ns;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	pthread_t thread;
	bool is_running, is_ending;
};

/* What there is no memory for is looked at the next time. */
static void ask(struct wsgi_sources *s)
{
	struct wsgi_buf files = {0};

	if (s->loader->sources(s->loader, &files) == 0)
		wsgi_watch_add_list(&s->watch, files.data, files.len, false, s->since_ns);
	wsgi_buf_finish(&files);
}

static void look(struct wsgi_sources *s)
{
	char *file;

	ask(s);
	file = wsgi_watch_poll(&s->watch, wsgi_clock_ms());
	if (file != NULL)
		s->changed(s->ctx, file);
	free(file);
}

static void rest(struct wsgi_sources *s)
{
	struct timespec until;
	int ms = wsgi_watch_wait_ms(&s->watch);

	if (ms < 0 || ms > LOOK_MS)
		ms = LOOK_MS;
	until = wsgi_clock_after(CLOCK_MONOTONIC, ms);
	pthread_mutex_lock(&s->lock);
	if (!s->is_ending)
		pthread_cond_timedwait(&s->woken, &s->lock, &until);
	pthread_mutex_unlock(&s->lock);
}

static bool is_ending(struct wsgi_sources *s)
{
	bool ending;

	pthread_mutex_lock(&s->lock);
	ending = s->is_ending;
	pthread_mutex_unlock(&s->lock);
	return ending;
}

static void *look_on(void *arg)
{
	struct wsgi_sources *s = arg;

	while (!is_ending(s)) {
		look(s);
		rest(s);
	}
	return NULL;
}

static void init_lock(struct wsgi_sources *s)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&s->woken, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

/* What the command line names: the application, and the extra files. */
static int add_named(struct wsgi_sources *s, const struct wsgi_options *o, struct wsgi_error *err)
{
	struct wsgi_buf files = {0};
	int rc = wsgi_origin_of_application(&files, o->application, o->pythonpath);

	if (rc == 0)
		rc = wsgi_watch_add_list(&s->watch, files.data, files.len, true, 0);
	wsgi_buf_finish(&files);
	for (size_t i = 0; rc == 0 && i < o->reload_extra_len; i++) {
		if (wsgi_watch_stamp_of(o->reload_extra[i]).mtime_ns == 0)
			return wsgi_fail(err, -ENOENT, "--reload-extra-file %s: it is not there",
					 o->reload_extra[i]);
		rc = wsgi_watch_add(&s->watch, o->reload_extra[i], true);
	}
	return rc == 0 ? 0 : wsgi_fail(err, rc, "out of memory");
}

int wsgi_sources_create(struct wsgi_sources **made, const struct wsgi_options *o,
			void (*changed)(void *ctx, const char *file), void *ctx,
			struct wsgi_error *err)
{
	struct wsgi_sources *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		return wsgi_fail(err, -ENOMEM, "out of memory");
	wsgi_watch_init(&s->watch, wsgi_watch_stamp_of);
	s->changed = changed;
	s->ctx = ctx;
	s->since_ns = wsgi_watch_time_ns() - TICK_NS;
	init_lock(s);
	rc = add_named(s, o, err);
	if (rc == 0)
		*made = s;
	else
		wsgi_sources_destroy(s);
	return rc;
}

int wsgi_sources_start(struct wsgi_sources *s, struct wsgi_loader *loader)
{
	sigset_t all, before;
	int rc;

	if (s == NULL)
		return 0;
	s->loader = loader;
	sigfillset(&all); /* signals are for the other threads */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&s->thread, NULL, look_on, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	s->is_running = rc == 0;
	return -rc;
}

void wsgi_sources_destroy(struct wsgi_sources *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->is_ending = true;
	pthread_cond_signal(&s->woken);
	pthread_mutex_unlock(&s->lock);
	if (s->is_running)
		pthread_join(s->thread, NULL);
	pthread_cond_destroy(&s->woken);
	pthread_mutex_destroy(&s->lock);
	wsgi_watch_finish(&s->watch);
	free(s);
}
