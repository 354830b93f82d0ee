#include "host/find.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/interpreter.h"
#include "base/path.h"
#include "base/program.h"

/* A CGI program may be started without PATH; then where a shell would look. */
static const char usual_path[] = "/usr/local/bin:/usr/bin:/bin";

/* Where make install puts the plugin; the makefile says so. "": it is beside the program alone. */
#ifndef WSGI_PLUGIN_DIR
#define WSGI_PLUGIN_DIR "/usr/local/lib/wsgi"
#endif
static const bool is_installed = sizeof(WSGI_PLUGIN_DIR) > 1;

/* Takes program, which may be NULL. Returns 0 and sets *path when it is there; -ENOENT; -ENOMEM. */
static int try_program(char *program, char **path)
{
	if (program == NULL)
		return -ENOMEM;
	if (wsgi_interpreter_is(program)) {
		*path = program;
		return 0;
	}
	free(program);
	return -ENOENT;
}

/* An empty element of PATH is the current folder. */
static char *join(const char *dir, size_t dir_len, const char *name)
{
	char *path;

	if (dir_len == 0)
		dir = ".", dir_len = 1;
	return asprintf(&path, "%.*s/%s", (int)dir_len, dir, name) >= 0 ? path : NULL;
}

static int search_path(const char *name, const char *list, char **path)
{
	int rc = -ENOENT;

	for (const char *at = list; rc == -ENOENT && at != NULL;) {
		const char *end = strchrnul(at, ':');

		rc = try_program(join(at, (size_t)(end - at), name), path);
		at = *end == ':' ? end + 1 : NULL;
	}
	return rc;
}

static int in_environment(const char *folder, const char *whose, char **path,
			  struct wsgi_error *err)
{
	const char *const *places = wsgi_interpreter_places;
	int rc = -ENOENT;
	char *program;

	for (size_t i = 0; rc == -ENOENT && i < 2; i++) {
		if (asprintf(&program, "%s%s", folder, places[i]) < 0)
			program = NULL;
		rc = try_program(program, path);
	}
	if (rc == -ENOENT)
		return wsgi_fail(err, rc, "%s %s is no virtual environment: it has no %s and no %s",
				 whose, folder, places[0] + 1, places[1] + 1);
	return rc;
}

static int by_path(const char *wanted, char **path, struct wsgi_error *err)
{
	if (wsgi_path_is_folder(wanted))
		return in_environment(wanted, "--python", path, err);
	if (access(wanted, F_OK) != 0)
		return wsgi_fail(err, -errno, "no interpreter: --python %s: %s", wanted,
				 strerror(errno));
	if (!wsgi_interpreter_is(wanted))
		return wsgi_fail(err, -EACCES, "no interpreter: --python %s is not %s", wanted,
				 wsgi_interpreter_kind);
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

/* Nobody has named one. */
static int by_usual_name(char **path, struct wsgi_error *err)
{
	if (wsgi_interpreter_usual != NULL)
		return by_name(wsgi_interpreter_usual, path, err);
	return wsgi_fail(err, -ENOENT,
			 "no interpreter is named: give the path of %s, or of the folder that it "
			 "is in, or a virtual environment's folder, by --python or WSGI_PYTHON; an "
			 "application in C, which needs none, ends in %s",
			 wsgi_path_last(wsgi_interpreter_places[0]), wsgi_path_library);
}

static bool is_path(const char *wanted)
{
	return wsgi_interpreter_usual == NULL || wsgi_path_has_slash(wanted, strlen(wanted));
}

int wsgi_find_python(const char *wanted, char **path, struct wsgi_error *err)
{
	const char *active = getenv("VIRTUAL_ENV");
	int rc;

	*path = NULL;
	if (wanted != NULL && *wanted != '\0')
		rc = is_path(wanted) ? by_path(wanted, path, err) : by_name(wanted, path, err);
	else if (active != NULL && *active != '\0')
		rc = in_environment(active, "VIRTUAL_ENV", path, err);
	else
		rc = by_usual_name(path, err);
	return rc == -ENOMEM ? wsgi_fail(err, rc, "out of memory") : rc;
}

/* The folder of this program. Returns 0, -ENOMEM, -errno of wsgi_program_path(). */
static int own_folder(char **dir)
{
	size_t len;

	*dir = wsgi_program_path();
	if (*dir == NULL)
		return -errno;
	len = (size_t)(wsgi_path_last(*dir) - *dir);
	(*dir)[len > 1 ? len - 1 : len] = '\0'; /* less its last slash, unless it is "/" */
	return 0;
}

/* Sets *dir to base/below when the plugin is there. Returns 0, -ENOENT, -ENOMEM. */
static int try_plugin(const char *base, const char *below, const char *name, char **dir)
{
	char *folder, *file;
	int rc = -ENOENT;

	if (asprintf(&folder, "%s%s", base, below) < 0)
		return -ENOMEM;
	file = wsgi_interpreter_module(folder, name);
	if (file == NULL) {
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

static int fail_plugin(const char *name, const char *own, struct wsgi_error *err)
{
	char *file = wsgi_interpreter_module("", name);
	const char *at = own != NULL ? own : "(unknown)";

	if (file == NULL)
		return -ENOMEM;
	if (is_installed)
		wsgi_fail(err, -ENOENT,
			  "the plugin %s is neither in %s nor in %s/../lib/wsgi nor in %s: "
			  "reinstall",
			  wsgi_path_last(file), at, at, WSGI_PLUGIN_DIR);
	else
		wsgi_fail(err, -ENOENT, "the plugin %s is not in %s: copy it there",
			  wsgi_path_last(file), at);
	free(file);
	return -ENOENT;
}

int wsgi_find_plugin(const char *name, char **dir, struct wsgi_error *err)
{
	char *own;
	int rc = own_folder(&own);

	*dir = NULL;
	if (rc == 0) {
		rc = try_plugin(own, "", name, dir);
		if (rc == -ENOENT && is_installed)
			rc = try_plugin(own, "/../lib/wsgi", name, dir);
	}
	if (rc != 0 && rc != -ENOMEM && is_installed)
		rc = try_plugin(WSGI_PLUGIN_DIR, "", name, dir);
	if (rc != 0 && rc != -ENOMEM)
		rc = fail_plugin(name, own, err);
	if (rc == -ENOMEM)
		wsgi_fail(err, rc, "out of memory");
	free(own);
	return rc;
}
