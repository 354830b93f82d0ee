/* Goes down in the way that the query names; with "/late" as the path, when the headers are out. */
#include <stdlib.h>

#include "reply.h"

static void touch_nothing(void)
{
	volatile int *volatile nothing = NULL;

	*nothing = 1;
}

static int deeper(volatile char *above)
{
	volatile char here[4096];

	here[0] = above[0];
	return above[0] != 0 ? 0 : deeper(here) + here[0];
}

static void overflow_stack(void)
{
	volatile char zero[1] = {0};

	deeper(zero);
}

static void give_up(void)
{
	abort();
}

static void leave(void)
{
	exit(3);
}

static const struct {
	const char *query;
	void (*crash)(void);
} ways[] = {
	{"null", touch_nothing}, {"stack", overflow_stack}, {"abort", give_up}, {"exit", leave}};

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	static const struct wsgi_header plain = {"Content-Type", "text/plain"};
	int rc = 0;

	(void)app;
	if (strcmp(value_of(env, "PATH_INFO"), "/late") == 0) {
		rc = start->respond(start, "200 OK", &plain, 1, NULL);
		if (rc == 0)
			rc = start->write(start, "half", 4);
	}
	for (size_t i = 0; rc == 0 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(ways[i].query, value_of(env, "QUERY_STRING")) == 0)
			ways[i].crash();
	if (rc == 0)
		rc = wsgi_reply(start, body, "200 OK", "text/plain", "alive\n");
	return rc;
}

struct wsgi_app application = {.call = call};
