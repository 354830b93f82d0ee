#include "fcgi/doors.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "fcgi/peers.h"

enum { STARVED_MS = 100 /* without a descriptor: so long until the next accept */ };

/* An address, as accept(2) and getpeername(2) give it. */
union address {
	struct sockaddr any;
	struct sockaddr_storage room;
};

/* ---- birth and death ---- */

int wsgi_doors_init(struct wsgi_reactor *r, const int *fds, size_t n)
{
	wsgi_depot_init(&r->depot);
	r->take = (struct wsgi_door){.source = WSGI_TAKE, .fd = -1};
	r->listeners = calloc(n > 0 ? n : 1, sizeof(*r->listeners));
	if (r->listeners == NULL)
		return -ENOMEM;
	r->listeners_len = n;
	for (size_t i = 0; i < n; i++) {
		union address addr = {.any = {0}};
		socklen_t len = sizeof(addr);
		int rc = wsgi_fd_nonblock(fds[i], 1);

		if (rc != 0 || getsockname(fds[i], &addr.any, &len) != 0)
			return rc != 0 ? rc : -errno;
		r->listeners[i] = (struct wsgi_door){
			.source = WSGI_LISTENER,
			.fd = fds[i],
			.tcp = addr.any.sa_family == AF_INET || addr.any.sa_family == AF_INET6,
		};
	}
	return wsgi_doors_open(r);
}

void wsgi_doors_finish(struct wsgi_reactor *r)
{
	free(r->listeners);
	wsgi_depot_finish(&r->depot);
}

void wsgi_doors_forget(struct wsgi_reactor *r)
{
	for (size_t i = 0; i < r->listeners_len; i++) {
		close(r->listeners[i].fd);
		r->listeners[i].fd = -1;
	}
	r->take.fd = -1;
	wsgi_depot_forget(&r->depot);
}

int wsgi_reactor_share(struct wsgi_reactor *r, int give, int take)
{
	int rc = wsgi_depot_open(&r->depot, give, take);

	if (rc != 0)
		return rc;
	pthread_mutex_lock(&r->lock);
	wsgi_doors_close(r);
	r->take.fd = take;
	rc = wsgi_doors_open(r);
	pthread_mutex_unlock(&r->lock);
	return rc;
}

/* ---- open and closed ---- */

/* One of all the workers is told of who comes, as a rule. */
static int open_door(struct wsgi_reactor *r, struct wsgi_door *d)
{
	struct epoll_event e = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = d};

	return epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, d->fd, &e) == 0 ? 0 : -errno;
}

int wsgi_doors_open(struct wsgi_reactor *r)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < r->listeners_len && !r->listening; i++)
		rc = open_door(r, &r->listeners[i]);
	if (rc == 0 && !r->listening && r->take.fd >= 0)
		rc = open_door(r, &r->take);
	if (rc != 0)
		return rc;
	r->listening = true;
	r->listen_again_ms = 0;
	return 0;
}

void wsgi_doors_close(struct wsgi_reactor *r)
{
	for (size_t i = 0; i < r->listeners_len && r->listening; i++)
		epoll_ctl(r->epoll_fd, EPOLL_CTL_DEL, r->listeners[i].fd, NULL);
	if (r->listening && r->take.fd >= 0)
		epoll_ctl(r->epoll_fd, EPOLL_CTL_DEL, r->take.fd, NULL);
	r->listening = false;
}

/* No descriptor is left, here or in the system: others may give theirs back in a moment. */
static void starve(struct wsgi_reactor *r, int code)
{
	if (!r->starved)
		wsgi_log(
			r->config.log, WSGI_LOG_ERROR,
			"cannot accept connections (%s): raise the limit of open files (ulimit -n)",
			code == EMFILE ? "EMFILE" : "ENFILE");
	r->starved = true;
	pthread_mutex_lock(&r->lock);
	wsgi_doors_close(r);
	r->listen_again_ms = wsgi_clock_ms() + STARVED_MS;
	pthread_mutex_unlock(&r->lock);
}

/* ---- who comes ---- */

static bool is_welcome(const struct wsgi_reactor *r, const struct sockaddr *peer, bool tcp)
{
	const struct wsgi_reactor_ops *ops = &r->config.ops;

	return !tcp || ops->admit == NULL || ops->admit(r->config.ctx, peer);
}

/* Returns a socket that is welcome, or -errno. */
static int accept_one(struct wsgi_reactor *r, const struct wsgi_door *d)
{
	const int on = 1;
	union address addr = {.any = {0}};
	socklen_t len = sizeof(addr);
	int fd = d->tcp ? accept4(d->fd, &addr.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC)
			: accept4(d->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (!is_welcome(r, &addr.any, d->tcp)) {
		close(fd);
		return -EACCES;
	}
	if (d->tcp)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

/* The giver may have had another list of who is welcome. */
static int check_taken(struct wsgi_reactor *r, int fd, bool tcp)
{
	union address addr = {.any = {0}};
	socklen_t len = sizeof(addr);

	if (!tcp || r->config.ops.admit == NULL)
		return fd;
	if (getpeername(fd, &addr.any, &len) == 0 && is_welcome(r, &addr.any, tcp))
		return fd;
	close(fd);
	return -EACCES;
}

static int take_one(struct wsgi_reactor *r, bool *tcp)
{
	int fd = wsgi_depot_take(&r->depot, tcp);

	if (fd >= 0)
		return check_taken(r, fd, *tcp);
	if (fd == -EPROTO)
		wsgi_log(r->config.log, WSGI_LOG_ERROR,
			 "a connection that another worker gave away was lost");
	return fd;
}

/* Nobody gives anything there any more. */
static void close_exchange(struct wsgi_reactor *r)
{
	pthread_mutex_lock(&r->lock);
	if (r->listening)
		epoll_ctl(r->epoll_fd, EPOLL_CTL_DEL, r->take.fd, NULL);
	r->take.fd = -1;
	pthread_mutex_unlock(&r->lock);
}

static struct wsgi_peer *add(struct wsgi_reactor *r, int fd, bool tcp)
{
	struct wsgi_peer *p;

	r->starved = false;
	pthread_mutex_lock(&r->lock);
	p = wsgi_peers_add(r, fd, tcp);
	pthread_mutex_unlock(&r->lock);
	if (p == NULL)
		close(fd);
	return p;
}

/* What went wrong with one of them, and not with the door. */
static bool is_his_own(int rc)
{
	return rc == -EACCES || rc == -EPROTO || rc == -ECONNABORTED || rc == -EINTR;
}

int wsgi_door_let_in(struct wsgi_reactor *r, struct wsgi_door *d, struct wsgi_peer **p)
{
	bool tcp = d->tcp;
	int fd;

	if (d->fd < 0)
		return -EBADF; /* an event of an exchange that was given up */
	fd = d->source == WSGI_TAKE ? take_one(r, &tcp) : accept_one(r, d);
	if (fd >= 0) {
		*p = add(r, fd, tcp);
		return *p != NULL ? 1 : -ENOMEM;
	}
	if (is_his_own(fd))
		return 0;
	if (fd == -EMFILE || fd == -ENFILE)
		starve(r, -fd);
	else if (d->source == WSGI_TAKE && fd != -EAGAIN)
		close_exchange(r);
	return fd;
}

/* ---- without a thread for them ---- */

static void look_after(struct wsgi_peer *p, bool give)
{
	struct wsgi_reactor *r = p->reactor;

	pthread_mutex_lock(&r->lock);
	if (!give || wsgi_peer_give(p) != 0)
		wsgi_peer_make_ready(p);
	pthread_mutex_unlock(&r->lock);
}

void wsgi_door_pass_on(struct wsgi_reactor *r, struct wsgi_door *d)
{
	struct wsgi_peer *p;

	if (wsgi_door_let_in(r, d, &p) > 0)
		look_after(p, true);
}

static void empty(struct wsgi_reactor *r, struct wsgi_door *d, unsigned most)
{
	struct wsgi_peer *p;
	int rc = 0;

	for (unsigned i = 0; rc >= 0 && i < most; i++) {
		rc = wsgi_door_let_in(r, d, &p);
		if (rc > 0)
			look_after(p, r->retiring);
	}
}

void wsgi_doors_let_all_in(struct wsgi_reactor *r)
{
	for (size_t i = 0; i < r->listeners_len; i++)
		empty(r, &r->listeners[i], r->retiring ? WSGI_CORE_EVENTS : UINT_MAX);
	if (r->take.fd >= 0)
		empty(r, &r->take, r->retiring ? 1 : UINT_MAX);
}
