#ifndef WSGI_PYTHON_PYFILE_H
#define WSGI_PYTHON_PYFILE_H

#include <stdbool.h>

#include "python/python.h"
#include "wsgi/app.h"

struct wsgi_pytypes;

/*
 * pyfile - wsgi.file_wrapper: an iterable over a file's blocks, with the file's close().
 * Source: wsgiref/util.py FileWrapper. The class: new reference, or NULL with an exception set.
 */
PyObject *wsgi_pyfile_type(void);

/*
 * What file a FileWrapper stands for, when its bytes are those of a regular file from where the
 * Python object stands: only for objects of io's own classes over a descriptor, since another
 * object's fileno() (a GzipFile's) need not have the bytes that its read() has. Never where the
 * interpreter's descriptors are not ours (base/interpreter.h).
 * Returns whether it is so, and fills file in. No exception is left set.
 */
bool wsgi_pyfile_plain(PyObject *wrapper, const struct wsgi_pytypes *types, struct wsgi_file *file);

#endif
