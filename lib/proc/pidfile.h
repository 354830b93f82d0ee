#ifndef WSGI_PROC_PIDFILE_H
#define WSGI_PROC_PIDFILE_H

#include <sys/types.h>

#include "base/error.h"

/*
 * pidfile - a file with the process id of a server, for those who send it signals.
 *
 * Shape    the number and a newline. The file appears whole, under its name at once; it is locked
 *          (fcntl(2)) for as long as its process lives, so that one which a killed server left
 *          behind is told from one of a server that runs, whoever has that number now.
 * Forks    the lock is of the process that wrote, and no child's; it ends with an exec. A program
 *          that takes its own place writes the file again, and takes it over.
 * Threads  nothing else in the process opens the file: any close of it ends the lock.
 */
struct wsgi_pidfile {
	char *path; /* NULL: none; owned */
	int fd;
};

/*
 * Write pid. Returns 0; -EEXIST, with words, while another process holds the file; -EINVAL, with
 * words, for a file that has something else in it; -errno with words.
 */
int wsgi_pidfile_write(struct wsgi_pidfile *f, const char *path, pid_t pid, struct wsgi_error *err);

/*
 * Whether it could be written, as far as that is known without doing it. That of a server that runs
 * is fine: it may be the one that this is asked beside. Not in the process that has the file.
 * Returns as wsgi_pidfile_write().
 */
int wsgi_pidfile_check(const char *path, struct wsgi_error *err);

/* Remove the file if it is still the one that was written. A zeroed struct is fine. */
void wsgi_pidfile_remove(struct wsgi_pidfile *f);

#endif
