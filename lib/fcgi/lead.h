#ifndef WSGI_FCGI_LEAD_H
#define WSGI_FCGI_LEAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "fcgi/handover.h"

/*
 * lead - which of several threads waits for events: the leader. The others wait to be it.
 *
 * Shape    a leader that begins to serve either gives the lead away (eager) or lends it (lazy):
 *          it is its own again when it comes back soon. While requests run one of those that
 *          wait, the deputy, looks every few milliseconds whether the leader is in the same
 *          request still, and takes the lead if so. When nothing runs nobody looks.
 * Threads  all calls are made with the owner's lock held.
 */
struct wsgi_lead {
	pthread_cond_t changed;         /* it is free; or a deputy is wanted */
	const void *holder;             /* NULL: it is free */
	bool lent;                      /* the holder serves... */
	int lent_by;                    /* ...in this thread */
	bool has_deputy, deputy_called; /* called: but it has not come yet */
	unsigned waiting;               /* for the lead */
	unsigned serving;
	uint64_t turns; /* how often somebody began to serve */
	int64_t began_ns;
	struct wsgi_handover handover;
};

/* A thread's part in it. */
struct wsgi_turn {
	int thread;               /* its id, as gettid(2) has it */
	int64_t began_ns, cpu_ns; /* cpu_ns -1: not measured */
	long switches;
};

/* To be called by the thread that it is of. */
void wsgi_turn_init(struct wsgi_turn *t);

/* exclusive: the application computes under a lock of its own. Returns 0 or -errno. */
int wsgi_lead_init(struct wsgi_lead *l, bool exclusive);
void wsgi_lead_finish(struct wsgi_lead *l);

/*
 * Wait until the lead is free or can be taken, and take it.
 *   over   looked at whenever this wakes: true ends the wait
 * Returns false when over was true.
 */
bool wsgi_lead_take(struct wsgi_lead *l, const void *who, pthread_mutex_t *lock,
		    bool (*over)(const void *ctx), const void *ctx);

/* Take it without waiting, unless somebody leads or will in a moment. */
bool wsgi_lead_try(struct wsgi_lead *l, const void *who);

/* The leader has no more use for it; all: nobody has, so wake everybody. */
void wsgi_lead_free(struct wsgi_lead *l, bool all);

/* The leader begins to serve. */
void wsgi_lead_lend(struct wsgi_lead *l, struct wsgi_turn *t);

/* who is about to wait inside of a request: it gives away the lead, if it has lent it. */
void wsgi_lead_yield(struct wsgi_lead *l, const void *who);

/* who has served. Returns whether it is the leader. */
bool wsgi_lead_back(struct wsgi_lead *l, const void *who, const struct wsgi_turn *t);

/* Whether a request has begun in the last ms. */
bool wsgi_lead_has_served(const struct wsgi_lead *l, int64_t ms);

/* Whether all threads serve, and have for ns at least. */
bool wsgi_lead_is_stuck(const struct wsgi_lead *l, int64_t ns);

#endif
