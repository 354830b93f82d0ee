#include "server/running.h"

#include <stdbool.h>
#include <stddef.h>
#include <sysexits.h>
#include <unistd.h>

static _Thread_local struct {
	struct wsgi_handler *handler; /* NULL: outside of a run */
	struct wsgi_app *app;         /* the one that this thread has called last */
	bool is_child;
} here;

/* Each application that knows the thread is told that it ends, or that it calls another. */
static void meet(struct wsgi_app *app)
{
	if (here.app != NULL && here.app != app && here.app->thread_ends != NULL)
		here.app->thread_ends(here.app);
	here.app = app;
}

int wsgi_running_run(struct wsgi_handler *handler, struct wsgi_app *app)
{
	int rc;

	meet(app);
	here.handler = handler;
	wsgi_running_enter();
	rc = wsgi_handler_run(handler, app);
	if (here.is_child)
		_exit(EX_OK); /* the application's child has come back out of it */
	wsgi_running_leave();
	here.handler = NULL;
	return rc;
}

void wsgi_running_leave(void)
{
	if (here.handler != NULL && here.app->leave != NULL && here.app->enter != NULL)
		here.app->leave(here.app);
}

void wsgi_running_enter(void)
{
	if (here.handler != NULL && here.app->leave != NULL && here.app->enter != NULL)
		here.app->enter(here.app);
}

void wsgi_running_forked(void)
{
	if (here.handler == NULL)
		return;
	here.is_child = true;
	here.handler->client_left = true;
}

void wsgi_running_thread_ends(void)
{
	meet(NULL);
}
