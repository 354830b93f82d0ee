#ifndef WSGI_FILE_H
#define WSGI_FILE_H

#include "wsgi/app.h"

/*
 * file_body - FileWrapper: a body read from a descriptor block by block, or sent by sendfile.
 * Source   wsgiref/util.py FileWrapper.
 */
struct wsgi_file_body {
	struct wsgi_body body;
	struct wsgi_file file;
	char *block;
	size_t block_size;
	/* Called by close with the descriptor; NULL: the descriptor stays open. */
	void (*closed)(struct wsgi_file_body *f);
};

/*
 * A body over fd from its present offset (a regular file) or as it comes (anything else).
 *   block_size   bytes a chunk; 0 means wsgiref's 8192
 * A regular file is offered for sendfile; f->file.offset and len may be changed to send a part of
 * it. The body's close() frees what init allocated; after a failure there is nothing to close.
 * Returns 0; -ENOMEM; -errno of fstat.
 */
int wsgi_file_body_init(struct wsgi_file_body *f, int fd, size_t block_size);

#endif
