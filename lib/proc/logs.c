#include "proc/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"

static bool is_file(const char *name)
{
	return name != NULL && strcmp(name, "-") != 0;
}

static int fail(struct wsgi_error *err, const char *name, int rc)
{
	return wsgi_fail(err, rc, "log file %s: %s", name,
			 rc == -ENOENT ? "its folder is not there" : strerror(-rc));
}

/*
 * The link at a name: whoever can write to a folder can put one there, and would choose which of
 * root's files is written to. Root's own is followed, as /dev/stdout is. Returns 0; -ELOOP with
 * words.
 */
static int check_link(const char *name, struct wsgi_error *err)
{
	struct stat st;

	if (geteuid() != 0 || lstat(name, &st) != 0 || st.st_uid == 0)
		return 0;
	return wsgi_fail(err, -ELOOP,
			 "log file %s: it is a link that user %u made, and root does not follow "
			 "it: remove it, or name the file itself",
			 name, (unsigned)st.st_uid);
}

/* Returns a descriptor; -errno with words. */
static int open_name(const char *name, int flags, struct wsgi_error *err)
{
	int rc, fd;

	flags |= O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY;
	fd = open(name, flags | O_NOFOLLOW, 0640);
	if (fd < 0 && errno == ELOOP) {
		rc = check_link(name, err);
		if (rc != 0)
			return rc;
		fd = open(name, flags, 0640);
	}
	return fd >= 0 ? fd : fail(err, name, -errno);
}

/*
 *   now   do not wait for somebody to read a FIFO
 * Returns a descriptor above 2; -errno with words.
 */
static int open_file(const char *name, bool now, struct wsgi_error *err)
{
	int fd = open_name(name, O_CREAT | (now ? O_NONBLOCK : 0), err);

	if (fd >= 0 && now)
		wsgi_fd_nonblock(fd, 0);
	return fd;
}

/* The name from the root on. Sets *full, to be freed; NULL for what is no file. 0 or -errno. */
static int make_full(char **full, const char *name)
{
	char *cwd;
	int n;

	*full = NULL;
	if (!is_file(name))
		return 0;
	if (name[0] == '/') {
		*full = strdup(name);
		return *full != NULL ? 0 : -ENOMEM;
	}
	cwd = getcwd(NULL, 0);
	if (cwd == NULL)
		return -errno;
	n = asprintf(full, "%s/%s", cwd, name);
	free(cwd);
	if (n >= 0)
		return 0;
	*full = NULL;
	return -ENOMEM;
}

static void take_error(int fd)
{
	dup2(fd, STDERR_FILENO);
	dup2(fd, STDOUT_FILENO);
	close(fd);
}

int wsgi_logs_open(struct wsgi_logs *l, const char *error_file, const char *access_file,
		   struct wsgi_error *err)
{
	int rc, error = -1;

	*l = (struct wsgi_logs){.access = -1};
	rc = make_full(&l->error_file, error_file);
	if (rc == 0)
		rc = make_full(&l->access_file, access_file);
	if (rc != 0)
		return wsgi_fail(err, rc, "log files: %s", strerror(-rc));
	if (l->error_file != NULL) {
		error = open_file(l->error_file, false, err);
		if (error < 0)
			return error;
	}
	if (l->access_file != NULL) {
		rc = open_file(l->access_file, false, err);
		if (rc < 0) {
			if (error >= 0)
				close(error);
			return rc;
		}
		l->access = rc;
	} else if (access_file != NULL) {
		l->access = STDERR_FILENO;
	}
	if (error >= 0)
		take_error(error);
	return 0;
}

int wsgi_logs_reopen(struct wsgi_logs *l, struct wsgi_error *err)
{
	int fd, rc = 0;

	if (l->access_file != NULL) {
		fd = open_file(l->access_file, true, err);
		if (fd >= 0) {
			dup3(fd, l->access, O_CLOEXEC);
			close(fd);
		} else {
			rc = fd;
		}
	}
	if (l->error_file != NULL) {
		fd = open_file(l->error_file, true, err);
		if (fd >= 0)
			take_error(fd);
		else
			rc = fd;
	}
	return rc;
}

size_t wsgi_logs_fds(const struct wsgi_logs *l, int fds[2])
{
	fds[0] = STDERR_FILENO;
	fds[1] = l->access;
	return l->access > STDERR_FILENO ? 2 : 1;
}

/* A file that is there can be opened; for one that is not, the folder has to be writable. */
static int check_file(const char *name, struct wsgi_error *err)
{
	char *copy;
	int rc, fd = open_name(name, O_NONBLOCK, err);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (fd == -ENXIO) /* a FIFO that nobody reads yet */
		return 0;
	if (fd != -ENOENT)
		return fd;
	copy = strdup(name);
	if (copy == NULL)
		return wsgi_fail(err, -ENOMEM, "out of memory");
	rc = access(dirname(copy), W_OK | X_OK) == 0 ? 0 : -errno;
	free(copy);
	return rc == 0 ? 0 : fail(err, name, rc);
}

int wsgi_logs_check(const char *error_file, const char *access_file, struct wsgi_error *err)
{
	int rc = is_file(error_file) ? check_file(error_file, err) : 0;

	return rc == 0 && is_file(access_file) ? check_file(access_file, err) : rc;
}

void wsgi_logs_finish(struct wsgi_logs *l)
{
	if (l->access > STDERR_FILENO)
		close(l->access);
	free(l->error_file);
	free(l->access_file);
	*l = (struct wsgi_logs){.access = -1};
}
