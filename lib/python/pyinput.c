#include "python/pyinput.h"

#include <stdint.h>

#include "python/pycall.h"
#include "python/pyerror.h"

/* Up to here memory is taken at once for what is asked; above, as the bytes come. */
enum { AT_ONCE = 64 << 20 };

/* An optional argument that is a count: None and -1 mean all. Returns 0; -1 with an exception. */
static int count_argument(PyObject *args, const char *format, Py_ssize_t *count)
{
	PyObject *arg = Py_None;

	if (!PyArg_ParseTuple(args, format, &arg))
		return -1;
	*count = arg == Py_None ? -1 : PyNumber_AsSsize_t(arg, PyExc_OverflowError);
	return *count == -1 && PyErr_Occurred() ? -1 : 0;
}

static PyObject *bytes_of(struct wsgi_buf *buf, int rc)
{
	PyObject *bytes;

	bytes = rc < 0 ? wsgi_py_raise(rc, NULL)
		       : PyBytes_FromStringAndSize(buf->data, (Py_ssize_t)buf->len);
	wsgi_buf_finish(buf);
	return bytes;
}

/* At most len bytes, with the memory for them taken before. */
static PyObject *read_at_once(struct wsgi_input *in, size_t len)
{
	PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)len), *shorter;
	ssize_t got;

	if (bytes == NULL)
		return NULL;
	got = wsgi_input_read(in, PyBytes_AsString(bytes), len);
	if (got == (ssize_t)len)
		return bytes;
	if (in->failed != 0) /* half a body must not pass for a whole one */
		got = in->failed;
	shorter = got < 0 ? wsgi_py_raise((int)got, NULL)
			  : PyBytes_FromStringAndSize(PyBytes_AsString(bytes), got);
	Py_DECREF(bytes);
	return shorter;
}

static PyObject *read_growing(struct wsgi_input *in, uint64_t len)
{
	struct wsgi_buf buf = {0};
	ssize_t got = 1;
	int rc = 0;

	while (rc == 0 && got > 0 && len > 0) {
		size_t want = len < 1 << 20 ? (size_t)len : 1 << 20;

		rc = wsgi_buf_reserve(&buf, want);
		got = rc == 0 ? wsgi_input_read(in, buf.data + buf.len, want) : rc;
		if (got < 0)
			rc = (int)got;
		else
			buf.len += (size_t)got;
		len -= got > 0 ? (uint64_t)got : 0;
	}
	return bytes_of(&buf, in->failed != 0 ? in->failed : rc);
}

static PyObject *read_bytes(struct wsgi_input *in, Py_ssize_t count)
{
	uint64_t len = wsgi_input_left(in);

	if (count >= 0 && (uint64_t)count < len)
		len = (uint64_t)count;
	if (len == 0)
		return PyBytes_FromStringAndSize(NULL, 0);
	return len <= AT_ONCE ? read_at_once(in, (size_t)len) : read_growing(in, len);
}

static PyObject *read_line(struct wsgi_input *in, Py_ssize_t limit)
{
	struct wsgi_buf line = {0};
	ssize_t got = 0;

	if (limit != 0)
		got = wsgi_input_readline(in, &line, limit < 0 ? SIZE_MAX : (size_t)limit);
	if (in->failed != 0 && (got <= 0 || line.data[line.len - 1] != '\n'))
		got = in->failed; /* nor half a line for the last one */
	return bytes_of(&line, (int)(got < 0 ? got : 0));
}

/* Append the next line to list. Returns its length; 0 at the end; -1 with an exception set. */
static Py_ssize_t append_line(PyObject *list, struct wsgi_input *in)
{
	PyObject *line = read_line(in, -1);
	Py_ssize_t len;

	if (line == NULL)
		return -1;
	len = PyBytes_Size(line);
	if (len > 0 && PyList_Append(list, line) != 0)
		len = -1;
	Py_DECREF(line);
	return len;
}

static PyObject *read_lines(struct wsgi_input *in, Py_ssize_t hint)
{
	PyObject *list = PyList_New(0);
	Py_ssize_t len, total = 0;

	if (list == NULL)
		return NULL;
	do {
		len = append_line(list, in);
		total += len;
	} while (len > 0 && (hint <= 0 || total < hint));
	if (len >= 0)
		return list;
	Py_DECREF(list);
	return NULL;
}

/* -- the methods ------------------------------------------------------------------------------- */

/* read of the input of self, with no other thread in it. */
static PyObject *with_input(PyObject *self, Py_ssize_t count,
			    PyObject *(*read)(struct wsgi_input *in, Py_ssize_t count))
{
	struct wsgi_pycall *before, *call = wsgi_pyhandle_use(self, "wsgi.input", &before);
	PyObject *result = call != NULL ? read(call->env->input, count) : NULL;

	wsgi_pyhandle_release(before);
	return result;
}

static PyObject *input_read(PyObject *self, PyObject *args)
{
	Py_ssize_t count;

	if (count_argument(args, "|O:read", &count) != 0)
		return NULL;
	return with_input(self, count, read_bytes);
}

static PyObject *input_readline(PyObject *self, PyObject *args)
{
	Py_ssize_t limit;

	if (count_argument(args, "|O:readline", &limit) != 0)
		return NULL;
	return with_input(self, limit, read_line);
}

static PyObject *input_readlines(PyObject *self, PyObject *args)
{
	Py_ssize_t hint;

	if (count_argument(args, "|O:readlines", &hint) != 0)
		return NULL;
	return with_input(self, hint, read_lines);
}

static PyObject *input_iter(PyObject *self)
{
	Py_INCREF(self);
	return self;
}

static PyObject *input_next(PyObject *self)
{
	PyObject *line = with_input(self, -1, read_line);

	if (line == NULL || PyBytes_Size(line) > 0)
		return line;
	Py_DECREF(line); /* StopIteration: NULL without an exception */
	return NULL;
}

PyObject *wsgi_pyinput_type(void)
{
	static PyMethodDef methods[] = {
		{"read", input_read, METH_VARARGS, "read(size=-1): at most size bytes of the body"},
		{"readline", input_readline, METH_VARARGS, "readline(size=-1): one line"},
		{"readlines", input_readlines, METH_VARARGS, "readlines(hint=-1): a list of lines"},
		{NULL, NULL, 0, NULL},
	};
	PyType_Slot slots[] = {
		WSGI_PY_SLOT(Py_tp_dealloc, wsgi_pyhandle_dealloc),
		{Py_tp_methods, methods},
		WSGI_PY_SLOT(Py_tp_iter, input_iter),
		WSGI_PY_SLOT(Py_tp_iternext, input_next),
		{0, NULL},
	};
	PyType_Spec spec = {
		.name = "wsgi_python.Input",
		.basicsize = sizeof(struct wsgi_pyhandle),
		.flags = Py_TPFLAGS_DEFAULT,
		.slots = slots,
	};

	return PyType_FromSpec(&spec);
}
