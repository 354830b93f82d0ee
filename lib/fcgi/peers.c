#include "fcgi/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "fcgi/doors.h"

enum {
	MANY = 256,         /* connections: more do not keep memory while they are idle */
	SPARE = 64,         /* closed connections whose memory is kept */
	LEAVE_MS = 10,      /* between two attempts to give away */
	PATIENCE_MS = 1000, /* so long after the last one that has gone */
};

void wsgi_peers_init(struct wsgi_reactor *r)
{
	wsgi_ring_init(&r->peers);
	wsgi_ring_init(&r->gone);
	wsgi_ring_init(&r->spare);
	wsgi_ring_init(&r->timed);
	wsgi_ring_init(&r->ready);
	wsgi_ring_init(&r->leaving);
}

static void destroy(struct wsgi_peer *p)
{
	wsgi_ring_remove(&p->all);
	wsgi_fcgi_conn_finish(&p->conn);
	free(p);
}

void wsgi_peers_finish(struct wsgi_reactor *r)
{
	struct wsgi_ring *const lists[] = {&r->peers, &r->gone, &r->spare};
	struct wsgi_peer *p;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		while ((p = WSGI_RING_FIRST(lists[i], struct wsgi_peer, all)) != NULL)
			destroy(p);
}

static struct wsgi_peer *create(struct wsgi_reactor *r)
{
	struct wsgi_peer *p = WSGI_RING_FIRST(&r->spare, struct wsgi_peer, all);

	if (p != NULL) {
		r->spare_len--;
		wsgi_ring_remove(&p->all);
		return p;
	}
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->source = WSGI_PEER;
	p->reactor = r;
	wsgi_fcgi_conn_init(&p->conn, &r->config);
	wsgi_ring_init(&p->all);
	wsgi_ring_init(&p->timed);
	wsgi_ring_init(&p->ready);
	wsgi_ring_init(&p->leaving);
	return p;
}

struct wsgi_peer *wsgi_peers_add(struct wsgi_reactor *r, int fd, bool tcp)
{
	struct wsgi_peer *p = create(r);

	if (p == NULL)
		return NULL;
	wsgi_fcgi_conn_open(&p->conn, fd, tcp);
	p->last_look = false;
	wsgi_ring_append(&r->peers, &p->all);
	r->accepted++;
	if (++r->peers_len >= r->config.limits.max_connections)
		wsgi_doors_close(r);
	return p;
}

int wsgi_peer_watch(struct wsgi_peer *p, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = p};
	int op = p->watched == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

	if (events == p->watched)
		return 0;
	if (epoll_ctl(p->reactor->epoll_fd, op, p->conn.fd, &e) != 0)
		return -errno;
	p->watched = events;
	return 0;
}

static void unlist(struct wsgi_peer *p)
{
	p->reactor->ready_len -= !wsgi_ring_is_alone(&p->ready);
	wsgi_ring_remove(&p->ready);
	wsgi_ring_remove(&p->timed);
	wsgi_ring_remove(&p->leaving);
}

void wsgi_peer_close(struct wsgi_peer *p)
{
	struct wsgi_reactor *r = p->reactor;

	/* Others may have the socket too, a child of the application or who it was given to, and
	 * epoll would go on. */
	wsgi_peer_watch(p, 0);
	wsgi_fcgi_conn_close(&p->conn);
	unlist(p);
	wsgi_ring_remove(&p->all);
	wsgi_ring_append(&r->gone, &p->all);
	r->peers_len--;
	if (!r->stopping && !r->listening)
		wsgi_doors_open(r);
	if (r->stopping && r->peers_len == 0)
		wsgi_reactor_wake(r);
}

void wsgi_peers_bury(struct wsgi_reactor *r)
{
	struct wsgi_peer *p;

	while ((p = WSGI_RING_FIRST(&r->gone, struct wsgi_peer, all)) != NULL) {
		if (r->spare_len >= SPARE) {
			destroy(p);
			continue;
		}
		wsgi_ring_remove(&p->all);
		wsgi_ring_append(&r->spare, &p->all);
		r->spare_len++;
	}
}

void wsgi_peer_make_ready(struct wsgi_peer *p)
{
	wsgi_ring_append(&p->reactor->ready, &p->ready);
	p->reactor->ready_len++;
}

struct wsgi_peer *wsgi_peers_next_ready(struct wsgi_reactor *r)
{
	struct wsgi_peer *p = WSGI_RING_FIRST(&r->ready, struct wsgi_peer, ready);

	if (p != NULL)
		unlist(p);
	return p;
}

/* Note that it has moved, and that it has only so long until it moves again. */
static void make_timed(struct wsgi_peer *p)
{
	p->touched_ms = wsgi_clock_ms();
	wsgi_ring_append(&p->reactor->timed, &p->timed);
}

static bool is_idle(struct wsgi_fcgi_conn *c)
{
	return wsgi_fcgi_conn_is_idle(c) && wsgi_outbox_is_empty(&c->outbox) && !c->closing;
}

int wsgi_peer_give(struct wsgi_peer *p)
{
	int rc;

	if (p->busy || p->conn.fd < 0 || !is_idle(&p->conn))
		return -EBUSY;
	rc = wsgi_depot_give(&p->reactor->depot, p->conn.fd, p->conn.tcp);
	if (rc == 0)
		wsgi_peer_close(p);
	return rc;
}

/* It is idle. It may bring one more request, for as long as the exchange has no room. */
static int give_or_stay(struct wsgi_peer *p)
{
	if (wsgi_peer_give(p) == 0)
		return 0;
	wsgi_ring_append(&p->reactor->leaving, &p->leaving);
	return wsgi_peer_watch(p, EPOLLIN);
}

/* Returns -errno to have it closed. */
static int settle_open(struct wsgi_peer *p)
{
	struct wsgi_reactor *r = p->reactor;
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
	if (r->retiring && idle && !c->closing)
		return give_or_stay(p);
	if (unsent || !idle || c->closing)
		make_timed(p);
	else if (r->peers_len > MANY)
		wsgi_fcgi_conn_shed(c);
	if (!unsent && (c->rest.len > 0 || (r->stopping && r->drain_until_ms == 0 && idle))) {
		p->last_look = r->stopping;
		wsgi_peer_make_ready(p);
		return 0;
	}
	/* Who does not read its answers is not read either. */
	return wsgi_peer_watch(p, unsent ? EPOLLOUT : EPOLLIN);
}

void wsgi_peer_settle(struct wsgi_peer *p, int rc)
{
	if (rc < 0 || settle_open(p) != 0)
		wsgi_peer_close(p);
}

bool wsgi_peer_claim(struct wsgi_peer *p)
{
	if (p->conn.fd < 0)
		return false;
	if (p->busy && p->watched == EPOLLOUT) {
		if (wsgi_outbox_push(&p->conn.outbox, p->conn.fd) != -EAGAIN)
			wsgi_peer_watch(p, 0);
		return false;
	}
	if (p->busy) {
		wsgi_peer_watch(p, 0);
		return false;
	}
	unlist(p);
	return true;
}

int64_t wsgi_peers_sweep(struct wsgi_reactor *r, int64_t now_ms)
{
	struct wsgi_peer *p;

	while ((p = WSGI_RING_FIRST(&r->timed, struct wsgi_peer, timed)) != NULL) {
		int64_t until_ms = p->touched_ms + r->config.limits.io_timeout_ms;

		if (until_ms > now_ms)
			return until_ms;
		wsgi_peer_close(p);
	}
	return INT64_MAX;
}

void wsgi_peers_see_off(struct wsgi_reactor *r)
{
	struct wsgi_ring *next;

	for (struct wsgi_ring *l = r->peers.next; l != &r->peers; l = next) {
		struct wsgi_peer *p = container_of(l, struct wsgi_peer, all);

		next = l->next;
		if (p->busy || !wsgi_ring_is_alone(&p->ready) || !is_idle(&p->conn))
			continue;
		unlist(p);
		p->last_look = !r->retiring && r->drain_until_ms == 0;
		if (p->last_look)
			wsgi_peer_make_ready(p);
		else if (r->retiring ? give_or_stay(p) != 0 : wsgi_peer_watch(p, EPOLLIN) != 0)
			wsgi_peer_close(p);
	}
}

/* Nobody takes them: whoever is still here is closed, after a last look. */
static void give_up(struct wsgi_reactor *r)
{
	struct wsgi_peer *p;
	unsigned n = 0;

	r->retiring = false;
	while ((p = WSGI_RING_FIRST(&r->leaving, struct wsgi_peer, leaving)) != NULL) {
		unlist(p);
		p->last_look = true;
		wsgi_peer_make_ready(p);
		n++;
	}
	wsgi_log(r->config.log, WSGI_LOG_WARNING,
		 "no other worker has taken the last %u idle connections: they are closed", n);
}

int64_t wsgi_peers_leave(struct wsgi_reactor *r, int64_t now_ms)
{
	struct wsgi_peer *p;

	while ((p = WSGI_RING_FIRST(&r->leaving, struct wsgi_peer, leaving)) != NULL) {
		int rc = wsgi_peer_give(p);

		if (rc == 0) {
			r->give_until_ms = now_ms + PATIENCE_MS;
			continue;
		}
		if (rc == -EAGAIN && now_ms < r->give_until_ms)
			return now_ms + LEAVE_MS;
		give_up(r);
	}
	return INT64_MAX;
}
