/* What the C library says of the variables that the query names, "HTTP_PROXY+MODE": a line each. */
#include "reply.h"

static int add_variable(struct wsgi_buf *text, const char *name)
{
	const char *value = getenv(name);

	return value != NULL ? wsgi_buf_addf(text, "%s is %s\n", name, value)
			     : wsgi_buf_addf(text, "%s is not set\n", name);
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static const struct wsgi_header plain = {"Content-Type", "text/plain"};
	struct wsgi_buf text = {0};
	char *names = strdup(value_of(env, "QUERY_STRING"));
	int rc = names != NULL ? 0 : -ENOMEM;

	(void)app;
	for (char *name = names; rc == 0 && name != NULL;) {
		char *plus = strchr(name, '+');

		if (plus != NULL)
			*plus = '\0';
		rc = add_variable(&text, name);
		name = plus != NULL ? plus + 1 : NULL;
	}
	free(names);
	return reply(&text, rc, start, &plain, 1, body);
}

struct wsgi_app application = {.call = call};
