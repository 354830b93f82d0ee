#include "python/pyload.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "host/spec.h"
#include "python/pyapp.h"
#include "python/pyerror.h"
#include "python/pysources.h"
#include "python/text.h"
#include "wsgi/errors.h"

/* Append a folder to the front of sys.path, at *at, which moves on. Returns 0; -1 with exception.
 */
static int add_path(PyObject *path, const char *folder, Py_ssize_t *at)
{
	PyObject *str = wsgi_py_filename(folder);
	int rc = str != NULL ? PyList_Insert(path, *at, str) : -1;

	Py_XDECREF(str);
	if (rc == 0)
		*at += 1;
	return rc;
}

static int no_memory(void)
{
	PyErr_NoMemory();
	return -1;
}

/* The folders of a list, as PATH is one. */
static int add_paths(PyObject *path, const char *folders, Py_ssize_t *at)
{
	const char between[] = {wsgi_path_between, '\0'};
	int rc = 0;

	for (size_t len; rc == 0 && *folders != '\0'; folders += len + (folders[len] != '\0')) {
		char *folder;

		len = strcspn(folders, between);
		if (len == 0)
			continue;
		folder = strndup(folders, len);
		if (folder != NULL)
			rc = add_path(path, folder, at);
		else
			rc = no_memory();
		free(folder);
	}
	return rc;
}

/*
 * The folder of an absolute path, less its last slash, unless it is a root: "C:" would be that
 * drive's working directory. The caller's to free. NULL: no memory.
 */
static char *folder_of(const char *script)
{
	const size_t len = (size_t)(wsgi_path_last(script) - script);
	char *folder = strndup(script, len);

	if (folder == NULL || len == 0)
		return folder;
	folder[len - 1] = '\0';
	if (!wsgi_path_is_absolute(folder))
		folder[len - 1] = script[len - 1];
	return folder;
}

/* sys.path: the script's folder, or for a module the working directory; then --pythonpath. */
static int set_path(const char *script, const char *folders)
{
	PyObject *path = PySys_GetObject("path"); /* borrowed */
	char *folder;
	Py_ssize_t at = 0;
	int rc = 0;

	if (path == NULL || !PyList_Check(path))
		return 0;
	folder = script != NULL ? folder_of(script) : getcwd(NULL, 0);
	if (folder != NULL)
		rc = add_path(path, folder, &at);
	else if (script != NULL)
		rc = no_memory();
	free(folder);
	return rc == 0 && folders != NULL ? add_paths(path, folders, &at) : rc;
}

static int set_argv(const char *target)
{
	PyObject *str = wsgi_py_filename(target);
	PyObject *argv = str != NULL ? PyList_New(0) : NULL;
	int rc = -1;

	if (argv != NULL && PyList_Append(argv, str) == 0)
		rc = PySys_SetObject("argv", argv);
	Py_XDECREF(str);
	Py_XDECREF(argv);
	return rc;
}

/* -- scripts ----------------------------------------------------------------------------------- */

/*
 * The name of a script's module: its stem, when the file could be imported by it. blog.wsgi must
 * not stand in the way of a package "blog" that it imports, nor io.py in that of io.
 */
static PyObject *module_name(const char *script)
{
	const char *base = wsgi_path_last(script), *dot = strrchr(base, '.');
	size_t len = dot != NULL ? (size_t)(dot - base) : strlen(base);
	PyObject *name = PyUnicode_DecodeFSDefaultAndSize(base, (Py_ssize_t)len);
	PyObject *modules = PyImport_GetModuleDict(), *other;

	if (name == NULL)
		return NULL;
	if (dot != NULL && wsgi_path_ends_in(dot, strlen(dot), ".py") &&
	    PyUnicode_IsIdentifier(name) == 1 && PyDict_GetItemWithError(modules, name) == NULL)
		return name;
	other = PyUnicode_FromFormat("wsgi_%U", name);
	Py_DECREF(name);
	return other;
}

static PyObject *read_file(const char *path)
{
	PyObject *io = PyImport_ImportModule("_io"), *file = NULL, *data = NULL, *closed;

	if (io != NULL)
		file = PyObject_CallMethod(io, "open", "Ns", wsgi_py_filename(path), "rb");
	if (file != NULL) {
		data = PyObject_CallMethod(file, "read", NULL);
		closed = data != NULL ? PyObject_CallMethod(file, "close", NULL) : NULL;
		Py_XDECREF(closed);
	}
	Py_XDECREF(io);
	Py_XDECREF(file);
	return data;
}

/*
 * The code of a script. Py_CompileString() knows of coding lines, as compile() does, which would
 * make all the types of the module ast first: a millisecond of every CGI request.
 */
static PyObject *compiled(const char *path)
{
	PyObject *source = read_file(path), *code = NULL;
	const char *text = source != NULL ? PyBytes_AsString(source) : NULL;

	if (text != NULL && strlen(text) != (size_t)PyBytes_Size(source))
		PyErr_SetString(PyExc_ValueError, "source code string cannot contain null bytes");
	else if (text != NULL)
		code = Py_CompileString(text, path, Py_file_input);
	Py_XDECREF(source);
	return code;
}

static int run_in(PyObject *module, const char *path, PyObject *code)
{
	PyObject *dict = PyModule_GetDict(module), *file = wsgi_py_filename(path), *returned;
	PyObject *builtins = PyImport_ImportModule("builtins");
	int rc = -1;

	if (file != NULL && builtins != NULL && PyDict_SetItemString(dict, "__file__", file) == 0 &&
	    PyDict_SetItemString(dict, "__builtins__", builtins) == 0) {
		returned = PyEval_EvalCode(code, dict, dict);
		rc = returned != NULL ? 0 : -1;
		Py_XDECREF(returned);
	}
	Py_XDECREF(file);
	Py_XDECREF(builtins);
	return rc;
}

/* Import a script under a name of its own: new reference to its module, or NULL. */
static PyObject *import_script(const char *path)
{
	PyObject *code = compiled(path), *name = NULL, *module = NULL;

	if (code != NULL)
		name = module_name(path);
	if (name != NULL)
		module = PyModule_NewObject(name);
	if (module != NULL && (PyDict_SetItem(PyImport_GetModuleDict(), name, module) != 0 ||
			       run_in(module, path, code) != 0))
		Py_CLEAR(module);
	Py_XDECREF(name);
	Py_XDECREF(code);
	return module;
}

/* -- the application --------------------------------------------------------------------------- */

/* module.a.b for "a.b": new reference, or NULL with an exception set. */
static PyObject *attribute(PyObject *module, const char *dotted)
{
	PyObject *object = module, *next;

	Py_INCREF(object);
	while (object != NULL && dotted != NULL) {
		const char *dot = strchr(dotted, '.');
		PyObject *name = PyUnicode_FromStringAndSize(
			dotted, dot != NULL ? dot - dotted : (Py_ssize_t)strlen(dotted));

		next = name != NULL ? PyObject_GetAttr(object, name) : NULL;
		Py_XDECREF(name);
		Py_DECREF(object);
		object = next;
		dotted = dot != NULL ? dot + 1 : NULL;
	}
	return object;
}

static int report(struct wsgi_error *err, const struct wsgi_spec *spec, const char *what)
{
	struct wsgi_fd_errors log;

	wsgi_fd_errors_init(&log, STDERR_FILENO);
	wsgi_py_sources_failed();
	wsgi_py_raised();
	wsgi_py_log(&log.errors, NULL, -1);
	return wsgi_fail(err, -EPROTO, "%s '%s' %s; the traceback is above",
			 spec->kind == WSGI_SPEC_SCRIPT ? "the script" : "the module", spec->target,
			 what);
}

/* "an int". */
static int refuse_object(const struct wsgi_spec *spec, PyObject *object, struct wsgi_error *err)
{
	PyObject *name = PyObject_GetAttrString((PyObject *)Py_TYPE(object), "__name__");
	PyObject *bytes = name != NULL ? PyUnicode_AsUTF8String(name) : NULL;
	const char *type = bytes != NULL ? PyBytes_AsString(bytes) : NULL;

	PyErr_Clear(); /* a type whose name cannot be written is an object all the same */
	if (type == NULL)
		type = "object";
	wsgi_fail(err, -EPROTO, "'%s' in %s is %s %s, not a callable", spec->callable, spec->target,
		  strchr("aeiouAEIOU", type[0]) != NULL ? "an" : "a", type);
	Py_XDECREF(name);
	Py_XDECREF(bytes);
	return -EPROTO;
}

static int load_callable(const struct wsgi_spec *spec, const char *script, PyObject **callable,
			 struct wsgi_error *err)
{
	PyObject *module;

	if (script != NULL && access(script, R_OK) != 0)
		return wsgi_fail(err, -errno, "cannot read the script '%s': %s", spec->target,
				 strerror(errno));
	module = script != NULL ? import_script(script) : PyImport_ImportModule(spec->target);
	if (module == NULL)
		return report(err, spec, "cannot be imported");
	*callable = attribute(module, spec->callable);
	Py_DECREF(module);
	if (*callable != NULL && PyCallable_Check(*callable))
		return 0;
	if (*callable != NULL) {
		int rc = refuse_object(spec, *callable, err);

		Py_CLEAR(*callable);
		return rc;
	}
	if (PyErr_ExceptionMatches(PyExc_AttributeError)) /* the words below say it all */
		PyErr_Clear();
	else
		report(err, spec, "");
	return wsgi_fail(err, -EPROTO, "'%s' has no '%s': name the WSGI callable, as in %s:NAME",
			 spec->target, spec->callable, spec->target);
}

/* Put CPython's own checks around a callable. Returns 0; -1 with an exception set. */
static int validate(PyObject **callable)
{
	PyObject *validator = wsgi_py_import("wsgiref.validate", "validator"), *checked = NULL;

	if (validator != NULL)
		checked = PyObject_CallFunctionObjArgs(validator, *callable, NULL);
	Py_XDECREF(validator);
	if (checked == NULL)
		return -1;
	Py_DECREF(*callable);
	*callable = checked;
	return 0;
}

/* script is the file, NULL: it is a module. */
static int load_from(const char *script, const struct wsgi_spec *spec,
		     const struct wsgi_loader *loader, struct wsgi_pyapp *app,
		     struct wsgi_error *err)
{
	PyObject *callable;
	int rc;

	if (set_argv(spec->target) != 0 || set_path(script, loader->path) != 0)
		return report(err, spec, "cannot be prepared for");
	rc = load_callable(spec, script, &callable, err);
	if (rc != 0)
		return rc;
	if (loader->validate)
		rc = validate(&callable);
	if (rc == 0)
		rc = wsgi_pyapp_init(app, callable);
	Py_DECREF(callable);
	return rc == 0 ? 0 : report(err, spec, "cannot be wrapped");
}

static int load_spec(const struct wsgi_spec *spec, const struct wsgi_loader *loader,
		     struct wsgi_pyapp *app, struct wsgi_error *err)
{
	const bool is_script = spec->kind == WSGI_SPEC_SCRIPT;
	char *script = is_script ? wsgi_path_absolute(spec->target) : NULL;
	int rc;

	if (is_script && script == NULL)
		return wsgi_fail(err, -errno, "'%s': %s", spec->target, strerror(errno));
	rc = load_from(script, spec, loader, app, err);
	free(script);
	return rc;
}

static int py_load(struct wsgi_loader *loader, const char *text, struct wsgi_app **app,
		   struct wsgi_error *err)
{
	static struct wsgi_pyapp py; /* one application a process, for as long as it lives */
	struct wsgi_spec spec;
	int rc = wsgi_spec_parse(&spec, text, err);

	if (rc != 0)
		return rc;
	wsgi_py_enter();
	rc = load_spec(&spec, loader, &py, err);
	wsgi_py_leave();
	wsgi_spec_finish(&spec);
	if (rc == 0)
		*app = &py.app;
	return rc;
}

static int py_sources(struct wsgi_loader *loader, struct wsgi_buf *out)
{
	(void)loader;
	return wsgi_py_sources(out);
}

struct wsgi_loader *wsgi_py_loader(void)
{
	static struct wsgi_loader loader = {.load = py_load, .sources = py_sources};

	return &loader;
}
