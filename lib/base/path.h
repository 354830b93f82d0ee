#ifndef WSGI_BASE_PATH_H
#define WSGI_BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * path - names of files, by the rules of the system.
 *
 * Shape    bytes on POSIX. On Windows WTF-8, with "/" or "\" between the parts, a drive
 *          ("C:\apps") or a share ("\\host\apps") in front, and letters of either case the same.
 * Source   XBD 4.16 "Pathname Resolution"; "Naming Files, Paths, and Namespaces" of Windows.
 */

/* What a shared object's name ends in: ".so"; on Windows ".dll". */
extern const char wsgi_path_library[];

/* What stands between the folders of a list, PATH's or --pythonpath's: ':'; on Windows ';'. */
extern const char wsgi_path_between;

/* Whether c stands between the parts of a path: "/"; on Windows "\" too. */
bool wsgi_path_is_slash(char c);

/* Whether a slash is among the first len bytes. */
bool wsgi_path_has_slash(const char *path, size_t len);

/* The last part of a path: what stands behind its last slash; on Windows behind "C:" too. */
const char *wsgi_path_last(const char *path);

/* Whether path counts from a root, and not from the working directory. */
bool wsgi_path_is_absolute(const char *path);

/*
 * The path from its root for one that counts from the working directory, whatever is there: the
 * caller's to free. NULL and errno.
 */
char *wsgi_path_absolute(const char *path);

/* Whether the first len bytes of path end in these letters, ".dll": by the system's rule. */
bool wsgi_path_ends_in(const char *path, size_t len, const char *ending);

/* Whether it is a regular file, followed through all links. */
bool wsgi_path_is_file(const char *path);
bool wsgi_path_is_folder(const char *path);

/*
 * The same file's path without links, "." and "..", and on Windows without short names and in the
 * letters that the disk has: the caller's to free. NULL and errno: it is not there (ENOENT,
 * ENOTDIR), may not be looked at (EACCES), is on Windows a device or a stream of a file (EACCES),
 * or ENOMEM.
 */
char *wsgi_path_real(const char *path);

/* Whether a file is below a folder; both as wsgi_path_real() gave them. */
bool wsgi_path_is_below(const char *file, const char *folder);

#endif
