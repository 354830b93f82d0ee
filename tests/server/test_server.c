#include "server/server.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "client.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

/* -- applications ------------------------------------------------------------------------------ */

static int call_bye(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		    struct wsgi_body **body)
{
	(void)app;
	(void)env;
	return wsgi_reply(start, body, "200 OK", "text/plain", "bye");
}

static struct wsgi_app bye = {.call = call_bye};

/* What it was asked for, a line each. */
static int call_show(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		     struct wsgi_body **body)
{
	static const char *const names[] = {"SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR",
					    "SERVER_SOFTWARE"};
	char text[500];
	size_t len = 0;

	(void)app;
	for (int i = 0; i < LEN(names); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s=%s\n", names[i],
					wsgi_environ_get(env, names[i]));
	snprintf(text + len, sizeof(text) - len, "scheme=%s\nmultithread=%d\nmultiprocess=%d\n",
		 env->url_scheme, env->multithread, env->multiprocess);
	return wsgi_reply(start, body, "200 OK", "text/plain", text);
}

static struct wsgi_app show = {.call = call_show};

/* Stays until it is let go; counts who is in it, and who was at most. */
static atomic_bool stay;
static atomic_int inside, most;

static int call_stay(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		     struct wsgi_body **body)
{
	int n = ++inside;

	(void)app;
	(void)env;
	if (n > most)
		most = n;
	while (stay)
		poll(NULL, 0, 1);
	inside--;
	return wsgi_reply(start, body, "200 OK", "text/plain", "stayed");
}

static struct wsgi_app stays = {.call = call_stay};

static void await_inside(int n)
{
	for (int i = 0; i < 10000 && inside < n; i++)
		poll(NULL, 0, 1);
	ck_assert_int_eq(inside, n);
}

/* A request of a client, which the application has and does not let go. */
static int when_a_request_is_inside(void)
{
	const int fd = connect_to(server);

	send_text(fd, GET);
	await_inside(1);
	return fd;
}

static int count_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* -- the address ------------------------------------------------------------------------------- */

static bool has_ipv6(void)
{
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	bool bound = fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0;

	if (fd >= 0)
		close(fd);
	return bound;
}

static const struct {
	const char *host, *address, *name, *remote;
} hosts[] = {
	{"127.0.0.1", "127.0.0.1:", "127.0.0.1", "127.0.0.1"},
	{"localhost", "127.0.0.1:", "127.0.0.1", "127.0.0.1"},
	{"", "0.0.0.0:", NULL, "127.0.0.1"},
	{NULL, "0.0.0.0:", NULL, "127.0.0.1"},
	{"::1", "[::1]:", "[::1]", "::1"},
	{"::", "[::]:", NULL, "::1"},
};

START_TEST(a_server_is_made_as_by_make_server)
{
	char host[256], expected[400];
	const char *port;

	if (hosts[_i].address[0] == '[' && !has_ipv6())
		return;
	ck_assert_msg(wsgi_make_server(&server, hosts[_i].host, 0, &show, &err) == 0, "%s",
		      err.text);
	port = strrchr(wsgi_server_address(server), ':') + 1;
	ck_assert_int_gt(atoi(port), 0);
	ck_assert_mem_eq(wsgi_server_address(server), hosts[_i].address, strlen(hosts[_i].address));
	gethostname(host, sizeof(host));
	snprintf(expected, sizeof(expected), "SERVER_NAME=%s\nSERVER_PORT=%s\nREMOTE_ADDR=%s\n",
		 hosts[_i].name != NULL ? hosts[_i].name : host, port, hosts[_i].remote);
	when_it_serves();
	ck_assert_msg(strstr(when_sent(GET), expected) != NULL, "%s in %s", expected, answer);
	ck_assert_int_eq(when_it_is_shut_down(), 0);
}
END_TEST

START_TEST(a_port_can_be_named_and_is_used_once)
{
	struct wsgi_server *second = NULL;
	unsigned port;

	given_a_server();
	port = (unsigned)atoi(strrchr(wsgi_server_address(server), ':') + 1);
	ck_assert_int_eq(wsgi_make_server(&second, "127.0.0.1", port, &hello, &err), -EADDRINUSE);
	ck_assert_ptr_nonnull(strstr(err.text, wsgi_server_address(server)));
	ck_assert_ptr_null(second);
}
END_TEST

START_TEST(a_unix_socket_is_there_as_long_as_the_server)
{
	char path[] = "/tmp/test_server.XXXXXX", address[60];

	ck_assert_ptr_nonnull(mkdtemp(path));
	snprintf(address, sizeof(address), "unix:%s/s", path);
	config.address = address;
	config.app = &show;
	given_a_server();
	ck_assert_str_eq(wsgi_server_address(server), address);
	when_it_serves();
	ck_assert_ptr_nonnull(strstr(when_sent(GET), "SERVER_NAME=localhost\nSERVER_PORT=80\n"
						     "REMOTE_ADDR=\n"));
	ck_assert_int_eq(when_it_is_shut_down(), 0);
	wsgi_server_destroy(server);
	server = NULL;
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

static int given_a_socket(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

START_TEST(a_listening_socket_may_be_given_in_place_of_an_address)
{
	int fd = given_a_socket();

	ck_assert_int_eq(listen(fd, 8), 0);
	config.address = NULL;
	config.fd = fd;
	given_a_server();
	ck_assert_mem_eq(wsgi_server_address(server), "127.0.0.1:", 10);
	when_it_serves();
	ck_assert(answers("hello"));
	ck_assert_int_eq(when_it_is_shut_down(), 0);
	wsgi_server_destroy(server);
	server = NULL;
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}
END_TEST

START_TEST(a_socket_that_does_not_listen_is_refused_and_still_the_callers)
{
	int fd = given_a_socket();

	config.address = NULL;
	config.fd = fd;
	ck_assert_int_eq(wsgi_server_create(&server, &config, &err), -ENOTSOCK);
	ck_assert_ptr_nonnull(strstr(err.text, "is no listening socket"));
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

static const struct {
	const char *address;
	int fd, code;
	const char *certfile, *keyfile, *words;
} refused[] = {
	{"127.0.0.1", -1, -EINVAL, NULL, NULL, "'127.0.0.1' is no address"},
	{"127.0.0.1:65536", -1, -EINVAL, NULL, NULL, "is no address"},
	{"127.0.0.1:http", -1, -EINVAL, NULL, NULL, "is no address"},
	{"::1:80", -1, -EINVAL, NULL, NULL, "is no address"},
	{"a host:0", -1, -EINVAL, NULL, NULL, "cannot listen on a host:0: "},
	{"192.0.2.1:0", -1, -EADDRNOTAVAIL, NULL, NULL, "cannot listen on 192.0.2.1:0: "},
	{"unix:", -1, -EINVAL, NULL, NULL, "the path must have"},
	{"unix:/none/s", -1, -ENOENT, NULL, NULL, "cannot listen on unix:/none/s: "},
	{NULL, -1, -EINVAL, NULL, NULL, "give an address or a descriptor"},
	{"127.0.0.1:0", 7, -EINVAL, NULL, NULL, "not both"},
	{"127.0.0.1:0", -1, -ENOENT, "/none", NULL, "cannot read the certificate in /none"},
	{"127.0.0.1:0", -1, -EINVAL, "/dev/null", NULL, "there is no certificate"},
	{"127.0.0.1:0", -1, -EINVAL, NULL, "/dev/null", "a key alone does not do"},
};

START_TEST(what_cannot_be_served_is_refused_in_words)
{
	int files = count_files();

	config.address = refused[_i].address;
	config.fd = refused[_i].fd;
	config.certfile = refused[_i].certfile;
	config.keyfile = refused[_i].keyfile;
	ck_assert_int_eq(wsgi_server_create(&server, &config, &err), refused[_i].code);
	ck_assert_int_eq(err.code, refused[_i].code);
	ck_assert_msg(strstr(err.text, refused[_i].words) != NULL, "%s", err.text);
	ck_assert_ptr_null(server);
	ck_assert_int_eq(count_files(), files);
}
END_TEST

static const char *const no_hosts[] = {"127.0.0.1:80", "unix:x", "[::1]", "fd://3", "::1:x", "["};

START_TEST(a_host_with_more_than_that_in_it_is_refused_in_words)
{
	char words[80];

	ck_assert_int_eq(wsgi_make_server(&server, no_hosts[_i], 0, &hello, &err), -EINVAL);
	ck_assert_int_eq(err.code, -EINVAL);
	snprintf(words, sizeof(words),
		 "the host '%s' is no name or address: give it without port or brackets",
		 no_hosts[_i]);
	ck_assert_str_eq(err.text, words);
	ck_assert_ptr_null(server);
}
END_TEST

START_TEST(a_port_above_the_highest_is_refused_in_words)
{
	ck_assert_int_eq(wsgi_make_server(&server, "127.0.0.1", 70000, &hello, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "port 70000 is above 65535"));
}
END_TEST

static const struct {
	unsigned threads;
	int backlog, grace_ms;
	const char *words; /* NULL: it is made */
} numbers[] = {
	{1024, 1, 1, NULL},
	{1025, 0, 0, "threads is 1025: a server has 1024 at most"},
	{70000, 0, 0, "threads is 70000: a server has 1024 at most"},
	{0, -1, 0, "backlog is -1: it cannot be negative"},
	{0, 0, -1, "grace_ms is -1: it cannot be negative"},
};

START_TEST(numbers_that_are_none_are_refused_in_words)
{
	int rc;

	config.threads = numbers[_i].threads;
	config.backlog = numbers[_i].backlog;
	config.grace_ms = numbers[_i].grace_ms;
	rc = wsgi_server_create(&server, &config, &err);
	ck_assert_int_eq(rc, numbers[_i].words != NULL ? -EINVAL : 0);
	ck_assert_str_eq(err.text, numbers[_i].words != NULL ? numbers[_i].words : "");
}
END_TEST

START_TEST(a_server_may_be_made_by_an_initializer_of_ones_own)
{
	config = (struct wsgi_server_config){.address = "127.0.0.1:0", .app = &hello};
	given_a_server();
	when_it_serves();
	ck_assert(answers("hello"));
	ck_assert_int_eq(when_it_is_shut_down(), 0);
}
END_TEST

START_TEST(no_server_can_be_destroyed)
{
	wsgi_server_destroy(NULL);
}
END_TEST

/* -- the application --------------------------------------------------------------------------- */

START_TEST(the_application_can_be_set_while_it_serves)
{
	given_a_server();
	ck_assert_ptr_eq(wsgi_server_get_app(server), &hello);
	when_it_serves();
	ck_assert(answers("\r\n\r\nhello"));
	wsgi_server_set_app(server, &bye);
	ck_assert_ptr_eq(wsgi_server_get_app(server), &bye);
	ck_assert(answers("\r\n\r\nbye"));
	ck_assert_int_eq(when_it_is_shut_down(), 0);
}
END_TEST

START_TEST(without_an_application_there_is_a_500_and_a_line_that_says_why)
{
	config.app = NULL;
	given_a_server();
	when_it_serves();
	ck_assert(answers("HTTP/1.1 500 "));
	ck_assert_int_eq(when_it_is_shut_down(), 0);
	ck_assert_int_eq(count_lines("wsgi_server_set_app() was not called"), 1);
	ck_assert_int_eq(count_lines("\n"), 2);
}
END_TEST

static const struct {
	const char *software, *name;
} names[] = {{NULL, "libwsgi/" WSGI_VERSION}, {"mine/1.0", "mine/1.0"}};

START_TEST(the_server_has_a_name)
{
	char variable[80], header[80];

	config.software = names[_i].software;
	config.app = &show;
	given_a_server();
	when_it_serves();
	snprintf(variable, sizeof(variable), "\nSERVER_SOFTWARE=%s\n", names[_i].name);
	snprintf(header, sizeof(header), "\r\nServer: %s\r\n", names[_i].name);
	ck_assert_ptr_nonnull(strstr(when_sent(GET), variable));
	ck_assert_ptr_nonnull(strstr(answer, header));
	ck_assert_int_eq(when_it_is_shut_down(), 0);
}
END_TEST

START_TEST(its_own_lines_are_libwsgis_where_no_log_is_given)
{
	const struct wsgi_log nowhere = {.fd = -1, .program = "test"};

	config.app = NULL;
	config.log = _i ? &nowhere : NULL;
	given_a_server();
	when_it_serves();
	when_sent(GET);
	ck_assert_int_eq(when_it_is_shut_down(), 0);
	ck_assert_int_eq(count_lines("libwsgi: there is no application"), _i ? 0 : 1);
	ck_assert_int_eq(count_lines("\n"), _i ? 0 : 2);
}
END_TEST

/* Writes to wsgi.errors. */
static int call_complain(struct wsgi_app *app, const struct wsgi_environ *env,
			 struct wsgi_start *start, struct wsgi_body **body)
{
	(void)app;
	ck_assert_int_eq(wsgi_errors_puts(env->errors, "a complaint\n"), 0);
	return wsgi_reply(start, body, "200 OK", "text/plain", "hello");
}

static struct wsgi_app complains = {.call = call_complain};

START_TEST(the_lines_of_requests_and_of_the_application_go_where_the_log_goes)
{
	struct wsgi_log log = {.fd = -1, .program = "test"};
	char text[500];
	int ends[2];
	ssize_t n;

	ck_assert_int_eq(pipe(ends), 0);
	if (_i)
		log.fd = ends[1];
	config.app = &complains;
	config.log = &log;
	given_a_server();
	ck_assert_ptr_eq(wsgi_server_log(server), &log);
	when_it_serves();
	ck_assert(answers("\r\n\r\nhello"));
	ck_assert_int_eq(when_it_is_shut_down(), 0);
	close(ends[1]);
	n = read(ends[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	ck_assert_str_eq(logged(), "");
	if (_i)
		ck_assert_mem_eq(text, "a complaint\n127.0.0.1 - - [", 27);
	else
		ck_assert_str_eq(text, "");
	close(ends[0]);
}
END_TEST

/* -- threads ----------------------------------------------------------------------------------- */

static const struct {
	unsigned threads;
	int most;
	const char *flag;
} crews[] = {
	{0, 1, "\nmultithread=0\nmultiprocess=0\n"},
	{1, 1, "\nmultithread=0\nmultiprocess=0\n"},
	{4, 4, "\nmultithread=1\nmultiprocess=0\n"},
};

START_TEST(so_many_requests_are_served_at_a_time_as_it_has_threads)
{
	int clients[8];

	config.threads = crews[_i].threads;
	config.app = &stays;
	stay = true;
	given_a_server();
	when_it_serves();
	for (int i = 0; i < LEN(clients); i++) {
		clients[i] = connect_to(server);
		send_text(clients[i], GET);
	}
	await_inside(crews[_i].most);
	poll(NULL, 0, 50);
	stay = false;
	for (int i = 0; i < LEN(clients); i++)
		ck_assert_ptr_nonnull(strstr(receive(clients[i]), "stayed"));
	ck_assert_int_eq(most, crews[_i].most);
	wsgi_server_set_app(server, &show);
	ck_assert(answers(crews[_i].flag));
	ck_assert_int_eq(when_it_is_shut_down(), 0);
}
END_TEST

/* What an interpreter would be told. */
static _Thread_local int entered;
static atomic_int wrong, enters, ends;

static void count_enter(struct wsgi_app *app)
{
	(void)app;
	enters++;
	wrong += entered++ != 0;
}

static void count_leave(struct wsgi_app *app)
{
	(void)app;
	wrong += --entered != 0;
}

static void count_end(struct wsgi_app *app)
{
	(void)app;
	wrong += entered != 0;
	ends++;
}

static int call_read(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		     struct wsgi_body **body)
{
	char piece[100];

	wrong += entered != 1;
	while (wsgi_input_read(env->input, piece, sizeof(piece)) > 0)
		;
	wrong += entered != 1;
	return call_hello(app, env, start, body);
}

static struct wsgi_app interpreter = {
	.call = call_read,
	.enter = count_enter,
	.leave = count_leave,
	.thread_ends = count_end,
};

START_TEST(an_interpreter_is_entered_and_left_around_each_wait)
{
	int fd;

	config.app = &interpreter;
	given_a_server();
	when_it_serves();
	fd = connect_to(server);
	send_text(fd, "POST / HTTP/1.1\r\nContent-Length: 3\r\n" CLOSE);
	for (int i = 0; i < 10000 && enters < 1; i++)
		poll(NULL, 0, 1);
	poll(NULL, 0, 20); /* it waits for the body */
	send_text(fd, "abc");
	ck_assert_ptr_nonnull(strstr(receive(fd), "hello"));
	ck_assert_int_eq(enters, 2);
	ck_assert_int_eq(ends, 0);
	wsgi_server_set_app(server, &hello);
	ck_assert(answers("hello"));
	ck_assert_int_eq(ends, 1); /* for this application the thread has ended */
	ck_assert_int_eq(when_it_is_shut_down(), 0);
	ck_assert_int_eq(ends, 1);
	ck_assert_int_eq(wrong, 0);
}
END_TEST

START_TEST(each_thread_that_called_an_application_takes_its_leave)
{
	config.app = &interpreter;
	config.threads = 3;
	given_a_server();
	when_it_serves();
	ck_assert(answers("hello"));
	ck_assert_int_eq(when_it_is_shut_down(), 0);
	ck_assert_int_eq(ends, 1);
	ck_assert_int_eq(wrong, 0);
}
END_TEST

/* -- shutdown ---------------------------------------------------------------------------------- */

START_TEST(it_serves_again_after_a_shutdown)
{
	given_a_server();
	for (int i = 0; i < 3; i++) {
		when_it_serves();
		ck_assert(answers("hello"));
		ck_assert_int_eq(when_it_is_shut_down(), 0);
	}
}
END_TEST

START_TEST(a_client_between_two_servings_is_served_by_the_second)
{
	int fd;

	given_a_server();
	when_it_serves();
	ck_assert(answers("hello"));
	ck_assert_int_eq(when_it_is_shut_down(), 0);
	fd = connect_to(server);
	send_text(fd, GET);
	when_it_serves();
	ck_assert_ptr_nonnull(strstr(receive(fd), "hello"));
	ck_assert_int_eq(when_it_is_shut_down(), 0);
}
END_TEST

START_TEST(a_shutdown_counts_for_the_next_call_once)
{
	int fd;

	given_a_server();
	fd = connect_to(server);
	send_text(fd, GET);
	wsgi_server_shutdown(server);
	wsgi_server_shutdown(server);
	ck_assert_int_eq(wsgi_server_serve_forever(server, &err), 0);
	wsgi_server_shutdown(server);
	ck_assert_int_eq(wsgi_server_handle_request(server, -1, &err), 0);
	ck_assert_str_eq(logged(), "");
	ck_assert_int_eq(wsgi_server_handle_request(server, 1000, &err), 1);
	ck_assert_ptr_nonnull(strstr(receive(fd), "hello"));
	when_it_serves();
	ck_assert(answers("hello"));
	ck_assert_int_eq(when_it_is_shut_down(), 0);
}
END_TEST

static void on_alarm(int signo)
{
	(void)signo;
	wsgi_server_shutdown(server);
}

static void given_an_alarm_in_ms(int ms, int flags)
{
	struct itimerval timer = {.it_value.tv_usec = ms * 1000};
	struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = flags};

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

START_TEST(a_signal_handler_may_shut_it_down)
{
	const int flags = _i ? SA_RESTART : 0;

	given_a_server();
	given_an_alarm_in_ms(50, flags);
	ck_assert_int_eq(wsgi_server_serve_forever(server, &err), 0);
	given_an_alarm_in_ms(50, flags);
	ck_assert_int_eq(wsgi_server_handle_request(server, -1, &err), 0);
}
END_TEST

static void forget_alarm(int signo)
{
	(void)signo;
}

START_TEST(another_signal_is_nothing_to_it)
{
	struct sigaction sa = {.sa_handler = forget_alarm};
	struct itimerval timer = {.it_value.tv_usec = 20000, .it_interval.tv_usec = 20000};
	int64_t begin = wsgi_clock_ms(), took;

	given_a_server();
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	ck_assert_int_eq(wsgi_server_handle_request(server, 200, &err), 0);
	took = wsgi_clock_ms() - begin;
	timer = (struct itimerval){0};
	setitimer(ITIMER_REAL, &timer, NULL);
	ck_assert_int_ge(took, 200);
	ck_assert_int_lt(took, 5000);
}
END_TEST

START_TEST(a_request_that_has_begun_is_answered)
{
	int fd;

	config.app = &stays;
	stay = true;
	given_a_server();
	when_it_serves();
	fd = when_a_request_is_inside();
	wsgi_server_shutdown(server);
	poll(NULL, 0, 50);
	stay = false;
	ck_assert_ptr_nonnull(strstr(receive(fd), "stayed"));
	ck_assert_int_eq(when_it_has_returned(), 0);
	ck_assert_int_eq(count_lines("cut off"), 0);
}
END_TEST

START_TEST(a_socket_is_closed_at_shutdown_if_that_is_the_end)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd, late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	config.app = &stays;
	config.close_at_shutdown = true;
	stay = true;
	given_a_server();
	sa.sin_port = htons((uint16_t)atoi(strrchr(wsgi_server_address(server), ':') + 1));
	when_it_serves();
	fd = when_a_request_is_inside();
	wsgi_server_shutdown(server);
	poll(NULL, 0, 100);
	ck_assert_int_eq(connect(late, (struct sockaddr *)&sa, sizeof(sa)), -1);
	ck_assert_int_eq(errno, ECONNREFUSED);
	stay = false;
	ck_assert_ptr_nonnull(strstr(receive(fd), "stayed"));
	ck_assert_int_eq(when_it_has_returned(), 0);
	ck_assert_int_eq(wsgi_server_serve_forever(server, &err), -EBADF);
	ck_assert_int_eq(wsgi_server_handle_request(server, 0, &err), -EBADF);
	close(late);
}
END_TEST

static int call_endless(struct wsgi_app *app, const struct wsgi_environ *env,
			struct wsgi_start *start, struct wsgi_body **body)
{
	static char block[65536];
	int rc;

	(void)app;
	(void)env;
	inside++;
	*body = wsgi_list_body(NULL, 0);
	rc = start->respond(start, "200 OK", NULL, 0, NULL);
	while (rc == 0)
		rc = start->write(start, block, sizeof(block));
	inside--;
	wsgi_body_close(*body);
	*body = NULL;
	return rc;
}

static struct wsgi_app endless = {.call = call_endless};

START_TEST(one_that_goes_on_after_that_is_cut_off)
{
	int fd;

	config.app = &endless;
	config.grace_ms = 100;
	given_a_server();
	when_it_serves();
	fd = when_a_request_is_inside();
	ck_assert_int_eq(when_it_is_shut_down(), 0);
	ck_assert_int_eq(inside, 0);
	ck_assert_int_eq(count_lines("libwsgi: 1 request not answered within 0.1 s: cut off\n"), 1);
	receive(fd);
}
END_TEST

static void log_with_ctx(struct wsgi_request_handler *r, int status, uint64_t body_bytes)
{
	if (wsgi_server_ctx(r->server) == &stay)
		wsgi_request_handler_log_request(r, status, body_bytes);
}

START_TEST(a_thread_that_stays_in_the_application_is_told_of)
{
	static const struct wsgi_request_handler_ops ops = {.log_request = log_with_ctx};
	const char *port;
	int fd;

	config.handler_class = &ops;
	config.ctx = &stay;
	config.app = &stays;
	config.grace_ms = 50;
	stay = true;
	given_a_server();
	when_it_serves();
	fd = when_a_request_is_inside();
	ck_assert_int_eq(when_it_is_shut_down(), -EDEADLK);
	ck_assert_str_eq(serve_err.text, "1 thread is still in the application");
	ck_assert_int_eq(wsgi_server_serve_forever(server, &err), -EDEADLK);
	ck_assert_int_eq(wsgi_server_handle_request(server, 0, &err), -EDEADLK);
	port = strdup(wsgi_server_address(server));
	wsgi_server_destroy(server); /* of its socket at least nothing is left */
	config.address = port;
	given_a_server();
	close(fd);
	stay = false;
	for (int i = 0; i < 10000 && count_lines("500 0\n") < 1; i++)
		poll(NULL, 0, 1);
	ck_assert_int_eq(count_lines("\"GET / HTTP/1.1\" 500 0\n"), 1);
}
END_TEST

/* -- handle_request ---------------------------------------------------------------------------- */

START_TEST(handle_request_serves_one_request_and_closes)
{
	int first, second;

	given_a_server();
	first = connect_to(server);
	send_text(first, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
	second = connect_to(server);
	send_text(second, GET);
	ck_assert_int_eq(wsgi_server_handle_request(server, -1, &err), 1);
	ck_assert_int_eq(count_lines("\"GET /1 HTTP/1.1\" 200 5\n"), 1);
	ck_assert_int_eq(count_lines("\n"), 1);
	ck_assert_ptr_nonnull(strstr(receive(first), "\r\nConnection: close\r\n"));
	ck_assert_ptr_nonnull(strstr(answer, "hello"));
	ck_assert_ptr_null(strstr(strstr(answer, "hello"), "HTTP/1.1"));
	ck_assert_int_eq(wsgi_server_handle_request(server, 0, &err), 1);
	ck_assert_ptr_nonnull(strstr(receive(second), "hello"));
	ck_assert_int_eq(wsgi_server_handle_request(server, 0, &err), 0);
	ck_assert_int_eq(count_lines("\n"), 2);
}
END_TEST

START_TEST(it_waits_for_a_connection_as_long_as_it_is_told)
{
	int64_t begin = wsgi_clock_ms();

	given_a_server();
	ck_assert_int_eq(wsgi_server_handle_request(server, 150, &err), 0);
	ck_assert_int_ge(wsgi_clock_ms() - begin, 150);
	ck_assert_int_lt(wsgi_clock_ms() - begin, 5000);
}
END_TEST

START_TEST(a_client_that_sends_nothing_is_a_request_too)
{
	given_a_server();
	close(connect_to(server));
	ck_assert_int_eq(wsgi_server_handle_request(server, -1, &err), 1);
	ck_assert_str_eq(logged(), "");
}
END_TEST

START_TEST(what_is_no_request_is_answered_400)
{
	int fd;

	given_a_server();
	fd = connect_to(server);
	send_text(fd, "GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n");
	ck_assert_int_eq(wsgi_server_handle_request(server, -1, &err), 1);
	ck_assert_mem_eq(receive(fd), "HTTP/1.1 400 ", 13);
}
END_TEST

static int count_listening(void)
{
	socklen_t len;
	int n = 0, on;

	for (int fd = 3; fd < 200; fd++) {
		len = sizeof(on);
		n += getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on;
	}
	return n;
}

START_TEST(handle_request_returns_when_the_application_has_though_the_client_left)
{
	int fd;

	config.app = &stays;
	config.grace_ms = 50; /* which is for a shutdown, and this is none */
	stay = true;
	given_a_server();
	fd = connect_to(server);
	send_text(fd, GET);
	when_it_handles_a_request();
	await_inside(1);
	ck_assert_int_eq(count_listening(), 1);
	close(fd);
	poll(NULL, 0, 1000);
	ck_assert_int_eq(inside, 1);
	stay = false;
	ck_assert_int_eq(when_it_has_returned(), 1);
	ck_assert_int_eq(inside, 0);
}
END_TEST

START_TEST(a_shutdown_in_the_middle_counts_for_the_next_handle_request)
{
	int fd;

	config.app = &stays;
	stay = true;
	given_a_server();
	fd = connect_to(server);
	send_text(fd, GET);
	when_it_handles_a_request();
	await_inside(1);
	wsgi_server_shutdown(server);
	poll(NULL, 0, 20);
	stay = false;
	ck_assert_int_eq(when_it_has_returned(), 1);
	ck_assert_ptr_nonnull(strstr(receive(fd), "stayed"));
	ck_assert_int_eq(wsgi_server_handle_request(server, -1, &err), 0);
	ck_assert_int_eq(wsgi_server_handle_request(server, 0, &err), 0);
}
END_TEST

START_TEST(a_request_that_was_cut_off_is_nothing_to_the_next)
{
	int cut, next;

	config.app = &endless;
	config.grace_ms = 50;
	given_a_server();
	cut = connect_to(server);
	send_text(cut, GET);
	when_it_handles_a_request();
	await_inside(1);
	ck_assert_int_eq(when_it_is_shut_down(), 1);
	close(cut);
	ck_assert_int_eq(wsgi_server_handle_request(server, -1, &err), 0);
	wsgi_server_set_app(server, &stays);
	stay = true;
	next = connect_to(server);
	send_text(next, GET);
	when_it_handles_a_request();
	await_inside(1);
	poll(NULL, 0, 200); /* longer than the grace */
	stay = false;
	ck_assert_int_eq(when_it_has_returned(), 1);
	ck_assert_ptr_nonnull(strstr(receive(next), "stayed"));
	ck_assert_int_eq(count_lines("cut off"), 1);
}
END_TEST

START_TEST(handle_request_and_serve_forever_leave_nothing_behind)
{
	int files;

	given_a_server();
	files = count_files();
	for (int i = 0; i < 20; i++) {
		int fd = connect_to(server);

		send_text(fd, GET);
		ck_assert_int_eq(wsgi_server_handle_request(server, -1, &err), 1);
		ck_assert_ptr_nonnull(strstr(receive(fd), "hello"));
		when_it_serves();
		ck_assert(answers("hello"));
		ck_assert_int_eq(when_it_is_shut_down(), 0);
	}
	ck_assert_int_eq(count_files(), files);
}
END_TEST

/* -- the process it is in ---------------------------------------------------------------------- */

START_TEST(no_signal_of_the_program_is_touched)
{
	struct sigaction before[NSIG], after;
	sigset_t mask;

	for (int i = 1; i < NSIG; i++)
		if (sigaction(i, NULL, &before[i]) != 0)
			before[i].sa_handler = SIG_DFL;
	given_a_server();
	when_it_serves();
	ck_assert(answers("hello"));
	for (int i = 1; i < NSIG; i++)
		if (sigaction(i, NULL, &after) == 0)
			ck_assert_msg(after.sa_handler == before[i].sa_handler, "signal %d", i);
	ck_assert_int_eq(when_it_is_shut_down(), 0);
	ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
	ck_assert_int_eq(sigismember(&mask, SIGPIPE), 0);
}
END_TEST

START_TEST(a_client_that_leaves_does_not_end_the_program)
{
	signal(SIGPIPE, SIG_DFL);
	config.app = &endless;
	given_a_server();
	when_it_serves();
	for (int i = 0; i < 5; i++) {
		int fd = connect_to(server);

		send_text(fd, GET);
		ck_assert_int_gt(recv(fd, answer, 1000, 0), 0);
		close(fd);
		for (int j = 0; j < 10000 && inside > 0; j++)
			poll(NULL, 0, 1);
		ck_assert_int_eq(inside, 0);
	}
	wsgi_server_set_app(server, &hello);
	ck_assert(answers("hello"));
	ck_assert_int_eq(when_it_is_shut_down(), 0);
}
END_TEST

/* Whether this process has a socket with a server's address: it listens, or was accepted. */
static bool has_socket_of(const struct wsgi_server *s)
{
	const int port = atoi(strrchr(wsgi_server_address(s), ':') + 1);
	struct sockaddr_in addr;
	socklen_t len;

	for (int fd = 3; fd < 200; fd++) {
		len = sizeof(addr);
		if (getsockname(fd, (struct sockaddr *)&addr, &len) == 0 &&
		    addr.sin_family == AF_INET && ntohs(addr.sin_port) == port)
			return true;
	}
	return false;
}

static struct wsgi_server *second;
static bool second_serves, child_fails;
static int child_status;

static int look_around_in_child(void)
{
	if (has_socket_of(server))
		return 1;
	return has_socket_of(second) == second_serves ? 2 : 0;
}

static int call_fork(struct wsgi_app *app, const struct wsgi_environ *env, struct wsgi_start *start,
		     struct wsgi_body **body)
{
	bool had = has_socket_of(server) && has_socket_of(second);
	pid_t pid = fork();
	int found;

	if (pid == 0) {
		found = had ? look_around_in_child() : 3;
		if (found != 0)
			_exit(found);
		wsgi_server_shutdown(server); /* is nothing to the parent */
		wsgi_server_destroy(server);
		if (child_fails)
			return wsgi_fail(start->failure, -EIO, "which nobody reads");
		return call_bye(app, env, start, body); /* which nobody hears */
	}
	waitpid(pid, &child_status, 0);
	return call_hello(app, env, start, body);
}

static struct wsgi_app forks = {.call = call_fork};

START_TEST(a_child_of_the_application_has_nothing_of_what_serves)
{
	pthread_t thread;

	config.threads = 2;
	second_serves = _i & 1;
	child_fails = _i & 2;
	given_a_server();
	second = server;
	if (second_serves)
		ck_assert_int_eq(pthread_create(&thread, NULL, serve_forever, second), 0);
	while (second_serves && !answers("hello"))
		;
	config.app = &forks;
	given_a_server();
	when_it_serves();
	for (int i = 0; i < 5; i++) {
		child_status = -1;
		ck_assert(answers("\r\n\r\nhello"));
		ck_assert_int_eq(child_status, 0);
	}
	ck_assert_int_eq(when_it_is_shut_down(), 0);
	ck_assert_int_eq(count_lines("\n"), 5 + second_serves);
	wsgi_server_shutdown(second);
	if (second_serves)
		pthread_join(thread, NULL);
	wsgi_server_destroy(second);
}
END_TEST

START_TEST(a_program_may_fork_first_and_serve_then)
{
	int fd, status;
	pid_t pid;

	given_a_server();
	fd = connect_to(server);
	send_text(fd, GET);
	pid = fork();
	if (pid == 0)
		_exit(wsgi_server_handle_request(server, 5000, &err) == 1 ? 0 : 1);
	ck_assert_ptr_nonnull(strstr(receive(fd), "hello"));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* -- TLS --------------------------------------------------------------------------------------- */

/* A server with a certificate of its own, which need not be there any more. */
static void given_a_server_with_tls(void)
{
	char folder[] = "/tmp/test_server.XXXXXX", cert[60], key[60], line[600];

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(cert, sizeof(cert), "%s/cert", folder);
	snprintf(key, sizeof(key), "%s/key", folder);
	snprintf(line, sizeof(line),
		 "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
		 "-subj /CN=localhost -out %s -keyout %s 2>/dev/null",
		 cert, key);
	ck_assert_int_eq(system(line), 0);
	config.certfile = cert;
	config.keyfile = key;
	given_a_server();
	snprintf(line, sizeof(line), "rm -r %s", folder);
	ck_assert_int_eq(system(line), 0);
}

/* What curl gets, the first n bytes of it. */
static const char *when_asked_by_curl(int n)
{
	char line[200];
	FILE *client;

	snprintf(line, sizeof(line), "curl -sk --max-time 10 https://%s/ | head -c %d",
		 wsgi_server_address(server), n);
	client = popen(line, "r");
	answer[fread(answer, 1, sizeof(answer) - 1, client)] = '\0';
	ck_assert_int_eq(pclose(client), 0);
	return answer;
}

START_TEST(https_is_served_by_both_ways)
{
	config.app = &show;
	given_a_server_with_tls();
	if (_i)
		when_it_serves();
	else
		when_it_handles_a_request();
	ck_assert_ptr_nonnull(strstr(when_asked_by_curl(1000), "\nscheme=https\n"));
	ck_assert_int_eq(_i ? when_it_is_shut_down() : when_it_has_returned(), _i ? 0 : 1);
}
END_TEST

START_TEST(a_client_that_leaves_tls_does_not_end_the_program)
{
	signal(SIGPIPE, SIG_DFL);
	config.app = &endless;
	given_a_server_with_tls();
	when_it_serves();
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(strlen(when_asked_by_curl(1000)), 0); /* NULs */
		for (int j = 0; j < 10000 && inside > 0; j++)
			poll(NULL, 0, 1);
		ck_assert_int_eq(inside, 0);
	}
	wsgi_server_set_app(server, &hello);
	ck_assert_str_eq(when_asked_by_curl(1000), "hello");
	ck_assert_int_eq(when_it_is_shut_down(), 0);
	ck_assert_int_eq(count_lines("\n"), 4);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, a_server_is_made_as_by_make_server, 0, LEN(hosts));
	tcase_add_test(tc, a_port_can_be_named_and_is_used_once);
	tcase_add_test(tc, a_unix_socket_is_there_as_long_as_the_server);
	tcase_add_test(tc, a_listening_socket_may_be_given_in_place_of_an_address);
	tcase_add_test(tc, a_socket_that_does_not_listen_is_refused_and_still_the_callers);
	tcase_add_loop_test(tc, what_cannot_be_served_is_refused_in_words, 0, LEN(refused));
	tcase_add_loop_test(tc, a_host_with_more_than_that_in_it_is_refused_in_words, 0,
			    LEN(no_hosts));
	tcase_add_test(tc, a_port_above_the_highest_is_refused_in_words);
	tcase_add_loop_test(tc, numbers_that_are_none_are_refused_in_words, 0, LEN(numbers));
	tcase_add_test(tc, a_server_may_be_made_by_an_initializer_of_ones_own);
	tcase_add_test(tc, no_server_can_be_destroyed);
	tcase_add_test(tc, the_application_can_be_set_while_it_serves);
	tcase_add_test(tc, without_an_application_there_is_a_500_and_a_line_that_says_why);
	tcase_add_loop_test(tc, the_server_has_a_name, 0, LEN(names));
	tcase_add_loop_test(tc, its_own_lines_are_libwsgis_where_no_log_is_given, 0, 2);
	tcase_add_loop_test(tc, the_lines_of_requests_and_of_the_application_go_where_the_log_goes,
			    0, 2);
	tcase_add_loop_test(tc, so_many_requests_are_served_at_a_time_as_it_has_threads, 0,
			    LEN(crews));
	tcase_add_test(tc, an_interpreter_is_entered_and_left_around_each_wait);
	tcase_add_test(tc, each_thread_that_called_an_application_takes_its_leave);
	tcase_add_test(tc, no_signal_of_the_program_is_touched);
	tcase_add_test(tc, a_client_that_leaves_does_not_end_the_program);
	tcase_add_loop_test(tc, a_child_of_the_application_has_nothing_of_what_serves, 0, 4);
	tcase_add_test(tc, a_program_may_fork_first_and_serve_then);
	tcase_add_loop_test(tc, https_is_served_by_both_ways, 0, 2);
	tcase_add_test(tc, a_client_that_leaves_tls_does_not_end_the_program);
}

static void add_tests_of_the_end(TCase *tc)
{
	tcase_add_test(tc, it_serves_again_after_a_shutdown);
	tcase_add_test(tc, a_client_between_two_servings_is_served_by_the_second);
	tcase_add_test(tc, a_shutdown_counts_for_the_next_call_once);
	tcase_add_loop_test(tc, a_signal_handler_may_shut_it_down, 0, 2);
	tcase_add_test(tc, another_signal_is_nothing_to_it);
	tcase_add_test(tc, a_request_that_has_begun_is_answered);
	tcase_add_test(tc, a_socket_is_closed_at_shutdown_if_that_is_the_end);
	tcase_add_test(tc, one_that_goes_on_after_that_is_cut_off);
	tcase_add_test(tc, a_thread_that_stays_in_the_application_is_told_of);
	tcase_add_test(tc, handle_request_serves_one_request_and_closes);
	tcase_add_test(tc, it_waits_for_a_connection_as_long_as_it_is_told);
	tcase_add_test(tc, a_client_that_sends_nothing_is_a_request_too);
	tcase_add_test(tc, what_is_no_request_is_answered_400);
	tcase_add_test(tc, handle_request_returns_when_the_application_has_though_the_client_left);
	tcase_add_test(tc, a_shutdown_in_the_middle_counts_for_the_next_handle_request);
	tcase_add_test(tc, a_request_that_was_cut_off_is_nothing_to_the_next);
	tcase_add_test(tc, handle_request_and_serve_forever_leave_nothing_behind);
}

int main(void)
{
	Suite *s = suite_create("server");
	TCase *tc = tcase_create("server");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	add_tests(tc);
	add_tests_of_the_end(tc);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
