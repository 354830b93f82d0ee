#ifndef WSGI_SERVE_SOURCES_H
#define WSGI_SERVE_SOURCES_H

#include "base/error.h"
#include "serve/options.h"
#include "wsgi/loader.h"

/*
 * sources - tells when a source file of the application has changed: --reload of wsgi-fcgi, in each
 * worker.
 *
 * Shape    a thread of its own asks the loader which files there are (a module may be imported at
 *          any time) and looks at them, and at those of --reload-extra-file.
 * Threads  all calls come from one thread; changed() is called by that of sources.
 */
struct wsgi_sources;

/*
 * Before the application is loaded: what changes from now on has changed.
 *   changed   called for each change, with the name of a file
 * Returns 0; -ENOENT with words that name an extra file which is not there; -ENOMEM.
 */
int wsgi_sources_create(struct wsgi_sources **s, const struct wsgi_options *o,
			void (*changed)(void *ctx, const char *file), void *ctx,
			struct wsgi_error *err);

/* Once it is loaded: begin to look. NULL is fine here and below. Returns 0 or -errno. */
int wsgi_sources_start(struct wsgi_sources *s, struct wsgi_loader *loader);

/* End the thread, and wait for that. */
void wsgi_sources_destroy(struct wsgi_sources *s);

#endif
