#include "python/pyapp.h"

#include <errno.h>
#include <stdbool.h>

#include "base/container.h"
#include "python/pybody.h"
#include "python/pycall.h"
#include "python/pyerror.h"
#include "python/pyerrors.h"
#include "python/pyfile.h"
#include "python/pyinput.h"
#include "python/pystart.h"
#include "python/pytrace.h"
#include "python/text.h"

/* The thread's own state in the interpreter, while it does not hold the GIL. */
static _Thread_local PyThreadState *thread;
static _Thread_local bool is_introduced; /* Python knows it from us alone */

void wsgi_py_enter(void)
{
	if (thread != NULL) {
		PyEval_RestoreThread(thread);
	} else {
		PyGILState_Ensure(); /* a thread of ours: known to Python from now on */
		is_introduced = true;
	}
	wsgi_pycall_note_enter();
}

void wsgi_py_leave(void)
{
	wsgi_pycall_note_leave();
	thread = PyEval_SaveThread();
}

static void pyapp_enter(struct wsgi_app *app)
{
	(void)app;
	wsgi_py_enter();
}

static void pyapp_leave(struct wsgi_app *app)
{
	(void)app;
	wsgi_py_leave();
}

/* Python's shutdown waits for each thread that it was told of. */
static void pyapp_thread_ends(struct wsgi_app *app)
{
	(void)app;
	if (!is_introduced)
		return;
	PyEval_RestoreThread(thread);
	PyGILState_Release(PyGILState_UNLOCKED);
	is_introduced = false;
	thread = NULL;
}

static int pyapp_call(struct wsgi_app *app, const struct wsgi_environ *env,
		      struct wsgi_start *start, struct wsgi_body **body)
{
	struct wsgi_pyapp *py = container_of(app, struct wsgi_pyapp, app);
	struct wsgi_pycall *call = wsgi_pycall_begin(py, env, start);
	int rc;

	if (call == NULL)
		return wsgi_py_raised();
	call->environ = wsgi_pyenviron_dict(&py->environ, call);
	if (call->environ != NULL)
		call->result = PyObject_CallFunctionObjArgs(py->callable, call->environ,
							    call->starter, NULL);
	if (call->result == NULL) {
		rc = wsgi_py_raised();
		wsgi_pycall_end(call);
		return rc;
	}
	*body = wsgi_pybody_of(call);
	wsgi_pycall_settle(call);
	return 0;
}

static void pyapp_log_exception(struct wsgi_app *app, struct wsgi_errors *errors,
				const struct wsgi_error *error, int limit)
{
	(void)app;
	wsgi_py_log(errors, error, limit);
}

static int pyapp_trace(struct wsgi_app *app, struct wsgi_trace *trace)
{
	PyObject *exception = wsgi_py_pending();
	int rc = exception != NULL ? wsgi_py_trace(trace, exception) : -ENODATA;

	(void)app;
	Py_XDECREF(exception);
	return rc;
}

static void pyapp_drop_exception(struct wsgi_app *app)
{
	(void)app;
	wsgi_py_forget();
}

static int make_types(struct wsgi_pytypes *types)
{
	types->input = wsgi_pyinput_type();
	types->errors = wsgi_pyerrors_type();
	types->starter = wsgi_pystart_type();
	types->file_wrapper = wsgi_pyfile_type();
	types->file_io = wsgi_py_import("_io", "FileIO");
	types->buffered_reader = wsgi_py_import("_io", "BufferedReader");
	types->buffered_random = wsgi_py_import("_io", "BufferedRandom");
	return types->input && types->errors && types->starter && types->file_wrapper &&
			       types->file_io && types->buffered_reader && types->buffered_random
		       ? 0
		       : -1;
}

int wsgi_pyapp_init(struct wsgi_pyapp *app, PyObject *callable)
{
	*app = (struct wsgi_pyapp){
		.app = {.call = pyapp_call,
			.log_exception = pyapp_log_exception,
			.trace = pyapp_trace,
			.drop_exception = pyapp_drop_exception,
			.enter = pyapp_enter,
			.leave = pyapp_leave,
			.thread_ends = pyapp_thread_ends},
		.callable = callable,
	};
	Py_INCREF(callable);
	if (make_types(&app->types) != 0)
		return -1;
	return wsgi_pyenviron_init(&app->environ, app->types.file_wrapper);
}
