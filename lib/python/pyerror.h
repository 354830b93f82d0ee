#ifndef WSGI_PYTHON_PYERROR_H
#define WSGI_PYTHON_PYERROR_H

#include "base/error.h"
#include "python/python.h"
#include "wsgi/errors.h"

/*
 * pyerror - Python exceptions on their way through C, and C failures on their way into Python.
 *
 * An exception that ends a call is put by, one for each thread, while the handler closes the body;
 * then it is logged. All need the GIL.
 */

/* Put the current exception by. Returns WSGI_RAISED, for: return wsgi_py_raised(); */
int wsgi_py_raised(void);

/* Put by what the handler failed of, if it did, and no exception of the application's is there. */
void wsgi_py_blame(const struct wsgi_error *error);

/* The exception put by, which stays there: new reference, or NULL when there is none. */
PyObject *wsgi_py_pending(void);

/* Drop what was put by, if anything. */
void wsgi_py_forget(void);

/*
 * Between these two the exception put by is the one being handled, as in an except block: what is
 * raised then has it as its context.
 */
struct wsgi_py_handling {
	PyObject *type, *value, *traceback; /* what was handled before */
};
void wsgi_py_handling_begin(struct wsgi_py_handling *handling);
void wsgi_py_handling_end(struct wsgi_py_handling *handling);

/* Raise what a C function's failure is in Python. error may be NULL. Returns NULL. */
PyObject *wsgi_py_raise(int rc, const struct wsgi_error *error);

/*
 * Write the exception put by, or error as the exception it would be, as Python prints it.
 *   limit   frames of traceback at most; -1 all
 */
void wsgi_py_log(struct wsgi_errors *errors, const struct wsgi_error *error, int limit);

#endif
