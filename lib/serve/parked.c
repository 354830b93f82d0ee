#include "serve/parked.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"

int wsgi_parked_init(struct wsgi_parked *p, int give, int take)
{
	*p = (struct wsgi_parked){.most = wsgi_fd_limit()};
	wsgi_depot_init(&p->depot);
	return wsgi_depot_open(&p->depot, give, take);
}

void wsgi_parked_close(struct wsgi_parked *p)
{
	while (p->n > 0)
		close(p->connections[--p->n].fd);
}

void wsgi_parked_finish(struct wsgi_parked *p)
{
	wsgi_parked_close(p);
	free(p->connections);
	p->connections = NULL;
	p->room = 0;
	wsgi_depot_finish(&p->depot);
}

/* Room before anything is taken: what has none would be lost. */
static int make_room(struct wsgi_parked *p)
{
	size_t room = p->room > 0 ? 2 * p->room : 64;
	struct wsgi_parked_connection *more;

	if (p->n < p->room)
		return 0;
	more = realloc(p->connections, room * sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	p->connections = more;
	p->room = room;
	return 0;
}

/* Whether a request, or a part of one, is there. */
static bool has_request(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void keep(struct wsgi_parked *p, int fd, bool tcp)
{
	if (p->n >= p->most && !has_request(fd)) {
		p->turned_away++;
		close(fd);
		return;
	}
	p->connections[p->n++] = (struct wsgi_parked_connection){fd, tcp};
}

int wsgi_parked_take(struct wsgi_parked *p)
{
	for (;;) {
		bool tcp;
		int fd = make_room(p);

		if (fd == 0)
			fd = wsgi_depot_take(&p->depot, &tcp);
		if (fd == -EAGAIN)
			return 0;
		if (fd == -EPROTO)
			continue; /* that one is lost */
		if (fd < 0)
			return fd;
		keep(p, fd, tcp);
	}
}

void wsgi_parked_give(struct wsgi_parked *p)
{
	while (p->n > 0) {
		const struct wsgi_parked_connection *c = &p->connections[p->n - 1];

		if (wsgi_depot_give(&p->depot, c->fd, c->tcp) != 0)
			return;
		close(c->fd);
		p->n--;
	}
}

/* Whether there is anything to read but the end. */
static bool has_bytes(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

bool wsgi_parked_look(struct wsgi_parked *p, const struct pollfd *polled)
{
	bool has_come = false;
	size_t left = 0;

	for (size_t i = 0; i < p->n; i++) {
		struct wsgi_parked_connection c = p->connections[i];

		if (polled[i].revents != 0 && !has_bytes(c.fd)) {
			close(c.fd);
			continue;
		}
		has_come = has_come || polled[i].revents != 0;
		p->connections[left++] = c;
	}
	p->n = left;
	return has_come;
}

void wsgi_parked_poll(const struct wsgi_parked *p, struct pollfd *polled)
{
	for (size_t i = 0; i < p->n; i++)
		polled[i] = (struct pollfd){.fd = p->connections[i].fd, .events = POLLIN};
}
