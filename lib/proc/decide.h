#ifndef WSGI_PROC_DECIDE_H
#define WSGI_PROC_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proc/board.h"
#include "proc/pace.h"

/*
 * decide - what a process manager does next: which workers to start, retire, dump or kill.
 *
 * Shape    pure: from what there is, what is wanted and the time, to a list of actions. Nothing
 *          is forked, asked or allocated here; whoever carries the actions out changes the places,
 *          and asks again.
 * Words    A worker is active while it starts or serves. One that is outgoing serves only until
 *          another one does: its generation has been succeeded, or it has asked for that.
 * Source   PHP-FPM: fpm_process_ctl.c (pm, spare servers, the doubling of the spawn rate, process
 *          idle timeout, request_terminate_timeout, request_slowlog_timeout).
 */
enum wsgi_pool_mode { WSGI_POOL_STATIC, WSGI_POOL_DYNAMIC, WSGI_POOL_ONDEMAND };

struct wsgi_pool_limits {
	enum wsgi_pool_mode mode;
	unsigned max;                         /* active workers; static: exactly so many */
	unsigned start, min_spare, max_spare; /* dynamic */
	int64_t idle_timeout_ms;              /* ondemand */
	int64_t timeout_ms, slow_ms;          /* of a request; 0: never */
	int64_t graceful_ms;                  /* how long a worker that is to end may take */
	unsigned spawn_rate;                  /* starts a second */
};

/* A place, as the policy sees it. */
struct wsgi_pool_row {
	enum wsgi_board_stage stage;
	bool outgoing;
	const int64_t *began_ms; /* of the requests of each of its threads; 0: the thread is idle */
	unsigned threads;
	int64_t idle_since_ms; /* when last a request was seen in it */
	int64_t told_ms;       /* RETIRING: since when */
	int64_t stuck_ms; /* RETIRING because of a request beyond timeout_ms: since when, or 0 */
	int64_t slow_ms;  /* requests that began up to then have been said to be slow; 0: none */
	bool stopped;     /* RETIRING: it was told that nobody goes on */
	bool killed;
};

struct wsgi_pool_view {
	const struct wsgi_pool_row *rows; /* n places */
	uint32_t n;
	uint32_t usable; /* the first so many of them can be given to a new worker */
	int64_t now_ms;
	bool can_spawn; /* there is a zygote that would do it */
	bool waiting;   /* ondemand: a connection is there that nobody has taken */
	bool stopping;  /* all of it is to end */
};

enum wsgi_pool_verb {
	WSGI_POOL_SPAWN,   /* in a free place */
	WSGI_POOL_RETIRE,  /* tell it that it is to end, while others go on */
	WSGI_POOL_STOP,    /* tell it that nobody goes on */
	WSGI_POOL_SLOW,    /* log the stacks: requests have come to be slow */
	WSGI_POOL_TIMEOUT, /* log the stacks, and retire it: a request takes too long */
	WSGI_POOL_KILL,    /* SIGKILL */
};

struct wsgi_pool_action {
	enum wsgi_pool_verb verb;
	uint32_t place;
};

struct wsgi_pool_plan {
	struct wsgi_pool_action *actions; /* the caller's room, for 2 * n of them */
	size_t len;
	int64_t next_ms; /* ask again then, if nothing happens before; INT64_MAX: never */
	bool watch;      /* ondemand: tell when a connection comes */
	bool empty;      /* no worker serves, or will soon */
	bool at_max;     /* more workers would have been started, but max is reached */
};

/* What to do now. The pace remembers what must be known the next time. */
void wsgi_pool_decide(struct wsgi_pool_plan *plan, const struct wsgi_pool_view *view,
		      const struct wsgi_pool_limits *limits, struct wsgi_pace *pace);

#endif
