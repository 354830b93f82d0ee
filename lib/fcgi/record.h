#ifndef WSGI_FCGI_RECORD_H
#define WSGI_FCGI_RECORD_H

#include <fastcgi.h>
#include <stdint.h>

#include "base/span.h"

/*
 * record - FastCGI's records as bytes, both ways.
 *
 * Shape    pure: no descriptor, no memory, no clock. Bytes go in as they come, cut anywhere; events
 *          come out. Content is handed on in pieces that lie in the given bytes: nothing is copied.
 * Errors   -EPROTO: these are no records. The connection is of no use any more.
 * Source   FastCGI Specification 1.0, sections 3 and 8; fastcgi.h.
 */
struct wsgi_record_reader {
	unsigned char head[FCGI_HEADER_LEN];
	unsigned head_len; /* how much of head has come; all of it: within a record */
	/* Of the record that is being read, after WSGI_RECORD_HEAD. */
	uint8_t type;
	uint16_t id;
	uint16_t content_len;
	uint16_t content_left;
	uint8_t padding_left;
};

enum wsgi_record_event {
	WSGI_RECORD_MORE, /* all bytes were used up */
	WSGI_RECORD_HEAD, /* a record begins: type, id, content_len */
	WSGI_RECORD_DATA, /* some of its content: piece, never empty */
	WSGI_RECORD_END,  /* the record is whole, padding and all */
};

/* Begin at the border of a record. A zeroed reader is one too. */
void wsgi_record_reader_init(struct wsgi_record_reader *r);

/*
 * Read on in the bytes of in, which is moved past what was used.
 * Returns an event; -EPROTO for a version other than 1.
 */
int wsgi_record_read(struct wsgi_record_reader *r, struct wsgi_span *in, struct wsgi_span *piece);

/* Whether the reader stands at the border of a record. */
bool wsgi_record_at_border(const struct wsgi_record_reader *r);

/* Most content that one record carries, in whole eights so that none needs padding. */
#define WSGI_RECORD_CONTENT 65528

/* Writers. Each fills to and returns the bytes written. */
size_t wsgi_record_put_head(void *to, uint8_t type, uint16_t id, size_t content_len,
			    uint8_t padding_len);
#define WSGI_RECORD_END_LEN 16
size_t wsgi_record_put_end(void *to, uint16_t id, uint32_t app_status, uint8_t protocol_status);
size_t wsgi_record_put_unknown(void *to, uint8_t type);

#endif
