#include <check.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc/account.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_account account;
static struct wsgi_error err;

static void set_up(void)
{
	account = (struct wsgi_account){0};
	err = (struct wsgi_error){0};
}

static void tear_down(void)
{
	wsgi_account_finish(&account);
}

static int when_found(const char *user)
{
	return wsgi_account_find(&account, "--user", user, &err);
}

/* A number that nobody has. */
static const char *given_a_free_number(void)
{
	static char text[16];
	uid_t n = 4000000000U;

	while (getpwuid(n) != NULL || getgrgid(n) != NULL)
		n++;
	snprintf(text, sizeof(text), "%u", (unsigned)n);
	return text;
}

START_TEST(a_user_is_found_by_name_and_by_number)
{
	static const char *const asked[] = {"daemon", "1"};
	const struct passwd *entry = getpwnam("daemon");

	ck_assert_ptr_nonnull(entry);
	ck_assert_uint_eq(entry->pw_uid, 1); /* Debian's base-passwd */
	ck_assert_int_eq(when_found(asked[_i]), 0);
	ck_assert_uint_eq(account.uid, entry->pw_uid);
	ck_assert_uint_eq(account.gid, entry->pw_gid);
	ck_assert_str_eq(account.name, "daemon");
	ck_assert_str_eq(account.home, entry->pw_dir);
	ck_assert_str_eq(account.shell, entry->pw_shell);
}
END_TEST

START_TEST(a_number_without_an_entry_is_a_user_without_a_group)
{
	const char *number = given_a_free_number();

	ck_assert_int_eq(when_found(number), 0);
	ck_assert_uint_eq(account.uid, strtoul(number, NULL, 10));
	ck_assert_uint_eq(account.gid, (gid_t)WSGI_NO_ID);
	ck_assert_ptr_null(account.name);
	ck_assert_ptr_null(account.home);
}
END_TEST

static const char *const none[] = {
	"no-such-user-here", "", "-1", "1x", "0x1", " 1", "4294967295", "4294967296", "99999999999",
};

START_TEST(a_user_that_there_is_not_is_named_with_the_option)
{
	char expected[sizeof(err.text)];

	snprintf(expected, sizeof(expected), "--user %s: there is no such user on this system",
		 none[_i]);
	ck_assert_int_eq(when_found(none[_i]), -EINVAL);
	ck_assert_str_eq(err.text, expected);
	ck_assert_uint_eq(account.uid, (uid_t)WSGI_NO_ID);
}
END_TEST

START_TEST(a_group_is_found_by_name_and_by_number)
{
	static const char *const asked[] = {"daemon", "1"};
	gid_t gid = 77;

	ck_assert_int_eq(wsgi_account_group(&gid, "--group", asked[_i], &err), 0);
	ck_assert_uint_eq(gid, 1);
}
END_TEST

START_TEST(a_number_is_a_group_without_an_entry_too)
{
	const char *number = given_a_free_number();
	gid_t gid = 77;

	ck_assert_int_eq(wsgi_account_group(&gid, "--group", number, &err), 0);
	ck_assert_uint_eq(gid, strtoul(number, NULL, 10));
}
END_TEST

START_TEST(a_group_that_there_is_not_is_named_with_the_option)
{
	char expected[sizeof(err.text)];
	gid_t gid = 77;

	snprintf(expected, sizeof(expected), "--group %s: there is no such group on this system",
		 none[_i]);
	ck_assert_int_eq(wsgi_account_group(&gid, "--group", none[_i], &err), -EINVAL);
	ck_assert_str_eq(err.text, expected);
	ck_assert_uint_eq(gid, 77);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("account");
	TCase *tc = tcase_create("account");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_user_is_found_by_name_and_by_number, 0, 2);
	tcase_add_test(tc, a_number_without_an_entry_is_a_user_without_a_group);
	tcase_add_loop_test(tc, a_user_that_there_is_not_is_named_with_the_option, 0, LEN(none));
	tcase_add_loop_test(tc, a_group_is_found_by_name_and_by_number, 0, 2);
	tcase_add_test(tc, a_number_is_a_group_without_an_entry_too);
	tcase_add_loop_test(tc, a_group_that_there_is_not_is_named_with_the_option, 0, LEN(none));
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
