#include "python/pycall.h"

#include <pthread.h>
#include <stdlib.h>

#include "python/pyapp.h"

/* The call that this thread works for: a request's own thread from its call to its end. */
static _Thread_local struct wsgi_pycall *current;

/* Somebody has come back to the GIL. The lock is only ever taken by who holds the GIL. */
static pthread_mutex_t came_back_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came_back = PTHREAD_COND_INITIALIZER;
static unsigned waiting; /* under the GIL */

void wsgi_pycall_note_leave(void)
{
	if (current != NULL)
		current->is_away = true;
}

void wsgi_pycall_note_enter(void)
{
	if (current != NULL)
		current->is_away = false;
	if (waiting == 0)
		return;
	pthread_mutex_lock(&came_back_lock);
	pthread_cond_broadcast(&came_back);
	pthread_mutex_unlock(&came_back_lock);
}

/* Wait, without the GIL, until some thread has come back to it. */
static void wait_for_others(void)
{
	PyThreadState *state;

	waiting++;
	pthread_mutex_lock(&came_back_lock); /* before the GIL goes: nobody can come back unseen */
	state = PyEval_SaveThread();
	pthread_cond_wait(&came_back, &came_back_lock);
	pthread_mutex_unlock(&came_back_lock);
	PyEval_RestoreThread(state);
	waiting--;
}

void wsgi_pycall_settle(struct wsgi_pycall *call)
{
	while (call->is_away)
		wait_for_others();
}

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

static struct wsgi_pycall *call_of(PyObject *self, const char *what)
{
	struct wsgi_pycall *call = ((struct wsgi_pyhandle *)self)->call;

	if (call == NULL)
		PyErr_Format(PyExc_RuntimeError, "%s was used after its request had ended", what);
	return call;
}

struct wsgi_pycall *wsgi_pyhandle_use(PyObject *self, const char *what, struct wsgi_pycall **before)
{
	struct wsgi_pycall *call = call_of(self, what);

	while (call != NULL && call->is_away) {
		wait_for_others();
		call = call_of(self, what); /* it may have ended meanwhile */
	}
	*before = current;
	if (call != NULL)
		current = call;
	return call;
}

void wsgi_pyhandle_release(struct wsgi_pycall *before)
{
	current = before;
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
	current = call;
	if (!has_handles(call)) {
		wsgi_pycall_end(call);
		return NULL;
	}
	return call;
}

/* A log that is full or gone is no reason to fail a request: what cannot be written is dropped. */
void wsgi_pycall_write_line(struct wsgi_pycall *call)
{
	struct wsgi_errors *errors = call->env->errors;

	if (call->line.len > 0)
		errors->write(errors, call->line.data, call->line.len);
	call->line.len = 0;
}

void wsgi_pycall_end(struct wsgi_pycall *call)
{
	wsgi_pycall_settle(call);
	wsgi_pycall_write_line(call);
	current = NULL;
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
