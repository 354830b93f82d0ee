#ifndef WSGI_ERRORS_H
#define WSGI_ERRORS_H

#include <stddef.h>

#include "base/decls.h"

WSGI_BEGIN_DECLS

/*
 * errors - wsgi.errors: where an application and the handler write what the operator should read.
 * Source   PEP 3333 "Input and Error Streams".
 */
struct wsgi_errors {
	/* All of data (UTF-8). Returns 0 or -errno. */
	int (*write)(struct wsgi_errors *errors, const char *data, size_t len);
	/* Returns 0 or -errno. NULL: nothing is held back. */
	int (*flush)(struct wsgi_errors *errors);
};

/* Write a string. Returns 0 or -errno. */
int wsgi_errors_puts(struct wsgi_errors *errors, const char *text);

/* Flush, if there is something to flush. Returns 0 or -errno. */
int wsgi_errors_flush(struct wsgi_errors *errors);

/* errors over a descriptor, each write by write(2). The descriptor is borrowed. */
struct wsgi_fd_errors {
	struct wsgi_errors errors;
	int fd;
};
void wsgi_fd_errors_init(struct wsgi_fd_errors *e, int fd);

WSGI_END_DECLS

#endif
