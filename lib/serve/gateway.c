#include "serve/gateway.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/log.h"
#include "host/find.h"
#include "host/native.h"
#include "host/spec.h"
#include "host/start.h"
#include "serve/cgi_log.h"
#include "serve/cgi_stdio.h"
#include "serve/option_help.h"
#include "serve/option_words.h"
#include "wsgi/validate.h"

#ifndef WSGI_VERSION
#define WSGI_VERSION "(unknown version)"
#endif

int wsgi_gateway_status(int code)
{
	switch (code) {
	case -EINVAL:
		return EX_USAGE;
	case -ENOENT:
		return EX_NOINPUT;
	case -EACCES:
	case -EPERM:
		return EX_NOPERM;
	case -ENOMEM:
		return EX_OSERR;
	default:
		return EX_CONFIG;
	}
}

int wsgi_gateway_open_status(int code)
{
	int status = wsgi_gateway_status(code);

	return status == EX_CONFIG ? EX_UNAVAILABLE : status;
}

static bool is_cgi(enum wsgi_gateway gateway)
{
	return gateway == WSGI_GATEWAY_CGI || gateway == WSGI_GATEWAY_IIS;
}

/* Say why it ends, on standard error. Returns status. */
static int say(const struct wsgi_options *o, int status, const struct wsgi_error *err)
{
	struct wsgi_log log = {.fd = STDERR_FILENO, .program = o->program};

	if (is_cgi(o->gateway) || o->zygote != NULL) /* the log files are open by now */
		log = wsgi_options_log(o);
	wsgi_log(&log, WSGI_LOG_ERROR, "%s", err->text);
	return status;
}

/* What a web server that waits for a CGI program's answer gets; NULL: nobody waits. */
static const char *refusal(enum wsgi_gateway gateway)
{
	if (!is_cgi(gateway) || getenv("GATEWAY_INTERFACE") == NULL)
		return NULL;
	return wsgi_page(WSGI_PAGE_FAILED);
}

/* -- the application --------------------------------------------------------------------------- */

/* Become the interpreter that runs application. Returns only on failure: -errno with words. */
static int become_python(const struct wsgi_options *o, const struct wsgi_gateway_host *host,
			 const char *application, struct wsgi_error *err)
{
	char *python = NULL, *dir = NULL, **words = NULL;
	int rc = wsgi_find_python(o->python, &python, err);

	if (rc == 0)
		rc = wsgi_find_plugin(host->plugin, &dir, err);
	if (rc == 0) {
		words = wsgi_options_words(o, application);
		if (words == NULL)
			rc = wsgi_fail(err, -ENOMEM, "out of memory");
	}
	if (rc == 0)
		rc = wsgi_python_exec(&(struct wsgi_python_start){.python = python,
								  .plugin = host->plugin,
								  .plugin_dir = dir,
								  .http_proxy = host->http_proxy,
								  .refusal = refusal(o->gateway),
								  .argv = words},
				      err);
	wsgi_options_free_words(words);
	free(dir);
	free(python);
	return rc;
}

int wsgi_gateway_loader(const struct wsgi_options *o, const struct wsgi_gateway_host *host,
			const char *application, struct wsgi_loader **loader)
{
	struct wsgi_error err = {0};
	struct wsgi_spec spec;
	bool is_python;
	int rc;

	if (application == NULL) {
		wsgi_fail(&err, -EINVAL, "no application is named: %s APPLICATION%s; see %s --help",
			  o->program, is_cgi(o->gateway) ? ", or --root FOLDER" : "", o->program);
		return say(o, EX_USAGE, &err);
	}
	rc = wsgi_spec_parse(&spec, application, &err);
	if (rc != 0)
		return say(o, EX_USAGE, &err);
	is_python = spec.kind == WSGI_SPEC_MODULE || spec.kind == WSGI_SPEC_SCRIPT;
	wsgi_spec_finish(&spec);
	if (is_python && host->python == NULL) {
		become_python(o, host, application, &err);
		return say(o, EX_UNAVAILABLE, &err);
	}
	*loader = is_python ? host->python : wsgi_native_loader();
	(*loader)->path = o->pythonpath;
	(*loader)->validate = o->validate;
	return 0;
}

/* --validate: the checks of libwsgi around an application. */
static struct wsgi_app *validated(struct wsgi_app *app)
{
	static struct wsgi_validator validator; /* one application a process, as long as it lives */

	wsgi_validator_init(&validator, app);
	return &validator.app;
}

int wsgi_gateway_load(const struct wsgi_options *o, const struct wsgi_gateway_host *host,
		      const char *application, struct wsgi_app **app)
{
	struct wsgi_error err = {0};
	struct wsgi_loader *loader;
	int rc = wsgi_gateway_loader(o, host, application, &loader);

	if (rc != 0)
		return rc;
	rc = loader->load(loader, application, app, &err);
	if (rc == 0 && o->validate)
		*app = validated(*app);
	return rc == 0 ? 0 : say(o, wsgi_gateway_status(rc), &err);
}

/* Say why nothing runs, to the web server too. Returns status. */
static int refuse(const struct wsgi_options *o, int status, const struct wsgi_error *err)
{
	if (is_cgi(o->gateway))
		wsgi_cgi_send_page(WSGI_PAGE_FAILED, STDOUT_FILENO);
	return say(o, status, err);
}

/* -- main -------------------------------------------------------------------------------------- */

int wsgi_gateway_apply(const struct wsgi_options *o, struct wsgi_error *err)
{
	if (o->chdir != NULL && chdir(o->chdir) != 0)
		return wsgi_fail(err, -errno, "--chdir %s: %s", o->chdir, strerror(errno));
	for (size_t i = 0; i < o->env_len; i++) {
		const char *equals = strchr(o->env[i], '=');
		char *name = strndup(o->env[i], (size_t)(equals - o->env[i]));
		int rc = name != NULL ? setenv(name, equals + 1, 1) : -1;

		free(name);
		if (rc != 0)
			return wsgi_fail(err, -ENOMEM, "out of memory");
	}
	return 0;
}

/* HTTP_PROXY of a CGI request is the client's header Proxy (httpoxy). The caller's to free. */
static char *take_http_proxy(enum wsgi_gateway gateway)
{
	const char *value = getenv("HTTP_PROXY");
	char *copy = NULL;

	if (value != NULL && is_cgi(gateway)) {
		copy = strdup(value);
		unsetenv("HTTP_PROXY");
	}
	return copy;
}

/* Outside an interpreter. Returns the exit status. */
static int run_outside(const struct wsgi_gateway_kind *kind, const struct wsgi_options *o,
		       const struct wsgi_gateway_host *host)
{
	struct wsgi_gateway_host mine = *host;
	struct wsgi_error err = {0};
	char *http_proxy = take_http_proxy(o->gateway);
	int status;

	mine.http_proxy = http_proxy;
	if (wsgi_gateway_apply(o, &err) != 0)
		status = refuse(o, wsgi_gateway_status(err.code), &err);
	else
		status = kind->run(o, &mine);
	free(http_proxy);
	return status;
}

static int print_version(const char *program)
{
	return printf("%s %s\n", program, WSGI_VERSION) > 0 && fflush(stdout) == 0 ? EX_OK
										   : EX_IOERR;
}

static int print_help(enum wsgi_gateway gateway)
{
	wsgi_options_help(gateway, stdout);
	return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

/* By the kind's own way, and by its own rules. Returns 0; -errno with words. */
static int read_options(struct wsgi_options *o, const struct wsgi_gateway_kind *kind, bool inside,
			int argc, char **argv, struct wsgi_error *err)
{
	const bool is_own = !inside && kind->options != NULL;
	int rc = is_own ? kind->options(o, kind->gateway, argc, argv, err)
			: wsgi_options_parse(o, kind->gateway, argc, argv, err);

	if (rc != 0 || o->help || o->version || kind->rules == NULL)
		return rc;
	return kind->rules(o, err);
}

int wsgi_gateway_main(const struct wsgi_gateway_kind *kind, const struct wsgi_gateway_host *host,
		      int argc, char **argv)
{
	const bool inside = host->python != NULL;
	struct wsgi_options o;
	struct wsgi_error err = {0};
	int rc, status;

	rc = wsgi_fd_standard();
	if (rc != 0) /* there is nobody to tell, and nothing that could be opened */
		return EX_OSERR;
	rc = read_options(&o, kind, inside, argc, argv, &err);
	if (is_cgi(kind->gateway) && !inside && !o.help && !o.version)
		wsgi_cgi_log_open(&o);
	if (rc != 0)
		status = refuse(&o, wsgi_gateway_status(rc), &err);
	else if (o.help)
		status = print_help(o.gateway);
	else if (o.version)
		status = print_version(o.program);
	else
		status = inside ? kind->run(&o, host) : run_outside(kind, &o, host);
	wsgi_options_finish(&o);
	return status;
}
