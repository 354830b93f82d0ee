#include "serve/cgi_action.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "handler/paths.h"
#include "serve/cgi_file.h"

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

static int take(const char *root, const char *path_info, const char *translated,
		const struct wsgi_action_paths *paths, char **application, struct wsgi_error *err)
{
	char *file = strndup(translated, paths->file_len);
	int rc = file != NULL ? wsgi_cgi_file(root, file, application, err) : -ENOMEM;

	if (rc == 0) {
		rc = mend(file, path_info, paths->script_len);
		if (rc != 0) {
			free(*application);
			*application = NULL;
		}
	}
	free(file);
	return rc == -ENOMEM ? wsgi_fail(err, rc, "out of memory") : rc;
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
	rc = wsgi_action_paths(path_info, translated, wsgi_cgi_file_is_there, &paths);
	if (rc == -ENOENT)
		return wsgi_fail(err, rc, "PATH_TRANSLATED %s: there is no such file", translated);
	if (rc != 0)
		return wsgi_fail(err, -ENOENT, "PATH_INFO %s does not end as PATH_TRANSLATED %s",
				 path_info, translated);
	return take(root, path_info, translated, &paths, application, err);
}
