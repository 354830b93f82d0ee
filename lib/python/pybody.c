#include "python/pybody.h"

#include <errno.h>

#include "base/container.h"
#include "python/pyapp.h"
#include "python/pyerror.h"
#include "python/pyfile.h"
#include "python/pystart.h"

static struct wsgi_pycall *call_of(struct wsgi_body *body)
{
	return container_of(body, struct wsgi_pycall, body);
}

/* The next item: new reference; NULL at the end, or with an exception set. */
static PyObject *next_item(struct wsgi_pycall *call)
{
	PyObject *result = call->result, *item = NULL;

	if (PyList_CheckExact(result)) {
		if (call->index < PyList_Size(result))
			item = PyList_GetItem(result, call->index++);
	} else if (PyTuple_CheckExact(result)) {
		if (call->index < PyTuple_Size(result))
			item = PyTuple_GetItem(result, call->index++);
	} else {
		if (call->iterator == NULL)
			call->iterator = PyObject_GetIter(result);
		return call->iterator != NULL ? PyIter_Next(call->iterator) : NULL;
	}
	Py_XINCREF(item);
	return item;
}

static int next_chunk(struct wsgi_pycall *call, const void **data, size_t *len)
{
	Py_CLEAR(call->chunk);
	call->chunk = next_item(call);
	if (call->chunk == NULL && PyErr_Occurred())
		return wsgi_py_raised();
	if (call->chunk != NULL && !PyBytes_CheckExact(call->chunk)) {
		PyErr_SetString(PyExc_AssertionError, "write() argument must be a bytes instance");
		return wsgi_py_raised();
	}
	if (wsgi_pystart_latest(call) != 0)
		return wsgi_py_raised();
	if (call->chunk == NULL)
		return 0;
	*data = PyBytes_AsString(call->chunk);
	*len = (size_t)PyBytes_Size(call->chunk);
	return 1;
}

static int pybody_next(struct wsgi_body *body, const void **data, size_t *len)
{
	struct wsgi_pycall *call = call_of(body);
	int rc = next_chunk(call, data, len);

	wsgi_pycall_settle(call);
	return rc;
}

/* len(result), where TypeError and its kin say that it has none. */
static int pybody_count(struct wsgi_body *body, size_t *count)
{
	struct wsgi_pycall *call = call_of(body);
	Py_ssize_t len = PyObject_Size(call->result);

	wsgi_pycall_settle(call);
	if (len >= 0) {
		*count = (size_t)len;
		return 0;
	}
	if (!PyErr_ExceptionMatches(PyExc_TypeError) &&
	    !PyErr_ExceptionMatches(PyExc_AttributeError) &&
	    !PyErr_ExceptionMatches(PyExc_NotImplementedError))
		return wsgi_py_raised();
	PyErr_Clear();
	return -ENOTSUP;
}

/* hasattr(result, "close"), then result.close(): two look-ups, as wsgiref has them. */
static int call_close(PyObject *result)
{
	PyObject *method = PyObject_GetAttrString(result, "close"), *returned;

	if (method == NULL) {
		if (!PyErr_ExceptionMatches(PyExc_AttributeError))
			return -1;
		PyErr_Clear();
		return 0;
	}
	Py_DECREF(method);
	returned = PyObject_CallMethod(result, "close", NULL);
	Py_XDECREF(returned);
	return returned != NULL ? 0 : -1;
}

static int pybody_close(struct wsgi_body *body)
{
	struct wsgi_pycall *call = call_of(body);
	struct wsgi_py_handling handling;
	int rc = 0;

	Py_CLEAR(call->iterator);
	wsgi_py_blame(call->start->error);
	if (!PyList_CheckExact(call->result) && !PyTuple_CheckExact(call->result)) {
		wsgi_py_handling_begin(&handling);
		rc = call_close(call->result);
		wsgi_py_handling_end(&handling);
	}
	if (rc != 0)
		rc = wsgi_py_raised();
	wsgi_pycall_end(call);
	return rc;
}

struct wsgi_body *wsgi_pybody_of(struct wsgi_pycall *call)
{
	const struct wsgi_pytypes *types = &call->app->types;

	call->body = (struct wsgi_body){
		.next = pybody_next,
		.close = pybody_close,
		.count = pybody_count,
		.eager = PyList_CheckExact(call->result) || PyTuple_CheckExact(call->result),
	};
	if (wsgi_pyfile_plain(call->result, types, &call->file) && wsgi_pystart_latest(call) == 0)
		call->body.file = &call->file;
	PyErr_Clear();
	return &call->body;
}
