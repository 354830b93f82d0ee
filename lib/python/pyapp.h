#ifndef WSGI_PYTHON_PYAPP_H
#define WSGI_PYTHON_PYAPP_H

#include "python/pyenviron.h"
#include "python/python.h"
#include "wsgi/app.h"

struct wsgi_pytypes {
	PyObject *input, *errors, *starter, *file_wrapper;     /* classes */
	PyObject *file_io, *buffered_reader, *buffered_random; /* of io: known to be plain files */
};

/*
 * pyapp - a Python callable as a wsgi_app.
 *
 * Threads  call and the bodies need the GIL: whoever runs the application calls app.enter before
 *          and app.leave after. A thread that Python does not know is made known by enter.
 */
struct wsgi_pyapp {
	struct wsgi_app app;
	PyObject *callable;
	struct wsgi_pytypes types;
	struct wsgi_pyenviron environ;
	struct wsgi_pycall *ended; /* calls to be used again */
};

/*
 * Make an application of callable, which it takes a reference to. Needs the GIL.
 * Returns 0; -1 with an exception set.
 */
int wsgi_pyapp_init(struct wsgi_pyapp *app, PyObject *callable);

/*
 * The GIL for C code: enter takes it, leave gives it up. A thread enters and leaves in turns.
 */
void wsgi_py_enter(void);
void wsgi_py_leave(void);

#endif
