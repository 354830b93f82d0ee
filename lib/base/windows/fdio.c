/* fdio on Windows: descriptors block, and there are no signals to go on after. */
#include "base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <windows.h>

#include "base/path.h"
#include "base/windows/wide.h"

enum { BLOCK = 65536 };

/* As much as goes into one call: a pipe may refuse a larger one. */
static DWORD piece(size_t len)
{
	const DWORD most = 1 << 20;

	return len < most ? (DWORD)len : most;
}

ssize_t wsgi_fd_read(int fd, void *buf, size_t len)
{
	intptr_t handle = _get_osfhandle(fd);
	DWORD n;

	if (handle == -1)
		return -EBADF;
	/* A pipe that was closed at its other end has ended; a write of nothing is no end. */
	do
		if (!ReadFile((HANDLE)handle, buf, piece(len), &n, NULL))
			return GetLastError() == ERROR_BROKEN_PIPE ||
					       GetLastError() == ERROR_HANDLE_EOF
				       ? 0
				       : -wsgi_windows_errno(GetLastError());
	while (n == 0 && GetFileType((HANDLE)handle) == FILE_TYPE_PIPE);
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

int wsgi_fd_standard(void)
{
	int fd;

	do
		fd = open("NUL", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

int wsgi_fd_keep(int fd)
{
	int copy = _dup(fd);

	if (copy < 0)
		return -errno;
	if (SetHandleInformation((HANDLE)_get_osfhandle(copy), HANDLE_FLAG_INHERIT, 0))
		return copy;
	close(copy);
	return -wsgi_windows_errno(GetLastError());
}

void wsgi_fd_drop(int fd)
{
	(void)fd; /* streams are pipes of one direction */
}

int wsgi_fd_may_create(const char *path)
{
	char *folder = strdup(path);
	int rc;

	if (folder == NULL)
		return -ENOMEM;
	folder[wsgi_path_last(path) - path] = '\0';
	rc = access(*folder != '\0' ? folder : ".", W_OK) == 0 ? 0 : -errno;
	free(folder);
	return rc;
}
