#ifndef WSGI_PYTHON_PYSTART_H
#define WSGI_PYTHON_PYSTART_H

#include "python/python.h"

struct wsgi_pycall;

/*
 * pystart - start_response(status, headers, exc_info=None) and the write(data) that it returns.
 *
 * Checks the kinds of the values, as only Python can; all else is the handler's. Unlike wsgiref's,
 * no check goes away under python -O.
 * The class: new reference, or NULL with an exception set. Source: BaseHandler.start_response().
 */
PyObject *wsgi_pystart_type(void);

/*
 * The headers are about to go out: if the application has changed its list since it gave it to
 * start_response, give the handler the list as it is now. Done once a request.
 * Returns 0; -1 with an exception set.
 */
int wsgi_pystart_latest(struct wsgi_pycall *call);

/* write(data) on behalf of the call. Returns 0; -1 with an exception set. */
int wsgi_pystart_write(struct wsgi_pycall *call, PyObject *data);

#endif
