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
 * Whether path + "/" begins with script + "/": at the boundary of a segment, so that "/a.exefoo" is
 * not below "/a.exe".
 */
static bool repeats(struct wsgi_span path, struct wsgi_span script)
{
	return path.len >= script.len && memcmp(path.data, script.data, script.len) == 0 &&
	       (path.len == script.len || path.data[script.len] == '/');
}

int wsgi_iis_fix_path(struct wsgi_environ *env)
{
	struct wsgi_span path = wsgi_span_of(""), script = wsgi_span_of("");

	wsgi_environ_find(env, "PATH_INFO", &path);
	wsgi_environ_find(env, "SCRIPT_NAME", &script);
	if (!repeats(path, script))
		return 0;
	path = (struct wsgi_span){path.data + script.len, path.len - script.len};
	return wsgi_environ_set_span(env, wsgi_span_of("PATH_INFO"), path);
}
