#include "serve/check_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "proc/activation.h"
#include "proc/listener.h"
#include "proc/logs.h"
#include "proc/pidfile.h"
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

/*
 * Where it would listen. A service that has sockets of systemd, or is to be given one, is checked
 * by hand, too: that none is named is not wrong yet. After SIGUSR2 the sockets are there already.
 */
static int check_sockets(const struct wsgi_options *o, const struct wsgi_log *log,
			 struct wsgi_error *err)
{
	int rc = o->status_socket != NULL ? wsgi_listener_check(o->status_socket, err) : 0;

	if (rc != 0 || o->upgrade != NULL || wsgi_activation_is_given())
		return rc;
	for (size_t i = 0; rc == 0 && i < o->bind_len; i++)
		rc = wsgi_listener_check(o->bind[i], err);
	if (rc == 0 && o->bind_len == 0 && !wsgi_listener_is(STDIN_FILENO))
		wsgi_log(log, WSGI_LOG_WARNING,
			 "no --bind is given: it starts only where systemd, or a front end, gives "
			 "it a socket");
	return rc;
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
		rc = check_sockets(o, &log, &err);
	if (rc == 0 && !inside && o->pid != NULL)
		rc = wsgi_pidfile_check(o->pid, &err);
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
