#ifndef WSGI_PYTHON_PYCALL_H
#define WSGI_PYTHON_PYCALL_H

#include <stdbool.h>

#include "python/python.h"
#include "wsgi/app.h"

struct wsgi_pyapp;

/*
 * pycall - one call of a Python application: all that lives as long as its request and no longer.
 *
 * Shape    The objects that the application gets (input, errors, starter) are handles with a
 *          pointer to their call; when the request ends, the handle of an object that somebody
 *          still holds loses it, and every later use is a RuntimeError.
 * Owner    the pyapp, which keeps ended calls, with the objects that nobody holds, for later ones.
 * Threads  the GIL guards it, and what it guards is given up in the middle of a read or a write: a
 *          thread that the application started may come then, with the same input. So one thread
 *          at a time is let into the transport, the others wait, the end of the request too.
 */
struct wsgi_pycall {
	struct wsgi_body body; /* what the handler is given */
	struct wsgi_file file;
	struct wsgi_pyapp *app;
	struct wsgi_pycall *next; /* in the list of ended ones */
	const struct wsgi_environ *env;
	struct wsgi_start *start;
	PyObject *environ;                  /* the dict */
	PyObject *input, *errors, *starter; /* handles */
	PyObject *result, *iterator, *chunk;
	Py_ssize_t index;           /* the next item, while result is a list or a tuple */
	PyObject *status;           /* as given to start_response */
	PyObject *headers, *copied; /* the list, and what was in it then */
	bool headers_done;          /* they have been sent, or are about to be */
	struct wsgi_buf line;       /* of wsgi.errors, not ended yet */
	bool is_away; /* a thread has given up the GIL in the middle of the transport */
};

/* handle - an object that belongs to a call. */
struct wsgi_pyhandle {
	PyObject_HEAD struct wsgi_pycall *call; /* NULL: the request has ended */
};

/* A new handle of a type that was made from a spec with this size. New reference or NULL. */
PyObject *wsgi_pyhandle_new(PyObject *type, struct wsgi_pycall *call);
void wsgi_pyhandle_dealloc(PyObject *self);

/*
 * The call of a handle, to use its transport until released: waits until no other thread is in it.
 * NULL with RuntimeError ("what was used after ...") when it has ended.
 *   before   what wsgi_pyhandle_release() is to be given
 */
struct wsgi_pycall *wsgi_pyhandle_use(PyObject *self, const char *what,
				      struct wsgi_pycall **before);
void wsgi_pyhandle_release(struct wsgi_pycall *before);

/* End a handle: *handle stays for the next call if nobody else holds it, else becomes NULL. */
void wsgi_pyhandle_end(PyObject **handle);

/* A call to be used, from the pyapp's list or new; its handles are there. NULL with exception. */
struct wsgi_pycall *wsgi_pycall_begin(struct wsgi_pyapp *app, const struct wsgi_environ *env,
				      struct wsgi_start *start);
void wsgi_pycall_end(struct wsgi_pycall *call);

/* Write what wsgi.errors has got of a line, ended or not. */
void wsgi_pycall_write_line(struct wsgi_pycall *call);

/*
 * Control goes back to the handler, which uses the transport without asking: wait until no thread
 * of the application is in it.
 */
void wsgi_pycall_settle(struct wsgi_pycall *call);

/* For the GIL's giving up and taking back: this thread leaves, or comes back to, its call. */
void wsgi_pycall_note_leave(void);
void wsgi_pycall_note_enter(void);

#endif
