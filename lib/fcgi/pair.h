#ifndef WSGI_FCGI_PAIR_H
#define WSGI_FCGI_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/*
 * pair - FastCGI's name-value pairs, read as they come.
 *
 * Shape    pure, as record is. A pair may be cut anywhere, even within a length. What a length
 *          announces is only counted down: nobody makes room before the bytes are there.
 * Source   FastCGI Specification 1.0, section 3.4.
 */
struct wsgi_pair_reader {
	unsigned char head[8]; /* both lengths, 1 or 4 bytes each */
	unsigned head_len;     /* how much of it has come; 0: between two pairs */
	bool in_body;          /* both lengths are known */
	uint32_t name_len, value_len;
	uint32_t name_left, value_left;
};

enum wsgi_pair_event {
	WSGI_PAIR_MORE,  /* all bytes were used up */
	WSGI_PAIR_NAME,  /* some of the name: piece, never empty */
	WSGI_PAIR_VALUE, /* some of the value: piece, never empty */
	WSGI_PAIR_END,   /* the pair is whole: name_len, value_len */
};

/* Read on in the bytes of in, which is moved past what was used. Returns an event. */
int wsgi_pair_read(struct wsgi_pair_reader *r, struct wsgi_span *in, struct wsgi_span *piece);

/* Whether the reader stands between two pairs: a stream that ends elsewhere was cut. */
bool wsgi_pair_at_border(const struct wsgi_pair_reader *r);

/* Write the lengths of a pair to to, at most 8 bytes. Returns their count. */
size_t wsgi_pair_put_head(void *to, size_t name_len, size_t value_len);

#endif
