#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/codepage.h"
#include "base/crash.h"
#include "base/log.h"
#include "handler/cgi.h"
#include "handler/mount.h"
#include "handler/read_environ.h"
#include "handler/unicode_environ.h"
#include "proc/forked.h"
#include "serve/cgi_action.h"
#include "serve/cgi_line.h"
#include "serve/cgi_log.h"
#include "serve/cgi_mapping.h"
#include "serve/cgi_stdio.h"
#include "serve/gateway.h"

/* One request and all that it takes to serve it. */
struct cgi {
	struct wsgi_log log;
	int out; /* where the response goes */
	struct wsgi_environ vars;
	struct wsgi_fd_input in;
	struct wsgi_fd_output body;
	struct wsgi_cgi_errors errors;
	struct wsgi_simple_handler handler;
	struct wsgi_crash crash;
};

/* Answer without an application. Returns status. */
static int answer(const struct cgi *c, enum wsgi_page page, int status)
{
	wsgi_cgi_send_page(page, c->out);
	return status;
}

/* From the process environment. Returns 0; -ENOENT: it is not below --script-name; -ENOMEM. */
static int read_request(struct cgi *c, const struct wsgi_options *o,
			const struct wsgi_gateway_host *host)
{
	int rc = wsgi_read_environ(&c->vars, environ);

	if (rc == 0 && host->http_proxy != NULL)
		rc = wsgi_set_request_variable(&c->vars, "HTTP_PROXY", host->http_proxy,
					       wsgi_codepage_system());
	if (rc == 0 && o->gateway == WSGI_GATEWAY_IIS)
		rc = wsgi_iis_fix_path(&c->vars);
	return rc == 0 ? wsgi_mount_fix(&c->vars, o->script_name) : rc;
}

/* Say and answer why there is no answer of the application's, or not a whole one. */
static void give_up(const struct cgi *c, const struct wsgi_options *o, int rc, bool is_elsewhere)
{
	if (is_elsewhere)
		wsgi_log(&c->log, WSGI_LOG_ERROR, "the request is not below --script-name %s",
			 o->script_name);
	else
		wsgi_log(&c->log, WSGI_LOG_ERROR, "the request was not answered: %s",
			 strerror(-rc));
	if (!c->handler.base.headers_sent)
		answer(c, is_elsewhere ? WSGI_PAGE_NOT_FOUND : WSGI_PAGE_FAILED, rc);
}

/* The application forked: its child has no part in the response. */
static void in_child(void *ctx)
{
	struct cgi *c = ctx;

	wsgi_crash_watch(NULL);
	close(c->out);
	c->handler.base.client_left = true;
	c->in.input.failed = -ECONNABORTED;
}

/* An application in C ends the process: the server has a page, if it has nothing yet. */
static void last_words(void *ctx)
{
	struct cgi *c = ctx;

	if (!c->body.begun)
		wsgi_cgi_send_page(WSGI_PAGE_FAILED, c->out);
}

/* What an interpreter does with its faults is the interpreter's. */
static void watch_crashes(struct cgi *c, bool inside)
{
	c->crash = (struct wsgi_crash){.log = c->log, .last = last_words, .ctx = c};
	if (!inside)
		wsgi_crash_watch(&c->crash);
}

static int serve(struct cgi *c, const struct wsgi_options *o, const struct wsgi_gateway_host *host,
		 struct wsgi_app *app)
{
	static const struct wsgi_forked_ops forked = {.child = in_child};
	bool is_elsewhere;
	int rc;

	wsgi_environ_init(&c->vars);
	wsgi_fd_input_init(&c->in, STDIN_FILENO);
	wsgi_fd_output_init(&c->body, c->out);
	wsgi_cgi_errors_init(&c->errors, &c->log, &c->vars);
	c->in.app = c->body.app = app;
	wsgi_cgi_handler_init(&c->handler, &c->in.input, &c->body.output, &c->errors.errors,
			      &c->vars);
	rc = read_request(c, o, host);
	is_elsewhere = rc == -ENOENT;
	if (rc == 0)
		rc = wsgi_forked_watch(&forked, c);
	if (rc == 0) {
		if (app->enter != NULL)
			app->enter(app);
		rc = wsgi_handler_run(&c->handler.base, app);
		if (wsgi_forked())
			_exit(EX_OK); /* the application's child has come back out of it */
		if (app->leave != NULL)
			app->leave(app);
	}
	wsgi_crash_watch(NULL);
	wsgi_forked_watch(NULL, NULL);
	wsgi_cgi_drop_stdin();
	if (rc != 0)
		give_up(c, o, rc, is_elsewhere);
	wsgi_simple_handler_finish(&c->handler);
	wsgi_fd_output_finish(&c->body);
	wsgi_input_finish(&c->in.input);
	wsgi_environ_finish(&c->vars);
	return rc == 0 || is_elsewhere ? EX_OK : EX_SOFTWARE;
}

/* Load and serve. Standard output is left alone until no interpreter can follow that needs it. */
static int run_application(struct cgi *c, const struct wsgi_options *o,
			   const struct wsgi_gateway_host *host, const char *application)
{
	const bool inside = host->python != NULL;
	struct wsgi_app *app;
	int rc = inside ? wsgi_cgi_divert_stdout(&c->out) : 0, status;

	signal(SIGPIPE, SIG_IGN);
	if (rc == 0) {
		watch_crashes(c, inside);
		status = wsgi_gateway_load(o, host, application, &app);
		if (status != 0) {
			wsgi_crash_watch(NULL);
			return answer(c, WSGI_PAGE_FAILED, status);
		}
		if (!inside)
			rc = wsgi_cgi_divert_stdout(&c->out);
	}
	if (rc != 0) {
		wsgi_crash_watch(NULL);
		wsgi_log(&c->log, WSGI_LOG_ERROR, "standard output: %s", strerror(-rc));
		return EX_OSERR;
	}
	return serve(c, o, host, app);
}

/* REDIRECT_STATUS shows Apache's Action, also in front of wsgi-iis: no client can set it. */
static int find_below_root(const struct wsgi_options *o, char **application, struct wsgi_error *err)
{
	if (o->gateway == WSGI_GATEWAY_IIS && getenv("REDIRECT_STATUS") == NULL)
		return wsgi_cgi_mapping(o->root, o->application, application, err);
	return wsgi_cgi_action(o->root, application, err);
}

/* --root: the application is the file that the request names below it. */
static int run_below_root(struct cgi *c, const struct wsgi_options *o,
			  const struct wsgi_gateway_host *host)
{
	struct wsgi_error err = {0};
	char *application;
	int rc = find_below_root(o, &application, &err), status;

	if (rc == 0) {
		status = run_application(c, o, host, application);
		free(application);
		return status;
	}
	wsgi_log(&c->log, WSGI_LOG_ERROR, "%s", err.text);
	return answer(c,
		      rc == -EACCES   ? WSGI_PAGE_FORBIDDEN
		      : rc == -ENOENT ? WSGI_PAGE_NOT_FOUND
				      : WSGI_PAGE_FAILED,
		      wsgi_gateway_status(rc));
}

static int cgi_run(const struct wsgi_options *o, const struct wsgi_gateway_host *host)
{
	struct cgi c = {
		.log = wsgi_options_log(o),
		.out = STDOUT_FILENO,
	};

	if (o->root != NULL)
		return run_below_root(&c, o, host);
	return run_application(&c, o, host, o->application);
}

static int iis_rules(struct wsgi_options *o, struct wsgi_error *err)
{
	if (o->root != NULL && o->script_name != NULL)
		return wsgi_fail(err, -EINVAL,
				 "--script-name is for one application; below --root each file is "
				 "mounted at its own URL");
	return 0;
}

const struct wsgi_gateway_kind wsgi_gateway_cgi = {
	.gateway = WSGI_GATEWAY_CGI,
	.run = cgi_run,
	.options = wsgi_cgi_options,
};

const struct wsgi_gateway_kind wsgi_gateway_iis = {
	.gateway = WSGI_GATEWAY_IIS,
	.run = cgi_run,
	.options = wsgi_cgi_options,
	.rules = iis_rules,
};
