#ifndef WSGI_PYTHON_PYFORK_H
#define WSGI_PYTHON_PYFORK_H

#include "serve/gateway.h"

/*
 * pyfork - an interpreter that forks: what os.fork() does around fork(2), and what its children
 * have in common.
 *
 * Source   PyOS_BeforeFork() and its kin; gc.freeze(); faulthandler.register(). Static.
 */
const struct wsgi_gateway_forks *wsgi_py_forks(void);

#endif
