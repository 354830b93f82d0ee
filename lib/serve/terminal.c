#include "serve/terminal.h"

#include <signal.h>
#include <unistd.h>

/* False too when fd is not the terminal that controls this process. */
static bool is_in_foreground(int fd)
{
	return tcgetpgrp(fd) == getpgrp();
}

void wsgi_terminal_keep(struct wsgi_terminal *t, int fd)
{
	t->fd = fd;
	t->is_kept = is_in_foreground(fd) && tcgetattr(fd, &t->mode) == 0;
}

void wsgi_terminal_restore(const struct wsgi_terminal *t)
{
	sigset_t stop, before;

	if (!t->is_kept || !is_in_foreground(t->fd))
		return;
	/* The shell may put this process in the background just now: it is not stopped for it. */
	sigemptyset(&stop);
	sigaddset(&stop, SIGTTOU);
	sigprocmask(SIG_BLOCK, &stop, &before);
	tcsetattr(t->fd, TCSANOW, &t->mode);
	sigprocmask(SIG_SETMASK, &before, NULL);
}
