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

static DWORD attributes_of(const char *path)
{
	wchar_t *wide = wsgi_wide(path);
	DWORD attributes = wide != NULL ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;

	free(wide);
	return attributes;
}

/* Open without a right to anything in it; with the flag a folder too. */
static HANDLE look_at(const char *path)
{
	wchar_t *wide = wsgi_wide(path);
	HANDLE file = INVALID_HANDLE_VALUE;

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

/* What is no device: "CON" and "NUL" are files everywhere, in whatever folder they are named. */
bool wsgi_path_is_file(const char *path)
{
	HANDLE file = look_at(path);
	BY_HANDLE_FILE_INFORMATION info;
	bool yes;

	if (file == INVALID_HANDLE_VALUE)
		return false;
	yes = GetFileType(file) == FILE_TYPE_DISK && GetFileInformationByHandle(file, &info) &&
	      (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) == 0;
	CloseHandle(file);
	return yes;
}

bool wsgi_path_is_folder(const char *path)
{
	DWORD attributes = attributes_of(path);

	return attributes != INVALID_FILE_ATTRIBUTES &&
	       (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
}

/* The final path of an open file, without the "\\?\" in front of it. NULL and errno. */
static char *final_path(HANDLE file)
{
	DWORD len = GetFinalPathNameByHandleW(file, NULL, 0, VOLUME_NAME_DOS);
	wchar_t *wide = len > 0 ? malloc((len + 1) * sizeof(wide[0])) : NULL, *at = wide;
	char *path;

	if (wide == NULL || GetFinalPathNameByHandleW(file, wide, len + 1, VOLUME_NAME_DOS) > len) {
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

/* A ":" behind that of the drive begins the name of a stream of a file. */
static bool names_stream(const char *path)
{
	return strchr(has_drive(path) ? path + 2 : path, ':') != NULL;
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
	if (real == NULL || !names_stream(real))
		return real;
	free(real);
	errno = EACCES;
	return NULL;
}

/* Whether the first units of file are those of folder, in letters of either case. */
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
