#include "serve/limits.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum { WEIGH_MS = 10, STATM_BYTES = 128 };

void wsgi_limits_init(struct wsgi_limits *l, uint64_t max_requests, uint64_t max_memory_bytes)
{
	*l = (struct wsgi_limits){
		.max_requests = max_requests,
		.max_memory_bytes = max_memory_bytes,
		.statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC),
	};
}

void wsgi_limits_finish(struct wsgi_limits *l)
{
	if (l->statm > 0)
		close(l->statm);
	l->statm = -1;
}

static bool say_once(struct wsgi_limits *l)
{
	return !atomic_exchange(&l->said, true);
}

/* The second number is that of resident pages. */
static uint64_t resident_bytes(int statm)
{
	char text[STATM_BYTES];
	ssize_t n = statm > 0 ? pread(statm, text, sizeof(text) - 1, 0) : 0;
	uint64_t pages = 0;

	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%*u %" SCNu64, &pages) != 1)
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

bool wsgi_limits_weigh(struct wsgi_limits *l, uint64_t *bytes)
{
	*bytes = resident_bytes(l->statm);
	return l->max_memory_bytes > 0 && *bytes > l->max_memory_bytes &&
	       atomic_load(&l->has_served) && say_once(l);
}

static bool is_heavy(struct wsgi_limits *l)
{
	int64_t now = wsgi_clock_ms(), last = atomic_load(&l->weighed_ms);
	uint64_t bytes;

	return now - last >= WEIGH_MS &&
	       atomic_compare_exchange_strong(&l->weighed_ms, &last, now) &&
	       wsgi_limits_weigh(l, &bytes);
}

bool wsgi_limits_has_enough(const struct wsgi_limits *l)
{
	return l->max_requests > 0 && atomic_load(&l->requests) >= l->max_requests;
}

bool wsgi_limits_count(struct wsgi_limits *l)
{
	if (l->max_requests > 0 && atomic_fetch_add(&l->requests, 1) + 1 == l->max_requests &&
	    say_once(l))
		return true;
	if (l->max_memory_bytes == 0)
		return false;
	if (!atomic_load_explicit(&l->has_served, memory_order_relaxed))
		atomic_store(&l->has_served, true);
	return is_heavy(l);
}
