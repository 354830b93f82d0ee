#ifndef WSGI_FCGI_REQUEST_H
#define WSGI_FCGI_REQUEST_H

#include <fcgiapp.h>
#include <stdbool.h>
#include <stdint.h>

#include "wsgi/environ.h"
#include "wsgi/errors.h"
#include "wsgi/input.h"
#include "wsgi/output.h"

/*
 * request - one FastCGI request, as an FCGX_Request over our own records.
 *
 * Shape    fcgx.in, fcgx.out and fcgx.err are FCGX_Streams whose fill and empty procedures are
 *          ours, so that all of FCGX_GetStr, FCGX_GetLine, FCGX_PutStr, FCGX_GetParam work; the
 *          WSGI streams beside them are made of these. FCGX_Accept_r and FCGX_Finish_r are not
 *          for this request: the reactor begins and ends it.
 * Owner    the reactor; valid inside its serve callback only.
 * Threads  one thread serves a request.
 */
struct wsgi_fcgi_request {
	FCGX_Request fcgx;          /* requestId, role, in, out, err, envp, keepConnection */
	struct wsgi_environ params; /* the same parameters, borrowed from envp's bytes */
	struct wsgi_input input;    /* STDIN; its end is the stream's, left is UINT64_MAX */
	/*
	 * STDOUT, with sendfile. Small writes leave together, at a flush or with the end. What a
	 * slow client has not taken is kept, and goes out while the application works on if another
	 * thread runs the reactor, else with the next write or the end. -ECONNABORTED: the web
	 * server sent FCGI_ABORT_REQUEST. What an authorizer says is held until it has said all.
	 */
	struct wsgi_output output;
	struct wsgi_errors errors; /* STDERR: sent at each write, before STDOUT that is held */
	bool has_stdin;            /* some byte of STDIN has come */
	int64_t began_ns;          /* when it was taken up, by CLOCK_MONOTONIC */
	/*
	 * Set by the server when the response is not whole and the client must see that: in place
	 * of END_REQUEST come bytes that begin no record, and the connection is closed. Of an
	 * authorizer, whose status a web server acts upon at once, it is a 500.
	 */
	bool cut;
	bool has_length;     /* of the response; by it a client sees that it is cut */
	uint32_t app_status; /* for END_REQUEST; 0 */
};

#endif
