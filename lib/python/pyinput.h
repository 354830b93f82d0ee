#ifndef WSGI_PYTHON_PYINPUT_H
#define WSGI_PYTHON_PYINPUT_H

#include "python/python.h"

/*
 * pyinput - wsgi.input: read, readline, readlines, iteration, over the call's wsgi_input.
 * The class: new reference, or NULL with an exception set. Source: PEP 3333 "Input and Error
 * Streams".
 */
PyObject *wsgi_pyinput_type(void);

#endif
