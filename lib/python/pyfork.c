#include "python/pyfork.h"

#include <unistd.h>

#include "python/pyapp.h"
#include "python/python.h"
#include "python/text.h"

/* module.name() for its effect; that it fails is no reason not to serve. */
static void do_call(const char *module, const char *name)
{
	PyObject *function = wsgi_py_import(module, name), *returned = NULL;

	if (function != NULL)
		returned = PyObject_CallFunctionObjArgs(function, NULL);
	PyErr_Clear();
	Py_XDECREF(function);
	Py_XDECREF(returned);
}

/* What stands in a buffer at a fork would be written by the parent and by each child. */
static void flush(const char *name)
{
	PyObject *file = PySys_GetObject(name), *returned = NULL; /* borrowed */

	if (file != NULL && file != Py_None)
		returned = PyObject_CallMethod(file, "flush", NULL);
	PyErr_Clear();
	Py_XDECREF(returned);
}

/* The collector does not look at what it has been told to forget: its pages stay shared. */
static void prepare(void)
{
	wsgi_py_enter();
	do_call("gc", "freeze");
	wsgi_py_leave();
}

static void before(void)
{
	wsgi_py_enter();
	flush("stdout");
	flush("stderr");
	PyOS_BeforeFork();
}

static void parent(void)
{
	PyOS_AfterFork_Parent();
	wsgi_py_leave();
}

static void child(void)
{
	PyOS_AfterFork_Child();
	wsgi_py_leave();
}

static unsigned threads(void)
{
	PyObject *count, *number = NULL;
	long n = 1;

	wsgi_py_enter();
	count = wsgi_py_import("threading", "active_count");
	if (count != NULL)
		number = PyObject_CallFunctionObjArgs(count, NULL);
	if (number != NULL)
		n = PyLong_AsLong(number);
	PyErr_Clear();
	Py_XDECREF(count);
	Py_XDECREF(number);
	wsgi_py_leave();
	return n > 1 ? (unsigned)(n - 1) : 0; /* less this one */
}

/* faulthandler.register(signal, file=2, all_threads=True, chain=False) */
static int dump_on(int signal)
{
	PyObject *function, *args, *returned = NULL;
	int rc;

	wsgi_py_enter();
	function = wsgi_py_import("faulthandler", "register");
	args = Py_BuildValue("(iiOO)", signal, STDERR_FILENO, Py_True, Py_False);
	if (function != NULL && args != NULL)
		returned = PyObject_CallObject(function, args);
	rc = returned != NULL ? 0 : -1;
	PyErr_Clear();
	Py_XDECREF(function);
	Py_XDECREF(args);
	Py_XDECREF(returned);
	wsgi_py_leave();
	return rc;
}

const struct wsgi_gateway_forks *wsgi_py_forks(void)
{
	static const struct wsgi_gateway_forks forks = {
		.prepare = prepare,
		.before = before,
		.parent = parent,
		.child = child,
		.threads = threads,
		.dump_on = dump_on,
	};

	return &forks;
}
