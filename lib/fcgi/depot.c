#include "fcgi/depot.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fdpass.h"

#define SPARES (sizeof(((struct wsgi_depot *)NULL)->spare) / sizeof(int))

enum { LAYOUT = 0x77780001 };

struct message {
	uint32_t layout, tcp;
};

void wsgi_depot_init(struct wsgi_depot *x)
{
	x->give = x->take = -1;
	for (size_t i = 0; i < SPARES; i++)
		x->spare[i] = -1;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void drop_spares(struct wsgi_depot *x)
{
	for (size_t i = 0; i < SPARES; i++)
		close_one(&x->spare[i]);
}

/* Returns 0; -EMFILE when not even these can be had. */
static int hold_spares(struct wsgi_depot *x)
{
	for (size_t i = 0; i < SPARES; i++) {
		if (x->spare[i] < 0)
			x->spare[i] = eventfd(0, EFD_CLOEXEC);
		if (x->spare[i] < 0)
			return -errno;
	}
	return 0;
}

int wsgi_depot_open(struct wsgi_depot *x, int give, int take)
{
	int rc;

	x->give = give;
	x->take = take;
	rc = hold_spares(x);
	if (rc != 0)
		wsgi_depot_finish(x);
	return rc;
}

void wsgi_depot_finish(struct wsgi_depot *x)
{
	drop_spares(x);
	x->give = x->take = -1;
}

void wsgi_depot_forget(struct wsgi_depot *x)
{
	drop_spares(x);
	close_one(&x->give);
	close_one(&x->take);
}

int wsgi_depot_give(struct wsgi_depot *x, int fd, bool tcp)
{
	const struct message m = {LAYOUT, tcp};
	int rc = wsgi_fd_send(x->give, &m, sizeof(m), &fd, 1);

	/* unix(7): too many descriptors are under way, or there is no memory for one more. */
	return rc == -ETOOMANYREFS || rc == -ENOBUFS || rc == -ENOMEM ? -EAGAIN : rc;
}

/*
 * A message whose descriptor finds no room is lost, and with it the connection: room is held
 * beforehand, more than is needed, because another thread may open a file at this very moment.
 */
static ssize_t take_message(struct wsgi_depot *x, struct message *m, int *fd)
{
	size_t n = 1;
	ssize_t rc = hold_spares(x);

	if (rc != 0)
		return rc;
	drop_spares(x);
	rc = wsgi_fd_recv(x->take, m, sizeof(*m), fd, &n);
	hold_spares(x);
	if (rc >= 0 && n == 0)
		*fd = -1;
	return rc == -EMFILE || rc == -EMSGSIZE ? -EPROTO : rc;
}

int wsgi_depot_take(struct wsgi_depot *x, bool *tcp)
{
	struct message m = {0};
	int fd = -1;
	ssize_t rc = take_message(x, &m, &fd);

	if (rc <= 0)
		return rc == 0 ? -EPIPE : (int)rc;
	if (rc != sizeof(m) || m.layout != LAYOUT || fd < 0) {
		close_one(&fd);
		return -EPROTO;
	}
	*tcp = m.tcp != 0;
	return fd;
}
