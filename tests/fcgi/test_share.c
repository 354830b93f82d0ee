/* Reactors that share their connections, as the workers of a pool do: here they are in one process.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdpass.h"
#include "fcgi/reactor.h"
#include "wire.h"

enum { TIMEOUT_MS = 10000, MANY = 50, THREADS = 4 };

struct worker {
	const char *name;
	struct wsgi_reactor *reactor;
	pthread_t threads[THREADS];
	unsigned threads_len;
	atomic_bool admits;
	atomic_uint asked; /* whether to admit */
};

static struct worker a, b;
static struct sockaddr_in address;
static int listener, log_fd;
static int ends[2], unused[2]; /* of exchanges: give, take */
static bool log_expected;
static sem_t in_service, go_on;

/* ---- the workers ---- */

static void serve(void *ctx, struct wsgi_fcgi_request *req)
{
	struct worker *w = ctx;

	if (strcmp(wsgi_environ_get(&req->params, "PATH_INFO"), "/wait") == 0) {
		sem_post(&in_service);
		sem_wait(&go_on);
	}
	req->output.write(&req->output, w->name, 1);
}

static bool admit(void *ctx, const struct sockaddr *peer)
{
	struct worker *w = ctx;

	ck_assert_int_eq(peer->sa_family, AF_INET);
	w->asked++;
	return w->admits;
}

static void *run(void *arg)
{
	ck_assert_int_eq(wsgi_reactor_run(arg), 0);
	return NULL;
}

static void make(struct worker *w, const char *name, size_t listeners, int take)
{
	static struct wsgi_log log = {.program = "test", .level = WSGI_LOG_INFO};
	const struct wsgi_reactor_ops ops = {.serve = serve, .admit = admit};
	struct wsgi_error err;

	log.fd = log_fd;
	w->name = name;
	w->admits = true;
	w->asked = 0;
	ck_assert_int_eq(wsgi_reactor_create(&w->reactor, &listener, listeners,
					     &wsgi_reactor_default_limits, &ops, w, &log, &err),
			 0);
	ck_assert_int_eq(wsgi_reactor_share(w->reactor, ends[0], take), 0);
}

static void start(struct worker *w, unsigned threads)
{
	for (w->threads_len = 0; w->threads_len < threads; w->threads_len++)
		pthread_create(&w->threads[w->threads_len], NULL, run, w->reactor);
}

static void join(struct worker *w)
{
	while (w->threads_len > 0)
		pthread_join(w->threads[--w->threads_len], NULL);
}

static void end(struct worker *w)
{
	if (w->reactor == NULL)
		return;
	wsgi_reactor_stop(w->reactor);
	join(w);
	wsgi_reactor_destroy(w->reactor);
	w->reactor = NULL;
}

static void set_up(void)
{
	socklen_t len = sizeof(address);

	address = (struct sockaddr_in){.sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 100), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	log_fd = memfd_create("log", MFD_CLOEXEC);
	ck_assert_int_eq(wsgi_fdpass_pair(ends), 0);
	ck_assert_int_eq(wsgi_fdpass_pair(unused), 0);
	sem_init(&in_service, 0, 0);
	sem_init(&go_on, 0, 0);
	log_expected = false;
	make(&a, "a", 1, ends[1]);
	make(&b, "b", 0, ends[1]); /* it gets what a gives, and nothing else */
}

static void tear_down(void)
{
	end(&a);
	end(&b);
	ck_assert_int_eq(lseek(log_fd, 0, SEEK_END) > 0, log_expected);
	close(log_fd);
	close(listener);
	close(ends[0]);
	close(ends[1]);
	close(unused[0]);
	close(unused[1]);
}

/* ---- the client ---- */

static int given_a_connection(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void ask(int fd, const char *path)
{
	struct wsgi_buf bytes = {0};

	add_request(&bytes, 1, FCGI_KEEP_CONN, path, "", 0);
	ck_assert_int_eq(send(fd, bytes.data, bytes.len, MSG_NOSIGNAL), bytes.len);
	wsgi_buf_finish(&bytes);
}

/* Whose answer comes; 0: none, the connection is closed. */
static char hear(int fd)
{
	/* STDOUT of one byte, the end of STDOUT, END_REQUEST */
	char answer[FCGI_HEADER_LEN + 1 + FCGI_HEADER_LEN + WSGI_RECORD_END_LEN];

	for (size_t at = 0; at < sizeof(answer);) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		ck_assert_msg(poll(&p, 1, TIMEOUT_MS) == 1, "no answer");
		n = recv(fd, answer + at, sizeof(answer) - at, 0);
		if (n <= 0)
			return 0;
		at += (size_t)n;
	}
	return answer[FCGI_HEADER_LEN];
}

static char whose(int fd)
{
	ask(fd, "/who");
	return hear(fd);
}

static void wait_for_connections(struct worker *w, unsigned expected)
{
	unsigned now = expected + 1;
	uint64_t accepted;

	for (int i = 0; i < TIMEOUT_MS && now != expected; i++) {
		wsgi_reactor_count(w->reactor, &now, &accepted);
		if (now != expected)
			usleep(1000);
	}
	ck_assert_uint_eq(now, expected);
}

static bool has_come(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 20) == 1;
}

/* Put a connection into the exchange, as another worker would. Returns our end. */
static int given_a_connection_in_the_exchange(void)
{
	const uint32_t message[] = {0x77780001, 0};
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
	ck_assert_int_eq(wsgi_fd_send(ends[0], message, sizeof(message), &fds[1], 1), 0);
	close(fds[1]);
	return fds[0];
}

/* ---- retiring ---- */

START_TEST(idle_connections_outlive_a_worker_that_retires)
{
	int fds[MANY];

	start(&a, (unsigned)_i);
	for (int i = 0; i < MANY; i++) {
		fds[i] = given_a_connection();
		ck_assert_int_eq(whose(fds[i]), 'a');
	}
	start(&b, (unsigned)_i);
	wsgi_reactor_retire(a.reactor);
	join(&a); /* at once: it has nothing more to do */
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(whose(fds[i]), 'b');
		ck_assert_int_eq(whose(fds[i]), 'b');
		close(fds[i]);
	}
}
END_TEST

static atomic_uint answers, failures;
static atomic_bool enough;

static void *ask_all_the_time(void *arg)
{
	int fd = given_a_connection();

	(void)arg;
	while (!enough) {
		if (whose(fd) == 0)
			failures++;
		answers++;
	}
	close(fd);
	return NULL;
}

static void wait_for_answers(unsigned more)
{
	const unsigned from = answers;

	for (int i = 0; i < TIMEOUT_MS && answers - from < more; i++)
		usleep(1000);
	ck_assert_uint_ge(answers - from, more);
}

START_TEST(no_request_is_lost_when_a_worker_retires_under_load)
{
	pthread_t clients[8];

	answers = failures = 0;
	enough = false;
	start(&a, (unsigned)_i);
	start(&b, (unsigned)_i);
	for (int i = 0; i < 8; i++)
		pthread_create(&clients[i], NULL, ask_all_the_time, NULL);
	wait_for_answers(200);
	for (int i = 0; i < 10; i++) {
		struct worker *retiring = i % 2 == 0 ? &a : &b;

		wsgi_reactor_retire(retiring->reactor);
		join(retiring);
		wait_for_answers(100); /* by the other */
		wsgi_reactor_destroy(retiring->reactor);
		make(retiring, retiring->name, 1, ends[1]);
		start(retiring, (unsigned)_i);
		wait_for_answers(10);
	}
	enough = true;
	for (int i = 0; i < 8; i++)
		pthread_join(clients[i], NULL);
	ck_assert_uint_eq(failures, 0);
}
END_TEST

START_TEST(a_request_that_has_begun_is_finished_where_it_began)
{
	int fd = given_a_connection(), served;
	struct wsgi_buf bytes = {0};

	start(&a, (unsigned)_i);
	start(&b, 1);
	add_request(&bytes, 1, FCGI_KEEP_CONN, "/who", "body", 4);
	ck_assert_int_eq(send(fd, bytes.data, bytes.len / 2, 0), bytes.len / 2);
	wait_for_connections(&a, 1);
	served = given_a_connection();
	ask(served, "/wait");
	sem_wait(&in_service);
	wsgi_reactor_retire(a.reactor);
	sem_post(&go_on);
	ck_assert_int_eq(hear(served), 'a');
	while (whose(served) != 'b')
		; /* the word to retire may come a moment later */
	ck_assert_int_gt(send(fd, bytes.data + bytes.len / 2, bytes.len - bytes.len / 2, 0), 0);
	ck_assert_int_eq(hear(fd), 'a');
	join(&a);
	ck_assert_int_eq(whose(fd), 'b');
	wsgi_buf_finish(&bytes);
	close(fd);
	close(served);
}
END_TEST

START_TEST(who_is_in_the_queue_when_a_worker_retires_is_served_by_another)
{
	int busy = given_a_connection(), queued[MANY];

	start(&a, 1);
	start(&b, 1);
	ask(busy, "/wait");
	sem_wait(&in_service);
	for (int i = 0; i < MANY; i++)
		queued[i] = given_a_connection();
	wsgi_reactor_retire(a.reactor);
	sem_post(&go_on);
	ck_assert_int_eq(hear(busy), 'a');
	for (int i = 0; i < MANY; i++)
		ck_assert_int_ne(whose(queued[i]), 0);
	join(&a);
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(whose(queued[i]), 'b');
		close(queued[i]);
	}
	close(busy);
}
END_TEST

START_TEST(who_retires_takes_nothing_more_out_of_the_exchange)
{
	int busy = given_a_connection(), fd;

	start(&a, 1);
	ask(busy, "/wait");
	sem_wait(&in_service);
	fd = given_a_connection_in_the_exchange();
	wsgi_reactor_retire(a.reactor);
	sem_post(&go_on);
	ck_assert_int_eq(hear(busy), 'a');
	join(&a);
	start(&b, 1);
	ck_assert_int_eq(whose(fd), 'b');
	ck_assert_int_eq(whose(busy), 'b');
	close(fd);
	close(busy);
}
END_TEST

static void given_a_worker_that_is_alone(void)
{
	end(&a);
	end(&b);
	make(&a, "a", 1, unused[1]); /* what it gives, it does not take itself */
}

/* Nobody takes anything out of it. */
static unsigned given_a_full_exchange(void)
{
	const uint32_t message[] = {0x77780001, 0};
	unsigned n = 0;

	while (wsgi_fd_send(ends[0], message, sizeof(message), &listener, 1) == 0)
		n++;
	return n;
}

/* So many, and not what is given as soon as there is room. */
static void take_out_of_the_exchange(unsigned messages)
{
	char message[8];
	size_t n = 1;
	int fd;

	while (messages-- > 0 && wsgi_fd_recv(ends[1], message, sizeof(message), &fd, &n) > 0)
		close(fd);
}

START_TEST(a_full_exchange_is_waited_for_and_who_waits_is_served_meanwhile)
{
	int fd = given_a_connection();
	unsigned messages;

	given_a_worker_that_is_alone();
	start(&a, (unsigned)_i);
	ck_assert_int_eq(whose(fd), 'a');
	messages = given_a_full_exchange();
	wsgi_reactor_retire(a.reactor);
	ck_assert_int_eq(whose(fd), 'a');
	ck_assert_int_eq(whose(fd), 'a');
	take_out_of_the_exchange(messages);
	make(&b, "b", 0, ends[1]);
	start(&b, 1);
	join(&a);
	ck_assert_int_eq(whose(fd), 'b');
	close(fd);
}
END_TEST

START_TEST(an_exchange_that_nobody_empties_is_not_waited_for_for_ever)
{
	int fd = given_a_connection();

	log_expected = true;
	given_a_worker_that_is_alone();
	start(&a, 1);
	ck_assert_int_eq(whose(fd), 'a');
	given_a_full_exchange();
	wsgi_reactor_retire(a.reactor);
	join(&a);
	ck_assert_int_eq(hear(fd), 0);
	close(fd);
}
END_TEST

START_TEST(a_worker_that_shares_nothing_retires_as_it_stops)
{
	int fd = given_a_connection();
	struct worker alone = {.name = "c"};
	const struct wsgi_reactor_ops ops = {.serve = serve};
	struct wsgi_error err;

	ck_assert_int_eq(wsgi_reactor_create(&alone.reactor, &listener, 1,
					     &wsgi_reactor_default_limits, &ops, &alone, NULL,
					     &err),
			 0);
	start(&alone, 1);
	ck_assert_int_eq(whose(fd), 'c');
	wsgi_reactor_relieve(alone.reactor);
	wsgi_reactor_retire(alone.reactor);
	join(&alone);
	ck_assert_int_eq(hear(fd), 0);
	wsgi_reactor_destroy(alone.reactor);
	close(fd);
}
END_TEST

/* ---- stopping ---- */

START_TEST(what_is_in_the_exchange_at_the_end_is_served_or_closed)
{
	int busy = given_a_connection(), idle, asking;

	start(&a, 1);
	ask(busy, "/wait");
	sem_wait(&in_service);
	idle = given_a_connection_in_the_exchange();
	asking = given_a_connection_in_the_exchange();
	ask(asking, "/who");
	if (_i == 1)
		wsgi_reactor_retire(a.reactor); /* and then the others are told to stop, too */
	wsgi_reactor_stop(a.reactor);
	sem_post(&go_on);
	ck_assert_int_eq(hear(asking), 'a');
	ck_assert_int_eq(hear(asking), 0);
	ck_assert_int_eq(hear(idle), 0);
	ck_assert_int_eq(hear(busy), 'a');
	join(&a);
	close(idle);
	close(asking);
	close(busy);
}
END_TEST

START_TEST(who_was_about_to_leave_is_closed_by_a_stop)
{
	int fd = given_a_connection();

	given_a_worker_that_is_alone();
	start(&a, 1);
	ck_assert_int_eq(whose(fd), 'a');
	given_a_full_exchange();
	wsgi_reactor_retire(a.reactor);
	ck_assert_int_eq(whose(fd), 'a');
	wsgi_reactor_stop(a.reactor);
	join(&a);
	ck_assert_int_eq(hear(fd), 0);
	close(fd);
}
END_TEST

/* ---- relief ---- */

static char when_relieved(struct worker *w, int fd)
{
	for (int i = 0; i < TIMEOUT_MS / 20 && !has_come(fd); i++)
		wsgi_reactor_relieve(w->reactor);
	return hear(fd);
}

START_TEST(who_waits_for_a_busy_worker_is_given_to_a_free_one)
{
	int busy[THREADS], waiting[MANY];

	start(&a, (unsigned)_i);
	start(&b, 1);
	for (int i = 0; i < MANY; i++) {
		waiting[i] = given_a_connection();
		ck_assert_int_eq(whose(waiting[i]), 'a');
	}
	for (int i = 0; i < _i; i++) {
		busy[i] = given_a_connection();
		ask(busy[i], "/wait");
		sem_wait(&in_service);
	}
	for (int i = 0; i < MANY; i += 2)
		ask(waiting[i], "/who");
	for (int i = 0; i < MANY; i += 2)
		ck_assert_int_eq(when_relieved(&a, waiting[i]), 'b');
	wait_for_connections(&a, (unsigned)(MANY / 2 + _i)); /* who does not wait, stays */
	for (int i = 0; i < _i; i++)
		sem_post(&go_on);
	for (int i = 0; i < _i; i++) {
		ck_assert_int_eq(hear(busy[i]), 'a');
		ck_assert_int_eq(whose(busy[i]), 'a');
		close(busy[i]);
	}
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(whose(waiting[i]), i % 2 == 0 ? 'b' : 'a');
		close(waiting[i]);
	}
}
END_TEST

/* The thread was told of two at once, and then it had no time for one of them. */
START_TEST(who_was_announced_to_a_busy_worker_is_given_to_a_free_one)
{
	int first = given_a_connection(), second = given_a_connection(), third;

	start(&a, 1);
	ck_assert_int_eq(whose(second), 'a');
	ask(first, "/wait");
	sem_wait(&in_service);
	ask(second, "/wait");
	third = given_a_connection();
	sem_post(&go_on);
	ck_assert_int_eq(hear(first), 'a');
	sem_wait(&in_service);
	start(&b, 1);
	ask(third, "/who");
	ck_assert_int_eq(when_relieved(&a, third), 'b');
	sem_post(&go_on);
	ck_assert_int_eq(hear(second), 'a');
	close(first);
	close(second);
	close(third);
}
END_TEST

START_TEST(a_worker_with_a_thread_to_spare_gives_nothing_away)
{
	int busy = given_a_connection(), fd = given_a_connection();

	start(&a, 2);
	start(&b, 1);
	ask(busy, "/wait");
	sem_wait(&in_service);
	usleep(60000);
	for (int i = 0; i < 20; i++) {
		ask(fd, "/who");
		wsgi_reactor_relieve(a.reactor);
		ck_assert_int_eq(hear(fd), 'a');
	}
	sem_post(&go_on);
	ck_assert_int_eq(hear(busy), 'a');
	close(busy);
	close(fd);
}
END_TEST

START_TEST(a_request_that_has_begun_is_not_given_away)
{
	int busy = given_a_connection(), fd = given_a_connection();
	struct wsgi_buf bytes = {0};

	add_request(&bytes, 1, FCGI_KEEP_CONN, "/who", "body", 4);
	start(&a, 1);
	start(&b, 1);
	ck_assert_int_eq(send(fd, bytes.data, 20, 0), 20);
	wait_for_connections(&a, 2);
	ck_assert_int_eq(whose(busy), 'a'); /* and so the other was read, too */
	ask(busy, "/wait");
	sem_wait(&in_service);
	ck_assert_int_gt(send(fd, bytes.data + 20, bytes.len - 20, 0), 0);
	usleep(60000);
	for (int i = 0; i < 5; i++) {
		wsgi_reactor_relieve(a.reactor);
		ck_assert(!has_come(fd));
	}
	sem_post(&go_on);
	ck_assert_int_eq(hear(fd), 'a');
	wsgi_buf_finish(&bytes);
	close(busy);
	close(fd);
}
END_TEST

START_TEST(a_busy_worker_retires_all_the_same)
{
	int busy = given_a_connection(), fd = given_a_connection();

	start(&a, 1);
	start(&b, 1);
	ck_assert_int_eq(whose(fd), 'a');
	ask(busy, "/wait");
	sem_wait(&in_service);
	wsgi_reactor_retire(a.reactor);
	wsgi_reactor_relieve(a.reactor); /* once is enough: a request on fd may come late */
	wait_for_connections(&a, 1);
	ck_assert_int_eq(whose(fd), 'b');
	sem_post(&go_on);
	ck_assert_int_eq(hear(busy), 'a');
	join(&a);
	close(busy);
	close(fd);
}
END_TEST

/* ---- who is let in ---- */

START_TEST(a_tcp_peer_that_is_not_admitted_is_closed)
{
	int fd;

	a.admits = false;
	start(&a, 1);
	fd = given_a_connection();
	ck_assert_int_eq(hear(fd), 0);
	close(fd);
	a.admits = true;
	fd = given_a_connection();
	ck_assert_int_eq(whose(fd), 'a');
	ck_assert_uint_eq(a.asked, 2);
	close(fd);
}
END_TEST

START_TEST(who_is_taken_is_admitted_anew)
{
	int fd = given_a_connection();

	b.admits = _i == 1;
	start(&a, 1);
	start(&b, 1);
	ck_assert_int_eq(whose(fd), 'a');
	wsgi_reactor_retire(a.reactor);
	join(&a);
	if (b.admits)
		ck_assert_int_eq(whose(fd), 'b');
	else
		ck_assert_int_eq(hear(fd), 0);
	ck_assert_uint_eq(b.asked, 1);
	close(fd);
}
END_TEST

START_TEST(a_unix_peer_is_admitted_by_its_socket)
{
	int fd = given_a_connection_in_the_exchange();

	b.admits = false;
	start(&b, 1);
	ck_assert_int_eq(whose(fd), 'b');
	ck_assert_uint_eq(b.asked, 0);
	close(fd);
}
END_TEST

START_TEST(a_message_that_is_none_of_ours_is_said_and_passed_over)
{
	int fd;

	log_expected = true;
	ck_assert_int_eq(wsgi_fd_send(ends[0], "what is this?", 13, &listener, 1), 0);
	ck_assert_int_eq(wsgi_fd_send(ends[0], "12345678", 8, NULL, 0), 0);
	fd = given_a_connection_in_the_exchange();
	start(&b, 1);
	ck_assert_int_eq(whose(fd), 'b');
	close(fd);
}
END_TEST

START_TEST(without_descriptors_nothing_in_the_exchange_is_lost)
{
	int fds[20], next;
	struct rlimit all, few;

	log_expected = true;
	getrlimit(RLIMIT_NOFILE, &all);
	for (int i = 0; i < 20; i++) {
		fds[i] = given_a_connection_in_the_exchange();
		ask(fds[i], "/who");
	}
	next = dup(0);
	close(next);
	few = (struct rlimit){(rlim_t)next, all.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	start(&b, (unsigned)_i);
	while (lseek(log_fd, 0, SEEK_END) == 0)
		usleep(1000); /* until it has said so */
	usleep(120000);       /* and has tried again */
	setrlimit(RLIMIT_NOFILE, &all);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(hear(fds[i]), 'b');
		close(fds[i]);
	}
}
END_TEST

START_TEST(connections_are_counted)
{
	int fds[3];
	unsigned now;
	uint64_t accepted;

	start(&a, 1);
	start(&b, 1);
	for (int i = 0; i < 3; i++) {
		fds[i] = given_a_connection();
		ck_assert_int_eq(whose(fds[i]), 'a');
	}
	close(fds[0]);
	wait_for_connections(&a, 2);
	wsgi_reactor_retire(a.reactor);
	join(&a);
	wait_for_connections(&b, 2);
	wsgi_reactor_count(a.reactor, &now, &accepted);
	ck_assert_uint_eq(now, 0);
	ck_assert_uint_eq(accepted, 3);
	wsgi_reactor_count(b.reactor, &now, &accepted);
	ck_assert_uint_eq(accepted, 2);
	close(fds[1]);
	close(fds[2]);
}
END_TEST

/* ---- a fork ---- */

START_TEST(a_child_of_the_application_keeps_no_end_of_the_exchange)
{
	pid_t pid;
	int status;

	wsgi_reactor_hold(a.reactor);
	pid = fork();
	if (pid == 0) {
		wsgi_reactor_forget(a.reactor);
		_exit(fcntl(ends[0], F_GETFD) < 0 && fcntl(ends[1], F_GETFD) < 0 ? 0 : 1);
	}
	wsgi_reactor_go_on(a.reactor);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

static void add_ends(Suite *s)
{
	TCase *t = tcase_create("ends");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, idle_connections_outlive_a_worker_that_retires, 1, THREADS + 1);
	tcase_add_loop_test(t, no_request_is_lost_when_a_worker_retires_under_load, 1, 3);
	tcase_add_loop_test(t, a_request_that_has_begun_is_finished_where_it_began, 1, 3);
	tcase_add_test(t, who_is_in_the_queue_when_a_worker_retires_is_served_by_another);
	tcase_add_test(t, who_retires_takes_nothing_more_out_of_the_exchange);
	tcase_add_loop_test(t, a_full_exchange_is_waited_for_and_who_waits_is_served_meanwhile, 1,
			    3);
	tcase_add_test(t, an_exchange_that_nobody_empties_is_not_waited_for_for_ever);
	tcase_add_test(t, a_worker_that_shares_nothing_retires_as_it_stops);
	tcase_add_loop_test(t, what_is_in_the_exchange_at_the_end_is_served_or_closed, 0, 2);
	tcase_add_test(t, who_was_about_to_leave_is_closed_by_a_stop);
	suite_add_tcase(s, t);
}

static void add_doors(Suite *s)
{
	TCase *t = tcase_create("doors");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, who_waits_for_a_busy_worker_is_given_to_a_free_one, 1, THREADS + 1);
	tcase_add_test(t, who_was_announced_to_a_busy_worker_is_given_to_a_free_one);
	tcase_add_test(t, a_worker_with_a_thread_to_spare_gives_nothing_away);
	tcase_add_test(t, a_request_that_has_begun_is_not_given_away);
	tcase_add_test(t, a_busy_worker_retires_all_the_same);
	tcase_add_test(t, a_tcp_peer_that_is_not_admitted_is_closed);
	tcase_add_loop_test(t, who_is_taken_is_admitted_anew, 0, 2);
	tcase_add_test(t, a_unix_peer_is_admitted_by_its_socket);
	tcase_add_test(t, a_message_that_is_none_of_ours_is_said_and_passed_over);
	tcase_add_loop_test(t, without_descriptors_nothing_in_the_exchange_is_lost, 1, 3);
	tcase_add_test(t, connections_are_counted);
	tcase_add_test(t, a_child_of_the_application_keeps_no_end_of_the_exchange);
	suite_add_tcase(s, t);
}

int main(void)
{
	Suite *s = suite_create("share");
	SRunner *runner;
	int failed;

	add_ends(s);
	add_doors(s);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
