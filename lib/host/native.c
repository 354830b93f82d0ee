#include "host/native.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "host/spec.h"
#include "wsgi/demo.h"

/* What was loaded, or could not be, with a NUL after each. One for the process, as its loader is.
 */
static struct wsgi_buf files;
static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER; /* whoever asks may be early */

static int note_file(const char *path)
{
	int rc;

	pthread_mutex_lock(&files_lock);
	rc = wsgi_buf_add(&files, path, strlen(path) + 1);
	pthread_mutex_unlock(&files_lock);
	return rc;
}

/* Sets *path, the caller's to free: dlopen() looks up a name without a slash in the system. */
static int path_of(const char *target, char **path)
{
	if (asprintf(path, "%s%s", wsgi_path_has_slash(target, strlen(target)) ? "" : "./",
		     target) < 0)
		return -ENOMEM;
	return 0;
}

static int find_symbol(const char *path, const char *symbol, struct wsgi_app **app,
		       struct wsgi_error *err)
{
	void *object, *found;

	if (access(path, F_OK) != 0)
		return wsgi_fail(err, -errno, "%s: %s", path, strerror(errno));
	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (object == NULL)
		return wsgi_fail(err, -EPROTO, "cannot load %s: %s", path, dlerror());
	found = dlsym(object, symbol);
	if (found == NULL) {
		dlclose(object);
		return wsgi_fail(err, -EPROTO,
				 "no symbol '%s' in %s: an application in C exports a struct "
				 "wsgi_app of that name",
				 symbol, path);
	}
	*app = found;
	if ((*app)->call == NULL)
		return wsgi_fail(err, -EPROTO, "'%s' in %s has no call", symbol, path);
	return 0;
}

static int load(struct wsgi_loader *loader, const char *text, struct wsgi_app **app,
		struct wsgi_error *err)
{
	struct wsgi_spec spec;
	char *path;
	int rc = wsgi_spec_parse(&spec, text, err);

	(void)loader;
	if (rc != 0)
		return rc;
	if (spec.kind == WSGI_SPEC_DEMO) {
		*app = wsgi_demo_app();
	} else if (spec.kind != WSGI_SPEC_NATIVE) {
		rc = wsgi_fail(err, -EINVAL, "'%s' is no application in C: it does not end in %s",
			       text, wsgi_path_library);
	} else if (path_of(spec.target, &path) != 0) {
		rc = wsgi_fail(err, -ENOMEM, "out of memory");
	} else {
		rc = note_file(path);
		rc = rc == 0 ? find_symbol(path, spec.callable, app, err)
			     : wsgi_fail(err, rc, "out of memory");
		free(path);
	}
	wsgi_spec_finish(&spec);
	return rc;
}

static int sources(struct wsgi_loader *loader, struct wsgi_buf *out)
{
	int rc;

	(void)loader;
	pthread_mutex_lock(&files_lock);
	rc = wsgi_buf_add(out, files.data, files.len);
	pthread_mutex_unlock(&files_lock);
	return rc;
}

struct wsgi_loader *wsgi_native_loader(void)
{
	static struct wsgi_loader loader = {.load = load, .sources = sources};

	return &loader;
}
