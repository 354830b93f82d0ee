#ifndef WSGI_LOADER_H
#define WSGI_LOADER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "wsgi/app.h"

/*
 * loader - turns the name of an application into one, for one kind of application.
 */
struct wsgi_loader {
	const char *path; /* --pythonpath: folders to search, "a:b"; NULL: none; borrowed */
	/* --validate: put the checks of the application's language around it, if there are any. */
	bool validate;
	/*
	 *   spec   as the user wrote it: "package.module:callable", "path/app.py", "path/app.so"
	 * Sets *app, borrowed for the life of the process. Returns 0; -EINVAL for a bad spec;
	 * -ENOENT when it is not there; -EPROTO when it is there and cannot be used. Words in err;
	 * a traceback has gone to standard error.
	 */
	int (*load)(struct wsgi_loader *loader, const char *spec, struct wsgi_app **app,
		    struct wsgi_error *err);
	/*
	 * Append the files that the application consists of as far as they are known by now, each
	 * with a NUL after it, whether load succeeded or failed; --reload watches them. Called from
	 * any one thread that serves no request. Returns 0 or -ENOMEM.
	 */
	int (*sources)(struct wsgi_loader *loader, struct wsgi_buf *out);
};

#endif
