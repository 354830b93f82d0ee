/* A megabyte for the log, beside a small response. */
#include <stdio.h>

#include "steps.h"

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	char line[1100];

	(void)app;
	for (int i = 0; i < 1024; i++) {
		snprintf(line, sizeof(line), "%01023d\n", i);
		wsgi_errors_puts(env->errors, line);
	}
	return steps_call("G:large done;" STEPS_LIST "C:large log", env, start, body);
}

struct wsgi_app application = {.call = call};
