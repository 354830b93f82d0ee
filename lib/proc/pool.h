#ifndef WSGI_PROC_POOL_H
#define WSGI_PROC_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc/board.h"
#include "proc/decide.h"
#include "proc/line.h"

/*
 * pool - the places of workers: who has each, how it is, and the lines to them.
 *
 * Shape    places 0 .. n - 1, of which each has a row on the board of its worker's generation.
 *          Mechanism only: proc/decide says what to do, the master does it by this.
 * Owner    the pool has the lines; boards are borrowed, for as long as a place uses one.
 * Death    a worker has ended when wsgi_pool_reap() says so, never before; its line may end
 *          sooner. Children that are of no place are reaped too: the orphans of an application
 *          come to the master, which is a subreaper.
 */
struct wsgi_pool_place {
	enum wsgi_board_stage stage;
	pid_t pid;       /* 0: its zygote has not said it yet */
	uint32_t serial; /* of its spawn */
	uint32_t generation;
	int line;                       /* -1: none, or at its end */
	const struct wsgi_board *board; /* NULL: there is none that can be read */
	bool outgoing;                  /* the master's: see proc/decide */
	bool proved;                    /* it has served a request, or for a second */
	bool stopped, killed, reaped;
	int status;         /* reaped: as waitpid(2) has it */
	int code;           /* the exit status that it announced; 0: none */
	bool ready;         /* it has said so before its zygote named it */
	int64_t hung_up_ms; /* when its line ended; 0: it has not */
	int64_t started_ms, serves_ms, idle_since_ms, told_ms, stuck_ms, slow_ms;
	uint64_t requests; /* as last seen */
	int64_t *began_ms; /* of board->threads threads, as last seen; owned */
};

enum { WSGI_POOL_ORPHANS = 64 };

struct wsgi_pool {
	struct wsgi_pool_place *places; /* n of them */
	uint32_t n;
	uint32_t serial;
	/* Private: children that ended while a zygote had not yet said whose they were. */
	struct wsgi_pool_orphan {
		pid_t pid;
		int status;
	} orphans[WSGI_POOL_ORPHANS];
	size_t n_orphans;
};

/* At least n places, from none in a zeroed pool. Returns 0; -ENOMEM: all is as it was. */
int wsgi_pool_grow(struct wsgi_pool *p, uint32_t n);
void wsgi_pool_finish(struct wsgi_pool *p);

/* The first free one of the first usable places; p->n: none. */
uint32_t wsgi_pool_find_free(const struct wsgi_pool *p, uint32_t usable);

/* Who is pid; NULL: nobody. */
struct wsgi_pool_place *wsgi_pool_find(const struct wsgi_pool *p, pid_t pid);

/* How many places of a generation are not free. */
uint32_t wsgi_pool_count(const struct wsgi_pool *p, uint32_t generation);

/* What a worker is started by. */
struct wsgi_pool_spawn {
	int zygote; /* the line to it */
	uint32_t generation;
	const struct wsgi_board *board; /* has room for the place */
	int64_t now_ms;
};

/* Have the zygote fork a worker for a free place. Returns 0 or -errno: the place is free then. */
int wsgi_pool_spawn(struct wsgi_pool *p, uint32_t place, const struct wsgi_pool_spawn *spawn);

/*
 * Take over a worker that the program before this one had, in a free place.
 *   as   how it is; its line is the pool's from then on
 * Returns 0 or -ENOMEM.
 */
int wsgi_pool_adopt(struct wsgi_pool *p, uint32_t place, const struct wsgi_pool_place *as,
		    const struct wsgi_board *board, int64_t now_ms);

/*
 * What a zygote said: WSGI_LINE_SPAWNED or WSGI_LINE_FAILED. A worker that nobody waits for any
 * more is killed. Returns the place; p->n: it is of none, or no longer.
 */
uint32_t wsgi_pool_take(struct wsgi_pool *p, const struct wsgi_line_message *m);

/* What a worker says. Returns 1; 0 and the line is closed: it has ended, or soon will; -EAGAIN. */
int wsgi_pool_hear(struct wsgi_pool *p, uint32_t place, struct wsgi_line_message *m);

/*
 * Tell a worker something, without waiting: WSGI_LINE_RETIRE, _STOP, _LOGS with n descriptors.
 * Returns 0 or -errno.
 */
int wsgi_pool_tell(struct wsgi_pool *p, uint32_t place, uint32_t word, const int *fds, size_t n);

/* It serves; it is to end, and has been told so (or nobody can: it will have to be killed). */
void wsgi_pool_serves(struct wsgi_pool *p, uint32_t place, int64_t now_ms);
void wsgi_pool_retires(struct wsgi_pool *p, uint32_t place, int64_t now_ms);

/* Send a signal. Nothing happens when it has ended, or its zygote has not said who it is. */
void wsgi_pool_signal(struct wsgi_pool *p, uint32_t place, int signal);

struct wsgi_pool_end {
	uint32_t place; /* p->n: of none */
	pid_t pid;
	int status;
};

/*
 * The next child that has ended, those of no place too. One that has a place is told until that is
 * made free. Before it, hear all zygotes. Returns whether there is one.
 */
bool wsgi_pool_reap(struct wsgi_pool *p, struct wsgi_pool_end *end);

/* Whether a worker has had a request, or has served for a second: it has not failed to start. */
bool wsgi_pool_has_proved(const struct wsgi_pool *p, uint32_t place, int64_t now_ms);

/* Make a place free again; what its worker has counted is added to the board's head. */
void wsgi_pool_free(struct wsgi_pool *p, uint32_t place);

/* What the boards say, over all places. */
struct wsgi_pool_seen {
	unsigned busy; /* threads that serve a request */
	bool proved;   /* a worker has proved itself since the last time */
};

/* Read the boards, and fill n rows for proc/decide. */
struct wsgi_pool_seen wsgi_pool_look(struct wsgi_pool *p, struct wsgi_pool_row *rows,
				     int64_t now_ms);

#endif
