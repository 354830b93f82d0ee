#include "wsgi/date.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/when.h"

enum { DAY_SECONDS = 86400, ERA_DAYS = 146097 /* 400 years */ };

/* Rounds down, where / rounds towards 0. */
static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

struct day {
	int64_t year;
	int month, day; /* from 1 */
};

/*
 * The Gregorian date of a number of days since 1970. Years begin in March here, so that the day
 * that comes and goes is the last one, and months of 31 and 30 days alternate by fives.
 */
static struct day day_of(int64_t days)
{
	const int64_t since_0000_03_01 = days + 719468;
	const int64_t era = floor_div(since_0000_03_01, ERA_DAYS);
	const int in_era = (int)(since_0000_03_01 - era * ERA_DAYS);
	const int year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	const int in_year = in_era - (365 * year + year / 4 - year / 100);
	const int month = (5 * in_year + 2) / 153;

	return (struct day){
		.year = era * 400 + year + (month >= 10),
		.month = month < 10 ? month + 3 : month - 9,
		.day = in_year - (153 * month + 2) / 5 + 1,
	};
}

void wsgi_date_format(int64_t seconds, char out[WSGI_DATE_SIZE])
{
	static const char weekdays[][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
	const int64_t days = floor_div(seconds, DAY_SECONDS);
	const unsigned in_day = (unsigned)(seconds - days * DAY_SECONDS);
	const struct day d = day_of(days);

	snprintf(out, WSGI_DATE_SIZE, "%s, %02d %s %4" PRId64 " %02u:%02u:%02u GMT",
		 weekdays[days - floor_div(days, 7) * 7], d.day, wsgi_when_months[d.month - 1],
		 d.year, in_day / 3600, in_day / 60 % 60, in_day % 60);
}
