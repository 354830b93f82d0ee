#ifndef WSGI_SERVER_INSTANCE_H
#define WSGI_SERVER_INSTANCE_H

#include <stdbool.h>

#include "http/server.h"
#include "proc/listener.h"
#include "server/server.h"

/* instance - what a wsgi_server is made of; private to this folder. */
struct wsgi_server {
	struct wsgi_server_config config; /* with its defaults filled in */
	struct wsgi_log own_log;
	struct wsgi_listener listener;
	struct wsgi_tls tls;           /* empty: plain HTTP */
	struct wsgi_app *app;          /* set and read atomically */
	struct wsgi_fd_errors errors;  /* wsgi.errors */
	int stop_fd;                   /* an eventfd: shutdown() was called */
	int ended_fd;                  /* an eventfd: handle_request()'s connection has ended */
	struct wsgi_http_server *http; /* NULL: it does not serve */
	bool stuck;                    /* a thread did not come back from the application */
	struct wsgi_server *next;      /* server/serving.h */
};

#endif
