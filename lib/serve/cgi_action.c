#include "serve/cgi_action.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "handler/paths.h"

static bool is_file(const char *path, size_t len)
{
	char *name = strndup(path, len);
	struct stat st;
	bool yes = name != NULL && stat(name, &st) == 0 && S_ISREG(st.st_mode);

	free(name);
	return yes;
}

static bool is_application(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot != NULL &&
	       (strcmp(dot, ".wsgi") == 0 || strcmp(dot, ".py") == 0 || strcmp(dot, ".so") == 0);
}

/* Both with all links followed. */
static bool is_below(const char *file, const char *root)
{
	size_t len = strlen(root);

	if (len == 1) /* "/": every file is */
		return true;
	return strncmp(file, root, len) == 0 && file[len] == '/';
}

/* Whether the file, by its real path, may be served. Returns 0 or -EACCES, with words. */
static int check(const char *file, const char *root, struct wsgi_error *err)
{
	char *real_root = realpath(root, NULL);
	int rc = 0;

	if (real_root == NULL)
		rc = wsgi_fail(err, -EACCES, "the root %s: %s", root, strerror(errno));
	else if (!is_below(file, real_root))
		rc = wsgi_fail(err, -EACCES, "%s is not below the root %s: not served", file,
			       real_root);
	else if (!is_application(file))
		rc = wsgi_fail(err, -EACCES, "%s does not end in .wsgi, .py or .so: not served",
			       file);
	free(real_root);
	return rc;
}

/* What the server would have said, had it started the file itself. */
static int mend(const char *file, const char *path_info, size_t script_len)
{
	char *script = strndup(path_info, script_len), *rest = strdup(path_info + script_len);
	int rc = 0;

	if (script == NULL || rest == NULL || setenv("SCRIPT_NAME", script, 1) != 0 ||
	    setenv("PATH_INFO", rest, 1) != 0 || setenv("SCRIPT_FILENAME", file, 1) != 0 ||
	    unsetenv("PATH_TRANSLATED") != 0)
		rc = -ENOMEM;
	free(script);
	free(rest);
	return rc;
}

/* Take the file at its real path: nobody can put a link in its place after the check. */
static int take(const char *root, const char *path_info, const char *translated,
		const struct wsgi_action_paths *paths, char **application, struct wsgi_error *err)
{
	char *name = strndup(translated, paths->file_len);
	char *file = name != NULL ? realpath(name, NULL) : NULL;
	int rc;

	if (file == NULL)
		rc = wsgi_fail(err, name != NULL ? -ENOENT : -ENOMEM, "%s: %s", translated,
			       strerror(errno));
	else
		rc = check(file, root, err);
	if (rc == 0)
		rc = mend(name, path_info, paths->script_len);
	if (rc == 0 && asprintf(application, "%s:application", file) < 0) {
		*application = NULL;
		rc = -ENOMEM;
	}
	free(name);
	free(file);
	return rc;
}

int wsgi_cgi_action(const char *root, char **application, struct wsgi_error *err)
{
	const char *path_info = getenv("PATH_INFO"), *translated = getenv("PATH_TRANSLATED");
	struct wsgi_action_paths paths;
	int rc;

	*application = NULL;
	if (getenv("REDIRECT_STATUS") == NULL)
		return wsgi_fail(err, -EACCES,
				 "with a root, requests come by the server's internal redirect "
				 "(Action) only: REDIRECT_STATUS is not set");
	if (path_info == NULL || translated == NULL)
		return wsgi_fail(err, -ENOENT,
				 "with a root, PATH_INFO and PATH_TRANSLATED name the application: "
				 "they are not set");
	rc = wsgi_action_paths(path_info, translated, is_file, &paths);
	if (rc == -ENOENT)
		return wsgi_fail(err, rc, "PATH_TRANSLATED %s: there is no such file", translated);
	if (rc != 0)
		return wsgi_fail(err, -ENOENT, "PATH_INFO %s does not end as PATH_TRANSLATED %s",
				 path_info, translated);
	return take(root, path_info, translated, &paths, application, err);
}
