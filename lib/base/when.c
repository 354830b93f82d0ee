#include "base/when.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

const char wsgi_when_months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
				      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* The 29ths of February up to the end of a year. */
static int64_t leap_days(int64_t year)
{
	return year / 4 - year / 100 + year / 400;
}

/* What a clock in Greenwich that shows a time counts: timegm(), for systems that have none. */
static int64_t seconds_of(const struct tm *tm)
{
	const int64_t last = tm->tm_year + INT64_C(1899);
	const int64_t days = tm->tm_yday + 365 * (last - 1969) + leap_days(last) - leap_days(1969);

	return ((days * 24 + tm->tm_hour) * 60 + tm->tm_min) * 60 + tm->tm_sec;
}

/*
 * Not strftime()'s %z, which is a name on some systems; nor tm_gmtoff, which some have not. To the
 * next minute: what counts leap seconds is some of them ahead.
 */
static void set_zone(struct wsgi_when *w, int64_t seconds)
{
	const int64_t east = seconds_of(&w->tm) - seconds;
	const unsigned minutes = (unsigned)((llabs(east) + 30) / 60);

	snprintf(w->zone, sizeof(w->zone), "%c%02u%02u", east < 0 && minutes > 0 ? '-' : '+',
		 minutes / 60 % 100, minutes % 60);
}

int wsgi_when_read(struct wsgi_when *w, int64_t seconds)
{
	const time_t at = (time_t)seconds;

	*w = (struct wsgi_when){0};
	if (localtime_r(&at, &w->tm) == NULL) {
		*w = (struct wsgi_when){0}; /* Windows writes -1 everywhere, the month too */
		return -EOVERFLOW;
	}
	set_zone(w, seconds);
	return 0;
}

size_t wsgi_when_log(const struct wsgi_when *w, char text[WSGI_WHEN_SIZE])
{
	const struct tm *tm = &w->tm;

	return (size_t)snprintf(text, WSGI_WHEN_SIZE, "%04lld-%02d-%02d %02d:%02d:%02d %s",
				tm->tm_year + 1900LL, tm->tm_mon + 1, tm->tm_mday, tm->tm_hour,
				tm->tm_min, tm->tm_sec, w->zone);
}

size_t wsgi_when_clf(const struct wsgi_when *w, char text[WSGI_WHEN_SIZE])
{
	const struct tm *tm = &w->tm;

	return (size_t)snprintf(text, WSGI_WHEN_SIZE, "%02d/%s/%lld:%02d:%02d:%02d %s", tm->tm_mday,
				wsgi_when_months[tm->tm_mon], tm->tm_year + 1900LL, tm->tm_hour,
				tm->tm_min, tm->tm_sec, w->zone);
}
