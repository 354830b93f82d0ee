#include "python/pyfile.h"

#include <string.h>
#include <sys/stat.h>

#include "base/interpreter.h"
#include "python/pyapp.h"
#include "python/text.h"

enum { BLOCK = 8192 }; /* wsgiref's */

struct file_wrapper {
	PyObject_HEAD PyObject *filelike, *blksize;
};

static struct file_wrapper *wrapper_of(PyObject *self)
{
	return (struct file_wrapper *)(void *)self;
}

/* The old one goes last: it may be looked at by what its end runs. */
static void set_member(PyObject **member, PyObject *value)
{
	PyObject *old = *member;

	*member = value;
	Py_XDECREF(old);
}

static int wrapper_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
	static char filelike_name[] = "filelike", blksize_name[] = "blksize";
	static char *names[] = {filelike_name, blksize_name, NULL};
	PyObject *filelike, *blksize = NULL;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:FileWrapper", names, &filelike,
					 &blksize))
		return -1;
	if (blksize != NULL)
		Py_INCREF(blksize);
	else
		blksize = PyLong_FromLong(BLOCK);
	Py_INCREF(filelike);
	set_member(&wrapper_of(self)->filelike, filelike);
	set_member(&wrapper_of(self)->blksize, blksize);
	return blksize != NULL ? 0 : -1;
}

static void wrapper_dealloc(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);
	union {
		void *slot;
		freefunc call;
	} release = {.slot = PyType_GetSlot(type, Py_tp_free)};

	PyObject_GC_UnTrack(self);
	Py_CLEAR(wrapper_of(self)->filelike);
	Py_CLEAR(wrapper_of(self)->blksize);
	release.call(self);
	Py_DECREF((PyObject *)type);
}

static int wrapper_traverse(PyObject *self, visitproc visit, void *arg)
{
	Py_VISIT(wrapper_of(self)->filelike);
	Py_VISIT(wrapper_of(self)->blksize);
	return 0;
}

static int wrapper_clear(PyObject *self)
{
	Py_CLEAR(wrapper_of(self)->filelike);
	Py_CLEAR(wrapper_of(self)->blksize);
	return 0;
}

/* filelike, blksize, and close, which is there when the file has one. */
static PyObject *wrapper_getattro(PyObject *self, PyObject *name)
{
	struct file_wrapper *w = wrapper_of(self);
	PyObject *own = NULL;

	if (w->filelike != NULL) {
		if (PyUnicode_CompareWithASCIIString(name, "close") == 0)
			return PyObject_GetAttr(w->filelike, name);
		if (PyUnicode_CompareWithASCIIString(name, "filelike") == 0)
			own = w->filelike;
		else if (PyUnicode_CompareWithASCIIString(name, "blksize") == 0)
			own = w->blksize;
	}
	if (own == NULL)
		return PyObject_GenericGetAttr(self, name);
	Py_INCREF(own);
	return own;
}

static PyObject *wrapper_iter(PyObject *self)
{
	Py_INCREF(self);
	return self;
}

static PyObject *wrapper_next(PyObject *self)
{
	struct file_wrapper *w = wrapper_of(self);
	PyObject *data;
	int truth;

	if (w->filelike == NULL)
		return NULL;
	data = PyObject_CallMethod(w->filelike, "read", "O", w->blksize);
	if (data == NULL)
		return NULL;
	truth = PyObject_IsTrue(data);
	if (truth > 0)
		return data;
	Py_DECREF(data); /* the end: StopIteration, unless asking for the truth failed */
	return NULL;
}

/*
 * A subclass whose objects take attributes, as those of a class in Python do; the limited API of
 * 3.8 has no other way to give them a __dict__. Steals the reference to base.
 */
static PyObject *with_dict(PyObject *base)
{
	PyObject *type = NULL;

	if (base != NULL)
		type = PyObject_CallFunction((PyObject *)&PyType_Type, "s(O){ss}", "FileWrapper",
					     base, "__module__", "wsgi_python");
	Py_XDECREF(base);
	return type;
}

PyObject *wsgi_pyfile_type(void)
{
	PyType_Slot slots[] = {
		WSGI_PY_SLOT(Py_tp_init, wrapper_init),
		WSGI_PY_SLOT(Py_tp_new, PyType_GenericNew),
		WSGI_PY_SLOT(Py_tp_dealloc, wrapper_dealloc),
		WSGI_PY_SLOT(Py_tp_traverse, wrapper_traverse),
		WSGI_PY_SLOT(Py_tp_clear, wrapper_clear),
		WSGI_PY_SLOT(Py_tp_getattro, wrapper_getattro),
		WSGI_PY_SLOT(Py_tp_iter, wrapper_iter),
		WSGI_PY_SLOT(Py_tp_iternext, wrapper_next),
		{0, NULL},
	};
	PyType_Spec spec = {
		.name = "wsgi_python.FileWrapper",
		.basicsize = sizeof(struct file_wrapper),
		.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
		.slots = slots,
	};

	return with_dict(PyType_FromSpec(&spec));
}

/* -- is it a plain file? ----------------------------------------------------------------------- */

static bool is_exactly(PyObject *object, PyObject *type)
{
	return (PyObject *)Py_TYPE(object) == type;
}

/* The file inside a tempfile.NamedTemporaryFile(): new reference. */
static PyObject *unwrapped(PyObject *filelike)
{
	PyObject *name = PyObject_GetAttrString((PyObject *)Py_TYPE(filelike), "__name__");
	PyObject *module = PyObject_GetAttrString((PyObject *)Py_TYPE(filelike), "__module__");
	PyObject *inner = NULL;

	if (name != NULL && module != NULL && PyUnicode_Check(name) && PyUnicode_Check(module) &&
	    PyUnicode_CompareWithASCIIString(name, "_TemporaryFileWrapper") == 0 &&
	    PyUnicode_CompareWithASCIIString(module, "tempfile") == 0)
		inner = PyObject_GetAttrString(filelike, "file");
	Py_XDECREF(name);
	Py_XDECREF(module);
	if (inner == NULL) {
		PyErr_Clear();
		Py_INCREF(filelike);
		inner = filelike;
	}
	return inner;
}

static bool is_plain(PyObject *file, const struct wsgi_pytypes *types)
{
	PyObject *raw;
	bool plain;

	if (is_exactly(file, types->file_io))
		return true;
	if (!is_exactly(file, types->buffered_reader) && !is_exactly(file, types->buffered_random))
		return false;
	raw = PyObject_GetAttrString(file, "raw");
	plain = raw != NULL && is_exactly(raw, types->file_io);
	Py_XDECREF(raw);
	return plain;
}

/* Where the object stands; a writer's buffer has to be in the file first. -1: cannot be told. */
static off_t position(PyObject *file)
{
	PyObject *flushed = PyObject_CallMethod(file, "flush", NULL), *at = NULL;
	long long offset = -1;

	if (flushed != NULL)
		at = PyObject_CallMethod(file, "tell", NULL);
	if (at != NULL)
		offset = PyLong_AsLongLong(at);
	Py_XDECREF(flushed);
	Py_XDECREF(at);
	return (off_t)offset;
}

static bool describe(PyObject *file, struct wsgi_file *out)
{
	struct stat st;
	int fd = PyObject_AsFileDescriptor(file);
	off_t offset;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	offset = position(file);
	if (offset < 0)
		return false;
	*out = (struct wsgi_file){.fd = fd, .offset = offset, .len = 0};
	if (offset < st.st_size)
		out->len = (uint64_t)(st.st_size - offset);
	return true;
}

bool wsgi_pyfile_plain(PyObject *wrapper, const struct wsgi_pytypes *types, struct wsgi_file *file)
{
	PyObject *inner;
	bool plain;

	/* Else its bytes come by its read(): the number of its descriptor is another file of ours.
	 */
	if (!wsgi_interpreter_shares_descriptors)
		return false;
	if (!is_exactly(wrapper, types->file_wrapper) || wrapper_of(wrapper)->filelike == NULL)
		return false;
	inner = unwrapped(wrapper_of(wrapper)->filelike);
	plain = is_plain(inner, types) && describe(inner, file);
	Py_DECREF(inner);
	PyErr_Clear();
	return plain;
}
