#ifndef WSGI_SERVE_LIMITS_H
#define WSGI_SERVE_LIMITS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * limits - when a worker has served enough requests, or has become too large, to be replaced.
 *
 * Memory   it reaches no limit before the first request: what is too large from its start on would
 *          be replaced for ever, by others that are.
 * Threads  any number of them serve requests; memory is looked at by one of them each 10 ms, since
 *          that is a system call.
 * Source   gunicorn's max_requests; /proc/PID/statm, proc(5).
 */
struct wsgi_limits {
	uint64_t max_requests, max_memory_bytes; /* 0: none */
	int statm;                               /* -1: none; private, as all below */
	atomic_bool said, has_served;
	_Atomic uint64_t requests;
	_Atomic int64_t weighed_ms;
};

/* Begin to count, in the process that is meant. What cannot be looked at has no limit. */
void wsgi_limits_init(struct wsgi_limits *l, uint64_t max_requests, uint64_t max_memory_bytes);
void wsgi_limits_finish(struct wsgi_limits *l);

/* A request has ended. Returns whether a limit is reached: true once, for one of all calls. */
bool wsgi_limits_count(struct wsgi_limits *l);

/* Whether there have been enough requests; else it is the memory that a limit is reached of. */
bool wsgi_limits_has_enough(const struct wsgi_limits *l);

/*
 * Look at the memory now: sets *bytes to the resident set, 0: it cannot be told. Returns as
 * wsgi_limits_count().
 */
bool wsgi_limits_weigh(struct wsgi_limits *l, uint64_t *bytes);

#endif
