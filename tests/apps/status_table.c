/* Statuses by their number, which is the query. */
#include "reply.h"

/* A number without one is for a status that C cannot say, as None is, or "200 \u20ac". */
static const char *const table[] = {
	"200 OK",
	"404 Not Found",
	"200 ",
	"200  two spaces",
	"200 OK ",
	"999 Odd",
	"000 Zero",
	"100 Continue",
	"200",
	"200OK",
	"20 OK",
	"2000 OK",
	"abc OK",
	"",
	" ",
	"200\tOK",
	" 200 OK",
	"-20 OK",
	"+20 OK",
	"2.0 OK",
	"200 \xdcn\xef\x63ode",
	[23] = "\xb2\xb2\xb2 superscripts",
	[31] = "204 No Content",
	"304 Not Modified",
	"301 Moved",
	"418 I am a teapot: short & stout; \"quoted\"",
	"200 long",
	"1e2 OK",
	"0x1 OK",
	"2 0 OK",
	"200-OK",
};

enum { LONG = 35, LONG_LEN = 70000 };

static const char *long_status(void)
{
	static char status[LONG_LEN + 5] = "200 ";

	memset(status + 4, 'x', LONG_LEN);
	return status;
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	const size_t i = strtoul(value_of(env, "QUERY_STRING"), NULL, 10);
	const char *status = i < sizeof(table) / sizeof(table[0]) ? table[i] : NULL;

	(void)app;
	if (status == NULL)
		return wsgi_fail(start->failure, -EINVAL, "no status in C");
	return wsgi_reply(start, body, i == LONG ? long_status() : status, "text/plain",
			  "status body");
}

struct wsgi_app application = {.call = call};
