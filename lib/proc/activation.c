#include "proc/activation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc/listener.h"

static const char pid_name[] = "LISTEN_PID", fds_name[] = "LISTEN_FDS",
		  names_name[] = "LISTEN_FDNAMES";

static bool is_number(const char *text, long *number)
{
	const size_t len = strlen(text);

	if (len == 0 || len > 9 || strspn(text, "0123456789") != len)
		return false;
	*number = strtol(text, NULL, 10);
	return true;
}

static int take_one(int fd, struct wsgi_error *err)
{
	if (!wsgi_listener_is(fd))
		return wsgi_fail(err, -EINVAL,
				 "%s: descriptor %d is no socket that listens: let the socket's "
				 "unit have ListenStream= and Accept=no",
				 fds_name, fd);
	return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? 0 : wsgi_fail(err, -errno, "fcntl");
}

static int take(const char *fds, int *count, struct wsgi_error *err)
{
	long number;
	int rc = 0;

	if (!is_number(fds, &number) || number > WSGI_ACTIVATION_MOST)
		return wsgi_fail(err, -EINVAL, "%s is '%s', which is no number from 0 to %d",
				 fds_name, fds, WSGI_ACTIVATION_MOST);
	for (int i = 0; rc == 0 && i < number; i++)
		rc = take_one(WSGI_ACTIVATION_FIRST + i, err);
	if (rc == 0)
		*count = (int)number;
	return rc;
}

bool wsgi_activation_is_given(void)
{
	const char *pid = getenv(pid_name);

	return pid != NULL && strtol(pid, NULL, 10) == (long)getpid();
}

int wsgi_activation_take(int *count, struct wsgi_error *err)
{
	const char *pid = getenv(pid_name), *fds = getenv(fds_name);
	long number;
	int rc = 0;

	*count = 0;
	/* Of another process: a shell in between had them, and did not exec us. */
	if (pid != NULL && fds != NULL && is_number(pid, &number) && number == getpid())
		rc = take(fds, count, err);
	unsetenv(pid_name);
	unsetenv(fds_name);
	unsetenv(names_name);
	return rc;
}
