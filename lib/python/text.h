#ifndef WSGI_PYTHON_TEXT_H
#define WSGI_PYTHON_TEXT_H

#include "base/span.h"
#include "python/python.h"

/*
 * text - bytes to str and back. PEP 3333: a native string holds bytes as latin-1.
 * All need the GIL. New references, or NULL with an exception set.
 */
PyObject *wsgi_py_latin1(struct wsgi_span bytes);
PyObject *wsgi_py_native(struct wsgi_span bytes); /* as os.environ decodes it */
PyObject *wsgi_py_filename(const char *path);

/*
 * The latin-1 bytes of a str that may go into a status line or header, as a bytes object.
 * UnicodeEncodeError for a character above U+00FF; ValueError for a NUL.
 */
PyObject *wsgi_py_header_bytes(PyObject *str);

/* Import module and take its attribute. */
PyObject *wsgi_py_import(const char *module, const char *attribute);

#endif
