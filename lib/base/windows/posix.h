#ifndef WSGI_BASE_WINDOWS_POSIX_H
#define WSGI_BASE_WINDOWS_POSIX_H

/*
 * posix - what the sources ask of POSIX and Windows' C library has not, or has for one code page
 * only. Included by the compiler in front of each file of the Windows build, and by none itself:
 * so the sources say what POSIX says. sys/ and *.h beside this are the headers that are missing.
 *
 * Shape    text is WTF-8 (base/wtf8.h): paths, arguments, names and values of variables.
 * Files    descriptors are the C library's, and always binary.
 */
#define tell wsgi_windows_old_tell /* io.h's old name of _tell(), which POSIX leaves to us */
#include <io.h>
#undef tell
#include <direct.h>
#include <fcntl.h>
#include <limits.h>
#include <process.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* -- the process ------------------------------------------------------------------------------- */

/* main.c has the wmain() that calls it. */
#define main wsgi_windows_main
int wsgi_windows_main(int argc, char **argv);

/* The environment as it was at the start, and as setenv() changed it; the children's too. */
extern char **wsgi_windows_environ;
#undef environ
#define environ wsgi_windows_environ

char *wsgi_windows_getenv(const char *name);
int wsgi_windows_setenv(const char *name, const char *value, int overwrite);
int wsgi_windows_unsetenv(const char *name);
#define getenv wsgi_windows_getenv
#define setenv wsgi_windows_setenv
#define unsetenv wsgi_windows_unsetenv

#define SIGPIPE 13 /* there is none: a write to a closed pipe fails, as if it were ignored */

/* No process forks: nothing is ever called. Returns 0. pthread.h has a macro of that name. */
#undef pthread_atfork
int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));

/* -- files ------------------------------------------------------------------------------------- */

#define O_CLOEXEC _O_NOINHERIT
#define O_NOCTTY 0
#define O_NONBLOCK 0 /* descriptors block, and no open() waits for another end */
#define PIPE_BUF 4096

int wsgi_windows_open(const char *path, int flags, ...);
int wsgi_windows_access(const char *path, int mode);
int wsgi_windows_chdir(const char *path);
char *wsgi_windows_getcwd(char *buf, size_t size);
ssize_t wsgi_windows_pread(int fd, void *buf, size_t len, off_t offset);
#define open wsgi_windows_open
#define access wsgi_windows_access
#define chdir wsgi_windows_chdir
#define getcwd wsgi_windows_getcwd
#define pread wsgi_windows_pread

/* -- strings and times ------------------------------------------------------------------------- */

char *wsgi_windows_strndup(const char *text, size_t len);
char *wsgi_windows_strchrnul(const char *text, int c);
#define strndup wsgi_windows_strndup
#define strchrnul wsgi_windows_strchrnul

#endif
