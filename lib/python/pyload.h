#ifndef WSGI_PYTHON_PYLOAD_H
#define WSGI_PYTHON_PYLOAD_H

#include "wsgi/loader.h"

/*
 * The loader of Python applications: "package.module:callable", "path/app.py", "path/app.wsgi".
 * Sets sys.argv and puts the application's folder first on sys.path, the loader's path after it.
 * To be called without the GIL held. Static, never to be freed.
 */
struct wsgi_loader *wsgi_py_loader(void);

#endif
