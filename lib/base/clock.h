#ifndef WSGI_BASE_CLOCK_H
#define WSGI_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/*
 * clock - the clocks of clock_gettime(2) as one number each. Of CLOCK_MONOTONIC only differences
 * mean something; CLOCK_REALTIME is the time since 1970.
 */
int64_t wsgi_clock_ns(clockid_t clock);
int64_t wsgi_clock_us(clockid_t clock);

/* Monotonic milliseconds. */
int64_t wsgi_clock_ms(void);

/* What a clock will show ms from now on, for pthread_cond_timedwait() and the like. */
struct timespec wsgi_clock_after(clockid_t clock, int64_t ms);

#endif
