#include "wsgi/router.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "wsgi/body.h"
#include "wsgi/uri.h"

/* -- which route fits -------------------------------------------------------------------------- */

/* Take the next segment off path that is neither empty nor "."; at the end an empty one. */
static struct wsgi_span next_segment(struct wsgi_span *path)
{
	struct wsgi_span segment = {0};

	while (path->len > 0) {
		const char *slash = memchr(path->data, '/', path->len);

		segment = (struct wsgi_span){
			.data = path->data,
			.len = slash != NULL ? (size_t)(slash - path->data) : path->len,
		};
		path->data += slash != NULL ? segment.len + 1 : segment.len;
		path->len -= slash != NULL ? segment.len + 1 : segment.len;
		if (segment.len > 0 && !wsgi_span_is(segment, "."))
			return segment;
	}
	return (struct wsgi_span){0};
}

static bool same(struct wsgi_span a, struct wsgi_span b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* How many segments of path the route has; -1 when they are not its first. */
static int fits(const struct wsgi_route *route, struct wsgi_span path)
{
	struct wsgi_span left = wsgi_span_of(route->path), segment;
	int n = 0;

	while ((segment = next_segment(&left)).len > 0) {
		if (!same(segment, next_segment(&path)))
			return -1;
		n++;
	}
	return n;
}

/* The route that wins, with its segments in *n; NULL when none fits. */
static const struct wsgi_route *find(const struct wsgi_router *r, const struct wsgi_environ *env,
				     int *n)
{
	const struct wsgi_route *found = NULL;
	struct wsgi_span path = {0};

	*n = -1;
	wsgi_environ_find(env, "PATH_INFO", &path);
	if (path.len > 0 && path.data[0] != '/')
		path.len = 0; /* PEP 3333 has no such path: whatever it names, it is no segment */
	for (size_t i = 0; i < r->len; i++) {
		const int segments = fits(&r->routes[i], path);

		if (segments > *n) {
			found = &r->routes[i];
			*n = segments;
		}
	}
	return found;
}

/* -- a request on its way through -------------------------------------------------------------- */

/* The application's body, and the environ that it may look at for as long as it likes. */
struct mounted {
	struct wsgi_body body;
	struct wsgi_body *inner;
	struct wsgi_environ env;
};

static int next(struct wsgi_body *body, const void **data, size_t *len)
{
	struct wsgi_body *inner = container_of(body, struct mounted, body)->inner;

	return inner->next(inner, data, len);
}

static int count(struct wsgi_body *body, size_t *chunks)
{
	struct wsgi_body *inner = container_of(body, struct mounted, body)->inner;

	return inner->count(inner, chunks);
}

static void destroy(struct mounted *m)
{
	wsgi_environ_finish(&m->env);
	free(m);
}

static int close_mounted(struct wsgi_body *body)
{
	struct mounted *m = container_of(body, struct mounted, body);
	int rc = wsgi_body_close(m->inner);

	destroy(m);
	return rc;
}

/* An environ whose first n segments have been shifted. NULL: no memory. */
static struct mounted *mount(const struct wsgi_environ *env, int n)
{
	struct mounted *m = calloc(1, sizeof(*m));
	struct wsgi_buf segment = {0};
	int rc;

	if (m == NULL)
		return NULL;
	rc = wsgi_environ_copy(&m->env, env);
	for (int i = 0; i < n && rc >= 0; i++)
		rc = wsgi_shift_path_info(&m->env, &segment);
	wsgi_buf_finish(&segment);
	if (rc >= 0)
		return m;
	destroy(m);
	return NULL;
}

static int call_mounted(struct wsgi_app *app, const struct wsgi_environ *env, int n,
			struct wsgi_start *start, struct wsgi_body **body)
{
	struct mounted *m = mount(env, n);
	int rc;

	if (m == NULL)
		return -ENOMEM;
	rc = app->call(app, &m->env, start, &m->inner);
	if (rc != 0 || m->inner == NULL) { /* no body: the server has a word for that */
		destroy(m);
		return rc;
	}
	m->body = (struct wsgi_body){
		.next = next,
		.close = close_mounted,
		.count = m->inner->count != NULL ? count : NULL,
		.eager = m->inner->eager,
		.file = m->inner->file,
	};
	*body = &m->body;
	return 0;
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	const struct wsgi_router *r = container_of(app, struct wsgi_router, app);
	const struct wsgi_route *route;
	int segments;

	route = find(r, env, &segments);
	if (route != NULL)
		return call_mounted(route->app, env, segments, start, body);
	if (r->fallback != NULL)
		return r->fallback->call(r->fallback, env, start, body);
	return wsgi_reply(start, body, "404 Not Found", "text/plain", "Not Found\n");
}

void wsgi_router_init(struct wsgi_router *r, const struct wsgi_route *routes, size_t len,
		      struct wsgi_app *fallback)
{
	*r = (struct wsgi_router){
		.app = {.call = call}, .routes = routes, .len = len, .fallback = fallback};
}
