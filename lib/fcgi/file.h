#ifndef WSGI_FCGI_FILE_H
#define WSGI_FCGI_FILE_H

#include "fcgi/conn.h"

/*
 * file - a regular file on its way to the web server, by sendfile(2), as records of STDOUT.
 *
 * Shape    a reader that is behind is waited for a little; what it has not taken then is left to
 *          the connection's outbox, and the thread is free.
 */
struct wsgi_fcgi_file {
	int fd; /* borrowed */
	off_t offset;
	uint64_t left;
	size_t part; /* of it, in the record whose head went out already; 0 at first */
};

/*
 * Send all of f, after the held bytes of the output that stand in c->worker->out behind room for a
 * record's head. f is moved past what was sent or left to the outbox.
 * Returns 0; -EIO when the file is shorter than it was: then the response is cut; -ETIMEDOUT;
 * -errno.
 */
int wsgi_fcgi_file_send(struct wsgi_fcgi_conn *c, struct wsgi_fcgi_file *f, size_t held);

#endif
