#include "serve/check_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/listener.h"
#include "proc/logs.h"
#include "proc/priv.h"
#include "serve/config.h"

/* The users and the files that the master needs. */
static int check_names(const struct wsgi_options *o, struct wsgi_error *err)
{
	struct wsgi_listener_access access;
	int rc = wsgi_listener_access_find(&access, o->listen_owner, o->listen_group,
					   o->listen_mode, err);

	return rc == 0 ? wsgi_logs_check(o->error_logfile, o->access_logfile, err) : rc;
}

/* Be who is to run the application. */
static int become(const struct wsgi_options *o, struct wsgi_error *err)
{
	struct wsgi_priv priv = {0};
	int rc = wsgi_priv_find(&priv, o->user, o->group, err);

	if (rc == 0 && wsgi_priv_environ(&priv, o->env, o->env_len) != 0)
		rc = wsgi_fail(err, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = wsgi_priv_drop(&priv, err);
	wsgi_priv_finish(&priv);
	if (rc == 0 && o->umask != WSGI_MODE_UNSET)
		umask((mode_t)o->umask);
	return rc;
}

int wsgi_check_config(const struct wsgi_options *o, const struct wsgi_gateway_host *host)
{
	const struct wsgi_log log = {.fd = STDERR_FILENO, .program = o->program};
	const bool inside = host->python != NULL;
	struct wsgi_error err = {0};
	struct wsgi_app *app;
	int rc = inside ? 0 : check_names(o, &err);

	if (rc == 0 && !inside)
		rc = become(o, &err);
	if (rc == 0 && setenv("PYTHONDONTWRITEBYTECODE", "1", 1) != 0)
		rc = wsgi_fail(&err, -ENOMEM, "out of memory");
	if (rc != 0) {
		wsgi_log(&log, WSGI_LOG_ERROR, "%s", err.text);
		return wsgi_gateway_open_status(rc);
	}
	rc = wsgi_gateway_load(o, host, o->application, &app);
	if (rc != 0)
		return rc;
	wsgi_log(&log, WSGI_LOG_INFO, "the configuration is fine");
	fflush(NULL);
	_exit(EX_OK); /* whatever threads the application has started */
}

int wsgi_print_config(const struct wsgi_options *o)
{
	const struct wsgi_log log = {.fd = STDERR_FILENO, .program = o->program};
	int rc = wsgi_config_write(o, stdout);

	if (rc == 0)
		return EX_OK;
	wsgi_log(&log, WSGI_LOG_ERROR, "standard output: %s", strerror(-rc));
	return rc == -ENOMEM ? EX_OSERR : EX_IOERR;
}
