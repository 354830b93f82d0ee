#ifndef WSGI_PYTHON_PYERRORS_H
#define WSGI_PYTHON_PYERRORS_H

#include "python/python.h"

/*
 * pyerrors - wsgi.errors: write, writelines, flush, over the call's wsgi_errors.
 * Text goes out in UTF-8 line by line, so that what print() writes in pieces stays one line of the
 * server's log. The class: new reference, or NULL with an exception set.
 */
PyObject *wsgi_pyerrors_type(void);

#endif
