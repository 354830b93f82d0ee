#include "python/pysources.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "host/origin.h"
#include "python/text.h"

/* Names, of imports that failed; guarded by the GIL. */
static struct wsgi_buf failed;

/*
 * Append the file, or the archive that it is a path into. One that is not there is appended all the
 * same: it may just have been removed. Not a folder, and nothing like "<frozen os>".
 */
static int add_file(struct wsgi_buf *out, const char *name)
{
	size_t begin = out->len;
	struct stat st;
	char *path;
	const char *last;
	int rc;

	if (name[0] == '\0' || name[0] == '<')
		return 0;
	if (wsgi_buf_add(out, name, strlen(name) + 1) != 0)
		return -ENOMEM;
	path = out->data + begin;
	while ((rc = stat(path, &st)) != 0 && errno == ENOTDIR &&
	       (last = wsgi_path_last(path)) > path)
		path[last - path - 1] = '\0';
	out->len = begin;
	if (rc != 0 || !S_ISDIR(st.st_mode))
		out->len += strlen(path) + 1;
	return 0;
}

/* Append the name that a str is; whatever else it is, is left out. */
static int add_str(struct wsgi_buf *names, PyObject *str)
{
	PyObject *bytes = PyUnicode_Check(str) ? PyUnicode_EncodeFSDefault(str) : NULL;
	const char *name = bytes != NULL ? PyBytes_AsString(bytes) : NULL;
	int rc = name != NULL ? wsgi_buf_add(names, name, strlen(name) + 1) : 0;

	PyErr_Clear();
	Py_XDECREF(bytes);
	return rc;
}

/* -- modules ----------------------------------------------------------------------------------- */

/* Not by getattr(): a lazy module would be loaded by it. */
static int add_module(struct wsgi_buf *names, PyObject *module)
{
	PyObject *file = NULL;

	if (PyModule_Check(module))
		file = PyDict_GetItemString(PyModule_GetDict(module), "__file__"); /* borrowed */
	return file != NULL ? add_str(names, file) : 0;
}

static int add_modules(struct wsgi_buf *names)
{
	/* A copy: a codec that is written in Python may let another thread import. */
	PyObject *modules = PyDict_Values(PyImport_GetModuleDict());
	Py_ssize_t len = modules != NULL ? PyList_Size(modules) : 0;
	int rc = modules != NULL ? 0 : -ENOMEM;

	for (Py_ssize_t i = 0; rc == 0 && i < len; i++)
		rc = add_module(names, PyList_GetItem(modules, i));
	PyErr_Clear();
	Py_XDECREF(modules);
	return rc;
}

static int add_names(struct wsgi_buf *names)
{
	PyGILState_STATE state = PyGILState_Ensure();
	int rc = add_modules(names);

	if (rc == 0)
		rc = wsgi_buf_add(names, failed.data, failed.len);
	PyGILState_Release(state);
	return rc;
}

/* The files are looked at without the GIL: there may be thousands, on a slow disk. */
int wsgi_py_sources(struct wsgi_buf *out)
{
	struct wsgi_buf names = {0};
	int rc = add_names(&names);

	for (size_t at = 0; rc == 0 && at < names.len; at += strlen(names.data + at) + 1)
		rc = add_file(out, names.data + at);
	wsgi_buf_finish(&names);
	return rc;
}

/* -- failed imports ---------------------------------------------------------------------------- */

/* object.name if it is there and not None: new reference; NULL without an exception set. */
static PyObject *attribute(PyObject *object, const char *name)
{
	PyObject *value = PyObject_GetAttrString(object, name);

	if (value == Py_None) {
		Py_DECREF(value);
		value = NULL;
	}
	PyErr_Clear();
	return value;
}

static void add_frame(PyObject *traceback)
{
	PyObject *frame = attribute(traceback, "tb_frame");
	PyObject *code = frame != NULL ? attribute(frame, "f_code") : NULL;
	PyObject *file = code != NULL ? attribute(code, "co_filename") : NULL;

	if (file != NULL)
		add_str(&failed, file);
	Py_XDECREF(frame);
	Py_XDECREF(code);
	Py_XDECREF(file);
}

static void add_traceback(PyObject *exception)
{
	PyObject *traceback = attribute(exception, "__traceback__"), *next;

	for (; traceback != NULL; traceback = next) {
		add_frame(traceback);
		next = attribute(traceback, "tb_next");
		Py_DECREF(traceback);
	}
}

/* Where the module would be looked for. */
static void add_missing(PyObject *name)
{
	PyObject *path = PySys_GetObject("path"); /* borrowed */
	PyObject *module = PyUnicode_Check(name) ? PyUnicode_EncodeFSDefault(name) : NULL;
	Py_ssize_t len = path != NULL && PyList_Check(path) ? PyList_Size(path) : 0;

	for (Py_ssize_t i = 0; module != NULL && i < len; i++) {
		PyObject *item = PyList_GetItem(path, i), *folder = NULL;

		if (PyUnicode_Check(item))
			folder = PyUnicode_EncodeFSDefault(item);
		if (folder != NULL)
			wsgi_origin_of_module(&failed, wsgi_span_of(PyBytes_AsString(folder)),
					      PyBytes_AsString(module));
		Py_XDECREF(folder);
	}
	PyErr_Clear();
	Py_XDECREF(module);
}

static void add_exception(PyObject *exception)
{
	PyObject *what = NULL;

	add_traceback(exception);
	if (PyErr_GivenExceptionMatches(exception, PyExc_SyntaxError))
		what = attribute(exception, "filename");
	if (what != NULL)
		add_str(&failed, what);
	Py_CLEAR(what);
	if (PyErr_GivenExceptionMatches(exception, PyExc_ModuleNotFoundError))
		what = attribute(exception, "name");
	if (what != NULL)
		add_missing(what);
	Py_XDECREF(what);
}

void wsgi_py_sources_failed(void)
{
	PyObject *type, *value, *traceback, *exception, *next;

	PyErr_Fetch(&type, &value, &traceback);
	PyErr_NormalizeException(&type, &value, &traceback);
	if (traceback != NULL && value != NULL)
		PyException_SetTraceback(value, traceback);
	exception = value;
	Py_XINCREF(exception);
	/* Python itself breaks a ring of contexts up when it makes one. */
	for (; exception != NULL; exception = next) {
		add_exception(exception);
		next = attribute(exception, "__context__");
		Py_DECREF(exception);
	}
	PyErr_Restore(type, value, traceback);
}
