#ifndef WSGI_FCGI_HANDOVER_H
#define WSGI_FCGI_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * handover - whether a thread that begins to serve hands the wait for connections to another one
 * at once (eager), or keeps it and comes back to it (lazy).
 *
 * To hand over costs a wake, and where an application computes under a lock of its interpreter,
 * a second thread only contends for it: that pays when requests wait for something else. Without
 * such a lock it pays when they take longer than the wake does. A lazy thread that does not come
 * back is replaced in a moment (fcgi/lead.h), so that a wrong guess costs that moment.
 *
 * Shape    pure: durations and times go in, by the caller's clocks, in nanoseconds.
 */
struct wsgi_handover {
	bool exclusive; /* the application has an interpreter's lock; private, as all */
	bool eager;
	bool sample_next;
	unsigned unsampled;       /* requests since the last sample */
	int64_t mean_ns;          /* that a request takes */
	int64_t lazy_since_ns;    /* the present attempt */
	int64_t lazy_again_ns;    /* when eager: the next attempt */
	int64_t next_patience_ns; /* until the one after that */
};

void wsgi_handover_init(struct wsgi_handover *h, bool exclusive);

/* Whether to hand over now. */
bool wsgi_handover_is_eager(struct wsgi_handover *h, int64_t now_ns);

/* Whether the request that begins now should have its idle time measured. */
bool wsgi_handover_wants_sample(const struct wsgi_handover *h);

/*
 * A request has ended.
 *   idle_ns   of it, while this process did not compute; -1: this was not measured
 */
void wsgi_handover_note(struct wsgi_handover *h, int64_t now_ns, int64_t took_ns, int64_t idle_ns);

/* A lazy thread had to be replaced, while the process computed (busy) or not. */
void wsgi_handover_note_late(struct wsgi_handover *h, int64_t now_ns, bool busy);

#endif
