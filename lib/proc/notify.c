#include "proc/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"

static const char socket_name[] = "NOTIFY_SOCKET", usec_name[] = "WATCHDOG_USEC",
		  pid_name[] = "WATCHDOG_PID";

enum { STATUS_BYTES = 400 };

/* -- what is asked for ------------------------------------------------------------------------- */

static bool is_number(const char *text, uint64_t most, uint64_t *number)
{
	const size_t len = strlen(text);

	if (len == 0 || len > 18 || strspn(text, "0123456789") != len)
		return false;
	*number = strtoull(text, NULL, 10);
	return *number <= most;
}

/* "/run/systemd/notify", or "@name" of a socket in the abstract namespace. */
static int read_socket(struct wsgi_notify *n, const char *name, struct wsgi_error *err)
{
	static const struct timeval second = {.tv_sec = 1};
	const size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || name[1] == '\0' || len >= sizeof(n->to.sun_path))
		return wsgi_fail(err, -EINVAL,
				 "%s is '%s': it must be a path or begin with '@', and have less "
				 "than %zu bytes; the service manager is told nothing",
				 socket_name, name, sizeof(n->to.sun_path));
	n->to = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(n->to.sun_path, name, len);
	n->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (name[0] == '@')
		n->to.sun_path[0] = '\0';
	else
		n->to_len++; /* a path's NUL */
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (n->fd < 0)
		return wsgi_fail(err, -errno, "cannot tell the service manager anything: %s",
				 strerror(errno));
	setsockopt(n->fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
	return 0;
}

static int read_watchdog(struct wsgi_notify *n, const char *usec, const char *pid,
			 struct wsgi_error *err)
{
	uint64_t number;

	if (pid != NULL && is_number(pid, INT32_MAX, &number) && number != (uint64_t)getpid())
		return 0; /* another process is watched */
	if (!is_number(usec, INT64_MAX, &number) || number == 0)
		return wsgi_fail(err, -EINVAL, "%s is '%s', which is no number of microseconds",
				 usec_name, usec);
	n->watchdog_ms = number >= 1000 ? (int64_t)(number / 1000) : 1;
	return 0;
}

int wsgi_notify_open(struct wsgi_notify *n, struct wsgi_error *err)
{
	const char *name = getenv(socket_name), *usec = getenv(usec_name);
	int rc = 0;

	*n = (struct wsgi_notify){.fd = -1};
	if (name != NULL && *name != '\0')
		rc = read_socket(n, name, err);
	if (rc == 0 && n->fd >= 0 && usec != NULL)
		rc = read_watchdog(n, usec, getenv(pid_name), err);
	unsetenv(socket_name);
	unsetenv(usec_name);
	unsetenv(pid_name);
	if (rc != 0)
		wsgi_notify_finish(n);
	return rc;
}

void wsgi_notify_finish(struct wsgi_notify *n)
{
	if (n->fd > 0)
		close(n->fd);
	*n = (struct wsgi_notify){.fd = -1};
}

int wsgi_notify_hand_on(const struct wsgi_notify *n)
{
	char name[sizeof(n->to.sun_path) + 1], usec[32];
	const size_t len = n->to_len - offsetof(struct sockaddr_un, sun_path);

	if (n->fd <= 0)
		return 0;
	memcpy(name, n->to.sun_path, len);
	name[len] = '\0';
	if (name[0] == '\0')
		name[0] = '@';
	if (setenv(socket_name, name, 1) != 0)
		return -ENOMEM;
	if (n->watchdog_ms == 0)
		return 0;
	snprintf(usec, sizeof(usec), "%" PRId64, n->watchdog_ms * 1000);
	return setenv(usec_name, usec, 1) == 0 ? 0 : -ENOMEM;
}

/* -- telling ----------------------------------------------------------------------------------- */

static void tell(const struct wsgi_notify *n, const char *lines, const char *status)
{
	char text[STATUS_BYTES + 100];
	int len = snprintf(text, sizeof(text), "%s%s%.*s", lines, status != NULL ? "STATUS=" : "",
			   STATUS_BYTES, status != NULL ? status : "");

	if (n->fd <= 0)
		return;
	/* A line of it would be taken for a word of the protocol. */
	for (char *c = text + strlen(lines); *c != '\0'; c++)
		if (*c == '\n')
			*c = ' ';
	while (sendto(n->fd, text, (size_t)len, MSG_NOSIGNAL, (const struct sockaddr *)&n->to,
		      n->to_len) < 0 &&
	       errno == EINTR)
		;
}

void wsgi_notify_ready(struct wsgi_notify *n, const char *status)
{
	tell(n, "READY=1\n", status);
}

/* systemd tells by the clock which READY=1 belongs to this (Type=notify-reload). */
void wsgi_notify_reloading(struct wsgi_notify *n, const char *status)
{
	char lines[80];

	snprintf(lines, sizeof(lines), "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\n",
		 wsgi_clock_us(CLOCK_MONOTONIC));
	tell(n, lines, status);
}

void wsgi_notify_stopping(struct wsgi_notify *n, const char *status)
{
	tell(n, "STOPPING=1\n", status);
}

void wsgi_notify_alive(struct wsgi_notify *n)
{
	tell(n, "WATCHDOG=1\n", NULL);
}
