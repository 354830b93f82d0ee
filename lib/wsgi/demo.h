#ifndef WSGI_DEMO_H
#define WSGI_DEMO_H

#include "base/decls.h"
#include "wsgi/app.h"

WSGI_BEGIN_DECLS

/* The application "demo": "Hello world!" and the sorted environ. Source: simple_server.demo_app. */
struct wsgi_app *wsgi_demo_app(void);

WSGI_END_DECLS

#endif
