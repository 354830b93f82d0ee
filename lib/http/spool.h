#ifndef WSGI_HTTP_SPOOL_H
#define WSGI_HTTP_SPOOL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

/* So many bytes are kept in memory; what comes on top goes to a temporary file without a name. */
enum { WSGI_SPOOL_MEMORY = 256 * 1024 };

/*
 * spool - a queue of bytes: first in, first out. Who must bound it asks for its length first.
 *
 * Shape    the oldest bytes are in memory, the rest in the file.
 * Errors   0 or -errno of the file system.
 */
struct wsgi_spool {
	struct wsgi_buf mem; /* mem.data[at..len) is queued; private, as all of it */
	size_t at;
	int fd; /* -1: no file yet */
	off_t head, tail;
};

void wsgi_spool_init(struct wsgi_spool *s);
void wsgi_spool_finish(struct wsgi_spool *s);

/* How many bytes are queued. */
uint64_t wsgi_spool_len(const struct wsgi_spool *s);

/* Queue len bytes. Returns 0; -ENOMEM; -errno. */
int wsgi_spool_add(struct wsgi_spool *s, const void *data, size_t len);

/* Take up to len bytes out: their count, 0 when none is queued; -errno. */
ssize_t wsgi_spool_take(struct wsgi_spool *s, void *buf, size_t len);

#endif
