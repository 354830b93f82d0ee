#include "serve/generation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fdpass.h"
#include "base/log.h"
#include "serve/fcgi_rules.h"
#include "serve/zygote.h"

/* -- the board --------------------------------------------------------------------------------- */

uint32_t wsgi_generation_places(const struct wsgi_options *o)
{
	return 4 * o->workers + 64;
}

static void leave_board(struct wsgi_generation *g)
{
	struct wsgi_generation_board *shared = g->shared;

	g->shared = NULL;
	if (shared == NULL || --shared->users > 0)
		return;
	wsgi_board_finish(&shared->board);
	free(shared);
}

/* What is counted over the whole life of the service goes on. */
static void carry_over(struct wsgi_board_head *to, const struct wsgi_board_head *from)
{
	to->started_at = from->started_at;
	to->started_ms = from->started_ms;
	to->accepted_before = from->accepted_before;
	to->requests_before = from->requests_before;
	to->max_active = from->max_active;
	to->max_children_reached = from->max_children_reached;
	to->max_listen_queue = from->max_listen_queue;
	to->slow_requests = from->slow_requests;
	to->crashes = from->crashes;
	to->timeouts = from->timeouts;
	to->reloads = from->reloads;
}

static int create_board(struct wsgi_generation *g, const struct wsgi_generation *last,
			struct wsgi_error *err)
{
	struct wsgi_generation_board *shared = calloc(1, sizeof(*shared));
	int rc;

	if (shared == NULL)
		return wsgi_fail(err, -ENOMEM, "out of memory");
	rc = wsgi_board_create(&shared->board, wsgi_generation_places(&g->o), g->o.threads, err);
	if (rc != 0) {
		free(shared);
		return rc;
	}
	if (last != NULL && last->shared != NULL)
		carry_over(shared->board.head, last->shared->board.head);
	shared->users = 1;
	g->shared = shared;
	return 0;
}

static int find_board(struct wsgi_generation *g, const struct wsgi_generation *last,
		      struct wsgi_error *err)
{
	static const char *const modes[] = {
		[WSGI_PM_STATIC] = "static",
		[WSGI_PM_DYNAMIC] = "dynamic",
		[WSGI_PM_ONDEMAND] = "ondemand",
	};
	struct wsgi_board_head *head;
	int rc = 0;

	if (last != NULL && last->shared != NULL &&
	    last->shared->board.places == wsgi_generation_places(&g->o) &&
	    last->shared->board.threads == g->o.threads) {
		g->shared = last->shared;
		g->shared->users++;
	} else {
		rc = create_board(g, last, err);
	}
	if (rc != 0)
		return rc;
	head = g->shared->board.head;
	snprintf(head->name, sizeof(head->name), "%s", g->o.application);
	snprintf(head->pm, sizeof(head->pm), "%s", modes[g->o.pm]);
	return 0;
}

const struct wsgi_board *wsgi_generation_board(const struct wsgi_generation *g)
{
	return g->shared != NULL ? &g->shared->board : NULL;
}

/* -- a generation ------------------------------------------------------------------------------ */

/* One with its options, and nothing else yet. */
static int begin(struct wsgi_generation **made, uint32_t number, const struct wsgi_options *first,
		 struct wsgi_error *err)
{
	struct wsgi_generation *g = calloc(1, sizeof(*g));
	int rc;

	if (g == NULL)
		return wsgi_fail(err, -ENOMEM, "out of memory");
	g->number = number;
	g->line = -1;
	rc = wsgi_options_again(&g->o, first, err);
	if (rc == 0)
		rc = wsgi_fcgi_rules_apply(&g->o, err);
	if (rc != 0) {
		wsgi_generation_destroy(g);
		return rc;
	}
	*made = g;
	return 0;
}

int wsgi_generation_create(struct wsgi_generation **made, uint32_t number,
			   const struct wsgi_options *first, const struct wsgi_generation *last,
			   struct wsgi_error *err)
{
	struct wsgi_generation *g;
	int rc = begin(&g, number, first, err);

	if (rc != 0)
		return rc;
	if (g->o.application == NULL)
		rc = wsgi_fail(err, -EINVAL,
			       "no application is named: %s APPLICATION; see %s --help",
			       first->program, first->program);
	if (rc == 0)
		rc = find_board(g, last, err);
	if (rc != 0) {
		wsgi_generation_destroy(g);
		return rc;
	}
	*made = g;
	return 0;
}

/* Without one there is none: its workers are not watched, and end as they are told. */
static int adopt_board(struct wsgi_generation *g, int fd)
{
	struct wsgi_generation_board *shared = calloc(1, sizeof(*shared));

	if (shared == NULL) {
		close(fd);
		return -ENOMEM;
	}
	if (wsgi_board_attach(&shared->board, fd, NULL) != 0) {
		wsgi_board_finish(&shared->board);
		free(shared);
		return 0;
	}
	shared->users = 1;
	g->shared = shared;
	return 0;
}

int wsgi_generation_adopt(struct wsgi_generation **made, uint32_t number,
			  const struct wsgi_options *first, int board, struct wsgi_error *err)
{
	struct wsgi_generation *g;
	int rc = begin(&g, number, first, err);

	if (rc != 0) {
		if (board >= 0)
			close(board);
		return rc;
	}
	g->is_adopted = true;
	if (board >= 0 && adopt_board(g, board) != 0) {
		wsgi_generation_destroy(g);
		return wsgi_fail(err, -ENOMEM, "out of memory");
	}
	*made = g;
	return 0;
}

void wsgi_generation_hang_up(struct wsgi_generation *g)
{
	if (g->line >= 0)
		close(g->line);
	g->line = -1;
	g->is_up = false;
}

void wsgi_generation_destroy(struct wsgi_generation *g)
{
	if (g == NULL)
		return;
	wsgi_generation_hang_up(g);
	leave_board(g);
	wsgi_options_finish(&g->o);
	free(g);
}

struct wsgi_pool_limits wsgi_generation_limits(const struct wsgi_options *o, int more)
{
	static const enum wsgi_pool_mode modes[] = {
		[WSGI_PM_STATIC] = WSGI_POOL_STATIC,
		[WSGI_PM_DYNAMIC] = WSGI_POOL_DYNAMIC,
		[WSGI_PM_ONDEMAND] = WSGI_POOL_ONDEMAND,
	};
	int max = (int)o->workers + more;

	return (struct wsgi_pool_limits){
		.mode = modes[o->pm],
		.max = max > 1 ? (unsigned)max : 1,
		.start = o->start_servers,
		.min_spare = o->min_spare_servers,
		.max_spare = o->max_spare_servers,
		.idle_timeout_ms = o->process_idle_timeout_ms,
		.timeout_ms = o->timeout_ms,
		.slow_ms = o->slow_ms,
		.graceful_ms = o->graceful_timeout_ms,
		.spawn_rate = o->max_spawn_rate,
	};
}

/* -- its zygote -------------------------------------------------------------------------------- */

int wsgi_generation_start(struct wsgi_generation *g, struct wsgi_error *err)
{
	int ends[2], rc = wsgi_fdpass_pair(ends);

	if (rc != 0)
		return wsgi_fail(err, rc, "no line to a zygote: %s", strerror(-rc));
	wsgi_board_sign(wsgi_generation_board(g));
	fflush(NULL);
	g->zygote = fork();
	if (g->zygote == 0) {
		close(ends[0]);
		wsgi_generation_hang_up(g); /* that of the one before it */
		g->line = ends[1];
		return 1;
	}
	rc = g->zygote < 0 ? -errno : 0;
	close(ends[1]);
	if (rc != 0) {
		close(ends[0]);
		g->zygote = 0;
		return wsgi_fail(err, rc, "no process for a zygote: %s", strerror(-rc));
	}
	g->line = ends[0];
	g->is_up = false;
	g->hung_up_ms = 0;
	g->code = 0;
	return 0;
}

/* What an exec is to leave open. */
static void keep(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
}

/* Where and as whom it runs. */
static int settle(const struct wsgi_generation *g, const struct wsgi_generation_start *start,
		  struct wsgi_error *err)
{
	const struct wsgi_options *o = &g->o;
	int rc = wsgi_gateway_apply(o, err);

	if (rc != 0)
		return rc;
	if (o->umask != WSGI_MODE_UNSET)
		umask((mode_t)o->umask);
	rc = wsgi_priv_drop(start->priv, err);
	if (rc != 0)
		return rc;
	rc = wsgi_priv_environ(start->priv, o->env, o->env_len);
	return rc == 0 ? 0 : wsgi_fail(err, rc, "out of memory");
}

static int run(const struct wsgi_generation *g, const struct wsgi_generation_start *start,
	       const char **bind)
{
	struct wsgi_options o = g->o;
	char words[64];

	snprintf(words, sizeof(words), "%d,%d,%d,%d,%d", g->line, g->shared->board.fd,
		 start->exchange[0], start->exchange[1], start->access);
	o.zygote = words;
	o.bind = bind;
	o.bind_len = start->n_fds;
	keep(g->line);
	keep(g->shared->board.fd);
	keep(start->exchange[0]);
	keep(start->exchange[1]);
	keep(start->access);
	for (size_t i = 0; i < start->n_fds; i++)
		keep(start->fds[i]);
	return wsgi_zygote_run(&o, start->host);
}

int wsgi_generation_be_zygote(struct wsgi_generation *g, const struct wsgi_generation_start *start)
{
	const struct wsgi_log log = wsgi_options_log(&g->o);
	const char **bind = calloc(start->n_fds + 1, sizeof(*bind));
	char(*names)[20] = calloc(start->n_fds + 1, sizeof(*names));
	struct wsgi_error err = {0};
	int rc, status = EX_OSERR;

	wsgi_signals_leave(start->signals);
	rc = settle(g, start, &err);
	if (rc != 0) {
		wsgi_log(&log, WSGI_LOG_ERROR, "%s", err.text);
		status = wsgi_gateway_status(rc);
	} else if (bind != NULL && names != NULL) {
		for (size_t i = 0; i < start->n_fds; i++) {
			snprintf(names[i], sizeof(names[i]), "fd://%d", start->fds[i]);
			bind[i] = names[i];
		}
		status = run(g, start, bind);
	}
	free(names);
	free(bind);
	return status;
}
