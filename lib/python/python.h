#ifndef WSGI_PYTHON_PYTHON_H
#define WSGI_PYTHON_PYTHON_H

/*
 * The one place that includes Python.h: the limited API of 3.8 (set by the makefile), so that one
 * build serves every CPython from 3.8 on.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* A slot with a function. CPython keeps functions in void pointers, which ISO C has no cast for. */
#define WSGI_PY_SLOT(id, function)                                                                 \
	{                                                                                          \
		id, __extension__(void *)(function)                                                \
	}
#define WSGI_PY_KEYWORDS(function) __extension__(PyCFunction)(void *)(function)

#endif
