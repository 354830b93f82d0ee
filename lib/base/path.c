#include "base/path.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char wsgi_path_library[] = ".so";
const char wsgi_path_between = ':';

bool wsgi_path_is_slash(char c)
{
	return c == '/';
}

bool wsgi_path_has_slash(const char *path, size_t len)
{
	return memchr(path, '/', len) != NULL;
}

const char *wsgi_path_last(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

bool wsgi_path_is_absolute(const char *path)
{
	return path[0] == '/';
}

char *wsgi_path_absolute(const char *path)
{
	char *cwd, *whole;

	if (wsgi_path_is_absolute(path))
		return strdup(path);
	cwd = getcwd(NULL, 0);
	if (cwd == NULL)
		return NULL;
	if (asprintf(&whole, "%s/%s", cwd, path) < 0)
		whole = NULL;
	free(cwd);
	return whole;
}

bool wsgi_path_ends_in(const char *path, size_t len, const char *ending)
{
	size_t ending_len = strlen(ending);

	return len >= ending_len && memcmp(path + len - ending_len, ending, ending_len) == 0;
}

bool wsgi_path_is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool wsgi_path_is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

char *wsgi_path_real(const char *path)
{
	return realpath(path, NULL);
}

bool wsgi_path_is_below(const char *file, const char *folder)
{
	size_t len = strlen(folder);

	if (len == 1) /* "/": every file is */
		return true;
	return strncmp(file, folder, len) == 0 && file[len] == '/';
}
