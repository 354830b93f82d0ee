/* path on Windows: "/" and "\", drives and shares, letters of either case. */
#include "base/path.h"

#include <errno.h>
#include <windows.h>

#include "base/windows/wide.h"
#include "base/wtf8.h"

const char wsgi_path_library[] = ".dll";
const char wsgi_path_between = ';';

bool wsgi_path_is_slash(char c)
{
	return c == '/' || c == '\\';
}

bool wsgi_path_has_slash(const char *path, size_t len)
{
	return memchr(path, '/', len) != NULL || memchr(path, '\\', len) != NULL;
}

static bool has_drive(const char *path)
{
	return ((path[0] >= 'A' && path[0] <= 'Z') || (path[0] >= 'a' && path[0] <= 'z')) &&
	       path[1] == ':';
}

const char *wsgi_path_last(const char *path)
{
	const char *last = has_drive(path) ? path + 2 : path;

	for (const char *at = last; *at != '\0'; at++)
		if (wsgi_path_is_slash(*at))
			last = at + 1;
	return last;
}

bool wsgi_path_is_absolute(const char *path)
{
	return has_drive(path) ? wsgi_path_is_slash(path[2])
			       : wsgi_path_is_slash(path[0]) && wsgi_path_is_slash(path[1]);
}

/* With "\\", a drive and without "..": "\\apps" counts from the drive's root, "C:apps" does not. */
char *wsgi_path_absolute(const char *path)
{
	wchar_t *wide = wsgi_wide(path), *whole = wide != NULL ? wsgi_wide_whole(wide) : NULL;
	char *text = whole != NULL ? wsgi_wtf8_string(whole) : NULL;

	free(wide);
	free(whole);
	return text;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool wsgi_path_ends_in(const char *path, size_t len, const char *ending)
{
	size_t ending_len = strlen(ending);

	if (len < ending_len)
		return false;
	for (const char *at = path + len - ending_len; *ending != '\0'; at++, ending++)
		if (lower(*at) != lower(*ending))
			return false;
	return true;
}

/* Behind "\\?\", "\\.\" or "\??\", which have the system take a path as it is. */
static const char *behind_prefix(const char *path)
{
	char head[5];

	for (size_t i = 0; i < 4; i++) {
		if (path[i] == '\0')
			return path;
		head[i] = path[i] == '/' ? '\\' : path[i];
	}
	head[4] = '\0';
	if (strcmp(head, "\\\\?\\") == 0 || strcmp(head, "\\\\.\\") == 0 ||
	    strcmp(head, "\\??\\") == 0)
		return path + 4;
	return path;
}

/* A ":" behind that of the drive begins the name of a stream of a file, or of a folder. */
static bool names_stream(const char *path)
{
	path = behind_prefix(path);
	return strchr(has_drive(path) ? path + 2 : path, ':') != NULL;
}

/* Open without a right to anything in it; a folder too. What fails sets errno. */
static HANDLE look_at(const char *path)
{
	HANDLE file = INVALID_HANDLE_VALUE;
	wchar_t *wide;

	if (names_stream(path)) {
		errno = EACCES;
		return file;
	}
	wide = wsgi_wide_path(path);
	if (wide == NULL)
		return file;
	file = CreateFileW(wide, FILE_READ_ATTRIBUTES,
			   FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
			   OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
	if (file == INVALID_HANDLE_VALUE)
		wsgi_windows_failed();
	free(wide);
	return file;
}

/*
 * Whether it is there, on a disk, and as wanted: a folder or none. "CON" and "NUL" are devices, in
 * whatever folder they are named.
 */
static bool is_there(const char *path, bool folder)
{
	HANDLE file = look_at(path);
	BY_HANDLE_FILE_INFORMATION info;
	bool yes;

	if (file == INVALID_HANDLE_VALUE)
		return false;
	yes = GetFileType(file) == FILE_TYPE_DISK && GetFileInformationByHandle(file, &info) &&
	      ((info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0) == folder;
	CloseHandle(file);
	return yes;
}

bool wsgi_path_is_file(const char *path)
{
	return is_there(path, false);
}

bool wsgi_path_is_folder(const char *path)
{
	return is_there(path, true);
}

/* The final path of an open file, without the "\\?\" in front of it. NULL and errno. */
static char *final_path(HANDLE file)
{
	const DWORD size = GetFinalPathNameByHandleW(file, NULL, 0, VOLUME_NAME_DOS) + 1;
	wchar_t *wide = calloc(size, sizeof(wide[0])), *at = wide;
	DWORD len;
	char *path;

	if (wide == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	len = GetFinalPathNameByHandleW(file, wide, size, VOLUME_NAME_DOS);
	if (len == 0 || len >= size) { /* it may be renamed meanwhile */
		wsgi_windows_failed();
		free(wide);
		return NULL;
	}
	if (wcsncmp(at, L"\\\\?\\UNC\\", 8) == 0) {
		at += 6; /* "\\?\UNC\host" is "\\host" */
		at[0] = '\\';
	} else if (wcsncmp(at, L"\\\\?\\", 4) == 0) {
		at += 4;
	}
	path = wsgi_wtf8_string(at);
	free(wide);
	return path;
}

/*
 * Whether the system, asked for this path, comes to the same file: not where its last dot or blank
 * is dropped, or a part of it is a device ("C:\apps\con.dll"). Behind "\\?\" such files can be.
 */
static bool means_itself(const char *real)
{
	wchar_t *wide = wsgi_wide(real), *whole = wide != NULL ? wsgi_wide_whole(wide) : NULL;
	const bool yes = whole != NULL && wcscmp(wide, whole) == 0;

	free(wide);
	free(whole);
	return yes && !names_stream(real);
}

char *wsgi_path_real(const char *path)
{
	HANDLE file = look_at(path);
	char *real = NULL;

	if (file == INVALID_HANDLE_VALUE)
		return NULL;
	if (GetFileType(file) == FILE_TYPE_DISK)
		real = final_path(file);
	else
		errno = EACCES;
	CloseHandle(file);
	if (real == NULL || means_itself(real))
		return real;
	free(real);
	errno = EACCES;
	return NULL;
}

/* The length of folder, where file begins with it, in letters of either case; else 0. */
static size_t begins_with(const wchar_t *file, const wchar_t *folder)
{
	size_t len = wcslen(folder);

	if (wcslen(file) < len)
		return 0;
	return CompareStringOrdinal(file, (int)len, folder, (int)len, TRUE) == CSTR_EQUAL ? len : 0;
}

bool wsgi_path_is_below(const char *file, const char *folder)
{
	wchar_t *wide = wsgi_wide(file), *wide_folder = wsgi_wide(folder);
	bool yes = false;

	if (wide != NULL && wide_folder != NULL) {
		size_t len = begins_with(wide, wide_folder);

		/* The root of a drive, "C:\", has its slash. */
		yes = len > 0 && (wide[len - 1] == '\\' ? wide[len] != 0 : wide[len] == '\\');
	}
	free(wide);
	free(wide_folder);
	return yes;
}
