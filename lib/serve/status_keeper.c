#include "serve/status_keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { BACKLOG = 128, AGAIN_MS = 1000, GRACE_MS = 1000 };

static bool is_open(const struct wsgi_status_keeper *k)
{
	return k->listener.name != NULL;
}

const struct wsgi_listener *wsgi_status_keeper_listener(const struct wsgi_status_keeper *k)
{
	return is_open(k) ? &k->listener : NULL;
}

int wsgi_status_keeper_open(struct wsgi_status_keeper *k, const char *address,
			    const struct wsgi_listener *left, const struct wsgi_priv *priv,
			    const struct wsgi_log *log, struct wsgi_error *err)
{
	int rc;

	*k = (struct wsgi_status_keeper){.listener = *left, .priv = priv, .log = log, .board = -1};
	if (address == NULL)
		return 0;
	rc = wsgi_status_server_check(err);
	if (rc == 0 && left->fd < 0)
		rc = wsgi_listener_open(&k->listener, address, BACKLOG, err);
	if (rc == 0 && k->listener.name == NULL) {
		wsgi_listener_finish(&k->listener);
		rc = wsgi_fail(err, -ENOMEM, "out of memory");
	}
	return rc;
}

void wsgi_status_keeper_say(const struct wsgi_status_keeper *k)
{
	const char *name = k->listener.name;

	if (!is_open(k))
		return;
	if (strncmp(name, "unix:", 5) == 0)
		wsgi_log(k->log, WSGI_LOG_INFO, "status on %s", name);
	else
		wsgi_log(k->log, WSGI_LOG_INFO, "status on http://%s/status?html", name);
}

/* It answers what it has begun, and ends by itself; whoever asks now waits for the next one. */
static void let_go(struct wsgi_status_keeper *k)
{
	wsgi_status_server_stop(&k->server);
	k->board = -1;
}

void wsgi_status_keeper_tend(struct wsgi_status_keeper *k, const struct wsgi_board *board,
			     int64_t now_ms)
{
	struct wsgi_error err;

	if (!is_open(k) || board == NULL || board->fd == k->board)
		return;
	if (k->board >= 0) {
		let_go(k);
		k->next_ms = now_ms;
	}
	if (now_ms < k->next_ms)
		return;
	k->next_ms = now_ms + AGAIN_MS;
	wsgi_board_sign(board);
	if (wsgi_status_server_start(&k->server, k->listener.fd, board, k->priv, &err) == 0)
		k->board = board->fd;
	else
		wsgi_log(k->log, WSGI_LOG_ERROR, "%s", err.text);
}

int64_t wsgi_status_keeper_next_ms(const struct wsgi_status_keeper *k)
{
	return is_open(k) && k->board < 0 ? k->next_ms : INT64_MAX;
}

bool wsgi_status_keeper_ended(struct wsgi_status_keeper *k, pid_t pid, int status, int64_t now_ms)
{
	if (k->server.pid == 0 || pid != k->server.pid)
		return false;
	if (WIFSIGNALED(status))
		wsgi_log(
			k->log, WSGI_LOG_WARNING,
			"the process of --status-socket was ended by signal %d; another is started",
			WTERMSIG(status));
	else
		wsgi_log(k->log, WSGI_LOG_WARNING,
			 "the process of --status-socket ended with status %d; another is started",
			 WEXITSTATUS(status));
	wsgi_status_server_forget(&k->server);
	k->board = -1;
	if (k->next_ms < now_ms)
		k->next_ms = now_ms;
	return true;
}

void wsgi_status_keeper_renew(struct wsgi_status_keeper *k)
{
	if (k->server.pid == 0)
		return;
	let_go(k);
	k->next_ms = 0;
}

/* Returns whether it has ended in time. */
static bool wait_for(pid_t pid, int ms)
{
	const struct timespec nap = {.tv_nsec = 10000000};

	for (int i = 0; i < ms / 10; i++) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return true;
		nanosleep(&nap, NULL);
	}
	return false;
}

void wsgi_status_keeper_close(struct wsgi_status_keeper *k)
{
	const pid_t pid = k->server.pid;

	if (!is_open(k))
		return;
	wsgi_status_server_stop(&k->server);
	if (pid > 0 && !wait_for(pid, GRACE_MS)) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	wsgi_listener_finish(&k->listener);
	*k = (struct wsgi_status_keeper){.listener = {.fd = -1}, .board = -1};
}

void wsgi_status_keeper_forget(struct wsgi_status_keeper *k)
{
	if (!is_open(k))
		return;
	wsgi_status_server_forget(&k->server);
	free(k->listener.path); /* which is the master's to remove */
	k->listener.path = NULL;
	wsgi_listener_finish(&k->listener);
	*k = (struct wsgi_status_keeper){.listener = {.fd = -1}, .board = -1};
}
