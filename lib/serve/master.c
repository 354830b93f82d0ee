#include "serve/master.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "base/clock.h"
#include "serve/master_parts.h"

enum { LONGEST_MS = 3600000, NO_MEMORY_MS = 100 };

/* -- signals ----------------------------------------------------------------------------------- */

static void begin_stop(struct wsgi_master *m, bool at_once)
{
	m->at_once = m->at_once || at_once || m->stopping;
	if (m->stopping)
		return;
	wsgi_log(&m->log, WSGI_LOG_INFO, "stopping");
	wsgi_notify_stopping(&m->notify, "stopping");
	m->stopping = true;
	if (m->candidate != NULL)
		wsgi_master_drop_candidate(m, 0);
	wsgi_master_close_listeners(m);
	wsgi_parked_close(&m->parked);
}

static void change_workers(struct wsgi_master *m, int by)
{
	int workers = m->current != NULL ? (int)m->current->o.workers : 0;
	int now = workers + m->more + by;

	if (workers == 0 || now < 1 || now > 2 * workers + 32) {
		wsgi_log(&m->log, WSGI_LOG_WARNING, "there cannot be %s workers",
			 by < 0 ? "fewer" : "more");
		return;
	}
	m->more += by;
	wsgi_log(&m->log, WSGI_LOG_INFO, "%d workers from now on", now);
}

static void take_signal(struct wsgi_master *m, int signal)
{
	switch (signal) {
	case SIGTERM:
	case SIGQUIT:
		begin_stop(m, false);
		break;
	case SIGINT:
		begin_stop(m, true);
		break;
	case SIGHUP:
		m->more = 0;
		m->to_reload = true;
		break;
	case SIGUSR1:
		wsgi_master_reopen_logs(m);
		break;
	case SIGUSR2:
		wsgi_master_upgrade(m);
		break;
	case SIGTTIN:
		change_workers(m, 1);
		break;
	case SIGTTOU:
		change_workers(m, -1);
		break;
	default: /* of children: they are asked for in any case */
		break;
	}
}

/* -- the loop ---------------------------------------------------------------------------------- */

/* Returns 0 or -ENOMEM. */
static int make_room(struct wsgi_master *m)
{
	size_t room = 4 + m->pool.n + m->n_fds + m->parked.n;
	struct pollfd *more;

	if (room <= m->polled_room)
		return 0;
	more = realloc(m->polled, room * sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	m->polled = more;
	m->polled_room = room;
	return 0;
}

static size_t add(struct wsgi_master *m, size_t n, int fd)
{
	m->polled[n] = (struct pollfd){.fd = fd, .events = POLLIN};
	return n + (fd >= 0);
}

/* The listening sockets, the exchange, and the connections that the master has itself. */
static size_t add_connections(struct wsgi_master *m, size_t n)
{
	m->watched = n;
	for (size_t i = 0; i < m->n_fds; i++)
		n = add(m, n, m->fds[i]);
	n = add(m, n, m->exchange[1]);
	wsgi_parked_poll(&m->parked, m->polled + n);
	return n + m->parked.n;
}

static size_t fill_polled(struct wsgi_master *m)
{
	size_t n = add(m, 0, m->signals.fd);

	if (m->current != NULL)
		n = add(m, n, m->current->line);
	if (m->candidate != NULL)
		n = add(m, n, m->candidate->line);
	for (uint32_t i = 0; i < m->pool.n; i++)
		n = add(m, n, m->pool.places[i].line);
	m->watched = 0;
	return m->plan.watch && !m->stopping ? add_connections(m, n) : n;
}

/* Whether somebody is there whom no worker will serve soon. */
static bool has_come(struct wsgi_master *m)
{
	const struct pollfd *at = m->polled + m->watched;
	bool waiting = wsgi_parked_look(&m->parked, at + m->n_fds + 1);

	for (size_t i = 0; i < m->n_fds; i++)
		waiting = waiting || at[i].revents != 0;
	/* While there are workers, what one of them gives away is a request that waits. */
	return waiting || (!m->plan.empty && at[m->n_fds].revents != 0);
}

static void await(struct wsgi_master *m)
{
	int64_t wait_ms = m->plan.next_ms - m->now_ms;
	size_t n;
	int rc;

	if (wait_ms < 0)
		wait_ms = 0;
	if (make_room(m) != 0) { /* what has come is asked for all the same */
		poll(NULL, 0, NO_MEMORY_MS);
		m->now_ms = wsgi_clock_ms();
		return;
	}
	n = fill_polled(m);
	rc = poll(m->polled, n, (int)(wait_ms < LONGEST_MS ? wait_ms : LONGEST_MS));
	if (rc > 0 && m->watched > 0)
		m->waiting = has_come(m);
	m->now_ms = wsgi_clock_ms();
}

static bool has_ended(const struct wsgi_master *m)
{
	for (uint32_t i = 0; i < m->pool.n; i++)
		if (m->pool.places[i].stage != WSGI_BOARD_FREE)
			return false;
	return m->stopping;
}

/* Returns when all is over, and in a child. */
static void supervise(struct wsgi_master *m)
{
	while (!m->is_child) {
		int signal;

		wsgi_master_act(m);
		if (m->is_child || has_ended(m))
			return;
		await(m);
		while ((signal = wsgi_signals_next(&m->signals)) != 0)
			take_signal(m, signal);
		wsgi_master_hear(m);
	}
}

static void end_zygote(struct wsgi_generation *g)
{
	if (g == NULL || g->zygote <= 0)
		return;
	kill(g->zygote, SIGKILL); /* it has nothing to finish */
	waitpid(g->zygote, NULL, 0);
	g->zygote = 0;
}

static void end_zygotes(struct wsgi_master *m)
{
	end_zygote(m->current);
	end_zygote(m->candidate);
	for (struct wsgi_generation *g = m->old; g != NULL; g = g->next)
		end_zygote(g);
}

/* In a child that the loop has come back in. */
static int be_zygote(struct wsgi_master *m)
{
	int status;

	wsgi_status_keeper_forget(&m->status_keeper);
	status = wsgi_generation_be_zygote(m->born,
					   &(struct wsgi_generation_start){
						   .host = m->host,
						   .fds = m->fds,
						   .n_fds = m->n_fds,
						   .exchange = {m->exchange[0], m->exchange[1]},
						   .access = m->logs.access,
						   .priv = &m->priv,
						   .signals = &m->signals,
					   });

	wsgi_master_forget(m);
	return status;
}

int wsgi_master_run(const struct wsgi_options *o, const struct wsgi_gateway_host *host)
{
	struct wsgi_master m = {
		.first = *o,
		.host = host,
		.log = {STDERR_FILENO, o->program, (enum wsgi_log_level)o->log_level},
		.signals = {.fd = -1},
		.exchange = {-1, -1},
		.logs = {.access = -1},
		.pidfile = {.fd = -1},
		.notify = {.fd = -1},
		.zygote_ms = INT64_MAX,
		.plan = {.next_ms = INT64_MAX},
		.to_reload = true,
	};
	struct wsgi_error err = {0};
	int rc;

	wsgi_upgrade_init(&m.left);
	wsgi_depot_init(&m.parked.depot);
	m.now_ms = wsgi_clock_ms();
	rc = wsgi_master_open(&m, &err);

	if (rc != 0) {
		wsgi_log(&m.log, WSGI_LOG_ERROR, "%s", err.text);
		m.status = wsgi_gateway_open_status(rc);
	} else {
		supervise(&m);
		if (m.is_child)
			return be_zygote(&m);
		end_zygotes(&m);
	}
	wsgi_master_close(&m);
	return m.status;
}
