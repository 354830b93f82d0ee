/* A list of one chunk: the server computes its Content-Length. */
#include "wsgi/body.h"

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	(void)app;
	(void)env;
	return wsgi_reply(start, body, "200 OK", "text/plain", "hello world\n");
}

struct wsgi_app application = {.call = call};
