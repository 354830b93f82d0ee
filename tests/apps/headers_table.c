/* Lists of headers by their number, which is the query. */
#include <stdio.h>

#include "steps.h"

enum { MANY = 300, LONG_VALUE = 56, LONG_NAME = 57, MANY_HEADERS = 58 };

/*
 * As in steps.h. A number without a text is for what C cannot say, as it is no list of pairs of
 * strings; or for what is too long to stand here.
 */
static const char *const table[] = {
	"",
	"Content-Type=text/plain",
	"X-B=1:X-A=2:Content-Type=text/plain",
	"Set-Cookie=a%3D1:Content-Type=text/plain:Set-Cookie=b%3D2:set-cookie=c%3D3",
	"x-LoWeR=MiXed",
	"X-Empty=",
	"X-Space=  lead and trail  ",
	"X-Tab=a\tb",
	"X-Latin=caf%E9 %FF",
	[11] = "X-N%E4me=v",
	[13] = "X Space=v",
	"X%3AColon=v",
	"=empty name",
	"X_Under=v",
	"X-Dash-=v",
	"(paren)=v",
	"X-C1=a%80%9Fb",
	"Status=500 Fake",
	"status=404 x:Content-Type=text/plain",
	"Location=/elsewhere",
	"Date=today",
	"Server=me",
	"Content-Length=12",
	"content-length=12",
	"CONTENT-LENGTH=12",
	"Content-Length=5",
	"Content-Length=500",
	"Content-Length=abc",
	"Content-Length=",
	"Content-Length=-1",
	"Content-Length=12:Content-Length=12",
	"Content-Length=12:Content-Length=13",
	"Content-Length=0",
	"Content-Length= 12 ",
	[59] = "HTTP/1.1 200 OK=v",
	"X-Quote=\"a\", \\\\ 'b'",
	"X-Pct=%25s %25d %25%25",
	"X-Nl=a\\nb",
	"WWW-Authenticate=Basic realm%3D\"r\":Link=<a>%3B rel%3Db:Vary=*:ETag=W/\"1\""
	":Content-Type=text/plain",
	"Set-Cookie2=x:Cookie=y:Host=z:Expect=100-continue:Content-Encoding=gzip:Trailer=X",
};

/* One header, with n times c behind its name or its value. */
static int reply_long(struct wsgi_start *start, struct wsgi_body **body, size_t n, char c)
{
	char *text = malloc(n + 3);
	struct wsgi_header header = {"X-Long", text};
	int rc;

	if (text == NULL)
		return -ENOMEM;
	memset(text, c, n + 2);
	text[n + 2] = '\0';
	if (c == 'n')
		header = (struct wsgi_header){memcpy(text, "X-", 2), "v"};
	else
		text[n] = '\0';
	rc = wsgi_reply_bytes(start, body, "200 OK", &header, 1, "headers body", 12);
	free(text);
	return rc;
}

static int reply_many(struct wsgi_start *start, struct wsgi_body **body)
{
	char texts[MANY][2][8];
	struct wsgi_header headers[MANY];

	for (int i = 0; i < MANY; i++) {
		snprintf(texts[i][0], sizeof(texts[i][0]), "X-%d", i);
		snprintf(texts[i][1], sizeof(texts[i][1]), "v%d", i);
		headers[i] = (struct wsgi_header){texts[i][0], texts[i][1]};
	}
	return wsgi_reply_bytes(start, body, "200 OK", headers, MANY, "headers body", 12);
}

static int reply_row(const char *row, const struct wsgi_environ *env, struct wsgi_start *start,
		     struct wsgi_body **body)
{
	char text[256];

	snprintf(text, sizeof(text), "S:200 OK:0:%s;B:L;C:headers body", row);
	return steps_call(text, env, start, body);
}

static int call(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		struct wsgi_body **body)
{
	const size_t i = strtoul(value_of(env, "QUERY_STRING"), NULL, 10);

	(void)app;
	if (i == LONG_VALUE)
		return reply_long(start, body, 70000, 'v');
	if (i == LONG_NAME)
		return reply_long(start, body, 5000, 'n');
	if (i == MANY_HEADERS)
		return reply_many(start, body);
	if (i >= sizeof(table) / sizeof(table[0]) || table[i] == NULL)
		return wsgi_fail(start->failure, -EINVAL, "no such list in C");
	return reply_row(table[i], env, start, body);
}

struct wsgi_app application = {.call = call};
