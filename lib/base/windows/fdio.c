/* fdio on Windows: descriptors block, and there are no signals to go on after. */
#include "base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <windows.h>

#include "base/windows/wide.h"

enum { BLOCK = 65536 };

/* As much as goes into one call: a pipe may refuse a larger one. */
static DWORD piece(size_t len)
{
	const DWORD most = 1 << 20;

	return len < most ? (DWORD)len : most;
}

/* A pipe that was closed at its other end has ended; one of messages has more of this one. */
static ssize_t read_failed(DWORD n)
{
	const DWORD error = GetLastError();

	if (error == ERROR_BROKEN_PIPE || error == ERROR_HANDLE_EOF)
		return 0;
	return error == ERROR_MORE_DATA && n > 0 ? (ssize_t)n : -wsgi_windows_errno(error);
}

ssize_t wsgi_fd_read(int fd, void *buf, size_t len)
{
	intptr_t handle = _get_osfhandle(fd);
	DWORD n = 0;

	if (handle == -1)
		return -EBADF;
	if (len == 0)
		return 0;
	/* A write of nothing, which a read of a pipe sees, is no end; of a socket it is the end. */
	do
		if (!ReadFile((HANDLE)handle, buf, piece(len), &n, NULL))
			return read_failed(n);
	while (n == 0 && PeekNamedPipe((HANDLE)handle, NULL, 0, NULL, NULL, NULL));
	return n;
}

int wsgi_fd_write(int fd, const void *data, size_t len)
{
	intptr_t handle = _get_osfhandle(fd);
	const char *at = data;

	if (handle == -1)
		return -EBADF;
	while (len > 0) {
		DWORD n;

		if (!WriteFile((HANDLE)handle, at, piece(len), &n, NULL))
			return -wsgi_windows_errno(GetLastError());
		at += n;
		len -= n;
	}
	return 0;
}

int wsgi_fd_writev(int fd, struct iovec *iov, int n)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < n; i++)
		rc = wsgi_fd_write(fd, iov[i].iov_base, iov[i].iov_len);
	return rc;
}

int wsgi_fd_sendfile(int out, int in, off_t *offset, uint64_t *left)
{
	char block[BLOCK];

	while (*left > 0) {
		const size_t len = *left < sizeof(block) ? (size_t)*left : sizeof(block);
		ssize_t n = pread(in, block, len, *offset);
		int rc;

		if (n <= 0)
			return n == 0 ? 0 : -errno;
		rc = wsgi_fd_write(out, block, (size_t)n);
		if (rc != 0)
			return rc;
		*offset += n;
		*left -= (uint64_t)n;
	}
	return 0;
}

/* The C library has its descriptors 0, 1 and 2 without a handle too: only that one tells. */
static bool is_open(int fd)
{
	const intptr_t handle = _get_osfhandle(fd);

	return handle >= 0 &&
	       (GetFileType((HANDLE)handle) != FILE_TYPE_UNKNOWN || GetLastError() == NO_ERROR);
}

static int lead_nowhere(int fd)
{
	int nul = open("NUL", O_RDWR), rc;

	if (nul < 0)
		return -errno;
	if (nul == fd)
		return 0;
	rc = _dup2(nul, fd) == 0 ? 0 : -errno;
	close(nul);
	return rc;
}

int wsgi_fd_standard(void)
{
	int rc = 0;

	for (int fd = 0; rc == 0 && fd <= STDERR_FILENO; fd++)
		if (!is_open(fd))
			rc = lead_nowhere(fd);
	return rc;
}

/* No child inherits it, also one that another thread starts meanwhile. */
static int copy_of(int fd)
{
	intptr_t handle = _get_osfhandle(fd);
	HANDLE self = GetCurrentProcess(), made;
	int copy;

	if (handle < 0)
		return -EBADF;
	if (!DuplicateHandle(self, (HANDLE)handle, self, &made, 0, FALSE, DUPLICATE_SAME_ACCESS))
		return -wsgi_windows_errno(GetLastError());
	copy = _open_osfhandle((intptr_t)made, _O_BINARY | _O_NOINHERIT);
	if (copy >= 0)
		return copy;
	CloseHandle(made);
	return -EMFILE;
}

int wsgi_fd_keep(int fd)
{
	int copy = copy_of(fd), higher;

	if (copy < 0 || copy > STDERR_FILENO)
		return copy;
	higher = wsgi_fd_keep(fd);
	close(copy);
	return higher;
}

int wsgi_fd_nonblock(int fd, int on)
{
	(void)fd;
	return on ? -ENOTSUP : 0;
}

void wsgi_fd_drop(int fd)
{
	(void)fd; /* streams are pipes of one direction */
}
