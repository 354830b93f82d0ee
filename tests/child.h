#ifndef TESTS_CHILD_H
#define TESTS_CHILD_H

/*
 * For what a test does to its whole process and cannot take back, such as a limit of open files.
 */
#include <check.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a process of its own, which ends with what it returns: 0, or which claim is wrong. */
static inline void then_a_child_has_done(int (*deed)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(deed());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

#endif
