#include "proc/account.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRY_BYTES = 4096, MOST_ENTRY_BYTES = 16 << 20 }; /* a group can have many members */

static int no_memory(struct wsgi_error *err)
{
	return wsgi_fail(err, -ENOMEM, "out of memory");
}

/* Up to 4294967294: the last number means none. */
static bool is_number(const char *text, uint32_t *number)
{
	const size_t len = strlen(text);
	uint64_t n;

	if (len == 0 || len > 10 || strspn(text, "0123456789") != len)
		return false;
	n = strtoull(text, NULL, 10);
	*number = (uint32_t)n;
	return n < UINT32_MAX;
}

/* Room for an entry, twice as much as before. Returns false: no more. */
static bool grow(char **room, size_t *len)
{
	free(*room);
	*len = *len == 0 ? ENTRY_BYTES : *len * 2;
	*room = *len <= MOST_ENTRY_BYTES ? malloc(*len) : NULL;
	return *room != NULL;
}

/* What getpwnam_r(3) says of "there is none" besides 0. */
static bool is_absent(int rc)
{
	return rc == ENOENT || rc == ESRCH || rc == EBADF || rc == EPERM;
}

static int cannot_read(const char *option, const char *name, int rc, struct wsgi_error *err)
{
	return wsgi_fail(err, -EIO, "%s %s: cannot read the system's users and groups: %s", option,
			 name, strerror(rc));
}

/* -- users ------------------------------------------------------------------------------------- */

/* Sets *found to NULL when there is none. *room is the caller's to free. Returns 0 or an errno. */
static int user_entry(struct passwd *entry, struct passwd **found, const char *name,
		      const uint32_t *uid, char **room)
{
	size_t len = 0;
	int rc;

	do {
		if (!grow(room, &len))
			return ENOMEM;
		rc = uid != NULL ? getpwuid_r(*uid, entry, *room, len, found)
				 : getpwnam_r(name, entry, *room, len, found);
	} while (rc == ERANGE || rc == EINTR);
	if (is_absent(rc))
		*found = NULL;
	return is_absent(rc) ? 0 : rc;
}

static int take_entry(struct wsgi_account *a, const struct passwd *entry, struct wsgi_error *err)
{
	*a = (struct wsgi_account){.uid = entry->pw_uid,
				   .gid = entry->pw_gid,
				   .name = strdup(entry->pw_name),
				   .home = strdup(entry->pw_dir),
				   .shell = strdup(entry->pw_shell)};
	if (a->name != NULL && a->home != NULL && a->shell != NULL)
		return 0;
	wsgi_account_finish(a);
	return no_memory(err);
}

int wsgi_account_find(struct wsgi_account *a, const char *option, const char *user,
		      struct wsgi_error *err)
{
	struct passwd entry, *found = NULL;
	char *room = NULL;
	uint32_t uid;
	const bool numeric = is_number(user, &uid);
	int rc = user_entry(&entry, &found, user, NULL, &room);

	*a = (struct wsgi_account){.uid = (uid_t)WSGI_NO_ID, .gid = (gid_t)WSGI_NO_ID};
	if (rc == 0 && found == NULL && numeric)
		rc = user_entry(&entry, &found, NULL, &uid, &room);
	if (rc == ENOMEM)
		rc = no_memory(err);
	else if (rc != 0)
		rc = cannot_read(option, user, rc, err);
	else if (found != NULL)
		rc = take_entry(a, found, err);
	else if (numeric)
		a->uid = uid;
	else
		rc = wsgi_fail(err, -EINVAL, "%s %s: there is no such user on this system", option,
			       user);
	free(room);
	return rc;
}

void wsgi_account_finish(struct wsgi_account *a)
{
	free(a->name);
	free(a->home);
	free(a->shell);
	*a = (struct wsgi_account){.uid = (uid_t)WSGI_NO_ID, .gid = (gid_t)WSGI_NO_ID};
}

/* -- groups ------------------------------------------------------------------------------------ */

int wsgi_account_group(gid_t *gid, const char *option, const char *group, struct wsgi_error *err)
{
	struct group entry, *found = NULL;
	char *room = NULL;
	uint32_t number;
	size_t len = 0;
	int rc;

	do {
		if (!grow(&room, &len))
			return no_memory(err);
		rc = getgrnam_r(group, &entry, room, len, &found);
	} while (rc == ERANGE || rc == EINTR);
	if (rc == 0 && found != NULL)
		*gid = found->gr_gid;
	free(room);
	if (rc == 0 && found != NULL)
		return 0;
	if (rc != 0 && !is_absent(rc))
		return cannot_read(option, group, rc, err);
	if (!is_number(group, &number))
		return wsgi_fail(err, -EINVAL, "%s %s: there is no such group on this system",
				 option, group);
	*gid = number;
	return 0;
}
