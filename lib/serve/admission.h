#ifndef WSGI_SERVE_ADMISSION_H
#define WSGI_SERVE_ADMISSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/log.h"
#include "proc/allow.h"

/*
 * admission - which peers are served, and a line in the log for those that are not: one a second
 * at most, so that nobody fills the log by knocking.
 *
 * Threads  wsgi_admission_ask() from any number of them.
 */
struct wsgi_admission {
	const struct wsgi_allow *allow; /* borrowed, as log */
	const struct wsgi_log *log;
	_Atomic int64_t said_ms; /* private, as below; 0: never */
	atomic_uint unsaid;
};

/* Whether peer, of a TCP socket, may be served. One that may not has been said. */
bool wsgi_admission_ask(struct wsgi_admission *a, const struct sockaddr *peer);

#endif
