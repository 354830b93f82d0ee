/* Breaks the rule of PEP 3333 that the query names; any other query is answered well. */
#include <errno.h>
#include <string.h>

#include "wsgi/body.h"

static const struct wsgi_header plain = {"Content-Type", "text/plain"};

static int starts_twice(struct wsgi_start *start)
{
	int rc = start->respond(start, "200 OK", &plain, 1, NULL);

	return rc == 0 ? start->respond(start, "200 OK", &plain, 1, NULL) : rc;
}

static int gives_no_type(struct wsgi_start *start)
{
	return start->respond(start, "200 OK", NULL, 0, NULL);
}

/* Seen only when the headers are out. */
static int is_short(struct wsgi_start *start)
{
	const struct wsgi_header headers[] = {plain, {"Content-Length", "100"}};

	return start->respond(start, "200 OK", headers, 2, NULL);
}

static int answers(struct wsgi_start *start)
{
	return start->respond(start, "200 OK", &plain, 1, NULL);
}

static const struct {
	const char *query;
	int (*start)(struct wsgi_start *start);
} ways[] = {{"twice", starts_twice}, {"type", gives_no_type}, {"short", is_short}};

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	const char *query = wsgi_environ_get(env, "QUERY_STRING");
	int (*begin)(struct wsgi_start * s) = answers;
	int rc;

	(void)app;
	for (size_t i = 0; query != NULL && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(ways[i].query, query) == 0)
			begin = ways[i].start;
	rc = begin(start);
	if (rc != 0)
		return rc;
	*body = wsgi_bytes_body("well", 4);
	return *body != NULL ? 0 : -ENOMEM;
}

struct wsgi_app application = {.call = call};
