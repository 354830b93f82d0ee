#include "http/crew.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct wsgi_crew {
	pthread_mutex_t lock;
	pthread_cond_t given;
	struct wsgi_crew_job *first, **last;
	bool ending;
	void (*ends)(void *ctx);
	void *ctx;
	unsigned len; /* threads that run */
	pthread_t threads[];
};

static struct wsgi_crew_job *next_job(struct wsgi_crew *crew)
{
	struct wsgi_crew_job *job;

	pthread_mutex_lock(&crew->lock);
	while (crew->first == NULL && !crew->ending)
		pthread_cond_wait(&crew->given, &crew->lock);
	job = crew->first;
	if (job != NULL) {
		crew->first = job->next;
		if (crew->first == NULL)
			crew->last = &crew->first;
	}
	pthread_mutex_unlock(&crew->lock);
	return job;
}

static void *work(void *arg)
{
	struct wsgi_crew *crew = arg;
	struct wsgi_crew_job *job;

	while ((job = next_job(crew)) != NULL)
		job->run(job);
	if (crew->ends != NULL)
		crew->ends(crew->ctx);
	return NULL;
}

int wsgi_crew_create(struct wsgi_crew **crew, unsigned threads, void (*ends)(void *ctx), void *ctx,
		     struct wsgi_error *err)
{
	struct wsgi_crew *c = calloc(1, sizeof(*c) + threads * sizeof(c->threads[0]));
	int rc = 0;

	if (c == NULL)
		return wsgi_fail(err, -ENOMEM, "no memory for %u threads", threads);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->given, NULL);
	c->last = &c->first;
	c->ends = ends;
	c->ctx = ctx;
	while (rc == 0 && c->len < threads) {
		rc = pthread_create(&c->threads[c->len], NULL, work, c);
		if (rc == 0)
			c->len++;
	}
	if (rc != 0) {
		wsgi_fail(err, -rc, "cannot start thread %u of %u: %s", c->len + 1, threads,
			  strerror(rc));
		wsgi_crew_destroy(c);
		return -rc;
	}
	*crew = c;
	return 0;
}

void wsgi_crew_destroy(struct wsgi_crew *crew)
{
	if (crew == NULL)
		return;
	pthread_mutex_lock(&crew->lock);
	crew->ending = true;
	pthread_cond_broadcast(&crew->given);
	pthread_mutex_unlock(&crew->lock);
	for (unsigned i = 0; i < crew->len; i++)
		pthread_join(crew->threads[i], NULL);
	pthread_cond_destroy(&crew->given);
	pthread_mutex_destroy(&crew->lock);
	free(crew);
}

void wsgi_crew_give(struct wsgi_crew *crew, struct wsgi_crew_job *job)
{
	job->next = NULL;
	pthread_mutex_lock(&crew->lock);
	*crew->last = job;
	crew->last = &job->next;
	pthread_cond_signal(&crew->given);
	pthread_mutex_unlock(&crew->lock);
}
