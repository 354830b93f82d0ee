#include "proc/priv.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Whether this process may become whom it likes: root may not where a container took it away. */
static bool may_change(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
	const unsigned wanted = 1U << CAP_SETUID | 1U << CAP_SETGID;

	if (syscall(SYS_capget, &head, data) != 0)
		return geteuid() == 0;
	return (data[0].effective & wanted) == wanted;
}

static bool is_already(const struct wsgi_priv *p)
{
	uid_t real, effective, saved;
	gid_t group, effective_group, saved_group;

	if (getresuid(&real, &effective, &saved) != 0 ||
	    getresgid(&group, &effective_group, &saved_group) != 0)
		return false;
	if (p->becomes_user && (real != p->account.uid || effective != real || saved != real))
		return false;
	return group == p->account.gid && effective_group == group && saved_group == group;
}

/* -- find -------------------------------------------------------------------------------------- */

/* The groups that a user is a member of, gid among them; a number without an entry is of no other.
 */
static int find_groups(struct wsgi_priv *p, struct wsgi_error *err)
{
	const char *name = p->account.name;
	int n = name != NULL ? 32 : 1, had;

	do {
		gid_t *more = realloc(p->groups, (size_t)n * sizeof(*more));

		if (more == NULL)
			return wsgi_fail(err, -ENOMEM, "out of memory");
		p->groups = more;
		p->groups[0] = p->account.gid;
		had = n; /* where that is not enough, getgrouplist() says what is */
	} while (name != NULL && getgrouplist(name, p->account.gid, p->groups, &n) < 0 && n > had);
	p->n_groups = (size_t)n;
	return 0;
}

static int find_user(struct wsgi_priv *p, const char *user, const char *group,
		     struct wsgi_error *err)
{
	int rc = wsgi_account_find(&p->account, "--user", user, err);

	if (rc == 0 && group == NULL && p->account.gid == (gid_t)WSGI_NO_ID)
		return wsgi_fail(err, -EINVAL,
				 "--user %s: this number has no entry among the system's users, "
				 "and so no group: name one with --group",
				 user);
	return rc;
}

static int refuse(const char *user, const char *group, struct wsgi_error *err)
{
	return wsgi_fail(err, -EPERM,
			 "--%s %s: this process is of user %u and group %u, and may not change "
			 "that: start it as root, or leave the option out",
			 user != NULL ? "user" : "group", user != NULL ? user : group,
			 (unsigned)geteuid(), (unsigned)getegid());
}

int wsgi_priv_find(struct wsgi_priv *p, const char *user, const char *group, struct wsgi_error *err)
{
	int rc = 0;

	*p = (struct wsgi_priv){.changes = user != NULL || group != NULL,
				.becomes_user = user != NULL};
	if (!p->changes)
		return 0;
	if (user != NULL)
		rc = find_user(p, user, group, err);
	if (rc == 0 && group != NULL)
		rc = wsgi_account_group(&p->account.gid, "--group", group, err);
	if (rc == 0)
		rc = find_groups(p, err);
	if (rc == 0 && !may_change()) {
		p->changes = false; /* nor may it change its list of groups */
		rc = is_already(p) ? 0 : refuse(user, group, err);
	}
	if (rc != 0)
		wsgi_priv_finish(p);
	return rc;
}

void wsgi_priv_finish(struct wsgi_priv *p)
{
	wsgi_account_finish(&p->account);
	free(p->groups);
	*p = (struct wsgi_priv){0};
}

/* -- drop -------------------------------------------------------------------------------------- */

/*
 * A user who is not root, and had this right by capabilities(7), keeps them through a change of
 * user.
 */
static void drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	syscall(SYS_capset, &head, none); /* verify() sees whether that was enough */
}

static int fail(struct wsgi_error *err, const char *what)
{
	const int code = -errno;

	return wsgi_fail(err, code, "cannot drop privileges: %s: %s", what, strerror(-code));
}

/* That there is no way back: a setuid() that did half of it has been a hole before. */
static int verify(const struct wsgi_priv *p, struct wsgi_error *err)
{
	const bool was_root = p->becomes_user && p->account.uid != 0;

	if (!is_already(p))
		return wsgi_fail(err, -EPERM, "cannot drop privileges: the ids did not change");
	if (was_root && (setuid(0) == 0 || seteuid(0) == 0))
		return wsgi_fail(err, -EPERM, "cannot drop privileges: root can be had again");
	if (was_root && p->account.gid != 0 && (setgid(0) == 0 || setegid(0) == 0))
		return wsgi_fail(err, -EPERM,
				 "cannot drop privileges: root's group can be had again");
	return 0;
}

int wsgi_priv_drop(const struct wsgi_priv *p, struct wsgi_error *err)
{
	const uid_t uid = p->account.uid;
	const gid_t gid = p->account.gid;

	if (!p->changes)
		return 0;
	/* Groups first: without the user's right they cannot be changed. */
	if (setgroups(p->n_groups, p->groups) != 0)
		return fail(err, "setgroups");
	if (setresgid(gid, gid, gid) != 0)
		return fail(err, "setresgid");
	if (p->becomes_user && setresuid(uid, uid, uid) != 0)
		return fail(err, "setresuid");
	if (p->becomes_user && uid != 0)
		drop_capabilities();
	return verify(p, err);
}

/* -- environment ------------------------------------------------------------------------------- */

static bool is_assigned(const char *name, const char *const *assigned, size_t n)
{
	const size_t len = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (strncmp(assigned[i], name, len) == 0 && assigned[i][len] == '=')
			return true;
	return false;
}

int wsgi_priv_environ(const struct wsgi_priv *p, const char *const *assigned, size_t n)
{
	const struct {
		const char *name, *value;
	} all[] = {
		{"HOME", p->account.home},
		{"USER", p->account.name},
		{"LOGNAME", p->account.name},
		{"SHELL", p->account.shell},
	};

	for (size_t i = 0; p->becomes_user && i < sizeof(all) / sizeof(all[0]); i++) {
		if (is_assigned(all[i].name, assigned, n))
			continue;
		/* A number without an entry has none, and surely not the one of root. */
		if (all[i].value == NULL)
			unsetenv(all[i].name);
		else if (setenv(all[i].name, all[i].value, 1) != 0)
			return -ENOMEM;
	}
	return 0;
}
