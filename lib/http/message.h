#ifndef WSGI_HTTP_MESSAGE_H
#define WSGI_HTTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/span.h"
#include "wsgi/environ.h"

/* One header field of a request. */
struct wsgi_http_field {
	struct wsgi_span name, value;
};

/*
 * message - the head of an HTTP request as it stood on the wire, and the environ made of it.
 *
 * Owner    everything is borrowed.
 * Source   RFC 9110 and 9112; wsgiref/simple_server.py WSGIServer.setup_environ() and
 *          WSGIRequestHandler.get_environ().
 */
struct wsgi_http_message {
	const char *method;  /* "GET" */
	const char *target;  /* "/path?query", "http://host/path", "*" */
	const char *version; /* "HTTP/1.1" */
	const struct wsgi_http_field *fields;
	size_t fields_len;
	const char *remote_addr; /* "127.0.0.1"; "" for a unix socket */
};

/*
 * Whether a request must be refused because two readers could take it for different ones: more
 * than one Content-Length, one beside Transfer-Encoding, a transfer coding other than "chunked", a
 * name or a method that is no token, a NUL or a line end in a value, a blank or a control character
 * in the target, a target that is neither a path nor a URL (nor "*" of OPTIONS), more than one
 * Host, or none in HTTP/1.1; and CONNECT, which asks for a proxy. Returns 0, or the status to
 * answer, 400 or 501, and sets *why to static words for a log.
 * Source: RFC 9110, 5.5; RFC 9112, 3.2, 5.1, 6.1 and 6.3.
 */
int wsgi_http_refusal(const struct wsgi_http_message *m, const char **why);

/*
 * Whether a message is its head as it came, read line by line. libmicrohttpd ends each part of a
 * head by a NUL where it stands; 0.9.75 moves a folded line (obs-fold, RFC 9112, 5.2) to another
 * place, where it continues the *name*, and a NUL of the client ends a part, a line or even the
 * head early. So whatever is not put together of its parts and their separators alone, without a
 * gap, is another request to somebody in front of us.
 *   target   where m->target stands in the head; the bytes there may have changed since
 *   len      of the head that begins at m->method, the blank line included
 */
bool wsgi_http_is_as_it_came(const struct wsgi_http_message *m, const char *target, size_t len);

/* Whether the client waits for "100 Continue" before it sends the body. RFC 9110, 10.1.1. */
bool wsgi_http_expects_continue(const struct wsgi_http_message *m);

/*
 * setup_environ(): what is the same for all requests of a server.
 *   addr       where it listens: IPv4, IPv6 or a unix socket (then "localhost", the scheme's port)
 *   software   SERVER_SOFTWARE
 *   https      HTTPS is "on"
 * No name server is asked: SERVER_NAME is the address, or this host's name for "all addresses".
 * Returns 0 or -ENOMEM.
 */
int wsgi_http_setup_environ(struct wsgi_environ *base, const struct sockaddr *addr,
			    const char *software, bool https);

/*
 * get_environ(): set in env what base says, borrowed, and then the request's variables.
 * Beyond wsgiref: REQUEST_URI, the target as it came; names with "_" are dropped, because "X_A"
 * and "X-A" would be one variable and only the second is what a proxy in front checks.
 * HTTP_PROXY is a variable like any other here: this environ is not the process's environment, so
 * no library takes it for its proxy (httpoxy).
 * Returns 0 or -ENOMEM.
 */
int wsgi_http_get_environ(struct wsgi_environ *env, const struct wsgi_environ *base,
			  const struct wsgi_http_message *m);

#endif
