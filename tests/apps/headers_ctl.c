/* Control characters in a header, by the number of the query. */
#include "reply.h"

/* Without those that have a NUL, which no string in C can hold. */
static const struct wsgi_header table[] = {
	{"X-A", "v\r\nX-Injected: 1"},
	{"X-A", "v\nX-Injected: 1"},
	{"X-A", "v\rX-Injected: 1"},
	{"X-A", "v\r\n\r\n<script>"},
	{"X-A", "v\r\n folded"},
	{"X-A\r\nX-Injected", "1"},
	{"X-A\nX-Injected", "1"},
	{"X-A: 1\r\nX-B", "2"},
	{"X-A", "\r\n"},
	{"X-A", "\n"},
	[12] = {"X-A", "del\x7f"},
	{"X-A", "esc\x1b"},
	{"X-A", "vt\v ff\f"},
	{"X-A\t", "v"},
	{"\r\n", "v"},
	{"Location", "/x\r\nSet-Cookie: evil=1"},
	{"Content-Length", "5\r\nX-Injected: 1"},
	{"X-A", "v\r\nStatus: 500 Injected"},
	{"X-A", "tail\r"},
};

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	const size_t i = strtoul(value_of(env, "QUERY_STRING"), NULL, 10);

	(void)app;
	if (i >= sizeof(table) / sizeof(table[0]) || table[i].name == NULL)
		return wsgi_fail(start->failure, -EINVAL, "no header in C");
	return wsgi_reply_bytes(start, body, "200 OK", &table[i], 1, "ctl headers", 11);
}

struct wsgi_app application = {.call = call};
