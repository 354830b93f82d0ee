#ifndef WSGI_PROC_SIGNALS_H
#define WSGI_PROC_SIGNALS_H

#include <signal.h>

#include "base/error.h"

/*
 * signals - signals as something that is read: signalfd(2).
 *
 * Shape    those of a process manager, TERM INT QUIT HUP USR1 USR2 TTIN TTOU CHLD, are blocked and
 *          come from fd, one a read; SIGPIPE is ignored.
 * Exec     they stay blocked in a program that this process becomes, so that none is lost; open
 *          there knows them for its own, and does not hand that on to children.
 * Children call wsgi_signals_leave() or wsgi_signals_close() after a fork.
 */
struct wsgi_signals {
	int fd;        /* to be polled for; -1: none */
	sigset_t mask; /* these two as children get them */
	void (*on_sigpipe)(int);
};

/*
 *   after_exec   whether the program before this one, in the same process, had them open
 * Returns 0; -errno with words in err.
 */
int wsgi_signals_open(struct wsgi_signals *s, int after_exec, struct wsgi_error *err);

/* The next one that has come; 0: none. */
int wsgi_signals_next(const struct wsgi_signals *s);

/*
 * In a child that will say for itself what it does about them: close fd, and let them stay blocked
 * until it lets them come. Sent to the whole group they would end it before that.
 */
void wsgi_signals_leave(struct wsgi_signals *s);

/* Close fd, and let signals come as they did before open. */
void wsgi_signals_close(struct wsgi_signals *s);

#endif
