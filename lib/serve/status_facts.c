#include "serve/status_facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* -- the tables -------------------------------------------------------------------------------- */

#define POOL(member) offsetof(struct wsgi_status_facts, member)
#define ROW(member) offsetof(struct wsgi_status_row, member)

const struct wsgi_status_field wsgi_status_pool_fields[] = {
	{"pool", NULL, WSGI_STATUS_WORDS, POOL(pool)},
	{"process manager", NULL, WSGI_STATUS_WORDS, POOL(process_manager)},
	{"start time", NULL, WSGI_STATUS_TIME, POOL(start_time)},
	{"start since", NULL, WSGI_STATUS_COUNT, POOL(start_since)},
	{"accepted conn", NULL, WSGI_STATUS_COUNT, POOL(accepted_conn)},
	{"listen queue", NULL, WSGI_STATUS_COUNT, POOL(listen_queue)},
	{"max listen queue", NULL, WSGI_STATUS_COUNT, POOL(max_listen_queue)},
	{"listen queue len", NULL, WSGI_STATUS_COUNT, POOL(listen_queue_len)},
	{"idle processes", NULL, WSGI_STATUS_COUNT, POOL(idle)},
	{"active processes", NULL, WSGI_STATUS_COUNT, POOL(active)},
	{"total processes", NULL, WSGI_STATUS_COUNT, POOL(total)},
	{"max active processes", NULL, WSGI_STATUS_COUNT, POOL(max_active)},
	{"max children reached", NULL, WSGI_STATUS_COUNT, POOL(max_children_reached)},
	{"slow requests", NULL, WSGI_STATUS_COUNT, POOL(slow_requests)},
	/* ours */
	{"threads", NULL, WSGI_STATUS_COUNT, POOL(threads)},
	{"starting processes", NULL, WSGI_STATUS_COUNT, POOL(starting)},
	{"retiring processes", NULL, WSGI_STATUS_COUNT, POOL(retiring)},
	{"connections", NULL, WSGI_STATUS_COUNT, POOL(connections)},
	{"accepted connections", NULL, WSGI_STATUS_COUNT, POOL(accepted_connections)},
	{"memory", NULL, WSGI_STATUS_COUNT, POOL(memory_bytes)},
	{"generation", NULL, WSGI_STATUS_COUNT, POOL(generation)},
	{"reloads", NULL, WSGI_STATUS_COUNT, POOL(reloads)},
	{"crashes", NULL, WSGI_STATUS_COUNT, POOL(crashes)},
	{"timeouts", NULL, WSGI_STATUS_COUNT, POOL(timeouts)},
	{0},
};

const struct wsgi_status_field wsgi_status_row_fields[] = {
	{"pid", NULL, WSGI_STATUS_COUNT, ROW(pid)},
	{"state", NULL, WSGI_STATUS_WORDS, ROW(state)},
	{"start time", NULL, WSGI_STATUS_TIME, ROW(start_time)},
	{"start since", NULL, WSGI_STATUS_COUNT, ROW(start_since)},
	{"requests", NULL, WSGI_STATUS_COUNT, ROW(requests)},
	{"request duration", NULL, WSGI_STATUS_COUNT, ROW(duration_us)},
	{"request method", NULL, WSGI_STATUS_WORDS, ROW(words.method)},
	{"request uri", "request URI", WSGI_STATUS_WORDS, ROW(words.uri)},
	{"content length", NULL, WSGI_STATUS_COUNT, ROW(content_length)},
	{"user", NULL, WSGI_STATUS_WORDS, ROW(words.user)},
	{"script", NULL, WSGI_STATUS_WORDS, ROW(words.script)},
	{"last request cpu", NULL, WSGI_STATUS_PERCENT, ROW(cpu_percent)},
	{"last request memory", NULL, WSGI_STATUS_COUNT, ROW(last_memory_bytes)},
	/* ours */
	{"worker", NULL, WSGI_STATUS_COUNT, ROW(worker)},
	{"thread", NULL, WSGI_STATUS_COUNT, ROW(thread)},
	{"generation", NULL, WSGI_STATUS_COUNT, ROW(generation)},
	{"connections", NULL, WSGI_STATUS_COUNT, ROW(connections)},
	{"memory", NULL, WSGI_STATUS_COUNT, ROW(memory_bytes)},
	{0},
};

static const void *value_at(const struct wsgi_status_field *field, const void *of)
{
	return (const char *)of + field->at;
}

const char *wsgi_status_words(const struct wsgi_status_field *field, const void *of)
{
	return value_at(field, of);
}

int64_t wsgi_status_seconds(const struct wsgi_status_field *field, const void *of)
{
	return *(const int64_t *)value_at(field, of) / 1000;
}

int wsgi_status_add_number(struct wsgi_buf *out, const struct wsgi_status_field *field,
			   const void *of)
{
	switch (field->kind) {
	case WSGI_STATUS_TIME:
		return wsgi_buf_addf(out, "%" PRId64, wsgi_status_seconds(field, of));
	case WSGI_STATUS_COUNT:
		return wsgi_buf_addf(out, "%" PRIu64, *(const uint64_t *)value_at(field, of));
	case WSGI_STATUS_PERCENT:
		return wsgi_buf_addf(out, "%.2f", *(const double *)value_at(field, of));
	case WSGI_STATUS_WORDS:
		break;
	}
	return 0;
}

/* -- the pool ---------------------------------------------------------------------------------- */

/* Of a string that other processes may write to at any time. */
static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%.*s", (int)size - 1, from);
}

/* Whatever the board holds: a difference that no int64_t can overflow. */
static uint64_t since(int64_t then_ms, int64_t now_ms)
{
	return then_ms != 0 && now_ms > then_ms ? (uint64_t)now_ms - (uint64_t)then_ms : 0;
}

static bool is_active(const struct wsgi_board *b, uint32_t place)
{
	for (uint32_t i = 0; i < b->threads; i++)
		if (wsgi_board_thread(b, place, i)->began_ms != 0)
			return true;
	return false;
}

static void add_worker(struct wsgi_status_facts *f, uint32_t place)
{
	const struct wsgi_board_worker *w = wsgi_board_worker(f->board, place);
	const int stage = w->stage;
	bool active;

	if (stage == WSGI_BOARD_FREE)
		return;
	f->connections += w->connections;
	f->accepted_connections += w->accepted;
	f->memory_bytes += w->memory_bytes;
	for (uint32_t i = 0; i < f->board->threads; i++)
		f->accepted_conn += wsgi_board_thread(f->board, place, i)->requests;
	if (stage == WSGI_BOARD_STARTING) {
		f->starting++;
		return;
	}
	active = is_active(f->board, place);
	f->serving += stage == WSGI_BOARD_SERVING;
	f->retiring += stage == WSGI_BOARD_RETIRING;
	f->active += active;
	/* What retires and has no request is as good as gone: nobody can have it. */
	f->idle += !active && stage == WSGI_BOARD_SERVING;
}

void wsgi_status_facts_read(struct wsgi_status_facts *f, const struct wsgi_board *board)
{
	const struct wsgi_board_head *h = board->head;

	*f = (struct wsgi_status_facts){
		.board = board,
		.now_ms = wsgi_clock_ms(),
		.now_at = wsgi_clock_us(CLOCK_REALTIME) / 1000,
		.start_time = h->started_at,
		.accepted_conn = h->requests_before,
		.listen_queue = h->listen_queue,
		.max_listen_queue = h->max_listen_queue,
		.listen_queue_len = h->listen_queue_len,
		.max_active = h->max_active,
		.max_children_reached = h->max_children_reached,
		.slow_requests = h->slow_requests,
		.threads = board->threads,
		.accepted_connections = h->accepted_before,
		.generation = h->generation,
		.reloads = h->reloads,
		.crashes = h->crashes,
		.timeouts = h->timeouts,
		.stopping = h->stopping != 0,
	};
	f->start_since = since(h->started_ms, f->now_ms) / 1000;
	copy_text(f->pool, sizeof(f->pool), h->name);
	copy_text(f->process_manager, sizeof(f->process_manager), h->pm);
	for (uint32_t place = 0; place < board->places; place++)
		add_worker(f, place);
	f->total = f->idle + f->active;
	/* The master looks from time to time, and this may be a better moment. */
	if (f->active > f->max_active)
		f->max_active = f->active;
	if (f->listen_queue > f->max_listen_queue)
		f->max_listen_queue = f->listen_queue;
}

bool wsgi_status_facts_healthy(const struct wsgi_status_facts *f, const char **why)
{
	if (f->stopping)
		*why = "stopping";
	/* On demand, one is started for the next request. */
	else if (f->serving == 0 && strcmp(f->process_manager, "ondemand") != 0)
		*why = f->starting > 0 ? "starting" : "no worker serves";
	else
		return true;
	return false;
}

/* -- rows -------------------------------------------------------------------------------------- */

/* Go on to the next thread that there is something to say of. */
static bool advance(const struct wsgi_status_facts *f, struct wsgi_status_row *row)
{
	for (; row->place < f->board->places; row->place++, row->next_thread = 0) {
		const int stage = wsgi_board_worker(f->board, row->place)->stage;
		/* One that starts has threads, but they do nothing yet. */
		const uint32_t threads = stage == WSGI_BOARD_FREE       ? 0
					 : stage == WSGI_BOARD_STARTING ? 1
									: f->board->threads;

		if (row->next_thread < threads) {
			row->stage = (enum wsgi_board_stage)stage;
			row->thread = ++row->next_thread;
			row->first = row->thread == 1;
			return true;
		}
	}
	return false;
}

static const char *state_of(const struct wsgi_status_row *row)
{
	if (row->running)
		return "Running";
	if (row->stage == WSGI_BOARD_STARTING)
		return "Starting";
	return row->stage == WSGI_BOARD_RETIRING ? "Ending" : "Idle";
}

static void read_worker(const struct wsgi_status_facts *f, struct wsgi_status_row *row)
{
	const struct wsgi_board_worker *w = wsgi_board_worker(f->board, row->place);
	const int pid = w->pid;

	row->worker = (uint64_t)row->place + 1;
	row->pid = pid > 0 ? (uint64_t)pid : 0;
	row->start_time = w->started_at;
	row->start_since = since(w->started_ms, f->now_ms) / 1000;
	row->generation = w->generation;
	row->connections = w->connections;
	row->memory_bytes = w->memory_bytes;
}

static void say_none(char *text)
{
	if (text[0] == '\0')
		strcpy(text, "-");
}

static void read_thread(const struct wsgi_status_facts *f, struct wsgi_status_row *row)
{
	struct wsgi_board_thread *t = wsgi_board_thread(f->board, row->place, row->next_thread - 1);
	struct wsgi_board_words *words = &row->words;
	const int64_t began_ms = t->began_ms;

	row->requests = t->requests;
	wsgi_board_read(t, words);
	/* It may have ended since began_ms was read: then the words say so. */
	row->running = began_ms != 0 && words->took_us < 0;
	if (row->running)
		row->duration_us = since(began_ms, f->now_ms) * 1000;
	else
		row->duration_us = words->took_us > 0 ? (uint64_t)words->took_us : 0;
	row->content_length = words->content_length > 0 ? (uint64_t)words->content_length : 0;
	row->cpu_percent = !row->running && words->took_us > 0 && words->cpu_us > 0
				   ? (double)words->cpu_us * 100 / (double)words->took_us
				   : 0;
	row->last_memory_bytes = row->running ? 0 : row->memory_bytes;
	say_none(words->method);
	say_none(words->uri);
	say_none(words->user);
	say_none(words->script);
}

bool wsgi_status_row_next(const struct wsgi_status_facts *f, struct wsgi_status_row *row)
{
	if (!advance(f, row))
		return false;
	read_worker(f, row);
	read_thread(f, row);
	copy_text(row->state, sizeof(row->state), state_of(row));
	return true;
}
