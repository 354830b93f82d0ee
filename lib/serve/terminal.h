#ifndef WSGI_SERVE_TERMINAL_H
#define WSGI_SERVE_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

/*
 * terminal - gives a terminal back the mode that it had: a debugger reads it without echo, and may
 * be killed at its prompt.
 *
 * Shape    a terminal of which this process has the foreground; in the background, or when it is
 *          no terminal, nothing is kept and nothing set: the mode is the business of others.
 */
struct wsgi_terminal {
	int fd;
	bool is_kept;
	struct termios mode;
};

/* Keep the mode of fd, which stays open until it is restored. */
void wsgi_terminal_keep(struct wsgi_terminal *t, int fd);

/* Set what was kept. */
void wsgi_terminal_restore(const struct wsgi_terminal *t);

#endif
