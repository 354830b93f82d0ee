/* The master's workers: what they say, how they end, and what is done about it. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "base/clock.h"
#include "host/find.h"
#include "host/spec.h"
#include "proc/line.h"
#include "proc/queue.h"
#include "serve/master_parts.h"

enum {
	SILENT_MS = 1000, /* for a worker whose line has ended, to end itself */
	ZYGOTE_MS = 5000, /* and for a zygote, with what an interpreter does at its end */
	COUNT_MS = 1000,
	CHANGED_MS = 500, /* for all workers to have seen what one has */
	PARK_MS = 50,     /* until the exchange may have room again */
	FULL_MS = 50,     /* until a zygote may have read what it was told */
	MUTE_MS = 30000,  /* for a zygote to fork, which a large one under swapping needs */
	MUTE_AT_STOP_MS = 1000,
	HEAR_MOST = 1024, /* messages at once, which is more than a line can hold */
};

static struct wsgi_pool_place *place_at(struct wsgi_master *m, uint32_t place)
{
	return &m->pool.places[place];
}

static bool is_of(const struct wsgi_pool_place *place, const struct wsgi_generation *g)
{
	return g != NULL && place->stage != WSGI_BOARD_FREE && place->generation == g->number;
}

/* The board that is shown. */
static struct wsgi_board_head *head_of(const struct wsgi_master *m)
{
	const struct wsgi_board *board =
		m->current != NULL ? wsgi_generation_board(m->current) : NULL;

	return board != NULL ? board->head : NULL;
}

int wsgi_master_make_room(struct wsgi_master *m, const struct wsgi_generation *g)
{
	const struct wsgi_board *board = wsgi_generation_board(g);
	uint32_t n = board != NULL ? board->places : wsgi_generation_places(&g->o);
	void *rows, *actions;

	if (n < m->pool.n)
		n = m->pool.n;
	rows = realloc(m->rows, n * sizeof(*m->rows));
	if (rows != NULL)
		m->rows = rows;
	actions = realloc(m->actions, 2 * n * sizeof(*m->actions));
	if (actions != NULL)
		m->actions = actions;
	if (rows == NULL || actions == NULL)
		return -ENOMEM;
	return wsgi_pool_grow(&m->pool, n);
}

/* -- how they end ------------------------------------------------------------------------------ */

/* "ended with status 3", "was killed by signal 9 (Killed)" */
static const char *how(char text[80], int status)
{
	if (WIFSIGNALED(status))
		snprintf(text, 80, "was killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(text, 80, "ended with status %d", WEXITSTATUS(status));
	return text;
}

static bool is_crash(int status)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (WIFSIGNALED(status) && WTERMSIG(status) == signals[i])
			return true;
	return false;
}

/* With one of our own statuses a process ends after it has logged the reason. */
static bool has_said_why(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) >= EX__BASE &&
	       WEXITSTATUS(status) <= EX__MAX;
}

/* What the program ends with when its first worker, or zygote, has. */
static int exit_status(int code, int status)
{
	if (code != 0)
		return code;
	return WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : EX_SOFTWARE;
}

/* It ended before it was of any use. */
static void say_failed(struct wsgi_master *m, const char *who, pid_t pid, int status, int code)
{
	int64_t wait_ms = wsgi_pace_failed(&m->pace, m->now_ms);
	char text[80];

	if (code == 0 && !has_said_why(status))
		wsgi_log(&m->log, WSGI_LOG_ERROR, "%s %ld %s", who, (long)pid, how(text, status));
	wsgi_log(&m->log, WSGI_LOG_ERROR, "%s %ld did not come to serve; the next try is in %g s",
		 who, (long)pid, (double)wait_ms / 1000);
}

static void say_lost(struct wsgi_master *m, const struct wsgi_pool_end *end)
{
	struct wsgi_board_head *head = head_of(m);
	char text[80];

	wsgi_log(&m->log, WSGI_LOG_WARNING, "worker %ld %s; starting another", (long)end->pid,
		 how(text, end->status));
	if (!is_crash(end->status))
		return;
	if (head != NULL)
		head->crashes++;
	if (!wsgi_pace_crashed(&m->pace, m->now_ms))
		return;
	wsgi_log(&m->log, WSGI_LOG_ERROR, "%u workers have crashed within %g s: starting anew",
		 m->current->o.emergency_restart_threshold,
		 (double)m->current->o.emergency_restart_interval_ms / 1000);
	m->to_reload = true;
}

/* For a zygote that ended without a word. Returns NULL where there is none; to be freed. */
static char *advice(const struct wsgi_options *o)
{
	const char *application = o->application;
	char *python = NULL, *text = NULL;
	struct wsgi_error err;
	struct wsgi_spec spec;
	bool is_python;
	int n = -1;

	if (application == NULL || wsgi_spec_parse(&spec, application, &err) != 0)
		return NULL;
	is_python = spec.kind == WSGI_SPEC_MODULE || spec.kind == WSGI_SPEC_SCRIPT;
	wsgi_spec_finish(&spec);
	if (!is_python)
		n = asprintf(&text, "see what %s does while it is loaded", application);
	else if (wsgi_find_python(o->python, &python, &err) == 0)
		n = asprintf(&text,
			     "see whether %s is a Python that starts, and mend --python or "
			     "PYTHONHOME where it is not%s%s%s",
			     python, o->preload ? "; else what " : "",
			     o->preload ? application : "",
			     o->preload ? " does while it is loaded" : "");
	free(python);
	return n >= 0 ? text : NULL;
}

/*
 *   more   what to do about it; NULL: nothing is known
 */
static void say_candidate_failed(struct wsgi_master *m, const char *who, pid_t pid, int status,
				 int code, const char *more)
{
	char text[80];

	if (code == 0 && !has_said_why(status))
		wsgi_log(&m->log, WSGI_LOG_ERROR, "%s %ld %s before it could serve%s%s", who,
			 (long)pid, how(text, status), more != NULL ? ": " : "",
			 more != NULL ? more : "");
}

/* A line for each request that it had when it ended; known where the board's words are read. */
static void say_unanswered(struct wsgi_master *m, uint32_t place)
{
	const struct wsgi_pool_place *it = place_at(m, place);

	for (uint32_t t = 0; it->board != NULL && t < it->board->threads; t++) {
		struct wsgi_board_thread *thread = wsgi_board_thread(it->board, place, t);
		int64_t began_ms = thread != NULL ? thread->began_ms : 0;
		struct wsgi_board_words words;

		/* An application may have written over it: no time that cannot be. */
		if (began_ms <= 0 || began_ms > wsgi_clock_ms())
			continue;
		wsgi_board_read(thread, &words);
		if (words.method[0] != '\0')
			wsgi_log(&m->log, WSGI_LOG_WARNING, "worker %ld: %s %s is left unanswered",
				 (long)it->pid, words.method, words.uri);
	}
}

static void worker_ended(struct wsgi_master *m, const struct wsgi_pool_end *end)
{
	const struct wsgi_pool_place place = *place_at(m, end->place);
	bool of_candidate = is_of(&place, m->candidate);
	bool proved = wsgi_pool_has_proved(&m->pool, end->place, m->now_ms);

	say_unanswered(m, end->place);
	wsgi_pool_free(&m->pool, end->place);
	if (of_candidate) {
		say_candidate_failed(m, "worker", end->pid, end->status, place.code, NULL);
		wsgi_master_drop_candidate(m, exit_status(place.code, end->status));
	} else if (m->stopping || place.killed || place.stage == WSGI_BOARD_RETIRING) {
		wsgi_log(&m->log, WSGI_LOG_DEBUG, "worker %ld has ended", (long)end->pid);
	} else if (place.stage == WSGI_BOARD_STARTING || !proved) {
		say_failed(m, "worker", end->pid, end->status, place.code);
	} else {
		say_lost(m, end);
	}
}

/* No word will come any more of the workers that it was to fork. */
static void free_unborn(struct wsgi_master *m, const struct wsgi_generation *g)
{
	for (uint32_t i = 0; i < m->pool.n; i++)
		if (is_of(place_at(m, i), g) && place_at(m, i)->pid == 0)
			wsgi_pool_free(&m->pool, i);
}

static void zygote_ended(struct wsgi_master *m, struct wsgi_generation *g, int status)
{
	pid_t pid = g->zygote;
	char *more;

	g->zygote = 0;
	wsgi_generation_hang_up(g);
	free_unborn(m, g);
	if (g == m->candidate) {
		more = advice(&g->o);
		say_candidate_failed(m, "zygote", pid, status, g->code, more);
		free(more);
		wsgi_master_drop_candidate(m, exit_status(g->code, status));
	} else if (g == m->current && !m->stopping) {
		say_failed(m, "zygote", pid, status, g->code);
		m->zygote_ms = wsgi_pace_next_ms(&m->pace);
	}
}

static struct wsgi_generation *generation_of_zygote(const struct wsgi_master *m, pid_t pid)
{
	if (m->current != NULL && m->current->zygote == pid)
		return m->current;
	if (m->candidate != NULL && m->candidate->zygote == pid)
		return m->candidate;
	for (struct wsgi_generation *g = m->old; g != NULL; g = g->next)
		if (g->zygote == pid)
			return g;
	return NULL;
}

/* -- what they say ----------------------------------------------------------------------------- */

static void worker_is_ready(struct wsgi_master *m, uint32_t place)
{
	struct wsgi_pool_place *it = place_at(m, place);

	it->ready = true;
	if (it->stage != WSGI_BOARD_STARTING || it->pid == 0)
		return;
	wsgi_pool_serves(&m->pool, place, m->now_ms);
	wsgi_log(&m->log, WSGI_LOG_INFO, "worker %ld started", (long)it->pid);
	if (is_of(it, m->candidate) && !m->stopping)
		wsgi_master_promote(m);
}

/* --reload. Every worker will see it: they are waited for. */
static void source_changed(struct wsgi_master *m, const struct wsgi_pool_place *who)
{
	if (m->changed_ms == 0 && (is_of(who, m->current) || is_of(who, m->candidate)))
		m->changed_ms = m->now_ms;
}

static void worker_says(struct wsgi_master *m, uint32_t place, const struct wsgi_line_message *said)
{
	struct wsgi_pool_place *it = place_at(m, place);

	if (said->word == WSGI_LINE_READY)
		worker_is_ready(m, place);
	else if (said->word == WSGI_LINE_UNLOADED)
		it->code = said->code;
	else if (said->word == WSGI_LINE_CHANGED)
		source_changed(m, it);
	if (said->word != WSGI_LINE_REPLACE || it->outgoing || it->stage != WSGI_BOARD_SERVING)
		return;
	wsgi_log(&m->log, WSGI_LOG_INFO, "worker %ld has reached %s: starting another in its stead",
		 (long)it->pid, said->code == 0 ? "--max-requests" : "--max-memory");
	it->outgoing = true;
}

static void hear_worker(struct wsgi_master *m, uint32_t place)
{
	struct wsgi_line_message said;
	int rc = 1;

	for (int i = 0; i < HEAR_MOST && rc == 1; i++) {
		rc = wsgi_pool_hear(&m->pool, place, &said);
		if (rc == 1)
			worker_says(m, place, &said);
	}
	/* It ends; what it still does is nobody's to ask. */
	if (rc == 0 && place_at(m, place)->stage == WSGI_BOARD_SERVING)
		place_at(m, place)->hung_up_ms = m->now_ms;
}

static void zygote_says(struct wsgi_master *m, struct wsgi_generation *g,
			const struct wsgi_line_message *said)
{
	uint32_t place;

	if (said->word == WSGI_LINE_UP)
		g->is_up = true;
	else if (said->word == WSGI_LINE_UNLOADED)
		g->code = said->code;
	if (said->word != WSGI_LINE_SPAWNED && said->word != WSGI_LINE_FAILED)
		return;
	place = wsgi_pool_take(&m->pool, said);
	if (place == m->pool.n)
		return;
	if (said->word == WSGI_LINE_SPAWNED) {
		if (place_at(m, place)->ready)
			worker_is_ready(m, place);
		return;
	}
	wsgi_log(&m->log, WSGI_LOG_ERROR, "no worker can be forked: %s", strerror(-said->code));
	wsgi_pool_free(&m->pool, place);
	if (g == m->candidate)
		wsgi_master_drop_candidate(m, EX_OSERR);
	else
		wsgi_pace_failed(&m->pace, m->now_ms);
}

static void hear_zygote(struct wsgi_master *m, struct wsgi_generation *g)
{
	struct wsgi_line_message said;
	int rc = 1;

	for (int i = 0; i < HEAR_MOST && g->line >= 0 && rc != -EAGAIN; i++) {
		size_t n = 0;

		rc = wsgi_line_hear(g->line, &said, NULL, &n);
		if (rc == 1) {
			zygote_says(m, g, &said);
		} else if (rc != -EAGAIN && rc != -EBADMSG && rc != -EMSGSIZE) {
			wsgi_generation_hang_up(g);
			g->hung_up_ms = m->now_ms;
		}
	}
}

void wsgi_master_hear(struct wsgi_master *m)
{
	struct wsgi_pool_end end;

	if (m->current != NULL)
		hear_zygote(m, m->current);
	if (m->candidate != NULL)
		hear_zygote(m, m->candidate);
	for (uint32_t i = 0; i < m->pool.n; i++)
		if (place_at(m, i)->stage != WSGI_BOARD_FREE)
			hear_worker(m, i);
	while (wsgi_pool_reap(&m->pool, &end)) {
		struct wsgi_generation *g = generation_of_zygote(m, end.pid);

		if (end.place != m->pool.n) {
			hear_worker(m, end.place);
			worker_ended(m, &end);
		} else if (g != NULL) {
			hear_zygote(m, g);
			zygote_ended(m, g, end.status);
		} else if (end.pid == m->checker) {
			wsgi_master_checked(m, end.status);
		} else {
			wsgi_status_keeper_ended(&m->status_keeper, end.pid, end.status, m->now_ms);
		}
	}
}

/* -- what is done ------------------------------------------------------------------------------ */

/* Returns whether it makes sense to ask for more at once. */
static bool spawn(struct wsgi_master *m, uint32_t place)
{
	int rc = wsgi_pool_spawn(&m->pool, place,
				 &(struct wsgi_pool_spawn){
					 .zygote = m->current->line,
					 .generation = m->current->number,
					 .board = wsgi_generation_board(m->current),
					 .now_ms = m->now_ms,
				 });

	if (rc == -EAGAIN) { /* the zygote has its hands full */
		if (m->now_ms + FULL_MS < m->plan.next_ms)
			m->plan.next_ms = m->now_ms + FULL_MS;
	} else if (rc != 0) {
		wsgi_pace_failed(&m->pace, m->now_ms);
		wsgi_log(&m->log, WSGI_LOG_ERROR, "no worker can be started: %s", strerror(-rc));
	}
	return rc == 0;
}

/* Tell it to end; one that cannot be told is sent the signal for that. */
static void tell_to_end(struct wsgi_master *m, uint32_t place, uint32_t word)
{
	if (wsgi_pool_tell(&m->pool, place, word, NULL, 0) != 0)
		wsgi_pool_signal(&m->pool, place, SIGTERM);
	if (word == WSGI_LINE_STOP)
		place_at(m, place)->stopped = true;
	wsgi_pool_retires(&m->pool, place, m->now_ms);
}

/* A line for each request of a worker that began in a span of time: it is beyond a limit. */
static void say_requests(struct wsgi_master *m, uint32_t place, int64_t after_ms, int64_t until_ms)
{
	const struct wsgi_pool_place *it = place_at(m, place);

	for (uint32_t t = 0; it->board != NULL && t < it->board->threads; t++) {
		struct wsgi_board_words words;

		if (it->began_ms[t] == 0 || it->began_ms[t] <= after_ms ||
		    it->began_ms[t] > until_ms)
			continue;
		wsgi_board_read(wsgi_board_thread(it->board, place, t), &words);
		wsgi_log(&m->log, WSGI_LOG_WARNING,
			 "worker %ld: %s %s runs for %g s:", (long)it->pid, words.method, words.uri,
			 (double)(m->now_ms - it->began_ms[t]) / 1000);
	}
	wsgi_pool_signal(&m->pool, place, WSGI_LINE_DUMP_SIGNAL);
}

static void say_slow(struct wsgi_master *m, uint32_t place, const struct wsgi_pool_limits *l)
{
	struct wsgi_pool_place *it = place_at(m, place);
	struct wsgi_board_head *head = head_of(m);
	int64_t until_ms = m->now_ms - l->slow_ms;

	for (uint32_t t = 0; head != NULL && t < it->board->threads; t++)
		if (it->began_ms[t] > it->slow_ms && it->began_ms[t] <= until_ms)
			head->slow_requests++;
	say_requests(m, place, it->slow_ms, until_ms);
	it->slow_ms = until_ms;
}

static void time_out(struct wsgi_master *m, uint32_t place, const struct wsgi_pool_limits *l)
{
	struct wsgi_board_head *head = head_of(m);

	say_requests(m, place, 0, m->now_ms - l->timeout_ms);
	wsgi_log(&m->log, WSGI_LOG_WARNING, "worker %ld is replaced: --timeout is %g s",
		 (long)place_at(m, place)->pid, (double)l->timeout_ms / 1000);
	if (head != NULL)
		head->timeouts++;
	place_at(m, place)->stuck_ms = m->now_ms;
	tell_to_end(m, place, WSGI_LINE_RETIRE);
}

static void kill_worker(struct wsgi_master *m, uint32_t place)
{
	const struct wsgi_pool_place *it = place_at(m, place);

	if (it->stage == WSGI_BOARD_RETIRING && !m->at_once)
		wsgi_log(&m->log, WSGI_LOG_WARNING, "worker %ld did not end in time: killed",
			 (long)it->pid);
	wsgi_pool_signal(&m->pool, place, SIGKILL);
}

static void carry_out(struct wsgi_master *m, const struct wsgi_pool_limits *l)
{
	bool can_spawn = true;

	for (size_t i = 0; i < m->plan.len; i++) {
		uint32_t place = m->plan.actions[i].place;

		switch (m->plan.actions[i].verb) {
		case WSGI_POOL_SPAWN:
			can_spawn = can_spawn && spawn(m, place);
			break;
		case WSGI_POOL_RETIRE:
			tell_to_end(m, place, WSGI_LINE_RETIRE);
			break;
		case WSGI_POOL_STOP:
			tell_to_end(m, place, WSGI_LINE_STOP);
			break;
		case WSGI_POOL_SLOW:
			say_slow(m, place, l);
			break;
		case WSGI_POOL_TIMEOUT:
			time_out(m, place, l);
			break;
		case WSGI_POOL_KILL:
			kill_worker(m, place);
			break;
		}
	}
}

/* The candidate's worker is not the policy's yet. */
static void hide_candidate(struct wsgi_master *m)
{
	for (uint32_t i = 0; i < m->pool.n; i++) {
		if (!is_of(place_at(m, i), m->candidate) || m->stopping)
			continue;
		m->rows[i].stage = WSGI_BOARD_RETIRING;
		m->rows[i].killed = true;
	}
}

/* A worker whose line has ended will end, or has closed what was not its own. */
static void give_up_silent(struct wsgi_master *m)
{
	for (uint32_t i = 0; i < m->pool.n; i++) {
		const struct wsgi_pool_place *it = place_at(m, i);

		if (it->stage != WSGI_BOARD_SERVING || it->hung_up_ms == 0)
			continue;
		if (m->now_ms - it->hung_up_ms < SILENT_MS) {
			if (it->hung_up_ms + SILENT_MS < m->plan.next_ms)
				m->plan.next_ms = it->hung_up_ms + SILENT_MS;
			continue;
		}
		wsgi_log(&m->log, WSGI_LOG_WARNING,
			 "worker %ld has closed its line to the master: starting another",
			 (long)it->pid);
		tell_to_end(m, i, WSGI_LINE_RETIRE);
		m->plan.next_ms = m->now_ms;
	}
}

/* One that does not answer holds up all births, and the end. */
static void give_up_mute(struct wsgi_master *m, struct wsgi_generation *g)
{
	int64_t most_ms = m->stopping ? MUTE_AT_STOP_MS : MUTE_MS;

	for (uint32_t i = 0; i < m->pool.n && g->hung_up_ms == 0; i++) {
		const struct wsgi_pool_place *it = place_at(m, i);

		if (!is_of(it, g) || it->pid != 0)
			continue;
		if (m->now_ms - it->started_ms < most_ms) {
			if (it->started_ms + most_ms < m->plan.next_ms)
				m->plan.next_ms = it->started_ms + most_ms;
			continue;
		}
		wsgi_log(&m->log, WSGI_LOG_WARNING, "zygote %ld does not answer: killed",
			 (long)g->zygote);
		wsgi_generation_hang_up(g);
		g->hung_up_ms = m->now_ms - ZYGOTE_MS;
	}
}

/* A zygote without a line is of no use. */
static void give_up_zygote(struct wsgi_master *m, struct wsgi_generation *g)
{
	if (g == NULL || g->zygote <= 0)
		return;
	give_up_mute(m, g);
	if (g->hung_up_ms == 0)
		return;
	if (m->now_ms - g->hung_up_ms >= ZYGOTE_MS)
		kill(g->zygote, SIGKILL);
	else if (g->hung_up_ms + ZYGOTE_MS < m->plan.next_ms)
		m->plan.next_ms = g->hung_up_ms + ZYGOTE_MS;
}

/* What the status page shows besides the workers. */
static void count(struct wsgi_master *m, unsigned busy)
{
	struct wsgi_board_head *head = head_of(m);
	const struct wsgi_options *o = m->current != NULL ? &m->current->o : NULL;
	struct wsgi_queue queue;

	if (head == NULL)
		return;
	head->stopping = m->stopping;
	if (busy > head->max_active)
		head->max_active = busy;
	if (m->stopping || m->now_ms < m->count_ms ||
	    (o->status_path == NULL && o->status_socket == NULL))
		return;
	m->count_ms = m->now_ms + COUNT_MS;
	wsgi_queue_sum(m->fds, m->n_fds, &queue);
	head->listen_queue = queue.waiting;
	head->listen_queue_len = queue.capacity;
	if (queue.waiting > head->max_listen_queue)
		head->max_listen_queue = queue.waiting;
}

/* Once, until there is room again. */
static void say_at_max(struct wsgi_master *m, const struct wsgi_pool_limits *l)
{
	struct wsgi_board_head *head = head_of(m);

	if (m->pace.want < l->max)
		m->is_at_max = false;
	if (!m->plan.at_max || m->is_at_max)
		return;
	m->is_at_max = true;
	if (head != NULL)
		head->max_children_reached++;
	wsgi_log(&m->log, WSGI_LOG_WARNING, "all workers are busy, and --workers %u allows no more",
		 l->max);
}

static void say_turned_away(struct wsgi_master *m)
{
	if (m->parked.turned_away > 0)
		wsgi_log(&m->log, WSGI_LOG_WARNING,
			 "%zu idle connections are closed: no worker is there to keep them, and "
			 "the master has %zu: raise the limit of open files (ulimit -n)",
			 m->parked.turned_away, m->parked.n);
	m->parked.turned_away = 0;
}

/* Who is to have the kept connections: the workers, or, while there are none, the master. */
static void park(struct wsgi_master *m)
{
	if (m->plan.empty && m->plan.watch) {
		wsgi_parked_take(&m->parked); /* what cannot be taken is looked for again */
		say_turned_away(m);
		return;
	}
	if (m->plan.empty || m->parked.n == 0)
		return;
	wsgi_parked_give(&m->parked);
	if (m->parked.n > 0 && m->plan.next_ms > m->now_ms + PARK_MS)
		m->plan.next_ms = m->now_ms + PARK_MS;
}

static void decide(struct wsgi_master *m)
{
	const struct wsgi_options *o = m->current != NULL ? &m->current->o : &m->first;
	struct wsgi_pool_limits limits = wsgi_generation_limits(o, m->more);
	struct wsgi_pool_seen seen = wsgi_pool_look(&m->pool, m->rows, m->now_ms);
	const struct wsgi_pool_view view = {
		.rows = m->rows,
		.n = m->pool.n,
		.usable = m->current != NULL && m->current->shared != NULL
				  ? m->current->shared->board.places
				  : 0,
		.now_ms = m->now_ms,
		.can_spawn = m->current != NULL && m->current->is_up,
		.waiting = m->waiting,
		.stopping = m->stopping,
	};

	if (seen.proved)
		wsgi_pace_proved(&m->pace);
	if (m->at_once)
		limits.graceful_ms = 0;
	hide_candidate(m);
	m->plan.actions = m->actions;
	m->plan.len = 0;
	m->plan.next_ms = INT64_MAX;
	if (m->current != NULL || m->stopping)
		wsgi_pool_decide(&m->plan, &view, &limits, &m->pace);
	carry_out(m, &limits);
	say_at_max(m, &limits);
	park(m);
	count(m, seen.busy);
	m->waiting = false;
}

/* The watchdog of a service manager wants to hear twice in its time that this loop turns. */
static void keep_alive(struct wsgi_master *m)
{
	if (m->notify.watchdog_ms == 0)
		return;
	if (m->now_ms >= m->alive_ms) {
		wsgi_notify_alive(&m->notify);
		m->alive_ms = m->now_ms + (m->notify.watchdog_ms + 1) / 2;
	}
	if (m->alive_ms < m->plan.next_ms)
		m->plan.next_ms = m->alive_ms;
}

static void tend_status(struct wsgi_master *m)
{
	struct wsgi_status_keeper *k = &m->status_keeper;

	if (m->current != NULL)
		wsgi_status_keeper_tend(k, wsgi_generation_board(m->current), m->now_ms);
	else if (m->candidate != NULL)
		wsgi_status_keeper_tend(k, wsgi_generation_board(m->candidate), m->now_ms);
	if (wsgi_status_keeper_next_ms(k) < m->plan.next_ms)
		m->plan.next_ms = wsgi_status_keeper_next_ms(k);
}

void wsgi_master_act(struct wsgi_master *m)
{
	wsgi_master_sweep(m);
	if (m->changed_ms != 0 && m->now_ms - m->changed_ms >= CHANGED_MS) {
		m->changed_ms = 0;
		m->to_reload = true;
	}
	if (m->to_reload && !m->stopping)
		wsgi_master_reload(m);
	if (!m->is_child && m->now_ms >= m->zygote_ms && !m->stopping)
		wsgi_master_revive(m);
	if (m->is_child)
		return;
	if (!m->stopping)
		wsgi_master_try_candidate(m);
	decide(m);
	give_up_silent(m);
	give_up_zygote(m, m->current);
	give_up_zygote(m, m->candidate);
	for (struct wsgi_generation *g = m->old; g != NULL; g = g->next)
		give_up_zygote(m, g);
	if (m->changed_ms != 0 && m->changed_ms + CHANGED_MS < m->plan.next_ms)
		m->plan.next_ms = m->changed_ms + CHANGED_MS;
	if (m->zygote_ms < m->plan.next_ms)
		m->plan.next_ms = m->zygote_ms;
	wsgi_master_mind_check(m);
	tend_status(m);
	keep_alive(m);
}
