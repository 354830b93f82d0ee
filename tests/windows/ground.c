/*
 * ground - what lib/base/windows does, asked for by name: ground.py has the questions, and knows
 * the answers. The first word is the verb, of the table at the end.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <windows.h>

#include "base/crash.h"
#include "base/fdio.h"
#include "base/log.h"
#include "base/path.h"
#include "base/program.h"
#include "base/when.h"
#include "base/windows/wide.h"
#include "base/wtf8.h"

enum { LIMIT_MS = 20000, STEP_MS = 10 };

static const char *name_of(int code)
{
	static const struct {
		int code;
		const char *name;
	} names[] = {
		{ENOENT, "ENOENT"},   {EACCES, "EACCES"},
		{ENOTDIR, "ENOTDIR"}, {ENOMEM, "ENOMEM"},
		{EINVAL, "EINVAL"},   {ENOEXEC, "ENOEXEC"},
		{E2BIG, "E2BIG"},     {ENAMETOOLONG, "ENAMETOOLONG"},
		{ELOOP, "ELOOP"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].code == code)
			return names[i].name;
	static char text[40];

	snprintf(text, sizeof(text), "error %d", code);
	return text;
}

/* -- path -------------------------------------------------------------------------------------- */

static int verb_real(char **words)
{
	for (; *words != NULL; words++) {
		char *real;

		errno = 0;
		real = wsgi_path_real(*words);
		puts(real != NULL ? real : name_of(errno));
		free(real);
	}
	return 0;
}

static int verb_absolute(char **words)
{
	for (; *words != NULL; words++) {
		char *path = wsgi_path_absolute(*words);

		puts(path != NULL ? path : name_of(errno));
		free(path);
	}
	return 0;
}

static int verb_kinds(char **words)
{
	for (; *words != NULL; words++)
		printf("%s %s %s\n", wsgi_path_is_absolute(*words) ? "absolute" : "relative",
		       wsgi_path_is_file(*words)     ? "file"
		       : wsgi_path_is_folder(*words) ? "folder"
						     : "none",
		       wsgi_path_last(*words));
	return 0;
}

/* Of what follows a folder. */
static int verb_below(char **words)
{
	for (char **file = words + 1; *file != NULL; file++)
		puts(wsgi_path_is_below(*file, *words) ? "yes" : "no");
	return 0;
}

/* Of what follows an ending. */
static int verb_ends(char **words)
{
	for (char **file = words + 1; *file != NULL; file++)
		puts(wsgi_path_ends_in(*file, strlen(*file), *words) ? "yes" : "no");
	return 0;
}

/* The files as they are opened, for all that opens: their first bytes. */
static int verb_read(char **words)
{
	for (; *words != NULL; words++) {
		char text[64] = "";
		int fd = open(*words, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || access(*words, R_OK) != 0) {
			puts(name_of(errno));
			continue;
		}
		wsgi_fd_read(fd, text, sizeof(text) - 1);
		close(fd);
		puts(text);
	}
	return 0;
}

/* As the system gets it. */
static int verb_wide(char **words)
{
	for (; *words != NULL; words++) {
		wchar_t *wide = wsgi_wide_path(*words);
		char *text = wide != NULL ? wsgi_wtf8_string(wide) : NULL;

		puts(text != NULL ? text : name_of(errno));
		free(wide);
		free(text);
	}
	return 0;
}

/* -- environment ------------------------------------------------------------------------------- */

/*
 * "NAME" is looked up, "NAME=VALUE" set, "+NAME=VALUE" set if it is not there, "-NAME" taken away.
 * What follows "--" is run; without it the whole environment is said.
 */
static int verb_env(char **words)
{
	int rc;

	for (; *words != NULL && strcmp(*words, "--") != 0; words++) {
		const bool weak = **words == '+';
		char *name = strdup(*words + weak), *equals = strchr(name, '=');

		if (*name == '-') {
			rc = unsetenv(name + 1);
			printf("%d %s\n", rc, rc != 0 ? name_of(errno) : "");
		} else if (equals != NULL && equals != name) {
			*equals = '\0';
			rc = setenv(name, equals + 1, !weak);
			printf("%d %s\n", rc, rc != 0 ? name_of(errno) : "");
		} else {
			const char *value = getenv(name);

			printf("%s%s\n", value != NULL ? "=" : "none", value != NULL ? value : "");
		}
		free(name);
	}
	fflush(stdout);
	if (*words != NULL)
		return -wsgi_program_become(words[1], words + 1);
	for (char **entry = environ; *entry != NULL; entry++)
		puts(*entry);
	return 0;
}

/* Many values, and none is lost; the names stay as they are. */
static int verb_many(char **words)
{
	char name[40], value[40];
	size_t n = 0;

	(void)words;
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 500; i++) {
			snprintf(name, sizeof(name), round == 1 ? "MANY_%d" : "many_%d", i);
			snprintf(value, sizeof(value), "%d in %d", i, round);
			if (setenv(name, value, 1) != 0 || strcmp(getenv(name), value) != 0)
				return 1;
		}
	for (char **entry = environ; *entry != NULL; entry++)
		n += strncmp(*entry, "many_", 5) == 0;
	printf("%u\n", (unsigned)n);
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "Many_%d", i);
		if (unsetenv(name) != 0 || getenv(name) != NULL)
			return 1;
	}
	return 0;
}

/* -- program ----------------------------------------------------------------------------------- */

static int verb_path(char **words)
{
	char *path = wsgi_program_path();

	puts(path);
	puts(wsgi_program_started_as());
	free(path);
	for (; *words != NULL; words++)
		puts(wsgi_program_is(*words) ? "yes" : "no");
	return 0;
}

static int verb_become(char **words)
{
	int rc = wsgi_program_become(words[0], words);

	puts(name_of(-rc));
	return 9;
}

/* A program with a long command line. */
static int verb_become_long(char **words)
{
	const size_t len = strtoul(words[1], NULL, 10);
	char *word = malloc(len + 1);
	char *line[] = {words[0], "exit", "5", word, NULL};

	memset(word, 'x', len);
	word[len] = '\0';
	return verb_become(line);
}

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* Wait until a file is there, or is not. Returns whether it came so. */
static bool wait_for(const char *path, bool there)
{
	for (int ms = 0; ms < LIMIT_MS; ms += STEP_MS) {
		if (is_there(path) == there)
			return true;
		Sleep(STEP_MS);
	}
	return false;
}

static wchar_t *wide(const char *text)
{
	const int len = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
	wchar_t *made = malloc((size_t)len * sizeof(wchar_t));

	MultiByteToWideChar(CP_UTF8, 0, text, -1, made, len);
	return made;
}

/* Be there while a file is, which goes when this process does; till the file "stop" comes. */
static int verb_hold(char **words)
{
	wchar_t *path = wide(words[0]);
	HANDLE file = CreateFileW(path, GENERIC_WRITE | DELETE, FILE_SHARE_READ | FILE_SHARE_DELETE,
				  NULL, CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);

	if (words[2] != NULL) { /* "quiet" */
		fclose(stdout);
		fclose(stderr);
		close(1);
		close(2);
	}
	wait_for(words[1], true);
	CloseHandle(file);
	return 7;
}

/* Start this program with words that need no quotes. */
static HANDLE start(DWORD flags, HANDLE out, const char *fmt, ...)
{
	char *own = wsgi_program_path(), *words, *line;
	STARTUPINFOW info = {.cb = sizeof(info), .dwFlags = STARTF_USESTDHANDLES};
	PROCESS_INFORMATION made;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&words, fmt, ap) < 0 || asprintf(&line, "\"%s\" %s", own, words) < 0)
		abort();
	va_end(ap);
	info.hStdOutput = info.hStdError = out;
	if (!CreateProcessW(NULL, wide(line), NULL, NULL, TRUE, flags, NULL, NULL, &info, &made))
		return NULL;
	CloseHandle(made.hThread);
	return made.hProcess;
}

static void make(const char *path)
{
	close(open(path, O_WRONLY | O_CREAT, 0600));
}

/* A program that is ended takes along the one that it became. */
static int verb_orphan(char **words)
{
	char *own = wsgi_program_path(), *file, *stop;
	HANDLE child;

	if (asprintf(&file, "%s\\held", words[0]) < 0 || asprintf(&stop, "%s\\stop", words[0]) < 0)
		return 1;
	child = start(0, NULL, "become %s hold %s %s", own, file, stop);
	printf("started %d\n", wait_for(file, true));
	TerminateProcess(child, 1);
	printf("gone %d\n", wait_for(file, false));
	make(stop);
	return 0;
}

/* But not what that one has started: "hold" here is a child of the program that it became. */
static int verb_leaves(char **words)
{
	HANDLE child = start(0, NULL, "hold %s %s", words[0], words[1]);

	return child != NULL && wait_for(words[0], true) ? 8 : 1;
}

static int verb_background(char **words)
{
	char *own = wsgi_program_path(), *file, *stop;
	HANDLE child;
	DWORD status = 99;

	if (asprintf(&file, "%s\\held", words[0]) < 0 || asprintf(&stop, "%s\\stop", words[0]) < 0)
		return 1;
	child = start(0, NULL, "become %s leaves %s %s", own, file, stop);
	WaitForSingleObject(child, LIMIT_MS);
	GetExitCodeProcess(child, &status);
	Sleep(10 * STEP_MS);
	printf("status %lu there %d\n", status, is_there(file));
	make(stop);
	printf("gone %d\n", wait_for(file, false));
	return 0;
}

/*
 * Standard output ends when the program has closed it, which goes on. Standard error is the same
 * pipe, as it may be by the server.
 */
static int verb_ends_early(char **words)
{
	char *own = wsgi_program_path(), *file, *stop, byte;
	SECURITY_ATTRIBUTES inherit = {.nLength = sizeof(inherit), .bInheritHandle = TRUE};
	HANDLE from, to, child;
	DWORD n, status = 99;
	bool ended;

	if (asprintf(&file, "%s\\held", words[0]) < 0 || asprintf(&stop, "%s\\stop", words[0]) < 0)
		return 1;
	CreatePipe(&from, &to, &inherit, 0);
	SetHandleInformation(from, HANDLE_FLAG_INHERIT, 0);
	child = start(0, to, "become %s hold %s %s quiet", own, file, stop);
	CloseHandle(to);
	ended = !ReadFile(from, &byte, 1, &n, NULL) && GetLastError() == ERROR_BROKEN_PIPE;
	printf("ended %d, going on %d\n", ended, WaitForSingleObject(child, 0) == WAIT_TIMEOUT);
	make(stop);
	WaitForSingleObject(child, LIMIT_MS);
	GetExitCodeProcess(child, &status);
	printf("status %lu\n", status);
	return 0;
}

/* -- descriptors of the start ------------------------------------------------------------------ */

/* Started with no handle at all: what the descriptors are then, in a file. */
static int verb_standard(char **words)
{
	FILE *said;
	int first;

	if (words[1] != NULL)
		for (const char *fd = words[1]; *fd != '\0'; fd++)
			close(*fd - '0');
	if (wsgi_fd_standard() != 0)
		return 1;
	first = open(words[0], O_WRONLY | O_CREAT, 0600);
	said = fdopen(first, "w");
	fprintf(said, "first %d\n", first);
	for (int fd = 0; fd <= 2; fd++) {
		char byte;
		const bool std = (HANDLE)_get_osfhandle(fd) == GetStdHandle((DWORD)(-10 - fd));

		fprintf(said, "%d reads %d, writes %d, is the system's %d\n", fd,
			fd == 0 ? (int)wsgi_fd_read(fd, &byte, 1) : 0,
			fd > 0 ? wsgi_fd_write(fd, "x", 1) : 0, std);
	}
	fclose(said);
	return 0;
}

static int verb_bare(char **words)
{
	HANDLE child = start(DETACHED_PROCESS, NULL, "standard %s %s", words[0],
			     words[1] != NULL ? words[1] : "");
	DWORD status = 99;

	WaitForSingleObject(child, LIMIT_MS);
	GetExitCodeProcess(child, &status);
	return (int)status;
}

/* -- shared objects ---------------------------------------------------------------------------- */

typedef int answer_fn(void);

static int verb_load(char **words)
{
	for (; *words != NULL; words++) {
		void *library = dlopen(*words, RTLD_NOW | RTLD_LOCAL);
		union {
			void *data;
			answer_fn *function;
		} found;

		if (library == NULL) {
			puts(dlerror());
			continue;
		}
		found.data = dlsym(library, "answer");
		printf("%d, %s\n", found.data != NULL ? found.function() : -1,
		       dlsym(library, "nothing") == NULL ? dlerror() : "there");
		dlclose(library);
	}
	return 0;
}

/* -- crash ------------------------------------------------------------------------------------- */

static const char *crash_way;
static volatile int zero;
static int *volatile nowhere;

static void fault(void)
{
	*nowhere = 1;
}

static void last_words(void *ctx)
{
	(void)ctx;
	if (strcmp(crash_way, "twice") == 0)
		fault();
	if (strcmp(crash_way, "together") == 0)
		Sleep(300);
	wsgi_fd_write(1, "last words\n", 11);
}

static LONG WINAPI own_filter(EXCEPTION_POINTERS *e)
{
	(void)e;
	wsgi_fd_write(1, "own\n", 4);
	ExitProcess(33);
}

static void own_handler(int number)
{
	wsgi_fd_write(1, number == SIGABRT ? "abort\n" : "signal\n", number == SIGABRT ? 6 : 7);
	ExitProcess(34);
}

static DWORD WINAPI fault_thread(void *arg)
{
	(void)arg;
	fault();
	return 0;
}

static void fault_elsewhere(int threads)
{
	HANDLE thread[2];

	for (int i = 0; i < threads; i++)
		thread[i] = CreateThread(NULL, 0, fault_thread, NULL, 0, NULL);
	WaitForMultipleObjects((DWORD)threads, thread, TRUE, LIMIT_MS);
}

static void fault_in(const char *path)
{
	union {
		void *data;
		void (*function)(void);
	} found;
	void *library = dlopen(path, RTLD_NOW);

	found.data = dlsym(library, "fault");
	printf("0x%llx\n", (unsigned long long)((char *)found.data - (char *)library));
	fflush(stdout);
	found.function();
}

/* How the process is to end, when the watch is on, or off again. */
static int end(char **words)
{
	if (strcmp(crash_way, "dll") == 0)
		fault_in(words[1]);
	else if (strcmp(crash_way, "divide") == 0)
		return 100 / zero;
	else if (strstr(crash_way, "abort") != NULL)
		abort();
	else if (strstr(crash_way, "exit") != NULL)
		exit(5);
	else if (strstr(crash_way, "thread") != NULL)
		fault_elsewhere(1);
	else if (strcmp(crash_way, "together") == 0)
		fault_elsewhere(2);
	else if (strcmp(crash_way, "raise") == 0)
		RaiseException(0xe0001234, 0, 0, NULL);
	else if (strcmp(crash_way, "returns") != 0)
		fault();
	return 6;
}

static int verb_crash(char **words)
{
	static struct wsgi_crash crash = {.log = {.fd = 2, .program = "ground"},
					  .last = last_words};

	crash_way = words[0];
	if (strstr(crash_way, "before-filter") != NULL)
		SetUnhandledExceptionFilter(own_filter);
	if (strstr(crash_way, "before-signal") != NULL)
		signal(SIGSEGV, own_handler);
	if (strstr(crash_way, "before-abort") != NULL)
		signal(SIGABRT, own_handler);
	wsgi_crash_watch(&crash);
	if (strstr(crash_way, "after-filter") != NULL)
		SetUnhandledExceptionFilter(own_filter);
	if (strstr(crash_way, "after-signal") != NULL)
		signal(SIGSEGV, own_handler);
	if (strstr(crash_way, "after-abort") != NULL)
		signal(SIGABRT, own_handler);
	if (strncmp(crash_way, "off-", 4) == 0 || strcmp(crash_way, "returns") == 0)
		wsgi_crash_watch(NULL);
	return end(words);
}

/* -- log --------------------------------------------------------------------------------------- */

static int verb_log(char **words)
{
	const struct wsgi_log log = {.fd = 2};

	printf("%d\n", (int)GetCurrentProcessId());
	for (; *words != NULL; words++)
		wsgi_log(&log, WSGI_LOG_ERROR, "%s", *words);
	return 0;
}

static int verb_when(char **words)
{
	for (; *words != NULL; words++) {
		char text[WSGI_WHEN_SIZE];
		struct wsgi_when w;
		int rc = wsgi_when_read(&w, strtoll(*words, NULL, 10));

		if (rc == 0)
			wsgi_when_log(&w, text);
		puts(rc == 0 ? text : "none");
	}
	return 0;
}

/* Lines of several processes in one file. */
static int verb_append(char **words)
{
	const struct wsgi_log log = {
		.fd = open(words[0], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
		.program = words[1],
	};
	const int lines = atoi(words[2]);

	if (log.fd < 0)
		return 1;
	for (int i = 0; i < lines; i++)
		wsgi_log(&log, WSGI_LOG_INFO, "line %d of a length that shows where one is cut", i);
	return 0;
}

static int verb_append_all(char **words)
{
	enum { WRITERS = 4 };
	HANDLE child[WRITERS];
	DWORD status = 99, worst = 0;

	for (int i = 0; i < WRITERS; i++)
		child[i] = start(0, NULL, "append %s writer%d %s", words[0], i, words[1]);
	WaitForMultipleObjects(WRITERS, child, TRUE, LIMIT_MS);
	for (int i = 0; i < WRITERS; i++) {
		GetExitCodeProcess(child[i], &status);
		worst |= status;
	}
	return (int)worst;
}

static const struct {
	const char *name;
	int (*run)(char **words);
} verbs[] = {
	{"real", verb_real},
	{"absolute", verb_absolute},
	{"kinds", verb_kinds},
	{"below", verb_below},
	{"ends", verb_ends},
	{"read", verb_read},
	{"wide", verb_wide},
	{"env", verb_env},
	{"many", verb_many},
	{"path", verb_path},
	{"become", verb_become},
	{"become-long", verb_become_long},
	{"hold", verb_hold},
	{"orphan", verb_orphan},
	{"leaves", verb_leaves},
	{"background", verb_background},
	{"ends-early", verb_ends_early},
	{"standard", verb_standard},
	{"bare", verb_bare},
	{"load", verb_load},
	{"crash", verb_crash},
	{"log", verb_log},
	{"when", verb_when},
	{"append", verb_append},
	{"append-all", verb_append_all},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argv + 2);
	return 98;
}
