#include "serve/colour.h"

#include <string.h>
#include <time.h>

#include "base/span.h"
#include "server/request_line.h"
#include "server/server.h"

/* ECMA-48, 8.3.117 SGR */
#define DIM "\033[2m"
#define CYAN "\033[36m"
#define YELLOW "\033[33m"
#define RED_BOLD "\033[1;31m"
#define PLAIN "\033[0m"

bool wsgi_colour_wanted(bool is_terminal, const char *term, const char *no_color)
{
	if (!is_terminal || (no_color != NULL && no_color[0] != '\0'))
		return false;
	return term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

static const char *colour_of(int status)
{
	switch (status / 100) {
	case 1:
	case 2:
		return "";
	case 3:
		return CYAN;
	case 4:
		return YELLOW;
	default:
		return RED_BOLD; /* 0, nothing was sent, is an error too */
	}
}

static size_t put(char *out, size_t at, struct wsgi_span text)
{
	memcpy(out + at, text.data, text.len);
	return at + text.len;
}

static size_t put_coloured(char *out, size_t at, const char *colour, struct wsgi_span text)
{
	if (colour[0] == '\0')
		return put(out, at, text);
	at = put(out, at, wsgi_span_of(colour));
	at = put(out, at, text);
	return put(out, at, wsgi_span_of(PLAIN));
}

/* client - - [time] "request" status bytes\n */
size_t wsgi_colour_line(const char *line, size_t len, int status, char *out)
{
	const char *end = line + len - 1; /* the newline stays outside of all colours */
	const char *time = memchr(line, '[', len), *after, *request;
	size_t at;

	after = time != NULL ? memchr(time, ']', (size_t)(end - time)) : NULL;
	request = after != NULL ? memchr(after, '"', (size_t)(end - after)) : NULL;
	if (request == NULL)
		return put(out, 0, (struct wsgi_span){line, len});
	after++;
	at = put(out, 0, (struct wsgi_span){line, (size_t)(time - line)});
	at = put_coloured(out, at, DIM, (struct wsgi_span){time, (size_t)(after - time)});
	at = put(out, at, (struct wsgi_span){after, (size_t)(request - after)});
	at = put_coloured(out, at, colour_of(status),
			  (struct wsgi_span){request, (size_t)(end - request)});
	return put(out, at, wsgi_span_of("\n"));
}

void wsgi_colour_log_request(struct wsgi_request_handler *r, int status, uint64_t body_bytes)
{
	char line[1024], coloured[sizeof(line) + WSGI_COLOUR_EXTRA];
	size_t len = wsgi_request_line(&r->environ, status, body_bytes, (long long)time(NULL), line,
				       sizeof(line));

	len = wsgi_colour_line(line, len, status, coloured);
	wsgi_request_line_write(wsgi_server_log(r->server), coloured, len);
}
