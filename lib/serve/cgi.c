#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "handler/cgi.h"
#include "handler/mount.h"
#include "handler/read_environ.h"
#include "proc/forked.h"
#include "serve/cgi_action.h"
#include "serve/cgi_line.h"
#include "serve/cgi_stdio.h"
#include "serve/gateway.h"

/* One request and all that it takes to serve it. */
struct cgi {
	struct wsgi_log log;
	int out; /* where the response goes */
	struct wsgi_environ vars;
	struct wsgi_fd_input in;
	struct wsgi_fd_output body;
	struct wsgi_fd_errors errors;
	struct wsgi_simple_handler handler;
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
		rc = wsgi_environ_set(&c->vars, "HTTP_PROXY", host->http_proxy);
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

	close(c->out);
	c->handler.base.client_left = true;
	c->in.input.failed = -ECONNABORTED;
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
	wsgi_fd_errors_init(&c->errors, STDERR_FILENO);
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
		status = wsgi_gateway_load(o, host, application, &app);
		if (status != 0)
			return answer(c, WSGI_PAGE_FAILED, status);
		if (!inside)
			rc = wsgi_cgi_divert_stdout(&c->out);
	}
	if (rc != 0) {
		wsgi_log(&c->log, WSGI_LOG_ERROR, "standard output: %s", strerror(-rc));
		return EX_OSERR;
	}
	return serve(c, o, host, app);
}

/* --root: the application is what PATH_TRANSLATED names below it. */
static int run_action(struct cgi *c, const struct wsgi_options *o,
		      const struct wsgi_gateway_host *host)
{
	struct wsgi_error err = {0};
	char *application;
	int rc = wsgi_cgi_action(o->root, &application, &err), status;

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
		.log = {.fd = STDERR_FILENO, .program = o->program},
		.out = STDOUT_FILENO,
	};

	if (o->root != NULL)
		return run_action(&c, o, host);
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
