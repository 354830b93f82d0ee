#ifndef WSGI_PROC_ACCOUNT_H
#define WSGI_PROC_ACCOUNT_H

#include <sys/types.h>

#include "base/error.h"

/*
 * account - a user or a group of this system, by name or by number.
 *
 * Shape    a name comes before a number, as to chown(1): a user may be called "1000". A number
 *          need not have an entry in the system's database.
 * Errors   -EINVAL with words that begin with the option that named it.
 */
enum { WSGI_NO_ID = -1 }; /* as to chown(2): leave it as it is */

struct wsgi_account {
	uid_t uid;
	gid_t gid;                 /* (gid_t)WSGI_NO_ID: a number without an entry */
	char *name, *home, *shell; /* NULL: the same; owned */
};

/*
 *   option   "--user": who names it
 * Returns 0; -EINVAL; -EIO when the database cannot be read; -ENOMEM.
 */
int wsgi_account_find(struct wsgi_account *a, const char *option, const char *user,
		      struct wsgi_error *err);
void wsgi_account_finish(struct wsgi_account *a);

/* Errors as above. */
int wsgi_account_group(gid_t *gid, const char *option, const char *group, struct wsgi_error *err);

#endif
