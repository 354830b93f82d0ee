#include "python/pyerrors.h"

#include <string.h>

#include "python/pycall.h"
#include "python/pyerror.h"

static struct wsgi_pycall *call_of(PyObject *self)
{
	return wsgi_pyhandle_call(self, "wsgi.errors");
}

/* A log that is full or gone is no reason to fail a request: what cannot be written is dropped. */
static void write_line(struct wsgi_pycall *call)
{
	struct wsgi_errors *errors = call->env->errors;

	if (call->line.len > 0)
		errors->write(errors, call->line.data, call->line.len);
	call->line.len = 0;
}

static int add(struct wsgi_pycall *call, PyObject *str)
{
	PyObject *bytes;
	int rc;

	if (!PyUnicode_Check(str)) {
		PyErr_Format(PyExc_TypeError, "write() argument must be str, not %R",
			     (PyObject *)Py_TYPE(str));
		return -1;
	}
	bytes = PyUnicode_AsEncodedString(str, "utf-8", "backslashreplace");
	if (bytes == NULL)
		return -1;
	rc = wsgi_buf_add(&call->line, PyBytes_AsString(bytes), (size_t)PyBytes_Size(bytes));
	Py_DECREF(bytes);
	if (rc != 0) {
		PyErr_NoMemory();
		return -1;
	}
	if (call->line.len > 0 && memchr(call->line.data, '\n', call->line.len) != NULL)
		write_line(call);
	return 0;
}

static PyObject *errors_write(PyObject *self, PyObject *str)
{
	struct wsgi_pycall *call = call_of(self);

	if (call == NULL || add(call, str) != 0)
		return NULL;
	return PyLong_FromSsize_t(PyUnicode_GetLength(str));
}

static PyObject *errors_writelines(PyObject *self, PyObject *lines)
{
	struct wsgi_pycall *call = call_of(self);
	PyObject *iterator = call != NULL ? PyObject_GetIter(lines) : NULL, *str;
	int rc = 0;

	if (iterator == NULL)
		return NULL;
	while (rc == 0 && (str = PyIter_Next(iterator)) != NULL) {
		rc = add(call, str);
		Py_DECREF(str);
	}
	Py_DECREF(iterator);
	if (PyErr_Occurred())
		return NULL;
	Py_RETURN_NONE;
}

static PyObject *errors_flush(PyObject *self, PyObject *nothing)
{
	struct wsgi_pycall *call = call_of(self);

	(void)nothing;
	if (call == NULL)
		return NULL;
	write_line(call);
	wsgi_errors_flush(call->env->errors);
	Py_RETURN_NONE;
}

void wsgi_pyerrors_end(struct wsgi_pycall *call)
{
	if (call->env != NULL)
		write_line(call);
}

PyObject *wsgi_pyerrors_type(void)
{
	static PyMethodDef methods[] = {
		{"write", errors_write, METH_O, "write(str)"},
		{"writelines", errors_writelines, METH_O, "writelines(iterable of str)"},
		{"flush", errors_flush, METH_NOARGS, "flush()"},
		{NULL, NULL, 0, NULL},
	};
	PyType_Slot slots[] = {
		WSGI_PY_SLOT(Py_tp_dealloc, wsgi_pyhandle_dealloc),
		{Py_tp_methods, methods},
		{0, NULL},
	};
	PyType_Spec spec = {
		.name = "wsgi_python.Errors",
		.basicsize = sizeof(struct wsgi_pyhandle),
		.flags = Py_TPFLAGS_DEFAULT,
		.slots = slots,
	};

	return PyType_FromSpec(&spec);
}
