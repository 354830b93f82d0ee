#include "handler/cgi.h"

#include <string.h>

void wsgi_base_cgi_handler_init(struct wsgi_simple_handler *s, struct wsgi_input *in,
				struct wsgi_output *out, struct wsgi_errors *err,
				const struct wsgi_environ *base_env)
{
	wsgi_simple_handler_init(s, in, out, err, base_env);
	s->base.origin_server = false;
}

void wsgi_cgi_handler_init(struct wsgi_simple_handler *s, struct wsgi_input *in,
			   struct wsgi_output *out, struct wsgi_errors *err,
			   const struct wsgi_environ *base_env)
{
	wsgi_base_cgi_handler_init(s, in, out, err, base_env);
	s->base.wsgi_run_once = true;
	s->base.wsgi_multithread = false;
	s->base.wsgi_multiprocess = true;
}

/*
 * Whether PATH_INFO + "/" begins with SCRIPT_NAME + "/": at the boundary of a segment, so that
 * "/a.exefoo" is not below "/a.exe".
 */
static bool repeats(const char *path, const char *script)
{
	size_t len = strlen(script);

	return strncmp(path, script, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

int wsgi_iis_fix_path(struct wsgi_environ *env)
{
	const char *path = wsgi_environ_get(env, "PATH_INFO");
	const char *script = wsgi_environ_get(env, "SCRIPT_NAME");
	struct wsgi_span rest;

	if (path == NULL)
		path = "";
	if (script == NULL)
		script = "";
	if (!repeats(path, script))
		return 0;
	rest = wsgi_span_of(path + strlen(script));
	return wsgi_environ_set_span(env, wsgi_span_of("PATH_INFO"), rest);
}
