#ifndef WSGI_HOST_NATIVE_H
#define WSGI_HOST_NATIVE_H

#include "base/error.h"
#include "wsgi/app.h"
#include "wsgi/loader.h"

/*
 * The loader of applications in C: "path.so:symbol" (":application" when left out), where the
 * symbol is a struct wsgi_app, and "demo". The code is never unloaded. Static, never to be freed.
 */
struct wsgi_loader *wsgi_native_loader(void);

#endif
