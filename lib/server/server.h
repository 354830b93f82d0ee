#ifndef WSGI_SERVER_H
#define WSGI_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/decls.h"
#include "base/error.h"
#include "base/log.h"
#include "server/request_handler.h"
#include "wsgi/app.h"

WSGI_BEGIN_DECLS

/*
 * server - WSGIServer: an HTTP/1.1 server for one application, in the program that makes it.
 *
 * Shape    made with its socket bound and listening; served by serve_forever() or, one request a
 *          call, by handle_request(). HTTP is libmicrohttpd's.
 * Owner    the server owns its socket; app, handler_class, log and software are borrowed for as
 *          long as it lives.
 * Threads  serve_forever() and handle_request() run in one thread at a time; shutdown() may be
 *          called from any other, and from a signal handler. With threads > 1 the application is
 *          called by several threads at once, and wsgi.multithread says so.
 * Errors   0 or -errno, with words in err. A client's errors are answered and logged.
 * Source   wsgiref/simple_server.py.
 */
struct wsgi_server;

struct wsgi_server_config {
	/*
	 * "HOST:PORT", "[IPV6]:PORT", ":PORT" (all IPv4 addresses; "[::]:PORT": of both kinds),
	 * "unix:PATH"; port 0: any free one; "fd://N": a listening socket on descriptor N
	 */
	const char *address;
	int fd; /* when address is NULL: as fd://N; the server's, once that is created */
	struct wsgi_app *app;                                 /* may be set later */
	const struct wsgi_request_handler_ops *handler_class; /* NULL: WSGIRequestHandler's own */
	void *ctx;            /* for handler_class; the server does not look at it */
	const char *software; /* SERVER_SOFTWARE and the header Server; NULL: "libwsgi/VERSION" */
	unsigned threads;     /* requests served at a time, 1024 at most; 0: 1 */
	int backlog;          /* of the listen queue; 0: 511, Apache's */
	int grace_ms;         /* for requests under way at shutdown(); 0: 10000 */
	/*
	 * shutdown() ends the server: the socket is closed at once, so that clients that come while
	 * requests are finished are refused and can go elsewhere; those that wait in its queue are
	 * let in first. False: they wait for the next serve_forever(), or are reset by destroy.
	 */
	bool close_at_shutdown;
	const char *certfile; /* PEM, the chain with it: HTTPS; NULL: HTTP */
	const char *keyfile;  /* PEM; NULL: the key is in certfile */
	/* Where its lines, those of requests and wsgi.errors go; NULL: standard error */
	const struct wsgi_log *log;
};

/* All of them as they are when they are not given; fd is -1. */
extern const struct wsgi_server_config wsgi_server_default_config;

/*
 * Bind and listen.
 * Sets *server, to be freed by wsgi_server_destroy(). Returns 0; -EINVAL for an address that is
 * none, a number out of its range, a certificate or a key that is none, or two that do not belong
 * together; -EADDRINUSE,
 * -EACCES, -ENOENT and other -errno of the socket or the files; -ENOTSUP where libmicrohttpd has no
 * TLS; -ENOMEM.
 */
int wsgi_server_create(struct wsgi_server **server, const struct wsgi_server_config *config,
		       struct wsgi_error *err);

/*
 * make_server(host, port, app): create with the default configuration.
 *   host   a name or an address, IPv6 without brackets; "" or NULL: all IPv4 addresses; "::": all
 *   port   0: any that is free; wsgi_server_address() says which
 */
int wsgi_make_server(struct wsgi_server **server, const char *host, unsigned port,
		     struct wsgi_app *app, struct wsgi_error *err);

/* server_close(): free the server and its socket. No request is being served. NULL is fine. */
void wsgi_server_destroy(struct wsgi_server *server);

/* set_app(), get_app(): the application of requests that begin from now on; borrowed. */
void wsgi_server_set_app(struct wsgi_server *server, struct wsgi_app *app);
struct wsgi_app *wsgi_server_get_app(const struct wsgi_server *server);

/* Where it listens: "127.0.0.1:8000", "[::1]:8000", "unix:/run/s.sock"; borrowed. */
const char *wsgi_server_address(const struct wsgi_server *server);

/* config->ctx. */
void *wsgi_server_ctx(const struct wsgi_server *server);

/* config->log, or the server's own for standard error; borrowed. */
const struct wsgi_log *wsgi_server_log(const struct wsgi_server *server);

/*
 * Serve until shutdown(); requests that have begun are answered before it returns, for grace_ms
 * at most; those left then are cut off. It may be called again, if the socket is not closed.
 * Returns 0; -EDEADLK when a thread is still inside the application after that: it cannot be
 * called again, wsgi_server_destroy() frees no more than the socket, and the process should end by
 * _exit(); -errno.
 */
int wsgi_server_serve_forever(struct wsgi_server *server, struct wsgi_error *err);

/*
 * Wait for a connection and serve one request of it, in another thread, whole before it returns.
 * Source: socketserver.BaseServer.handle_request().
 *   timeout_ms   to wait for the connection; -1: for ever. One that stays silent ends after 60 s
 * Returns 1, also when no request came on the connection; 0: there was none, or shutdown() was
 * called before; -EDEADLK as serve_forever(); -errno.
 */
int wsgi_server_handle_request(struct wsgi_server *server, int timeout_ms, struct wsgi_error *err);

/*
 * Make serve_forever() or handle_request() return, now or as soon as it is called. In a child that
 * was forked while the server served it does nothing.
 */
void wsgi_server_shutdown(struct wsgi_server *server);

WSGI_END_DECLS

#endif
