/* The kind of response that the query names; any other query is a plain 200. */
#include <stdio.h>

#include "reply.h"

static const struct wsgi_header plain = {"Content-Type", "text/plain"};

static const struct wsgi_header moved[] = {{"Location", "http://localhost/new?a=b"},
					   {"Content-Type", "text/plain"}};
static const struct wsgi_header cookies[] = {{"Content-Type", "text/plain"},
					     {"Set-Cookie", "a=1; Path=/"},
					     {"Set-Cookie", "b=2; Path=/"}};

static const struct {
	const char *query, *status;
	const struct wsgi_header *headers;
	size_t n;
	const char *text;
} kinds[] = {
	{"204", "204 No Content", NULL, 0, ""},
	{"304", "304 Not Modified", NULL, 0, ""},
	{"301", "301 Moved Permanently", moved, 2, "moved\n"},
	{"404", "404 Not Found", &plain, 1, "not here\n"},
	{"500", "500 Internal Server Error", &plain, 1, "the application's own\n"},
	{"299", "299 Fine, and More", &plain, 1, "fine\n"},
	{"empty", "200 OK", &plain, 1, ""},
	{"cookies", "200 OK", cookies, 3, "two cookies\n"},
	{"plain", "200 OK", &plain, 1, "plain\n"},
};

/* A body that is written, of a length nobody knows. */
static int written(struct wsgi_start *start, struct wsgi_body **body)
{
	int rc = start->respond(start, "200 OK", &plain, 1, NULL);

	if (rc == 0)
		rc = start->write(start, "written\n", 8);
	if (rc == 0)
		rc = start->write(start, "\n\r\n\x1a\0.\r", 7);
	if (rc != 0)
		return rc;
	*body = wsgi_bytes_body("given", 5);
	return *body != NULL ? 0 : -ENOMEM;
}

/* A hundred headers, and one of 8000 bytes. */
static int many(struct wsgi_start *start, struct wsgi_body **body)
{
	enum { N = 100 };
	static char names[N][16], value[8001];
	struct wsgi_header headers[N + 2] = {plain};

	memset(value, 'v', sizeof(value) - 1);
	for (int i = 0; i < N; i++) {
		snprintf(names[i], sizeof(names[i]), "X-Many-%d", i);
		headers[i + 1] = (struct wsgi_header){names[i], "1"};
	}
	headers[N + 1] = (struct wsgi_header){"X-Long", value};
	return wsgi_reply_bytes(start, body, "200 OK", headers, N + 2, "many\n", 5);
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	const char *query = value_of(env, "QUERY_STRING");
	size_t i = 0;

	(void)app;
	if (strcmp(query, "written") == 0)
		return written(start, body);
	if (strcmp(query, "many") == 0)
		return many(start, body);
	while (i + 1 < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[i].query, query) != 0)
		i++;
	return wsgi_reply_bytes(start, body, kinds[i].status, kinds[i].headers, kinds[i].n,
				kinds[i].text, strlen(kinds[i].text));
}

struct wsgi_app application = {.call = call};
