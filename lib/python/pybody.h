#ifndef WSGI_PYTHON_PYBODY_H
#define WSGI_PYTHON_PYBODY_H

#include "python/pycall.h"

/*
 * pybody - what a Python application returned (call->result), as a wsgi_body. Its close() ends the
 * call. Source: PEP 3333 "Specification Details"; BaseHandler.finish_response(), close().
 */
struct wsgi_body *wsgi_pybody_of(struct wsgi_pycall *call);

#endif
