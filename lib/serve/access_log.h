#ifndef WSGI_SERVE_ACCESS_LOG_H
#define WSGI_SERVE_ACCESS_LOG_H

#include <stdint.h>

#include "base/error.h"
#include "handler/handler.h"
#include "wsgi/environ.h"

/*
 * access_log - a line for each request that a worker has served.
 *
 * Shape    a format is taken apart once; a line is made in the thread's own buffer, after the
 *          response was given, and written by one write(2) to a descriptor that was opened
 *          O_APPEND. All that a client chose is escaped. A line that cannot be written (a full
 *          disk) is dropped, and how many were is said once lines go out again.
 * Threads  wsgi_access_log_write() from any number of them.
 * Source   gunicorn's access_log_format: h l u t r m U q H s B b f a T M D L p {x}i {x}o {x}e;
 *          "json": one object a line, the same facts by name.
 */
struct wsgi_access_log; /* opaque */

#define WSGI_ACCESS_LOG_FORMAT "%(h)s %(l)s %(u)s %(t)s \"%(r)s\" %(s)s %(b)s \"%(f)s\" \"%(a)s\""

struct wsgi_access_log_facts {
	const struct wsgi_environ *env;     /* the request's parameters */
	const struct wsgi_handler *handler; /* its status, headers and count of bytes */
	int64_t began_at_us;                /* time of day */
	int64_t took_us;
};

/*
 *   format   NULL: WSGI_ACCESS_LOG_FORMAT
 *   fd       borrowed; what is at that number may be replaced (dup2)
 * Sets *log, to be freed by wsgi_access_log_destroy(). Returns 0; -EINVAL with words that name the
 * atom that there is not; -ENOMEM.
 */
int wsgi_access_log_create(struct wsgi_access_log **log, const char *format, int fd,
			   struct wsgi_error *err);
void wsgi_access_log_write(struct wsgi_access_log *log, const struct wsgi_access_log_facts *facts);
void wsgi_access_log_destroy(struct wsgi_access_log *log);

#endif
