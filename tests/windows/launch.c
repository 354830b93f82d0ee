/*
 * launch - start CGI programs as IIS's CgiModule does: an emulated IIS launch, inside wine.
 *
 * A first line on standard output says "ready". The name of a case file comes on standard input,
 * a line each (in UTF-8); when the case is done, its line on standard output says "done" or what
 * could not be done. A case is a file of UTF-16 strings, each with a NUL behind it, a key and its
 * value in turn, so that any environment can be said, also one with lone surrogates:
 *   line     the command line, one string, as IIS made it of the handler's scriptProcessor
 *   folder   the working directory; none: the launcher's
 *   env      a variable, NAME=value; as many as there are, in the order of the block
 *   in       the file of the request's body
 *   out, err the files that get what the program writes
 *   status   the file that gets how it ended: "exit N", "limit" (ended by us) or "no start N"
 *   seconds  the limit
 *   take     so many bytes of the response are read, then the client has left: the pipe is closed
 *   hold     "yes": standard input stays open behind the body, until the program has ended
 *   short    nothing is started: the status is this file's 8.3 name
 */
#include <windows.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { BLOCK = 65536 };

struct launch {
	wchar_t *text; /* the case file's strings, which the others are parts of */
	size_t len;    /* of text, in units */
	wchar_t *line, *block;
	const wchar_t *folder, *in, *out, *err, *status, *short_of;
	DWORD limit_ms;
	ULONGLONG take; /* 0: all */
	bool hold;
};

/* One of the three streams: our end of its pipe, the program's end, and the file behind it. */
struct stream {
	HANDLE ours, theirs, file, thread, held;
	ULONGLONG take;
};

/* -- the case ---------------------------------------------------------------------------------- */

static HANDLE open_file(const wchar_t *name, bool write)
{
	return CreateFileW(name, write ? GENERIC_WRITE : GENERIC_READ, FILE_SHARE_READ, NULL,
			   write ? CREATE_ALWAYS : OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
}

/* The whole file; a NUL is behind its last unit. */
static bool read_case(struct launch *l, const wchar_t *name)
{
	HANDLE file = open_file(name, false);
	DWORD bytes, got = 0;

	if (file == INVALID_HANDLE_VALUE)
		return false;
	bytes = GetFileSize(file, NULL);
	l->text = calloc(bytes / sizeof(wchar_t) + 2, sizeof(wchar_t));
	l->block = calloc(bytes / sizeof(wchar_t) + 2, sizeof(wchar_t));
	if (l->text != NULL && l->block != NULL && ReadFile(file, l->text, bytes, &got, NULL))
		l->len = got / sizeof(wchar_t);
	CloseHandle(file);
	return l->len > 0 && got == bytes;
}

static bool take_key(struct launch *l, const wchar_t *key, wchar_t *value)
{
	const struct {
		const wchar_t *key;
		const wchar_t **at;
	} texts[] = {{L"folder", &l->folder}, {L"in", &l->in},         {L"out", &l->out},
		     {L"err", &l->err},       {L"status", &l->status}, {L"short", &l->short_of}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (wcscmp(key, texts[i].key) == 0) {
			*texts[i].at = value;
			return true;
		}
	if (wcscmp(key, L"line") == 0)
		l->line = value;
	else if (wcscmp(key, L"seconds") == 0)
		l->limit_ms = (DWORD)wcstoul(value, NULL, 10) * 1000;
	else if (wcscmp(key, L"take") == 0)
		l->take = wcstoull(value, NULL, 10);
	else if (wcscmp(key, L"hold") == 0)
		l->hold = wcscmp(value, L"yes") == 0;
	else
		return false;
	return true;
}

/* Returns false for a key that nobody knows, or one without a value. */
static bool parse_case(struct launch *l)
{
	wchar_t *at = l->text, *end = l->text + l->len, *block = l->block;

	while (at < end) {
		const wchar_t *key = at;
		wchar_t *value = at + wcslen(at) + 1;

		if (value >= end)
			return false;
		at = value + wcslen(value) + 1;
		if (wcscmp(key, L"env") == 0) {
			wmemcpy(block, value, (size_t)(at - value));
			block += at - value;
		} else if (!take_key(l, key, value))
			return false;
	}
	return l->status != NULL && (l->short_of != NULL || l->line != NULL);
}

/* -- the streams ------------------------------------------------------------------------------- */

static DWORD WINAPI feed(void *arg)
{
	struct stream *s = arg;
	static char block[BLOCK];
	DWORD n, done = 0;

	while (s->file != NULL && ReadFile(s->file, block, sizeof(block), &n, NULL) && n > 0)
		for (DWORD at = 0; at < n; at += done)
			if (!WriteFile(s->ours, block + at, n - at, &done, NULL))
				return 1; /* the program reads no more */
	if (s->held == NULL) {
		CloseHandle(s->ours);
		s->ours = NULL;
	}
	return 0;
}

static DWORD WINAPI drain(void *arg)
{
	struct stream *s = arg;
	char *block = malloc(BLOCK);
	ULONGLONG left = s->take > 0 ? s->take : ~0ULL;
	DWORD n, done;

	while (block != NULL && left > 0 &&
	       ReadFile(s->ours, block, left < BLOCK ? (DWORD)left : BLOCK, &n, NULL)) {
		left -= n;
		if (!WriteFile(s->file, block, n, &done, NULL) || done != n)
			break;
	}
	free(block);
	CloseHandle(s->ours);
	s->ours = NULL;
	return 0;
}

/* The program's end alone can be inherited. */
static bool open_stream(struct stream *s, const wchar_t *name, bool writes)
{
	HANDLE read, write;

	if (name != NULL) {
		s->file = open_file(name, writes);
		if (s->file == INVALID_HANDLE_VALUE) {
			s->file = NULL;
			return false;
		}
	}
	if (!CreatePipe(&read, &write, NULL, 0))
		return false;
	s->ours = writes ? read : write;
	s->theirs = writes ? write : read;
	return SetHandleInformation(s->theirs, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
}

static void close_handle(HANDLE *h)
{
	if (*h != NULL)
		CloseHandle(*h);
	*h = NULL;
}

static void close_stream(struct stream *s)
{
	if (s->thread != NULL)
		WaitForSingleObject(s->thread, INFINITE);
	close_handle(&s->thread);
	close_handle(&s->ours);
	close_handle(&s->theirs);
	close_handle(&s->file);
}

/* -- the program ------------------------------------------------------------------------------- */

/* Of all handles only these three get to the program. */
static LPPROC_THREAD_ATTRIBUTE_LIST only(HANDLE *three)
{
	SIZE_T size = 0;
	LPPROC_THREAD_ATTRIBUTE_LIST list;

	InitializeProcThreadAttributeList(NULL, 1, 0, &size);
	list = malloc(size);
	if (list == NULL || !InitializeProcThreadAttributeList(list, 1, 0, &size) ||
	    !UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, three,
				       3 * sizeof(HANDLE), NULL, NULL))
		return NULL;
	return list;
}

/* Started in a job, so that the limit ends whatever it has started itself. */
static bool start(const struct launch *l, struct stream s[3], HANDLE job, HANDLE *process)
{
	const DWORD flags = CREATE_UNICODE_ENVIRONMENT | CREATE_NO_WINDOW | CREATE_SUSPENDED |
			    EXTENDED_STARTUPINFO_PRESENT;
	HANDLE three[3] = {s[0].theirs, s[1].theirs, s[2].theirs};
	STARTUPINFOEXW info = {.StartupInfo = {.cb = sizeof(info),
					       .dwFlags = STARTF_USESTDHANDLES,
					       .hStdInput = three[0],
					       .hStdOutput = three[1],
					       .hStdError = three[2]}};
	PROCESS_INFORMATION started;
	bool ok;

	info.lpAttributeList = only(three);
	if (info.lpAttributeList == NULL)
		return false;
	ok = CreateProcessW(NULL, l->line, NULL, NULL, TRUE, flags, l->block, l->folder,
			    &info.StartupInfo, &started);
	DeleteProcThreadAttributeList(info.lpAttributeList);
	free(info.lpAttributeList);
	if (!ok)
		return false;
	if (!AssignProcessToJobObject(job, started.hProcess))
		fprintf(stderr, "launch: no job: %lu\n", GetLastError());
	ResumeThread(started.hThread);
	CloseHandle(started.hThread);
	*process = started.hProcess;
	return true;
}

/*
 * On a busy machine wine fails now and then to set a new process up. Nothing of the program has run
 * then, so it is started again.
 */
static bool start_at_last(const struct launch *l, struct stream s[3], HANDLE job, HANDLE *process)
{
	for (int tries = 0; tries < 5; tries++) {
		if (start(l, s, job, process))
			return true;
		if (GetLastError() != ERROR_INTERNAL_ERROR)
			return false;
		Sleep(50);
	}
	return false;
}

static void say(const struct launch *l, const char *what, DWORD number)
{
	HANDLE file = open_file(l->status, true);
	char text[64];
	DWORD done;

	snprintf(text, sizeof(text), "%s %lu\n", what, number);
	WriteFile(file, text, (DWORD)strlen(text), &done, NULL);
	CloseHandle(file);
}

static void wait_for(const struct launch *l, HANDLE job, HANDLE process)
{
	const bool late = WaitForSingleObject(process, l->limit_ms) == WAIT_TIMEOUT;
	DWORD code = 0;

	if (late)
		TerminateJobObject(job, 1);
	WaitForSingleObject(process, INFINITE);
	GetExitCodeProcess(process, &code);
	say(l, late ? "limit" : "exit", code);
}

static void run(const struct launch *l, struct stream s[3])
{
	HANDLE job = CreateJobObjectW(NULL, NULL), process = NULL;

	s[0].held = l->hold ? s[0].ours : NULL;
	s[1].take = l->take;
	if (!start_at_last(l, s, job, &process)) {
		say(l, "no start", GetLastError());
		CloseHandle(job);
		return;
	}
	for (int i = 0; i < 3; i++) {
		close_handle(&s[i].theirs);
		s[i].thread = CreateThread(NULL, 0, i == 0 ? feed : drain, &s[i], 0, NULL);
	}
	wait_for(l, job, process);
	TerminateJobObject(job, 1); /* what it left behind */
	CloseHandle(process);
	CloseHandle(job);
}

static void say_short(const struct launch *l)
{
	wchar_t name[1024] = L"";
	HANDLE file = open_file(l->status, true);
	DWORD done, len = GetShortPathNameW(l->short_of, name, sizeof(name) / sizeof(name[0]));

	WriteFile(file, name, len * (DWORD)sizeof(wchar_t), &done, NULL);
	CloseHandle(file);
}

static const char *serve(const wchar_t *name)
{
	struct launch l = {.limit_ms = 30000};
	struct stream s[3] = {{.take = 0}};
	const char *failed = NULL;

	if (!read_case(&l, name) || !parse_case(&l))
		failed = "the case file is not there, or wrong";
	else if (l.short_of != NULL)
		say_short(&l);
	else if (!open_stream(&s[0], l.in, false) || !open_stream(&s[1], l.out, true) ||
		 !open_stream(&s[2], l.err, true))
		failed = "the files of the streams cannot be opened";
	else
		run(&l, s);
	for (int i = 0; i < 3; i++)
		close_stream(&s[i]);
	free(l.block);
	free(l.text);
	return failed;
}

int wmain(void); /* what -municode calls */

int wmain(void)
{
	char line[2048];
	wchar_t name[2048];

	printf("ready\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		const char *failed;

		line[strcspn(line, "\r\n")] = '\0';
		MultiByteToWideChar(CP_UTF8, 0, line, -1, name, 2048);
		failed = serve(name);
		printf("%s\n", failed != NULL ? failed : "done");
		fflush(stdout);
	}
	return 0;
}
