#ifndef WSGI_SERVE_UPGRADE_H
#define WSGI_SERVE_UPGRADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "proc/pool.h"

/*
 * upgrade - what a master leaves for the program that it becomes (SIGUSR2): descriptors, which go
 * through the exec, and who is at the other end of them.
 *
 * Shape    lines of text in a memfd: a word and its values. A reader passes over words that it does
 *          not know, so that an older program can be followed by a newer one, and the other way.
 * Owner    who reads has the descriptors, and the strings until wsgi_upgrade_finish().
 */
struct wsgi_upgrade_listener {
	int fd;
	char *spec; /* what it was opened by: an address of --bind ... */
	char *name;
	char *path; /* "": none */
};

struct wsgi_upgrade_worker {
	uint32_t place;
	bool has_board;
	struct wsgi_pool_place state; /* without board and began_ms */
};

struct wsgi_upgrade {
	struct wsgi_upgrade_listener *listeners;
	size_t n_listeners;
	struct wsgi_upgrade_worker *workers;
	size_t n_workers;
	int exchange[2], board, zygote_line; /* -1: none */
	pid_t zygote;                        /* 0: none */
	bool zygote_is_up;
	uint32_t generation, serial;
	int more;      /* TTIN, TTOU */
	unsigned want; /* workers, at present */
};

void wsgi_upgrade_init(struct wsgi_upgrade *u);
void wsgi_upgrade_finish(struct wsgi_upgrade *u);

/* Copies are made. Returns 0 or -ENOMEM. */
int wsgi_upgrade_add_listener(struct wsgi_upgrade *u, int fd, const char *spec, const char *name,
			      const char *path);
int wsgi_upgrade_add_worker(struct wsgi_upgrade *u, uint32_t place, bool has_board,
			    const struct wsgi_pool_place *state);

/* Returns a memfd, close-on-exec; -errno. */
int wsgi_upgrade_write(const struct wsgi_upgrade *u);

/* Read what stands on a descriptor, which is closed. Returns 0; -EINVAL with words; -ENOMEM. */
int wsgi_upgrade_read(struct wsgi_upgrade *u, int fd, struct wsgi_error *err);

/* Let an exec keep every descriptor of u, or not keep it any more. */
void wsgi_upgrade_keep(const struct wsgi_upgrade *u, bool to_keep);

#endif
