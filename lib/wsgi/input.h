#ifndef WSGI_INPUT_H
#define WSGI_INPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/decls.h"

WSGI_BEGIN_DECLS

/*
 * input - wsgi.input: the request body as a stream.
 *
 * Shape    whoever has the bytes fills in read; everything else is built on it here. A body is
 *          bounded by CONTENT_LENGTH, or runs to the end of the stream when there is none.
 * Errors   a negative errno; -ECONNRESET when the client left before the body was whole.
 * Source   PEP 3333 "Input and Error Streams".
 */
struct wsgi_input {
	/*
	 * Up to len > 0 bytes, after at least one: their count; 0 at the end; -errno.
	 * NULL: the input is empty for ever and no function writes to it, so that requests of any
	 * number of threads may share it.
	 */
	ssize_t (*read)(struct wsgi_input *in, void *buf, size_t len);
	/* Bytes that CONTENT_LENGTH still allows; UINT64_MAX: to the end of the stream. */
	uint64_t left;
	/* The negative errno that ended it; 0: nothing has gone wrong. Every later read returns it.
	 */
	int failed;
	/* Read-ahead for lines: ahead.data[at..len) is still to be given out; private. */
	struct wsgi_buf ahead;
	size_t at;
};

void wsgi_input_init(struct wsgi_input *in,
		     ssize_t (*read)(struct wsgi_input *in, void *buf, size_t len), uint64_t left);
void wsgi_input_finish(struct wsgi_input *in);

/*
 * read(len): fills buf with len bytes, fewer only at the end of the body.
 * Returns their count; 0 at the end; -errno when nothing could be read.
 */
ssize_t wsgi_input_read(struct wsgi_input *in, void *buf, size_t len);

/*
 * Some bytes, up to len > 0, without waiting for more once there is one: for an input that stands
 * in front of another. Returns their count; 0 at the end; -errno.
 */
ssize_t wsgi_input_read_some(struct wsgi_input *in, void *buf, size_t len);

/* How many bytes a read() may still give; UINT64_MAX: only the end of the stream tells. */
uint64_t wsgi_input_left(const struct wsgi_input *in);

/*
 * The body begins here, behind a head that was read from the same stream, and has length bytes
 * (UINT64_MAX: to the end of the stream). What was read ahead counts; what is more is dropped.
 */
void wsgi_input_limit(struct wsgi_input *in, uint64_t length);

/* read(): append the rest of the body to out. Returns 0 or -errno. */
int wsgi_input_read_all(struct wsgi_input *in, struct wsgi_buf *out);

/*
 * The same with no more than limit bytes, for a body that a stranger sends.
 * Returns 0; -EFBIG when more than limit bytes are announced, or come; -errno.
 */
int wsgi_input_read_max(struct wsgi_input *in, struct wsgi_buf *out, size_t limit);

/*
 * readline(limit): append one line with its "\n" to out, at most limit bytes (SIZE_MAX: no limit).
 * Returns the bytes added; 0 at the end; -errno.
 */
ssize_t wsgi_input_readline(struct wsgi_input *in, struct wsgi_buf *out, size_t limit);

/*
 * readlines(hint): append whole lines to out until they have hint bytes or more (0: all lines).
 * Returns 0 or -errno.
 */
int wsgi_input_readlines(struct wsgi_input *in, struct wsgi_buf *out, size_t hint);

/* What a CONTENT_LENGTH says. */
enum wsgi_length { WSGI_LENGTH_NONE, WSGI_LENGTH_GIVEN, WSGI_LENGTH_BAD };

/*
 * Read a CONTENT_LENGTH (RFC 3875, 4.1.2: 1*digit; NULL or "" is none).
 * Sets *length when it is given. Blanks around the digits and a "+" before them are let pass, as
 * Python's int() does; "abc", "-1" and "4, 4" are bad. More than 2^63-1 is taken for that: no
 * body is so long, and what there is ends by itself.
 */
enum wsgi_length wsgi_length_parse(const char *text, uint64_t *length);

WSGI_END_DECLS

#endif
