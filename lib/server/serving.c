#include "server/serving.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "server/instance.h"
#include "server/running.h"

/* What pthread_atfork() calls is given no context: this is where it finds the servers. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct wsgi_server *servers;
static int watching; /* what pthread_atfork() returned */

static void before_fork(void)
{
	pthread_mutex_lock(&lock);
	for (struct wsgi_server *s = servers; s != NULL; s = s->next)
		wsgi_http_server_hold(s->http);
}

static void after_fork(void)
{
	for (struct wsgi_server *s = servers; s != NULL; s = s->next)
		wsgi_http_server_go_on(s->http);
	pthread_mutex_unlock(&lock);
}

/* The eventfd is shared with the parent: a shutdown() here must not be one there. */
static void forget(struct wsgi_server *s)
{
	wsgi_http_server_forget(s->http);
	close(s->listener.fd);
	close(s->stop_fd);
	s->listener.fd = s->stop_fd = -1;
	s->listener.path = NULL;
	s->stuck = true;
}

static void in_child(void)
{
	for (struct wsgi_server *s = servers; s != NULL; s = s->next)
		forget(s);
	servers = NULL;
	wsgi_running_forked();
	pthread_mutex_unlock(&lock);
}

static void watch_forks(void)
{
	watching = pthread_atfork(before_fork, after_fork, in_child);
}

int wsgi_serving_start(struct wsgi_server *server, const struct wsgi_http_config *config,
		       struct wsgi_error *err)
{
	int rc;

	pthread_once(&once, watch_forks);
	if (watching != 0)
		return wsgi_fail(err, -watching, "cannot watch for forks: %s", strerror(watching));
	pthread_mutex_lock(&lock);
	rc = wsgi_http_server_create(&server->http, config, err);
	if (rc == 0) {
		server->next = servers;
		servers = server;
	}
	pthread_mutex_unlock(&lock);
	return rc;
}

void wsgi_serving_end(struct wsgi_server *server)
{
	struct wsgi_server **at = &servers;

	pthread_mutex_lock(&lock);
	while (*at != server)
		at = &(*at)->next;
	*at = server->next;
	pthread_mutex_unlock(&lock);
}
