#include "handler/paths.h"

#include <errno.h>
#include <string.h>

/* The length of path without its last segment and the slashes before that; 0 at the root. */
static size_t parent(const char *path, size_t len)
{
	while (len > 0 && path[len - 1] != '/')
		len--;
	while (len > 0 && path[len - 1] == '/')
		len--;
	return len;
}

int wsgi_action_paths(const char *path_info, const char *translated,
		      bool (*is_file)(const char *path, size_t len),
		      struct wsgi_action_paths *paths)
{
	const size_t all = strlen(translated), info = strlen(path_info);
	size_t len = all, rest;

	while (len > 0 && translated[len - 1] == '/')
		len--;
	while (len > 0 && !is_file(translated, len))
		len = parent(translated, len);
	if (len == 0)
		return -ENOENT;
	rest = all - len;
	if (rest > info || memcmp(path_info + info - rest, translated + len, rest) != 0)
		return -EINVAL;
	*paths = (struct wsgi_action_paths){.file_len = len, .script_len = info - rest};
	return 0;
}
