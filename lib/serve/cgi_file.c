#include "serve/cgi_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"

const char *const wsgi_cgi_endings[] = {".wsgi", ".py", wsgi_path_library, NULL};

bool wsgi_cgi_file_is_there(const char *path, size_t len)
{
	char *name = strndup(path, len);
	bool yes = name != NULL && wsgi_path_is_file(name);

	free(name);
	return yes;
}

bool wsgi_cgi_file_is_application(const char *path, size_t len)
{
	for (size_t i = 0; wsgi_cgi_endings[i] != NULL; i++)
		if (wsgi_path_ends_in(path, len, wsgi_cgi_endings[i]))
			return true;
	return false;
}

int wsgi_cgi_file_name(char **application, const char *path, size_t len, const char *ending)
{
	const char *folder = wsgi_path_has_slash(path, len) ? "" : "./";

	if (asprintf(application, "%s%.*s%s:application", folder, (int)len, path, ending) >= 0)
		return 0;
	*application = NULL;
	return -ENOMEM;
}

/* Both are real paths. Returns 0 or -EACCES, with words. */
static int check(const char *file, const char *root, struct wsgi_error *err)
{
	if (!wsgi_path_is_below(file, root))
		return wsgi_fail(err, -EACCES, "%s is not below the root %s: not served", file,
				 root);
	if (!wsgi_cgi_file_is_application(file, strlen(file)))
		return wsgi_fail(err, -EACCES, "%s does not end in .wsgi, .py or %s: not served",
				 file, wsgi_path_library);
	return 0;
}

/* The code of a path that has no real one: only that it is not there is a 404. */
static int code_of(int error)
{
	return error == ENOMEM ? -ENOMEM : error == EACCES ? -EACCES : -ENOENT;
}

int wsgi_cgi_file(const char *root, const char *file, char **application, struct wsgi_error *err)
{
	char *real = wsgi_path_real(file), *real_root = NULL;
	int rc;

	*application = NULL;
	if (real == NULL) {
		rc = errno;
		return wsgi_fail(err, code_of(rc), "%s: %s", file, strerror(rc));
	}
	real_root = wsgi_path_real(root);
	if (real_root == NULL)
		rc = wsgi_fail(err, -EACCES, "the root %s: %s", root, strerror(errno));
	else if (!wsgi_path_is_folder(real_root))
		rc = wsgi_fail(err, -EACCES, "the root %s: it is no folder", root);
	else
		rc = check(real, real_root, err);
	if (rc == 0 && wsgi_cgi_file_name(application, real, strlen(real), "") != 0)
		rc = wsgi_fail(err, -ENOMEM, "out of memory");
	free(real_root);
	free(real);
	return rc;
}
