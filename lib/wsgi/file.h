#ifndef WSGI_FILE_H
#define WSGI_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/decls.h"
#include "wsgi/app.h"

WSGI_BEGIN_DECLS

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
 * it. Once it has ended it is not read again. *f points into itself: it is not copied or moved. The
 * body's close() frees what init allocated; after a failure there is nothing to close.
 * Returns 0; -ENOMEM; -errno of fstat.
 */
int wsgi_file_body_init(struct wsgi_file_body *f, int fd, size_t block_size);

/*
 * The same on the heap: FileWrapper(open(...)). The body's close() closes fd and frees *f.
 * Sets *f. Returns 0; -ENOMEM; -errno of fstat, and fd is still the caller's.
 */
int wsgi_file_body_create(struct wsgi_file_body **f, int fd, size_t block_size);

/* Anything that can be read: the filelike of FileWrapper(filelike, blksize). */
struct wsgi_reader {
	/* Up to len > 0 bytes into buf: their count; 0 at the end; -errno. */
	ssize_t (*read)(struct wsgi_reader *r, void *buf, size_t len);
	/* Called once by the body's close. Returns 0 or -errno. NULL: nothing to close. */
	int (*close)(struct wsgi_reader *r);
};

/*
 * reader_body - FileWrapper over a reader.
 * Source   wsgiref/util.py FileWrapper; wsgiref/types.py FileWrapper.
 */
struct wsgi_reader_body {
	struct wsgi_body body;
	struct wsgi_reader *reader; /* borrowed */
	char *block;
	size_t block_size;
	bool ended; /* it is not read again */
};

/*
 *   block_size   bytes a read, and a chunk at most; 0 means wsgiref's 8192
 * The body's close() frees what init allocated and closes the reader; after a failure there is
 * nothing to close. Returns 0 or -ENOMEM.
 */
int wsgi_reader_body_init(struct wsgi_reader_body *b, struct wsgi_reader *reader,
			  size_t block_size);

WSGI_END_DECLS

#endif
