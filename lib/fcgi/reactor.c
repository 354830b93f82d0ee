#include "fcgi/reactor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container.h"
#include "base/fdio.h"
#include "fcgi/core.h"
#include "fcgi/doors.h"
#include "fcgi/peers.h"

enum {
	LONGEST_MS = 60000,   /* at a wait */
	GIVE_MS = 1000,       /* on retiring: how long nobody may take what is given away */
	STUCK_NS = 50000000,  /* all threads serve for so long: who waits is given away */
	DRAIN_MS = 500,       /* on stopping: what a front end may not know yet to be closed */
	RELIEVE_BATCHES = 16, /* of events, at once */
};

const struct wsgi_reactor_limits wsgi_reactor_default_limits = {
	.params_bytes = 1 << 20,
	.stdin_buffer_bytes = 256 << 10,
	.out_buffer_bytes = 4 << 20,
	.io_timeout_ms = 60000,
};

void wsgi_reactor_wake(struct wsgi_reactor *r)
{
	const uint64_t one = 1;
	const int saved = errno;
	ssize_t n = write(r->wake.fd, &one, sizeof(one));

	(void)n; /* a full counter wakes as well */
	errno = saved;
}

/* ---- a request ---- */

/*
 * A response is under way and its reader is behind: whoever waits for all connections meanwhile
 * sends the rest while the application makes more.
 */
static void help_to_send(struct wsgi_fcgi_conn *c)
{
	struct wsgi_peer *p = container_of(c, struct wsgi_peer, conn);
	struct wsgi_runner *u = container_of(c->worker, struct wsgi_runner, worker);

	pthread_mutex_lock(&u->reactor->lock);
	wsgi_peer_watch(p, EPOLLOUT);
	wsgi_lead_yield(&u->reactor->lead, u);
	pthread_mutex_unlock(&u->reactor->lock);
}

/* The thread is about to wait for the peer that it serves. */
static void let_others_lead(struct wsgi_fcgi_conn *c)
{
	struct wsgi_runner *u = container_of(c->worker, struct wsgi_runner, worker);

	pthread_mutex_lock(&u->reactor->lock);
	wsgi_lead_yield(&u->reactor->lead, u);
	pthread_mutex_unlock(&u->reactor->lock);
}

/*
 * The service ends. The end of the connection goes right behind that of the response, so that the
 * front end sees both at once: else it may choose the connection for its next request.
 */
static void be_last(struct wsgi_peer *p)
{
	p->last_look = true;
	if (wsgi_outbox_is_empty(&p->conn.outbox) && wsgi_fcgi_conn_is_idle(&p->conn))
		shutdown(p->conn.fd, SHUT_WR);
}

static void serve(struct wsgi_runner *u, struct wsgi_peer *p)
{
	struct wsgi_reactor *r = u->reactor;
	struct wsgi_fcgi_conn *c = &p->conn;
	int rc;

	pthread_mutex_lock(&r->lock);
	p->busy = true;
	wsgi_lead_lend(&r->lead, &u->turn);
	pthread_mutex_unlock(&r->lock);

	wsgi_fcgi_request_begin(c);
	c->req.began_ns = u->turn.began_ns;
	r->config.ops.serve(r->config.ctx, &c->req);
	rc = wsgi_fcgi_request_end(c);
	if (atomic_load(&r->stop_asked))
		be_last(p);

	pthread_mutex_lock(&r->lock);
	p->busy = false;
	wsgi_peer_settle(p, rc);
	u->leads = wsgi_lead_back(&r->lead, u, &u->turn);
	if (!u->leads && p->conn.fd >= 0 &&
	    (!wsgi_ring_is_alone(&p->ready) || !wsgi_ring_is_alone(&p->timed) ||
	     !wsgi_ring_is_alone(&p->leaving)))
		wsgi_reactor_wake(r); /* who leads went to sleep without knowing of this */
	pthread_mutex_unlock(&r->lock);
}

static void handle_peer(struct wsgi_runner *u, struct wsgi_peer *p)
{
	struct wsgi_reactor *r = u->reactor;
	int rc = 0;

	if (p->watched == EPOLLOUT)
		rc = wsgi_outbox_push(&p->conn.outbox, p->conn.fd);
	if (rc == -EIO) /* a file that has become shorter: no fault of the peer's */
		wsgi_log(r->config.log, WSGI_LOG_ERROR,
			 "the response cannot be sent: the rest of its file cannot be read");
	if (rc != 0 && rc != -EAGAIN)
		p->conn.code = rc;
	p->conn.worker = &u->worker;
	if (rc == 0)
		rc = wsgi_fcgi_conn_read(&p->conn);
	if (rc == 1) {
		serve(u, p);
		return;
	}
	pthread_mutex_lock(&r->lock);
	wsgi_peer_settle(p, rc == -EAGAIN ? 0 : rc);
	pthread_mutex_unlock(&r->lock);
}

/* ---- events ---- */

/*
 * A front end that has had an answer just now sends its next request on the same connection, and
 * would lose it if that was closed meanwhile; not one that has let it lie for so long already.
 */
static int64_t drain_until(struct wsgi_reactor *r, int64_t now_ms)
{
	return wsgi_lead_has_served(&r->lead, DRAIN_MS) ? now_ms + DRAIN_MS : 0;
}

static void end(struct wsgi_reactor *r, bool retire)
{
	int64_t now_ms = wsgi_clock_ms();

	pthread_mutex_lock(&r->lock);
	r->stopping = true;
	r->retiring = retire && r->depot.give >= 0;
	r->final = !r->retiring;
	r->give_until_ms = now_ms + GIVE_MS;
	r->drain_until_ms = r->final ? drain_until(r, now_ms) : 0;
	wsgi_doors_close(r);
	pthread_mutex_unlock(&r->lock);
	wsgi_doors_let_all_in(r);
	pthread_mutex_lock(&r->lock);
	wsgi_peers_see_off(r);
	pthread_mutex_unlock(&r->lock);
}

static bool is_end_due(struct wsgi_reactor *r)
{
	return atomic_load(&r->stop_asked) ? !r->final
					   : atomic_load(&r->retire_asked) && !r->stopping;
}

static void handle_wake(struct wsgi_reactor *r)
{
	uint64_t count;
	ssize_t n = read(r->wake.fd, &count, sizeof(count));

	(void)n;
	if (is_end_due(r))
		end(r, !atomic_load(&r->stop_asked));
}

static void handle_door(struct wsgi_runner *u, struct wsgi_door *d)
{
	struct wsgi_peer *p;
	int left = u->reactor->events_len;

	/* As many as others are heard in this turn, so that who comes new waits no longer. */
	while (left-- > 0 && u->leads && !u->reactor->stopping &&
	       wsgi_door_let_in(u->reactor, d, &p) == 1)
		handle_peer(u, p); /* as a rule its request is there already */
}

static bool claim(struct wsgi_reactor *r, struct wsgi_peer *p)
{
	bool is_mine;

	pthread_mutex_lock(&r->lock);
	is_mine = wsgi_peer_claim(p);
	pthread_mutex_unlock(&r->lock);
	return is_mine;
}

static void handle_event(struct wsgi_runner *u, void *source)
{
	switch (*(enum wsgi_source *)source) {
	case WSGI_LISTENER:
	case WSGI_TAKE:
		if (!u->reactor->stopping)
			handle_door(u, source);
		break;
	case WSGI_WAKE:
		handle_wake(u->reactor);
		break;
	case WSGI_PEER:
		if (claim(u->reactor, source))
			handle_peer(u, source);
		break;
	}
}

static void handle_ready(struct wsgi_runner *u)
{
	struct wsgi_reactor *r = u->reactor;
	struct wsgi_peer *p;

	r->ready_turn--;
	pthread_mutex_lock(&r->lock);
	p = wsgi_peers_next_ready(r);
	pthread_mutex_unlock(&r->lock);
	if (p != NULL)
		handle_peer(u, p);
}

/* That was long enough. Returns when it will be. */
static int64_t drain(struct wsgi_reactor *r, int64_t now_ms)
{
	if (now_ms < r->drain_until_ms)
		return r->drain_until_ms;
	r->drain_until_ms = 0;
	wsgi_peers_see_off(r);
	return INT64_MAX;
}

/* What the clock asks for. Returns how many milliseconds to wait for events; -1: for ever. */
static int keep_time(struct wsgi_reactor *r)
{
	bool starved = !r->stopping && !r->listening && r->listen_again_ms != 0;
	bool leaving = !wsgi_ring_is_alone(&r->leaving);
	const bool draining = r->drain_until_ms != 0;
	int64_t now_ms, until_ms, leave_ms;

	if (r->ready_len > 0)
		return 0;
	if (!starved && !leaving && !draining && wsgi_ring_is_alone(&r->timed))
		return -1;
	now_ms = wsgi_clock_ms();
	until_ms = wsgi_peers_sweep(r, now_ms);
	leave_ms = leaving ? wsgi_peers_leave(r, now_ms) : draining ? drain(r, now_ms) : INT64_MAX;
	if (r->ready_len > 0)
		return 0; /* they are closed, after a last look */
	if (starved && r->listen_again_ms <= now_ms)
		wsgi_doors_open(r);
	else if (starved && r->listen_again_ms < until_ms)
		until_ms = r->listen_again_ms;
	until_ms = leave_ms < until_ms ? leave_ms : until_ms;
	if (until_ms == INT64_MAX)
		return -1;
	return until_ms - now_ms < LONGEST_MS ? (int)(until_ms - now_ms) : LONGEST_MS;
}

/* Wait for the next events. Returns 0 or -errno; r->stopped may be set. */
static int refill(struct wsgi_reactor *r)
{
	int n, timeout_ms;

	pthread_mutex_lock(&r->lock);
	wsgi_peers_bury(r);
	timeout_ms = keep_time(r);
	r->stopped = r->stopping && r->peers_len == 0;
	pthread_mutex_unlock(&r->lock);
	if (r->stopped)
		return 0;
	n = epoll_wait(r->epoll_fd, r->events, WSGI_CORE_EVENTS, timeout_ms);
	r->events_at = 0;
	r->events_len = n > 0 ? n : 0;
	pthread_mutex_lock(&r->lock);
	r->ready_turn = r->ready_len;
	pthread_mutex_unlock(&r->lock);
	return n < 0 && errno != EINTR ? -errno : 0;
}

/* Lead until the lead is handed on, or the reactor has stopped. */
static int lead(struct wsgi_runner *u)
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

static bool is_over(const void *ctx)
{
	const struct wsgi_reactor *r = ctx;

	return r->stopped || r->code != 0;
}

int wsgi_reactor_run(struct wsgi_reactor *r)
{
	struct wsgi_runner *u = malloc(sizeof(*u));
	int rc;

	if (u == NULL)
		return -ENOMEM;
	u->reactor = r;
	wsgi_turn_init(&u->turn);
	pthread_mutex_lock(&r->lock);
	while (wsgi_lead_take(&r->lead, u, &r->lock, is_over, r)) {
		pthread_mutex_unlock(&r->lock);
		u->leads = true;
		rc = lead(u);
		pthread_mutex_lock(&r->lock);
		if (!u->leads)
			continue;
		r->code = rc;
		wsgi_lead_free(&r->lead, true);
	}
	rc = r->code;
	pthread_mutex_unlock(&r->lock);
	free(u);
	return rc;
}

void wsgi_reactor_stop(struct wsgi_reactor *r)
{
	atomic_store(&r->stop_asked, true);
	wsgi_reactor_wake(r);
}

/* ---- other workers ---- */

void wsgi_reactor_retire(struct wsgi_reactor *r)
{
	atomic_store(&r->retire_asked, true);
	wsgi_reactor_wake(r);
}

/*
 * Somebody came, or a next request has, and there is no thread for it here.
 *   told   the leader was, and then had no time: nobody else is
 * Returns whether he was given away.
 */
static bool pass_on(struct wsgi_reactor *r, const struct epoll_event *e, bool told)
{
	void *source = e->data.ptr;
	int rc = -EBUSY;

	switch (*(enum wsgi_source *)source) {
	case WSGI_LISTENER:
	case WSGI_TAKE:
		if (told && !r->stopping)
			wsgi_door_pass_on(r, source);
		return false;
	case WSGI_WAKE:
		handle_wake(r);
		return false;
	case WSGI_PEER:
		pthread_mutex_lock(&r->lock);
		if ((e->events & (EPOLLHUP | EPOLLERR)) == 0)
			rc = wsgi_peer_give(source);
		pthread_mutex_unlock(&r->lock);
		break;
	}
	return rc == 0;
}

/* With the lead: what was told and not looked at, and then what there is more. */
static void relieve(struct wsgi_reactor *r)
{
	bool told = true;
	unsigned given = 1;

	for (int i = 0; i < RELIEVE_BATCHES && given > 0; i++) {
		given = 0;
		while (r->events_at < r->events_len)
			given += pass_on(r, &r->events[r->events_at++], told);
		if (r->final)
			return; /* it came to its end just now, and others do, too */
		r->events_at = 0;
		r->events_len = epoll_wait(r->epoll_fd, r->events, WSGI_CORE_EVENTS, 0);
		given += told;
		told = false;
	}
	r->events_at = r->events_len = 0; /* they are told again */
}

void wsgi_reactor_relieve(struct wsgi_reactor *r)
{
	bool is_due;

	pthread_mutex_lock(&r->lock);
	is_due = r->depot.give >= 0 && !r->final &&
		 wsgi_lead_is_stuck(&r->lead, is_end_due(r) ? 0 : STUCK_NS) &&
		 wsgi_lead_try(&r->lead, r);
	pthread_mutex_unlock(&r->lock);
	if (!is_due)
		return;
	relieve(r);
	pthread_mutex_lock(&r->lock);
	wsgi_lead_free(&r->lead, false);
	pthread_mutex_unlock(&r->lock);
}

void wsgi_reactor_count(struct wsgi_reactor *r, unsigned *connections, uint64_t *accepted)
{
	pthread_mutex_lock(&r->lock);
	*connections = (unsigned)r->peers_len;
	*accepted = r->accepted;
	pthread_mutex_unlock(&r->lock);
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
	for (struct wsgi_ring *l = r->peers.next; l != &r->peers; l = l->next) {
		struct wsgi_fcgi_conn *c = &container_of(l, struct wsgi_peer, all)->conn;

		close_descriptor(&c->fd);
		c->aborted = true;
		c->code = -ECONNABORTED;
	}
	wsgi_doors_forget(r);
	close_descriptor(&r->epoll_fd);
	close_descriptor(&r->wake.fd);
	pthread_mutex_unlock(&r->lock);
}

/* ---- birth and death ---- */

static int open_epoll(struct wsgi_reactor *r)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = &r->wake};

	r->wake.source = WSGI_WAKE;
	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll_fd < 0)
		return -errno;
	r->wake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->wake.fd < 0 || epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, r->wake.fd, &e) != 0)
		return -errno;
	return 0;
}

static void set_limits(struct wsgi_fcgi_config *config)
{
	if (config->limits.max_connections == 0)
		config->limits.max_connections = wsgi_fd_limit();
	if (config->limits.max_connections == 0)
		config->limits.max_connections = 1;
	if (config->ops.max_conns == 0)
		config->ops.max_conns = config->limits.max_connections;
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
	r->config =
		(struct wsgi_fcgi_config){*limits, *ops, ctx, log, help_to_send, let_others_lead};
	set_limits(&r->config);
	r->epoll_fd = r->wake.fd = -1;
	pthread_mutex_init(&r->lock, NULL);
	wsgi_peers_init(r);
	rc = wsgi_lead_init(&r->lead, ops->leave != NULL);
	if (rc == 0)
		rc = open_epoll(r);
	if (rc == 0)
		rc = wsgi_doors_init(r, fds, n);
	if (rc != 0) {
		wsgi_reactor_destroy(r);
		return wsgi_fail(err, rc, "cannot wait on the FastCGI sockets: %s", strerror(-rc));
	}
	*out = r;
	return 0;
}

void wsgi_reactor_destroy(struct wsgi_reactor *r)
{
	if (r == NULL)
		return;
	wsgi_peers_finish(r);
	wsgi_doors_finish(r);
	close_descriptor(&r->wake.fd);
	close_descriptor(&r->epoll_fd);
	wsgi_lead_finish(&r->lead);
	pthread_mutex_destroy(&r->lock);
	free(r);
}
