#ifndef WSGI_PROC_LOGS_H
#define WSGI_PROC_LOGS_H

#include <stddef.h>

#include "base/error.h"

/*
 * logs - the files that a server writes its logs to, which somebody else moves away now and then.
 *
 * Shape    the error log takes the place of standard error and of standard output, so that what
 *          anybody in this process or in a child of it prints is in it; the access log has a
 *          descriptor, whose number stays the same. Files are made with mode 0640, less the umask,
 *          and written to their end (O_APPEND), by any number of processes.
 * Links    at a name are followed; by root only if they are root's own. Who can write to the folder
 *          could else have root write to any file.
 * Names    count from the working directory of wsgi_logs_open(), wherever the process is later.
 * Source   gunicorn's errorlog, accesslog and USR1.
 */
struct wsgi_logs {
	int access;                     /* -1: there is none; close-on-exec, unless it is 2 */
	char *error_file, *access_file; /* owned; NULL: none, or standard error */
};

/*
 *   error_file    NULL or "-": standard error stays what it is
 *   access_file   NULL: none; "-": what standard error is then
 * Returns 0; -errno with words that name the file. Both are opened, or neither; in any case
 * wsgi_logs_finish() is called afterwards.
 */
int wsgi_logs_open(struct wsgi_logs *l, const char *error_file, const char *access_file,
		   struct wsgi_error *err);

/*
 * Open what stands now at the names. Returns 0; -errno with words: those that cannot be opened
 * again stay as they are. A FIFO that nobody reads is one of these, and not waited for.
 */
int wsgi_logs_reopen(struct wsgi_logs *l, struct wsgi_error *err);

/*
 * What other processes have to take over after that (WSGI_LINE_LOGS): standard error, then the
 * access log. Returns how many.
 */
size_t wsgi_logs_fds(const struct wsgi_logs *l, int fds[2]);

/*
 * Whether wsgi_logs_open() would succeed; nothing is made, nothing changes. Returns 0; -errno with
 * words.
 */
int wsgi_logs_check(const char *error_file, const char *access_file, struct wsgi_error *err);

/* Standard error and output stay what they are. */
void wsgi_logs_finish(struct wsgi_logs *l);

#endif
