#ifndef WSGI_HOST_ORIGIN_H
#define WSGI_HOST_ORIGIN_H

#include "base/buf.h"
#include "base/span.h"

/*
 * origin - the files that a name may stand for, whether they are there or not: for who waits until
 * they are.
 *
 * Shape    a file has a NUL after it.
 */

/*
 * Append those of a Python module: for "a.b" in folder, folder/a/b.py and folder/a/b/__init__.py.
 *   folder   "" is the working directory
 * Returns 0 or -ENOMEM.
 */
int wsgi_origin_of_module(struct wsgi_buf *out, struct wsgi_span folder, const char *module);

/*
 * Append those of an application, by the name that host/spec takes apart; none of a wrong name.
 *   folders   of --pythonpath, "a:b", where a module may be beside the working directory; or NULL
 * Returns 0 or -ENOMEM.
 */
int wsgi_origin_of_application(struct wsgi_buf *out, const char *name, const char *folders);

#endif
