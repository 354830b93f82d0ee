/* The run of wsgi-fcgi: sockets, signals, one worker. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "fcgi/reactor.h"
#include "proc/listener.h"
#include "serve/fastcgi.h"
#include "serve/gateway.h"
#include "serve/zygote.h"

enum { BACKLOG = 2048 }; /* gunicorn's */

struct server {
	struct wsgi_log log;
	struct wsgi_listener *listeners;
	int *fds;
	size_t n;
	struct wsgi_fastcgi_worker worker;
};

/* -- sockets ----------------------------------------------------------------------------------- */

static int open_all(struct server *s, const struct wsgi_options *o, struct wsgi_error *err)
{
	int rc = 0;

	s->listeners = calloc(o->bind_len + 1, sizeof(*s->listeners));
	s->fds = calloc(o->bind_len + 1, sizeof(*s->fds));
	if (s->listeners == NULL || s->fds == NULL)
		return wsgi_fail(err, -ENOMEM, "out of memory");
	if (o->bind_len == 0) {
		if (!wsgi_listener_is(STDIN_FILENO))
			return wsgi_fail(err, -EINVAL,
					 "nothing to listen on: give --bind unix:PATH or --bind "
					 "HOST:PORT, or a listening socket on descriptor 0");
		rc = wsgi_listener_adopt(&s->listeners[0], STDIN_FILENO, err);
		s->n = rc == 0 ? 1 : 0;
	}
	for (size_t i = 0; rc == 0 && i < o->bind_len; i++) {
		rc = wsgi_listener_open(&s->listeners[i], o->bind[i], BACKLOG, err);
		s->n += rc == 0 ? 1 : 0;
	}
	for (size_t i = 0; i < s->n; i++)
		s->fds[i] = s->listeners[i].fd;
	return rc;
}

static void close_all(struct server *s)
{
	for (size_t i = 0; i < s->n; i++)
		wsgi_listener_finish(&s->listeners[i]);
	free(s->listeners);
	free(s->fds);
}

/* -- signals ----------------------------------------------------------------------------------- */

/* The one worker of this process; the handler below can be told in no other way. */
static struct wsgi_fastcgi_worker *running;

static void on_stop(int signal)
{
	(void)signal;
	wsgi_fastcgi_worker_stop(running);
}

/* TERM and QUIT stop gracefully; INT too, and a second INT at once. */
static void take_signals(struct wsgi_fastcgi_worker *w)
{
	struct sigaction stop = {.sa_handler = on_stop};
	struct sigaction once = {.sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	running = w;
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGQUIT, &stop, NULL);
	sigaction(SIGINT, &once, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

/* -- the run ----------------------------------------------------------------------------------- */

static int run_worker(struct server *s, struct wsgi_error *err)
{
	int rc = wsgi_fastcgi_worker_init(&s->worker, err);

	if (rc != 0)
		return rc;
	take_signals(&s->worker);
	for (size_t i = 0; i < s->n; i++)
		wsgi_log(&s->log, WSGI_LOG_INFO, "listening on %s", s->listeners[i].name);
	rc = wsgi_fastcgi_worker_run(&s->worker, err);
	signal(SIGTERM, SIG_IGN); /* it is ending already */
	signal(SIGQUIT, SIG_IGN);
	signal(SIGINT, SIG_DFL); /* somebody has no patience */
	wsgi_fastcgi_worker_finish(&s->worker);
	return rc;
}

static int fcgi_run(const struct wsgi_options *o, const struct wsgi_gateway_host *host)
{
	struct server s = {
		.log = {.fd = STDERR_FILENO, .program = o->program, .level = WSGI_LOG_INFO},
	};
	struct wsgi_error err;
	struct wsgi_app *app;
	int rc;

	if (o->zygote != NULL)
		return wsgi_zygote_run(o, host);
	dup2(STDERR_FILENO, STDOUT_FILENO); /* what an application prints belongs in the log */
	rc = wsgi_gateway_load(o, host, o->application, &app);

	if (rc != 0)
		return rc;
	rc = open_all(&s, o, &err);
	if (rc == 0) {
		s.worker = (struct wsgi_fastcgi_worker){
			.app = app,
			.fds = s.fds,
			.n_fds = s.n,
			.threads = o->threads,
			.script_name = o->script_name,
			.iis = o->iis,
			.multiprocess = true, /* a front end may balance over several of us */
			.log = &s.log,
		};
		rc = run_worker(&s, &err);
	}
	close_all(&s);
	if (rc == 0)
		return EX_OK;
	wsgi_log(&s.log, WSGI_LOG_ERROR, "%s", err.text);
	return rc == -EINVAL ? EX_USAGE : rc == -ENOMEM ? EX_OSERR : EX_UNAVAILABLE;
}

const struct wsgi_gateway_kind wsgi_gateway_fcgi = {
	.gateway = WSGI_GATEWAY_FCGI,
	.run = fcgi_run,
};
