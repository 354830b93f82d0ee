#include "proc/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"

static int fail(struct wsgi_error *err, const char *path, const char *what)
{
	const int code = -errno;

	if (code == -ENOENT)
		return wsgi_fail(err, code,
				 "cannot write the process id to %s: its folder is not there",
				 path);
	return wsgi_fail(err, code, "cannot write the process id to %s: %s: %s", path, what,
			 strerror(-code));
}

static struct flock whole_file(void)
{
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

/* Returns 0; -EEXIST when somebody else has the lock; -errno. */
static int lock(int fd)
{
	struct flock l = whole_file();

	if (fcntl(fd, F_SETLK, &l) == 0)
		return 0;
	return errno == EACCES || errno == EAGAIN ? -EEXIST : -errno;
}

static bool is_at(int fd, const char *path)
{
	struct stat mine, there;

	return fstat(fd, &mine) == 0 && lstat(path, &there) == 0 && mine.st_dev == there.st_dev &&
	       mine.st_ino == there.st_ino;
}

/* -- what stands there already ----------------------------------------------------------------- */

/* Whether it is a number and perhaps a newline, or nothing: an editor's or a package's. */
static bool is_pid(int fd)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	size_t digits;

	if (n < 0)
		return false;
	text[n] = '\0';
	digits = strspn(text, "0123456789");
	return strcmp(text + digits, "\n") == 0 || digits == (size_t)n;
}

static int refuse_held(int fd, const char *path, struct wsgi_error *err)
{
	struct flock l = whole_file();
	const bool known = fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK && l.l_pid > 0;

	if (!known)
		return wsgi_fail(err, -EEXIST,
				 "%s is the file of a server that runs: end it, or name another "
				 "with --pid",
				 path);
	return wsgi_fail(err, -EEXIST,
			 "%s is the file of process %d, which runs: end it, or name another file "
			 "with --pid",
			 path, (int)l.l_pid);
}

static int refuse_content(const char *path, struct wsgi_error *err)
{
	return wsgi_fail(err, -EINVAL,
			 "%s has something else in it than a process id: remove it, or name "
			 "another file with --pid",
			 path);
}

static int refuse_kind(const char *path, struct wsgi_error *err)
{
	return wsgi_fail(err, -EINVAL, "cannot write the process id to %s: it is no regular file",
			 path);
}

/*
 * Put the new file in the old one's place. Who replaces a file holds its lock, and looks afterwards
 * whether it still stands there: of two that start at once one is refused.
 * Returns 0; -EAGAIN: it is gone, or another one; -errno with words.
 */
static int replace_held(int old, const char *new, const char *path, struct wsgi_error *err)
{
	int rc = lock(old);

	if (rc == -EEXIST)
		return refuse_held(old, path, err);
	if (rc != 0) {
		errno = -rc;
		return fail(err, path, "fcntl");
	}
	if (!is_pid(old))
		return refuse_content(path, err);
	if (!is_at(old, path))
		return -EAGAIN;
	return rename(new, path) == 0 ? 0 : fail(err, path, "rename");
}

static int replace(const char *new, const char *path, struct wsgi_error *err)
{
	/* Not to wait for the other end of a FIFO. */
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY), rc;
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? -EAGAIN : fail(err, path, "open");
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		rc = replace_held(fd, new, path, err);
	else
		rc = refuse_kind(path, err);
	close(fd);
	return rc;
}

/* Give the new file its name. */
static int publish(const char *new, const char *path, struct wsgi_error *err)
{
	int rc = -EAGAIN;

	while (rc == -EAGAIN) {
		if (link(new, path) == 0) {
			unlink(new);
			return 0;
		}
		rc = errno == EEXIST ? replace(new, path, err) : fail(err, path, "link");
	}
	return rc;
}

/* -- check ------------------------------------------------------------------------------------- */

static int check_folder(const char *path, struct wsgi_error *err)
{
	int rc = wsgi_fd_may_create(path);

	errno = -rc;
	return rc == 0 ? 0 : fail(err, path, "open");
}

/* Whoever holds it could write it. */
static int check_there(int fd, const char *path, struct wsgi_error *err)
{
	struct flock l = whole_file();
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return refuse_kind(path, err);
	if (fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK)
		return 0;
	if (!is_pid(fd))
		return refuse_content(path, err);
	if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0)
		return fail(err, path, "open");
	return check_folder(path, err);
}

int wsgi_pidfile_check(const char *path, struct wsgi_error *err)
{
	int rc, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return errno == ENOENT ? check_folder(path, err) : fail(err, path, "open");
	rc = check_there(fd, path, err);
	close(fd);
	return rc;
}

/* -- write ------------------------------------------------------------------------------------- */

static int fill(int fd, pid_t pid)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%d\n", (int)pid), rc = lock(fd);

	if (rc == 0)
		rc = wsgi_fd_write(fd, text, (size_t)n);
	if (rc == 0 && fchmod(fd, 0644) != 0) /* whoever may send us a signal is to find us */
		rc = -errno;
	return rc;
}

int wsgi_pidfile_write(struct wsgi_pidfile *f, const char *path, pid_t pid, struct wsgi_error *err)
{
	char *new = NULL;
	int rc;

	*f = (struct wsgi_pidfile){.fd = -1, .path = strdup(path)};
	if (f->path == NULL || asprintf(&new, "%s.XXXXXX", path) < 0) {
		free(f->path);
		f->path = NULL;
		return wsgi_fail(err, -ENOMEM, "out of memory");
	}
	f->fd = mkostemp(new, O_CLOEXEC);
	if (f->fd < 0) {
		rc = fail(err, path, "open");
	} else {
		rc = fill(f->fd, pid);
		errno = -rc;
		rc = rc == 0 ? publish(new, path, err) : fail(err, path, "write");
		if (rc != 0)
			unlink(new);
	}
	free(new);
	if (rc != 0)
		wsgi_pidfile_remove(f);
	return rc;
}

void wsgi_pidfile_remove(struct wsgi_pidfile *f)
{
	if (f->path != NULL) {
		if (f->fd >= 0 && is_at(f->fd, f->path))
			unlink(f->path);
		if (f->fd >= 0)
			close(f->fd);
	}
	free(f->path);
	*f = (struct wsgi_pidfile){.fd = -1};
}
