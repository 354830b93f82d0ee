#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/container.h"
#include "http/crew.h"
#include "http/exchange.h"
#include "http/message.h"

const struct wsgi_http_limits wsgi_http_default_limits = {
	.threads = 1,
	.connections = 1000,
	.idle_s = 60,
	.head_bytes = 64 * 1024,
	.spool_bytes = UINT64_C(1) << 30,
};

struct wsgi_http_server {
	struct MHD_Daemon *daemon;
	struct wsgi_crew *crew;
	struct wsgi_environ base;
	const char *software;
	struct wsgi_http_ops ops;
	void *ctx;
	const struct wsgi_log *log;
	uint64_t spool_bytes;
	bool single;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	pthread_cond_t began;     /* a single connection */
	struct request *requests; /* that have begun and are not answered */
	struct peer *peers;
	unsigned silent;      /* peers that have not asked for anything yet */
	unsigned serving;     /* how many serve callbacks are to return */
	bool ending;          /* no request begins any more */
	bool opened, closed;  /* a single connection */
	atomic_bool stopping; /* requests are answered, but connections are not kept */
};

/* In so many ms libmicrohttpd's thread takes up a connection that it was given. */
enum { OPEN_MS = 10000 };

/*
 * A client that has connected is about to send its request: so long a stop waits for that; and so
 * long for libmicrohttpd's thread, which may be accepting somebody.
 */
enum { SILENT_MS = 200, ACCEPT_MS = 5 };

/* So many bytes of a response go to the socket at a time. */
enum { RESPONSE_BLOCK = 32 * 1024 };

/* How far the wire is with a request. */
enum phase { PHASE_HEAD, PHASE_BODY, PHASE_ANSWERED };

struct request {
	struct wsgi_http_server *server;
	struct request *prev, *next;
	struct MHD_Connection *connection;
	struct wsgi_exchange *x; /* NULL before the head was seen, and for a refused request */
	char *target;
	enum phase phase;
	bool expects_continue;
};

/* A client's connection. */
struct peer {
	struct peer *prev, *next;
	int fd;
	bool has_asked;
};

/* -- the list of connections ------------------------------------------------------------------- */

static void link_peer(struct wsgi_http_server *s, struct peer *p)
{
	pthread_mutex_lock(&s->lock);
	p->next = s->peers;
	if (p->next != NULL)
		p->next->prev = p;
	s->peers = p;
	s->silent++;
	pthread_mutex_unlock(&s->lock);
}

/* Under the lock. */
static void note_asked(struct wsgi_http_server *s, struct peer *p)
{
	if (p == NULL || p->has_asked)
		return;
	p->has_asked = true;
	if (--s->silent == 0)
		pthread_cond_broadcast(&s->answered);
}

static void unlink_peer(struct wsgi_http_server *s, struct peer *p)
{
	pthread_mutex_lock(&s->lock);
	note_asked(s, p); /* it never will */
	if (p->next != NULL)
		p->next->prev = p->prev;
	if (p->prev != NULL)
		p->prev->next = p->next;
	else
		s->peers = p->next;
	pthread_mutex_unlock(&s->lock);
}

static void note_opened(struct wsgi_http_server *s)
{
	pthread_mutex_lock(&s->lock);
	s->opened = true;
	pthread_cond_signal(&s->began);
	pthread_mutex_unlock(&s->lock);
}

/* Under the lock. */
static void tell_if_ended(struct wsgi_http_server *s)
{
	if (s->single && s->closed && s->serving == 0)
		s->ops.ended(s->ctx);
}

static void note_closed(struct wsgi_http_server *s)
{
	pthread_mutex_lock(&s->lock);
	s->closed = true;
	tell_if_ended(s);
	pthread_mutex_unlock(&s->lock);
}

/* Without memory it is not in the list: then only a child of the application keeps it too long. */
static void on_connection(void *cls, struct MHD_Connection *connection, void **ctx,
			  enum MHD_ConnectionNotificationCode what)
{
	struct peer *p = *ctx;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (p != NULL)
			unlink_peer(cls, p);
		free(p);
		note_closed(cls);
		return;
	}
	p = calloc(1, sizeof(*p));
	*ctx = p;
	if (p != NULL) {
		p->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
				->connect_fd;
		link_peer(cls, p);
	}
	note_opened(cls);
}

/* -- the list of requests ---------------------------------------------------------------------- */

static void link_request(struct request *r)
{
	struct wsgi_http_server *s = r->server;

	pthread_mutex_lock(&s->lock);
	note_asked(s, MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
			      ->socket_context);
	r->next = s->requests;
	if (r->next != NULL)
		r->next->prev = r;
	s->requests = r;
	pthread_mutex_unlock(&s->lock);
}

static void unlink_request(struct request *r)
{
	struct wsgi_http_server *s = r->server;

	pthread_mutex_lock(&s->lock);
	if (r->next != NULL)
		r->next->prev = r->prev;
	if (r->prev != NULL)
		r->prev->next = r->next;
	else
		s->requests = r->next;
	if (s->requests == NULL)
		pthread_cond_broadcast(&s->answered);
	pthread_mutex_unlock(&s->lock);
}

/* The request line has come. libmicrohttpd unescapes the target later: this is the only look. */
static void *on_line(void *cls, const char *target, struct MHD_Connection *connection)
{
	struct request *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->server = cls;
	r->connection = connection;
	r->target = strdup(target);
	link_request(r);
	return r;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **ctx,
			 enum MHD_RequestTerminationCode why)
{
	struct request *r = *ctx;

	(void)cls;
	(void)connection;
	(void)why;
	if (r == NULL)
		return;
	*ctx = NULL;
	unlink_request(r); /* first: who finds it in the list finds x alive */
	if (r->x != NULL)
		wsgi_exchange_gone(r->x);
	free(r->target);
	free(r);
}

static void print_address(struct MHD_Connection *connection, char text[INET6_ADDRSTRLEN])
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *addr = info != NULL ? info->client_addr : NULL;
	const struct sockaddr_in *in4 = (const void *)addr;
	const struct sockaddr_in6 *in6 = (const void *)addr;

	text[0] = '\0';
	if (addr != NULL && addr->sa_family == AF_INET)
		inet_ntop(AF_INET, &in4->sin_addr, text, INET6_ADDRSTRLEN);
	else if (addr != NULL && addr->sa_family == AF_INET6 &&
		 IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) /* by a socket that takes both kinds */
		inet_ntop(AF_INET, &in6->sin6_addr.s6_addr[12], text, INET6_ADDRSTRLEN);
	else if (addr != NULL && addr->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &in6->sin6_addr, text, INET6_ADDRSTRLEN);
}

/* -- the response ------------------------------------------------------------------------------ */

static enum MHD_Result queue(struct request *r, int status, struct MHD_Response *response)
{
	enum MHD_Result rc;

	if (response == NULL)
		return MHD_NO;
	if (MHD_get_response_header(response, MHD_HTTP_HEADER_SERVER) == NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_SERVER, r->server->software);
	rc = MHD_queue_response(r->connection, (unsigned)status, response);
	MHD_destroy_response(response);
	r->phase = PHASE_ANSWERED;
	return rc;
}

/*
 * A page of our own; the connection ends with it, for what follows on it cannot be trusted.
 *   why   for the log
 */
static enum MHD_Result refuse(struct request *r, int status, const char *why)
{
	char addr[INET6_ADDRSTRLEN];
	char text[80];
	struct MHD_Response *response;
	int len = snprintf(text, sizeof(text), "%d %s\n", status,
			   MHD_get_reason_phrase_for((unsigned)status));

	response = MHD_create_response_from_buffer((size_t)len, text, MHD_RESPMEM_MUST_COPY);
	if (response != NULL) {
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	}
	print_address(r->connection, addr);
	wsgi_log(r->server->log, WSGI_LOG_INFO, "answered %d to %s, a request for %.200s: %s",
		 status, addr[0] != '\0' ? addr : "a client", r->target != NULL ? r->target : "?",
		 why);
	return queue(r, status, response);
}

static ssize_t on_room(void *cls, uint64_t at, char *buf, size_t len)
{
	ssize_t n = wsgi_exchange_take(cls, buf, len);

	(void)at;
	if (n >= 0)
		return n;
	return n == -ENODATA ? MHD_CONTENT_READER_END_OF_STREAM : MHD_CONTENT_READER_END_WITH_ERROR;
}

static enum MHD_Result add_headers(struct MHD_Response *response,
				   const struct wsgi_headers *headers)
{
	for (size_t i = 0; i < headers->len; i++) {
		struct wsgi_span name, value;

		wsgi_headers_at(headers, i, &name, &value);
		/* It refuses an empty value, which says nothing anyway. */
		if (value.len > 0 &&
		    MHD_add_response_header(response, name.data, value.data) != MHD_YES)
			return MHD_NO;
	}
	return MHD_YES;
}

static enum MHD_Result respond(struct request *r)
{
	const struct wsgi_http_head *head = &r->x->head;
	struct MHD_Response *response;

	/* UINT64_MAX is MHD_SIZE_UNKNOWN: chunked on HTTP/1.1, to the connection's end on 1.0. */
	response = MHD_create_response_from_callback(head->content_length, RESPONSE_BLOCK, on_room,
						     r->x, NULL);
	if (response == NULL)
		return MHD_NO;
	/* To HEAD and with 304 it would send the last chunk of no chunks, but not in this mode. */
	if (r->x->no_body && head->content_length == UINT64_MAX && head->status != 204)
		MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
	/* First: at this header it forgets that it was given a Date, and makes one of its own. */
	if (r->server->stopping)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	if (add_headers(response, &head->headers) != MHD_YES) {
		MHD_destroy_response(response);
		return refuse(r, 500, "libmicrohttpd takes its headers for malformed");
	}
	return queue(r, head->status, response);
}

static enum MHD_Result act(struct request *r, enum wsgi_exchange_turn turn)
{
	if (turn == WSGI_TURN_RESPOND)
		return respond(r);
	return turn == WSGI_TURN_FAIL ? refuse(r, 500, "there was no response") : MHD_YES;
}

/* -- the request ------------------------------------------------------------------------------- */

static void sleep_wire(struct wsgi_exchange *x)
{
	MHD_suspend_connection(x->wire);
}

static void wake_wire(struct wsgi_exchange *x)
{
	MHD_resume_connection(x->wire);
}

static void leave(void *ctx)
{
	struct wsgi_http_server *s = ctx;

	if (s->ops.leave != NULL)
		s->ops.leave(s->ctx);
}

static void enter(void *ctx)
{
	struct wsgi_http_server *s = ctx;

	if (s->ops.enter != NULL)
		s->ops.enter(s->ctx);
}

static void thread_ends(void *ctx)
{
	struct wsgi_http_server *s = ctx;

	if (s->ops.thread_ends != NULL)
		s->ops.thread_ends(s->ctx);
}

static const struct wsgi_exchange_ops exchange_ops = {
	.sleep = sleep_wire,
	.wake = wake_wire,
	.leave = leave,
	.enter = enter,
};

static void serve(struct wsgi_crew_job *job)
{
	struct wsgi_exchange *x = container_of(job, struct wsgi_exchange, job);
	struct wsgi_http_server *s = x->ctx;

	s->ops.serve(s->ctx, &x->req);
	wsgi_exchange_done(x);
	pthread_mutex_lock(&s->lock);
	if (--s->serving == 0)
		pthread_cond_broadcast(&s->answered);
	tell_if_ended(s);
	pthread_mutex_unlock(&s->lock);
}

struct fields {
	struct wsgi_http_field *at;
	size_t len;
};

static enum MHD_Result collect(void *cls, enum MHD_ValueKind kind, const char *name,
			       size_t name_len, const char *value, size_t value_len)
{
	struct fields *f = cls;

	(void)kind;
	f->at[f->len++] = (struct wsgi_http_field){
		.name = {name, name_len},
		.value = {value != NULL ? value : "", value != NULL ? value_len : 0},
	};
	return MHD_YES;
}

static int no_memory(const char **why)
{
	*why = "out of memory";
	return 503;
}

/* Make the exchange. Returns NULL when there is no memory. */
static struct wsgi_exchange *make_exchange(struct request *r, const struct wsgi_http_message *m)
{
	struct wsgi_exchange *x = wsgi_exchange_create(&exchange_ops, r->server);

	if (x == NULL)
		return NULL;
	x->wire = r->connection;
	x->in_max = r->server->spool_bytes;
	x->job.run = serve;
	if (wsgi_http_get_environ(&x->req.environ, &r->server->base, m) == 0)
		return x;
	wsgi_exchange_gone(x);
	return NULL;
}

/* Give the request to the crew. Returns 0, or the status to refuse it with, and why. */
static int begin(struct request *r, const struct wsgi_http_message *m, const char **why)
{
	struct wsgi_http_server *s = r->server;
	int status = wsgi_http_refusal(m, why);
	struct wsgi_exchange *x;

	if (status != 0)
		return status;
	x = make_exchange(r, m);
	if (x == NULL)
		return no_memory(why);
	pthread_mutex_lock(&s->lock);
	if (!s->ending) {
		r->x = x;
		s->serving++;
	}
	pthread_mutex_unlock(&s->lock);
	if (r->x == NULL) {
		wsgi_exchange_gone(x);
		*why = "the server ends";
		return 503;
	}
	r->expects_continue = wsgi_http_expects_continue(m);
	wsgi_exchange_hold(x);
	wsgi_crew_give(s->crew, &x->job);
	return 0;
}

static bool is_as_it_came(struct request *r, const struct wsgi_http_message *m, const char *url)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return info != NULL && wsgi_http_is_as_it_came(m, url, info->header_size);
}

/* Returns 0, or the status to refuse the request with, and why. */
static int read_head(struct request *r, const char *url, const char *method, const char *version,
		     const char **why)
{
	int n = MHD_get_connection_values_n(r->connection, MHD_HEADER_KIND, NULL, NULL);
	struct fields fields = {calloc((size_t)n + 1, sizeof(fields.at[0])), 0};
	char addr[INET6_ADDRSTRLEN];
	struct wsgi_http_message m = {.method = method, .target = r->target, .version = version};
	int status;

	if (fields.at == NULL || r->target == NULL) {
		free(fields.at);
		return no_memory(why);
	}
	MHD_get_connection_values_n(r->connection, MHD_HEADER_KIND, collect, &fields);
	print_address(r->connection, addr);
	m.fields = fields.at;
	m.fields_len = fields.len;
	m.remote_addr = addr;
	*why = "there is a folded line or a NUL in its head";
	status = is_as_it_came(r, &m, url) ? begin(r, &m, why) : 400;
	free(fields.at);
	return status;
}

static enum MHD_Result on_head(struct request *r, const char *url, const char *method,
			       const char *version)
{
	enum wsgi_exchange_turn turn = WSGI_TURN_UPLOAD;

	if (r->x == NULL) {
		const char *why;
		int status = read_head(r, url, method, version, &why);

		if (status != 0)
			return refuse(r, status, why);
	}
	if (r->expects_continue)
		turn = wsgi_exchange_turn(r->x);
	if (turn != WSGI_TURN_UPLOAD)
		return act(r, turn);
	r->phase = PHASE_BODY;
	return MHD_YES;
}

static enum MHD_Result on_body(struct request *r, const char *data, size_t *len)
{
	ssize_t n = wsgi_exchange_feed(r->x, data, *len);

	if (n < 0) {
		wsgi_log(
			r->server->log, WSGI_LOG_ERROR,
			"closed the connection of a request for %.200s: it was answered before its "
			"body was read, and more than %llu MiB of that are left",
			r->target, (unsigned long long)r->server->spool_bytes >> 20);
		return MHD_NO;
	}
	*len -= (size_t)n;
	return MHD_YES;
}

/*
 * libmicrohttpd calls this with the head, with each piece of the body, and once more when the
 * request is whole; and again for the same thing after a suspended connection was resumed.
 */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *len, void **ctx)
{
	struct request *r = *ctx;

	(void)cls;
	(void)connection;
	if (r == NULL)
		return MHD_NO;
	if (r->phase == PHASE_HEAD)
		return on_head(r, url, method, version);
	if (*len == 0)
		return act(r, wsgi_exchange_uploaded(r->x));
	return on_body(r, data, len);
}

/* -- the server -------------------------------------------------------------------------------- */

static void on_log(void *cls, const char *fmt, va_list ap)
{
	struct wsgi_http_server *s = cls;
	char text[240];

	vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	wsgi_log(s->log, WSGI_LOG_DEBUG, "%s", text);
}

/* Without const, as libmicrohttpd has it; it only reads. */
static void *option_value(const char *text)
{
	union {
		const char *from;
		void *to;
	} p = {.from = text};

	return p.to;
}

enum { OPTIONS_MAX = 5 };

/* The options that not every server has. */
static void choose_options(const struct wsgi_http_config *config,
			   struct MHD_OptionItem options[OPTIONS_MAX])
{
	const struct wsgi_tls *tls = config->tls;
	struct MHD_OptionItem *o = options;

	if (!config->single)
		*o++ = (struct MHD_OptionItem){MHD_OPTION_LISTEN_SOCKET, config->fd, NULL};
	if (tls != NULL) {
		*o++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0,
					       option_value(WSGI_TLS_PRIORITIES)};
		*o++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, tls->cert};
		*o++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, tls->key};
	}
	*o = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
}

static int start_daemon(struct wsgi_http_server *s, const struct wsgi_http_config *config,
			struct wsgi_error *err)
{
	const struct wsgi_http_limits *limits = &config->limits;
	struct MHD_OptionItem options[OPTIONS_MAX];
	/* Not epoll: edges make it miss a client's end that came together with its last bytes. */
	unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
			 MHD_USE_ERROR_LOG;

	flags |= config->single ? MHD_USE_NO_LISTEN_SOCKET : 0;
	flags |= config->tls != NULL ? MHD_USE_TLS : 0;
	choose_options(config, options);
	/* The memory of a connection holds the head and, beside it, a block of body. */
	s->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_log, s,
		MHD_OPTION_URI_LOG_CALLBACK, on_line, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
		s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_CONNECTION_LIMIT,
		limits->connections, MHD_OPTION_CONNECTION_TIMEOUT, limits->idle_s,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, limits->head_bytes + 64 * 1024,
		MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)16 * 1024, MHD_OPTION_ARRAY,
		options, MHD_OPTION_END);
	if (s->daemon == NULL)
		return wsgi_fail(err, -EIO, "the HTTP server does not start: %s",
				 errno != 0 ? strerror(errno) : "libmicrohttpd gives no reason");
	return 0;
}

static int set_up(struct wsgi_http_server *s, const struct wsgi_http_config *config,
		  struct wsgi_error *err)
{
	const unsigned threads = config->limits.threads;
	struct sockaddr_storage addr = {0};
	socklen_t len = sizeof(addr);
	int rc = 0;

	if (getsockname(config->fd, (struct sockaddr *)&addr, &len) != 0)
		rc = -errno;
	if (rc == 0)
		rc = wsgi_http_setup_environ(&s->base, (struct sockaddr *)&addr, s->software,
					     config->tls != NULL);
	if (rc != 0)
		return wsgi_fail(err, rc, "the HTTP server has no address: %s", strerror(-rc));
	rc = wsgi_crew_create(&s->crew, threads > 0 ? threads : 1, thread_ends, s, err);
	return rc == 0 ? start_daemon(s, config, err) : rc;
}

int wsgi_http_server_create(struct wsgi_http_server **server, const struct wsgi_http_config *config,
			    struct wsgi_error *err)
{
	struct wsgi_http_server *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		return wsgi_fail(err, -ENOMEM, "no memory for the HTTP server");
	s->software = config->software;
	s->ops = *config->ops;
	s->ctx = config->ctx;
	s->log = config->log;
	s->spool_bytes = config->limits.spool_bytes;
	s->single = config->single;
	s->stopping = config->single; /* there is no socket to stop accepting from */
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->answered, NULL);
	pthread_cond_init(&s->began, NULL);
	wsgi_environ_init(&s->base);
	rc = set_up(s, config, err);
	if (rc != 0) {
		wsgi_http_server_destroy(s);
		return rc;
	}
	*server = s;
	return 0;
}

void wsgi_http_server_quiesce(struct wsgi_http_server *s)
{
	if (!atomic_exchange(&s->stopping, true))
		MHD_quiesce_daemon(s->daemon);
}

int wsgi_http_server_add(struct wsgi_http_server *s, int fd, const struct sockaddr *addr,
			 socklen_t len)
{
	struct timespec until = wsgi_clock_after(CLOCK_REALTIME, OPEN_MS);
	bool opened;
	int rc = 0;

	errno = 0;
	if (MHD_add_connection(s->daemon, fd, addr, len) != MHD_YES)
		return errno != 0 ? -errno : -ENOMEM;
	/* If its thread has no memory for the connection, it says so to nobody. */
	pthread_mutex_lock(&s->lock);
	while (rc == 0 && !s->opened)
		rc = pthread_cond_timedwait(&s->began, &s->lock, &until);
	opened = s->opened;
	pthread_mutex_unlock(&s->lock);
	return opened ? 0 : -ENOMEM;
}

/* A suspended connection must not meet MHD_stop_daemon(): no request sleeps after its abort. */
static void abort_requests(struct wsgi_http_server *s)
{
	pthread_mutex_lock(&s->lock);
	s->ending = true;
	for (struct request *r = s->requests; r != NULL; r = r->next)
		if (r->x != NULL)
			wsgi_exchange_abort(r->x);
	pthread_mutex_unlock(&s->lock);
}

/* The requests that are served, their clients there or not, and those that are not all sent. */
static unsigned count_requests(struct wsgi_http_server *s)
{
	unsigned n = s->serving;

	for (struct request *r = s->requests; r != NULL; r = r->next)
		n += r->x == NULL || wsgi_exchange_is_done(r->x);
	return n;
}

/* Who was let in before the stop is not turned away unheard. */
static void await_silent(struct wsgi_http_server *s, int wait_ms)
{
	struct timespec until = wsgi_clock_after(CLOCK_REALTIME, wait_ms);
	int rc = 0;

	if (!s->single) /* which accepts nobody */
		nanosleep(&(struct timespec){.tv_nsec = ACCEPT_MS * 1000000L}, NULL);
	pthread_mutex_lock(&s->lock);
	while (rc == 0 && s->silent > 0)
		rc = pthread_cond_timedwait(&s->answered, &s->lock, &until);
	pthread_mutex_unlock(&s->lock);
}

unsigned wsgi_http_server_stop(struct wsgi_http_server *s, int grace_ms)
{
	struct timespec until = wsgi_clock_after(CLOCK_REALTIME, grace_ms);
	unsigned left;
	int rc = 0;

	wsgi_http_server_quiesce(s);
	await_silent(s, grace_ms < SILENT_MS ? grace_ms : SILENT_MS);
	pthread_mutex_lock(&s->lock);
	while (rc == 0 && (s->requests != NULL || s->serving > 0))
		rc = pthread_cond_timedwait(&s->answered, &s->lock, &until);
	left = count_requests(s);
	s->ending = true; /* what came after this nobody would wait for */
	pthread_mutex_unlock(&s->lock);
	if (left > 0)
		abort_requests(s);
	return left;
}

unsigned wsgi_http_server_await(struct wsgi_http_server *s, int wait_ms)
{
	struct timespec until = wsgi_clock_after(CLOCK_REALTIME, wait_ms);
	unsigned left;
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	while (rc == 0 && s->serving > 0)
		rc = pthread_cond_timedwait(&s->answered, &s->lock, &until);
	left = s->serving;
	pthread_mutex_unlock(&s->lock);
	return left;
}

void wsgi_http_server_destroy(struct wsgi_http_server *s)
{
	if (s == NULL)
		return;
	if (s->daemon != NULL) {
		wsgi_http_server_quiesce(s);
		abort_requests(s);
		MHD_stop_daemon(s->daemon);
	}
	wsgi_crew_destroy(s->crew);
	wsgi_environ_finish(&s->base);
	pthread_cond_destroy(&s->began);
	pthread_cond_destroy(&s->answered);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* -- an application's own fork ----------------------------------------------------------------- */

void wsgi_http_server_hold(struct wsgi_http_server *s)
{
	pthread_mutex_lock(&s->lock);
	for (struct request *r = s->requests; r != NULL; r = r->next)
		if (r->x != NULL)
			wsgi_exchange_freeze(r->x);
}

void wsgi_http_server_go_on(struct wsgi_http_server *s)
{
	for (struct request *r = s->requests; r != NULL; r = r->next)
		if (r->x != NULL)
			wsgi_exchange_thaw(r->x);
	pthread_mutex_unlock(&s->lock);
}

/* What libmicrohttpd wakes its thread by stays open: it does not say where that is. */
void wsgi_http_server_forget(struct wsgi_http_server *s)
{
	for (struct request *r = s->requests; r != NULL; r = r->next)
		if (r->x != NULL)
			wsgi_exchange_thaw_in_child(r->x);
	for (const struct peer *p = s->peers; p != NULL; p = p->next)
		close(p->fd);
	pthread_mutex_unlock(&s->lock);
}
