#include "serve/zygote.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fdpass.h"
#include "base/log.h"
#include "proc/line.h"
#include "proc/listener.h"
#include "proc/title.h"
#include "serve/worker.h"

/* What the process between the zygote and a worker leaves for the zygote. */
struct note {
	_Atomic int32_t pid; /* 0: none was forked */
	_Atomic int32_t code;
};

struct zygote {
	const struct wsgi_options *o;
	const struct wsgi_gateway_host *host;
	const struct wsgi_gateway_forks *forks; /* NULL: no interpreter */
	struct wsgi_log log;
	struct wsgi_app *app; /* under --preload */
	struct wsgi_board board;
	int line, give, take, access;
	struct wsgi_listener *listeners;
	int *fds; /* n of both */
	size_t n;
	struct note *note;
};

/* -- descriptors ------------------------------------------------------------------------------- */

/* "LINE,BOARD,GIVE,TAKE,ACCESS" */
static int read_words(struct zygote *z, int *board, struct wsgi_error *err)
{
	int end = 0;

	if (sscanf(z->o->zygote, "%d,%d,%d,%d,%d%n", &z->line, board, &z->give, &z->take,
		   &z->access, &end) != 5 ||
	    z->o->zygote[end] != '\0')
		return wsgi_fail(err, -EINVAL, "--zygote is not for users: it is not '%s'",
				 z->o->zygote);
	return 0;
}

static bool is_mine(const struct zygote *z, int fd)
{
	for (size_t i = 0; i < z->n; i++)
		if (z->fds[i] == fd)
			return true;
	return fd <= STDERR_FILENO || fd == z->line || fd == z->board.fd || fd == z->give ||
	       fd == z->take || fd == z->access;
}

/*
 * A fork of the master has all that the master has; the ends of lines among it, which would then
 * never end. An exec would close these: so do we.
 */
static void close_masters(const struct zygote *z)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && fd != dirfd(dir) && !is_mine(z, fd) &&
		    (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0)
			close(fd);
	}
	if (dir != NULL)
		closedir(dir);
}

static void close_on_exec(int fd)
{
	if (fd > STDERR_FILENO)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* An application has nothing to read, and what it prints belongs in the log. */
static int set_standard(struct wsgi_error *err)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int rc = null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0
			 ? -errno
			 : 0;

	if (null > STDIN_FILENO)
		close(null);
	return rc == 0 ? 0 : wsgi_fail(err, rc, "/dev/null: %s", strerror(-rc));
}

static int take_listeners(struct zygote *z, struct wsgi_error *err)
{
	z->listeners = calloc(z->o->bind_len + 1, sizeof(*z->listeners));
	z->fds = calloc(z->o->bind_len + 1, sizeof(*z->fds));
	if (z->listeners == NULL || z->fds == NULL)
		return wsgi_fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < z->o->bind_len; i++) {
		int rc = wsgi_listener_open(&z->listeners[i], z->o->bind[i], 0, err);

		if (rc != 0)
			return rc;
		z->fds[z->n++] = z->listeners[i].fd;
	}
	return 0;
}

/* In a worker that has ended. */
static void drop_listeners(struct zygote *z)
{
	for (size_t i = 0; i < z->n; i++)
		wsgi_listener_finish(&z->listeners[i]);
	free(z->listeners);
	free(z->fds);
	z->n = 0;
}

static int take_descriptors(struct zygote *z, struct wsgi_error *err)
{
	int board = -1, rc = read_words(z, &board, err);

	if (rc == 0)
		rc = wsgi_board_attach(&z->board, board, err);
	if (rc == 0)
		rc = take_listeners(z, err);
	if (rc == 0)
		rc = set_standard(err);
	if (rc != 0)
		return rc;
	close_on_exec(z->line);
	close_on_exec(z->board.fd);
	close_on_exec(z->give);
	close_on_exec(z->take);
	close_on_exec(z->access);
	if (z->forks == NULL)
		close_masters(z);
	return 0;
}

/* -- signals ----------------------------------------------------------------------------------- */

/* The words for a process without an interpreter: made before the signal comes. */
static struct {
	char text[128];
	size_t len;
} no_stack;

static void say_no_stack(int signal)
{
	int saved = errno;
	ssize_t n = write(STDERR_FILENO, no_stack.text, no_stack.len);

	(void)signal;
	(void)n; /* a log that cannot be written: there is nobody to tell */
	errno = saved;
}

/* Here, and anew in each worker, for its process id. */
static void make_no_stack(const struct zygote *z)
{
	no_stack.len = (size_t)snprintf(
		no_stack.text, sizeof(no_stack.text),
		"%s: process %ld: an application in C has no stack of Python's to show\n",
		z->o->program, (long)getpid());
}

static void answer_dumps(const struct zygote *z)
{
	const struct sigaction action = {.sa_handler = say_no_stack, .sa_flags = SA_RESTART};

	make_no_stack(z);
	sigaction(WSGI_LINE_DUMP_SIGNAL, &action, NULL);
	if (z->forks != NULL && z->forks->dump_on(WSGI_LINE_DUMP_SIGNAL) != 0)
		wsgi_log(&z->log, WSGI_LOG_WARNING,
			 "the interpreter has no faulthandler: no stacks will be logged");
}

/* The handlers of the master, in a fork of it: an exec would have taken them away. */
static void drop_handlers(void)
{
	struct sigaction now;

	for (int i = 1; i <= SIGRTMAX; i++)
		if (sigaction(i, NULL, &now) == 0 && now.sa_handler != SIG_DFL &&
		    now.sa_handler != SIG_IGN)
			signal(i, SIG_DFL);
}

static void do_nothing(int signal)
{
	(void)signal;
}

/* How TERM and QUIT end a process: at once while it loads; a zygote by its line only. */
static void answer_ends(void (*handler)(int))
{
	const struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGQUIT, &action, NULL);
}

static void take_signals(const struct zygote *z)
{
	sigset_t none;

	if (z->forks == NULL)
		drop_handlers();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	wsgi_worker_leave_signals();
	answer_dumps(z);
}

/* -- the application --------------------------------------------------------------------------- */

static void say(const struct zygote *z, const struct wsgi_line_message *m)
{
	wsgi_line_say(z->line, m, NULL, 0); /* its end is heard by the loop */
}

/* Threads of this process besides the one that runs this. */
static unsigned count_threads(const struct zygote *z)
{
	DIR *dir;
	unsigned n = 0;

	if (z->forks != NULL)
		return z->forks->threads();
	dir = opendir("/proc/self/task");
	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		closedir(dir);
	return n > 3 ? n - 3 : 0; /* less "." and ".." */
}

/* What a worker has of us; its line is our own as long as it has none. */
static struct wsgi_worker worker_of(const struct zygote *z)
{
	return (struct wsgi_worker){
		.o = z->o,
		.host = z->host,
		.app = z->app,
		.fds = z->fds,
		.n_fds = z->n,
		.board = z->board,
		.line = z->line,
		.exchange = {z->give, z->take},
		.access = z->access,
	};
}

static int preload(struct zygote *z)
{
	const struct wsgi_worker like = worker_of(z);
	int status = wsgi_worker_load(&like, &z->app);
	unsigned threads;

	if (status != 0)
		return status;
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0); /* workers are to be the master's children */
	threads = count_threads(z);
	if (threads > 0)
		wsgi_log(
			&z->log, WSGI_LOG_WARNING,
			"--preload: the application started %u thread%s while it was loaded, which "
			"no worker will have: start %s at the first request, or leave out "
			"--preload",
			threads, threads == 1 ? "" : "s", threads == 1 ? "it" : "them");
	return 0;
}

/* -- forks ------------------------------------------------------------------------------------- */

static struct note *make_note(void)
{
	void *note = mmap(NULL, sizeof(struct note), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return note != MAP_FAILED ? note : NULL;
}

/* The process between: its child, which loses its parent at once, is the worker. */
static bool fork_between(struct note *note)
{
	pid_t pid = fork();

	if (pid == 0)
		return true;
	note->code = pid < 0 ? -errno : 0;
	note->pid = pid > 0 ? (int32_t)pid : 0;
	_exit(0);
}

/*
 * Fork a worker that is not our child, and set *pid. Returns 1 in the worker; in the zygote 0, or
 * -errno.
 */
static int fork_worker(const struct zygote *z, int32_t *pid)
{
	pid_t between;
	int rc, status;

	z->note->pid = 0;
	z->note->code = -ECHILD; /* unless it says otherwise, it was killed */
	fflush(NULL);
	if (z->forks != NULL)
		z->forks->before();
	between = fork();
	rc = between < 0 ? -errno : 0;
	if (between == 0 && fork_between(z->note)) {
		if (z->forks != NULL)
			z->forks->child();
		return 1;
	}
	if (z->forks != NULL)
		z->forks->parent();
	if (rc != 0)
		return rc;
	while (waitpid(between, &status, 0) < 0 && errno == EINTR)
		;
	*pid = z->note->pid;
	return *pid != 0 ? 0 : z->note->code;
}

/* A name for ps(1). The options are in words that the master, or the interpreter, has copied. */
static void set_title(const struct zygote *z, const char *role)
{
	union {
		const char *made[3];
		char *const wanted[3]; /* only read; the type of an argv is older than const */
	} words = {{z->o->program, role, z->o->application}};

	wsgi_title_set(3, words.wanted);
}

/* In the worker. Returns its exit status. */
static int be_worker(const struct zygote *z, const struct wsgi_line_message *m, int line)
{
	struct wsgi_worker w = worker_of(z);

	answer_ends(SIG_DFL);
	close(z->line);
	munmap(z->note, sizeof(*z->note));
	set_title(z, "worker");
	make_no_stack(z);
	w.line = line;
	w.place = m->place;
	w.serial = m->serial;
	return wsgi_worker_run(&w);
}

/* -- the loop ---------------------------------------------------------------------------------- */

/* Returns whether this is the worker, whose line is fds[0]. */
static bool spawn(const struct zygote *z, const struct wsgi_line_message *m, const int *fds,
		  size_t n)
{
	struct wsgi_line_message answer = {.place = m->place, .serial = m->serial};
	int rc = n == 1 ? fork_worker(z, &answer.pid) : -EBADMSG;

	if (rc == 1)
		return true;
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	answer.word = rc == 0 ? WSGI_LINE_SPAWNED : WSGI_LINE_FAILED;
	answer.code = rc;
	say(z, &answer);
	return false;
}

/* Wait for the next message. Returns as wsgi_line_hear() does. */
static int hear(const struct zygote *z, struct wsgi_line_message *m, int *fds, size_t *n)
{
	struct pollfd said = {.fd = z->line, .events = POLLIN};

	poll(&said, 1, -1);
	return wsgi_line_hear(z->line, m, fds, n);
}

/* Returns the exit status: of a worker. The zygote itself never comes back from here. */
static int loop(const struct zygote *z)
{
	struct wsgi_line_message m;
	int fds[WSGI_FDPASS_MAX], rc;
	size_t n;

	for (;;) {
		n = WSGI_FDPASS_MAX;
		rc = hear(z, &m, fds, &n);
		/*
		 * Not by way of the interpreter's own end: what the application has registered for
		 * that (atexit) is the workers' to do, and its threads could hold us.
		 */
		if (rc <= 0 && rc != -EAGAIN && rc != -EBADMSG && rc != -EMSGSIZE)
			_exit(EX_OK);
		if (rc <= 0)
			continue;
		if (m.word == WSGI_LINE_SPAWN) {
			if (spawn(z, &m, fds, n))
				return be_worker(z, &m, fds[0]);
		} else if (m.word == WSGI_LINE_LOGS) {
			wsgi_worker_take_logs(z->access, fds, n);
		} else {
			while (n > 0)
				close(fds[--n]);
		}
	}
}

/* Returns 0 or an exit status, of which the master has been told. */
static int get_ready(struct zygote *z)
{
	struct wsgi_error err;
	int rc = take_descriptors(z, &err), status = 0;

	if (rc == 0) {
		z->note = make_note();
		if (z->note == NULL)
			rc = wsgi_fail(&err, -ENOMEM, "out of memory");
	}
	if (rc != 0) {
		wsgi_log(&z->log, WSGI_LOG_ERROR, "%s", err.text);
		return wsgi_gateway_status(rc);
	}
	set_title(z, "zygote");
	take_signals(z);
	if (z->o->preload)
		status = preload(z);
	if (status != 0)
		say(z, &(struct wsgi_line_message){.word = WSGI_LINE_UNLOADED, .code = status});
	return status;
}

int wsgi_zygote_run(const struct wsgi_options *o, const struct wsgi_gateway_host *host)
{
	struct zygote z = {
		.o = o,
		.host = host,
		.forks = host->forks,
		.log = wsgi_options_log(o),
		.board = {.fd = -1},
	};
	struct wsgi_loader *loader;
	int status = wsgi_gateway_loader(o, host, o->application, &loader);

	/* Outside of the interpreter of an application in Python that call has become it. */
	if (status == 0)
		status = get_ready(&z);
	if (status != 0)
		return status;
	answer_ends(do_nothing);
	if (z.forks != NULL)
		z.forks->prepare();
	say(&z, &(struct wsgi_line_message){.word = WSGI_LINE_UP, .pid = (int32_t)getpid()});
	status = loop(&z);
	drop_listeners(&z);
	return status;
}
