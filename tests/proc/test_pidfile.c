#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/pidfile.h"

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static struct wsgi_pidfile file;
static struct wsgi_error err;
static char folder[] = "/tmp/test_pidfile.XXXXXX";
static char path[100], other[100];

static void given_a_folder(void)
{
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/pid", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	file = (struct wsgi_pidfile){.fd = -1};
	err = (struct wsgi_error){0};
}

static void tear_down(void)
{
	wsgi_pidfile_remove(&file);
	unlink(path);
	unlink(other);
	/* It fails where something is left over: a file that was not finished. */
	ck_assert_msg(rmdir(folder) == 0, "%s is not empty", folder);
}

static const char *content(void)
{
	static char text[200];
	FILE *f = fopen(path, "r");

	ck_assert_ptr_nonnull(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

static void given_a_file(const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void when_written(pid_t pid)
{
	int rc = wsgi_pidfile_write(&file, path, pid, &err);

	ck_assert_msg(rc == 0, "%s", err.text);
}

static void when_refused(int code)
{
	ck_assert_int_eq(wsgi_pidfile_write(&file, path, 1, &err), code);
	ck_assert_int_eq(err.code, code);
	ck_assert_ptr_null(file.path);
	ck_assert_int_eq(file.fd, -1);
}

/* -- a server in a process of its own ---------------------------------------------------------- */

static int hold[2]; /* its end ends the server */

/* Returns its pid once it has written the file. */
static pid_t given_a_server(bool removes)
{
	int ready[2];
	pid_t pid;
	char c;

	ck_assert(pipe(ready) == 0 && pipe(hold) == 0);
	pid = fork();
	if (pid == 0) {
		close(hold[1]);
		close(ready[0]);
		if (wsgi_pidfile_write(&file, path, getpid(), &err) != 0)
			_exit(1);
		close(ready[1]);
		while (read(hold[0], &c, 1) > 0)
			;
		if (removes)
			wsgi_pidfile_remove(&file);
		_exit(0);
	}
	close(hold[0]);
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &c, 1), 0);
	close(ready[0]);
	return pid;
}

static void when_it_ends(pid_t pid)
{
	int status;

	close(hold[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

/* -- writing ----------------------------------------------------------------------------------- */

START_TEST(the_file_has_the_number_and_everybody_reads_it)
{
	struct stat st;

	umask(077);
	when_written(4711);
	ck_assert_str_eq(content(), "4711\n");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0644);
}
END_TEST

START_TEST(no_program_that_is_started_has_it)
{
	when_written(1);
	ck_assert((fcntl(file.fd, F_GETFD) & FD_CLOEXEC) != 0);
}
END_TEST

START_TEST(remove_removes_it)
{
	when_written(1);
	wsgi_pidfile_remove(&file);
	ck_assert_int_eq(access(path, F_OK), -1);
	wsgi_pidfile_remove(&file);
}
END_TEST

START_TEST(a_zeroed_one_can_be_removed)
{
	struct wsgi_pidfile zeroed = {0};

	wsgi_pidfile_remove(&zeroed);
	ck_assert_int_ne(fcntl(STDIN_FILENO, F_GETFD), -1);
}
END_TEST

START_TEST(a_file_that_is_another_ones_now_stays)
{
	when_written(1);
	ck_assert_int_eq(rename(path, other), 0);
	given_a_file("99\n");
	wsgi_pidfile_remove(&file);
	ck_assert_str_eq(content(), "99\n");
}
END_TEST

static const char *const stale[] = {"1\n", "1", "", "4194304\n", "99999999999999999999\n", "\n"};

START_TEST(what_an_ended_server_left_is_replaced)
{
	given_a_file(stale[_i]); /* process 1 lives; that it is no server of ours, the lock says */
	when_written(4711);
	ck_assert_str_eq(content(), "4711\n");
}
END_TEST

static const char *const foreign[] = {
	"root:x:0:0:root:/root:/bin/sh\n", "1\n2\n", "1 \n", "-1\n", "1\nrest",
};

START_TEST(a_file_with_something_else_in_it_stays)
{
	char expected[sizeof(err.text)];

	given_a_file(foreign[_i]);
	when_refused(-EINVAL);
	snprintf(expected, sizeof(expected),
		 "%s has something else in it than a process id: remove it, or name another file "
		 "with --pid",
		 path);
	ck_assert_str_eq(err.text, expected);
	ck_assert_str_eq(content(), foreign[_i]);
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	if (_i == 0)
		ck_assert_int_eq(mkfifo(path, 0600), 0);
	else
		ck_assert_int_eq(symlink("/dev/null", path), 0);
	when_refused(_i == 0 ? -EINVAL : -ELOOP);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_named)
{
	ck_assert_int_eq(wsgi_pidfile_write(&file, "/no/such/pid", 1, &err), -ENOENT);
	ck_assert_str_eq(err.text, "cannot write the process id to /no/such/pid: its folder is not "
				   "there");
}
END_TEST

START_TEST(a_check_makes_nothing)
{
	ck_assert_int_eq(wsgi_pidfile_check(path, &err), 0);
	ck_assert_int_eq(access(path, F_OK), -1);
	given_a_file("12\n");
	ck_assert_int_eq(wsgi_pidfile_check(path, &err), 0);
	ck_assert_str_eq(content(), "12\n");
}
END_TEST

START_TEST(a_check_says_what_would_be_refused)
{
	ck_assert_int_eq(wsgi_pidfile_check("/no/such/pid", &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "its folder is not there"));
	ck_assert_int_eq(wsgi_pidfile_check("/dev/null/pid", &err), -ENOTDIR);
	ck_assert_int_eq(wsgi_pidfile_check("/dev/null", &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "it is no regular file"));
	given_a_file(foreign[0]);
	ck_assert_int_eq(wsgi_pidfile_check(path, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "something else in it than a process id"));
}
END_TEST

/* -- of two servers ---------------------------------------------------------------------------- */

START_TEST(the_file_of_a_server_that_runs_is_not_taken)
{
	pid_t pid = given_a_server(true);
	char expected[sizeof(err.text)], number[32];

	ck_assert_int_eq(wsgi_pidfile_check(path, &err), 0);
	when_refused(-EEXIST);
	snprintf(expected, sizeof(expected),
		 "%s is the file of process %d, which runs: end it, or name another file with "
		 "--pid",
		 path, (int)pid);
	ck_assert_str_eq(err.text, expected);
	snprintf(number, sizeof(number), "%d\n", (int)pid);
	ck_assert_str_eq(content(), number);
	when_it_ends(pid);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

START_TEST(the_file_of_a_server_that_was_killed_is)
{
	when_it_ends(given_a_server(false));
	ck_assert_int_eq(access(path, F_OK), 0);
	when_written(4711);
	ck_assert_str_eq(content(), "4711\n");
}
END_TEST

START_TEST(a_child_that_lives_longer_does_not_hold_it)
{
	pid_t server, child;
	int up[2];
	char c;

	ck_assert(pipe(up) == 0 && pipe(hold) == 0);
	server = fork();
	if (server == 0) {
		close(hold[1]);
		if (wsgi_pidfile_write(&file, path, getpid(), &err) != 0)
			_exit(1);
		child = fork();
		if (child == 0) { /* a worker, whose master is killed */
			close(up[0]);
			close(up[1]);
			while (read(hold[0], &c, 1) > 0)
				;
			_exit(0);
		}
		_exit(child > 0 ? 0 : 1);
	}
	close(up[1]);
	ck_assert_int_eq(read(up[0], &c, 1), 0);
	close(up[0]);
	close(hold[0]);
	ck_assert_int_eq(waitpid(server, NULL, 0), server);
	when_written(4711);
	ck_assert_str_eq(content(), "4711\n");
	close(hold[1]);
}
END_TEST

START_TEST(a_program_that_takes_its_own_place_takes_the_file_over)
{
	struct wsgi_pidfile before;

	when_written(1);
	before = file;
	close(before.fd); /* as the exec does */
	free(before.path);
	when_written(1);
	ck_assert_str_eq(content(), "1\n");
	wsgi_pidfile_remove(&file);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

/* Of many that start at once on a stale file one has it, and its number stands there. */
START_TEST(of_many_at_once_one_has_it)
{
	enum { MANY = 12 };
	int go[2], stay[2], won[2], status, wins = 0;
	pid_t pids[MANY], winner = 0;

	if (_i == 0)
		given_a_file("1\n");
	ck_assert(pipe(go) == 0 && pipe(stay) == 0 && pipe(won) == 0);
	for (int i = 0; i < MANY; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			char c;
			pid_t mine = getpid();
			int rc;

			close(go[1]);
			close(stay[1]);
			(void)!read(go[0], &c, 1);
			rc = wsgi_pidfile_write(&file, path, mine, &err);
			if (rc == 0)
				(void)!write(won[1], &mine, sizeof(mine));
			close(won[1]);
			(void)!read(stay[0], &c, 1); /* the winner keeps it till all have tried */
			_exit(rc == 0 ? 0 : rc == -EEXIST ? 1 : 2);
		}
	}
	close(won[1]);
	close(go[1]);
	for (pid_t one; read(won[0], &one, sizeof(one)) == sizeof(one); wins++)
		winner = one;
	ck_assert_int_eq(wins, 1);
	ck_assert_int_eq(atoi(content()), winner);
	close(stay[1]);
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(WEXITSTATUS(status), pids[i] == winner ? 0 : 1);
	}
	close(won[0]);
	close(go[0]);
	close(stay[0]);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, the_file_has_the_number_and_everybody_reads_it);
	tcase_add_test(tc, no_program_that_is_started_has_it);
	tcase_add_test(tc, remove_removes_it);
	tcase_add_test(tc, a_zeroed_one_can_be_removed);
	tcase_add_test(tc, a_file_that_is_another_ones_now_stays);
	tcase_add_loop_test(tc, what_an_ended_server_left_is_replaced, 0, LEN(stale));
	tcase_add_loop_test(tc, a_file_with_something_else_in_it_stays, 0, LEN(foreign));
	tcase_add_loop_test(tc, what_is_no_file_is_refused, 0, 2);
	tcase_add_test(tc, a_folder_that_is_not_there_is_named);
	tcase_add_test(tc, a_check_makes_nothing);
	tcase_add_test(tc, a_check_says_what_would_be_refused);
	tcase_add_test(tc, the_file_of_a_server_that_runs_is_not_taken);
	tcase_add_test(tc, the_file_of_a_server_that_was_killed_is);
	tcase_add_test(tc, a_child_that_lives_longer_does_not_hold_it);
	tcase_add_test(tc, a_program_that_takes_its_own_place_takes_the_file_over);
	tcase_add_loop_test(tc, of_many_at_once_one_has_it, 0, 2);
}

int main(void)
{
	Suite *s = suite_create("pidfile");
	TCase *tc = tcase_create("pidfile");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, given_a_folder, tear_down);
	add_tests(tc);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
