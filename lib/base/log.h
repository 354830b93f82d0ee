#ifndef WSGI_BASE_LOG_H
#define WSGI_BASE_LOG_H

#include <stddef.h>

#include "base/decls.h"

WSGI_BEGIN_DECLS

/*
 * log - lines for the operator: what, where, and how to mend it.
 *
 * Shape    each call writes one line "PROGRAM: text\n" (control characters in it are escaped) by
 *          one write(2), so that lines of several processes and threads do not mix. Without a
 *          PROGRAM it is "[2026-11-22 14:00:00 +0000] [PID] [INFO] text\n", in local time, for
 *          a file.
 * Waiting  for a pipe that is full 200 ms at most; then the line is lost.
 * Owner    the caller owns the struct and the descriptor, and sets all three members: zeros mean
 *          descriptor 0, and no name.
 * Source   gunicorn's error log, for the lines of a file.
 */
enum wsgi_log_level { WSGI_LOG_DEBUG, WSGI_LOG_INFO, WSGI_LOG_WARNING, WSGI_LOG_ERROR };

struct wsgi_log {
	int fd;                    /* -1: nothing is written */
	const char *program;       /* borrowed: "wsgi-fcgi"; NULL: time, process and level */
	enum wsgi_log_level level; /* lines below it are dropped */
};

void wsgi_log(const struct wsgi_log *log, enum wsgi_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

WSGI_END_DECLS

#endif
