#include "serve/option_rules.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/log.h"
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

/* -- all --------------------------------------------------------------------------------------- */

int wsgi_option_rules_apply(struct wsgi_options *o, struct wsgi_error *err)
{
	if (o->log_level > WSGI_LOG_ERROR) /* gunicorn's "critical": we have nothing above it */
		o->log_level = WSGI_LOG_ERROR;
	return check_needs(o, err);
}
