/* A thousand small write()s. */
#include <stdio.h>

#include "steps.h"

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static const struct wsgi_header type = {"Content-Type", "text/plain"};
	int rc = start->respond(start, "200 OK", &type, 1, NULL);
	char text[16];

	(void)app;
	for (int i = 0; i < 1000 && rc == 0; i++)
		rc = start->write(start, text, (size_t)snprintf(text, sizeof(text), "%d,", i));
	return rc == 0 ? steps_call("B:L;C:end", env, start, body) : rc;
}

struct wsgi_app application = {.call = call};
