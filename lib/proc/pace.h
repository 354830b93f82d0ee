#ifndef WSGI_PROC_PACE_H
#define WSGI_PROC_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * pace - how fast workers may be started: so many a second, more slowly after each one that fails
 * to start, and the count of those that crash.
 *
 * Time     monotonic milliseconds, given by the caller.
 * Source   PHP-FPM's pm.max_spawn_rate, emergency_restart_threshold and emergency_restart_interval.
 */
struct wsgi_pace {
	/* proc/decide's */
	unsigned want;   /* workers, at present */
	bool begun;      /* want has been set once */
	unsigned rate;   /* how many the next step adds */
	int64_t tick_ms; /* when spare workers are counted next */
	/* private */
	int64_t second_ms; /* the second in which... */
	unsigned spawned;  /* ...so many were started */
	bool is_full;      /* and no more were allowed */
	unsigned failures; /* to start, one after the other */
	int64_t retry_ms;  /* nothing is started before that */
	int64_t *crashes;  /* the times of the last max_crashes of them; owned */
	size_t max_crashes, at;
	int64_t interval_ms;
};

/*
 * Watch for crashes: threshold of them within an interval; 0: do not. Earlier ones are forgotten.
 * Returns 0 or -ENOMEM (pace is as it was).
 */
int wsgi_pace_watch_crashes(struct wsgi_pace *p, unsigned threshold, int64_t interval_ms);
void wsgi_pace_finish(struct wsgi_pace *p);

/* How many workers may be started now, of those wanted, at so many a second. */
unsigned wsgi_pace_allow(struct wsgi_pace *p, unsigned wanted, unsigned a_second, int64_t now_ms);

/* When more may be, after an allow that gave less than was wanted. */
int64_t wsgi_pace_next_ms(const struct wsgi_pace *p);

/* A worker, or a zygote, did not come to serve. Returns how long nothing is started now. */
int64_t wsgi_pace_failed(struct wsgi_pace *p, int64_t now_ms);

/* One that was started after the last failure has proved itself. */
void wsgi_pace_proved(struct wsgi_pace *p);

/* A worker crashed. Returns whether that was the one too many; it counts anew then. */
bool wsgi_pace_crashed(struct wsgi_pace *p, int64_t now_ms);

#endif
