#include "serve/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "base/fdpass.h"
#include "proc/forked.h"
#include "proc/line.h"
#include "serve/equip.h"
#include "serve/sources.h"

enum {
	LOOK_MS = 100,  /* while requests run */
	DOZE_MS = 1000, /* while none does */
};

struct running {
	const struct wsgi_worker *w;
	struct wsgi_log log;
	struct wsgi_fastcgi_worker fastcgi;
	struct wsgi_equip equip;
	struct wsgi_sources *sources; /* under --reload */
	int wake;                     /* an eventfd, which ends the minder's sleep */
	int line;                     /* -1: it has ended... */
	int64_t alone_ms;             /* ...at that time */
	atomic_bool is_enough, has_ended;
	pthread_t minder;
};

/* -- logs -------------------------------------------------------------------------------------- */

void wsgi_worker_take_logs(int access, const int *fds, size_t n)
{
	if (n > 0) {
		dup2(fds[0], STDERR_FILENO);
		dup2(fds[0], STDOUT_FILENO);
	}
	if (n > 1 && access > STDERR_FILENO)
		dup3(fds[1], access, O_CLOEXEC);
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

/* -- signals ----------------------------------------------------------------------------------- */

/* The one worker of this process; a signal's handler can be told in no other way. */
static struct wsgi_fastcgi_worker *serving;

static void on_stop(int signal)
{
	(void)signal;
	wsgi_fastcgi_worker_stop(serving);
}

static void do_nothing(int signal)
{
	(void)signal;
}

static void handle(int signal, void (*handler)(int))
{
	const struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

	sigaction(signal, &action, NULL);
}

static bool is_default(int signal)
{
	struct sigaction now;

	return sigaction(signal, NULL, &now) == 0 && now.sa_handler == SIG_DFL;
}

static bool is_ignored(int signal)
{
	struct sigaction now;

	return sigaction(signal, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

void wsgi_worker_leave_signals(void)
{
	static const int masters[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU, SIGPIPE};

	for (size_t i = 0; i < sizeof(masters) / sizeof(masters[0]); i++)
		if (is_default(masters[i]))
			handle(masters[i], do_nothing);
	if (!is_ignored(SIGINT))
		handle(SIGINT, do_nothing); /* Python's own: an exception anywhere */
}

/* -- the line ---------------------------------------------------------------------------------- */

static void say(const struct wsgi_worker *w, uint32_t word, int code)
{
	const struct wsgi_line_message m = {
		.word = word,
		.place = w->place,
		.serial = w->serial,
		.pid = (int32_t)getpid(),
		.code = code,
	};

	wsgi_line_say(w->line, &m, NULL, 0); /* its end is heard by who listens */
}

/* Returns status. */
static int say_unloaded(const struct wsgi_worker *w, int status)
{
	say(w, WSGI_LINE_UNLOADED, status);
	return status;
}

static void obey(struct running *r, const struct wsgi_line_message *m, const int *fds, size_t n)
{
	if (m->word == WSGI_LINE_LOGS) {
		wsgi_worker_take_logs(r->w->access, fds, n);
		return;
	}
	if (m->word == WSGI_LINE_RETIRE)
		wsgi_fastcgi_worker_retire(&r->fastcgi);
	else if (m->word == WSGI_LINE_STOP)
		wsgi_fastcgi_worker_stop(&r->fastcgi);
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

/* All that has been said. The end of the line is the end of the master: as if told to stop. */
static void listen_to_master(struct running *r)
{
	struct wsgi_line_message m;
	int fds[WSGI_FDPASS_MAX], rc = 0;

	while (r->line >= 0) {
		size_t n = WSGI_FDPASS_MAX;

		rc = wsgi_line_hear(r->line, &m, fds, &n);
		if (rc == -EAGAIN)
			return;
		if (rc > 0) {
			obey(r, &m, fds, n);
		} else if (rc != -EBADMSG && rc != -EMSGSIZE) {
			r->line = -1;
			r->alone_ms = wsgi_clock_ms();
			wsgi_fastcgi_worker_stop(&r->fastcgi);
		}
	}
}

/* -- the application --------------------------------------------------------------------------- */

/* In a child of the application, which has no part in what we serve: the ends of lines tell ours.
 */
static void close_shared(const struct wsgi_worker *w)
{
	close(w->line);
	close(w->exchange[0]);
	close(w->exchange[1]);
	close(w->board.fd);
}

static void in_child_of_load(void *ctx)
{
	const struct wsgi_worker *w = ctx;

	close_shared(w);
	for (size_t i = 0; i < w->n_fds; i++)
		close(w->fds[i]);
}

/* Whether a descriptor is still what it was. */
static bool is_socket(int fd)
{
	int type;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0;
}

/* What an application does that means to become a daemon. Returns status. */
static int check_descriptors(const struct wsgi_worker *w, int status)
{
	const struct wsgi_log log = wsgi_options_log(w->o);
	bool all = is_socket(w->line) && is_socket(w->exchange[0]) && is_socket(w->exchange[1]);

	for (size_t i = 0; i < w->n_fds; i++)
		all = all && is_socket(w->fds[i]);
	if (all || status != 0)
		return status;
	wsgi_log(&log, WSGI_LOG_ERROR,
		 "the application has closed descriptors that are not its own while it was loaded "
		 "(os.closerange? a daemon's start?): nothing can be served; take that out");
	return EX_SOFTWARE;
}

int wsgi_worker_load(const struct wsgi_worker *w, struct wsgi_app **app)
{
	static const struct wsgi_forked_ops ops = {.child = in_child_of_load};
	struct wsgi_worker copy = *w;
	int rc = wsgi_forked_watch(&ops, &copy);

	if (rc != 0) {
		const struct wsgi_log log = wsgi_options_log(w->o);

		wsgi_log(&log, WSGI_LOG_ERROR, "no memory to watch for forks");
		return EX_OSERR;
	}
	rc = wsgi_gateway_load(w->o, w->host, w->o->application, app);
	if (wsgi_forked())
		_exit(EX_OK);
	wsgi_forked_watch(NULL, NULL);
	return check_descriptors(w, rc);
}

/* -- the minder -------------------------------------------------------------------------------- */

static void wake(struct running *r)
{
	const uint64_t one = 1;

	while (write(r->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void on_wake(void *ctx)
{
	wake(ctx);
}

static void on_limit(void *ctx)
{
	struct running *r = ctx;

	atomic_store(&r->is_enough, true);
	wake(r);
}

/* Sleep until something is said, or it is time to look at the threads again. */
static void rest(struct running *r)
{
	struct pollfd fds[] = {
		{.fd = r->line, .events = POLLIN},
		{.fd = r->wake, .events = POLLIN},
	};
	uint64_t count;
	bool busy;

	/* Whatever begins from now on wakes us; what has begun before, is_busy sees. */
	atomic_store(&r->fastcgi.dozing, true);
	busy = wsgi_fastcgi_worker_is_busy(&r->fastcgi);
	if (busy)
		atomic_store(&r->fastcgi.dozing, false);
	poll(fds, 2, busy ? LOOK_MS : DOZE_MS);
	atomic_store(&r->fastcgi.dozing, false);
	while (fds[1].revents != 0 && read(r->wake, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

/* Without a master nobody ends a worker whose requests never do; and it has the sockets open. */
static void end_in_time(const struct running *r)
{
	if (r->line >= 0 || wsgi_clock_ms() - r->alone_ms < r->w->o->graceful_timeout_ms)
		return;
	wsgi_log(&r->log, WSGI_LOG_WARNING,
		 "worker %ld has no master any more, and did not end in time", (long)getpid());
	_exit(EX_UNAVAILABLE);
}

static void *mind(void *arg)
{
	struct running *r = arg;

	while (!atomic_load(&r->has_ended)) {
		listen_to_master(r);
		end_in_time(r);
		wsgi_fastcgi_worker_relieve(&r->fastcgi);
		if (atomic_exchange(&r->is_enough, false))
			say(r->w, WSGI_LINE_REPLACE,
			    wsgi_limits_has_enough(&r->fastcgi.limits) ? 0 : ENOMEM);
		rest(r);
	}
	return NULL;
}

/* No signal comes to the minder: they are for the threads that the application is in. */
static int start_minder(struct running *r)
{
	sigset_t all, before;
	int rc;

	r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->wake < 0)
		return -errno;
	rc = wsgi_fd_nonblock(r->line, 1);
	if (rc != 0) {
		close(r->wake);
		return rc;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&r->minder, NULL, mind, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -rc;
}

static void end_minder(struct running *r)
{
	atomic_store(&r->has_ended, true);
	wake(r);
	pthread_join(r->minder, NULL);
	close(r->wake);
}

static void on_fork(void *ctx)
{
	struct running *r = ctx;

	close_shared(r->w);
	close(r->wake);
}

/* -- the run ----------------------------------------------------------------------------------- */

static int get_ready(struct running *r, struct wsgi_error *err)
{
	const struct wsgi_worker *w = r->w;
	int rc;

	r->fastcgi = (struct wsgi_fastcgi_worker){
		.app = w->app,
		.fds = w->fds,
		.n_fds = w->n_fds,
		.multiprocess = true,
		.log = &r->log,
		.board = w->board,
		.place = w->place,
		.exchange = w->exchange,
		.on_limit = on_limit,
		.on_wake = on_wake,
		.on_fork = on_fork,
		.ctx = r,
	};
	rc = wsgi_equip(&r->equip, &r->fastcgi, w->o, w->access, err);
	return rc == 0 ? wsgi_fastcgi_worker_init(&r->fastcgi, err) : rc;
}

static int serve(struct running *r, struct wsgi_error *err)
{
	int rc;

	serving = &r->fastcgi;
	handle(SIGTERM, on_stop);
	handle(SIGQUIT, on_stop);
	wsgi_worker_leave_signals();
	say(r->w, WSGI_LINE_READY, 0); /* before any request is taken */
	rc = start_minder(r);
	if (rc == 0) {
		rc = wsgi_fastcgi_worker_run(&r->fastcgi, err);
		end_minder(r);
	} else {
		wsgi_fail(err, rc, "the thread that minds a worker: %s", strerror(-rc));
	}
	handle(SIGTERM, do_nothing); /* it is ending already */
	handle(SIGQUIT, do_nothing);
	return rc;
}

/* -- --reload ---------------------------------------------------------------------------------- */

static void on_change(void *ctx, const char *file)
{
	const struct running *r = ctx;

	wsgi_log(&r->log, WSGI_LOG_INFO, "%s has changed", file);
	say(r->w, WSGI_LINE_CHANGED, 0);
}

/* Before the load, so that no change is missed. Returns 0 or an exit status. */
static int open_sources(struct running *r)
{
	struct wsgi_error err;
	int rc;

	if (!r->w->o->reload)
		return 0;
	rc = wsgi_sources_create(&r->sources, r->w->o, on_change, r, &err);
	if (rc == 0)
		return 0;
	wsgi_log(&r->log, WSGI_LOG_ERROR, "%s", err.text);
	return wsgi_gateway_status(rc);
}

static void watch_sources(struct running *r)
{
	struct wsgi_loader *loader;
	int rc;

	if (wsgi_gateway_loader(r->w->o, r->w->host, r->w->o->application, &loader) != 0)
		return;
	rc = wsgi_sources_start(r->sources, loader);
	if (rc != 0)
		wsgi_log(&r->log, WSGI_LOG_WARNING, "--reload: no thread to look at files: %s",
			 strerror(-rc));
}

/* -- all of it --------------------------------------------------------------------------------- */

static int load(struct running *r, struct wsgi_worker *w)
{
	int status = open_sources(r);

	if (status == 0 && w->app == NULL)
		status = wsgi_worker_load(w, &w->app);
	return status;
}

int wsgi_worker_run(const struct wsgi_worker *given)
{
	struct wsgi_worker w = *given;
	struct running r = {
		.w = &w,
		.log = wsgi_options_log(w.o),
		.line = w.line,
	};
	struct wsgi_error err;
	int rc = load(&r, &w);

	if (rc != 0) {
		wsgi_sources_destroy(r.sources);
		return say_unloaded(&w, rc);
	}
	rc = get_ready(&r, &err);
	if (rc == 0 && r.sources != NULL)
		watch_sources(&r);
	if (rc == 0)
		rc = serve(&r, &err);
	wsgi_sources_destroy(r.sources);
	wsgi_fastcgi_worker_finish(&r.fastcgi);
	wsgi_equip_finish(&r.equip);
	if (rc == 0)
		return EX_OK;
	wsgi_log(&r.log, WSGI_LOG_ERROR, "%s", err.text);
	return say_unloaded(&w, wsgi_gateway_status(rc));
}
