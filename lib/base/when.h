#ifndef WSGI_BASE_WHEN_H
#define WSGI_BASE_WHEN_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/*
 * when - a moment in local time, and how logs write it: in English, and with its zone as a number,
 * whatever the locale and the system are.
 *
 * Threads  any; localtime_r() is the only call in it that locks.
 */
struct wsgi_when {
	struct tm tm; /* as by localtime_r() */
	char zone[6]; /* "+0100" */
};

/* "Jan": as logs and HTTP have them. */
extern const char wsgi_when_months[12][4];

/*
 *   seconds   since 1970; the zone is right from the year 1 on
 * Returns 0; -EOVERFLOW: in a year that a struct tm has no room for; *w is zeroed then.
 */
int wsgi_when_read(struct wsgi_when *w, int64_t seconds);

/* All of them, with their NUL. */
enum { WSGI_WHEN_SIZE = 64 };

/* "2026-11-22 14:00:00 +0100": gunicorn's error log. Returns its length. */
size_t wsgi_when_log(const struct wsgi_when *w, char text[WSGI_WHEN_SIZE]);

/* "22/Nov/2026:14:00:00 +0100": the Common Log Format. Returns its length. */
size_t wsgi_when_clf(const struct wsgi_when *w, char text[WSGI_WHEN_SIZE]);

#endif
