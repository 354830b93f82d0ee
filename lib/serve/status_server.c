#include "serve/status_server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/program.h"

/* The wsgi-serve that belongs to this program: what stands beside it. */
static int find_server(char path[PATH_MAX], struct wsgi_error *err)
{
	static const char name[] = "wsgi-serve";
	char *program = wsgi_program_path();

	if (program == NULL)
		return wsgi_fail(err, -errno, "--status-socket: /proc/self/exe: %s",
				 strerror(errno));
	*strrchr(program, '/') = '\0'; /* it is absolute */
	snprintf(path, PATH_MAX, "%s/%s", program, name);
	free(program);
	if (access(path, X_OK) != 0)
		return wsgi_fail(err, -errno,
				 "--status-socket wants %s, which answers HTTP: %s: install it "
				 "there, or use --status-path",
				 path, strerror(errno));
	return 0;
}

int wsgi_status_server_check(struct wsgi_error *err)
{
	char path[PATH_MAX];

	return find_server(path, err) == 0 ? 0 : -ENOEXEC;
}

/* -- the child --------------------------------------------------------------------------------- */

static _Noreturn void die(const struct wsgi_error *err)
{
	const struct wsgi_log log = {STDERR_FILENO, "wsgi-fcgi", WSGI_LOG_ERROR};

	wsgi_log(&log, WSGI_LOG_ERROR, "--status-socket: %s", err->text);
	_exit(EX_UNAVAILABLE);
}

/* The master may catch some and block some: an exec keeps what is blocked and what is ignored. */
static void reset_signals(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t none;

	sigaction(SIGTERM, &ignore, NULL);
	sigaction(SIGINT, &ignore, NULL);
	sigaction(SIGHUP, &ignore, NULL);
	sigaction(SIGQUIT, &ignore, NULL);
	sigaction(SIGUSR1, &ignore, NULL);
	sigaction(SIGUSR2, &ignore, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void let_through(int fd, struct wsgi_error *err)
{
	if (fcntl(fd, F_SETFD, 0) == 0)
		return;
	wsgi_fail(err, -errno, "descriptor %d: %s", fd, strerror(errno));
	die(err);
}

static _Noreturn void become(const char *path, pid_t master, int fd, int board, int line,
			     const struct wsgi_priv *priv)
{
	char bind[32], words[64], name[] = "wsgi-serve";
	char *argv[] = {name, bind, words, NULL};
	struct wsgi_error err = {0};

	reset_signals();
	if (priv != NULL && wsgi_priv_drop(priv, &err) != 0)
		die(&err);
	/* After the change of user, which clears it. Should the master be killed, and a fork of its
	 * hold the line open. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != master)
		_exit(EX_OK);
	let_through(fd, &err);
	let_through(board, &err);
	let_through(line, &err);
	snprintf(bind, sizeof(bind), "--bind=fd://%d", fd);
	snprintf(words, sizeof(words), "--status-board=%d,%d", board, line);
	execv(path, argv);
	wsgi_fail(&err, -errno, "%s: %s", path, strerror(errno));
	die(&err);
}

/* -- the master -------------------------------------------------------------------------------- */

int wsgi_status_server_start(struct wsgi_status_server *s, int fd, const struct wsgi_board *board,
			     const struct wsgi_priv *priv, struct wsgi_error *err)
{
	const pid_t master = getpid();
	char path[PATH_MAX];
	int line[2], rc;

	*s = (struct wsgi_status_server){0};
	rc = find_server(path, err);
	if (rc != 0)
		return rc;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line) != 0)
		return wsgi_fail(err, -errno, "--status-socket: socketpair: %s", strerror(errno));
	s->pid = fork();
	if (s->pid == 0)
		become(path, master, fd, board->fd, line[1], priv);
	rc = s->pid < 0 ? wsgi_fail(err, -errno, "--status-socket: fork: %s", strerror(errno)) : 0;
	close(line[1]);
	s->line = line[0];
	if (rc != 0) {
		close(line[0]);
		*s = (struct wsgi_status_server){0};
	}
	return rc;
}

void wsgi_status_server_stop(struct wsgi_status_server *s)
{
	if (s->pid == 0)
		return;
	/* Its end, whoever has a copy of the descriptor. */
	shutdown(s->line, SHUT_RDWR);
	wsgi_status_server_forget(s);
}

void wsgi_status_server_forget(struct wsgi_status_server *s)
{
	if (s->pid == 0)
		return;
	close(s->line);
	*s = (struct wsgi_status_server){0};
}
