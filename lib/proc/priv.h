#ifndef WSGI_PROC_PRIV_H
#define WSGI_PROC_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "proc/account.h"

/*
 * priv - the privileges that a process has to have, and gives up for good: --user and --group.
 *
 * Shape    found once, while the system's databases are at hand and before anything is bound;
 *          dropped in a child that is about to run the application. Zeroed: as they are.
 * Groups   --user brings its group and all that it is a member of; --group takes the place of the
 *          first. --group alone: that one, and no other.
 * Cores    the kernel makes a process that changed its user undumpable, up to its next exec: until
 *          then it holds what root had open. So it is left, as by PHP-FPM (process.dumpable = no):
 *          an interpreter dumps core where ulimit -c lets it, a worker in C does not.
 * Also     a change of user clears what PR_SET_PDEATHSIG asked for: ask after it.
 * Source   PHP-FPM's user and group; systemd.exec(5), User=, for the environment.
 */
struct wsgi_priv {
	bool changes; /* false: nothing of this is asked for */
	bool becomes_user;
	struct wsgi_account account;
	gid_t *groups; /* n_groups of them */
	size_t n_groups;
};

/*
 * Find out who to become.
 *   user, group   names or numbers; NULL: not asked for
 * Returns 0; -EINVAL, with words, for one that there is not; -EPERM, with words, when this process
 * is somebody else and may not change that; -EIO; -ENOMEM.
 */
int wsgi_priv_find(struct wsgi_priv *p, const char *user, const char *group,
		   struct wsgi_error *err);
void wsgi_priv_finish(struct wsgi_priv *p);

/*
 * Become it, in a process of one thread. Returns 0; -errno with words: the process is then to end,
 * it may have lost a part of what it was.
 */
int wsgi_priv_drop(const struct wsgi_priv *p, struct wsgi_error *err);

/*
 * Let HOME, USER, LOGNAME and SHELL be those of --user, less what the n assignments NAME=VALUE (-e)
 * have set. Returns 0 or -ENOMEM.
 */
int wsgi_priv_environ(const struct wsgi_priv *p, const char *const *assigned, size_t n);

#endif
