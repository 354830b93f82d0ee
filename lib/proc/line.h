#ifndef WSGI_PROC_LINE_H
#define WSGI_PROC_LINE_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

/*
 * line - what the master and a zygote, or the master and a worker, say to each other.
 *
 * Shape    a pair of SOCK_SEQPACKET (base/fdpass.h), one message a send. The end of the line is
 *          the end of the other process: without a master a zygote ends, and a worker does so
 *          as if told WSGI_LINE_STOP.
 */
enum wsgi_line_word {
	/* to a zygote */
	WSGI_LINE_SPAWN = 1, /* fork a worker for a place; with its end of a new line in it */
	/* to a zygote and to a worker */
	/*
	 * With the descriptors to write to from now on: standard error, and the access log where
	 * there is one.
	 */
	WSGI_LINE_LOGS,
	/* to a worker */
	WSGI_LINE_RETIRE, /* end; others go on: give them the connections that have no request */
	WSGI_LINE_STOP,   /* end; nobody goes on: serve what has come, close what is idle */
	/* from a zygote */
	WSGI_LINE_UP,      /* the interpreter runs; under --preload the application is loaded */
	WSGI_LINE_SPAWNED, /* pid has place; it is the master's child */
	WSGI_LINE_FAILED,  /* no worker could be forked for place: code is why, -errno */
	/* from a worker */
	WSGI_LINE_READY, /* the application is loaded; it serves */
	/* Have another, then retire me: code is 0 after enough requests, ENOMEM for the memory. */
	WSGI_LINE_REPLACE,
	/* from a worker, or from a zygote under --preload */
	WSGI_LINE_UNLOADED, /* the application cannot be loaded, code is the exit status */
	/* from a worker under --reload */
	WSGI_LINE_CHANGED, /* a source file of the application's has */
};

/* To a worker, and to a zygote that loads: write what each thread is doing to standard error. */
#define WSGI_LINE_DUMP_SIGNAL (SIGRTMIN + 1)

struct wsgi_line_message {
	uint32_t word;
	uint32_t place;
	uint32_t serial; /* of the spawn: a place is used again */
	int32_t pid;
	int32_t code;
};

/*
 * Say m, with n descriptors, which stay the sender's; where the line is full, wait until it is
 * not. Returns 0; -EPIPE or -ECONNRESET at its end; -errno.
 */
int wsgi_line_say(int line, const struct wsgi_line_message *m, const int *fds, size_t n);

/*
 * Hear what was said, with at most *n descriptors, and set *n to how many came.
 * Returns 1; 0 at the end of the line; -EAGAIN; -EBADMSG for what is no message, and -EMSGSIZE for
 * too many descriptors: the line goes on; -errno.
 */
int wsgi_line_hear(int line, struct wsgi_line_message *m, int *fds, size_t *n);

#endif
