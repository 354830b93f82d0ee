/* Control characters in a status, by the number of the query. */
#include "reply.h"

/* Without the one that has a NUL, which no string in C can hold. */
static const char *const table[] = {
	"200 OK\r\nX-Injected: 1",
	"200 OK\nX-Injected: 1",
	"200 OK\rX-Injected: 1",
	"200 OK\r\n\r\nbody",
	[5] = "200 O\vK",
	"200 O\x7fK",
	"200 O\tK",
	"200 \x1b[31m",
	"\r\n200 OK",
	"200 OK\x85X-Injected: 1",
	"200 OK\r\n",
};

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	const size_t i = strtoul(value_of(env, "QUERY_STRING"), NULL, 10);

	(void)app;
	if (i >= sizeof(table) / sizeof(table[0]) || table[i] == NULL)
		return wsgi_fail(start->failure, -EINVAL, "no status in C");
	return wsgi_reply(start, body, table[i], "text/plain", "ctl status");
}

struct wsgi_app application = {.call = call};
