#ifndef TESTS_SERVER_CLIENT_H
#define TESTS_SERVER_CLIENT_H

/*
 * A server in this process, the thread that serves, a client that speaks bytes, and what comes out
 * on standard error.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/server.h"
#include "wsgi/body.h"

#define CLOSE "Host: h\r\nConnection: close\r\n\r\n"
#define GET "GET / HTTP/1.1\r\n" CLOSE

static struct wsgi_server *server;
static struct wsgi_server_config config;
static struct wsgi_error err;
static char answer[2 * 1024 * 1024];
static int saved_stderr, log_fd;

/* -- the application --------------------------------------------------------------------------- */

static inline int call_hello(struct wsgi_app *app, const struct wsgi_environ *env,
			     struct wsgi_start *start, struct wsgi_body **body)
{
	(void)app;
	(void)env;
	return wsgi_reply(start, body, "200 OK", "text/plain", "hello");
}

static struct wsgi_app hello = {.call = call_hello};

/* -- the server -------------------------------------------------------------------------------- */

static inline void given_a_server(void)
{
	int rc = wsgi_server_create(&server, &config, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
}

static pthread_t serving;
static int served;
static struct wsgi_error serve_err;

static inline void *serve_forever(void *arg)
{
	served = wsgi_server_serve_forever(arg, &serve_err);
	return NULL;
}

static inline void *handle_request(void *arg)
{
	served = wsgi_server_handle_request(arg, 10000, &serve_err);
	return NULL;
}

static inline void when_it_serves(void)
{
	ck_assert_int_eq(pthread_create(&serving, NULL, serve_forever, server), 0);
}

static inline void when_it_handles_a_request(void)
{
	ck_assert_int_eq(pthread_create(&serving, NULL, handle_request, server), 0);
}

/* What serve_forever() or handle_request() returned. */
static inline int when_it_has_returned(void)
{
	pthread_join(serving, NULL);
	return served;
}

static inline int when_it_is_shut_down(void)
{
	wsgi_server_shutdown(server);
	return when_it_has_returned();
}

/* -- the client -------------------------------------------------------------------------------- */

static inline int connect_unix(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static inline int connect_tcp(int family, const char *address)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	unsigned short port = htons((unsigned short)atoi(strrchr(address, ':') + 1));
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

	in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in4.sin_port = in6.sin6_port = port;
	if (family == AF_INET)
		rc = connect(fd, (struct sockaddr *)&in4, sizeof(in4));
	else
		rc = connect(fd, (struct sockaddr *)&in6, sizeof(in6));
	ck_assert_msg(rc == 0, "%s: %s", address, strerror(errno));
	return fd;
}

/* A connection to a server, on loopback. */
static inline int connect_to(const struct wsgi_server *s)
{
	const char *address = wsgi_server_address(s);

	if (strncmp(address, "unix:", 5) == 0)
		return connect_unix(address + 5);
	return connect_tcp(address[0] == '[' ? AF_INET6 : AF_INET, address);
}

static inline void send_text(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* All that comes until the connection's end, which closes fd, in answer. */
static inline const char *receive(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len + 1 < sizeof(answer)) {
		ck_assert_msg(poll(&p, 1, 10000) == 1, "no answer within 10 s");
		n = recv(fd, answer + len, sizeof(answer) - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
	}
	answer[len] = '\0';
	close(fd);
	return answer;
}

static inline const char *when_sent(const char *request)
{
	int fd = connect_to(server);

	send_text(fd, request);
	return receive(fd);
}

static inline bool answers(const char *text)
{
	return strstr(when_sent(GET), text) != NULL;
}

/* -- standard error ---------------------------------------------------------------------------- */

/* What was written to it so far. */
static inline const char *logged(void)
{
	static char text[64 * 1024];
	ssize_t n = pread(log_fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static inline int count_lines(const char *with)
{
	int n = 0;

	for (const char *p = logged(); (p = strstr(p, with)) != NULL; p++)
		n++;
	return n;
}

static inline void set_up(void)
{
	FILE *log = tmpfile();

	fflush(stderr);
	saved_stderr = dup(STDERR_FILENO);
	log_fd = dup(fileno(log));
	fclose(log);
	dup2(log_fd, STDERR_FILENO);
	server = NULL;
	err = serve_err = (struct wsgi_error){0};
	config = wsgi_server_default_config;
	config.address = "127.0.0.1:0";
	config.app = &hello;
}

static inline void tear_down(void)
{
	wsgi_server_destroy(server);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(log_fd);
}

#endif
