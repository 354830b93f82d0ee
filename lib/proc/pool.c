#include "proc/pool.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdpass.h"

enum {
	PROVED_MS = 1000,
	NONSENSE_MOST = 16, /* messages at once */
};

/* -- places ------------------------------------------------------------------------------------ */

int wsgi_pool_grow(struct wsgi_pool *p, uint32_t n)
{
	struct wsgi_pool_place *places;

	if (n <= p->n)
		return 0;
	places = realloc(p->places, n * sizeof(*places));
	if (places == NULL)
		return -ENOMEM;
	for (uint32_t i = p->n; i < n; i++)
		places[i] = (struct wsgi_pool_place){.line = -1};
	p->places = places;
	p->n = n;
	return 0;
}

static void hang_up(struct wsgi_pool_place *place)
{
	if (place->line >= 0)
		close(place->line);
	place->line = -1;
}

void wsgi_pool_finish(struct wsgi_pool *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		hang_up(&p->places[i]);
		free(p->places[i].began_ms);
	}
	free(p->places);
	*p = (struct wsgi_pool){0};
}

uint32_t wsgi_pool_find_free(const struct wsgi_pool *p, uint32_t usable)
{
	for (uint32_t i = 0; i < p->n && i < usable; i++)
		if (p->places[i].stage == WSGI_BOARD_FREE)
			return i;
	return p->n;
}

struct wsgi_pool_place *wsgi_pool_find(const struct wsgi_pool *p, pid_t pid)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (p->places[i].stage != WSGI_BOARD_FREE && p->places[i].pid == pid)
			return &p->places[i];
	return NULL;
}

uint32_t wsgi_pool_count(const struct wsgi_pool *p, uint32_t generation)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n; i++)
		n += p->places[i].stage != WSGI_BOARD_FREE && p->places[i].generation == generation;
	return n;
}

/* Its row on the board; NULL: none. */
static struct wsgi_board_worker *row_of(const struct wsgi_pool *p, uint32_t place)
{
	const struct wsgi_board *board = p->places[place].board;

	return board != NULL ? wsgi_board_worker(board, place) : NULL;
}

static void set_stage(struct wsgi_pool *p, uint32_t place, enum wsgi_board_stage stage)
{
	struct wsgi_board_worker *row = row_of(p, place);

	p->places[place].stage = stage;
	if (row != NULL)
		row->stage = stage;
}

/* -- births ------------------------------------------------------------------------------------ */

static void open_row(struct wsgi_pool *p, uint32_t place)
{
	struct wsgi_pool_place *it = &p->places[place];
	struct wsgi_board_worker *row = row_of(p, place);

	if (row == NULL)
		return;
	wsgi_board_clear(it->board, place);
	row->generation = it->generation;
	row->started_at = wsgi_clock_us(CLOCK_REALTIME) / 1000;
	row->started_ms = it->started_ms;
	set_stage(p, place, WSGI_BOARD_STARTING);
}

int wsgi_pool_spawn(struct wsgi_pool *p, uint32_t place, const struct wsgi_pool_spawn *spawn)
{
	struct wsgi_line_message m = {.word = WSGI_LINE_SPAWN, .place = place, .serial = p->serial};
	int64_t *began = calloc(spawn->board->threads + 1, sizeof(*began));
	int ends[2], rc = began != NULL ? wsgi_fdpass_pair(ends) : -ENOMEM;

	if (rc != 0) {
		free(began);
		return rc;
	}
	p->places[place] = (struct wsgi_pool_place){
		.stage = WSGI_BOARD_STARTING,
		.serial = p->serial++,
		.generation = spawn->generation,
		.line = ends[0],
		.board = spawn->board,
		.started_ms = spawn->now_ms,
		.idle_since_ms = spawn->now_ms,
		.began_ms = began,
	};
	open_row(p, place); /* before the worker is there: it writes into it */
	rc = wsgi_fd_send(spawn->zygote, &m, sizeof(m), &ends[1], 1);
	close(ends[1]);
	if (rc != 0)
		wsgi_pool_free(p, place);
	return rc;
}

int wsgi_pool_adopt(struct wsgi_pool *p, uint32_t place, const struct wsgi_pool_place *as,
		    const struct wsgi_board *board, int64_t now_ms)
{
	int64_t *began = calloc((board != NULL ? board->threads : 0) + 1, sizeof(*began));

	if (began == NULL)
		return -ENOMEM;
	p->places[place] = *as;
	p->places[place].board = board;
	p->places[place].began_ms = began;
	p->places[place].idle_since_ms = now_ms;
	return 0;
}

/* Whether a child that has just been named has ended already. */
static void look_among_orphans(struct wsgi_pool *p, struct wsgi_pool_place *place)
{
	for (size_t i = 0; i < p->n_orphans; i++) {
		if (p->orphans[i].pid != place->pid)
			continue;
		place->reaped = true;
		place->status = p->orphans[i].status;
		p->orphans[i] = p->orphans[--p->n_orphans];
		return;
	}
}

/*
 * Whether a process is ours to kill: a zygote is the application's as much as ours, and this is not
 * only its word.
 */
static bool is_child(pid_t pid)
{
	siginfo_t info;

	return pid > 1 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static bool is_for(const struct wsgi_pool *p, const struct wsgi_line_message *m)
{
	const struct wsgi_pool_place *place = m->place < p->n ? &p->places[m->place] : NULL;

	return place != NULL && place->stage != WSGI_BOARD_FREE && place->serial == m->serial;
}

uint32_t wsgi_pool_take(struct wsgi_pool *p, const struct wsgi_line_message *m)
{
	struct wsgi_pool_place *place;
	struct wsgi_board_worker *row;

	if (!is_for(p, m)) {
		if (m->word == WSGI_LINE_SPAWNED && is_child(m->pid))
			kill(m->pid, SIGKILL);
		return p->n;
	}
	place = &p->places[m->place];
	if (m->word != WSGI_LINE_SPAWNED || m->pid <= 1 || place->pid != 0)
		return m->place;
	place->pid = m->pid;
	row = row_of(p, m->place);
	if (row != NULL)
		row->pid = m->pid;
	look_among_orphans(p, place);
	place->reaped = place->reaped || !is_child(m->pid);
	if (place->killed) /* when it could not be yet */
		wsgi_pool_signal(p, m->place, SIGKILL);
	return m->place;
}

/* -- lives ------------------------------------------------------------------------------------- */

int wsgi_pool_hear(struct wsgi_pool *p, uint32_t place, struct wsgi_line_message *m)
{
	struct wsgi_pool_place *it = &p->places[place];
	bool is_nonsense = true;
	size_t n = 0;
	int rc = -EAGAIN;

	if (it->line < 0)
		return -EAGAIN;
	for (int i = 0; i < NONSENSE_MOST && is_nonsense; i++) {
		rc = wsgi_line_hear(it->line, m, NULL, &n);
		is_nonsense =
			rc == -EBADMSG || rc == -EMSGSIZE || (rc == 1 && m->serial != it->serial);
	}
	if (is_nonsense)
		return -EAGAIN; /* there may be more of it: not at the cost of all others */
	if (rc == 1 || rc == -EAGAIN)
		return rc;
	hang_up(it);
	return 0;
}

int wsgi_pool_tell(struct wsgi_pool *p, uint32_t place, uint32_t word, const int *fds, size_t n)
{
	const struct wsgi_pool_place *it = &p->places[place];
	const struct wsgi_line_message m = {
		.word = word, .place = place, .serial = it->serial, .pid = it->pid};

	return it->line >= 0 ? wsgi_fd_send(it->line, &m, sizeof(m), fds, n) : -EPIPE;
}

void wsgi_pool_serves(struct wsgi_pool *p, uint32_t place, int64_t now_ms)
{
	p->places[place].idle_since_ms = p->places[place].serves_ms = now_ms;
	set_stage(p, place, WSGI_BOARD_SERVING);
}

void wsgi_pool_retires(struct wsgi_pool *p, uint32_t place, int64_t now_ms)
{
	if (p->places[place].stage != WSGI_BOARD_RETIRING)
		p->places[place].told_ms = now_ms;
	set_stage(p, place, WSGI_BOARD_RETIRING);
}

void wsgi_pool_signal(struct wsgi_pool *p, uint32_t place, int signal)
{
	struct wsgi_pool_place *it = &p->places[place];

	if (signal == SIGKILL)
		it->killed = true;
	if (it->stage != WSGI_BOARD_FREE && it->pid > 0 && !it->reaped)
		kill(it->pid, signal);
}

/* -- deaths ------------------------------------------------------------------------------------ */

static bool is_pid_awaited(const struct wsgi_pool *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (p->places[i].stage != WSGI_BOARD_FREE && p->places[i].pid == 0)
			return true;
	return false;
}

/* Perhaps it is one that a zygote will name. The oldest is forgotten where there are many. */
static void keep_orphan(struct wsgi_pool *p, pid_t pid, int status)
{
	if (!is_pid_awaited(p)) {
		p->n_orphans = 0;
		return;
	}
	if (p->n_orphans == WSGI_POOL_ORPHANS)
		memmove(p->orphans, p->orphans + 1, --p->n_orphans * sizeof(p->orphans[0]));
	p->orphans[p->n_orphans++] = (struct wsgi_pool_orphan){pid, status};
}

/* One that ended before it was named. */
static bool find_reaped(const struct wsgi_pool *p, struct wsgi_pool_end *end)
{
	for (uint32_t i = 0; i < p->n; i++) {
		const struct wsgi_pool_place *place = &p->places[i];

		if (place->stage == WSGI_BOARD_FREE || !place->reaped)
			continue;
		*end = (struct wsgi_pool_end){i, place->pid, place->status};
		return true;
	}
	return false;
}

bool wsgi_pool_reap(struct wsgi_pool *p, struct wsgi_pool_end *end)
{
	struct wsgi_pool_place *place;

	if (find_reaped(p, end))
		return true;
	end->pid = waitpid(-1, &end->status, WNOHANG);
	if (end->pid <= 0)
		return false;
	place = wsgi_pool_find(p, end->pid);
	end->place = place != NULL ? (uint32_t)(place - p->places) : p->n;
	if (place == NULL) {
		keep_orphan(p, end->pid, end->status);
	} else {
		place->reaped = true;
		place->status = end->status;
	}
	return true;
}

static uint64_t requests_of(const struct wsgi_pool *p, uint32_t place)
{
	const struct wsgi_board *board = p->places[place].board;
	uint64_t n = 0;

	for (uint32_t t = 0; row_of(p, place) != NULL && t < board->threads; t++)
		n += wsgi_board_thread(board, place, t)->requests;
	return n;
}

void wsgi_pool_free(struct wsgi_pool *p, uint32_t place)
{
	struct wsgi_pool_place *it = &p->places[place];
	const struct wsgi_board_worker *row = row_of(p, place);

	if (row != NULL) {
		it->board->head->accepted_before += row->accepted;
		it->board->head->requests_before += requests_of(p, place);
		wsgi_board_clear(it->board, place);
	}
	hang_up(it);
	free(it->began_ms);
	*it = (struct wsgi_pool_place){.line = -1};
}

bool wsgi_pool_has_proved(const struct wsgi_pool *p, uint32_t place, int64_t now_ms)
{
	const struct wsgi_pool_place *it = &p->places[place];

	if (it->proved || it->serves_ms == 0)
		return it->proved;
	for (uint32_t t = 0; row_of(p, place) != NULL && t < it->board->threads; t++)
		if (wsgi_board_thread(it->board, place, t)->began_ms != 0)
			return true;
	return requests_of(p, place) > 0 || now_ms - it->serves_ms >= PROVED_MS;
}

/* -- the view ---------------------------------------------------------------------------------- */

/* What a worker may have written there: anything. A request does not begin after it was seen. */
static int64_t sane(int64_t began_ms, int64_t now_ms)
{
	return began_ms < 0 ? 0 : began_ms < now_ms ? began_ms : now_ms;
}

/* Read the row of a place. Returns how many threads of it serve a request. */
static unsigned look_at(struct wsgi_pool *p, uint32_t place, int64_t now_ms)
{
	struct wsgi_pool_place *it = &p->places[place];
	uint64_t requests = 0;
	unsigned busy = 0;

	if (row_of(p, place) == NULL)
		return 0;
	for (uint32_t t = 0; t < it->board->threads; t++) {
		const struct wsgi_board_thread *thread = wsgi_board_thread(it->board, place, t);

		it->began_ms[t] = sane(thread->began_ms, now_ms);
		requests += thread->requests;
		busy += it->began_ms[t] != 0;
	}
	if (busy > 0 || requests != it->requests)
		it->idle_since_ms = now_ms;
	it->requests = requests;
	return busy;
}

static struct wsgi_pool_row row_for_decide(const struct wsgi_pool *p, uint32_t place)
{
	const struct wsgi_pool_place *it = &p->places[place];

	return (struct wsgi_pool_row){
		.stage = it->stage,
		.outgoing = it->outgoing,
		.began_ms = it->began_ms,
		.threads = row_of(p, place) != NULL ? it->board->threads : 0,
		.idle_since_ms = it->idle_since_ms,
		.told_ms = it->told_ms,
		.stuck_ms = it->stuck_ms,
		.slow_ms = it->slow_ms,
		.stopped = it->stopped,
		.killed = it->killed,
	};
}

struct wsgi_pool_seen wsgi_pool_look(struct wsgi_pool *p, struct wsgi_pool_row *rows,
				     int64_t now_ms)
{
	struct wsgi_pool_seen seen = {0};

	for (uint32_t i = 0; i < p->n; i++) {
		struct wsgi_pool_place *it = &p->places[i];

		if (it->stage != WSGI_BOARD_FREE)
			seen.busy += look_at(p, i, now_ms);
		rows[i] = row_for_decide(p, i);
		if (it->stage != WSGI_BOARD_SERVING || it->proved)
			continue;
		it->proved = wsgi_pool_has_proved(p, i, now_ms);
		seen.proved = seen.proved || it->proved;
	}
	return seen;
}
