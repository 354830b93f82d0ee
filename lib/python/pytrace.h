#ifndef WSGI_PYTHON_PYTRACE_H
#define WSGI_PYTHON_PYTRACE_H

#include "python/python.h"
#include "wsgi/trace.h"

/*
 * pytrace - a Python exception taken apart: its chain, their frames, and what stands in them.
 *
 * What is asked of the application's objects (str, repr, attributes) may raise, or be of any size:
 * each failure is shown in the place of the value, and all lengths are bounded.
 */

/*
 * Add an exception to trace, with those that led to it. Needs the GIL and no exception set; leaves
 * none. Returns 0 or -ENOMEM.
 */
int wsgi_py_trace(struct wsgi_trace *trace, PyObject *exception);

#endif
