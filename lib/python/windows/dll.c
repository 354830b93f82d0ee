/*
 * dll - the beginning of the extension module of the Windows build, as base/windows/main.c is that
 * of a program. The process is an interpreter's, whose C library (ucrtbase) is not ours (msvcrt):
 * both have made descriptors 0, 1 and 2 of the same three handles.
 */
#include <windows.h>

#include "base/windows/environment.h"

/*
 * Let one of our descriptors be of a handle of its own, in binary: what either C library closes,
 * the other still has. _dup2() closes what stands in the descriptor, so that is kept from it
 * meanwhile; the system's own note of the standard handle stays the interpreter's. Returns 0 or -1.
 */
static int own(int fd, DWORD name)
{
	HANDLE shared = GetStdHandle(name), mine;
	int copy, rc;

	if (shared == NULL || shared == INVALID_HANDLE_VALUE)
		return 0; /* closed: wsgi_fd_standard() sees to it */
	if (!DuplicateHandle(GetCurrentProcess(), shared, GetCurrentProcess(), &mine, 0, FALSE,
			     DUPLICATE_SAME_ACCESS))
		return -1;
	copy = _open_osfhandle((intptr_t)mine, _O_BINARY | _O_NOINHERIT);
	if (copy < 0) {
		CloseHandle(mine);
		return -1;
	}
	SetHandleInformation(shared, HANDLE_FLAG_PROTECT_FROM_CLOSE,
			     HANDLE_FLAG_PROTECT_FROM_CLOSE);
	rc = _dup2(copy, fd);
	SetHandleInformation(shared, HANDLE_FLAG_PROTECT_FROM_CLOSE, 0);
	SetStdHandle(name, shared);
	_close(copy);
	return rc == 0 ? _setmode(fd, _O_BINARY) : -1;
}

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, LPVOID reserved);

/* FALSE: the interpreter cannot import us, and says so. */
BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, LPVOID reserved)
{
	(void)self, (void)reserved;
	if (reason != DLL_PROCESS_ATTACH)
		return TRUE;
	_fmode = _O_BINARY;
	if (own(0, STD_INPUT_HANDLE) < 0 || own(1, STD_OUTPUT_HANDLE) < 0 ||
	    own(2, STD_ERROR_HANDLE) < 0)
		return FALSE;
	return wsgi_windows_read_environment() == 0;
}
