#ifndef WSGI_BASE_WINDOWS_SYS_RANDOM_H
#define WSGI_BASE_WINDOWS_SYS_RANDOM_H

#include <sys/types.h>

#define GRND_NONBLOCK 1

/* getrandom(2): len bytes, by the system's generator. -1 when it fails. */
ssize_t getrandom(void *buf, size_t len, unsigned flags);

#endif
