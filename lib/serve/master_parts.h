#ifndef WSGI_SERVE_MASTER_PARTS_H
#define WSGI_SERVE_MASTER_PARTS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "proc/activation.h"
#include "proc/decide.h"
#include "proc/listener.h"
#include "proc/logs.h"
#include "proc/notify.h"
#include "proc/pace.h"
#include "proc/pidfile.h"
#include "proc/pool.h"
#include "proc/priv.h"
#include "proc/signals.h"
#include "serve/gateway.h"
#include "serve/generation.h"
#include "serve/parked.h"
#include "serve/status_keeper.h"
#include "serve/upgrade.h"

/*
 * master_parts - the master, as its own files know it.
 *
 * Shape    master.c is the loop and its signals; master_open.c what it has open; master_workers.c
 *          what zygotes and workers say, how they end, and what is done about it;
 *          master_reload.c generations.
 * Generations  The current one serves. A candidate is tried with one worker: when that is ready,
 *          it is the current one, and all workers of others are outgoing; when it is not, it is
 *          dropped. The first generation is a candidate with no current one.
 */
struct wsgi_master {
	struct wsgi_options first; /* as the program was started, over words of our own */
	char **words;
	const struct wsgi_gateway_host *host;
	struct wsgi_log log;

	/* What is open. */
	struct wsgi_signals signals;
	struct wsgi_listener *listeners;
	int *fds;           /* n_fds of each */
	const char **specs; /* what each was opened by */
	size_t n_fds;
	int exchange[2]; /* give, take */
	struct wsgi_logs logs;
	struct wsgi_priv priv;
	struct wsgi_pidfile pidfile;
	int activated; /* sockets that systemd gave */
	struct wsgi_notify notify;
	struct wsgi_upgrade left; /* by the program before this one */
	struct wsgi_status_keeper status_keeper;

	/* Who works. */
	struct wsgi_pool pool;
	struct wsgi_pool_row *rows;       /* pool.n of them, and twice of actions */
	struct wsgi_pool_action *actions; /* in plan */
	struct wsgi_pool_plan plan;
	struct wsgi_pace pace;
	struct wsgi_generation *current, *candidate, *old; /* NULL: none */
	pid_t checker;                                     /* of SIGUSR2; 0: none */
	int64_t checker_ms;                                /* when it began */
	char *program;                                     /* its path; NULL: not known */
	uint32_t number;                                   /* of the last generation */
	int more;                                          /* TTIN, TTOU */

	/* What is polled: signals, the two lines of zygotes, those of workers, then connections. */
	struct pollfd *polled;
	size_t polled_room;
	size_t watched; /* where connections begin among them; 0: there are none */
	struct wsgi_parked parked;
	int64_t now_ms;
	int64_t count_ms; /* when the queues are looked at next */
	int64_t alive_ms; /* when the service manager's watchdog is told so next */
	bool waiting;     /* a connection has come, and nobody took it */

	int64_t zygote_ms; /* when the current zygote is started again; INT64_MAX: it need not be */
	int64_t changed_ms; /* when a source file had changed, under --reload; 0: none has */
	bool is_at_max;     /* it has been said that there may be no more workers */
	bool to_reload;     /* with the next turn */
	bool stopping, at_once;
	bool has_listened; /* it has been said where */
	bool is_child;     /* this process is the zygote of ... */
	struct wsgi_generation *born;
	int status; /* to exit with */
};

/* -- master_open.c ----------------------------------------------------------------------------- */

/* Open all that is there as long as the master is. Returns 0; -errno with words. */
int wsgi_master_open(struct wsgi_master *m, struct wsgi_error *err);

/* -- master_logs.c ----------------------------------------------------------------------------- */

/* The log files by the options; from then on m->log writes there. Returns 0; -errno with words. */
int wsgi_master_open_logs(struct wsgi_master *m, struct wsgi_error *err);

/* SIGUSR1. */
void wsgi_master_reopen_logs(struct wsgi_master *m);

/* -- master_open.c, too ------------------------------------------------------------------------ */

/* What the next program finds the socket of --status-socket by. */
enum { WSGI_MASTER_STATUS_SPEC = 300 };
void wsgi_master_status_spec(char spec[WSGI_MASTER_STATUS_SPEC], const char *address);

/* No connection is taken from now on. */
void wsgi_master_close_listeners(struct wsgi_master *m);
void wsgi_master_close(struct wsgi_master *m);

/* In a child that is no master: free the memory, and touch nothing that both have. */
void wsgi_master_forget(struct wsgi_master *m);

/* -- master_workers.c -------------------------------------------------------------------------- */

/* Room for what a generation needs. Returns 0 or -ENOMEM. */
int wsgi_master_make_room(struct wsgi_master *m, const struct wsgi_generation *g);

/* What zygotes and workers have said, and which of them have ended. */
void wsgi_master_hear(struct wsgi_master *m);

/* Decide what is to be done, and do it. */
void wsgi_master_act(struct wsgi_master *m);

/* -- master_reload.c --------------------------------------------------------------------------- */

/* Fork the zygote of a generation; m->is_child in it. Returns 0 or -errno; it has been said why. */
int wsgi_master_fork_zygote(struct wsgi_master *m, struct wsgi_generation *g);

/* Try a generation of the options as they are now. */
void wsgi_master_reload(struct wsgi_master *m);

/* The current generation's zygote has died: start another. */
void wsgi_master_revive(struct wsgi_master *m);

/* The candidate can fork; its first worker is ready; it will never be, and this is the status. */
void wsgi_master_try_candidate(struct wsgi_master *m);
void wsgi_master_promote(struct wsgi_master *m);
void wsgi_master_drop_candidate(struct wsgi_master *m, int status);

/* Free the generations that nobody belongs to any more. */
void wsgi_master_sweep(struct wsgi_master *m);

/* -- master_upgrade.c -------------------------------------------------------------------------- */

/* Have the program that stands at our path checked, to become it if all is well. */
void wsgi_master_upgrade(struct wsgi_master *m);

/* It ends in time, and with us. */
void wsgi_master_mind_check(struct wsgi_master *m);

/* The check has ended. */
void wsgi_master_checked(struct wsgi_master *m, int status);

/* What the program before this one left: its sockets; then its workers. 0; -errno with words. */
int wsgi_master_read_left(struct wsgi_master *m, struct wsgi_error *err);
int wsgi_master_take_workers(struct wsgi_master *m, struct wsgi_error *err);

#endif
