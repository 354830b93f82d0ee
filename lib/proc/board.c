#include "proc/board.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	FORMAT = 1, /* one more when something means something else, but has the same size */
	LINE = 64,  /* of a processor's cache: two threads never write into one */
	READ_SPINS = 100,
	READ_TRIES = 150,
};

static_assert(sizeof(struct wsgi_board_words) % sizeof(uint64_t) == 0, "words are whole cells");

/* -- where things stand ------------------------------------------------------------------------ */

static size_t whole_lines(size_t bytes)
{
	return (bytes + LINE - 1) / LINE * LINE;
}

static size_t place_bytes(uint32_t threads)
{
	return whole_lines(sizeof(struct wsgi_board_worker)) +
	       threads * whole_lines(sizeof(struct wsgi_board_thread));
}

static size_t board_bytes(uint32_t places, uint32_t threads)
{
	return whole_lines(sizeof(struct wsgi_board_head)) + places * place_bytes(threads);
}

struct wsgi_board_worker *wsgi_board_worker(const struct wsgi_board *b, uint32_t place)
{
	char *base = (char *)b->head;

	if (b->head == NULL || place >= b->places)
		return NULL;
	base += whole_lines(sizeof(*b->head)) + place * place_bytes(b->threads);
	return (struct wsgi_board_worker *)(void *)base;
}

struct wsgi_board_thread *wsgi_board_thread(const struct wsgi_board *b, uint32_t place,
					    uint32_t thread)
{
	struct wsgi_board_worker *w = wsgi_board_worker(b, place);
	char *base = (char *)w;

	if (w == NULL || thread >= b->threads)
		return NULL;
	base += whole_lines(sizeof(*w)) + thread * whole_lines(sizeof(struct wsgi_board_thread));
	return (struct wsgi_board_thread *)(void *)base;
}

/* -- the memory -------------------------------------------------------------------------------- */

/* What a program must have in common with the one that made the board. */
static void say_layout(char layout[32])
{
	snprintf(layout, 32, "wsgi %d %zu %zu %zu", FORMAT, sizeof(struct wsgi_board_head),
		 sizeof(struct wsgi_board_worker), sizeof(struct wsgi_board_thread));
}

static int map(struct wsgi_board *b, size_t bytes, struct wsgi_error *err)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, b->fd, 0);

	if (at == MAP_FAILED)
		return wsgi_fail(err, -errno, "the scoreboard of %zu bytes cannot be mapped: %s",
				 bytes, strerror(errno));
	b->head = at;
	return 0;
}

static int make(struct wsgi_board *b, struct wsgi_error *err)
{
	/* Nobody can cut it off under those who read it: that would be a SIGBUS for them. */
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	size_t bytes = board_bytes(b->places, b->threads);
	int rc;

	b->fd = memfd_create("wsgi-board", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (b->fd < 0 || ftruncate(b->fd, (off_t)bytes) != 0 ||
	    fcntl(b->fd, F_ADD_SEALS, seals) != 0)
		return wsgi_fail(err, -errno, "no memory for the scoreboard of %zu bytes: %s",
				 bytes, strerror(errno));
	rc = map(b, bytes, err);
	if (rc != 0)
		return rc;
	wsgi_board_sign(b);
	return 0;
}

void wsgi_board_sign(const struct wsgi_board *b)
{
	if (b->head == NULL)
		return;
	say_layout(b->head->layout);
	b->head->places = b->places;
	b->head->threads = b->threads;
}

static int64_t time_of_day_ms(void)
{
	return wsgi_clock_us(CLOCK_REALTIME_COARSE) / 1000;
}

int wsgi_board_create(struct wsgi_board *b, uint32_t places, uint32_t threads,
		      struct wsgi_error *err)
{
	int rc;

	*b = (struct wsgi_board){.fd = -1, .places = places, .threads = threads};
	if (places == 0 || places > WSGI_BOARD_MAX_PLACES || threads == 0 ||
	    threads > WSGI_BOARD_MAX_THREADS)
		return wsgi_fail(err, -EINVAL,
				 "a scoreboard for %u workers of %u threads: at most %d of %d",
				 (unsigned)places, (unsigned)threads, WSGI_BOARD_MAX_PLACES,
				 WSGI_BOARD_MAX_THREADS);
	rc = make(b, err);
	if (rc != 0) {
		wsgi_board_finish(b);
		return rc;
	}
	b->head->started_ms = wsgi_clock_ms();
	b->head->started_at = time_of_day_ms();
	return 0;
}

static int not_ours(int fd, struct wsgi_error *err)
{
	return wsgi_fail(err, -EPROTO, "descriptor %d is no scoreboard of this program's version",
			 fd);
}

/* Whether it is one that this program can read; then its sizes are known. */
static int check(struct wsgi_board *b, size_t bytes, struct wsgi_error *err)
{
	char layout[32];

	say_layout(layout);
	if (memcmp(b->head->layout, layout, strlen(layout) + 1) != 0)
		return not_ours(b->fd, err);
	b->places = b->head->places;
	b->threads = b->head->threads;
	if (b->places > WSGI_BOARD_MAX_PLACES || b->threads > WSGI_BOARD_MAX_THREADS ||
	    board_bytes(b->places, b->threads) != bytes)
		return not_ours(b->fd, err);
	return 0;
}

/* Others than a memfd have no seals: a file that somebody may cut off is none of ours. */
static bool is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
}

int wsgi_board_attach(struct wsgi_board *b, int fd, struct wsgi_error *err)
{
	struct stat st;
	size_t bytes;
	int rc;

	*b = (struct wsgi_board){.fd = fd};
	if (fstat(fd, &st) != 0)
		return wsgi_fail(err, -errno, "the scoreboard on descriptor %d: %s", fd,
				 strerror(errno));
	bytes = (size_t)st.st_size;
	if (!is_sealed(fd) || bytes < sizeof(*b->head))
		rc = not_ours(fd, err);
	else
		rc = map(b, bytes, err);
	if (rc == 0)
		rc = check(b, bytes, err);
	if (rc == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		rc = wsgi_fail(err, -errno, "the scoreboard on descriptor %d: %s", fd,
			       strerror(errno));
	if (rc != 0 && b->head != NULL)
		munmap(b->head, bytes);
	if (rc != 0) {
		b->head = NULL;
		wsgi_board_finish(b);
	}
	return rc;
}

void wsgi_board_finish(struct wsgi_board *b)
{
	if (b == NULL)
		return;
	if (b->head != NULL)
		munmap(b->head, board_bytes(b->places, b->threads));
	/* A zeroed one has no descriptor, though 0 is one. */
	if (b->fd > 0 || b->head != NULL)
		close(b->fd);
	*b = (struct wsgi_board){.fd = -1};
}

/* -- the words of a thread --------------------------------------------------------------------- */

/*
 * A sequence lock without fences, which ThreadSanitizer does not know: each cell is stored with
 * release and loaded with acquire. Whoever sees a cell of a later turn then sees that turn too.
 * Source: Boehm, "Can Seqlocks Get Along With Programming Language Memory Models?", 2012.
 */
static uint32_t begin_words(struct wsgi_board_thread *t)
{
	/* One that was killed left it odd. */
	uint32_t turn = atomic_load_explicit(&t->turn, memory_order_relaxed) | 1;

	atomic_store_explicit(&t->turn, turn, memory_order_relaxed);
	return turn;
}

static void end_words(struct wsgi_board_thread *t, uint32_t turn)
{
	atomic_store_explicit(&t->turn, turn + 1, memory_order_release);
}

static void put_cell(struct wsgi_board_thread *t, size_t cell, uint64_t value)
{
	atomic_store_explicit(&t->cells[cell], value, memory_order_release);
}

static void put_text(struct wsgi_board_thread *t, size_t offset, size_t size, const char *text)
{
	size_t len = text != NULL ? strnlen(text, size - 1) : 0, cell = offset / sizeof(uint64_t);
	uint64_t value;

	for (; len >= sizeof(value); len -= sizeof(value), text += sizeof(value)) {
		memcpy(&value, text, sizeof(value));
		put_cell(t, cell++, value);
	}
	value = 0; /* the NUL, and what follows it */
	for (size_t i = 0; i < len; i++)
		((char *)&value)[i] = text[i];
	put_cell(t, cell, value);
}

static void put_number(struct wsgi_board_thread *t, size_t offset, int64_t value)
{
	put_cell(t, offset / sizeof(uint64_t), (uint64_t)value);
}

#define PUT_TEXT(t, member, text)                                                                  \
	put_text(t, offsetof(struct wsgi_board_words, member),                                     \
		 sizeof(((struct wsgi_board_words *)0)->member), text)
#define PUT_NUMBER(t, member, value) put_number(t, offsetof(struct wsgi_board_words, member), value)

static int64_t read_length(const char *text)
{
	int64_t length = 0;

	if (text == NULL || *text == '\0')
		return -1;
	for (; *text >= '0' && *text <= '9' && length < INT64_MAX / 10 - 1; text++)
		length = length * 10 + (*text - '0');
	return *text == '\0' ? length : -1;
}

/* What its thread alone reads again. */
static int64_t own(const _Atomic int64_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

static void set(_Atomic int64_t *at, int64_t value)
{
	atomic_store_explicit(at, value, memory_order_relaxed);
}

static void say_words(struct wsgi_board_thread *t, const struct wsgi_board_request *request)
{
	uint32_t turn = begin_words(t);

	PUT_TEXT(t, method, request->method);
	PUT_TEXT(t, uri, request->uri);
	PUT_TEXT(t, script, request->script);
	PUT_TEXT(t, user, request->user);
	PUT_NUMBER(t, content_length, read_length(request->content_length));
	PUT_NUMBER(t, began_at, time_of_day_ms());
	PUT_NUMBER(t, took_us, -1);
	PUT_NUMBER(t, cpu_us, -1);
	end_words(t, turn);
}

void wsgi_board_begin(struct wsgi_board_thread *t, const struct wsgi_board_request *request)
{
	int64_t now_us = request->began_us;

	if (t == NULL)
		return;
	if (now_us == 0)
		now_us = wsgi_clock_us(CLOCK_MONOTONIC);
	if (!request->brief)
		say_words(t, request);
	set(&t->began_us, request->brief ? 0 : now_us);
	set(&t->began_cpu_us, request->cpu ? wsgi_clock_us(CLOCK_THREAD_CPUTIME_ID) : -1);
	/* Never 0, which the clock is at boot. The words are there before it. */
	atomic_store_explicit(&t->began_ms, now_us >= 1000 ? now_us / 1000 : 1,
			      memory_order_release);
}

/* What it took. */
static void end_with_words(struct wsgi_board_thread *t)
{
	int64_t cpu_us = -1;
	uint32_t turn;

	if (own(&t->began_cpu_us) >= 0)
		cpu_us = wsgi_clock_us(CLOCK_THREAD_CPUTIME_ID) - own(&t->began_cpu_us);
	turn = begin_words(t);
	PUT_NUMBER(t, took_us, wsgi_clock_us(CLOCK_MONOTONIC) - own(&t->began_us));
	PUT_NUMBER(t, cpu_us, cpu_us);
	end_words(t, turn);
}

void wsgi_board_end(struct wsgi_board_thread *t)
{
	if (t == NULL || own(&t->began_ms) == 0)
		return;
	if (own(&t->began_us) != 0)
		end_with_words(t);
	/* One writer: no locked addition is needed. */
	atomic_store_explicit(&t->requests,
			      atomic_load_explicit(&t->requests, memory_order_relaxed) + 1,
			      memory_order_relaxed);
	atomic_store_explicit(&t->began_ms, 0, memory_order_release);
}

/* Returns whether nobody wrote meanwhile. */
static bool copy(struct wsgi_board_thread *t, uint64_t cells[WSGI_BOARD_CELLS])
{
	uint32_t turn = atomic_load_explicit(&t->turn, memory_order_acquire);

	for (size_t i = 0; i < WSGI_BOARD_CELLS; i++)
		cells[i] = atomic_load_explicit(&t->cells[i], memory_order_acquire);
	return turn % 2 == 0 && atomic_load_explicit(&t->turn, memory_order_relaxed) == turn;
}

bool wsgi_board_read(struct wsgi_board_thread *t, struct wsgi_board_words *words)
{
	const struct timespec nap = {.tv_nsec = 100000};
	uint64_t cells[WSGI_BOARD_CELLS];
	bool whole = copy(t, cells);

	/* The writer is at work, or has no processor at the moment, or has been killed. */
	for (int i = 1; !whole && i < READ_TRIES; i++) {
		if (i > READ_SPINS)
			nanosleep(&nap, NULL);
		whole = copy(t, cells);
	}
	memcpy(words, cells, sizeof(*words));
	words->method[sizeof(words->method) - 1] = '\0';
	words->uri[sizeof(words->uri) - 1] = '\0';
	words->script[sizeof(words->script) - 1] = '\0';
	words->user[sizeof(words->user) - 1] = '\0';
	return whole;
}

/* -- a place ----------------------------------------------------------------------------------- */

static void clear_thread(struct wsgi_board_thread *t)
{
	uint32_t turn;

	set(&t->began_ms, 0);
	atomic_store_explicit(&t->requests, 0, memory_order_relaxed);
	turn = begin_words(t);
	for (size_t i = 0; i < WSGI_BOARD_CELLS; i++)
		put_cell(t, i, 0);
	end_words(t, turn);
}

void wsgi_board_clear(const struct wsgi_board *b, uint32_t place)
{
	struct wsgi_board_worker *w = wsgi_board_worker(b, place);

	if (w == NULL)
		return;
	w->stage = WSGI_BOARD_FREE;
	w->pid = 0;
	w->generation = 0;
	w->started_at = w->started_ms = 0;
	w->connections = 0;
	w->accepted = 0;
	w->memory_bytes = 0;
	for (uint32_t i = 0; i < b->threads; i++)
		clear_thread(wsgi_board_thread(b, place, i));
}
