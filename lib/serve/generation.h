#ifndef WSGI_SERVE_GENERATION_H
#define WSGI_SERVE_GENERATION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "proc/board.h"
#include "proc/decide.h"
#include "proc/priv.h"
#include "proc/signals.h"
#include "serve/gateway.h"
#include "serve/options.h"

/*
 * generation - what a reload replaces: the options as they were read, a zygote that runs by them,
 * and the board that its workers write.
 *
 * Owner    the master. A generation lives as long as one of its workers does; a board as long as
 *          one of the generations that share it.
 */
struct wsgi_generation_board {
	struct wsgi_board board;
	unsigned users;
};

struct wsgi_generation {
	struct wsgi_generation *next; /* the master's list of older ones */
	uint32_t number;
	struct wsgi_options o;
	struct wsgi_generation_board *shared; /* NULL: none that can be read */
	pid_t zygote;                         /* 0: there is none */
	int64_t hung_up_ms;                   /* when its line came to its end; 0: it has not */
	int line;                             /* to it; -1: none, or at its end */
	bool is_up;                           /* it takes orders */
	bool is_adopted;                      /* see wsgi_generation_adopt() */
	int code;                             /* the exit status that it announced; 0: none */
};

/*
 * Read the options anew, for a generation that has no zygote yet.
 *   first   as the program was started; outlives it
 *   last    whose board it shares if that has enough room; NULL: none
 * Returns 0; -errno with words.
 */
int wsgi_generation_create(struct wsgi_generation **g, uint32_t number,
			   const struct wsgi_options *first, const struct wsgi_generation *last,
			   struct wsgi_error *err);

/*
 * The generation that the program before this one left (SIGUSR2): a zygote of that program's, by
 * whatever options it had. It is to be succeeded soon, and is not started again.
 *   board   its descriptor, which belongs to the generation from then on; -1: none. One that this
 *           program cannot read is none.
 * Errors as above.
 */
int wsgi_generation_adopt(struct wsgi_generation **g, uint32_t number,
			  const struct wsgi_options *first, int board, struct wsgi_error *err);

/* Hang up, which ends the zygote. Its workers go on. */
void wsgi_generation_hang_up(struct wsgi_generation *g);
void wsgi_generation_destroy(struct wsgi_generation *g);

/* NULL: there is none. */
const struct wsgi_board *wsgi_generation_board(const struct wsgi_generation *g);

/* How many places there are to be, for so many workers: two generations at once, and more. */
uint32_t wsgi_generation_places(const struct wsgi_options *o);

/* The limits of proc/decide by these options, for more workers than they say, or fewer. */
struct wsgi_pool_limits wsgi_generation_limits(const struct wsgi_options *o, int more);

/* What a zygote is started with, all borrowed. */
struct wsgi_generation_start {
	const struct wsgi_gateway_host *host;
	const int *fds; /* n_fds listening sockets */
	size_t n_fds;
	int exchange[2]; /* give, take */
	int access;      /* the access log; -1: none */
	const struct wsgi_priv *priv;
	struct wsgi_signals *signals;
};

/* Fork its zygote. Returns 1 in the child, which goes on to be_zygote; 0; -errno with words. */
int wsgi_generation_start(struct wsgi_generation *g, struct wsgi_error *err);

/* In that child. Returns its exit status. */
int wsgi_generation_be_zygote(struct wsgi_generation *g, const struct wsgi_generation_start *start);

#endif
