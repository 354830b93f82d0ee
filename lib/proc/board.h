#ifndef WSGI_PROC_BOARD_H
#define WSGI_PROC_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * board - the scoreboard: memory that the master, its zygotes and all workers share, in which each
 * says how it is, and whoever wants to know reads.
 *
 * Shape    a head, a row for each place of a worker, and in it a row for each of its threads.
 *          It is a memfd, so that it goes through an exec.
 * Writers  each member has one, named below; readers take what they find. The words of a thread
 *          are of several members: read them by wsgi_board_read().
 * Trust    a worker can write anywhere in it. The master takes no size, index or length out of it
 *          that it has not checked.
 * Time     *_ms are wsgi_clock_ms(), which is the same in all processes; *_at is the time of day,
 *          in milliseconds since 1970.
 * Source   PHP-FPM's scoreboard, for what is in it.
 */
enum wsgi_board_stage {
	WSGI_BOARD_FREE,     /* no worker has the place */
	WSGI_BOARD_STARTING, /* forked, or about to be; it loads the application */
	WSGI_BOARD_SERVING,
	WSGI_BOARD_RETIRING, /* it takes no new requests, and ends with those that it has */
};

enum { WSGI_BOARD_URI = 256 };

/* What a thread is about, or was last. Strings that do not fit are cut. */
struct wsgi_board_words {
	char method[16], uri[WSGI_BOARD_URI], script[128], user[32];
	int64_t content_length; /* -1: none was said */
	int64_t began_at;       /* 0: there was no request yet */
	int64_t took_us;        /* of the last request that ended; -1: it is still under way */
	int64_t cpu_us;         /* processor time of that thread for it; -1: not counted */
};
enum { WSGI_BOARD_CELLS = sizeof(struct wsgi_board_words) / sizeof(uint64_t) };

struct wsgi_board_thread {
	_Atomic int64_t began_ms; /* of the request under way; 0: there is none */
	_Atomic uint64_t requests;
	_Atomic int64_t began_us, began_cpu_us;   /* private, as all below; 0: it has no words */
	_Atomic uint32_t turn;                    /* odd: words are being written */
	_Atomic uint64_t cells[WSGI_BOARD_CELLS]; /* the words, so that they can be atomic */
};

struct wsgi_board_worker {
	/* The master's. */
	_Atomic int stage;
	_Atomic int pid; /* 0: not known yet */
	_Atomic uint32_t generation;
	_Atomic int64_t started_at, started_ms;
	/* The worker's. */
	_Atomic uint32_t connections;
	_Atomic uint64_t accepted; /* connections, since it began */
	/* Its resident set, as it was last looked at; 0: not seen. */
	_Atomic uint64_t memory_bytes;
};

/* The head: the master's. */
struct wsgi_board_head {
	char layout[32]; /* of whom can read it */
	uint32_t places, threads;
	char name[64]; /* the pool's: the application */
	char pm[16];   /* "static" ... */
	int64_t started_at, started_ms;
	_Atomic uint32_t generation;
	_Atomic uint64_t accepted_before; /* by workers that have ended */
	_Atomic uint64_t requests_before;
	_Atomic uint32_t max_active, max_children_reached, listen_queue, max_listen_queue,
		listen_queue_len;
	_Atomic uint64_t slow_requests;
	_Atomic uint64_t crashes, timeouts, reloads;
	_Atomic uint32_t stopping; /* the service ends: a health check is to send nobody here */
};

struct wsgi_board {
	int fd;
	struct wsgi_board_head *head; /* NULL: none */
	uint32_t places, threads;     /* as in the head, but where no worker can change them */
};

enum { WSGI_BOARD_MAX_PLACES = 65536, WSGI_BOARD_MAX_THREADS = 4096 };

/*
 * A new one, close-on-exec, all of whose places are free; started_at and started_ms are now. What
 * nobody uses of it costs no memory.
 * Returns 0; -EINVAL for a size that is 0 or above the most; -errno; with words in err.
 */
int wsgi_board_create(struct wsgi_board *b, uint32_t places, uint32_t threads,
		      struct wsgi_error *err);

/*
 * The one on a descriptor, which belongs to b from then on. Returns 0; -EPROTO, with words, when
 * another version of this program made it; -errno with words.
 */
int wsgi_board_attach(struct wsgi_board *b, int fd, struct wsgi_error *err);
void wsgi_board_finish(struct wsgi_board *b);

/*
 * The master's: write down again how it is to be read, before somebody attaches it. An application
 * may have written over that.
 */
void wsgi_board_sign(const struct wsgi_board *b);

/* The rows. NULL: there is no such place or thread, or no board. */
struct wsgi_board_worker *wsgi_board_worker(const struct wsgi_board *b, uint32_t place);
struct wsgi_board_thread *wsgi_board_thread(const struct wsgi_board *b, uint32_t place,
					    uint32_t thread);

/* The master's, when no worker has it: make a place as if nobody had ever had it. */
void wsgi_board_clear(const struct wsgi_board *b, uint32_t place);

/* Its thread's, around a request. Strings may be NULL. */
struct wsgi_board_request {
	const char *method, *uri, *script, *user, *content_length;
	int64_t began_us; /* by CLOCK_MONOTONIC; 0: now */
	bool cpu;   /* count the processor time: two system calls, which nothing else here makes */
	bool brief; /* nobody reads the words: none are written */
};

/* A NULL for t is fine, and nothing. */
void wsgi_board_begin(struct wsgi_board_thread *t, const struct wsgi_board_request *request);
void wsgi_board_end(struct wsgi_board_thread *t);

/*
 * Anybody's: the words as they were at one time. Strings end within their room, whatever anybody
 * wrote.
 * Returns whether they are of one time: after some milliseconds they are what there is, as of a
 * worker that was killed while it wrote them.
 */
bool wsgi_board_read(struct wsgi_board_thread *t, struct wsgi_board_words *words);

#endif
