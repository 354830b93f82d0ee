/* The master's way into another program: SIGUSR2. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "serve/master_parts.h"

#define UPGRADE "--upgrade="
enum { CHECK_MS = 600000 }; /* for a load of the application */

/*
 * The words of the command line with others in front, and without an --upgrade of before.
 *   second   NULL: none
 * Returns an array to be freed, whose items are borrowed; NULL: no memory.
 */
static char **words_with(const struct wsgi_master *m, char *word, char *second)
{
	char **words = calloc((size_t)m->first.argc + 3, sizeof(*words));
	size_t n = 0;

	if (words == NULL)
		return NULL;
	for (int i = 0; i < m->first.argc; i++) {
		if (i != 1 || strncmp(m->words[i], UPGRADE, sizeof(UPGRADE) - 1) != 0)
			words[n++] = m->words[i];
		if (i == 0)
			words[n++] = word;
		if (i == 0 && second != NULL)
			words[n++] = second;
	}
	return words;
}

/* Relative names on the command line count from where we were started. */
static int go_to_start(const struct wsgi_master *m)
{
	if (m->first.chdir == NULL || m->first.start_dir == NULL || chdir(m->first.start_dir) == 0)
		return 0;
	wsgi_log(&m->log, WSGI_LOG_ERROR, "%s: %s", m->first.start_dir, strerror(errno));
	return -errno;
}

/* -- the check --------------------------------------------------------------------------------- */

static _Noreturn void check(struct wsgi_master *m)
{
	/* A program that does not know --upgrade is to fail here, not when it is in our place. */
	char word[] = "--check-config", known[] = UPGRADE "-";
	char **words = words_with(m, word, known);

	wsgi_signals_close(&m->signals);
	if (words != NULL && go_to_start(m) == 0) {
		execv(m->program, words);
		wsgi_log(&m->log, WSGI_LOG_ERROR, "%s: %s", m->program, strerror(errno));
	}
	_exit(EX_UNAVAILABLE);
}

void wsgi_master_upgrade(struct wsgi_master *m)
{
	if (m->checker != 0 || m->program == NULL || m->current == NULL) {
		wsgi_log(&m->log, WSGI_LOG_WARNING, "no upgrade: %s",
			 m->checker != 0      ? "one is under way"
			 : m->program == NULL ? "where the program is cannot be told"
					      : "nothing serves yet");
		return;
	}
	wsgi_log(&m->log, WSGI_LOG_INFO, "upgrading: checking %s", m->program);
	m->checker_ms = m->now_ms;
	m->checker = fork();
	if (m->checker == 0)
		check(m);
	if (m->checker > 0)
		return;
	m->checker = 0;
	wsgi_log(&m->log, WSGI_LOG_ERROR, "no upgrade: no process for the check: %s",
		 strerror(errno));
}

void wsgi_master_mind_check(struct wsgi_master *m)
{
	int64_t end_ms = m->stopping ? m->now_ms : m->checker_ms + CHECK_MS;

	if (m->checker <= 0)
		return;
	if (m->now_ms >= end_ms)
		kill(m->checker, SIGKILL);
	else if (end_ms < m->plan.next_ms)
		m->plan.next_ms = end_ms;
}

/* -- the exec ---------------------------------------------------------------------------------- */

/* The process that answers there ends with the exec; who asks meanwhile waits for the next. */
static int gather_status(const struct wsgi_master *m, struct wsgi_upgrade *u)
{
	const struct wsgi_listener *l = wsgi_status_keeper_listener(&m->status_keeper);
	char spec[WSGI_MASTER_STATUS_SPEC];

	if (l == NULL)
		return 0;
	wsgi_master_status_spec(spec, m->first.status_socket);
	return wsgi_upgrade_add_listener(u, l->fd, spec, l->name, l->path != NULL ? l->path : "");
}

static int gather_listeners(const struct wsgi_master *m, struct wsgi_upgrade *u)
{
	int rc = gather_status(m, u);

	for (size_t i = 0; rc == 0 && i < m->n_fds; i++) {
		const struct wsgi_listener *l = &m->listeners[i];

		rc = wsgi_upgrade_add_listener(u, l->fd, m->specs[i],
					       l->name != NULL ? l->name : "",
					       l->path != NULL ? l->path : "");
	}
	return rc;
}

static int gather(const struct wsgi_master *m, struct wsgi_upgrade *u)
{
	const struct wsgi_board *board = wsgi_generation_board(m->current);
	int rc = gather_listeners(m, u);

	if (board != NULL)
		wsgi_board_sign(board);

	u->exchange[0] = m->exchange[0];
	u->exchange[1] = m->exchange[1];
	u->board = board != NULL ? board->fd : -1;
	u->zygote = m->current->zygote;
	u->zygote_line = m->current->line;
	u->zygote_is_up = m->current->is_up;
	u->generation = m->current->number;
	u->serial = m->pool.serial;
	u->more = m->more;
	u->want = m->pace.want;
	for (uint32_t i = 0; rc == 0 && i < m->pool.n; i++)
		if (m->pool.places[i].stage != WSGI_BOARD_FREE)
			rc = wsgi_upgrade_add_worker(u, i, m->pool.places[i].board == board,
						     &m->pool.places[i]);
	return rc;
}

/* Returns only on failure. */
static int become(struct wsgi_master *m, const struct wsgi_upgrade *u)
{
	char word[32], **words;
	int fd = wsgi_upgrade_write(u), rc;

	if (fd < 0)
		return fd;
	snprintf(word, sizeof(word), UPGRADE "%d", fd);
	words = words_with(m, word, NULL);
	rc = words != NULL ? go_to_start(m) : -ENOMEM;
	rc = rc == 0 ? wsgi_notify_hand_on(&m->notify) : rc;
	if (rc == 0 && fcntl(fd, F_SETFD, 0) != 0) /* the exec is not to close it */
		rc = -errno;
	if (rc == 0) {
		wsgi_parked_give(&m->parked);
		wsgi_upgrade_keep(u, true);
		execv(m->program, words);
		rc = -errno;
		wsgi_upgrade_keep(u, false);
	}
	free(words);
	close(fd);
	return rc;
}

static void hand_over(struct wsgi_master *m)
{
	struct wsgi_upgrade u;
	bool was_reloading = m->candidate != NULL;
	int rc;

	if (was_reloading)
		wsgi_master_drop_candidate(m, 0);
	wsgi_upgrade_init(&u);
	rc = gather(m, &u);
	if (rc == 0) {
		wsgi_log(&m->log, WSGI_LOG_INFO, "upgrading: becoming %s", m->program);
		rc = become(m, &u);
	}
	wsgi_upgrade_finish(&u);
	wsgi_log(&m->log, WSGI_LOG_ERROR, "no upgrade: %s", strerror(-rc));
	m->to_reload = m->to_reload || was_reloading;
}

void wsgi_master_checked(struct wsgi_master *m, int status)
{
	m->checker = 0;
	if (m->stopping)
		return;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		hand_over(m);
	else
		wsgi_log(&m->log, WSGI_LOG_ERROR,
			 "no upgrade: %s --check-config has found what is wrong; all goes on as it "
			 "was",
			 m->program);
}

/* -- after it ---------------------------------------------------------------------------------- */

int wsgi_master_read_left(struct wsgi_master *m, struct wsgi_error *err)
{
	int fd = -1, end = 0, rc;

	if (sscanf(m->first.upgrade, "%d%n", &fd, &end) != 1 || m->first.upgrade[end] != '\0')
		return wsgi_fail(err, -EINVAL, UPGRADE "%s is not for users", m->first.upgrade);
	rc = wsgi_upgrade_read(&m->left, fd, err);
	if (rc != 0)
		return rc;
	wsgi_upgrade_keep(&m->left, false);
	m->exchange[0] = m->left.exchange[0];
	m->exchange[1] = m->left.exchange[1];
	m->more = m->left.more;
	m->pace.want = m->left.want;
	m->pace.begun = true;
	m->number = m->left.generation;
	m->pool.serial = m->left.serial;
	return 0;
}

static int take_worker(struct wsgi_master *m, const struct wsgi_upgrade_worker *w)
{
	const struct wsgi_board *board = w->has_board ? wsgi_generation_board(m->current) : NULL;
	int rc =
		w->place < WSGI_BOARD_MAX_PLACES ? wsgi_pool_grow(&m->pool, w->place + 1) : -EINVAL;

	if (rc == 0)
		rc = wsgi_pool_adopt(&m->pool, w->place, &w->state, board, m->now_ms);
	/* Also what was of an older generation: this one has its board, and so must outlive it. */
	if (rc == 0)
		m->pool.places[w->place].generation = m->current->number;
	return rc;
}

int wsgi_master_take_workers(struct wsgi_master *m, struct wsgi_error *err)
{
	struct wsgi_upgrade *u = &m->left;
	int rc = wsgi_generation_adopt(&m->current, u->generation, &m->first, u->board, err);

	if (rc != 0)
		return rc;
	m->current->zygote = u->zygote;
	m->current->line = u->zygote_line;
	m->current->is_up = u->zygote_is_up && m->current->shared != NULL;
	for (size_t i = 0; rc == 0 && i < u->n_workers; i++)
		rc = take_worker(m, &u->workers[i]);
	if (rc == 0)
		rc = wsgi_master_make_room(m, m->current);
	wsgi_upgrade_finish(u);
	return rc == 0 ? 0
		       : wsgi_fail(err, rc, "the workers cannot be taken over: %s", strerror(-rc));
}
