#include "base/windows/wide.h"

#include <errno.h>
#include <stdbool.h>
#include <windows.h>

#include "base/wtf8.h"

wchar_t *wsgi_wide(const char *text)
{
	wchar_t *wide = wsgi_wtf8_decode(wsgi_span_of(text), NULL);

	if (wide == NULL)
		errno = ENOMEM;
	return wide;
}

wchar_t *wsgi_wide_whole(const wchar_t *path)
{
	DWORD size = GetFullPathNameW(path, 0, NULL, NULL), len;
	wchar_t *whole;

	if (size == 0) {
		wsgi_windows_failed();
		return NULL;
	}
	whole = malloc(size * sizeof(whole[0]));
	len = whole != NULL ? GetFullPathNameW(path, size, whole, NULL) : 0;
	if (len > 0 && len < size)
		return whole;
	free(whole);
	errno = whole == NULL ? ENOMEM : ENOENT; /* another thread has changed the folder */
	return NULL;
}

/* The longest that a folder may be, so that a file of 8.3 fits below it. */
enum { LONGEST = MAX_PATH - 12 };

/* A path with "\\?\" in front, of a whole one that has no such thing. NULL and ENOMEM. */
static wchar_t *lengthen(const wchar_t *whole)
{
	const bool share = whole[0] == '\\';
	const wchar_t *head = share ? L"\\\\?\\UNC\\" : L"\\\\?\\";
	wchar_t *path;

	whole += share ? 2 : 0;
	path = malloc((wcslen(head) + wcslen(whole) + 1) * sizeof(path[0]));
	if (path == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	return wcscat(wcscpy(path, head), whole);
}

/* "\\?\" and "\\.\": nothing is to stand in front of these. */
static bool is_device(const wchar_t *whole)
{
	return whole[0] == '\\' && whole[1] == '\\' && (whole[2] == '?' || whole[2] == '.') &&
	       whole[3] == '\\';
}

wchar_t *wsgi_wide_path(const char *path)
{
	wchar_t *wide = wsgi_wide(path), *whole, *made = wide;

	if (wide == NULL || *wide == 0)
		return wide; /* "" is no file: whoever opens it says so */
	whole = wsgi_wide_whole(wide);
	if (whole != NULL && wcslen(whole) >= LONGEST && !is_device(whole)) {
		made = lengthen(whole);
		free(wide);
	}
	free(whole);
	return made;
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
	{ERROR_DEV_NOT_EXIST, ENOENT},
	{ERROR_NOT_READY, ENOENT}, /* a drive with nothing in it */
	{ERROR_MOD_NOT_FOUND, ENOENT},
	{ERROR_DIRECTORY, ENOTDIR},
	{ERROR_ACCESS_DENIED, EACCES},
	{ERROR_SHARING_VIOLATION, EACCES},
	{ERROR_LOCK_VIOLATION, EACCES},
	{ERROR_DELETE_PENDING, EACCES},
	{ERROR_LOGON_FAILURE, EACCES},
	{740, EACCES}, /* ERROR_ELEVATION_REQUIRED, which mingw has not */
	{ERROR_ACCESS_DISABLED_BY_POLICY, EACCES}, /* AppLocker and its kin */
	{ERROR_CANT_RESOLVE_FILENAME, ELOOP},
	{ERROR_WRITE_PROTECT, EROFS},
	{ERROR_FILE_EXISTS, EEXIST},
	{ERROR_ALREADY_EXISTS, EEXIST},
	{ERROR_TOO_MANY_OPEN_FILES, EMFILE},
	{ERROR_INVALID_HANDLE, EBADF},
	{ERROR_NOT_ENOUGH_MEMORY, ENOMEM},
	{ERROR_OUTOFMEMORY, ENOMEM},
	{ERROR_NO_SYSTEM_RESOURCES, ENOMEM},
	{ERROR_COMMITMENT_LIMIT, ENOMEM},
	{ERROR_INVALID_PARAMETER, EINVAL},
	{ERROR_FILENAME_EXCED_RANGE, ENAMETOOLONG},
	{ERROR_DISK_FULL, ENOSPC},
	{ERROR_HANDLE_DISK_FULL, ENOSPC},
	{ERROR_FILE_TOO_LARGE, EFBIG},
	{ERROR_BROKEN_PIPE, EPIPE},
	{ERROR_NO_DATA, EPIPE}, /* the other end of a pipe is closed */
	{ERROR_PIPE_NOT_CONNECTED, EPIPE},
	{ERROR_NETNAME_DELETED, ECONNRESET},
	{ERROR_BAD_EXE_FORMAT, ENOEXEC},
	{ERROR_INVALID_EXE_SIGNATURE, ENOEXEC},
	{ERROR_EXE_MACHINE_TYPE_MISMATCH, ENOEXEC},
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
