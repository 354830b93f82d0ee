/* Files by UTF-8 paths, in place of the C library's by the code page's. See posix.h. */
#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <windows.h>

#include "base/windows/wide.h"
#include "base/wtf8.h"

/*
 * A file that is only written, at its end: the system finds the end at each write, so that lines of
 * several processes do not go over one another. The C library would look for it before.
 */
static int open_append(const wchar_t *path, int flags)
{
	HANDLE file = CreateFileW(path, FILE_APPEND_DATA | SYNCHRONIZE,
				  FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
				  (flags & O_CREAT) != 0 ? OPEN_ALWAYS : OPEN_EXISTING,
				  FILE_ATTRIBUTE_NORMAL, NULL);
	int fd;

	if (file == INVALID_HANDLE_VALUE)
		return wsgi_windows_failed();
	fd = _open_osfhandle((intptr_t)file, _O_WRONLY | _O_BINARY | (flags & _O_NOINHERIT));
	if (fd < 0)
		CloseHandle(file);
	return fd;
}

int wsgi_windows_open(const char *path, int flags, ...)
{
	wchar_t *wide = wsgi_wide_path(path);
	int fd, mode = 0;
	va_list ap;

	if (wide == NULL)
		return -1;
	if ((flags & O_CREAT) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, int) & (_S_IREAD | _S_IWRITE);
		va_end(ap);
	}
	if ((flags & (O_WRONLY | O_APPEND | O_EXCL | O_TRUNC)) == (O_WRONLY | O_APPEND))
		fd = open_append(wide, flags);
	else
		fd = _wopen(wide, flags | _O_BINARY, mode);
	free(wide);
	return fd;
}

int wsgi_windows_access(const char *path, int mode)
{
	wchar_t *wide = wsgi_wide_path(path);
	int rc = wide != NULL ? _waccess(wide, mode & ~X_OK) : -1; /* it knows no X_OK */

	free(wide);
	return rc;
}

int wsgi_windows_chdir(const char *path)
{
	wchar_t *wide = wsgi_wide(path);
	int rc = wide != NULL ? _wchdir(wide) : -1;

	free(wide);
	return rc;
}

/* As POSIX's, but that buf is NULL: the caller's to free. */
char *wsgi_windows_getcwd(char *buf, size_t size)
{
	wchar_t *wide = _wgetcwd(NULL, 0);
	char *path = wide != NULL ? wsgi_wtf8_string(wide) : NULL;

	(void)buf, (void)size;
	free(wide);
	return path;
}

/*
 * The system moves the file's place for such a read too, so it is put back. Another thread's read
 * from that place meanwhile is not provided for.
 */
ssize_t wsgi_windows_pread(int fd, void *buf, size_t len, off_t offset)
{
	const LARGE_INTEGER stay = {.QuadPart = 0};
	OVERLAPPED at = {.Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32)};
	HANDLE file = (HANDLE)_get_osfhandle(fd);
	LARGE_INTEGER was;
	ssize_t rc;
	DWORD n;

	if (file == INVALID_HANDLE_VALUE) {
		errno = EBADF;
		return -1;
	}
	if (offset < 0) {
		errno = EINVAL;
		return -1;
	}
	if (GetFileType(file) != FILE_TYPE_DISK) {
		errno = ESPIPE;
		return -1;
	}
	if (!SetFilePointerEx(file, stay, &was, FILE_CURRENT))
		return wsgi_windows_failed();
	if (ReadFile(file, buf, len < INT_MAX ? (DWORD)len : INT_MAX, &n, &at))
		rc = n;
	else
		rc = GetLastError() == ERROR_HANDLE_EOF ? 0 : wsgi_windows_failed();
	SetFilePointerEx(file, was, NULL, FILE_BEGIN);
	return rc;
}
