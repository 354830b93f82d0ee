#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc/priv.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_priv priv;
static struct wsgi_error err;

static void set_up(void)
{
	priv = (struct wsgi_priv){0};
	err = (struct wsgi_error){0};
}

static void tear_down(void)
{
	wsgi_priv_finish(&priv);
}

static void given(const char *user, const char *group)
{
	int rc = wsgi_priv_find(&priv, user, group, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
}

static bool has_group(gid_t gid)
{
	for (size_t i = 0; i < priv.n_groups; i++)
		if (priv.groups[i] == gid)
			return true;
	return false;
}

/* -- who to become ----------------------------------------------------------------------------- */

START_TEST(nobody_asked_for_is_nobody_to_become)
{
	given(NULL, NULL);
	ck_assert(!priv.changes);
	ck_assert_int_eq(wsgi_priv_drop(&priv, &err), 0);
	ck_assert_int_eq(wsgi_priv_environ(&priv, NULL, 0), 0);
}
END_TEST

static const struct {
	const char *user, *group, *words;
} bad[] = {
	{"no-such-user", NULL, "--user no-such-user: there is no such user on this system"},
	{"no-such-user", "daemon", "--user no-such-user: there is no such user on this system"},
	{"daemon", "no-such", "--group no-such: there is no such group on this system"},
	{NULL, "no-such", "--group no-such: there is no such group on this system"},
	{"4123456789", NULL,
	 "--user 4123456789: this number has no entry among the system's users, and so no group: "
	 "name one with --group"},
};

START_TEST(who_is_not_there_is_refused_with_the_option)
{
	ck_assert_int_eq(wsgi_priv_find(&priv, bad[_i].user, bad[_i].group, &err), -EINVAL);
	ck_assert_str_eq(err.text, bad[_i].words);
	ck_assert(!priv.changes);
	ck_assert_ptr_null(priv.groups);
}
END_TEST

/* -- as root: each in a process of its own (libcheck forks) ------------------------------------ */

/* Without root there is nothing that could be dropped. */
static bool is_root(void)
{
	if (geteuid() == 0)
		return true;
	fprintf(stderr, "test_priv: not root: a test of what root drops did not run\n");
	return false;
}

static gid_t given_a_group_of(const char *user)
{
	const struct passwd *entry = getpwnam(user);

	ck_assert_ptr_nonnull(entry);
	return entry->pw_gid;
}

START_TEST(a_user_brings_its_group)
{
	if (!is_root())
		return;
	given("daemon", NULL);
	ck_assert_uint_eq(priv.account.gid, given_a_group_of("daemon"));
	ck_assert(has_group(priv.account.gid));
}
END_TEST

START_TEST(a_named_group_takes_the_place_of_the_users)
{
	if (!is_root())
		return;
	given("daemon", "nogroup");
	ck_assert_uint_eq(priv.account.gid, given_a_group_of("nobody"));
	ck_assert(has_group(priv.account.gid));
	ck_assert_uint_eq(priv.account.uid, getpwnam("daemon")->pw_uid);
}
END_TEST

static void when_dropped(void)
{
	const gid_t before[] = {0, 1, 4, 24};

	ck_assert_int_eq(setgroups(LEN(before), before), 0);
	ck_assert_msg(wsgi_priv_drop(&priv, &err) == 0, "%s", err.text);
}

static const struct {
	const char *user, *group;
} droppers[] = {{"daemon", NULL}, {"daemon", "nogroup"}, {"4123456789", "4123456780"}};

START_TEST(what_is_dropped_is_dropped_for_good)
{
	gid_t groups[64], real_group, effective_group, saved_group;
	uid_t real, effective, saved;
	int n;

	if (!is_root())
		return;
	given(droppers[_i].user, droppers[_i].group);
	when_dropped();
	ck_assert_int_eq(getresuid(&real, &effective, &saved), 0);
	ck_assert(real == priv.account.uid && effective == real && saved == real);
	ck_assert_int_eq(getresgid(&real_group, &effective_group, &saved_group), 0);
	ck_assert(real_group == priv.account.gid && effective_group == real_group &&
		  saved_group == real_group);
	n = getgroups(LEN(groups), groups);
	ck_assert_int_eq(n, (int)priv.n_groups);
	for (int i = 0; i < n; i++)
		ck_assert_msg(has_group(groups[i]), "group %u stayed", (unsigned)groups[i]);
	ck_assert_int_eq(setuid(0), -1);
	ck_assert_int_eq(setgid(0), -1);
	ck_assert_int_eq(setgroups(0, NULL), -1);
	ck_assert_int_eq(open("/etc/shadow", O_RDONLY), -1);
}
END_TEST

START_TEST(a_group_alone_is_the_only_one)
{
	gid_t groups[64];

	if (!is_root())
		return;
	given(NULL, "nogroup");
	when_dropped();
	ck_assert_uint_eq(geteuid(), 0);
	ck_assert_uint_eq(getegid(), priv.account.gid);
	ck_assert_int_eq(getgroups(LEN(groups), groups), 1);
	ck_assert_uint_eq(groups[0], priv.account.gid);
}
END_TEST

/* The kernel's own doing: nobody of that user looks into what was root's a moment ago. */
START_TEST(who_has_dropped_is_not_dumpable)
{
	if (!is_root())
		return;
	given("daemon", NULL);
	when_dropped();
	ck_assert_int_ne(prctl(PR_GET_DUMPABLE), 1);
}
END_TEST

START_TEST(a_user_is_a_member_of_all_its_groups)
{
	const struct group *entry;
	char member[64] = "";
	gid_t gid = 0;

	if (!is_root())
		return;
	for (setgrent(); member[0] == '\0' && (entry = getgrent()) != NULL;)
		if (entry->gr_mem[0] != NULL && getpwnam(entry->gr_mem[0]) != NULL) {
			snprintf(member, sizeof(member), "%s", entry->gr_mem[0]);
			gid = entry->gr_gid;
		}
	endgrent();
	if (member[0] == '\0') /* a system whose groups have no members */
		return;
	given(member, NULL);
	ck_assert(has_group(gid));
}
END_TEST

/* -- as somebody else -------------------------------------------------------------------------- */

static void given_we_are_nobody(void)
{
	const gid_t group = given_a_group_of("nobody");

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_eq(setresgid(group, group, group), 0);
	ck_assert_int_eq(setuid(getpwnam("nobody")->pw_uid), 0);
}

START_TEST(only_root_becomes_somebody_else)
{
	static const struct {
		const char *user, *group, *words;
	} asked[] = {{"daemon", NULL, "--user daemon: this process is of user "},
		     {"root", NULL, "--user root: this process is of user "},
		     {NULL, "daemon", "--group daemon: this process is of user "},
		     {"daemon", "daemon", "--user daemon: this process is of user "}};

	given_we_are_nobody();
	ck_assert_int_eq(wsgi_priv_find(&priv, asked[_i].user, asked[_i].group, &err), -EPERM);
	ck_assert_msg(strncmp(err.text, asked[_i].words, strlen(asked[_i].words)) == 0, "%s",
		      err.text);
	ck_assert_ptr_nonnull(strstr(err.text, "start it as root, or leave the option out"));
}
END_TEST

START_TEST(whoever_we_are_already_can_be_asked_for)
{
	char user[16], group[16];

	given_we_are_nobody();
	snprintf(user, sizeof(user), "%u", (unsigned)geteuid());
	snprintf(group, sizeof(group), "%u", (unsigned)getegid());
	given(user, _i == 0 ? group : NULL);
	ck_assert_msg(wsgi_priv_drop(&priv, &err) == 0, "%s", err.text);
	wsgi_priv_finish(&priv);
	given(NULL, group);
	ck_assert_msg(wsgi_priv_drop(&priv, &err) == 0, "%s", err.text);
}
END_TEST

/* Half a right is none: it is found out before, or the drop says so. */
START_TEST(a_drop_that_fails_says_so)
{
	if (!is_root())
		return;
	given("daemon", NULL);
	given_we_are_nobody();
	ck_assert_int_eq(wsgi_priv_drop(&priv, &err), -EPERM);
	ck_assert_str_eq(err.text, "cannot drop privileges: setgroups: Operation not permitted");
}
END_TEST

static bool lies; /* it says that it has, and has not */

#pragma GCC visibility push(default)
int setresuid(uid_t real, uid_t effective, uid_t saved)
{
	if (lies)
		return 0;
	return (int)syscall(SYS_setresuid, real, effective, saved);
}
#pragma GCC visibility pop

START_TEST(a_drop_that_did_not_happen_is_found_out)
{
	if (!is_root())
		return;
	given("daemon", NULL);
	lies = true;
	ck_assert_int_eq(wsgi_priv_drop(&priv, &err), -EPERM);
	ck_assert_str_eq(err.text, "cannot drop privileges: the ids did not change");
}
END_TEST

/* -- environment ------------------------------------------------------------------------------- */

START_TEST(the_environment_is_the_users)
{
	if (!is_root())
		return;
	given("daemon", NULL);
	setenv("HOME", "/root", 1);
	setenv("USER", "root", 1);
	ck_assert_int_eq(wsgi_priv_environ(&priv, NULL, 0), 0);
	ck_assert_str_eq(getenv("HOME"), getpwnam("daemon")->pw_dir);
	ck_assert_str_eq(getenv("USER"), "daemon");
	ck_assert_str_eq(getenv("LOGNAME"), "daemon");
	ck_assert_str_eq(getenv("SHELL"), getpwnam("daemon")->pw_shell);
}
END_TEST

START_TEST(what_the_options_assign_stays)
{
	static const char *const assigned[] = {"HOMER=x", "HOME=/srv/app", "X=1"};

	if (!is_root())
		return;
	given("daemon", NULL);
	setenv("HOME", "/srv/app", 1);
	ck_assert_int_eq(wsgi_priv_environ(&priv, assigned, LEN(assigned)), 0);
	ck_assert_str_eq(getenv("HOME"), "/srv/app");
	ck_assert_str_eq(getenv("USER"), "daemon");
}
END_TEST

START_TEST(a_number_without_an_entry_has_no_home)
{
	if (!is_root())
		return;
	given("4123456789", "daemon");
	setenv("HOME", "/root", 1);
	setenv("USER", "root", 1);
	ck_assert_int_eq(wsgi_priv_environ(&priv, NULL, 0), 0);
	ck_assert_ptr_null(getenv("HOME"));
	ck_assert_ptr_null(getenv("USER"));
}
END_TEST

START_TEST(a_group_alone_leaves_the_environment)
{
	if (!is_root())
		return;
	given(NULL, "daemon");
	setenv("HOME", "/root", 1);
	ck_assert_int_eq(wsgi_priv_environ(&priv, NULL, 0), 0);
	ck_assert_str_eq(getenv("HOME"), "/root");
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, nobody_asked_for_is_nobody_to_become);
	tcase_add_loop_test(tc, who_is_not_there_is_refused_with_the_option, 0, LEN(bad));
	tcase_add_test(tc, a_user_brings_its_group);
	tcase_add_test(tc, a_named_group_takes_the_place_of_the_users);
	tcase_add_loop_test(tc, what_is_dropped_is_dropped_for_good, 0, LEN(droppers));
	tcase_add_test(tc, a_group_alone_is_the_only_one);
	tcase_add_test(tc, who_has_dropped_is_not_dumpable);
	tcase_add_test(tc, a_user_is_a_member_of_all_its_groups);
	tcase_add_loop_test(tc, only_root_becomes_somebody_else, 0, 4);
	tcase_add_loop_test(tc, whoever_we_are_already_can_be_asked_for, 0, 2);
	tcase_add_test(tc, a_drop_that_fails_says_so);
	tcase_add_test(tc, a_drop_that_did_not_happen_is_found_out);
	tcase_add_test(tc, the_environment_is_the_users);
	tcase_add_test(tc, what_the_options_assign_stays);
	tcase_add_test(tc, a_number_without_an_entry_has_no_home);
	tcase_add_test(tc, a_group_alone_leaves_the_environment);
}

int main(void)
{
	Suite *s = suite_create("priv");
	TCase *tc = tcase_create("priv");
	SRunner *sr = srunner_create(s);
	int failed;

	srunner_set_fork_status(sr, CK_FORK); /* none of them can go back */
	tcase_add_checked_fixture(tc, set_up, tear_down);
	add_tests(tc);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
