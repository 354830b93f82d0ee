#ifndef WSGI_WSGI_H
#define WSGI_WSGI_H

/*
 * libwsgi: Python's wsgiref in C. All of the public interface; libwsgi(7) says which name of
 * wsgiref is where.
 */
#include "base/buf.h"
#include "base/container.h"
#include "base/error.h"
#include "base/log.h"
#include "base/span.h"
#include "gzip/gzip.h"
#include "handler/cgi.h"
#include "handler/handler.h"
#include "handler/read_environ.h"
#include "handler/simple.h"
#include "server/request_handler.h"
#include "server/server.h"
#include "wsgi/app.h"
#include "wsgi/body.h"
#include "wsgi/date.h"
#include "wsgi/demo.h"
#include "wsgi/environ.h"
#include "wsgi/errors.h"
#include "wsgi/file.h"
#include "wsgi/head.h"
#include "wsgi/headers.h"
#include "wsgi/hop.h"
#include "wsgi/input.h"
#include "wsgi/output.h"
#include "wsgi/query.h"
#include "wsgi/router.h"
#include "wsgi/status.h"
#include "wsgi/trace.h"
#include "wsgi/uri.h"
#include "wsgi/validate.h"

#endif
