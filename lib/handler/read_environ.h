#ifndef WSGI_HANDLER_READ_ENVIRON_H
#define WSGI_HANDLER_READ_ENVIRON_H

#include <stdbool.h>

#include "base/decls.h"
#include "base/span.h"
#include "wsgi/environ.h"

WSGI_BEGIN_DECLS

/*
 * Set in env every variable of an environment block, in order; of two with one name the first
 * counts, and an entry without '=' is passed over, as in CPython's os.environ. On POSIX the
 * transcoding is the identity: the bytes of the request are the bytes of the block. On Windows,
 * where it is Unicode, they are made of it in the way of the web server that SERVER_SOFTWARE
 * names; names are in upper case there, and an entry that begins with '=' is passed over too.
 *   block   NULL-terminated, as the C variable environ; borrowed by env, on Windows copied.
 *           On Windows UTF-8, in which a lone surrogate is three bytes.
 * Returns 0 or -ENOMEM. Source: wsgiref read_environ().
 */
int wsgi_read_environ(struct wsgi_environ *env, char *const *block);

/* Whether a variable comes from the request, so that its bytes count. Source: _needs_transcode().
 */
bool wsgi_needs_transcode(struct wsgi_span name);

WSGI_END_DECLS

#endif
