#include "python/pycall.h"

#include <stdlib.h>

#include "python/pyapp.h"
#include "python/pyerrors.h"

PyObject *wsgi_pyhandle_new(PyObject *type, struct wsgi_pycall *call)
{
	PyObject *self = PyType_GenericAlloc((PyTypeObject *)type, 0);

	if (self != NULL)
		((struct wsgi_pyhandle *)self)->call = call;
	return self;
}

void wsgi_pyhandle_dealloc(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	union {
		void *slot;
		freefunc call;
	} release = {.slot = PyType_GetSlot(type, Py_tp_free)};

	release.call(self);
	Py_DECREF((PyObject *)type);
}

struct wsgi_pycall *wsgi_pyhandle_call(PyObject *self, const char *what)
{
	struct wsgi_pycall *call = ((struct wsgi_pyhandle *)self)->call;

	if (call == NULL)
		PyErr_Format(PyExc_RuntimeError, "%s was used after its request had ended", what);
	return call;
}

void wsgi_pyhandle_end(PyObject **handle)
{
	if (*handle == NULL || Py_REFCNT(*handle) == 1)
		return;
	((struct wsgi_pyhandle *)*handle)->call = NULL;
	Py_CLEAR(*handle);
}

static bool has_handles(struct wsgi_pycall *call)
{
	const struct wsgi_pytypes *types = &call->app->types;

	if (call->input == NULL)
		call->input = wsgi_pyhandle_new(types->input, call);
	if (call->errors == NULL)
		call->errors = wsgi_pyhandle_new(types->errors, call);
	if (call->starter == NULL)
		call->starter = wsgi_pyhandle_new(types->starter, call);
	return call->input && call->errors && call->starter;
}

struct wsgi_pycall *wsgi_pycall_begin(struct wsgi_pyapp *app, const struct wsgi_environ *env,
				      struct wsgi_start *start)
{
	struct wsgi_pycall *call = app->ended;

	if (call != NULL) {
		app->ended = call->next;
	} else {
		call = calloc(1, sizeof(*call));
		if (call == NULL) {
			PyErr_NoMemory();
			return NULL;
		}
		call->app = app;
	}
	call->env = env;
	call->start = start;
	call->headers_done = false;
	call->index = 0;
	if (!has_handles(call)) {
		wsgi_pycall_end(call);
		return NULL;
	}
	return call;
}

void wsgi_pycall_end(struct wsgi_pycall *call)
{
	wsgi_pyerrors_end(call);
	Py_CLEAR(call->chunk);
	Py_CLEAR(call->iterator);
	Py_CLEAR(call->result);
	Py_CLEAR(call->environ);
	Py_CLEAR(call->status);
	Py_CLEAR(call->headers);
	Py_CLEAR(call->copied);
	wsgi_pyhandle_end(&call->input);
	wsgi_pyhandle_end(&call->errors);
	wsgi_pyhandle_end(&call->starter);
	call->env = NULL;
	call->start = NULL;
	call->next = call->app->ended;
	call->app->ended = call;
}
