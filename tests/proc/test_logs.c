#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc/logs.h"

static char dir[64], error_file[80], access_file[80], moved[80];
static struct wsgi_logs logs;
static struct wsgi_error err;
static int old_out, old_err;

/* What a test writes to descriptors 1 and 2 is not to go to the tests' own log. */
static void given_a_folder(void)
{
	strcpy(dir, "/tmp/wsgi-logs-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(error_file, sizeof(error_file), "%s/error", dir);
	snprintf(access_file, sizeof(access_file), "%s/access", dir);
	snprintf(moved, sizeof(moved), "%s/moved", dir);
	logs = (struct wsgi_logs){.access = -1};
	fflush(NULL);
	old_out = dup(STDOUT_FILENO);
	old_err = dup(STDERR_FILENO);
}

static void tear_down(void)
{
	wsgi_logs_finish(&logs);
	dup2(old_out, STDOUT_FILENO);
	dup2(old_err, STDERR_FILENO);
	close(old_out);
	close(old_err);
	unlink(error_file);
	unlink(access_file);
	unlink(moved);
	rmdir(dir);
}

static void put(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
}

static const char *content(const char *path)
{
	static char text[100];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n >= 0 ? text : "(there is none)";
}

static void when_opened(const char *error, const char *access)
{
	ck_assert_msg(wsgi_logs_open(&logs, error, access, &err) == 0, "%s", err.text);
}

START_TEST(the_error_log_takes_what_is_printed)
{
	when_opened(error_file, NULL);
	put(STDERR_FILENO, "a\n");
	put(STDOUT_FILENO, "b\n");
	ck_assert_str_eq(content(error_file), "a\nb\n");
	ck_assert_int_eq(logs.access, -1);
}
END_TEST

START_TEST(the_access_log_is_apart_and_not_for_other_programs)
{
	when_opened(error_file, access_file);
	put(logs.access, "a\n");
	ck_assert_str_eq(content(access_file), "a\n");
	ck_assert_str_eq(content(error_file), "");
	ck_assert_int_eq(fcntl(logs.access, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFD), 0);
}
END_TEST

START_TEST(a_hyphen_is_standard_error)
{
	when_opened("-", "-");
	ck_assert_int_eq(logs.access, STDERR_FILENO);
	ck_assert_ptr_null(logs.error_file);
	ck_assert_ptr_null(logs.access_file);
	ck_assert_int_eq(wsgi_logs_reopen(&logs, &err), 0);
}
END_TEST

START_TEST(a_file_is_added_to_and_made_for_a_group_to_read)
{
	struct stat st;
	mode_t old = umask(0);

	when_opened(error_file, NULL);
	umask(old);
	ck_assert_int_eq(stat(error_file, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	put(STDERR_FILENO, "a\n");
	wsgi_logs_finish(&logs);
	when_opened(error_file, NULL);
	put(STDERR_FILENO, "b\n");
	ck_assert_str_eq(content(error_file), "a\nb\n");
}
END_TEST

START_TEST(after_a_rotation_new_files_are_written_under_the_same_numbers)
{
	int before;

	when_opened(error_file, access_file);
	before = logs.access;
	put(STDERR_FILENO, "old\n");
	ck_assert_int_eq(rename(error_file, moved), 0);
	ck_assert_int_eq(unlink(access_file), 0);
	put(STDERR_FILENO, "still old\n");
	ck_assert_int_eq(wsgi_logs_reopen(&logs, &err), 0);
	put(STDERR_FILENO, "new\n");
	put(STDOUT_FILENO, "out\n");
	put(before, "access\n");
	ck_assert_str_eq(content(moved), "old\nstill old\n");
	ck_assert_str_eq(content(error_file), "new\nout\n");
	ck_assert_str_eq(content(access_file), "access\n");
	ck_assert_int_eq(fcntl(before, F_GETFD), FD_CLOEXEC);
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_again_stays)
{
	when_opened(error_file, access_file);
	ck_assert_int_eq(rename(error_file, moved), 0);
	ck_assert_int_eq(mkdir(error_file, 0700), 0);
	ck_assert_int_eq(unlink(access_file), 0);
	ck_assert_int_eq(wsgi_logs_reopen(&logs, &err), -EISDIR);
	ck_assert_ptr_nonnull(strstr(err.text, error_file));
	put(STDERR_FILENO, "still\n");
	put(logs.access, "access\n");
	ck_assert_str_eq(content(moved), "still\n");
	ck_assert_str_eq(content(access_file), "access\n");
	rmdir(error_file);
}
END_TEST

START_TEST(a_relative_name_counts_from_where_it_was_opened)
{
	char *cwd = getcwd(NULL, 0);

	ck_assert_int_eq(chdir(dir), 0);
	when_opened("error", "access");
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(unlink(error_file), 0);
	ck_assert_int_eq(wsgi_logs_reopen(&logs, &err), 0);
	put(STDERR_FILENO, "a\n");
	ck_assert_str_eq(content(error_file), "a\n");
	ck_assert_int_eq(chdir(cwd), 0);
	free(cwd);
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_is_named_and_nothing_changes)
{
	int rc = wsgi_logs_open(&logs, error_file, "/nowhere/access", &err);

	put(STDERR_FILENO, "");
	ck_assert_int_eq(rc, -ENOENT);
	ck_assert_str_eq(err.text, "log file /nowhere/access: its folder is not there");
	ck_assert_int_eq(logs.access, -1);
}
END_TEST

START_TEST(others_take_over_standard_error_and_an_access_log_of_its_own)
{
	int fds[2];

	when_opened(error_file, access_file);
	ck_assert_uint_eq(wsgi_logs_fds(&logs, fds), 2);
	ck_assert_int_eq(fds[0], STDERR_FILENO);
	ck_assert_int_eq(fds[1], logs.access);
	wsgi_logs_finish(&logs);
	when_opened(error_file, "-");
	ck_assert_uint_eq(wsgi_logs_fds(&logs, fds), 1);
}
END_TEST

/* Whoever may write to the folder of root's logs would choose which file of root's is written to.
 */
START_TEST(root_does_not_follow_the_link_of_somebody_else)
{
	if (geteuid() != 0)
		return; /* then nothing is to be had by it */
	ck_assert_int_eq(symlink(moved, error_file), 0);
	ck_assert_int_eq(lchown(error_file, 65534, 65534), 0);
	ck_assert_int_eq(wsgi_logs_open(&logs, error_file, NULL, &err), -ELOOP);
	ck_assert_ptr_nonnull(strstr(err.text, error_file));
	ck_assert_ptr_nonnull(strstr(err.text, "a link that user 65534 made"));
	ck_assert_str_eq(content(moved), "(there is none)");
	ck_assert_int_eq(wsgi_logs_check(error_file, NULL, &err), -ELOOP);
	unlink(error_file);
	wsgi_logs_finish(&logs);
	when_opened(error_file, access_file);
	unlink(access_file);
	ck_assert_int_eq(symlink(moved, access_file), 0);
	ck_assert_int_eq(lchown(access_file, 65534, 65534), 0);
	ck_assert_int_eq(wsgi_logs_reopen(&logs, &err), -ELOOP);
	ck_assert_str_eq(content(moved), "(there is none)");
}
END_TEST

START_TEST(a_link_of_ones_own_is_followed)
{
	ck_assert_int_eq(symlink(moved, error_file), 0);
	ck_assert_int_eq(wsgi_logs_check(error_file, NULL, &err), 0);
	when_opened(error_file, NULL);
	put(STDERR_FILENO, "a\n");
	ck_assert_int_eq(wsgi_logs_reopen(&logs, &err), 0);
	put(STDERR_FILENO, "b\n");
	ck_assert_str_eq(content(moved), "a\nb\n");
}
END_TEST

START_TEST(a_fifo_that_nobody_reads_stops_no_server_that_runs)
{
	int reader;

	when_opened(error_file, access_file);
	ck_assert_int_eq(rename(error_file, moved), 0);
	ck_assert_int_eq(mkfifo(error_file, 0600), 0);
	ck_assert_int_eq(wsgi_logs_reopen(&logs, &err), -ENXIO);
	put(STDERR_FILENO, "old\n");
	ck_assert_str_eq(content(moved), "old\n");
	reader = open(error_file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_eq(wsgi_logs_reopen(&logs, &err), 0);
	ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
	close(reader);
}
END_TEST

START_TEST(a_check_makes_nothing)
{
	ck_assert_int_eq(wsgi_logs_check(error_file, access_file, &err), 0);
	ck_assert_str_eq(content(error_file), "(there is none)");
	ck_assert_int_eq(wsgi_logs_check(NULL, "-", &err), 0);
	ck_assert_int_eq(wsgi_logs_check("/nowhere/e", NULL, &err), -ENOENT);
	ck_assert_int_eq(wsgi_logs_check(NULL, dir, &err), -EISDIR);
	ck_assert_ptr_nonnull(strstr(err.text, dir));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("logs");
	TCase *tc = tcase_create("logs");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_folder, tear_down);
	tcase_add_test(tc, the_error_log_takes_what_is_printed);
	tcase_add_test(tc, the_access_log_is_apart_and_not_for_other_programs);
	tcase_add_test(tc, a_hyphen_is_standard_error);
	tcase_add_test(tc, a_file_is_added_to_and_made_for_a_group_to_read);
	tcase_add_test(tc, after_a_rotation_new_files_are_written_under_the_same_numbers);
	tcase_add_test(tc, a_file_that_cannot_be_opened_again_stays);
	tcase_add_test(tc, a_relative_name_counts_from_where_it_was_opened);
	tcase_add_test(tc, a_file_that_cannot_be_opened_is_named_and_nothing_changes);
	tcase_add_test(tc, others_take_over_standard_error_and_an_access_log_of_its_own);
	tcase_add_test(tc, root_does_not_follow_the_link_of_somebody_else);
	tcase_add_test(tc, a_link_of_ones_own_is_followed);
	tcase_add_test(tc, a_fifo_that_nobody_reads_stops_no_server_that_runs);
	tcase_add_test(tc, a_check_makes_nothing);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
