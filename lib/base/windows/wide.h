#ifndef WSGI_BASE_WINDOWS_WIDE_H
#define WSGI_BASE_WINDOWS_WIDE_H

#include <wchar.h>

/*
 * wide - text on its way to the system and back, and what the system says when it fails.
 */

/* A string as the system takes it; the caller's to free. NULL and ENOMEM. */
wchar_t *wsgi_wide(const char *text);

/*
 * A path as the system takes it; the caller's to free. One that is too long for it by itself
 * (MAX_PATH) is made whole, with "\\?\" in front. NULL and errno.
 */
wchar_t *wsgi_wide_path(const char *path);

/* The whole path that the system makes of one: the caller's to free. NULL and errno. */
wchar_t *wsgi_wide_whole(const wchar_t *path);

/* The errno (positive) that a system error is; EIO for one that has none. */
int wsgi_windows_errno(unsigned long error);

/* Set errno from GetLastError(). Returns -1. */
int wsgi_windows_failed(void);

#endif
