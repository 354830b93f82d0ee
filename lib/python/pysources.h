#ifndef WSGI_PYTHON_PYSOURCES_H
#define WSGI_PYTHON_PYSOURCES_H

#include "base/buf.h"
#include "python/python.h"

/*
 * pysources - the files that a Python program consists of: those of its modules, and those that a
 * failed import has to do with, whose modules sys.modules has forgotten.
 *
 * Shape    a name with a NUL after each; a name may come twice. A module in an archive is the
 *          archive; one that has no file (built-in, frozen, a namespace) is left out.
 */

/* Append the files of the modules. To be called without the GIL held. Returns 0 or -ENOMEM. */
int wsgi_py_sources(struct wsgi_buf *out);

/*
 * The program does not load, for the exception that is set: the files of its traceback, the one
 * with the wrong syntax, or where the missing module would be looked for, are among its sources
 * from now on. The exception stays set. Needs the GIL.
 */
void wsgi_py_sources_failed(void);

#endif
