#include "host/find.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/program.h"

/* A CGI program may be started without PATH; then where a shell would look. */
static const char usual_path[] = "/usr/local/bin:/usr/bin:/bin";

/* Where make install puts the plugin; the makefile says so. */
#ifndef WSGI_PLUGIN_DIR
#define WSGI_PLUGIN_DIR "/usr/local/lib/wsgi"
#endif

static bool is_program(const char *path)
{
	return wsgi_path_is_file(path) && access(path, X_OK) == 0;
}

/* Returns 0 and sets *path when the program is there; -ENOENT; -ENOMEM. */
static int try_program(const char *dir, size_t dir_len, const char *name, char **path)
{
	char *p;

	/* An empty element of PATH is the current folder. */
	if (asprintf(&p, "%.*s/%s", dir_len > 0 ? (int)dir_len : 1, dir_len > 0 ? dir : ".", name) <
	    0)
		return -ENOMEM;
	if (is_program(p)) {
		*path = p;
		return 0;
	}
	free(p);
	return -ENOENT;
}

static int search_path(const char *name, const char *list, char **path)
{
	int rc = -ENOENT;

	for (const char *at = list; rc == -ENOENT && at != NULL;) {
		const char *end = strchrnul(at, ':');

		rc = try_program(at, (size_t)(end - at), name, path);
		at = *end == ':' ? end + 1 : NULL;
	}
	return rc;
}

static int in_environment(const char *folder, const char *whose, char **path,
			  struct wsgi_error *err)
{
	int rc = try_program(folder, strlen(folder), "bin/python3", path);

	if (rc == -ENOENT)
		rc = try_program(folder, strlen(folder), "bin/python", path);
	if (rc == -ENOENT)
		return wsgi_fail(err, rc,
				 "%s %s is no virtual environment: it has no bin/python3 and no "
				 "bin/python",
				 whose, folder);
	return rc;
}

static int by_path(const char *wanted, char **path, struct wsgi_error *err)
{
	if (wsgi_path_is_folder(wanted))
		return in_environment(wanted, "--python", path, err);
	if (access(wanted, F_OK) != 0)
		return wsgi_fail(err, -errno, "no interpreter: --python %s: %s", wanted,
				 strerror(errno));
	if (!is_program(wanted))
		return wsgi_fail(err, -EACCES, "no interpreter: --python %s is not executable",
				 wanted);
	*path = strdup(wanted);
	return *path != NULL ? 0 : -ENOMEM;
}

static int by_name(const char *name, char **path, struct wsgi_error *err)
{
	const char *list = getenv("PATH");
	int rc;

	if (list == NULL || *list == '\0')
		list = usual_path;
	rc = search_path(name, list, path);
	if (rc == -ENOENT && wsgi_path_is_folder(name))
		return in_environment(name, "--python", path, err);
	if (rc == -ENOENT)
		return wsgi_fail(err, rc,
				 "no interpreter '%s' on PATH (%s): name one, or a virtual "
				 "environment's folder, by --python",
				 name, list);
	return rc;
}

int wsgi_find_python(const char *wanted, char **path, struct wsgi_error *err)
{
	const char *active = getenv("VIRTUAL_ENV");
	int rc;

	*path = NULL;
	if (wanted != NULL && strchr(wanted, '/') != NULL)
		rc = by_path(wanted, path, err);
	else if (wanted != NULL && *wanted != '\0')
		rc = by_name(wanted, path, err);
	else if (active != NULL && *active != '\0')
		rc = in_environment(active, "VIRTUAL_ENV", path, err);
	else
		rc = by_name("python3", path, err);
	return rc == -ENOMEM ? wsgi_fail(err, rc, "out of memory") : rc;
}

/* The folder of this program. Returns 0, -ENOMEM, -errno of readlink. */
static int own_folder(char **dir)
{
	char *slash;

	*dir = wsgi_program_path();
	if (*dir == NULL)
		return -errno;
	slash = strrchr(*dir, '/');
	*(slash == *dir ? slash + 1 : slash) = '\0';
	return 0;
}

/* Sets *dir to base/below when the plugin is there. Returns 0, -ENOENT, -ENOMEM. */
static int try_plugin(const char *base, const char *below, const char *name, char **dir)
{
	char *folder, *file;
	int rc = -ENOENT;

	if (asprintf(&folder, "%s%s", base, below) < 0)
		return -ENOMEM;
	if (asprintf(&file, "%s/%s.abi3.so", folder, name) < 0) {
		free(folder);
		return -ENOMEM;
	}
	if (access(file, R_OK) == 0) {
		*dir = folder;
		folder = NULL;
		rc = 0;
	}
	free(folder);
	free(file);
	return rc;
}

int wsgi_find_plugin(const char *name, char **dir, struct wsgi_error *err)
{
	char *own;
	int rc = own_folder(&own);

	*dir = NULL;
	if (rc == 0) {
		rc = try_plugin(own, "", name, dir);
		if (rc == -ENOENT)
			rc = try_plugin(own, "/../lib/wsgi", name, dir);
	}
	if (rc != 0 && rc != -ENOMEM)
		rc = try_plugin(WSGI_PLUGIN_DIR, "", name, dir);
	if (rc == -ENOMEM)
		wsgi_fail(err, rc, "out of memory");
	else if (rc != 0)
		wsgi_fail(err, rc,
			  "the plugin %s.abi3.so is neither in %s nor in %s/../lib/wsgi nor in %s: "
			  "reinstall",
			  name, own != NULL ? own : "(unknown)", own != NULL ? own : "(unknown)",
			  WSGI_PLUGIN_DIR);
	free(own);
	return rc;
}
