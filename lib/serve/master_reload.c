/* The master's generations. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "serve/master_parts.h"
#include "serve/option_value.h"

int wsgi_master_fork_zygote(struct wsgi_master *m, struct wsgi_generation *g)
{
	struct wsgi_error err = {0};
	int rc = wsgi_generation_start(g, &err);

	if (rc < 0)
		wsgi_log(&m->log, WSGI_LOG_ERROR, "%s", err.text);
	m->is_child = rc == 1;
	if (m->is_child)
		m->born = g;
	return rc < 0 ? rc : 0;
}

static bool is_same(const struct wsgi_options *one, const struct wsgi_options *other,
		    const struct wsgi_option *option)
{
	size_t n = wsgi_option_values(one, option);
	bool same = n == wsgi_option_values(other, option);

	for (size_t i = 0; same && i < n; i++) {
		struct wsgi_buf a = {0}, b = {0};

		/* Where there is no memory for it, there is no warning. */
		if (wsgi_option_write(one, option, i, &a) == 0 &&
		    wsgi_option_write(other, option, i, &b) == 0)
			same = a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
		wsgi_buf_finish(&a);
		wsgi_buf_finish(&b);
	}
	return same;
}

/* What a reload cannot change, and a user may expect it to. */
static void warn_of_changes(const struct wsgi_master *m, const struct wsgi_options *o)
{
	static const char *const fixed[] = {
		"bind",  "backlog", "listen-owner",  "listen-group",   "listen-mode",   "user",
		"group", "pid",     "error-logfile", "access-logfile", "status-socket",
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		const struct wsgi_option *option =
			wsgi_option_find(wsgi_span_of(fixed[i]), false, o->gateway);

		if (option != NULL && !is_same(&m->first, o, option))
			wsgi_log(&m->log, WSGI_LOG_WARNING,
				 "--%s has changed: that needs SIGUSR2, or a new start", fixed[i]);
	}
}

/* What is being loaded was read when all was well: it goes on. */
static void cannot_reload(struct wsgi_master *m, int status)
{
	if (m->candidate == NULL)
		wsgi_master_drop_candidate(m, status);
	else
		wsgi_log(&m->log, WSGI_LOG_ERROR,
			 "the reload has failed: what was being loaded before it goes on");
}

void wsgi_master_reload(struct wsgi_master *m)
{
	struct wsgi_generation *g = NULL;
	struct wsgi_error err = {0};
	int rc;

	m->to_reload = false;
	if (m->current != NULL) {
		wsgi_log(&m->log, WSGI_LOG_INFO, "reloading");
		wsgi_notify_reloading(&m->notify, "reloading");
	}
	rc = wsgi_generation_create(&g, m->number + 1, &m->first, m->current, &err);
	if (rc == 0 && wsgi_master_make_room(m, g) != 0)
		rc = wsgi_fail(&err, -ENOMEM, "out of memory");
	if (rc != 0) {
		wsgi_log(&m->log, WSGI_LOG_ERROR, "%s", err.text);
		wsgi_generation_destroy(g);
		cannot_reload(m, wsgi_gateway_status(rc));
		return;
	}
	if (m->candidate != NULL)
		wsgi_master_drop_candidate(m, 0);
	m->number++;
	m->candidate = g;
	if (m->current != NULL)
		warn_of_changes(m, &g->o);
	if (wsgi_master_fork_zygote(m, g) != 0)
		wsgi_master_drop_candidate(m, EX_OSERR);
}

void wsgi_master_revive(struct wsgi_master *m)
{
	m->zygote_ms = INT64_MAX;
	if (m->current == NULL || m->current->zygote != 0)
		return;
	if (m->current->is_adopted) {
		m->to_reload = true; /* how it was started, the program before this one knew */
		return;
	}
	if (wsgi_master_fork_zygote(m, m->current) != 0)
		m->zygote_ms = m->now_ms + wsgi_pace_failed(&m->pace, m->now_ms);
}

void wsgi_master_try_candidate(struct wsgi_master *m)
{
	struct wsgi_generation *g = m->candidate;
	uint32_t place;
	int rc;

	if (g == NULL || !g->is_up || wsgi_pool_count(&m->pool, g->number) > 0)
		return;
	place = wsgi_pool_find_free(&m->pool, wsgi_generation_board(g)->places);
	if (place == m->pool.n)
		return; /* when one of those that are to end has ended */
	rc = wsgi_pool_spawn(&m->pool, place,
			     &(struct wsgi_pool_spawn){.zygote = g->line,
						       .generation = g->number,
						       .board = wsgi_generation_board(g),
						       .now_ms = m->now_ms});
	if (rc == 0)
		return;
	wsgi_log(&m->log, WSGI_LOG_ERROR, "no worker can be started: %s", strerror(-rc));
	wsgi_master_drop_candidate(m, EX_OSERR);
}

/* A generation that has been succeeded: its zygote ends, its workers do as they are told. */
static void leave(struct wsgi_master *m, struct wsgi_generation *g)
{
	wsgi_generation_hang_up(g);
	if (g->hung_up_ms == 0)
		g->hung_up_ms = m->now_ms;
	g->next = m->old;
	m->old = g;
}

static void say_listening(struct wsgi_master *m)
{
	for (size_t i = 0; i < m->n_fds; i++)
		wsgi_log(&m->log, WSGI_LOG_INFO, "listening on %s", m->listeners[i].name);
	m->has_listened = true;
}

void wsgi_master_promote(struct wsgi_master *m)
{
	struct wsgi_generation *last = m->current;
	struct wsgi_board_head *head = wsgi_generation_board(m->candidate)->head;

	m->current = m->candidate;
	m->candidate = NULL;
	for (uint32_t i = 0; i < m->pool.n; i++)
		m->pool.places[i].outgoing = m->pool.places[i].generation != m->current->number;
	if (last != NULL) {
		leave(m, last);
		head->reloads++;
		wsgi_log(&m->log, WSGI_LOG_INFO, "reloaded: new workers take over");
	}
	head->generation = m->current->number;
	if (m->pace.want == 0)
		m->pace.want = 1; /* the one that there is */
	wsgi_pace_proved(&m->pace);
	if (wsgi_pace_watch_crashes(&m->pace, m->current->o.emergency_restart_threshold,
				    m->current->o.emergency_restart_interval_ms) != 0)
		wsgi_log(&m->log, WSGI_LOG_WARNING,
			 "no memory to count %u crashes: --emergency-restart-threshold is as "
			 "before",
			 m->current->o.emergency_restart_threshold);
	m->log.level = (enum wsgi_log_level)m->current->o.log_level;
	m->zygote_ms = INT64_MAX;
	if (!m->has_listened)
		say_listening(m);
	wsgi_notify_ready(&m->notify, "serving");
}

void wsgi_master_drop_candidate(struct wsgi_master *m, int status)
{
	struct wsgi_generation *g = m->candidate;

	m->candidate = NULL;
	for (uint32_t i = 0; g != NULL && i < m->pool.n; i++) {
		if (m->pool.places[i].stage == WSGI_BOARD_FREE ||
		    m->pool.places[i].generation != g->number)
			continue;
		m->pool.places[i].outgoing = true;
		wsgi_pool_signal(&m->pool, i, SIGKILL);
	}
	if (g != NULL && g->zygote > 0)
		kill(g->zygote, SIGKILL);
	if (g != NULL)
		leave(m, g);
	if (status == 0) /* another one comes in its stead */
		return;
	if (m->current == NULL) {
		m->status = status;
		m->stopping = m->at_once = true;
		return;
	}
	wsgi_log(&m->log, WSGI_LOG_ERROR,
		 "the reload has failed: the workers go on with what they have");
	wsgi_notify_ready(&m->notify, "serving; the last reload has failed");
	/* Only a reload gives these workers another zygote: the next one is when it must be. */
	if (m->current->is_adopted && m->current->zygote == 0)
		m->zygote_ms = m->now_ms + wsgi_pace_failed(&m->pace, m->now_ms);
}

void wsgi_master_sweep(struct wsgi_master *m)
{
	struct wsgi_generation **at = &m->old;

	while (*at != NULL) {
		struct wsgi_generation *g = *at;

		if (g->zygote > 0 || wsgi_pool_count(&m->pool, g->number) > 0) {
			at = &g->next;
			continue;
		}
		*at = g->next;
		wsgi_generation_destroy(g);
	}
}
