#ifndef WSGI_DEMO_H
#define WSGI_DEMO_H

#include "wsgi/app.h"

/* The application "demo": "Hello world!" and the sorted environ. Source: simple_server.demo_app. */
struct wsgi_app *wsgi_demo_app(void);

#endif
