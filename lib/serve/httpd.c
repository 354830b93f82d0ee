#include "serve/httpd.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/forked.h"
#include "serve/colour.h"
#include "serve/debug.h"
#include "serve/forward.h"
#include "serve/reload.h"
#include "serve/status_http.h"
#include "server/server.h"

enum { FORWARD_THREADS = 64 }; /* they only wait for the backend */

static int fail(const struct wsgi_log *log, int status, const char *why)
{
	wsgi_log(log, WSGI_LOG_ERROR, "%s", why);
	return status;
}

/* -- signals ----------------------------------------------------------------------------------- */

/*
 * A signal handler is given nothing but the number: this is where it finds whom to tell. NULL: it
 * has ended.
 */
static _Atomic(struct wsgi_server *) serving;

static void on_stop(int signo)
{
	struct wsgi_server *server = serving;

	(void)signo;
	if (server != NULL)
		wsgi_server_shutdown(server);
}

bool wsgi_httpd_is_default(int signo)
{
	struct sigaction now;

	return sigaction(signo, NULL, &now) == 0 && now.sa_handler == SIG_DFL;
}

static void catch_signals(struct wsgi_server *server)
{
	/* The second signal ends the process at once. */
	struct sigaction stop = {.sa_handler = on_stop, .sa_flags = SA_RESETHAND};
	/* Not this one, which comes from the terminal and from the shell. */
	struct sigaction hangup = {.sa_handler = on_stop};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	serving = server;
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	if (wsgi_httpd_is_default(SIGHUP))
		sigaction(SIGHUP, &hangup, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

/* While the application is loaded: Python would raise a KeyboardInterrupt out of its import. */
static void let_interrupts_end(void)
{
	struct sigaction now;

	if (sigaction(SIGINT, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
		signal(SIGINT, SIG_DFL);
}

/* The application forks. A signal to the child ends the child, not the server. */
static void in_child(void *ctx)
{
	struct sigaction hangup;

	wsgi_reporter_forget(ctx);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler == on_stop)
		signal(SIGHUP, SIG_DFL);
	wsgi_forked_watch(NULL, NULL); /* of its own children the server has nothing to keep */
}

static const struct wsgi_forked_ops fork_ops = {.child = in_child};

/* -- the run ----------------------------------------------------------------------------------- */

void wsgi_httpd_say_address(const struct wsgi_log *log, const struct wsgi_options *o,
			    const char *name)
{
	const char *scheme = o->certfile != NULL ? "https://" : "http://";
	bool is_path = strncmp(name, "unix:", 5) == 0;

	wsgi_log(log, WSGI_LOG_INFO, "listening on %s%s%s", is_path ? "" : scheme, name,
		 is_path ? "" : "/");
	if (o->debug)
		wsgi_log(log, WSGI_LOG_INFO,
			 "--debug: errors are answered with their traceback and variables");
}

static int serve(struct wsgi_server *server, const struct wsgi_options *o,
		 const struct wsgi_log *log, struct wsgi_reporter *reporter)
{
	struct wsgi_error err = {0};
	int rc;

	catch_signals(server);
	if (wsgi_forked_watch(&fork_ops, reporter) != 0)
		return fail(log, EX_OSERR, "no memory to watch for forks");
	wsgi_reporter_serving(reporter);
	if (reporter == NULL)
		wsgi_httpd_say_address(log, o, wsgi_server_address(server));
	rc = wsgi_server_serve_forever(server, &err);
	if (rc == -EDEADLK) {
		wsgi_server_destroy(server);
		_exit(EX_OK); /* without what would wait for that thread, or run beside it */
	}
	serving = NULL;
	wsgi_forked_watch(NULL, NULL);
	return rc == 0 ? EX_OK : fail(log, EX_OSERR, err.text);
}

static bool has_colours(void)
{
	return wsgi_colour_wanted(isatty(STDERR_FILENO), getenv("TERM"), getenv("NO_COLOR"));
}

/* Fill in what all runs have in common, and serve. */
static int create_and_serve(struct wsgi_server_config *config, const struct wsgi_options *o,
			    struct wsgi_reporter *reporter)
{
	struct wsgi_request_handler_ops handler = {0};
	struct wsgi_server *server;
	struct wsgi_error err = {0};
	int rc;

	if (config->handler_class != NULL)
		handler = *config->handler_class;
	if (has_colours())
		handler.log_request = wsgi_colour_log_request;
	config->handler_class = &handler;
	config->software = "wsgi-serve/" WSGI_VERSION;
	config->certfile = o->certfile;
	config->keyfile = o->keyfile;
	/* An inherited socket is not ours to close: who waits there waits for the next server. */
	config->close_at_shutdown = strncmp(config->address, "fd://", 5) != 0;
	rc = wsgi_server_create(&server, config, &err);
	if (rc != 0)
		return fail(config->log, rc == -EINVAL ? EX_USAGE : EX_UNAVAILABLE, err.text);
	if (o->debug && wsgi_debug_check(wsgi_server_address(server), &err) != 0)
		rc = fail(config->log, EX_USAGE, err.text);
	else
		rc = serve(server, o, config->log, reporter);
	wsgi_server_destroy(server);
	return rc;
}

/* An option that would do nothing is refused. Returns 0 or an exit status; it has been said why. */
static int check_backend_options(const struct wsgi_options *o, const struct wsgi_log *log)
{
	const char *option = o->validate             ? "validate"
			     : o->debug              ? "debug"
			     : o->python != NULL     ? "python"
			     : o->pythonpath != NULL ? "pythonpath"
						     : NULL;

	if (o->application != NULL)
		return fail(log, EX_USAGE, "give an application or --fcgi, not both");
	if (option == NULL)
		return 0;
	wsgi_log(log, WSGI_LOG_ERROR, "--%s is for an application: with --fcgi there is none here",
		 option);
	return EX_USAGE;
}

static int run_backend(struct wsgi_server_config *config, const struct wsgi_options *o)
{
	struct wsgi_forward forward;
	struct wsgi_error err = {0};
	int rc = check_backend_options(o, config->log);

	if (rc != 0)
		return rc;
	if (wsgi_forward_init(&forward, o->fcgi, config->log, &err) != 0)
		return fail(config->log, EX_USAGE, err.text);
	config->handler_class = &wsgi_forward_class;
	config->ctx = &forward;
	config->threads = o->threads > 1 ? o->threads : FORWARD_THREADS;
	rc = create_and_serve(config, o, NULL);
	wsgi_forward_finish(&forward);
	return rc;
}

static int run(const struct wsgi_options *o, const struct wsgi_gateway_host *host)
{
	struct wsgi_log log = {STDERR_FILENO, o->program, WSGI_LOG_INFO};
	struct wsgi_server_config config = wsgi_server_default_config;
	struct wsgi_reporter *reporter;
	int rc;

	if (o->status_board != NULL)
		return wsgi_status_http_run(o);
	config.log = &log;
	config.address = o->bind_len > 0 ? o->bind[0] : "127.0.0.1:8000";
	if (o->bind_len > 1)
		return fail(&log, EX_USAGE, "give --bind once: one server has one address");
	if (o->reload_extra_len > 0 && !o->reload)
		return fail(&log, EX_USAGE, "--reload-extra-file is for --reload: give both");
	if (o->reload)
		return wsgi_reload_run(o, host, config.address, &wsgi_gateway_serve);
	if (o->fcgi != NULL)
		return run_backend(&config, o);
	config.threads = o->threads;
	if (o->debug) {
		config.handler_class = &wsgi_debug_class;
		config.ctx = &log;
	}
	let_interrupts_end();
	rc = wsgi_reload_load(o, host, &config.app, &reporter);
	if (rc == 0)
		rc = create_and_serve(&config, o, reporter);
	wsgi_reporter_destroy(reporter);
	return rc;
}

const struct wsgi_gateway_kind wsgi_gateway_serve = {
	.gateway = WSGI_GATEWAY_SERVE,
	.run = run,
};
