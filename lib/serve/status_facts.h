#ifndef WSGI_SERVE_STATUS_FACTS_H
#define WSGI_SERVE_STATUS_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "proc/board.h"

/*
 * status_facts - what a status page says: the board, added up, and told by names.
 *
 * Shape    facts of the pool, read at one time; rows, a thread of a worker each, read one by one.
 *          Both have a table of fields, by which a page that says all of them is written.
 * Source   PHP-FPM's fpm_status.c: the first fields are its, in its spellings and order.
 */
struct wsgi_status_facts {
	const struct wsgi_board *board;
	int64_t now_ms, now_at;
	/* PHP-FPM's */
	char pool[64], process_manager[16];
	int64_t start_time;
	uint64_t start_since, accepted_conn; /* requests served, as PHP-FPM counts it */
	uint64_t listen_queue, max_listen_queue, listen_queue_len;
	uint64_t idle, active, total, max_active; /* workers; any thread makes one active */
	uint64_t max_children_reached, slow_requests;
	/* ours */
	uint64_t threads;            /* of a worker */
	uint64_t starting, retiring; /* workers; one that starts is in none of the numbers above */
	uint64_t serving;            /* workers that take requests */
	uint64_t connections, accepted_connections;
	uint64_t memory_bytes; /* the sum of the workers' resident sets */
	uint64_t generation, reloads, crashes, timeouts;
	bool stopping;
};

void wsgi_status_facts_read(struct wsgi_status_facts *f, const struct wsgi_board *board);

/* Whether a health check is to send requests here; if not, *why is a line that says so. */
bool wsgi_status_facts_healthy(const struct wsgi_status_facts *f, const char **why);

struct wsgi_status_row {
	uint32_t place, next_thread; /* private */
	bool first;                  /* the first row of its worker */
	bool running;                /* a request is under way */
	enum wsgi_board_stage stage;
	char state[16]; /* "Idle", "Running"; ours: "Starting", "Ending" */
	uint64_t pid;
	int64_t start_time;
	uint64_t start_since;
	uint64_t requests, duration_us;
	struct wsgi_board_words words; /* "-" for a string that is empty */
	uint64_t content_length;
	double cpu_percent;
	uint64_t last_memory_bytes; /* 0 while a request is under way */
	/* ours */
	uint64_t thread; /* from 1 */
	uint64_t worker; /* the number of its place, from 1: the next worker there has it too */
	uint64_t generation, connections, memory_bytes;
};

/* The next row into *row, which is zeroed at first. Returns false at the end. */
bool wsgi_status_row_next(const struct wsgi_status_facts *f, struct wsgi_status_row *row);

enum wsgi_status_kind {
	WSGI_STATUS_WORDS,   /* char[] */
	WSGI_STATUS_TIME,    /* int64_t, milliseconds since 1970 */
	WSGI_STATUS_COUNT,   /* uint64_t */
	WSGI_STATUS_PERCENT, /* double */
};

struct wsgi_status_field {
	const char *name;      /* NULL: the end of the table */
	const char *text_name; /* in plain text, where it is not that */
	enum wsgi_status_kind kind;
	size_t at;
};
extern const struct wsgi_status_field wsgi_status_pool_fields[], wsgi_status_row_fields[];

/* The value of a field of *of: of WORDS; of a TIME, since 1970. */
const char *wsgi_status_words(const struct wsgi_status_field *field, const void *of);
int64_t wsgi_status_seconds(const struct wsgi_status_field *field, const void *of);

/* Append that of any other field, or of a TIME, as a number. Returns 0 or -ENOMEM. */
int wsgi_status_add_number(struct wsgi_buf *out, const struct wsgi_status_field *field,
			   const void *of);

#endif
