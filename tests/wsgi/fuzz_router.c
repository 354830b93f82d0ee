/* Any path through a router: the longest route that fits gets it, and the whole path stays. */
#include "wsgi/router.h"

#include "../fuzz.h"
#include "base/container.h"
#include "wsgi/body.h"

enum { ROUTES = 4, SEGMENTS = 140 };

/* A path's segments that name something: not "" and not ".". */
struct segments {
	struct wsgi_span list[SEGMENTS];
	size_t len;
};

static void add_segments(struct segments *s, struct wsgi_span path)
{
	size_t begin = 0;

	for (size_t i = 0; i <= path.len; i++) {
		struct wsgi_span one;

		if (i < path.len && path.data[i] != '/')
			continue;
		one = (struct wsgi_span){path.data + begin, i - begin};
		begin = i + 1;
		if (one.len == 0 || wsgi_span_is(one, "."))
			continue;
		must(s->len < SEGMENTS);
		s->list[s->len++] = one;
	}
}

static bool begins_with(const struct segments *path, const struct segments *route)
{
	for (size_t i = 0; i < route->len; i++)
		if (i >= path->len || !same(path->list[i], route->list[i]))
			return false;
	return true;
}

static struct wsgi_span value(const struct wsgi_environ *env, const char *name)
{
	struct wsgi_span s = {"", 0};

	wsgi_environ_find(env, name, &s);
	return s;
}

/* -- the applications -------------------------------------------------------------------------- */

struct mounted {
	struct wsgi_app app;
	const char *path; /* of its route; NULL: the fallback */
	const struct wsgi_environ *env;
	int calls;
};

static struct mounted apps[ROUTES + 1];

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	struct mounted *m = container_of(app, struct mounted, app);

	(void)start;
	m->calls++;
	m->env = env;
	*body = wsgi_bytes_body("x", 1);
	return *body != NULL ? 0 : -1;
}

/* SCRIPT_NAME and PATH_INFO are still the request's path; the route's segments are in the first. */
static void check_mounted(const struct mounted *m, const struct segments *whole)
{
	struct segments now = {0}, route = {0}, script = {0};

	add_segments(&script, value(m->env, "SCRIPT_NAME"));
	add_segments(&now, value(m->env, "SCRIPT_NAME"));
	add_segments(&now, value(m->env, "PATH_INFO"));
	add_segments(&route, wsgi_span_of(m->path));
	must(now.len == whole->len && begins_with(&now, whole));
	must(script.len == route.len + 1); /* "/front" stands before it */
}

static bool goes_up(const struct segments *s)
{
	for (size_t i = 0; i < s->len; i++)
		if (wsgi_span_is(s->list[i], ".."))
			return true;
	return false;
}

/* The place of the route that should have it; ROUTES: none. */
static size_t winner(const struct wsgi_route *routes, size_t len, const struct segments *path)
{
	size_t best = ROUTES, most = 0;

	for (size_t i = 0; i < len; i++) {
		struct segments route = {0};

		add_segments(&route, wsgi_span_of(routes[i].path));
		if (begins_with(path, &route) && (best == ROUTES || route.len > most)) {
			best = i;
			most = route.len;
		}
	}
	return best;
}

static void check(const struct wsgi_route *routes, size_t len, struct wsgi_span path)
{
	struct wsgi_environ env = {0};
	struct wsgi_start start = {0};
	struct wsgi_router router;
	struct wsgi_body *body;
	struct segments asked = {0}, whole = {0};
	size_t place;
	const void *data;
	size_t n;

	must(wsgi_environ_set(&env, "SCRIPT_NAME", "/front") == 0);
	must(wsgi_environ_set_span(&env, wsgi_span_of("PATH_INFO"), path) == 0);
	wsgi_router_init(&router, routes, len, &apps[ROUTES].app);
	must(router.app.call(&router.app, &env, &start, &body) == 0);
	must(body->next(body, &data, &n) == 1 && n == 1 && body->next(body, &data, &n) == 0);
	if (path.len == 0 || path.data[0] == '/')
		add_segments(&asked, path);
	place = winner(routes, len, &asked);
	for (size_t i = 0; i <= ROUTES; i++)
		must(apps[i].calls == (i == place));
	add_segments(&whole, wsgi_span_of("/front"));
	add_segments(&whole, path);
	if (place == ROUTES)
		must(same(value(apps[place].env, "PATH_INFO"), path));
	else if ((path.len == 0 || path.data[0] == '/') && !goes_up(&whole))
		check_mounted(&apps[place], &whole);
	must(same(value(&env, "PATH_INFO"), path)); /* the server's own is as it was */
	must(wsgi_body_close(body) == 0);
	wsgi_environ_finish(&env);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"/",  "/a",    "/a/b", "/a/b/c/", "",  "//a/./b",
					    "/b", "/\xc3", "/a/a", "/..",     "/x"};
	struct fuzz f = {data, size};
	const size_t len = fuzz_below(&f, ROUTES + 1);
	struct wsgi_route routes[ROUTES];
	struct wsgi_span path;

	for (size_t i = 0; i <= ROUTES; i++) {
		apps[i] = (struct mounted){.app = {.call = call}};
		if (i < len) {
			apps[i].path = paths[fuzz_below(&f, sizeof(paths) / sizeof(paths[0]))];
			routes[i] = (struct wsgi_route){apps[i].path, &apps[i].app};
		}
	}
	path = fuzz_span(&f, 120);
	check(routes, len, path);
	fuzz_free(path);
	return 0;
}
