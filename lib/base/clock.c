#include "base/clock.h"

int64_t wsgi_clock_ns(clockid_t clock)
{
	struct timespec now = {0};

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t wsgi_clock_us(clockid_t clock)
{
	struct timespec now = {0};

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t wsgi_clock_ms(void)
{
	return wsgi_clock_us(CLOCK_MONOTONIC) / 1000;
}

struct timespec wsgi_clock_after(clockid_t clock, int64_t ms)
{
	const int64_t ns = wsgi_clock_ns(clock) + ms * 1000000;

	return (struct timespec){
		.tv_sec = (time_t)(ns / 1000000000),
		.tv_nsec = (long)(ns % 1000000000),
	};
}
