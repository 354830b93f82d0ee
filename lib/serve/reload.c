#include "serve/reload.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "base/log.h"
#include "host/origin.h"
#include "host/watch.h"
#include "proc/listener.h"
#include "serve/debug.h"
#include "serve/httpd.h"
#include "serve/reports.h"
#include "serve/standin.h"
#include "serve/terminal.h"

enum {
	BACKLOG = 511,    /* Apache's */
	RELOAD_MS = 3000, /* for requests under way when a file has changed */
	STOP_MS = 12000,  /* longer than the child itself gives them at a signal */
};

struct supervisor {
	const struct wsgi_options *o;
	const struct wsgi_gateway_host *host;
	const struct wsgi_gateway_kind *kind;
	struct wsgi_log log;
	struct wsgi_listener listener;
	struct wsgi_watch watch;
	struct wsgi_standin *standin; /* NULL: a child serves, or will soon */
	int signal_fd;
	sigset_t mask; /* these two as they were before */
	void (*on_sigpipe)(int);
	struct wsgi_terminal terminal; /* as it was before the child */

	pid_t child; /* 0: none */
	int pipe;    /* in the child: where it writes its reports */
	struct wsgi_reports reports;
	bool starved;     /* of memory to read them */
	bool serving;     /* it has said so */
	int64_t kill_ms;  /* when it is killed, if it has been asked to end */
	unsigned started; /* how many there were */
	bool said;        /* where we listen */

	bool to_start; /* as soon as there is no child */
	bool to_end;   /* all of it */
	int status;    /* that it then ends with */
};

/* -- words ------------------------------------------------------------------------------------- */

static void say_address(struct supervisor *s)
{
	if (!s->said)
		wsgi_httpd_say_address(&s->log, s->o, s->listener.name);
	s->said = true;
}

/* As one would name it here: relative to the working directory if it is below that. */
static const char *shown(const char *file)
{
	char *folder = getcwd(NULL, 0);
	size_t len = folder != NULL ? strlen(folder) : 0;

	if (len > 0 && strncmp(file, folder, len) == 0 && file[len] == '/')
		file += len + 1;
	free(folder);
	return strncmp(file, "./", 2) == 0 ? file + 2 : file;
}

/* The child has ended, and nobody had asked it to. */
static void say_end(struct supervisor *s, int status)
{
	const char *what = s->serving ? "has ended" : "does not load";
	const char *name = shown(s->o->application);
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;

	if (WIFSIGNALED(status))
		wsgi_log(&s->log, WSGI_LOG_ERROR, "%s %s: signal %d, %s; waiting for a change",
			 name, what, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (s->serving || code < EX__BASE || code > EX__MAX)
		wsgi_log(&s->log, WSGI_LOG_ERROR, "%s %s, with status %d; waiting for a change",
			 name, what, code);
	else /* it has said why */
		wsgi_log(&s->log, WSGI_LOG_ERROR, "%s %s; waiting for a change", name, what);
}

/* -- the child --------------------------------------------------------------------------------- */

/* In the child: be the server, on the supervisor's socket. */
static int be_server(const struct supervisor *s)
{
	struct wsgi_options o = *s->o;
	char address[20], report_fd[12];
	const char *bind[] = {address};

	snprintf(address, sizeof(address), "fd://%d", s->listener.fd);
	snprintf(report_fd, sizeof(report_fd), "%d", s->pipe);
	o.bind = bind;
	o.bind_len = 1;
	o.reload = false;
	o.reload_extra_len = 0;
	o.reload_pipe = report_fd;
	return s->kind->run(&o, s->host);
}

/* In the child: the socket and the pipe survive an exec, all else of the supervisor goes. */
static void leave_supervisor(struct supervisor *s)
{
	fcntl(s->listener.fd, F_SETFD, 0);
	fcntl(s->pipe, F_SETFD, 0);
	close(s->signal_fd);
	wsgi_watch_finish(&s->watch);
	wsgi_reports_finish(&s->reports);
	free(s->listener.name);
	free(s->listener.path);  /* not removed: it is not the child's */
	signal(SIGINT, SIG_IGN); /* an interpreter that starts has none; then see the reporter */
	signal(SIGPIPE, s->on_sigpipe);
	sigprocmask(SIG_SETMASK, &s->mask, NULL);
}

/* In the child. */
static void live_no_longer_than(pid_t supervisor)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != supervisor) /* it has ended before that */
		_exit(EX_OK);
}

/* Returns true in the child. */
static bool start(struct supervisor *s)
{
	const pid_t supervisor = getpid();
	int ends[2] = {-1, -1};

	wsgi_standin_destroy(s->standin);
	s->standin = NULL;
	s->to_start = s->serving = false;
	wsgi_terminal_keep(&s->terminal, STDIN_FILENO);
	s->child = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;
	if (s->child == 0) {
		live_no_longer_than(supervisor);
		close(ends[0]);
		s->pipe = ends[1];
		return true;
	}
	if (s->child < 0)
		wsgi_log(&s->log, WSGI_LOG_ERROR, "cannot start: %s; waiting for a change",
			 strerror(errno));
	close(ends[1]);
	if (s->child < 0) {
		s->child = 0;
		close(ends[0]);
		return false;
	}
	wsgi_fd_nonblock(ends[0], true);
	wsgi_reports_init(&s->reports, ends[0]);
	wsgi_watch_load_begins(&s->watch);
	s->started++;
	return false;
}

static void ask_to_end(struct supervisor *s, int within_ms)
{
	if (s->child != 0)
		kill(s->child, SIGTERM);
	s->kill_ms = wsgi_clock_ms() + within_ms;
}

/* -- what happens ------------------------------------------------------------------------------ */

static void take_report(struct supervisor *s, const struct wsgi_report *r)
{
	int rc;

	if (strcmp(r->state, WSGI_REPORT_SERVING) == 0) {
		s->serving = true;
		say_address(s);
		rc = wsgi_watch_keep(&s->watch, r->files, r->len, r->before_ns);
		wsgi_watch_load_ends(&s->watch, r->asked_ns);
	} else {
		/* Not all of them yet: those of the last child are watched too. */
		rc = wsgi_watch_add_list(&s->watch, r->files, r->len, false, r->before_ns);
	}
	if (rc != 0)
		wsgi_log(&s->log, WSGI_LOG_WARNING, "no memory to watch all of the files");
}

static void take_reports(struct supervisor *s)
{
	struct wsgi_report report;

	s->starved = wsgi_reports_read(&s->reports) != 0;
	while (wsgi_reports_next(&s->reports, &report))
		take_report(s, &report);
}

/* The command line is wrong, or from the beginning there was nothing of what it names. */
static bool is_hopeless(const struct supervisor *s, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;

	if (s->serving)
		return false;
	return code == EX_USAGE ||
	       (s->started == 1 && (code == EX_NOINPUT || code == EX_UNAVAILABLE));
}

static void stand_in(struct supervisor *s)
{
	struct wsgi_error err = {0};

	if (wsgi_standin_create(&s->standin, s->o, s->listener.fd, &s->log, &err) != 0)
		wsgi_log(&s->log, WSGI_LOG_WARNING, "requests wait: %s", err.text);
}

/* As process 1 of a container it is given the application's orphans too. */
static bool has_ended(const struct supervisor *s, int *status)
{
	pid_t pid;

	do
		pid = waitpid(-1, status, WNOHANG);
	while (pid > 0 && pid != s->child);
	return pid > 0;
}

static void take_end(struct supervisor *s)
{
	int status;

	if (!has_ended(s, &status))
		return;
	wsgi_terminal_restore(&s->terminal);
	take_reports(s);
	wsgi_watch_load_ends(&s->watch, wsgi_watch_time_ns());
	wsgi_reports_finish(&s->reports);
	s->child = 0;
	if (s->to_end || s->to_start)
		return;
	if (is_hopeless(s, status)) {
		s->to_end = true;
		s->status = WEXITSTATUS(status);
		return;
	}
	say_address(s);
	say_end(s, status);
	stand_in(s);
}

static void take_change(struct supervisor *s)
{
	char *file = wsgi_watch_poll(&s->watch, wsgi_clock_ms());
	char *ignored = wsgi_watch_take_ignored(&s->watch);

	if (file != NULL && !s->to_end && !s->to_start) {
		wsgi_log(&s->log, WSGI_LOG_INFO, "%s changed: starting again", shown(file));
		s->to_start = true;
		ask_to_end(s, RELOAD_MS);
	}
	if (ignored != NULL)
		wsgi_log(&s->log, WSGI_LOG_WARNING,
			 "%s is written each time the application loads: ignored there",
			 shown(ignored));
	free(file);
	free(ignored);
}

static void take_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (read(s->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue; /* take_end() asks */
		if (!s->to_end)
			ask_to_end(s, STOP_MS);
		else if (s->child != 0 && info.ssi_signo != SIGHUP) /* which comes twice */
			kill(s->child, SIGKILL); /* the second one does not wait */
		s->to_end = true;
	}
}

static void take_time(struct supervisor *s)
{
	if (s->child == 0 || !(s->to_end || s->to_start) || wsgi_clock_ms() < s->kill_ms)
		return;
	wsgi_log(&s->log, WSGI_LOG_WARNING, "%s did not end in time: killed",
		 shown(s->o->application));
	kill(s->child, SIGKILL);
	s->kill_ms = INT64_MAX;
}

/* -- the run ----------------------------------------------------------------------------------- */

/* Returns true in a child, which is to be the server. */
static bool supervise(struct supervisor *s)
{
	while (!s->to_end || s->child != 0) {
		struct pollfd fds[] = {{.fd = s->signal_fd, .events = POLLIN},
				       {.fd = s->starved ? -1 : s->reports.pipe, .events = POLLIN}};

		if (s->to_start && s->child == 0 && start(s))
			return true;
		poll(fds, 2, wsgi_watch_wait_ms(&s->watch));
		take_signals(s);
		take_reports(s);
		take_end(s);
		take_change(s);
		take_time(s);
	}
	return false;
}

/* What the command line names: a child that ends early may not come to report it. */
static int watch_application(struct supervisor *s, struct wsgi_error *err)
{
	struct wsgi_buf files = {0};
	int rc = 0;

	if (s->o->application != NULL)
		rc = wsgi_origin_of_application(&files, s->o->application, s->o->pythonpath);
	if (rc == 0)
		rc = wsgi_watch_add_list(&s->watch, files.data, files.len, true, 0);
	wsgi_buf_finish(&files);
	return rc == 0 ? 0 : wsgi_fail(err, rc, "out of memory");
}

static int watch_extra(struct supervisor *s, struct wsgi_error *err)
{
	for (size_t i = 0; i < s->o->reload_extra_len; i++) {
		const char *file = s->o->reload_extra[i];
		struct stat st;
		int rc = stat(file, &st) != 0 ? -errno : S_ISDIR(st.st_mode) ? -EISDIR : 0;

		if (rc != 0)
			return wsgi_fail(err, -ENOENT, "--reload-extra-file %s: %s", file,
					 strerror(-rc));
		if (wsgi_watch_add(&s->watch, file, true) != 0)
			return wsgi_fail(err, -ENOMEM, "out of memory");
	}
	return 0;
}

/* Signals come as reads of a descriptor from now on. */
static int take_over_signals(struct supervisor *s, struct wsgi_error *err)
{
	sigset_t wanted;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGCHLD);
	if (wsgi_httpd_is_default(SIGHUP))
		sigaddset(&wanted, SIGHUP);
	s->signal_fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signal_fd < 0)
		return wsgi_fail(err, -ENOMEM, "no descriptor for signals: %s", strerror(errno));
	signal(SIGCHLD, SIG_DFL); /* one that is ignored leaves no status */
	s->on_sigpipe = signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &wanted, &s->mask);
	return 0;
}

static void finish(struct supervisor *s)
{
	wsgi_standin_destroy(s->standin);
	wsgi_listener_finish(&s->listener);
	wsgi_watch_finish(&s->watch);
	wsgi_reports_finish(&s->reports);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
}

static int set_up(struct supervisor *s, const char *address, struct wsgi_error *err)
{
	int rc;

	if (s->o->fcgi != NULL)
		return wsgi_fail(err, -EINVAL,
				 "--reload is for an application: with --fcgi there is none here");
	rc = watch_application(s, err);
	if (rc == 0)
		rc = watch_extra(s, err);
	if (rc == 0)
		rc = wsgi_listener_open(&s->listener, address, BACKLOG, err);
	if (rc == 0 && s->o->debug)
		rc = wsgi_debug_check(s->listener.name, err);
	if (rc == 0 && s->listener.name == NULL)
		rc = wsgi_fail(err, -ENOMEM, "out of memory");
	return rc == 0 ? take_over_signals(s, err) : rc;
}

int wsgi_reload_run(const struct wsgi_options *o, const struct wsgi_gateway_host *host,
		    const char *address, const struct wsgi_gateway_kind *kind)
{
	struct supervisor s = {
		.o = o,
		.host = host,
		.kind = kind,
		.log = {STDERR_FILENO, o->program, WSGI_LOG_INFO},
		.listener = {.fd = -1},
		.signal_fd = -1,
		.reports = {.pipe = -1},
		.to_start = true,
	};
	struct wsgi_error err = {0};
	int rc;

	wsgi_watch_init(&s.watch, wsgi_watch_stamp_of);
	rc = set_up(&s, address, &err);
	if (rc != 0) {
		wsgi_log(&s.log, WSGI_LOG_ERROR, "%s", err.text);
		s.status = rc == -EINVAL ? EX_USAGE : rc == -ENOENT ? EX_NOINPUT : EX_UNAVAILABLE;
	} else if (supervise(&s)) {
		leave_supervisor(&s);
		return be_server(&s);
	}
	finish(&s);
	return s.status;
}

int wsgi_reload_load(const struct wsgi_options *o, const struct wsgi_gateway_host *host,
		     struct wsgi_app **app, struct wsgi_reporter **reporter)
{
	const struct wsgi_log log = {STDERR_FILENO, o->program, WSGI_LOG_INFO};
	struct wsgi_error err = {0};
	struct wsgi_loader *loader;
	int rc;

	*reporter = NULL;
	if (o->reload_pipe != NULL) {
		rc = wsgi_gateway_loader(o, host, o->application, &loader);
		if (rc != 0)
			return rc;
		if (wsgi_reporter_create(reporter, o, loader, &err) != 0) {
			wsgi_log(&log, WSGI_LOG_ERROR, "%s", err.text);
			return EX_USAGE;
		}
	}
	return wsgi_gateway_load(o, host, o->application, app);
}
