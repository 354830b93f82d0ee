#ifndef WSGI_PYTHON_PYENVIRON_H
#define WSGI_PYTHON_PYENVIRON_H

#include <stdbool.h>
#include <stddef.h>

#include "python/python.h"

struct wsgi_pycall;

/*
 * pyenviron - makes the environ dict of a request.
 *
 * Most names, and many values, are the same in every request of a server: the str of each name is
 * kept, and that of its last value. At most NAMES of them, of bounded length. As a server sends
 * them in the same order each time, the dict of the last request is kept too, and copied: only
 * what differs is set.
 */
enum {
	WSGI_PYENVIRON_NAMES = 256,   /* a power of two */
	WSGI_PYENVIRON_VARIABLES = 64 /* of a dict that is kept */
};

struct wsgi_pyenviron {
	PyObject *constants; /* a dict with what never changes, to copy */
	PyObject *input, *errors, *url_scheme, *multithread, *multiprocess, *run_once,
		*input_terminated, *file_wrapper; /* names */
	PyObject *http, *https, *file_wrapper_class;
	struct wsgi_pyname *names;
	/* Of the last request: where its names are kept, in order, and its wsgi.* flags. */
	struct wsgi_pyname *order[WSGI_PYENVIRON_VARIABLES];
	size_t order_len;
	unsigned flags;
	/* Its dict, with None for what no other has; NULL: there is none to copy. */
	PyObject *last;
	bool is_none[WSGI_PYENVIRON_VARIABLES]; /* so is this variable, whose value was long */
};

/* Needs the GIL, as all of these. Returns 0; -1 with an exception set. */
int wsgi_pyenviron_init(struct wsgi_pyenviron *e, PyObject *file_wrapper);

/* The dict for a call: new reference, or NULL with an exception set. */
PyObject *wsgi_pyenviron_dict(struct wsgi_pyenviron *e, const struct wsgi_pycall *call);

#endif
