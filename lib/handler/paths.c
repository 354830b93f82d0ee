#include "handler/paths.h"

#include <errno.h>
#include <string.h>

#include "base/path.h"

/* The length of path without its last segment and the slashes before that; 0 at the root. */
static size_t parent(const char *path, size_t len)
{
	while (len > 0 && !wsgi_path_is_slash(path[len - 1]))
		len--;
	while (len > 0 && wsgi_path_is_slash(path[len - 1]))
		len--;
	return len;
}

size_t wsgi_action_file(const char *path, bool (*is_file)(const char *path, size_t len))
{
	size_t len = strlen(path);

	while (len > 0 && wsgi_path_is_slash(path[len - 1]))
		len--;
	while (len > 0 && !is_file(path, len))
		len = parent(path, len);
	return len;
}

/* Whether a file's path goes on as a URL's does; on Windows with either slash. */
static bool goes_on_as(const char *path, const char *url)
{
	for (; *url != '\0'; path++, url++)
		if (*path != *url && (*url != '/' || !wsgi_path_is_slash(*path)))
			return false;
	return *path == '\0';
}

int wsgi_action_paths(const char *path_info, const char *translated,
		      bool (*is_file)(const char *path, size_t len),
		      struct wsgi_action_paths *paths)
{
	const size_t all = strlen(translated), info = strlen(path_info);
	const size_t len = wsgi_action_file(translated, is_file), rest = all - len;

	if (len == 0)
		return -ENOENT;
	if (rest > info || !goes_on_as(translated + len, path_info + info - rest))
		return -EINVAL;
	*paths = (struct wsgi_action_paths){.file_len = len, .script_len = info - rest};
	return 0;
}
