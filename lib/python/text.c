#include "python/text.h"

#include <string.h>

PyObject *wsgi_py_latin1(struct wsgi_span bytes)
{
	return PyUnicode_DecodeLatin1(bytes.data, (Py_ssize_t)bytes.len, NULL);
}

PyObject *wsgi_py_native(struct wsgi_span bytes)
{
	return PyUnicode_DecodeFSDefaultAndSize(bytes.data, (Py_ssize_t)bytes.len);
}

PyObject *wsgi_py_filename(const char *path)
{
	return PyUnicode_DecodeFSDefault(path);
}

PyObject *wsgi_py_header_bytes(PyObject *str)
{
	PyObject *bytes = PyUnicode_AsLatin1String(str);

	if (bytes == NULL)
		return NULL;
	if (strlen(PyBytes_AsString(bytes)) != (size_t)PyBytes_Size(bytes)) {
		Py_DECREF(bytes);
		PyErr_SetString(PyExc_ValueError, "Control characters not allowed in headers");
		return NULL;
	}
	return bytes;
}

PyObject *wsgi_py_import(const char *module, const char *attribute)
{
	PyObject *m = PyImport_ImportModule(module), *value;

	if (m == NULL)
		return NULL;
	value = PyObject_GetAttrString(m, attribute);
	Py_DECREF(m);
	return value;
}
