#ifndef WSGI_PYTHON_PYERRORS_H
#define WSGI_PYTHON_PYERRORS_H

#include "python/python.h"

struct wsgi_pycall;

/*
 * pyerrors - wsgi.errors: write, writelines, flush, over the call's wsgi_errors.
 * Text goes out in UTF-8 line by line, so that what print() writes in pieces stays one line of the
 * server's log. The class: new reference, or NULL with an exception set.
 */
PyObject *wsgi_pyerrors_type(void);

/* The request ends: write the line that was not ended. */
void wsgi_pyerrors_end(struct wsgi_pycall *call);

#endif
