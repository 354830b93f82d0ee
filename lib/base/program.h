#ifndef WSGI_BASE_PROGRAM_H
#define WSGI_BASE_PROGRAM_H

#include <stdbool.h>

/*
 * program - this program as a file, and the step into another one.
 */

/*
 * The path of this program, the caller's to free; where it was replaced since it started, that of
 * what stands there now. NULL: it cannot be told; errno says why.
 */
char *wsgi_program_path(void);

/* Whether a path names this program's file, by whatever name or link. */
bool wsgi_program_is(const char *path);

/*
 * The name by which the system was asked to run this process: that of a script, when its #! line
 * names us. Borrowed. NULL: it is not known. On Windows, which has no such lines: this program's.
 */
const char *wsgi_program_started_as(void);

/*
 * Become another program, with the same standard streams and environment. On Windows, where no
 * process can, it is started, and this one ends as it does; it goes down with us when we are ended.
 *   argv   NULL-terminated; argv[0] is the program's name
 * Returns only on failure: -errno.
 */
int wsgi_program_become(const char *path, char *const *argv);

#endif
