#include "python/pyrepr.h"

#include <stdbool.h>
#include <string.h>

#include "python/text.h"

enum { DICT = 100, LIST = 30, LEVELS = 4 };

/* -- what is looked at ------------------------------------------------------------------------- */

/* Whether its repr() is one of C, which makes the whole of it: none that its class has defined. */
static bool has_plain_repr(PyObject *o)
{
	PyObject *method = PyObject_GetAttrString((PyObject *)Py_TYPE(o), "__repr__");
	bool is = method != NULL && PyObject_TypeCheck(method, &PyWrapperDescr_Type);

	Py_XDECREF(method);
	PyErr_Clear();
	return is;
}

/* Whether a variable of an environ is one that the page has in its table, or hides there. */
static bool is_listed(PyObject *key)
{
	static const char *const starts[] = {
		"HTTP_",    "wsgi.",        "SERVER_",     "REQUEST_",    "CONTENT_",
		"GATEWAY_", "QUERY_STRING", "REMOTE_ADDR", "REMOTE_HOST", "REMOTE_PORT"};
	PyObject *bytes =
		PyUnicode_Check(key) ? PyUnicode_AsEncodedString(key, "latin-1", "replace") : NULL;
	const char *name = bytes != NULL ? PyBytes_AsString(bytes) : "";
	bool is = false;

	for (size_t i = 0; !is && i < sizeof(starts) / sizeof(starts[0]); i++)
		is = strncmp(name, starts[i], strlen(starts[i])) == 0;
	Py_XDECREF(bytes);
	PyErr_Clear();
	return is;
}

/* To compare keys may run anything, which may change the dict that they are out of. */
static int put_item(PyObject *dict, PyObject *key, PyObject *value)
{
	int rc;

	Py_INCREF(key);
	Py_INCREF(value);
	rc = PyDict_SetItem(dict, key, value);
	Py_DECREF(key);
	Py_DECREF(value);
	return rc;
}

/*
 * The environ of a request, which nearly every frame has, down to what the application may have
 * changed or added: new reference, or NULL with an exception set.
 */
static PyObject *own_part(PyObject *variables)
{
	PyObject *part = PyDict_New(), *key, *value;
	PyObject *note = PyUnicode_FromString("as in the request");
	int rc = part != NULL && note != NULL ? 0 : -1;
	Py_ssize_t at = 0;

	while (rc == 0 && PyDict_Next(variables, &at, &key, &value))
		if (!is_listed(key))
			rc = put_item(part, key, value);
	if (rc == 0)
		rc = PyDict_SetItem(part, Py_Ellipsis, note);
	Py_XDECREF(note);
	if (rc != 0)
		Py_CLEAR(part);
	return part;
}

/* The first so many items, and one more where there are more, for reprlib to tell. */
static PyObject *part_of_dict(PyObject *dict)
{
	PyObject *part = PyDict_New(), *key, *value;
	Py_ssize_t at = 0;

	while (part != NULL && PyDict_Size(part) <= DICT && PyDict_Next(dict, &at, &key, &value))
		if (put_item(part, key, value) != 0)
			Py_CLEAR(part);
	return part;
}

static PyObject *part_of_set(PyObject *set)
{
	PyObject *list = PyList_New(0), *items = PyObject_GetIter(set), *item, *part = NULL;

	while (list != NULL && items != NULL && PyList_Size(list) <= LIST &&
	       (item = PyIter_Next(items)) != NULL) {
		if (PyList_Append(list, item) != 0)
			Py_CLEAR(list);
		Py_DECREF(item);
	}
	if (list != NULL && items != NULL && PyErr_Occurred() == NULL)
		part = PyObject_TypeCheck(set, &PySet_Type) ? PySet_New(list)
							    : PyFrozenSet_New(list);
	Py_XDECREF(list);
	Py_XDECREF(items);
	return part;
}

/* The start and the end of bytes or a bytearray, more than is shown. */
static PyObject *part_of_bytes(PyObject *bytes)
{
	const Py_ssize_t len = PySequence_Size(bytes);
	PyObject *start = PySequence_GetSlice(bytes, 0, WSGI_PY_REPR_CHARS);
	PyObject *end = PySequence_GetSlice(bytes, len - WSGI_PY_REPR_CHARS, len);
	PyObject *part = start != NULL && end != NULL ? PySequence_Concat(start, end) : NULL;

	Py_XDECREF(start);
	Py_XDECREF(end);
	return part;
}

/* As much of a value as is shown: new reference, or NULL with an exception set. */
static PyObject *part_of(PyObject *o)
{
	const bool is_bytes = PyBytes_Check(o) || PyByteArray_Check(o);

	if (PyDict_CheckExact(o) && PyDict_GetItemString(o, "wsgi.input") != NULL)
		return own_part(o);
	if (PyDict_Check(o) && (!PyDict_CheckExact(o) || PyDict_Size(o) > DICT))
		return part_of_dict(o);
	if (PyList_Check(o) && !PyList_CheckExact(o))
		return PyList_GetSlice(o, 0, LIST + 1);
	if (PyAnySet_Check(o) && (!PyAnySet_CheckExact(o) || PySet_Size(o) > LIST))
		return part_of_set(o);
	if (is_bytes && PySequence_Size(o) > 2 * WSGI_PY_REPR_CHARS)
		return part_of_bytes(o);
	if (PyUnicode_Check(o))
		return PyUnicode_FromObject(o);
	Py_INCREF(o);
	return o;
}

/* -- reprlib.Repr, of parts -------------------------------------------------------------------- */

/* A part of another class, under the name of the value's own. Takes the str's reference. */
static PyObject *named(PyObject *str, PyObject *part, PyObject *value)
{
	PyObject *name, *whole = NULL;

	if (str == NULL || Py_TYPE(part) == Py_TYPE(value) || PyUnicode_Check(value) ||
	    PyBytes_Check(value))
		return str;
	name = PyObject_GetAttrString((PyObject *)Py_TYPE(value), "__name__");
	if (name != NULL)
		whole = PyUnicode_FromFormat("%S(%S)", name, str);
	Py_XDECREF(name);
	Py_DECREF(str);
	return whole;
}

/* Repr.repr1(x, level), which is called for what a value holds, too; inherited is Repr's own. */
static PyObject *repr1(PyObject *inherited, PyObject *args)
{
	PyObject *value, *level, *part, *str = NULL;

	if (!PyArg_ParseTuple(args, "OO", &value, &level))
		return NULL;
	if (!has_plain_repr(value))
		return PyObject_Call(inherited, args, NULL);
	part = part_of(value);
	if (part != NULL)
		str = PyObject_CallFunctionObjArgs(inherited, part, level, NULL);
	str = named(str, part, value);
	Py_XDECREF(part);
	return str;
}

static int set_limits(PyObject *repr)
{
	static const struct {
		const char *name;
		int value;
	} limits[] = {
		{"maxlevel", LEVELS},
		{"maxtuple", LIST},
		{"maxlist", LIST},
		{"maxarray", LIST},
		{"maxdict", DICT},
		{"maxset", LIST},
		{"maxfrozenset", LIST},
		{"maxdeque", LIST},
		{"maxlong", WSGI_PY_REPR_CHARS},
		{"maxstring", WSGI_PY_REPR_CHARS},
		{"maxother", WSGI_PY_REPR_CHARS},
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(limits) / sizeof(limits[0]); i++) {
		PyObject *n = PyLong_FromLong(limits[i].value);

		rc = n != NULL ? PyObject_SetAttrString(repr, limits[i].name, n) : -1;
		Py_XDECREF(n);
	}
	return rc;
}

/* Put ours before Repr's. */
static int set_repr1(PyObject *repr)
{
	static PyMethodDef method = {"repr1", repr1, METH_VARARGS, NULL};
	PyObject *inherited = PyObject_GetAttrString(repr, "repr1");
	PyObject *ours = inherited != NULL ? PyCFunction_New(&method, inherited) : NULL;
	int rc = ours != NULL ? PyObject_SetAttrString(repr, "repr1", ours) : -1;

	Py_XDECREF(inherited);
	Py_XDECREF(ours);
	return rc;
}

PyObject *wsgi_py_repr_create(void)
{
	PyObject *type = wsgi_py_import("reprlib", "Repr");
	PyObject *repr = type != NULL ? PyObject_CallFunctionObjArgs(type, NULL) : NULL;

	if (repr != NULL && (set_limits(repr) != 0 || set_repr1(repr) != 0)) {
		wsgi_py_repr_destroy(repr);
		repr = NULL;
	}
	Py_XDECREF(type);
	return repr;
}

void wsgi_py_repr_destroy(PyObject *repr)
{
	PyObject *type, *value, *traceback;

	if (repr == NULL)
		return;
	PyErr_Fetch(&type, &value, &traceback);
	PyObject_DelAttrString(repr, "repr1"); /* which refers to it */
	PyErr_Restore(type, value, traceback); /* in place of that there was none */
	Py_DECREF(repr);
}

/* Kinds whose shortened repr() may be made without the whole one. */
static bool is_shortened(PyObject *o)
{
	return PySequence_Check(o) || PyDict_Check(o) || PyAnySet_Check(o) || PyLong_CheckExact(o);
}

/* What raises is told by reprlib as a mere address: such a one is asked here. */
PyObject *wsgi_py_repr(PyObject *repr, PyObject *value)
{
	if (is_shortened(value) && has_plain_repr(value))
		return PyObject_CallMethod(repr, "repr", "(O)", value);
	return PyObject_Repr(value);
}
