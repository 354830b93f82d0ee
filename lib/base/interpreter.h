#ifndef WSGI_BASE_INTERPRETER_H
#define WSGI_BASE_INTERPRETER_H

#include <stdbool.h>

/*
 * interpreter - what a Python installation looks like on this system, and what its processes have
 * in common with us.
 */

/*
 * Where an interpreter is below the folder of a virtual environment, the likelier place first:
 * "/bin/python3", "/bin/python". On Windows also below that of an installation.
 */
extern const char *const wsgi_interpreter_places[2];

/*
 * The name that is looked for on PATH when none is named. NULL: PATH is not asked for one at all.
 * So it is on Windows, where a service's PATH is not the administrator's, and what is first on his
 * is an alias that opens the Store.
 */
extern const char *const wsgi_interpreter_usual;

/* Whether a path is that of a program which may be started as an interpreter. */
bool wsgi_interpreter_is(const char *path);

/* In words, what one has to be: "executable". */
extern const char wsgi_interpreter_kind[];

/* The file of an extension module in a folder; the caller's to free. NULL: no memory. */
char *wsgi_interpreter_module(const char *folder, const char *name);

/*
 * Whether the numbers of its descriptors are those of ours. On Windows they are not: CPython's C
 * library there (ucrtbase) is not the one that we are linked to (msvcrt), and each has a table of
 * its own over the handles of the process.
 */
extern const bool wsgi_interpreter_shares_descriptors;

#endif
