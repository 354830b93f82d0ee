#ifndef WSGI_HTTP_CREW_H
#define WSGI_HTTP_CREW_H

#include "base/error.h"

/*
 * crew - a few threads that do jobs, in the order in which they came.
 * Owner    the one who gives a job keeps its struct until run has returned; run may free it.
 */
struct wsgi_crew;

struct wsgi_crew_job {
	void (*run)(struct wsgi_crew_job *job);
	struct wsgi_crew_job *next; /* private */
};

/*
 * Start the threads.
 *   ends   called by each thread with ctx as the last thing it does; NULL: nothing is
 * Returns 0; -errno with words in err.
 */
int wsgi_crew_create(struct wsgi_crew **crew, unsigned threads, void (*ends)(void *ctx), void *ctx,
		     struct wsgi_error *err);

/* Do every job that was given, then end the threads. */
void wsgi_crew_destroy(struct wsgi_crew *crew);

void wsgi_crew_give(struct wsgi_crew *crew, struct wsgi_crew_job *job);

#endif
