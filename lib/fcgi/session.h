#ifndef WSGI_FCGI_SESSION_H
#define WSGI_FCGI_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/pair.h"
#include "fcgi/record.h"

/*
 * session - what the records that a web server sends on one connection mean.
 *
 * Shape    pure, as record is: bytes in, events out. One request at a time: while one is under way
 *          another BEGIN_REQUEST is refused (FCGI_CANT_MPX_CONN); once its STDIN has ended, the
 *          next BEGIN_REQUEST is held back until wsgi_session_end(). An authorizer has no STDIN:
 *          its request is whole with its PARAMS. Records of any other id, and those after the end
 *          of their stream, count for nothing.
 * Errors   -EPROTO: the connection is to be closed, nothing after this can be trusted.
 * Source   FastCGI Specification 1.0, sections 3 to 6.
 */
enum wsgi_session_event {
	WSGI_SESSION_MORE,       /* all bytes were used up */
	WSGI_SESSION_HOLD,       /* the next request begins here; wsgi_session_end() first */
	WSGI_SESSION_BEGIN,      /* a request began: id, role, keep_conn */
	WSGI_SESSION_PARAMS,     /* some bytes of PARAMS: piece, never empty */
	WSGI_SESSION_PARAMS_END, /* PARAMS are whole, and so is an authorizer's request */
	WSGI_SESSION_INPUT,      /* some bytes of STDIN: piece, never empty */
	WSGI_SESSION_INPUT_END,  /* STDIN is whole */
	WSGI_SESSION_ABORT,      /* the request is to be given up; its END_REQUEST is due */
	WSGI_SESSION_REPLY,      /* an answer to be sent: piece, in the session */
	WSGI_SESSION_REFUSE,     /* the same, and then the connection is to be closed */
};

enum wsgi_session_phase {
	WSGI_SESSION_IDLE,
	WSGI_SESSION_IN_PARAMS,
	WSGI_SESSION_IN_INPUT,
	WSGI_SESSION_WHOLE,
};

struct wsgi_session {
	struct wsgi_record_reader reader;
	enum wsgi_session_phase phase;
	uint16_t id;   /* of the request under way; 0: none */
	uint16_t role; /* FCGI_RESPONDER or FCGI_AUTHORIZER */
	bool keep_conn;
	bool held;     /* private, as all below */
	unsigned sink; /* what the content of the present record is for */
	unsigned char begin[8];
	struct wsgi_pair_reader pairs; /* of GET_VALUES */
	char name[16];
	unsigned asked; /* which names GET_VALUES has named, a bit each */
	uint64_t idle_bytes;
	unsigned max_conns, max_reqs;
	char reply[128];
};

/* max_conns, max_reqs: what GET_VALUES is told. */
void wsgi_session_init(struct wsgi_session *s, unsigned max_conns, unsigned max_reqs);

/*
 * Read on in the bytes of in, which is moved past what was used.
 * Returns an event; -EPROTO.
 */
int wsgi_session_next(struct wsgi_session *s, struct wsgi_span *in, struct wsgi_span *piece);

/* The request under way has had its END_REQUEST: what is left of its STDIN counts for nothing. */
void wsgi_session_end(struct wsgi_session *s);

/* Whether nothing is under way, not even the first byte of a record. */
bool wsgi_session_is_idle(const struct wsgi_session *s);

#endif
