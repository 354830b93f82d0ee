#include "base/windows/wide.h"

#include <errno.h>
#include <windows.h>

#include "base/wtf8.h"

wchar_t *wsgi_wide(const char *text)
{
	wchar_t *wide = wsgi_wtf8_decode(wsgi_span_of(text), NULL);

	if (wide == NULL)
		errno = ENOMEM;
	return wide;
}

static const struct {
	DWORD error;
	int code;
} codes[] = {
	{ERROR_FILE_NOT_FOUND, ENOENT},
	{ERROR_PATH_NOT_FOUND, ENOENT},
	{ERROR_INVALID_NAME, ENOENT},
	{ERROR_BAD_PATHNAME, ENOENT},
	{ERROR_BAD_NETPATH, ENOENT},
	{ERROR_BAD_NET_NAME, ENOENT},
	{ERROR_INVALID_DRIVE, ENOENT},
	{ERROR_MOD_NOT_FOUND, ENOENT},
	{ERROR_DIRECTORY, ENOTDIR},
	{ERROR_ACCESS_DENIED, EACCES},
	{ERROR_SHARING_VIOLATION, EACCES},
	{ERROR_LOCK_VIOLATION, EACCES},
	{ERROR_WRITE_PROTECT, EROFS},
	{ERROR_FILE_EXISTS, EEXIST},
	{ERROR_ALREADY_EXISTS, EEXIST},
	{ERROR_TOO_MANY_OPEN_FILES, EMFILE},
	{ERROR_INVALID_HANDLE, EBADF},
	{ERROR_NOT_ENOUGH_MEMORY, ENOMEM},
	{ERROR_OUTOFMEMORY, ENOMEM},
	{ERROR_INVALID_PARAMETER, EINVAL},
	{ERROR_FILENAME_EXCED_RANGE, ENAMETOOLONG},
	{ERROR_DISK_FULL, ENOSPC},
	{ERROR_HANDLE_DISK_FULL, ENOSPC},
	{ERROR_BROKEN_PIPE, EPIPE},
	{ERROR_NO_DATA, EPIPE}, /* the other end of a pipe is closed */
	{ERROR_PIPE_NOT_CONNECTED, EPIPE},
	{ERROR_NETNAME_DELETED, ECONNRESET},
	{ERROR_BAD_EXE_FORMAT, ENOEXEC},
};

int wsgi_windows_errno(unsigned long error)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].error == error)
			return codes[i].code;
	return EIO;
}

int wsgi_windows_failed(void)
{
	errno = wsgi_windows_errno(GetLastError());
	return -1;
}
