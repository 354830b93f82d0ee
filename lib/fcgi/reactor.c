#include "fcgi/reactor.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container.h"
#include "base/fdio.h"
#include "fcgi/conn.h"

enum {
	EVENTS = 64,        /* of one epoll_wait */
	SPARE = 64,         /* closed connections whose memory is kept */
	LONGEST_MS = 60000, /* at a wait */
	STARVED_MS = 100,   /* without a descriptor: so long until the next accept */
};

const struct wsgi_reactor_limits wsgi_reactor_default_limits = {
	.params_bytes = 1 << 20,
	.stdin_buffer_bytes = 256 << 10,
	.out_buffer_bytes = 4 << 20,
	.max_connections = 4096,
	.io_timeout_ms = 60000,
};

/* What an epoll event points to. */
enum source { LISTENER, WAKE, PEER };

struct listener {
	enum source source;
	int fd;
	bool tcp;
};

/* A ring of members; one that stands alone is in no list. */
struct link {
	struct link *prev, *next;
};

struct peer {
	enum source source;
	struct wsgi_reactor *reactor;
	struct wsgi_fcgi_conn conn;
	uint32_t watched; /* the events that epoll tells of; 0: none */
	bool busy;        /* a thread serves it */
	bool last_look;   /* stopping, and nothing more had come */
	int64_t touched_ms;
	struct link all; /* in peers, or in gone or spare */
	struct link
		timed; /* in timed: in mid-request without a thread, the longest waiting first */
	struct link ready; /* in ready: bytes are there, and not decoded */
};

struct wsgi_reactor {
	struct wsgi_fcgi_config config;
	int epoll_fd;
	struct listener *listeners;
	size_t listeners_len;
	struct {
		enum source source;
		int fd;
	} wake;
	atomic_bool stop_asked;

	/* The leader's: handed on with the lead. */
	struct epoll_event events[EVENTS];
	int events_at, events_len;
	size_t ready_turn; /* how many of ready are still to have their turn */
	bool starved;      /* no descriptor was left; it was said */

	pthread_mutex_t lock; /* over all that follows, and over every peer that is busy */
	pthread_cond_t lead_is_free;
	bool led;
	unsigned waiting; /* threads that could lead */
	bool stopping, stopped;
	int code;
	bool listening;
	int64_t listen_again_ms;
	struct link peers, gone, spare, timed, ready;
	size_t peers_len, spare_len, ready_len;
};

/* A thread that runs the reactor. */
struct runner {
	struct wsgi_reactor *reactor;
	bool leads;
	struct wsgi_fcgi_worker worker;
};

/* ---- lists ---- */

static void link_init(struct link *l)
{
	l->prev = l->next = l;
}

static bool link_is_alone(const struct link *l)
{
	return l->next == l;
}

static void link_remove(struct link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	link_init(l);
}

static void link_append(struct link *list, struct link *l)
{
	l->prev = list->prev;
	l->next = list;
	list->prev->next = l;
	list->prev = l;
}

static struct peer *first_of(struct link *list, size_t offset)
{
	return link_is_alone(list) ? NULL : (struct peer *)(void *)((char *)list->next - offset);
}

/* ---- what epoll tells of; with the lock held, as all that follows up to the threads ---- */

/* Returns 0; -errno when it cannot be told of events, and so has to be closed. */
static int watch(struct wsgi_reactor *r, struct peer *p, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = p};
	int op = p->watched == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

	if (events == p->watched)
		return 0;
	if (epoll_ctl(r->epoll_fd, op, p->conn.fd, &e) != 0)
		return -errno;
	p->watched = events;
	return 0;
}

static int listen_on(struct wsgi_reactor *r)
{
	for (size_t i = 0; i < r->listeners_len && !r->listening; i++) {
		struct epoll_event e = {.events = EPOLLIN | EPOLLEXCLUSIVE,
					.data.ptr = &r->listeners[i]};

		if (epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, r->listeners[i].fd, &e) != 0)
			return -errno;
	}
	r->listening = true;
	r->listen_again_ms = 0;
	return 0;
}

static void listen_off(struct wsgi_reactor *r)
{
	for (size_t i = 0; i < r->listeners_len && r->listening; i++)
		epoll_ctl(r->epoll_fd, EPOLL_CTL_DEL, r->listeners[i].fd, NULL);
	r->listening = false;
}

/* Let the leader look again. Async-signal-safe. */
static void wake_up(struct wsgi_reactor *r)
{
	const uint64_t one = 1;
	const int saved = errno;
	ssize_t n = write(r->wake.fd, &one, sizeof(one));

	(void)n; /* a full counter wakes as well */
	errno = saved;
}

/* ---- peers ---- */

static struct peer *peer_create(struct wsgi_reactor *r)
{
	struct peer *p = first_of(&r->spare, offsetof(struct peer, all));

	if (p != NULL) {
		r->spare_len--;
		link_remove(&p->all);
		return p;
	}
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->source = PEER;
	p->reactor = r;
	wsgi_fcgi_conn_init(&p->conn, &r->config);
	link_init(&p->all);
	link_init(&p->timed);
	link_init(&p->ready);
	return p;
}

static void peer_destroy(struct peer *p)
{
	wsgi_fcgi_conn_finish(&p->conn);
	free(p);
}

static void unlist(struct wsgi_reactor *r, struct peer *p)
{
	r->ready_len -= !link_is_alone(&p->ready);
	link_remove(&p->ready);
	link_remove(&p->timed);
}

/* The memory stays until the leader has seen all events: one may still point there. */
static void close_peer(struct wsgi_reactor *r, struct peer *p)
{
	/* A child of the application may still have the socket, and epoll would go on. */
	watch(r, p, 0);
	wsgi_fcgi_conn_close(&p->conn);
	unlist(r, p);
	link_remove(&p->all);
	link_append(&r->gone, &p->all);
	r->peers_len--;
	if (!r->stopping && !r->listening)
		listen_on(r);
	if (r->stopping && r->peers_len == 0)
		wake_up(r);
}

static void bury(struct wsgi_reactor *r)
{
	struct peer *p;

	while ((p = first_of(&r->gone, offsetof(struct peer, all))) != NULL) {
		link_remove(&p->all);
		if (r->spare_len < SPARE) {
			link_append(&r->spare, &p->all);
			r->spare_len++;
		} else {
			peer_destroy(p);
		}
	}
}

/* Come back to it before waiting for others. */
static void make_ready(struct wsgi_reactor *r, struct peer *p)
{
	link_append(&r->ready, &p->ready);
	r->ready_len++;
}

/* Note that it has moved, and that it has only so long until it moves again. */
static void make_timed(struct wsgi_reactor *r, struct peer *p)
{
	p->touched_ms = wsgi_clock_ms();
	link_append(&r->timed, &p->timed);
}

/* Nothing is to be done for it now: wait for what it waits for. Returns -errno to have it closed.
 */
static int settle_open(struct wsgi_reactor *r, struct peer *p)
{
	struct wsgi_fcgi_conn *c = &p->conn;
	bool unsent = !wsgi_outbox_is_empty(&c->outbox);
	bool idle = wsgi_fcgi_conn_is_idle(c) && !unsent;

	if (c->closing && !unsent && !c->lingering)
		return -ECONNRESET;
	if (c->lingering && !unsent)
		shutdown(c->fd, SHUT_WR);
	if (r->stopping && idle && p->last_look)
		return -ECONNRESET;
	if (wsgi_fcgi_conn_park(c) != 0)
		return -ENOMEM;
	if (unsent || !idle || c->closing)
		make_timed(r, p);
	if (!unsent && (c->rest.len > 0 || (r->stopping && idle))) {
		p->last_look = r->stopping;
		make_ready(r, p);
		return 0;
	}
	/* Who does not read its answers is not read either. */
	return watch(r, p, unsent ? EPOLLOUT : EPOLLIN);
}

static void settle(struct wsgi_reactor *r, struct peer *p, int rc)
{
	if (rc < 0 || settle_open(r, p) != 0)
		close_peer(r, p);
}

/*
 * An event of p was told: is it the leader's to look after? A peer that is served is not; that it
 * has sent something is only told again once it is free.
 */
static bool claim(struct wsgi_reactor *r, struct peer *p)
{
	if (p->conn.fd < 0)
		return false;
	if (p->busy && p->watched == EPOLLOUT) {
		if (wsgi_outbox_push(&p->conn.outbox, p->conn.fd) != -EAGAIN)
			watch(r, p, 0);
		return false;
	}
	if (p->busy) {
		watch(r, p, 0);
		return false;
	}
	unlist(r, p);
	return true;
}

/*
 * A response is under way and its reader is behind: whoever waits for all connections meanwhile
 * sends the rest while the application makes more.
 */
static void help_to_send(struct wsgi_fcgi_conn *c)
{
	struct peer *p = container_of(c, struct peer, conn);

	pthread_mutex_lock(&p->reactor->lock);
	watch(p->reactor, p, EPOLLOUT);
	pthread_mutex_unlock(&p->reactor->lock);
}

/* ---- the threads ---- */

/*
 * Serve in this thread. The lead is free meanwhile: one that waits for it takes it at once, one
 * that comes back from another request later, and if nobody did, it is this thread's again.
 */
static void serve(struct runner *u, struct peer *p)
{
	struct wsgi_reactor *r = u->reactor;
	struct wsgi_fcgi_conn *c = &p->conn;
	int rc;

	pthread_mutex_lock(&r->lock);
	p->busy = true;
	r->led = u->leads = false;
	if (r->waiting > 0)
		pthread_cond_signal(&r->lead_is_free);
	pthread_mutex_unlock(&r->lock);

	wsgi_fcgi_request_begin(c);
	r->config.ops.serve(r->config.ctx, &c->req);
	rc = wsgi_fcgi_request_end(c);

	pthread_mutex_lock(&r->lock);
	p->busy = false;
	settle(r, p, rc);
	if (!r->led)
		r->led = u->leads = true;
	else if (!link_is_alone(&p->ready) || !link_is_alone(&p->timed))
		wake_up(r); /* who leads went to sleep without knowing of this */
	pthread_mutex_unlock(&r->lock);
}

static void handle_peer(struct runner *u, struct peer *p)
{
	struct wsgi_reactor *r = u->reactor;
	int rc = 0;

	if (p->watched == EPOLLOUT)
		rc = wsgi_outbox_push(&p->conn.outbox, p->conn.fd);
	p->conn.worker = &u->worker;
	if (rc == 0)
		rc = wsgi_fcgi_conn_read(&p->conn);
	if (rc == 1) {
		serve(u, p);
		return;
	}
	pthread_mutex_lock(&r->lock);
	settle(r, p, rc == -EAGAIN ? 0 : rc);
	pthread_mutex_unlock(&r->lock);
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
	listen_off(r);
	r->listen_again_ms = wsgi_clock_ms() + STARVED_MS;
	pthread_mutex_unlock(&r->lock);
}

static struct peer *admit(struct wsgi_reactor *r, int fd, bool tcp)
{
	struct peer *p;

	pthread_mutex_lock(&r->lock);
	p = peer_create(r);
	if (p != NULL) {
		wsgi_fcgi_conn_open(&p->conn, fd, tcp);
		p->last_look = false;
		link_append(&r->peers, &p->all);
		if (++r->peers_len >= r->config.limits.max_connections)
			listen_off(r);
	}
	pthread_mutex_unlock(&r->lock);
	return p;
}

/* Returns NULL when there is nobody, or nothing to take him with. */
static struct peer *accept_one(struct wsgi_reactor *r, const struct listener *l)
{
	const int on = 1;
	int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct peer *p;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			starve(r, errno);
		return NULL;
	}
	r->starved = false;
	if (l->tcp)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	p = admit(r, fd, l->tcp);
	if (p == NULL)
		close(fd);
	return p;
}

static void handle_listener(struct runner *u, const struct listener *l)
{
	struct peer *p = accept_one(u->reactor, l);

	if (p != NULL)
		handle_peer(u, p); /* as a rule its request is there already */
}

/* The queue of a listening socket goes when it is closed: who is in it comes in before. */
static void empty_queues(struct wsgi_reactor *r)
{
	struct peer *p;

	for (size_t i = 0; i < r->listeners_len; i++)
		while ((p = accept_one(r, &r->listeners[i])) != NULL) {
			pthread_mutex_lock(&r->lock);
			make_ready(r, p);
			pthread_mutex_unlock(&r->lock);
		}
}

static void begin_to_stop(struct wsgi_reactor *r)
{
	r->stopping = true;
	listen_off(r);
	for (struct link *l = r->peers.next; l != &r->peers; l = l->next) {
		struct peer *p = container_of(l, struct peer, all);

		if (!p->busy && link_is_alone(&p->ready) && wsgi_fcgi_conn_is_idle(&p->conn)) {
			p->last_look = true;
			make_ready(r, p);
		}
	}
}

static void handle_wake(struct wsgi_reactor *r)
{
	uint64_t count;
	ssize_t n = read(r->wake.fd, &count, sizeof(count));

	(void)n;
	if (!atomic_load(&r->stop_asked) || r->stopping)
		return;
	empty_queues(r);
	pthread_mutex_lock(&r->lock);
	begin_to_stop(r);
	pthread_mutex_unlock(&r->lock);
}

/* Close those that have not moved for too long. Returns when to do so next. */
static int64_t sweep(struct wsgi_reactor *r, int64_t now_ms)
{
	struct peer *p;

	while ((p = first_of(&r->timed, offsetof(struct peer, timed))) != NULL) {
		int64_t until_ms = p->touched_ms + r->config.limits.io_timeout_ms;

		if (until_ms > now_ms)
			return until_ms;
		close_peer(r, p);
	}
	return INT64_MAX;
}

/* What the clock asks for. Returns how many milliseconds to wait for events; -1: for ever. */
static int keep_time(struct wsgi_reactor *r)
{
	bool starved = !r->stopping && !r->listening && r->listen_again_ms != 0;
	int64_t now_ms, until_ms;

	if (r->ready_len > 0)
		return 0;
	if (!starved && link_is_alone(&r->timed))
		return -1;
	now_ms = wsgi_clock_ms();
	until_ms = sweep(r, now_ms);
	if (starved && r->listen_again_ms <= now_ms)
		listen_on(r);
	else if (starved && r->listen_again_ms < until_ms)
		until_ms = r->listen_again_ms;
	if (until_ms == INT64_MAX)
		return -1;
	return until_ms - now_ms < LONGEST_MS ? (int)(until_ms - now_ms) : LONGEST_MS;
}

/* Wait for the next events. Returns 0 or -errno; r->stopped may be set. */
static int refill(struct wsgi_reactor *r)
{
	int n, timeout_ms;

	pthread_mutex_lock(&r->lock);
	bury(r);
	timeout_ms = keep_time(r);
	r->stopped = r->stopping && r->peers_len == 0;
	pthread_mutex_unlock(&r->lock);
	if (r->stopped)
		return 0;
	n = epoll_wait(r->epoll_fd, r->events, EVENTS, timeout_ms);
	r->events_at = 0;
	r->events_len = n > 0 ? n : 0;
	pthread_mutex_lock(&r->lock);
	r->ready_turn = r->ready_len;
	pthread_mutex_unlock(&r->lock);
	return n < 0 && errno != EINTR ? -errno : 0;
}

static void handle_event(struct runner *u, void *source)
{
	struct wsgi_reactor *r = u->reactor;
	bool mine;

	switch (*(enum source *)source) {
	case LISTENER:
		handle_listener(u, source);
		break;
	case WAKE:
		handle_wake(r);
		break;
	case PEER:
		pthread_mutex_lock(&r->lock);
		mine = claim(r, source);
		pthread_mutex_unlock(&r->lock);
		if (mine)
			handle_peer(u, source);
		break;
	}
}

static void handle_ready(struct runner *u)
{
	struct wsgi_reactor *r = u->reactor;
	struct peer *p;

	r->ready_turn--;
	pthread_mutex_lock(&r->lock);
	p = first_of(&r->ready, offsetof(struct peer, ready));
	if (p != NULL)
		unlist(r, p);
	pthread_mutex_unlock(&r->lock);
	if (p != NULL)
		handle_peer(u, p);
}

/* Lead until the lead is handed on, or the reactor has stopped. */
static int lead(struct runner *u)
{
	struct wsgi_reactor *r = u->reactor;
	int rc = 0;

	while (rc == 0 && u->leads && !r->stopped) {
		if (r->events_at < r->events_len)
			handle_event(u, r->events[r->events_at++].data.ptr);
		else if (r->ready_turn > 0)
			handle_ready(u);
		else
			rc = refill(r);
	}
	return rc;
}

/* Take the lead once it is free. Returns false when the reactor has stopped. */
static bool take_lead(struct runner *u)
{
	struct wsgi_reactor *r = u->reactor;

	r->waiting++;
	while (r->led && !r->stopped && r->code == 0)
		pthread_cond_wait(&r->lead_is_free, &r->lock);
	r->waiting--;
	u->leads = !r->stopped && r->code == 0;
	r->led |= u->leads;
	return u->leads;
}

int wsgi_reactor_run(struct wsgi_reactor *r)
{
	struct runner *u = malloc(sizeof(*u));
	int rc;

	if (u == NULL)
		return -ENOMEM;
	u->reactor = r;
	pthread_mutex_lock(&r->lock);
	while (take_lead(u)) {
		pthread_mutex_unlock(&r->lock);
		rc = lead(u);
		pthread_mutex_lock(&r->lock);
		if (!u->leads)
			continue;
		r->led = false;
		r->code = rc;
		pthread_cond_broadcast(&r->lead_is_free);
	}
	rc = r->code;
	pthread_mutex_unlock(&r->lock);
	free(u);
	return rc;
}

void wsgi_reactor_stop(struct wsgi_reactor *r)
{
	atomic_store(&r->stop_asked, true);
	wake_up(r);
}

/* ---- an application's own fork ---- */

void wsgi_reactor_hold(struct wsgi_reactor *r)
{
	pthread_mutex_lock(&r->lock);
}

void wsgi_reactor_go_on(struct wsgi_reactor *r)
{
	pthread_mutex_unlock(&r->lock);
}

static void close_descriptor(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void wsgi_reactor_forget(struct wsgi_reactor *r)
{
	for (struct link *l = r->peers.next; l != &r->peers; l = l->next) {
		struct wsgi_fcgi_conn *c = &container_of(l, struct peer, all)->conn;

		close_descriptor(&c->fd);
		c->aborted = true;
		c->code = -ECONNABORTED;
	}
	for (size_t i = 0; i < r->listeners_len; i++)
		close_descriptor(&r->listeners[i].fd);
	close_descriptor(&r->epoll_fd);
	close_descriptor(&r->wake.fd);
	pthread_mutex_unlock(&r->lock);
}

/* ---- birth and death ---- */

static int add_listeners(struct wsgi_reactor *r, const int *fds, size_t n)
{
	r->listeners = calloc(n > 0 ? n : 1, sizeof(*r->listeners));
	if (r->listeners == NULL)
		return -ENOMEM;
	r->listeners_len = n;
	for (size_t i = 0; i < n; i++) {
		struct sockaddr_storage addr = {0};
		socklen_t len = sizeof(addr);
		int rc = wsgi_fd_nonblock(fds[i], 1);

		if (rc != 0 || getsockname(fds[i], (struct sockaddr *)&addr, &len) != 0)
			return rc != 0 ? rc : -errno;
		r->listeners[i] = (struct listener){
			.source = LISTENER,
			.fd = fds[i],
			.tcp = addr.ss_family == AF_INET || addr.ss_family == AF_INET6,
		};
	}
	return listen_on(r);
}

static int open_epoll(struct wsgi_reactor *r)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = &r->wake};

	r->wake.source = WAKE;
	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll_fd < 0)
		return -errno;
	r->wake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->wake.fd < 0 || epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, r->wake.fd, &e) != 0)
		return -errno;
	return 0;
}

int wsgi_reactor_create(struct wsgi_reactor **out, const int *fds, size_t n,
			const struct wsgi_reactor_limits *limits,
			const struct wsgi_reactor_ops *ops, void *ctx, const struct wsgi_log *log,
			struct wsgi_error *err)
{
	struct wsgi_reactor *r = calloc(1, sizeof(*r));
	int rc;

	if (r == NULL)
		return wsgi_fail(err, -ENOMEM, "no memory for the FastCGI server");
	r->config = (struct wsgi_fcgi_config){*limits, *ops, ctx, log, help_to_send};
	r->epoll_fd = r->wake.fd = -1;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->lead_is_free, NULL);
	link_init(&r->peers);
	link_init(&r->gone);
	link_init(&r->spare);
	link_init(&r->timed);
	link_init(&r->ready);
	rc = open_epoll(r);
	if (rc == 0)
		rc = add_listeners(r, fds, n);
	if (rc != 0) {
		wsgi_reactor_destroy(r);
		return wsgi_fail(err, rc, "cannot wait on the FastCGI sockets: %s", strerror(-rc));
	}
	*out = r;
	return 0;
}

static void destroy_all(struct link *list)
{
	struct peer *p;

	while ((p = first_of(list, offsetof(struct peer, all))) != NULL) {
		link_remove(&p->all);
		peer_destroy(p);
	}
}

void wsgi_reactor_destroy(struct wsgi_reactor *r)
{
	if (r == NULL)
		return;
	destroy_all(&r->peers);
	destroy_all(&r->gone);
	destroy_all(&r->spare);
	if (r->wake.fd >= 0)
		close(r->wake.fd);
	if (r->epoll_fd >= 0)
		close(r->epoll_fd);
	pthread_cond_destroy(&r->lead_is_free);
	pthread_mutex_destroy(&r->lock);
	free(r->listeners);
	free(r);
}
