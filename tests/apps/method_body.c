/* Says the request's method. */
#include "steps.h"

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	(void)app;
	if (wsgi_environ_get(env, "REQUEST_METHOD") == NULL)
		return steps_call(STEPS_OK "E:no REQUEST_METHOD", env, start, body);
	return steps_call(STEPS_LIST "C:method ;V:REQUEST_METHOD", env, start, body);
}

struct wsgi_app application = {.call = call};
