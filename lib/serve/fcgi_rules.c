#include "serve/fcgi_rules.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "proc/allow.h"
#include "serve/access_format.h"

/* -- --pm=dynamic ------------------------------------------------------------------------------ */

static unsigned half_way(unsigned from, unsigned to)
{
	return from < to ? from + (to - from) / 2 : from;
}

/* PHP-FPM's defaults, where it has one; with 5 workers the numbers of the file that it ships. */
static void fill_in_servers(struct wsgi_options *o)
{
	if (o->min_spare_servers == 0)
		o->min_spare_servers = 1;
	if (o->max_spare_servers == 0)
		o->max_spare_servers = half_way(o->min_spare_servers, o->workers);
	if (o->start_servers == 0)
		o->start_servers = half_way(o->min_spare_servers, o->max_spare_servers);
}

static int check_servers(const struct wsgi_options *o, struct wsgi_error *err)
{
	if (o->min_spare_servers > o->max_spare_servers)
		return wsgi_fail(err, -EINVAL,
				 "--min-spare-servers %u is more than --max-spare-servers %u",
				 o->min_spare_servers, o->max_spare_servers);
	if (o->min_spare_servers > o->workers)
		return wsgi_fail(err, -EINVAL, "--min-spare-servers %u is more than --workers %u",
				 o->min_spare_servers, o->workers);
	if (o->max_spare_servers > o->workers)
		return wsgi_fail(err, -EINVAL, "--max-spare-servers %u is more than --workers %u",
				 o->max_spare_servers, o->workers);
	if (o->start_servers < o->min_spare_servers || o->start_servers > o->max_spare_servers)
		return wsgi_fail(err, -EINVAL,
				 "--start-servers %u is not between --min-spare-servers %u and "
				 "--max-spare-servers %u",
				 o->start_servers, o->min_spare_servers, o->max_spare_servers);
	return 0;
}

/* -- the rest ---------------------------------------------------------------------------------- */

static int check_times(const struct wsgi_options *o, struct wsgi_error *err)
{
	if (o->timeout_ms > 0 && o->slow_ms >= o->timeout_ms)
		return wsgi_fail(err, -EINVAL,
				 "--slow never comes before --timeout: give it fewer seconds");
	if (o->pm == WSGI_PM_ONDEMAND && o->process_idle_timeout_ms == 0)
		return wsgi_fail(err, -EINVAL,
				 "--process-idle-timeout 0 ends each worker at once: give it more");
	if (o->emergency_restart_threshold > 0 && o->emergency_restart_interval_ms == 0)
		return wsgi_fail(err, -EINVAL,
				 "--emergency-restart-threshold needs an interval that is not 0");
	return 0;
}

static int check_together(const struct wsgi_options *o, struct wsgi_error *err)
{
	if (o->reload && o->preload)
		return wsgi_fail(err, -EINVAL,
				 "--reload and --preload cannot both be: what is loaded once is "
				 "not loaded again");
	if (o->status_path != NULL && o->ping_path != NULL &&
	    strcmp(o->status_path, o->ping_path) == 0)
		return wsgi_fail(err, -EINVAL, "--status-path and --ping-path are the same: '%s'",
				 o->ping_path);
	return 0;
}

static int check_format(const struct wsgi_options *o, struct wsgi_error *err)
{
	struct wsgi_access_format format;
	int rc;

	if (o->access_logformat == NULL)
		return 0;
	rc = wsgi_access_format_parse(&format, o->access_logformat, err);
	wsgi_access_format_finish(&format);
	return rc;
}

static int check_clients(const struct wsgi_options *o, struct wsgi_error *err)
{
	struct wsgi_allow allow = {0};
	struct wsgi_error why;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < o->allowed_clients_len; i++) {
		rc = wsgi_allow_add(&allow, o->allowed_clients[i], &why);
		if (rc != 0)
			wsgi_fail(err, rc, "--allowed-clients: %s", why.text);
	}
	wsgi_allow_finish(&allow);
	return rc;
}

int wsgi_fcgi_rules_apply(struct wsgi_options *o, struct wsgi_error *err)
{
	int rc = 0;

	if (o->pm == WSGI_PM_DYNAMIC) {
		fill_in_servers(o);
		rc = check_servers(o, err);
	}
	if (rc == 0)
		rc = check_times(o, err);
	if (rc == 0)
		rc = check_together(o, err);
	if (rc == 0)
		rc = check_clients(o, err);
	if (rc == 0)
		rc = check_format(o, err);
	return rc;
}
