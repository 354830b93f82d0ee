#ifndef WSGI_PYTHON_PYREPR_H
#define WSGI_PYTHON_PYREPR_H

#include "python/python.h"

/*
 * pyrepr - what a page shows of a Python value: its repr(), shortened before it is made.
 *
 * Shape    Python's reprlib, and beyond it: of bytes, dicts and sets only a part is looked at, at
 *          any depth, and so of classes that are a dict, a list, a set, bytes or a str and have no
 *          __repr__ of their own: those are "Name({...})". An environ is shown by what the
 *          application may have changed in it.
 * Threads  all of it needs the GIL.
 */
enum { WSGI_PY_REPR_CHARS = 1000 }; /* of a str or an int, about */

/* What makes them: new reference, or NULL with an exception set. */
PyObject *wsgi_py_repr_create(void);

/* Give that reference up. NULL is fine; an exception that is set stays. */
void wsgi_py_repr_destroy(PyObject *repr);

/* Of a value: new reference to a str, or NULL with an exception set, the value's own or another. */
PyObject *wsgi_py_repr(PyObject *repr, PyObject *value);

#endif
