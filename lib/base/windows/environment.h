#ifndef WSGI_BASE_WINDOWS_ENVIRONMENT_H
#define WSGI_BASE_WINDOWS_ENVIRONMENT_H

/*
 * Read the process's environment, which is Unicode: what getenv() and environ of posix.h then
 * show. Once, before them. Returns 0 or -ENOMEM.
 */
int wsgi_windows_read_environment(void);

#endif
