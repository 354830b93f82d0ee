#include "serve/status_http.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/container.h"
#include "base/log.h"
#include "proc/board.h"
#include "serve/status.h"
#include "server/server.h"
#include "wsgi/body.h"

enum { THREADS = 2, GRACE_MS = 500 };

struct site {
	struct wsgi_app app;
	struct wsgi_status status;
	struct wsgi_board board;
	struct wsgi_server *server;
	int line;
};

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	struct site *site = container_of(app, struct site, app);
	struct wsgi_app *found = wsgi_status_find(&site->status, env, "/status", "/ping");

	if (found == NULL)
		return wsgi_reply(start, body, "404 Not Found", "text/plain; charset=utf-8",
				  "There is /status, /status?html, and /ping.\n");
	if (found == &site->status.ping)
		found = &site->status.health;
	return found->call(found, env, start, body);
}

/* A line for each health check would drown the log. */
static void log_nothing(struct wsgi_request_handler *r, int status, uint64_t body_bytes)
{
	(void)r;
	(void)status;
	(void)body_bytes;
}

static const struct wsgi_request_handler_ops quiet = {.log_request = log_nothing};

/* -- the end ----------------------------------------------------------------------------------- */

static void *wait_for_the_end(void *arg)
{
	struct site *site = arg;
	char byte;
	ssize_t n;

	do
		n = read(site->line, &byte, 1);
	while (n > 0 || (n < 0 && errno == EINTR));
	wsgi_server_shutdown(site->server);
	return NULL;
}

static void take_no_signals(void)
{
	static const int signals[] = {SIGTERM, SIGINT,  SIGHUP,  SIGQUIT,
				      SIGUSR1, SIGUSR2, SIGPIPE, SIGTTOU};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &ignore, NULL);
}

/* -- the run ----------------------------------------------------------------------------------- */

static int open_site(struct site *site, const struct wsgi_options *o, struct wsgi_error *err)
{
	char end;
	int board, rc;

	if (sscanf(o->status_board, "%d,%d%c", &board, &site->line, &end) != 2 || o->bind_len != 1)
		return wsgi_fail(err, -EINVAL, "--status-board is wsgi-fcgi's, not for users");
	rc = wsgi_board_attach(&site->board, board, err);
	if (rc != 0)
		return rc;
	wsgi_status_init(&site->status, &site->board);
	site->app.call = call;
	return 0;
}

static int serve(struct site *site, struct wsgi_error *err)
{
	pthread_t watcher;
	int rc = pthread_create(&watcher, NULL, wait_for_the_end, site);

	if (rc != 0)
		return wsgi_fail(err, -rc, "cannot start a thread: %s", strerror(rc));
	rc = wsgi_server_serve_forever(site->server, err);
	/* The watcher may still wait, on a line that the process holds until it ends. */
	pthread_detach(watcher);
	return rc;
}

int wsgi_status_http_run(const struct wsgi_options *o)
{
	const struct wsgi_log log = {STDERR_FILENO, "wsgi-fcgi", WSGI_LOG_WARNING};
	struct wsgi_server_config config = wsgi_server_default_config;
	struct wsgi_error err = {0};
	static struct site site; /* the watcher may outlive the run */
	int rc;

	take_no_signals();
	rc = open_site(&site, o, &err);
	if (rc == 0) {
		config.address = o->bind[0];
		config.app = &site.app;
		config.handler_class = &quiet;
		config.software = "wsgi-fcgi/" WSGI_VERSION;
		config.threads = THREADS;
		config.grace_ms = GRACE_MS;
		config.log = &log;
		rc = wsgi_server_create(&site.server, &config, &err);
	}
	if (rc == 0)
		rc = serve(&site, &err);
	if (rc != 0 && rc != -EDEADLK) {
		wsgi_log(&log, WSGI_LOG_ERROR, "--status-socket: %s", err.text);
		return rc == -EINVAL ? EX_USAGE : EX_UNAVAILABLE;
	}
	_exit(EX_OK); /* nothing is left to do, and a thread may be about */
}
