#ifndef WSGI_PROC_ALLOW_H
#define WSGI_PROC_ALLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/error.h"

/*
 * allow - the peers that may connect to a TCP socket: addresses and networks.
 *
 * Shape    a list with commas: "127.0.0.1", "10.0.0.0/8", "::1", "fd00::/8". An IPv4 peer of an
 *          IPv6 socket (::ffff:10.0.0.1) is the IPv4 one, so that "::/0" does not hold it. The
 *          bits of a network's address behind its prefix do not matter. Names are not looked up.
 * Source   PHP-FPM's listen.allowed_clients; FCGI_WEB_SERVER_ADDRS, FastCGI Specification, 3.2.
 */
struct wsgi_allow {
	struct wsgi_allow_net *nets; /* len of them; private */
	size_t len;
};

/* Add a list. Returns 0; -EINVAL with words that name the address that is none; -ENOMEM. */
int wsgi_allow_add(struct wsgi_allow *a, const char *list, struct wsgi_error *err);

/*
 * Add what the environment says in FCGI_WEB_SERVER_ADDRS, where whoever started this process said
 * so. Errors as above, with the variable's name in front.
 */
int wsgi_allow_add_environment(struct wsgi_allow *a, struct wsgi_error *err);
void wsgi_allow_finish(struct wsgi_allow *a);

/* Whether peer may be served. Everybody where the list is empty, and on unix sockets. */
bool wsgi_allow_has(const struct wsgi_allow *a, const struct sockaddr *peer);

#endif
