#ifndef WSGI_HANDLER_PATHS_H
#define WSGI_HANDLER_PATHS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * paths - where the application's own path ends, when a front end names the handler instead.
 *
 * By Apache's Action the program is the handler's: SCRIPT_NAME is the handler's URL, PATH_INFO the
 * whole URL path of the application's file and what follows it, PATH_TRANSLATED the file and what
 * follows it.
 */
struct wsgi_action_paths {
	size_t file_len;   /* PATH_TRANSLATED up to there is the file */
	size_t script_len; /* PATH_INFO up to there is its SCRIPT_NAME, the rest its PATH_INFO */
};

/*
 * The length of the file's path at the beginning of a path whose last parts may be something else;
 * 0: no file is there.
 *   is_file   whether the first len bytes of path name a file; asked for the longest first
 */
size_t wsgi_action_file(const char *path, bool (*is_file)(const char *path, size_t len));

/*
 * Find the file and its URL.
 *   is_file   as above
 * Returns 0; -ENOENT when no part of translated is a file; -EINVAL when path_info does not end in
 * what follows the file. Pure but for is_file.
 */
int wsgi_action_paths(const char *path_info, const char *translated,
		      bool (*is_file)(const char *path, size_t len),
		      struct wsgi_action_paths *paths);

#endif
