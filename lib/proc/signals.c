#include "proc/signals.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int wanted[] = {SIGTERM, SIGINT,  SIGQUIT, SIGHUP, SIGUSR1,
			     SIGUSR2, SIGTTIN, SIGTTOU, SIGCHLD};

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

int wsgi_signals_open(struct wsgi_signals *s, int after_exec, struct wsgi_error *err)
{
	sigset_t set;

	*s = (struct wsgi_signals){.fd = -1};
	sigemptyset(&set);
	for (size_t i = 0; i < LEN(wanted); i++)
		sigaddset(&set, wanted[i]);
	s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->fd < 0)
		return wsgi_fail(err, -errno, "no descriptor for signals: %s", strerror(errno));
	signal(SIGCHLD, SIG_DFL); /* one that is ignored leaves no status */
	s->on_sigpipe = signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, &s->mask);
	for (size_t i = 0; after_exec && i < LEN(wanted); i++)
		sigdelset(&s->mask, wanted[i]);
	if (after_exec)
		s->on_sigpipe = SIG_DFL;
	return 0;
}

int wsgi_signals_next(const struct wsgi_signals *s)
{
	struct signalfd_siginfo info;

	return read(s->fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}

void wsgi_signals_leave(struct wsgi_signals *s)
{
	if (s->fd < 0)
		return;
	close(s->fd);
	s->fd = -1;
	signal(SIGPIPE, s->on_sigpipe);
}

void wsgi_signals_close(struct wsgi_signals *s)
{
	if (s->fd < 0)
		return;
	wsgi_signals_leave(s);
	sigprocmask(SIG_SETMASK, &s->mask, NULL);
}
