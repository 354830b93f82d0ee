/*
 * The run of wsgi-fcgi: the process manager, or what it has started; or, on a listening socket at
 * descriptor 0, whose maker manages processes himself, the one worker.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "fcgi/reactor.h"
#include "proc/activation.h"
#include "proc/listener.h"
#include "serve/check_config.h"
#include "serve/fastcgi.h"
#include "serve/fcgi_rules.h"
#include "serve/frontends.h"
#include "serve/gateway.h"
#include "serve/master.h"
#include "serve/option_value.h"
#include "serve/zygote.h"

struct server {
	struct wsgi_log log;
	struct wsgi_listener listener;
	struct wsgi_fastcgi_worker worker;
	struct wsgi_allow allow;
};

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

/* -- alone ------------------------------------------------------------------------------------- */

static int run_worker(struct server *s, struct wsgi_error *err)
{
	int rc = wsgi_fastcgi_worker_init(&s->worker, err);

	if (rc != 0)
		return rc;
	take_signals(&s->worker);
	wsgi_log(&s->log, WSGI_LOG_INFO, "listening on %s", s->listener.name);
	rc = wsgi_fastcgi_worker_run(&s->worker, err);
	signal(SIGTERM, SIG_IGN); /* it is ending already */
	signal(SIGQUIT, SIG_IGN);
	signal(SIGINT, SIG_DFL); /* somebody has no patience */
	wsgi_fastcgi_worker_finish(&s->worker);
	return rc;
}

static int serve(struct server *s, const struct wsgi_options *o, struct wsgi_app *app,
		 struct wsgi_error *err)
{
	int rc = wsgi_listener_adopt(&s->listener, STDIN_FILENO, err);

	for (size_t i = 0; rc == 0 && i < o->allowed_clients_len; i++)
		rc = wsgi_allow_add(&s->allow, o->allowed_clients[i], err);
	if (rc != 0)
		return rc;
	s->worker = (struct wsgi_fastcgi_worker){
		.app = app,
		.fds = &s->listener.fd,
		.n_fds = 1,
		.threads = o->threads,
		.script_name = o->script_name,
		.iis = o->iis,
		.allow = &s->allow,
		.multiprocess = true, /* a front end may balance over several of us */
		.log = &s->log,
	};
	return run_worker(s, err);
}

/* One worker, and no process manager. */
static int run_alone(const struct wsgi_options *o, const struct wsgi_gateway_host *host)
{
	struct server s = {
		.log = wsgi_options_log(o),
		.listener = {.fd = -1},
	};
	struct wsgi_error err;
	struct wsgi_app *app;
	int rc = wsgi_gateway_load(o, host, o->application, &app);

	if (rc != 0)
		return rc;
	rc = serve(&s, o, app, &err);
	wsgi_listener_finish(&s.listener);
	wsgi_allow_finish(&s.allow);
	if (rc == 0)
		return EX_OK;
	wsgi_log(&s.log, WSGI_LOG_ERROR, "%s", err.text);
	return rc == -EINVAL ? EX_USAGE : rc == -ENOMEM ? EX_OSERR : EX_UNAVAILABLE;
}

/* -- which of them ----------------------------------------------------------------------------- */

/* Whether the socket is one that somebody who manages processes has put at descriptor 0. */
static bool is_managed(const struct wsgi_options *o)
{
	return o->bind_len == 0 && o->upgrade == NULL && !wsgi_activation_is_given() &&
	       wsgi_listener_is(STDIN_FILENO);
}

/* Whether an option is about what only the process manager does. */
static bool is_managers(const struct wsgi_option *option)
{
	static const char *const others[] = {"threads", "allowed-clients", "log-level", "config"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(option->name, others[i]) == 0)
			return false;
	return option->group == WSGI_OPTION_SOCKETS || option->group == WSGI_OPTION_PROCESSES ||
	       option->group == WSGI_OPTION_LOGS || strcmp(option->name, "status-path") == 0 ||
	       strcmp(option->name, "ping-path") == 0;
}

/* Returns 0 or an exit status. */
static int refuse_managers(const struct wsgi_options *o)
{
	const struct wsgi_log log = {STDERR_FILENO, o->program, WSGI_LOG_INFO};
	const struct wsgi_option *option;

	for (size_t i = 0; (option = wsgi_option_at(i)) != NULL; i++) {
		if ((option->gateways & o->gateway) == 0 || !is_managers(option) ||
		    !wsgi_option_given(o, option))
			continue;
		wsgi_log(&log, WSGI_LOG_ERROR,
			 "--%s is for the process manager, and there is none on descriptor 0, "
			 "whose maker manages processes: leave it out, or give --bind",
			 option->name);
		return EX_USAGE;
	}
	return 0;
}

/* Nothing is bound, or forked, before somebody says what for. */
static int refuse_nameless(const struct wsgi_options *o, const struct wsgi_gateway_host *host)
{
	struct wsgi_loader *none;

	return wsgi_gateway_loader(o, host, NULL, &none);
}

static int fcgi_run(const struct wsgi_options *o, const struct wsgi_gateway_host *host)
{
	int status;

	if (o->zygote != NULL)
		return wsgi_zygote_run(o, host);
	if (o->print_config)
		return wsgi_print_config(o);
	if (o->print_frontend != NULL)
		return wsgi_frontend_print(o);
	if (o->application == NULL)
		return refuse_nameless(o, host);
	dup2(STDERR_FILENO, STDOUT_FILENO); /* what an application prints belongs in the log */
	if (o->check_config)
		return wsgi_check_config(o, host);
	if (host->python != NULL) /* the master does not come here */
		return run_alone(o, host);
	if (!is_managed(o))
		return wsgi_master_run(o, host);
	status = refuse_managers(o);
	return status == 0 ? run_alone(o, host) : status;
}

const struct wsgi_gateway_kind wsgi_gateway_fcgi = {
	.gateway = WSGI_GATEWAY_FCGI,
	.run = fcgi_run,
	.rules = wsgi_fcgi_rules_apply,
};
