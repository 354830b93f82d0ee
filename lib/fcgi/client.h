#ifndef WSGI_FCGI_CLIENT_H
#define WSGI_FCGI_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "wsgi/environ.h"
#include "wsgi/errors.h"
#include "wsgi/input.h"
#include "wsgi/output.h"

/*
 * client - a FastCGI backend as a web server sees it: requests go to it, responses come back.
 *
 * Shape    a request is sent and its response read at the same time, so that neither side can
 *          block the other, with one block of each in memory. Connections are kept open and used
 *          again, unless another call still waits for its first byte: a backend that serves one
 *          connection at a time would never come to that one.
 * Threads  any number of threads may call at the same time, each over a connection of its own.
 * Source   FastCGI Specification 1.0, role Responder.
 */
struct wsgi_fcgi_client;

struct wsgi_fcgi_client_limits {
	int connect_ms; /* for a connection to be made; 0: no limit */
	int silence_ms; /* a backend that neither takes nor sends a byte is given up; 0: never */
	unsigned kept;  /* idle connections at most */
};
extern const struct wsgi_fcgi_client_limits wsgi_fcgi_client_default_limits;

/*
 *   address   see fcgi/dial.h; copied
 * The backend need not be there yet. Returns 0; -EINVAL with words for a bad address; -ENOMEM.
 */
int wsgi_fcgi_client_create(struct wsgi_fcgi_client **client, const char *address,
			    const struct wsgi_fcgi_client_limits *limits, struct wsgi_error *err);
void wsgi_fcgi_client_destroy(struct wsgi_fcgi_client *client);

struct wsgi_fcgi_call {
	const struct wsgi_environ *params;
	struct wsgi_input *input;   /* STDIN, read to its end; NULL: there is no body */
	struct wsgi_output *output; /* STDOUT: a CGI response, flushed as it comes */
	struct wsgi_errors *errors; /* STDERR; NULL: dropped */
	/* What came of it: */
	uint32_t app_status;
	bool client_failed; /* the failure is what input or output returned */
};

/*
 * Make one request. A kept connection that the backend had closed is replaced by a new one, once,
 * as long as nothing of the response had come and what was sent is still here; a request that the
 * backend has had as a whole is repeated only if its method is idempotent (RFC 9110, 9.2.2).
 * Returns 0 when the response is whole. With words in err: what connect(2) says; -EPROTO when the
 * backend closes too early or does not speak FastCGI; -ETIMEDOUT; -EBUSY when it refuses the
 * request. With call->client_failed: what input or output returned.
 */
int wsgi_fcgi_client_call(struct wsgi_fcgi_client *client, struct wsgi_fcgi_call *call,
			  struct wsgi_error *err);

#endif
