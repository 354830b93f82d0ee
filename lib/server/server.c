#include "server/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "server/instance.h"
#include "server/serve.h"
#include "server/serving.h"

enum {
	THREADS_MAX = 1024,
	BACKLOG = 511,    /* Apache's */
	GRACE_MS = 10000, /* for requests under way at a shutdown */
	CUT_MS = 500,     /* for those that were cut off then, to notice it */
};

const struct wsgi_server_config wsgi_server_default_config = {.fd = -1};

/* -- making one -------------------------------------------------------------------------------- */

/* wsgi.errors where there is no log. */
static int drop(struct wsgi_errors *errors, const char *data, size_t len)
{
	(void)errors;
	(void)data;
	(void)len;
	return 0;
}

static void fill_in(struct wsgi_server *s)
{
	struct wsgi_server_config *c = &s->config;

	s->own_log = (struct wsgi_log){STDERR_FILENO, "libwsgi", WSGI_LOG_INFO};
	if (c->log == NULL)
		c->log = &s->own_log;
	if (c->software == NULL)
		c->software = "libwsgi/" WSGI_VERSION;
	if (c->threads == 0)
		c->threads = 1;
	if (c->backlog == 0)
		c->backlog = BACKLOG;
	if (c->grace_ms == 0)
		c->grace_ms = GRACE_MS;
	s->app = c->app;
	wsgi_fd_errors_init(&s->errors, c->log->fd);
	if (c->log->fd < 0)
		s->errors.errors.write = drop;
}

static int open_listener(struct wsgi_server *s, struct wsgi_error *err)
{
	const struct wsgi_server_config *c = &s->config;
	char inherited[20];
	int rc;

	if (c->address != NULL && c->fd > 0)
		return wsgi_fail(err, -EINVAL, "give an address or a descriptor, not both");
	if (c->address == NULL && c->fd < 0)
		return wsgi_fail(err, -EINVAL, "give an address or a descriptor");
	snprintf(inherited, sizeof(inherited), "fd://%d", c->fd);
	rc = wsgi_listener_open(&s->listener, c->address != NULL ? c->address : inherited,
				c->backlog, err);
	if (rc == 0 && s->listener.name == NULL)
		rc = wsgi_fail(err, -ENOMEM, "no memory for the address of a server");
	/* A client that leaves between poll() and accept() must not block handle_request(). */
	if (rc == 0 && wsgi_fd_nonblock(s->listener.fd, 1) != 0)
		rc = wsgi_fail(err, -errno, "cannot listen on %s: %s", s->listener.name,
			       strerror(errno));
	return rc;
}

static int load_tls(struct wsgi_server *s, struct wsgi_error *err)
{
	const struct wsgi_server_config *c = &s->config;

	if (c->certfile == NULL && c->keyfile != NULL)
		return wsgi_fail(err, -EINVAL, "a key alone does not do: give its certificate too");
	return c->certfile != NULL ? wsgi_tls_load(&s->tls, c->certfile, c->keyfile, err) : 0;
}

static int check_numbers(const struct wsgi_server_config *c, struct wsgi_error *err)
{
	if (c->threads > THREADS_MAX)
		return wsgi_fail(err, -EINVAL, "threads is %u: a server has %d at most", c->threads,
				 THREADS_MAX);
	if (c->backlog < 0)
		return wsgi_fail(err, -EINVAL, "backlog is %d: it cannot be negative", c->backlog);
	if (c->grace_ms < 0)
		return wsgi_fail(err, -EINVAL, "grace_ms is %d: it cannot be negative",
				 c->grace_ms);
	return 0;
}

static int set_up(struct wsgi_server *s, struct wsgi_error *err)
{
	int rc = check_numbers(&s->config, err);

	if (rc != 0)
		return rc;
	s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->stop_fd < 0 || s->ended_fd < 0)
		return wsgi_fail(err, -errno, "no descriptor for a server: %s", strerror(errno));
	rc = load_tls(s, err);
	return rc == 0 ? open_listener(s, err) : rc;
}

int wsgi_server_create(struct wsgi_server **server, const struct wsgi_server_config *config,
		       struct wsgi_error *err)
{
	struct wsgi_server *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		return wsgi_fail(err, -ENOMEM, "no memory for a server");
	s->config = *config;
	s->listener.fd = s->stop_fd = s->ended_fd = -1;
	fill_in(s);
	rc = set_up(s, err);
	if (rc != 0) {
		if (config->address == NULL)
			s->listener.fd = -1; /* still the caller's */
		wsgi_server_destroy(s);
		return rc;
	}
	/* Not looked at again. */
	s->config.address = s->config.certfile = s->config.keyfile = NULL;
	*server = s;
	return 0;
}

/* An IPv6 address, which may name its interface: "fe80::1%eth0". */
static bool is_ipv6(const char *host)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr addr;
	size_t len = strcspn(host, "%");

	if (len >= sizeof(text))
		return false;
	memcpy(text, host, len);
	text[len] = '\0';
	return inet_pton(AF_INET6, text, &addr) == 1;
}

int wsgi_make_server(struct wsgi_server **server, const char *host, unsigned port,
		     struct wsgi_app *app, struct wsgi_error *err)
{
	struct wsgi_server_config config = wsgi_server_default_config;
	char *address = NULL;
	int rc;

	if (host == NULL)
		host = "";
	if (strpbrk(host, ":[]") != NULL && !is_ipv6(host))
		return wsgi_fail(
			err, -EINVAL,
			"the host '%s' is no name or address: give it without port or brackets",
			host);
	if (asprintf(&address, strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port) < 0)
		return wsgi_fail(err, -ENOMEM, "no memory for the address %s", host);
	config.address = address;
	config.app = app;
	rc = wsgi_server_create(server, &config, err);
	free(address);
	return rc;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void wsgi_server_destroy(struct wsgi_server *s)
{
	if (s == NULL)
		return;
	wsgi_listener_finish(&s->listener);
	if (s->stuck) /* something may still look at the rest */
		return;
	wsgi_tls_finish(&s->tls);
	close_fd(s->stop_fd);
	close_fd(s->ended_fd);
	free(s);
}

/* -- what it is -------------------------------------------------------------------------------- */

void wsgi_server_set_app(struct wsgi_server *server, struct wsgi_app *app)
{
	__atomic_store_n(&server->app, app, __ATOMIC_SEQ_CST);
}

struct wsgi_app *wsgi_server_get_app(const struct wsgi_server *server)
{
	return __atomic_load_n(&server->app, __ATOMIC_SEQ_CST);
}

const char *wsgi_server_address(const struct wsgi_server *server)
{
	return server->listener.name;
}

void *wsgi_server_ctx(const struct wsgi_server *server)
{
	return server->config.ctx;
}

const struct wsgi_log *wsgi_server_log(const struct wsgi_server *server)
{
	return server->config.log;
}

/* -- waiting ----------------------------------------------------------------------------------- */

void wsgi_server_shutdown(struct wsgi_server *server)
{
	const uint64_t one = 1;
	int code = errno;

	/* It cannot fail: the counter does not come near its end. */
	if (write(server->stop_fd, &one, sizeof(one)) < 0)
		errno = code;
}

/* Whether the eventfd was written to; it is not any more. */
static bool take(int fd)
{
	eventfd_t count;

	return eventfd_read(fd, &count) == 0;
}

enum wake { WAKE_TIMEOUT, WAKE_READY, WAKE_STOP };

static int ms_left(int64_t until)
{
	int64_t left = until - wsgi_clock_ms();

	return left > 0 ? (int)left : 0;
}

/*
 * Wait until fd can be read (-1: nothing), shutdown() was called, or timeout_ms (-1: none).
 * Returns an enum wake or -errno.
 */
static int await(const struct wsgi_server *s, int fd, int timeout_ms)
{
	const int64_t until = wsgi_clock_ms() + timeout_ms;
	struct pollfd p[] = {{.fd = s->stop_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
	int n;

	do
		n = poll(p, 2, timeout_ms < 0 ? -1 : ms_left(until));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (p[0].revents != 0)
		return WAKE_STOP;
	return n > 0 ? WAKE_READY : WAKE_TIMEOUT;
}

/* -- serving ----------------------------------------------------------------------------------- */

/* A connection, and where it comes from. */
struct connection {
	int fd;
	struct sockaddr_storage addr;
	socklen_t len;
};

static bool accept_waiting(const struct wsgi_server *s, struct connection *c)
{
	c->len = sizeof(c->addr);
	c->fd = accept4(s->listener.fd, (struct sockaddr *)&c->addr, &c->len,
			SOCK_CLOEXEC | SOCK_NONBLOCK);
	return c->fd >= 0;
}

static int add(struct wsgi_server *s, const struct connection *c)
{
	return wsgi_http_server_add(s->http, c->fd, (const struct sockaddr *)&c->addr, c->len);
}

/* Who waits in the queue of a socket is reset when it is closed: they are let in first. */
static void close_listener(struct wsgi_server *s)
{
	struct connection c;

	wsgi_http_server_quiesce(s->http);
	for (int i = 0; i <= s->config.backlog && accept_waiting(s, &c); i++)
		add(s, &c);
	wsgi_listener_close(&s->listener);
}

static int start(struct wsgi_server *s, bool single, struct wsgi_error *err)
{
	struct wsgi_http_config config = {
		.fd = s->listener.fd,
		.single = single,
		.software = s->config.software,
		.limits = wsgi_http_default_limits,
		.tls = s->tls.cert != NULL ? &s->tls : NULL,
		.ops = &wsgi_serve_ops,
		.ctx = s,
		.log = s->config.log,
	};

	config.limits.threads = single ? 1 : s->config.threads;
	return wsgi_serving_start(s, &config, err);
}

static int stop(struct wsgi_server *s, struct wsgi_error *err)
{
	unsigned left = wsgi_http_server_stop(s->http, s->config.grace_ms);

	if (left > 0)
		wsgi_log(s->config.log, WSGI_LOG_WARNING,
			 "%u request%s not answered within %g s: cut off", left,
			 left == 1 ? "" : "s", s->config.grace_ms / 1000.0);
	left = wsgi_http_server_await(s->http, CUT_MS);
	if (left > 0) {
		s->stuck = true;
		return wsgi_fail(err, -EDEADLK, "%u thread%s still in the application", left,
				 left == 1 ? " is" : "s are");
	}
	wsgi_serving_end(s);
	wsgi_http_server_destroy(s->http);
	s->http = NULL;
	return 0;
}

/* Whether it can serve. */
static int check_usable(const struct wsgi_server *s, struct wsgi_error *err)
{
	if (s->stuck)
		return wsgi_fail(err, -EDEADLK,
				 "a thread of the server is still in the application");
	if (s->listener.fd < 0)
		return wsgi_fail(err, -EBADF, "the server's socket was closed at its shutdown()");
	return 0;
}

int wsgi_server_serve_forever(struct wsgi_server *s, struct wsgi_error *err)
{
	int rc = check_usable(s, err), woken;

	if (rc != 0 || take(s->stop_fd))
		return rc;
	rc = start(s, false, err);
	if (rc != 0)
		return rc;
	woken = await(s, -1, -1);
	if (s->config.close_at_shutdown)
		close_listener(s);
	rc = stop(s, err);
	take(s->stop_fd);
	return woken < 0 ? wsgi_fail(err, woken, "cannot wait: %s", strerror(-woken)) : rc;
}

/* Returns 1; 0: none came, or shutdown() was called; -errno. */
static int accept_one(struct wsgi_server *s, struct connection *c, int timeout_ms)
{
	const int64_t until = wsgi_clock_ms() + timeout_ms;
	int woken;

	do {
		woken = await(s, s->listener.fd, timeout_ms < 0 ? -1 : ms_left(until));
		if (woken == WAKE_STOP)
			take(s->stop_fd);
		if (woken != WAKE_READY)
			return woken < 0 ? woken : 0;
	} while (!accept_waiting(s, c) &&
		 (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR));
	return c->fd >= 0 ? 1 : -errno;
}

static int serve_one(struct wsgi_server *s, const struct connection *c, struct wsgi_error *err)
{
	int rc = start(s, true, err), stopped;

	if (rc != 0) {
		close(c->fd);
		return rc;
	}
	take(s->ended_fd); /* of one that was cut off */
	rc = add(s, c);
	if (rc == 0)
		rc = await(s, s->ended_fd, -1);
	if (rc < 0)
		wsgi_fail(err, rc, "cannot serve a connection: %s", strerror(-rc));
	stopped = stop(s, err);
	if (stopped != 0)
		return stopped;
	return rc < 0 ? rc : 1;
}

int wsgi_server_handle_request(struct wsgi_server *s, int timeout_ms, struct wsgi_error *err)
{
	struct connection c;
	int rc = check_usable(s, err);

	if (rc != 0)
		return rc;
	rc = accept_one(s, &c, timeout_ms);
	if (rc < 0)
		return wsgi_fail(err, rc, "cannot accept a connection: %s", strerror(-rc));
	return rc > 0 ? serve_one(s, &c, err) : 0;
}
