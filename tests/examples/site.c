/*
 * A site put together of applications: a router over two, a page for the rest, all compressed.
 *
 *	cc -shared -fPIC -o site.so site.c $(pkg-config --cflags --libs libwsgi)
 *	wsgi-serve ./site.so
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wsgi.h>

static int index_page(struct wsgi_app *app, const struct wsgi_environ *env,
		      struct wsgi_start *start, struct wsgi_body **body)
{
	const char *path = wsgi_environ_get(env, "PATH_INFO");

	(void)app;
	if (path != NULL && path[0] != '\0' && strcmp(path, "/") != 0)
		return wsgi_reply(start, body, "404 Not Found", "text/plain", "not found\n");
	return wsgi_reply(start, body, "200 OK", "text/html; charset=utf-8",
			  "<!DOCTYPE html>\n<title>Site</title>\n"
			  "<a href=\"numbers/20\">Numbers</a> <a href=\"demo\">Demo</a>\n");
}

enum { LINE_SIZE = 24 };

/* An iterator: the numbers are made as they are sent, a block at a time. */
struct numbers {
	struct wsgi_body body;
	unsigned long at, end;
	char block[4096];
};

static int next_number(struct wsgi_body *body, const void **data, size_t *len)
{
	struct numbers *n = container_of(body, struct numbers, body);

	*data = n->block;
	*len = 0;
	while (n->at < n->end && *len < sizeof(n->block) - LINE_SIZE)
		*len += (size_t)snprintf(n->block + *len, LINE_SIZE, "%lu\n", n->at++);
	return *len > 0;
}

static int close_numbers(struct wsgi_body *body)
{
	free(container_of(body, struct numbers, body));
	return 0;
}

/* Its own PATH_INFO is what follows /numbers: "/20" is the numbers below 20. */
static int numbers(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		   struct wsgi_body **body)
{
	static const struct wsgi_header type = {"Content-Type", "text/plain"};
	const char *path = wsgi_environ_get(env, "PATH_INFO");
	struct numbers *n = calloc(1, sizeof(*n));
	int rc;

	(void)app;
	if (n == NULL)
		return -ENOMEM;
	n->body = (struct wsgi_body){.next = next_number, .close = close_numbers};
	n->end = path[0] == '/' && path[1] != '\0' ? strtoul(path + 1, NULL, 10) : 100;
	rc = start->respond(start, "200 OK", &type, 1, NULL);
	if (rc == 0)
		*body = &n->body;
	else
		free(n);
	return rc;
}

static struct wsgi_app index_app = {.call = index_page}, numbers_app = {.call = numbers};
static struct wsgi_route routes[] = {{"/numbers", &numbers_app}, {"/demo", NULL}};
static struct wsgi_router router;

/* A gateway takes it for the struct wsgi_app that it begins with. */
struct wsgi_gzip application;

__attribute__((constructor)) static void put_together(void)
{
	routes[1].app = wsgi_demo_app();
	wsgi_router_init(&router, routes, 2, &index_app);
	wsgi_gzip_init(&application, &router.app);
}
