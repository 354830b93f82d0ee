/* Several chunks that are there already. */
#include <errno.h>

#include "wsgi/body.h"

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static const struct wsgi_header type = {"Content-Type", "text/plain"};
	static const struct wsgi_span chunks[] = {{"a", 1}, {"bb", 2}, {"ccc", 3}};
	int rc;

	(void)app;
	(void)env;
	rc = start->respond(start, "200 OK", &type, 1, NULL);
	if (rc != 0)
		return rc;
	*body = wsgi_list_body(chunks, 3);
	return *body != NULL ? 0 : -ENOMEM;
}

struct wsgi_app application = {.call = call};
