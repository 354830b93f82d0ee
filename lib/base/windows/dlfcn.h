#ifndef WSGI_BASE_WINDOWS_DLFCN_H
#define WSGI_BASE_WINDOWS_DLFCN_H

#define RTLD_NOW 2
#define RTLD_LOCAL 0

/*
 * dlopen() by LoadLibraryExW(): the libraries that it needs are looked for beside it, then in the
 * system's folders; never in the working directory or on PATH.
 */
void *dlopen(const char *path, int flags);
void *dlsym(void *library, const char *symbol);
int dlclose(void *library);
char *dlerror(void);

#endif
