#ifndef WSGI_BASE_CLOCK_H
#define WSGI_BASE_CLOCK_H

#include <stdint.h>

/* Monotonic milliseconds; only differences mean something. */
int64_t wsgi_clock_ms(void);

#endif
