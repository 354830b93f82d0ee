/* Does what the header X-Steps says. */
#include "steps.h"

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	(void)app;
	return steps_call(value_of(env, "HTTP_X_STEPS"), env, start, body);
}

struct wsgi_app application = {.call = call};
