#include "serve/reporter.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "host/watch.h"
#include "proc/forked.h"

enum {
	LOADING_MS = 50, /* between two looks: a load may end the process, and tell nothing more */
	SERVING_MS = 500,
	TICK_NS = 10000000, /* by which the clock of a file system may lag */
};

struct wsgi_reporter {
	struct wsgi_loader *loader;
	int pipe, socket;
	pthread_t thread;
	pthread_mutex_t lock; /* who reports has it */
	pthread_cond_t woken;
	struct wsgi_buf files; /* that were told last */
	const char *state;     /* that was; NULL: nothing was told */
	int64_t asked_ns;      /* when the loader was asked last, or a tick before */
	bool serving, ending;
};

/* -- messages ---------------------------------------------------------------------------------- */

static bool is_told(const struct wsgi_reporter *r, const char *state, const struct wsgi_buf *files)
{
	return state == r->state && files->len == r->files.len &&
	       (files->len == 0 || memcmp(files->data, r->files.data, files->len) == 0);
}

static int tell(struct wsgi_reporter *r, const char *state, int64_t now_ns,
		const struct wsgi_buf *files)
{
	struct wsgi_buf message = {0};
	int rc = wsgi_buf_addf(&message, "%s%c%" PRId64 " %" PRId64 "%c", state, '\0', r->asked_ns,
			       now_ns, '\0');

	if (rc == 0)
		rc = wsgi_buf_add(&message, files->data, files->len);
	if (rc == 0)
		rc = wsgi_buf_add(&message, "", 1);
	if (rc == 0)
		rc = wsgi_fd_write(r->pipe, message.data, message.len);
	wsgi_buf_finish(&message);
	return rc;
}

/* What cannot be told, for want of memory, is told the next time. */
static void report(struct wsgi_reporter *r)
{
	const char *state = r->serving ? WSGI_REPORT_SERVING : WSGI_REPORT_LOADING;
	const int64_t now_ns = wsgi_watch_time_ns();
	struct wsgi_buf files = {0};
	int rc = r->loader->sources(r->loader, &files);

	if (rc == 0 && !is_told(r, state, &files))
		rc = tell(r, state, now_ns, &files);
	if (rc != 0) {
		wsgi_buf_finish(&files);
		return;
	}
	wsgi_buf_finish(&r->files);
	r->files = files;
	r->state = state;
	r->asked_ns = now_ns - TICK_NS;
}

static void wait_for_the_end(struct wsgi_reporter *r)
{
	const struct timespec until =
		wsgi_clock_after(CLOCK_MONOTONIC, r->serving ? SERVING_MS : LOADING_MS);

	pthread_cond_timedwait(&r->woken, &r->lock, &until);
}

static void *report_on(void *arg)
{
	struct wsgi_reporter *r = arg;

	pthread_mutex_lock(&r->lock);
	while (!r->ending) {
		report(r);
		wait_for_the_end(r);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* -- interrupts -------------------------------------------------------------------------------- */

static void on_interrupt(int signo)
{
	(void)signo;
}

/*
 * From the terminal it is the supervisor's business, which ends this process: there is no
 * KeyboardInterrupt in the middle of an import. Not SIG_IGN, which programs that are started keep.
 */
static void leave_interrupts(void)
{
	struct sigaction nothing = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};

	sigaction(SIGINT, &nothing, NULL);
}

static void give_interrupts_back(void)
{
	struct sigaction now;

	if (sigaction(SIGINT, NULL, &now) == 0 && now.sa_handler == on_interrupt)
		signal(SIGINT, SIG_DFL);
}

/* -- a fork of the application's while it is loaded -------------------------------------------- */

static void in_child(void *ctx)
{
	struct wsgi_reporter *r = ctx;

	wsgi_reporter_forget(r);
	if (r->socket > STDERR_FILENO)
		close(r->socket);
	give_interrupts_back();
	wsgi_forked_watch(NULL, NULL);
}

static const struct wsgi_forked_ops fork_ops = {.child = in_child};

void wsgi_reporter_forget(struct wsgi_reporter *r)
{
	if (r != NULL)
		close(r->pipe);
}

/* -- the reporter ------------------------------------------------------------------------------ */

/* Returns 0; -EINVAL when the words on the command line are not the supervisor's. */
static int take_descriptors(struct wsgi_reporter *r, const struct wsgi_options *o)
{
	struct stat st;

	r->pipe = atoi(o->reload_pipe);
	if (o->bind_len != 1 || strncmp(o->bind[0], "fd://", 5) != 0 || fstat(r->pipe, &st) != 0 ||
	    !S_ISFIFO(st.st_mode))
		return -EINVAL;
	r->socket = atoi(o->bind[0] + 5);
	fcntl(r->pipe, F_SETFD, FD_CLOEXEC);
	fcntl(r->socket, F_SETFD, FD_CLOEXEC);
	return 0;
}

/* Signals are for the other threads. */
static int start_thread(struct wsgi_reporter *r)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&r->thread, NULL, report_on, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -rc;
}

static void init_lock(struct wsgi_reporter *r)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&r->woken, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static void release(struct wsgi_reporter *r)
{
	pthread_cond_destroy(&r->woken);
	pthread_mutex_destroy(&r->lock);
	wsgi_buf_finish(&r->files);
	free(r);
}

int wsgi_reporter_create(struct wsgi_reporter **reporter, const struct wsgi_options *o,
			 struct wsgi_loader *loader, struct wsgi_error *err)
{
	struct wsgi_reporter *r = calloc(1, sizeof(*r));
	int rc;

	if (r == NULL)
		return wsgi_fail(err, -ENOMEM, "out of memory");
	r->loader = loader;
	r->asked_ns = wsgi_watch_time_ns() - TICK_NS;
	init_lock(r);
	rc = take_descriptors(r, o);
	if (rc == 0)
		rc = wsgi_forked_watch(&fork_ops, r);
	if (rc == 0)
		rc = start_thread(r);
	if (rc != 0) {
		wsgi_forked_watch(NULL, NULL);
		release(r);
		return wsgi_fail(err, rc, "--reload-pipe %s: %s", o->reload_pipe, strerror(-rc));
	}
	leave_interrupts();
	*reporter = r;
	return 0;
}

/* A forked child has a copy of the struct, and not the thread. */
static bool is_there(const struct wsgi_reporter *r)
{
	return r != NULL && !wsgi_forked();
}

void wsgi_reporter_serving(struct wsgi_reporter *r)
{
	if (!is_there(r))
		return;
	pthread_mutex_lock(&r->lock);
	r->serving = true;
	report(r); /* before a request can end the process */
	pthread_mutex_unlock(&r->lock);
}

void wsgi_reporter_destroy(struct wsgi_reporter *r)
{
	if (!is_there(r))
		return;
	pthread_mutex_lock(&r->lock);
	r->ending = true;
	pthread_cond_signal(&r->woken);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	report(r);
	close(r->pipe);
	release(r);
}
