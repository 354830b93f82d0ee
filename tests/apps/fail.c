/* Fails: at /words saying why, with markup in it; at /late when the headers are out; else mutely.
 */
#include "reply.h"

static int fail_words(struct wsgi_start *start)
{
	return wsgi_fail(start->failure, -EIO, "the <b>disk</b> is full");
}

static int fail_late(struct wsgi_start *start)
{
	static const struct wsgi_header plain = {"Content-Type", "text/plain"};
	int rc = start->respond(start, "200 OK", &plain, 1, NULL);

	if (rc == 0)
		rc = start->write(start, "half", 4);
	return rc == 0 ? -EIO : rc;
}

static int fail(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	const char *path = wsgi_environ_get(env, "PATH_INFO");

	(void)app;
	*body = NULL;
	if (path != NULL && strcmp(path, "/words") == 0)
		return fail_words(start);
	if (path != NULL && strcmp(path, "/late") == 0)
		return fail_late(start);
	return -EIO;
}

struct wsgi_app application = {.call = fail};
