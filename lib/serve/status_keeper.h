#ifndef WSGI_SERVE_STATUS_KEEPER_H
#define WSGI_SERVE_STATUS_KEEPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/log.h"
#include "proc/board.h"
#include "proc/listener.h"
#include "proc/priv.h"
#include "serve/status_server.h"

/*
 * status_keeper - --status-socket, for the master: its socket, and the process that answers on it,
 * which is there as long as the master is.
 *
 * Shape    zeroed: there is none, and everything below is nothing.
 */
struct wsgi_status_keeper {
	struct wsgi_listener listener; /* all private */
	struct wsgi_status_server server;
	const struct wsgi_priv *priv;
	const struct wsgi_log *log;
	int board;       /* the descriptor of the one that the server has */
	int64_t next_ms; /* no other one is started before that */
};

/*
 * Listen, and look whether there is a program to answer.
 *   address     NULL: none is asked for
 *   left        a listener that is open at that address already, the keeper's from then on; its fd
 *               is -1: there is none
 *   priv, log   borrowed
 * Returns 0; -errno with words.
 */
int wsgi_status_keeper_open(struct wsgi_status_keeper *k, const char *address,
			    const struct wsgi_listener *left, const struct wsgi_priv *priv,
			    const struct wsgi_log *log, struct wsgi_error *err);

/* Log the address. */
void wsgi_status_keeper_say(const struct wsgi_status_keeper *k);

/* The socket, for the program that takes over (SIGUSR2); NULL: there is none. */
const struct wsgi_listener *wsgi_status_keeper_listener(const struct wsgi_status_keeper *k);

/* See to it that the server is there and reads this board; NULL: there is no board now. */
void wsgi_status_keeper_tend(struct wsgi_status_keeper *k, const struct wsgi_board *board,
			     int64_t now_ms);

/* When to tend next, for a reason that is not a new board; INT64_MAX: there is none. */
int64_t wsgi_status_keeper_next_ms(const struct wsgi_status_keeper *k);

/* A child has ended, as waitpid(2) says. Returns whether it was the server. */
bool wsgi_status_keeper_ended(struct wsgi_status_keeper *k, pid_t pid, int status, int64_t now_ms);

/* The logs are other files now: another server, that writes to them, takes over. */
void wsgi_status_keeper_renew(struct wsgi_status_keeper *k);

/* End the server, wait for that, which is within a second, and close the socket. */
void wsgi_status_keeper_close(struct wsgi_status_keeper *k);

/* In a child of the master's that execs nothing. */
void wsgi_status_keeper_forget(struct wsgi_status_keeper *k);

#endif
