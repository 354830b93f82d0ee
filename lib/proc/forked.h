#ifndef WSGI_PROC_FORKED_H
#define WSGI_PROC_FORKED_H

#include <stdbool.h>

/*
 * forked - an application's own fork(): the child gets none of the server's descriptors, answers
 * nothing, and never becomes a second server.
 *
 * Only fork() comes here: a program that is started (posix_spawn, Python's subprocess) keeps
 * nothing that is close-on-exec anyway.
 */
struct wsgi_forked_ops {
	/* In the parent, around the fork: optional, together. */
	void (*before)(void *ctx);
	void (*after)(void *ctx);
	/* In the child, in the thread that forked, which is the only one there. */
	void (*child)(void *ctx);
};

/* Call ops at each fork from now on, until a NULL takes its place. Returns 0 or -ENOMEM. */
int wsgi_forked_watch(const struct wsgi_forked_ops *ops, void *ctx);

/* Whether this process is such a child. */
bool wsgi_forked(void);

#endif
