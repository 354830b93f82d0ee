#include "python/plugin.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/interpreter.h"
#include "python/pyapp.h"
#include "python/pyload.h"
#include "python/text.h"

/* A process has one: an interpreter loads the module that its boot program names. */
static const struct wsgi_plugin *plugin;

/* argv from program and a tuple of str; each item is to be freed, and the array. */
static char **argv_of(PyObject *program, PyObject *args, int *argc)
{
	Py_ssize_t len = PyTuple_Size(args);
	char **argv = calloc((size_t)len + 2, sizeof(*argv));

	if (argv == NULL)
		PyErr_NoMemory();
	for (Py_ssize_t i = 0; argv != NULL && i <= len; i++) {
		PyObject *str = i == 0 ? program : PyTuple_GetItem(args, i - 1);
		PyObject *bytes = PyUnicode_EncodeFSDefault(str);

		argv[i] = bytes != NULL ? strdup(PyBytes_AsString(bytes)) : NULL;
		Py_XDECREF(bytes);
		if (argv[i] == NULL)
			return NULL; /* the process ends: nothing is lost by this leak */
	}
	*argc = (int)len + 1;
	return argv;
}

static const struct wsgi_gateway_kind *kind_named(const char *program)
{
	for (size_t i = 0; plugin->gateways[i] != NULL; i++)
		if (strcmp(wsgi_gateway_name(plugin->gateways[i]->gateway), program) == 0)
			return plugin->gateways[i];
	return NULL;
}

/* print() writes to the log, a line at a time, whatever standard output was. */
static void line_buffer_stdout(void)
{
	PyObject *out = PySys_GetObject("stdout"); /* borrowed */
	PyObject *method, *kwargs, *none, *returned = NULL;

	if (out == NULL || out == Py_None)
		return;
	method = PyObject_GetAttrString(out, "reconfigure");
	kwargs = Py_BuildValue("{s:O}", "line_buffering", Py_True);
	none = PyTuple_New(0);
	if (method != NULL && kwargs != NULL && none != NULL)
		returned = PyObject_Call(method, none, kwargs);
	PyErr_Clear();
	Py_XDECREF(method);
	Py_XDECREF(kwargs);
	Py_XDECREF(none);
	Py_XDECREF(returned);
}

/*
 * serve/cgi_stdio keeps standard output for the response: our descriptor 1 becomes a copy of 2.
 * Where the interpreter has descriptors of its own, so does its 1, with which it closes the
 * response's handle: ours is a copy (windows/dll.c), and print() and child processes have
 * none. Its 0 stays as it is: the body, over the handle that ours is a copy of.
 * Returns 0; -1 with an exception set.
 */
static int divert_its_stdout(void)
{
	PyObject *dup2 = NULL, *returned = NULL, *args;

	if (wsgi_interpreter_shares_descriptors)
		return 0;
	args = Py_BuildValue("(ii)", STDERR_FILENO, STDOUT_FILENO);
	if (args != NULL)
		dup2 = wsgi_py_import("os", "dup2");
	if (dup2 != NULL)
		returned = PyObject_CallObject(dup2, args);
	Py_XDECREF(args);
	Py_XDECREF(dup2);
	Py_XDECREF(returned);
	return returned != NULL ? 0 : -1;
}

static bool stays(const struct wsgi_gateway_kind *kind)
{
	return kind->gateway == WSGI_GATEWAY_FCGI || kind->gateway == WSGI_GATEWAY_SERVE;
}

static PyObject *module_run(PyObject *self, PyObject *args)
{
	PyObject *program, *http_proxy, *words, *proxy_bytes = NULL;
	struct wsgi_gateway_host host = {0};
	const struct wsgi_gateway_kind *kind;
	char **argv;
	int argc, status;

	(void)self;
	if (!PyArg_ParseTuple(args, "OOO!:run", &program, &http_proxy, &PyTuple_Type, &words))
		return NULL;
	argv = argv_of(program, words, &argc);
	if (argv == NULL)
		return NULL;
	if (http_proxy != Py_None) {
		proxy_bytes = PyUnicode_EncodeFSDefault(http_proxy); /* a client's: any bytes */
		if (proxy_bytes == NULL)
			return NULL;
		host.http_proxy = PyBytes_AsString(proxy_bytes);
	}
	kind = kind_named(argv[0]);
	if (kind == NULL)
		return PyErr_Format(PyExc_ValueError, "no gateway of that name: %s", argv[0]);
	if (divert_its_stdout() != 0)
		return NULL;
	line_buffer_stdout();
	if (stays(kind) && plugin->stay(&host, argc, argv) != 0)
		return NULL;
	host.python = wsgi_py_loader();
	wsgi_py_leave();
	status = wsgi_gateway_main(kind, &host, argc, argv);
	wsgi_py_enter();
	Py_XDECREF(proxy_bytes);
	return PyLong_FromLong(status);
}

static PyMethodDef methods[] = {
	{"run", module_run, METH_VARARGS, "run(program, http_proxy, args): be a gateway"},
	{NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "wsgi_python",
	.m_doc = "The gateways of libwsgi inside the interpreter.",
	.m_size = -1,
	.m_methods = methods,
};

PyObject *wsgi_py_plugin_module(const struct wsgi_plugin *of)
{
	plugin = of;
	return PyModule_Create(&definition);
}
