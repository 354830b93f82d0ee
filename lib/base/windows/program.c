/* program on Windows: it is started, and this process ends as it does. */
#include "base/program.h"

#include <errno.h>
#include <windows.h>

#include "base/buf.h"
#include "base/windows/wide.h"
#include "base/wtf8.h"

/* The path of this program; the caller's to free. NULL and errno. */
static wchar_t *own_path(void)
{
	for (DWORD size = MAX_PATH;; size *= 2) {
		wchar_t *path = malloc(size * sizeof(path[0]));
		DWORD len;

		if (path == NULL) {
			errno = ENOMEM;
			return NULL;
		}
		len = GetModuleFileNameW(NULL, path, size);
		if (len > 0 && len < size)
			return path;
		free(path);
		if (len == 0) {
			wsgi_windows_failed();
			return NULL;
		}
	}
}

char *wsgi_program_path(void)
{
	wchar_t *wide = own_path();
	char *path = wide != NULL ? wsgi_wtf8_string(wide) : NULL;

	free(wide);
	return path;
}

/* What a file is, whatever names it has. Returns whether that can be told. */
static bool identify(const wchar_t *path, BY_HANDLE_FILE_INFORMATION *info)
{
	HANDLE file = CreateFileW(path, FILE_READ_ATTRIBUTES,
				  FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
				  OPEN_EXISTING, 0, NULL);
	bool told = file != INVALID_HANDLE_VALUE && GetFileInformationByHandle(file, info);

	if (file != INVALID_HANDLE_VALUE)
		CloseHandle(file);
	return told;
}

bool wsgi_program_is(const char *path)
{
	wchar_t *own = own_path(), *wide = wsgi_wide_path(path);
	BY_HANDLE_FILE_INFORMATION a, b;
	bool yes = own != NULL && wide != NULL && identify(own, &a) && identify(wide, &b) &&
		   a.dwVolumeSerialNumber == b.dwVolumeSerialNumber &&
		   a.nFileIndexHigh == b.nFileIndexHigh && a.nFileIndexLow == b.nFileIndexLow;

	free(own);
	free(wide);
	return yes;
}

const char *wsgi_program_started_as(void)
{
	static char *path;

	if (path == NULL)
		path = wsgi_program_path();
	return path;
}

/* -- a command line ---------------------------------------------------------------------------- */

/* In units, with its NUL: CreateProcessW(). */
enum { LONGEST = 32767 - 1 };

static int add(struct wsgi_buf *line, char c, size_t times)
{
	int rc = 0;

	while (rc == 0 && times-- > 0)
		rc = wsgi_buf_add(line, &c, 1);
	return rc;
}

/*
 * A word, so that the C library of the program finds it whole: in quotes, with a "\" before each
 * quote in it, and twice as many where they stand before a quote. Returns 0 or -ENOMEM.
 */
static int add_word(struct wsgi_buf *line, const char *word)
{
	size_t slashes = 0;
	int rc = add(line, '"', 1);

	for (; rc == 0 && *word != '\0'; word++) {
		if (*word == '\\') {
			slashes++;
			continue;
		}
		rc = add(line, '\\', *word == '"' ? 2 * slashes + 1 : slashes);
		slashes = 0;
		if (rc == 0)
			rc = add(line, *word, 1);
	}
	if (rc == 0)
		rc = add(line, '\\', 2 * slashes);
	return rc == 0 ? add(line, '"', 1) : rc;
}

/* The words as one line, as the system takes them; the caller's to free. NULL: no memory. */
static wchar_t *line_of(char *const *argv)
{
	struct wsgi_buf line = {0};
	wchar_t *wide = NULL;
	int rc = 0;

	for (; rc == 0 && *argv != NULL; argv++) {
		if (line.len > 0)
			rc = add(&line, ' ', 1);
		if (rc == 0)
			rc = add_word(&line, *argv);
	}
	if (rc == 0)
		wide = wsgi_wtf8_decode((struct wsgi_span){line.data, line.len}, NULL);
	wsgi_buf_finish(&line);
	return wide;
}

/* -- the other program ------------------------------------------------------------------------- */

/*
 * A job that ends what is in it when we end, however we do; but not what that has started, which
 * may be meant to stay. NULL: there is none; it goes without.
 */
static HANDLE make_job(void)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {
		.BasicLimitInformation.LimitFlags =
			JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK,
	};
	HANDLE job = CreateJobObjectW(NULL, NULL);

	if (job != NULL)
		SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits,
					sizeof(limits));
	return job;
}

/* Start it with our standard streams, halted. Returns 0 or -errno. */
static int start(const wchar_t *path, wchar_t *line, PROCESS_INFORMATION *made)
{
	STARTUPINFOW startup = {
		.cb = sizeof(startup),
		.dwFlags = STARTF_USESTDHANDLES,
		.hStdInput = GetStdHandle(STD_INPUT_HANDLE),
		.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE),
		.hStdError = GetStdHandle(STD_ERROR_HANDLE),
	};

	SetHandleInformation(startup.hStdInput, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
	SetHandleInformation(startup.hStdOutput, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
	SetHandleInformation(startup.hStdError, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
	if (!CreateProcessW(path, line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &startup,
			    made))
		return -wsgi_windows_errno(GetLastError());
	return 0;
}

/* Wait for it, as it: its end of the streams is the only one, and Ctrl-C is for it to take. */
static DWORD follow(HANDLE process)
{
	DWORD status = 1;

	SetConsoleCtrlHandler(NULL, TRUE);
	/* The response ends when nobody has its pipe any more; standard error may be that too. */
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
	WaitForSingleObject(process, INFINITE);
	GetExitCodeProcess(process, &status);
	return status;
}

int wsgi_program_become(const char *path, char *const *argv)
{
	wchar_t *wide = wsgi_wide_path(path), *line = line_of(argv);
	int rc = wide != NULL && line != NULL ? 0 : -ENOMEM;
	PROCESS_INFORMATION made;
	HANDLE job;

	if (rc == 0 && wcslen(line) > LONGEST)
		rc = -E2BIG;
	if (rc == 0)
		rc = start(wide, line, &made);
	free(wide);
	free(line);
	if (rc != 0)
		return rc;
	job = make_job();
	if (job != NULL)
		AssignProcessToJobObject(job, made.hProcess);
	ResumeThread(made.hThread);
	ExitProcess(follow(made.hProcess));
}
