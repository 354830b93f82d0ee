#include "proc/forked.h"

#include <pthread.h>
#include <stddef.h>

/* pthread_atfork() takes no context, and what it has been given it keeps: one slot, for ever. */
static struct {
	const struct wsgi_forked_ops *ops;
	void *ctx;
	bool registered, is_child;
} watch;

static void before(void)
{
	if (watch.ops != NULL && watch.ops->before != NULL)
		watch.ops->before(watch.ctx);
}

static void after(void)
{
	if (watch.ops != NULL && watch.ops->after != NULL)
		watch.ops->after(watch.ctx);
}

static void child(void)
{
	if (watch.ops == NULL)
		return;
	watch.is_child = true;
	if (watch.ops->child != NULL)
		watch.ops->child(watch.ctx);
}

int wsgi_forked_watch(const struct wsgi_forked_ops *ops, void *ctx)
{
	int rc = watch.registered ? 0 : pthread_atfork(before, after, child);

	if (rc != 0)
		return -rc;
	watch.registered = true;
	watch.ops = ops;
	watch.ctx = ctx;
	return 0;
}

bool wsgi_forked(void)
{
	return watch.is_child;
}
