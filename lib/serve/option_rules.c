#include "serve/option_rules.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/log.h"
#include "proc/allow.h"
#include "serve/access_format.h"
#include "serve/option_value.h"

/* -- what an option needs ---------------------------------------------------------------------- */

static bool is_dynamic(const struct wsgi_options *o)
{
	return o->pm == WSGI_PM_DYNAMIC;
}

static bool is_ondemand(const struct wsgi_options *o)
{
	return o->pm == WSGI_PM_ONDEMAND;
}

static bool has_threshold(const struct wsgi_options *o)
{
	return o->emergency_restart_threshold > 0;
}

static bool has_max_requests(const struct wsgi_options *o)
{
	return o->max_requests > 0;
}

static bool has_unix_socket(const struct wsgi_options *o)
{
	for (size_t i = 0; i < o->bind_len; i++)
		if (strncmp(o->bind[i], "unix:", 5) == 0)
			return true;
	return false;
}

static bool has_reload(const struct wsgi_options *o)
{
	return o->reload;
}

static const struct {
	const char *name;
	bool (*is_met)(const struct wsgi_options *o);
	const char *what;
} needs[] = {
	{"start-servers", is_dynamic, "--pm=dynamic"},
	{"min-spare-servers", is_dynamic, "--pm=dynamic"},
	{"max-spare-servers", is_dynamic, "--pm=dynamic"},
	{"process-idle-timeout", is_ondemand, "--pm=ondemand"},
	{"emergency-restart-interval", has_threshold, "--emergency-restart-threshold"},
	{"max-requests-jitter", has_max_requests, "--max-requests"},
	{"reload-extra-file", has_reload, "--reload"},
	{"listen-owner", has_unix_socket, "--bind=unix:PATH"},
	{"listen-group", has_unix_socket, "--bind=unix:PATH"},
	{"listen-mode", has_unix_socket, "--bind=unix:PATH"},
};

const char *wsgi_option_idle(const struct wsgi_options *o, const struct wsgi_option *option)
{
	if (o->gateway != WSGI_GATEWAY_FCGI || (option->gateways & WSGI_GATEWAY_FCGI) == 0)
		return NULL;
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (strcmp(needs[i].name, option->name) == 0)
			return needs[i].is_met(o) ? NULL : needs[i].what;
	return NULL;
}

static int check_needs(const struct wsgi_options *o, struct wsgi_error *err)
{
	const struct wsgi_option *option;

	for (size_t i = 0; (option = wsgi_option_at(i)) != NULL; i++) {
		const char *what = wsgi_option_idle(o, option);

		if (what != NULL && !wsgi_option_is_default(o, option))
			return wsgi_fail(err, -EINVAL,
					 "--%s is for %s, which is not given: give both or none",
					 option->name, what);
	}
	return 0;
}

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
	if (is_ondemand(o) && o->process_idle_timeout_ms == 0)
		return wsgi_fail(err, -EINVAL,
				 "--process-idle-timeout 0 ends each worker at once: give it more");
	if (has_threshold(o) && o->emergency_restart_interval_ms == 0)
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

int wsgi_option_rules_apply(struct wsgi_options *o, struct wsgi_error *err)
{
	int rc = check_needs(o, err);

	if (o->log_level > WSGI_LOG_ERROR) /* gunicorn's "critical": we have nothing above it */
		o->log_level = WSGI_LOG_ERROR;
	if (rc == 0 && is_dynamic(o)) {
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
