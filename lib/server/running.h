#ifndef WSGI_SERVER_RUNNING_H
#define WSGI_SERVER_RUNNING_H

#include "handler/handler.h"
#include "wsgi/app.h"

/*
 * running - this thread's call of an application: in it, waiting in the middle of it, or forked by
 * it.
 */

/*
 * Run handler with app, between app's enter and leave. Returns wsgi_handler_run()'s result; in a
 * child that was forked on the way it does not return: the process ends.
 */
int wsgi_running_run(struct wsgi_handler *handler, struct wsgi_app *app);

/* The thread is about to wait, and has waited. Outside of a run they do nothing. */
void wsgi_running_leave(void);
void wsgi_running_enter(void);

/* This process is a forked child, and this thread is all there is of it. */
void wsgi_running_forked(void);

/* The last thing that a thread does. */
void wsgi_running_thread_ends(void);

#endif
