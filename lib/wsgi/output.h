#ifndef WSGI_OUTPUT_H
#define WSGI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/decls.h"
#include "wsgi/app.h"

WSGI_BEGIN_DECLS

/*
 * output - where a response goes: the stdout of a SimpleHandler.
 * Errors   a negative errno; -EPIPE, -ECONNRESET, -ECONNABORTED: the client left.
 */
struct wsgi_output {
	/* Take all of data; it may be held back until flush. Returns 0 or -errno. */
	int (*write)(struct wsgi_output *out, const void *data, size_t len);
	/* Send what was held back. Returns 0 or -errno. */
	int (*flush)(struct wsgi_output *out);
	/*
	 * Optional. Send what was held back, then the file, at most limit bytes of it.
	 * Adds what was sent to *sent. Returns 0; -ENOTSUP when nothing was sent and the caller
	 * must write the bytes itself; -errno.
	 */
	int (*sendfile)(struct wsgi_output *out, const struct wsgi_file *file, uint64_t limit,
			uint64_t *sent);
};

/*
 * output over a descriptor: small writes are gathered, large ones and files pass by the buffer.
 * leave and enter of app, when set, stand around what may block.
 */
struct wsgi_fd_output {
	struct wsgi_output output;
	int fd; /* borrowed */
	struct wsgi_buf held;
	struct wsgi_app *app; /* borrowed; may be NULL */
	bool begun;           /* something may have been sent */
};
void wsgi_fd_output_init(struct wsgi_fd_output *o, int fd);
void wsgi_fd_output_finish(struct wsgi_fd_output *o);

/* input over a descriptor. */
struct wsgi_fd_input {
	struct wsgi_input input;
	int fd;               /* borrowed */
	struct wsgi_app *app; /* borrowed; may be NULL */
};
void wsgi_fd_input_init(struct wsgi_fd_input *i, int fd);

WSGI_END_DECLS

#endif
