#ifndef WSGI_HTTP_SERVER_H
#define WSGI_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/log.h"
#include "http/request.h"
#include "http/tls.h"

/*
 * server - HTTP/1.1 on a listening socket, by libmicrohttpd; or one request of one connection.
 *
 * Shape    one thread of libmicrohttpd moves the bytes of all connections; `threads` others serve
 *          the requests, each of which may block. Bodies stream both ways in bounded memory: the
 *          side that is ahead is suspended. An idle connection holds no thread.
 * Errors   what is malformed is answered here (400, 413, 431, 501) and never served.
 * Source   wsgiref/simple_server.py; RFC 9112.
 */
struct wsgi_http_server;

struct wsgi_http_limits {
	unsigned threads;     /* requests served at a time; others wait */
	unsigned connections; /* more wait in the listen queue */
	unsigned idle_s;      /* a client that moves no byte for so long is dropped */
	size_t head_bytes;    /* of a request's line and fields; more: 414 or 431 */
	uint64_t spool_bytes; /* of a body kept in a file; more: the connection is closed */
};
extern const struct wsgi_http_limits wsgi_http_default_limits;

struct wsgi_http_ops {
	/* Serve one request: read req->input, write req->output. */
	void (*serve)(void *ctx, struct wsgi_http_request *req);
	/* Optional, together: around each wait for the client while serve runs. */
	void (*leave)(void *ctx);
	void (*enter)(void *ctx);
	/* Optional: the last thing that a thread that has served, or might have, does. */
	void (*thread_ends)(void *ctx);
	/* For a single connection: it is closed, and each serve has returned. */
	void (*ended)(void *ctx);
};

struct wsgi_http_config {
	int fd; /* a listening socket: IPv4, IPv6 or unix */
	/* Accept nothing: one connection will be added, and one request of it is served. */
	bool single;
	const char *software; /* the header Server and SERVER_SOFTWARE: "wsgi-serve/0.1" */
	struct wsgi_http_limits limits;
	const struct wsgi_tls *tls; /* NULL: plain HTTP */
	const struct wsgi_http_ops *ops;
	void *ctx;
	const struct wsgi_log *log;
};

/*
 * Begin to serve. What config points to is borrowed, and the socket.
 * Returns 0; -errno with words in err.
 */
int wsgi_http_server_create(struct wsgi_http_server **server, const struct wsgi_http_config *config,
			    struct wsgi_error *err);

/*
 * Serve a single server's connection, which was accepted from config->fd.
 *   fd   the server's from now on, also on failure
 * Returns 0: ops->ended will be called; -errno.
 */
int wsgi_http_server_add(struct wsgi_http_server *server, int fd, const struct sockaddr *addr,
			 socklen_t len);

/* Accept no more. The listening socket is the caller's alone afterwards. Part of a stop. */
void wsgi_http_server_quiesce(struct wsgi_http_server *server);

/*
 * Accept no more, hear those out who have just connected, wait until all requests that have begun
 * are answered, grace_ms at most, and cut the others off. Returns how many those are. Called once,
 * before destroy.
 */
unsigned wsgi_http_server_stop(struct wsgi_http_server *server, int grace_ms);

/* Wait until each serve has returned, wait_ms at most. Returns how many have not. */
unsigned wsgi_http_server_await(struct wsgi_http_server *server, int wait_ms);

/* Cut what is still being answered, wait for each serve to return, and free the server. */
void wsgi_http_server_destroy(struct wsgi_http_server *server);

/*
 * Around a fork() in the thread that forks: hold before, then go_on in the parent, forget in the
 * child. There the connections are closed: no request reads or writes anything. The listening
 * socket is left to whose it is.
 */
void wsgi_http_server_hold(struct wsgi_http_server *server);
void wsgi_http_server_go_on(struct wsgi_http_server *server);
void wsgi_http_server_forget(struct wsgi_http_server *server);

#endif
