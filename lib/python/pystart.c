#include "python/pystart.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "python/pycall.h"
#include "python/pyerror.h"
#include "python/text.h"

enum { FEW = 16 };

/* The headers on their way to the handler: bytes objects, and pointers into them. */
struct pairs {
	Py_ssize_t len;
	PyObject **bytes; /* name, value, name, value ... */
	struct wsgi_header *headers;
	PyObject *few_bytes[2 * FEW];
	struct wsgi_header few_headers[FEW];
};

static int pairs_init(struct pairs *p, Py_ssize_t len)
{
	p->len = 0;
	p->bytes = p->few_bytes;
	p->headers = p->few_headers;
	if (len <= FEW)
		return 0;
	p->bytes = malloc((size_t)len * 2 * sizeof(p->bytes[0]));
	p->headers = malloc((size_t)len * sizeof(p->headers[0]));
	if (p->bytes != NULL && p->headers != NULL)
		return 0;
	PyErr_NoMemory();
	return -1;
}

static void pairs_finish(struct pairs *p)
{
	for (Py_ssize_t i = 0; i < 2 * p->len; i++)
		Py_DECREF(p->bytes[i]);
	if (p->bytes != p->few_bytes)
		free(p->bytes);
	if (p->headers != p->few_headers)
		free(p->headers);
}

static int must_be_str(PyObject *value, const char *title)
{
	if (PyUnicode_CheckExact(value))
		return 0;
	PyErr_Format(PyExc_AssertionError, "%s must be of type str (got %R)", title, value);
	return -1;
}

/* As "for name, value in headers" takes an item apart. New reference to a pair, or NULL. */
static PyObject *pair_of(PyObject *item)
{
	PyObject *pair = PySequence_Tuple(item);

	if (pair != NULL && PyTuple_Size(pair) != 2) {
		PyErr_Format(PyExc_ValueError, "a header is a tuple of name and value, not %R",
			     item);
		Py_CLEAR(pair);
	}
	return pair;
}

static int pairs_add(struct pairs *p, PyObject *item)
{
	PyObject *pair = pair_of(item), *name, *value;
	PyObject **at = &p->bytes[2 * p->len];
	int rc = -1;

	if (pair == NULL)
		return -1;
	name = PyTuple_GetItem(pair, 0);
	value = PyTuple_GetItem(pair, 1);
	if (must_be_str(name, "Header names/values") != 0 ||
	    must_be_str(value, "Header names/values") != 0)
		goto done;
	if (!PyTuple_Check(item)) {
		PyErr_Format(PyExc_TypeError, "a header must be a tuple, not %R", item);
		goto done;
	}
	at[0] = wsgi_py_header_bytes(name);
	at[1] = at[0] != NULL ? wsgi_py_header_bytes(value) : NULL;
	if (at[1] == NULL) {
		Py_XDECREF(at[0]);
		goto done;
	}
	p->headers[p->len++] = (struct wsgi_header){
		.name = PyBytes_AsString(at[0]),
		.value = PyBytes_AsString(at[1]),
	};
	rc = 0;
done:
	Py_DECREF(pair);
	return rc;
}

/* Give status and a list (or tuple) of headers to the handler. Returns its rc, or 1: exception. */
static int respond(struct wsgi_pycall *call, PyObject *status, PyObject *headers,
		   const struct wsgi_error *exc)
{
	Py_ssize_t len = PyTuple_Size(headers);
	struct pairs pairs;
	int rc = pairs_init(&pairs, len);

	for (Py_ssize_t i = 0; rc == 0 && i < len; i++)
		rc = pairs_add(&pairs, PyTuple_GetItem(headers, i));
	if (rc == 0)
		rc = call->start->respond(call->start, PyBytes_AsString(status), pairs.headers,
					  (size_t)pairs.len, exc);
	else
		rc = 1;
	pairs_finish(&pairs);
	return rc;
}

/* Remember what was given, to see later whether the list was changed. Steals all references. */
static void remember(struct wsgi_pycall *call, PyObject *status, PyObject *headers,
		     PyObject *copied)
{
	Py_XDECREF(call->status);
	Py_XDECREF(call->headers);
	Py_XDECREF(call->copied);
	call->status = status;
	call->headers = headers;
	call->copied = copied;
}

static bool is_unchanged(PyObject *headers, PyObject *copied)
{
	Py_ssize_t len = PyList_Size(headers);

	if (len != PyTuple_Size(copied))
		return false;
	for (Py_ssize_t i = 0; i < len; i++)
		if (PyList_GetItem(headers, i) != PyTuple_GetItem(copied, i))
			return false;
	return true;
}

static const struct wsgi_error again = {.code = -EAGAIN, .text = "headers given again"};

int wsgi_pystart_latest(struct wsgi_pycall *call)
{
	PyObject *now;
	int rc;

	if (call->headers_done || call->headers == NULL)
		return 0;
	call->headers_done = true;
	if (is_unchanged(call->headers, call->copied))
		return 0;
	now = PyList_AsTuple(call->headers);
	if (now == NULL)
		return -1;
	rc = respond(call, call->status, now, &again);
	Py_DECREF(now);
	if (rc < 0)
		wsgi_py_raise(rc, call->start->error);
	return rc != 0 ? -1 : 0;
}

/* A bare "raise": the exception that the application is handling goes on. */
static void raise_again(void)
{
	PyObject *type, *value, *traceback;

	PyErr_GetExcInfo(&type, &value, &traceback);
	if (value == NULL || value == Py_None) {
		Py_XDECREF(type);
		Py_XDECREF(value);
		Py_XDECREF(traceback);
		PyErr_SetString(PyExc_RuntimeError, "No active exception to reraise");
		return;
	}
	PyErr_Restore(type, value, traceback);
}

/* Headers must be a list: a new tuple of what is in it, or NULL with an exception set. */
static PyObject *copy_of(PyObject *headers)
{
	if (!PyList_CheckExact(headers)) {
		PyErr_SetString(PyExc_TypeError, "Headers should be a list of name/value tuples");
		return NULL;
	}
	return PyList_AsTuple(headers);
}

static int start(struct wsgi_pycall *call, PyObject *status, PyObject *headers, bool with_exc_info)
{
	PyObject *copied = copy_of(headers), *text = NULL;
	int rc;

	if (copied == NULL)
		return -1;
	if (must_be_str(status, "Status") == 0)
		text = wsgi_py_header_bytes(status);
	rc = text != NULL ? respond(call, text, copied, with_exc_info ? &again : NULL) : 1;
	if (rc == 0) {
		Py_INCREF(headers);
		remember(call, text, headers, copied);
		return 0;
	}
	Py_XDECREF(text);
	Py_DECREF(copied);
	if (rc == -EALREADY)
		raise_again();
	else if (rc < 0)
		wsgi_py_raise(rc, call->start->error);
	return -1;
}

/* -- write ------------------------------------------------------------------------------------- */

int wsgi_pystart_write(struct wsgi_pycall *call, PyObject *data)
{
	int rc;

	if (!PyBytes_CheckExact(data)) {
		PyErr_SetString(PyExc_AssertionError, "write() argument must be a bytes instance");
		return -1;
	}
	if (wsgi_pystart_latest(call) != 0)
		return -1;
	rc = call->start->write(call->start, PyBytes_AsString(data), (size_t)PyBytes_Size(data));
	if (rc == 0)
		return 0;
	wsgi_py_raise(rc, rc == -EPIPE ? NULL : call->start->error);
	return -1;
}

static PyObject *write_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static char data_name[] = "data";
	static char *names[] = {data_name, NULL};
	struct wsgi_pycall *before, *call;
	PyObject *data;
	int rc;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:write", names, &data))
		return NULL;
	call = wsgi_pyhandle_use(self, "write()", &before);
	rc = call != NULL ? wsgi_pystart_write(call, data) : -1;
	wsgi_pyhandle_release(before);
	if (rc != 0)
		return NULL;
	Py_RETURN_NONE;
}

/* -- the callable ------------------------------------------------------------------------------ */

static int start_arguments(PyObject *args, PyObject *kwargs, PyObject **status, PyObject **headers,
			   PyObject **exc_info)
{
	static char status_name[] = "status", headers_name[] = "headers", exc_name[] = "exc_info";
	static char *names[] = {status_name, headers_name, exc_name, NULL};

	*exc_info = Py_None;
	if (kwargs == NULL && PyTuple_Size(args) == 2) { /* as nearly all call it */
		*status = PyTuple_GetItem(args, 0);
		*headers = PyTuple_GetItem(args, 1);
		return 0;
	}
	return PyArg_ParseTupleAndKeywords(args, kwargs, "OO|O:start_response", names, status,
					   headers, exc_info)
		       ? 0
		       : -1;
}

static PyObject *start_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static PyMethodDef write_method = {"write", WSGI_PY_KEYWORDS(write_call),
					   METH_VARARGS | METH_KEYWORDS,
					   "write(data): send data now"};
	PyObject *status, *headers, *exc_info;
	struct wsgi_pycall *before, *call;
	int with_exc_info, rc;

	if (start_arguments(args, kwargs, &status, &headers, &exc_info) != 0)
		return NULL;
	with_exc_info = exc_info == Py_None ? 0 : PyObject_IsTrue(exc_info);
	if (with_exc_info < 0)
		return NULL;
	call = wsgi_pyhandle_use(self, "start_response()", &before);
	rc = call != NULL ? start(call, status, headers, with_exc_info) : -1;
	wsgi_pyhandle_release(before);
	if (rc != 0)
		return NULL;
	return PyCFunction_New(&write_method, self);
}

PyObject *wsgi_pystart_type(void)
{
	PyType_Slot slots[] = {
		WSGI_PY_SLOT(Py_tp_dealloc, wsgi_pyhandle_dealloc),
		WSGI_PY_SLOT(Py_tp_call, start_call),
		{0, NULL},
	};
	PyType_Spec spec = {
		.name = "wsgi_python.start_response",
		.basicsize = sizeof(struct wsgi_pyhandle),
		.flags = Py_TPFLAGS_DEFAULT,
		.slots = slots,
	};

	return PyType_FromSpec(&spec);
}
