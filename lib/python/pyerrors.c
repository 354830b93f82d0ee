#include "python/pyerrors.h"

#include <string.h>

#include "python/pycall.h"
#include "python/pyerror.h"

static int add(struct wsgi_pycall *call, PyObject *str)
{
	const size_t before = call->line.len;
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
	if (call->line.len > before &&
	    memchr(call->line.data + before, '\n', call->line.len - before) != NULL)
		wsgi_pycall_write_line(call);
	return 0;
}

/* One str, with no other thread in the transport. */
static int write_one(PyObject *self, PyObject *str)
{
	struct wsgi_pycall *before, *call = wsgi_pyhandle_use(self, "wsgi.errors", &before);
	int rc = call != NULL ? add(call, str) : -1;

	wsgi_pyhandle_release(before);
	return rc;
}

static PyObject *errors_write(PyObject *self, PyObject *str)
{
	return write_one(self, str) == 0 ? PyLong_FromSsize_t(PyUnicode_GetLength(str)) : NULL;
}

static PyObject *errors_writelines(PyObject *self, PyObject *lines)
{
	PyObject *iterator = PyObject_GetIter(lines), *str;
	int rc = 0;

	if (iterator == NULL)
		return NULL;
	while (rc == 0 && (str = PyIter_Next(iterator)) != NULL) {
		rc = write_one(self, str);
		Py_DECREF(str);
	}
	Py_DECREF(iterator);
	if (PyErr_Occurred())
		return NULL;
	Py_RETURN_NONE;
}

static PyObject *errors_flush(PyObject *self, PyObject *nothing)
{
	struct wsgi_pycall *before, *call = wsgi_pyhandle_use(self, "wsgi.errors", &before);

	(void)nothing;
	if (call != NULL) {
		wsgi_pycall_write_line(call);
		wsgi_errors_flush(call->env->errors);
	}
	wsgi_pyhandle_release(before);
	if (call == NULL)
		return NULL;
	Py_RETURN_NONE;
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
