#ifndef WSGI_PROC_LINE_H
#define WSGI_PROC_LINE_H

#include <stdint.h>
#include <sys/types.h>

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
	WSGI_LINE_LOGS, /* descriptors to write to from now on: standard error, the access log */
	/* to a worker */
	WSGI_LINE_RETIRE, /* end; others go on: give them the connections that have no request */
	WSGI_LINE_STOP,   /* end; nobody goes on: serve what has come, close what is idle */
	/* from a zygote */
	WSGI_LINE_UP,      /* the interpreter runs; under --preload the application is loaded */
	WSGI_LINE_SPAWNED, /* pid has place; it is the master's child */
	WSGI_LINE_FAILED,  /* no worker could be forked for place: code is why, -errno */
	/* from a worker */
	WSGI_LINE_READY,    /* the application is loaded; it serves */
	WSGI_LINE_REPLACE,  /* enough requests, or too much memory: have another one, then retire me
			     */
	WSGI_LINE_UNLOADED, /* the application cannot be loaded, code is the exit status */
};

struct wsgi_line_message {
	uint32_t word;
	uint32_t place;
	uint32_t serial; /* of the spawn: a place is used again */
	int32_t pid;
	int32_t code;
};

#endif
