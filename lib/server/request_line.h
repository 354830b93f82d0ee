#ifndef WSGI_SERVER_REQUEST_LINE_H
#define WSGI_SERVER_REQUEST_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "wsgi/environ.h"

/*
 * The line that simple_server logs for a request:
 * 127.0.0.1 - - [06/Nov/1994 08:49:37] "GET / HTTP/1.1" 200 5
 *   status    0: nothing was sent; status and length are hyphens then, as in http.server
 *   seconds   since 1970; shown as local time
 *   size      128 or more
 * Control characters and backslashes of the request are escaped. Returns the bytes written to line,
 * cut at size and always ending in a newline.
 */
size_t wsgi_request_line(const struct wsgi_environ *env, int status, uint64_t body_bytes,
			 long long seconds, char *line, size_t size);

/* Write it where log goes, whatever its level is. */
void wsgi_request_line_write(const struct wsgi_log *log, const char *line, size_t len);

#endif
